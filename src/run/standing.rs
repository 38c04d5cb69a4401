//! How a run stands, as its journal and its lock tell it now.

use std::io;

use jiff::Timestamp;

use super::{Ending, Event, Follower, RunId, Store, Target};

/// A run in a list of runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The runbook's name; `undo` for a run that takes another one back.
    pub runbook: Option<String>,
    /// What it is on.
    pub target: Option<Target>,
    /// Why it was begun, in their words.
    pub reason: Option<String>,
    /// When it began.
    pub began: Option<Timestamp>,
    /// When it was over.
    pub ended_at: Option<Timestamp>,
    /// Who confirmed it; empty if it never began.
    pub who: String,
    /// How it ended, in words.
    pub ended: Option<(Ending, String)>,
    /// A process holds its journal.
    pub alive: bool,
    /// The step that began last, counted from 0.
    pub step: Option<usize>,
}

impl Standing {
    /// Reads a run's journal.
    ///
    /// # Errors
    /// If it can't be read, or is not what was written.
    pub fn of(store: &Store, id: &RunId) -> io::Result<Standing> {
        let mut follower = Follower::open(store, id)?;
        let mut standing = Standing { alive: follower.is_alive(), ..Standing::default() };
        for record in follower.poll()? {
            match record.event {
                Event::Began { runbook, mut plan, who, reason, .. } => {
                    standing.target = plan.get_mut("target").and_then(|it| serde_json::from_value(it.take()).ok());
                    standing.who = who.to_string();
                    (standing.runbook, standing.reason, standing.began) = (Some(runbook), reason, Some(record.at));
                }
                Event::StepBegan { step, .. } => standing.step = Some(step),
                Event::Ended { ending, words, .. } => {
                    (standing.ended, standing.ended_at) = (Some((ending, words)), Some(record.at));
                }
                _ => {}
            }
        }
        Ok(standing)
    }

    /// It is neither over nor dead.
    pub fn goes_on(&self) -> bool {
        self.ended.is_none() && self.alive
    }

    /// In a few words.
    pub fn words(&self) -> String {
        match (&self.ended, self.step) {
            (Some((ending, words)), _) => format!("{ending}: {words}"),
            (None, _) if !self.alive => "its process is gone: it can be resumed".to_owned(),
            (None, Some(step)) => format!("goes on, step {}", step + 1),
            (None, None) => "goes on".to_owned(),
        }
    }
}
