//! A runbook with everything resolved: what is, what will be, what could go wrong, how to undo it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Action, Halt, Holder, Locks, RunId, Target};
use crate::platform::text::printable;

/// As much of a digest as tells images apart: `sha256:` and twelve digits.
pub(super) const DIGEST: usize = 19;

/// What a run will do. It is shown, confirmed, put in the journal, and carried out; the run reads it from there.
#[expect(
    clippy::unsafe_derive_deserialize,
    reason = "the unsafe code is tokio's join!, in the function that makes one"
)]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The runbook's name.
    pub runbook: String,
    /// Its title.
    pub title: String,
    /// `safe`, `caution`, `danger`: the greatest of the head's and the steps'.
    pub danger: String,
    /// What only one run at a time may change.
    pub target: Target,
    /// What its steps change beside that: no other run changes it meanwhile either.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Target>,
    /// Another target of the platform has the same last name: the whole one is typed where the danger is high.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub namesake: bool,
    /// The answers to its questions, defaults included.
    pub parameters: BTreeMap<String, Value>,
    /// The run that it takes back, if it takes one back: the steps are that run's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<RunId>,
    /// When it was made: what it says of the present was true then.
    pub made_at: Timestamp,
    /// Warnings about the whole.
    pub warnings: Vec<String>,
    /// The steps that will be carried out, in order; those whose condition does not hold are left out.
    pub steps: Vec<PlannedStep>,
}

/// One step of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedStep {
    /// Its heading.
    pub title: String,
    /// What it does, resolved.
    #[serde(flatten)]
    pub action: Action,
    /// What was seen, and what will be.
    pub view: View,
}

/// What a step shows before it is carried out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct View {
    /// What changes, line by line.
    #[serde(default)]
    pub changes: Vec<Change>,
    /// What the step found, for steps that look.
    #[serde(default)]
    pub facts: Vec<String>,
    /// For a rollback, what else it may go back to, and itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<Candidate>,
    /// What could go wrong.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// How long it takes, if all goes well, in seconds.
    #[serde(default)]
    pub expected_seconds: u64,
    /// How it is undone, if it can be.
    #[serde(default)]
    pub undo: Option<String>,
    /// The same by hand.
    #[serde(default)]
    pub command: Option<String>,
    /// What the step was planned on; it is read again before anything is sent.
    #[serde(default)]
    pub basis: Value,
}

impl View {
    /// Something will be otherwise than it is.
    pub fn changes_something(&self) -> bool {
        self.changes.iter().any(|change| change.before != change.after)
    }

    /// What the step was planned on, as its action wrote it.
    pub(super) fn basis<T: DeserializeOwned>(&self) -> Result<T, Halt> {
        T::deserialize(&self.basis).map_err(|error| Halt::failed(format!("the plan can't be read: {error}")))
    }
}

/// One thing that a step changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// `desired count`.
    pub what: String,
    /// As it is.
    pub before: String,
    /// As it will be.
    pub after: String,
}

impl Change {
    /// A line `what  before → after`.
    pub fn of(what: &str, before: impl std::fmt::Display, after: impl std::fmt::Display) -> Change {
        Change { what: what.to_owned(), before: before.to_string(), after: after.to_string() }
    }
}

/// A revision that has run successfully and can be started again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Its number.
    pub revision: u32,
    /// What people know its image by, where it has a tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Its image, where it is known which one ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// When it came to run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// When another one took its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// How long that was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<i64>,
    /// The same in words: `ran 1d5h, until 2026-11-24 03:12Z`.
    pub ran: String,
    /// The service was rolled back from it when it ran last, in words: `rolled back from 12m ago`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rolled_back: Option<String>,
}

impl std::fmt::Display for Candidate {
    /// `:41  a1b2c3d  sha256:0123456789ab  ran 1d5h, until 2026-11-24 03:12Z`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, ":{}", self.revision)?;
        let digest = self.digest.as_deref().map(|digest| digest.get(..DIGEST).unwrap_or(digest));
        for part in [self.tag.as_deref(), digest, Some(&self.ran), self.rolled_back.as_deref()].into_iter().flatten() {
            write!(f, "  {part}")?;
        }
        Ok(())
    }
}

impl Plan {
    /// What is typed to go on where the danger is high: as little of the target's name as tells it apart.
    pub fn typed(&self) -> &str {
        match self.target.name.rsplit_once('/') {
            Some((_, last)) if !self.namesake => last,
            _ => &self.target.name,
        }
    }

    /// All that no other run may change meanwhile.
    pub fn targets(&self) -> impl Iterator<Item = &Target> {
        std::iter::once(&self.target).chain(&self.also)
    }

    /// The same in words: `service prod/api and database analytics`.
    pub fn on(&self) -> String {
        self.targets().map(Target::to_string).collect::<Vec<_>>().join(" and ")
    }

    /// All warnings: of the whole, then of each step.
    pub fn all_warnings(&self) -> impl Iterator<Item = &str> {
        self.warnings.iter().chain(self.steps.iter().flat_map(|step| &step.view.warnings)).map(String::as_str)
    }

    /// Warns of the run that is on the same target now, if there is one: this one would be refused.
    pub fn warn_of_other_run(&mut self, locks: Option<&Locks>) {
        let Some(busy) = locks.and_then(|locks| self.targets().find_map(|target| locks.busy(target))) else { return };
        let who = match &busy.holder {
            Some(Holder { run, user, .. }) => {
                let place = if self.also.is_empty() { "there" } else { &format!("on {}", busy.target) };
                format!("run {run} of {} goes on {place}: plantao follow {run}", printable(user))
            }
            None => busy.to_string(),
        };
        self.warnings.insert(0, format!("{who}; until it is over no other run begins"));
    }

    /// A run of it that goes on puts something back by itself: to stop it changes something.
    pub fn puts_back_by_itself(&self) -> bool {
        self.undoes.is_none() && self.steps.iter().any(|step| step.action.until().is_some())
    }

    /// All that it would set is so already.
    pub fn is_so_already(&self) -> bool {
        let mut setting = self.steps.iter().map(|step| &step.view).filter(|view| !view.changes.is_empty()).peekable();
        setting.peek().is_some() && setting.all(|view| !view.changes_something())
    }

    /// How long it takes if all goes well, in seconds.
    pub fn expected_seconds(&self) -> u64 {
        self.steps.iter().fold(0, |sum, step| sum.saturating_add(step.view.expected_seconds))
    }
}
