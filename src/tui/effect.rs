//! What the screen asks the rest of the process to do.

use std::collections::BTreeMap;

use crate::platform::MetricQuery;
use crate::run::{Command, Plan, RunId};
use crate::runbook::Runbook;
use crate::watch::Attention;

/// Work that [`super::app::App::update`] wants done. It is only said there; [`super::run`] does it.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Leave.
    Quit,
    /// Give the terminal back and stop the process until `fg`.
    Suspend,
    /// Draw every cell again.
    Redraw,
    /// Ring the terminal's bell.
    Bell,
    /// Put text on the clipboard of the user's terminal (OSC 52).
    Copy(String),
    /// Watch faster, slower or not at all.
    Attend(Attention),
    /// Ask every source now.
    Refresh,
    /// Watch the tasks of this service closely.
    Focus(usize),
    /// Ask for an alarm's history, and for its metric if it has one.
    ShowAlarm {
        /// Its name.
        name: String,
        /// Its metric.
        query: Option<MetricQuery>,
        /// Seconds in one point, as the alarm looks at it.
        period: u32,
    },
    /// Make a plan. Only reads.
    MakePlan(Box<Wanted>),
    /// Look up what a question of a runbook can be answered with.
    LookUp {
        /// Names the page that asks.
        opened: u64,
        /// What is planned.
        wanted: Box<Wanted>,
        /// The question.
        param: String,
    },
    /// Carry a plan out, in a process of its own.
    StartRun {
        /// Names the page that was confirmed.
        opened: u64,
        /// The plan that was shown and confirmed.
        plan: Box<Plan>,
        /// Why.
        reason: Option<String>,
    },
    /// Read a run's journal while it is written, instead of any other's.
    Follow(RunId),
    /// Say something to a run, and why.
    Tell(RunId, Command, Option<String>),
    /// List the runs.
    ListRuns,
    /// Find a run that goes on, whoever started it, and those that were killed.
    FindRun,
    /// Find the runs that were killed.
    FindDead,
    /// Take up a run whose process is gone, in a new one.
    TakeUp(RunId),
}

/// A plan that is to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// Names the question; its answer carries it.
    pub ticket: u64,
    /// What is planned.
    pub what: What,
    /// With which answers.
    pub answers: BTreeMap<String, String>,
    /// On which service.
    pub service: Option<String>,
    /// On which database.
    pub database: Option<String>,
}

/// What a plan is made of.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A runbook.
    Runbook(Box<Runbook>),
    /// A run that is over, whose changes are to be taken back.
    Back(RunId),
}
