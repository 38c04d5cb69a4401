//! A run as its journal tells it: what the screen shows while it follows one.

use jiff::{SignedDuration, Timestamp};

use super::plan_page::{Confirm, Way};
use crate::run::action::LEFT_OUT;
use crate::run::{Command, Ending, Event, Past, Plan, Record, RunId, StepOutcome, Superseder, told};

/// A run that is followed.
#[derive(Clone, Debug)]
pub struct RunPage {
    /// Which.
    pub id: RunId,
    /// The plan that it carries out, once the first record is read.
    pub plan: Option<Plan>,
    /// Who confirmed it.
    pub who: String,
    /// Why.
    pub reason: Option<String>,
    /// When it began.
    pub began: Option<Timestamp>,
    /// The plan's steps, as far as they are.
    pub steps: Vec<RunStep>,
    /// Every record that has something to tell, the oldest first.
    pub log: Vec<String>,
    /// How it ended, in words, and when.
    pub ended: Option<(Ending, String, Timestamp)>,
    /// What took the place of what it asked for, where that is known.
    pub superseded_by: Option<Superseder>,
    /// Its process is there. Without an ending and a process it was killed.
    pub alive: bool,
    /// What it did so far.
    pub did: Past,
    /// It was over, or dead, when it was opened: its end is no news.
    pub past: bool,
    /// The last wish that it heard.
    pub heard: Option<Command>,
    /// What the user is about to tell it, until they say yes.
    pub wish: Option<Wish>,
    /// Why the journal can't be read, or its process can't write it.
    pub trouble: Option<String>,
}

/// What the user is about to tell a run.
#[derive(Clone, Debug)]
pub struct Wish {
    /// What.
    pub command: Command,
    /// How it is confirmed, and what is typed for it.
    pub confirm: Confirm,
    /// What it would do to users, if it would.
    pub warning: Option<&'static str>,
    /// What would be put back, as the plan said it would be; by a stop, what it holds for a time.
    pub back: String,
}

/// A step of a run.
#[derive(Clone, Debug, Default)]
pub struct RunStep {
    /// Its heading.
    pub title: String,
    /// When it began.
    pub began: Option<Timestamp>,
    /// How it ended, and when.
    pub ended: Option<(StepOutcome, Timestamp)>,
    /// The last thing said of it.
    pub words: String,
    /// From 0 to 1, while it can be told.
    pub fraction: Option<f64>,
    /// It is done but for what it left out.
    pub left_out: bool,
}

impl RunPage {
    /// A run of which nothing is read yet.
    pub fn of(id: RunId) -> RunPage {
        RunPage {
            id,
            plan: None,
            who: String::new(),
            reason: None,
            began: None,
            steps: Vec::new(),
            log: Vec::new(),
            ended: None,
            superseded_by: None,
            alive: true,
            did: Past::default(),
            past: false,
            heard: None,
            wish: None,
            trouble: None,
        }
    }

    /// Takes the next record of the journal.
    pub fn take(&mut self, record: &Record) {
        let at = record.at;
        self.did.take(&record.event);
        match &record.event {
            Event::Began { plan, who, reason, .. } => {
                self.plan = serde_json::from_value(plan.clone()).ok();
                self.who = who.to_string();
                self.reason.clone_from(reason);
                self.began = Some(at);
                let steps = self.plan.iter().flat_map(|plan| &plan.steps);
                self.steps = steps.map(|step| RunStep { title: step.title.clone(), ..RunStep::default() }).collect();
            }
            Event::StepBegan { step, title, .. } => {
                if let Some(known) = self.steps.get_mut(*step) {
                    known.title.clone_from(title);
                    known.began = Some(at);
                    known.ended = None;
                }
            }
            Event::Progress { step, text, fraction } => {
                if let Some(known) = self.steps.get_mut(*step) {
                    known.words.clone_from(text);
                    known.fraction = *fraction;
                }
            }
            Event::StepEnded { step, outcome, words, outputs } => {
                if let Some(known) = self.steps.get_mut(*step) {
                    known.left_out = outputs.get(LEFT_OUT).is_some_and(|left| *left != 0);
                    known.words.clone_from(words);
                    known.fraction = None;
                    known.ended = Some((*outcome, at));
                }
            }
            Event::StopAsked { undo: false, .. } => self.heard = Some(Command::Stop),
            Event::StopAsked { .. } | Event::UndoBegan { .. } => self.heard = Some(Command::Undo),
            Event::Ended { ending, words, by } => {
                self.ended = Some((*ending, words.clone(), at));
                self.superseded_by = *by;
            }
            _ => {}
        }
        self.log.extend(told(record));
    }

    /// The user wants to tell it this: the danger of that decides how it is confirmed. To stop takes nothing back.
    pub fn ask(&mut self, command: Command) {
        let undo = self.plan.as_ref().filter(|_| command == Command::Undo);
        let (way, warning) = undo.map_or((Way::Yes, None), |plan| {
            let (danger, outage) = plan.danger_of_undo();
            (Way::of(danger, plan), outage)
        });
        let back = match (&self.plan, command) {
            (Some(plan), Command::Undo) => plan.put_back(&self.did),
            (Some(plan), Command::Stop) => plan
                .held(&self.did)
                .into_iter()
                .map(|held| format!("{} back to {}", held.what, held.before))
                .collect::<Vec<_>>()
                .join(", "),
            _ => String::new(),
        };
        self.wish = Some(Wish { command, confirm: Confirm { way, ..Confirm::default() }, warning, back });
    }

    /// Why there is nothing to take back of it; `None` if there is something, or may be.
    pub fn nothing_to_take_back(&self) -> Option<String> {
        let plan = self.plan.as_ref()?;
        match self.ended {
            Some(_) => plan.nothing_to_take_back(&self.did),
            None => plan.never_taken_back().map(|why| format!("{why}; x stops it")),
        }
    }

    /// It is neither over nor dead.
    pub fn goes_on(&self) -> bool {
        self.ended.is_none() && self.alive && self.trouble.is_none()
    }

    /// It was killed before its end.
    pub fn is_dead(&self) -> bool {
        self.ended.is_none() && !self.alive
    }

    /// The step under way.
    pub fn current(&self) -> Option<(usize, &RunStep)> {
        self.steps.iter().enumerate().rfind(|(_, step)| step.began.is_some() && step.ended.is_none())
    }

    /// How long it has lasted.
    pub fn lasted(&self, now: Timestamp) -> Option<SignedDuration> {
        let end = self.ended.as_ref().map_or(now, |(_, _, at)| *at);
        self.began.map(|began| end.duration_since(began))
    }

    /// In a few words: what the footer of every screen says of it.
    pub fn summary(&self) -> String {
        let name = self.plan.as_ref().map_or("run", |plan| plan.runbook.as_str());
        match (&self.ended, self.current()) {
            (Some((ending, _, _)), _) => format!("{name}: {ending}"),
            (None, _) if !self.alive => format!("{name}: its process is gone"),
            (None, Some((index, _))) => format!("{name}: step {} of {}", index + 1, self.steps.len()),
            (None, None) => format!("{name}: begins"),
        }
    }
}
