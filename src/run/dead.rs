//! Runs whose process was killed before their end, and what they still hold for a time.

use jiff::Timestamp;

use super::beginning::Beginning;
use super::{Action, Event, Follower, Halt, Here, Past, Plan, PlannedStep, RunId, Store, Target, verify};
use crate::platform::text::date;
use crate::platform::{Platform, ServiceSpec, Severity, Subject};
use crate::triage::Finding;

/// What waits for it.
const UNTIL_THEN: &str = "until that is done the bounds are not moved by another run";
/// What is in the last line of the journal of a run that is over, and nowhere in a text of it: there, quotes are escaped.
const END: &[u8] = br#""event":"ended""#;

/// A run without an end and without a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dead {
    /// Which.
    pub id: RunId,
    /// What it is on.
    pub target: Target,
    /// What it would have put back by itself.
    pub holds: Vec<Held>,
}

/// What a run changed for a time only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// As it left it: `bounds 4–6`.
    pub what: String,
    /// What was there before: `1–6`.
    pub before: String,
    /// When it would have been put back.
    pub until: Timestamp,
}

impl Dead {
    /// The beginning of the id of a finding that a run was killed; its own id follows.
    pub const FINDING: &str = "run/";

    /// All of this machine's user that were on what is here, the newest first. A journal that can't be read is told by
    /// the list of runs.
    pub fn all(store: &Store, here: &Here) -> Vec<Dead> {
        let runs = here.runs(store).into_iter().flatten();
        runs.filter_map(|(id, target)| Dead::of(store, &id).filter(|_| target.is_some())).collect()
    }

    /// The run, if it is dead.
    pub fn of(store: &Store, id: &RunId) -> Option<Dead> {
        // Looked at first: what a process writes before it dies is then read below.
        if Follower::open(store, id).ok()?.is_alive() {
            return None;
        }
        let bytes = std::fs::read(store.journal(id)).ok()?;
        let last = bytes.trim_ascii_end().rsplit(|byte| *byte == b'\n').next()?;
        if last.windows(END.len()).any(|part| part == END) {
            return None;
        }
        let (records, _) = verify::read(id, &bytes).ok()?;
        let events: Vec<Event> = records.into_iter().map(|record| record.event).collect();
        let plan = Beginning::of(id, &events).ok()??.plan;
        let past = Past::of(&events);
        if past.ended.is_some() {
            return None;
        }
        Some(Dead { id: id.clone(), holds: plan.held(&past), target: plan.target })
    }

    /// Puts such runs beside what is wrong, each behind what is as bad. What one holds stays until somebody takes it up:
    /// its guardian is gone too, or has failed. One that holds nothing is only told.
    pub fn tell(dead: &[Dead], platform: &Platform, findings: &mut Vec<Finding>) {
        for dead in dead.iter().rev() {
            let finding = dead.finding(platform);
            let at = findings.partition_point(|other| other.severity >= finding.severity);
            findings.insert(at, finding);
        }
    }

    fn finding(&self, platform: &Platform) -> Finding {
        let id = &self.id;
        let (severity, title, evidence) = match self.holds.first() {
            Some(Held { what, before, until }) => (
                Severity::Warning,
                format!("a killed run holds {what}"),
                format!("run {id} · until {}; {before} before", date(*until)),
            ),
            None => (Severity::Notice, "a run was killed before its end".to_owned(), format!("run {id}")),
        };
        let on = |service: &ServiceSpec| self.target.name == service.path();
        Finding {
            id: format!("{}{id}", Dead::FINDING),
            severity,
            title,
            evidence,
            since: None,
            began: None,
            after: None,
            runbook: None,
            advice: Some("take it up".to_owned()),
            command: Some(format!("plantao runs resume {id}")),
            subject: platform.services.iter().position(on).map_or(Subject::Platform, Subject::Service),
            alarm: None,
            suspect: None,
            gauge: None,
            gauges: Vec::new(),
        }
    }

    /// What it left behind, and the command that ends it.
    pub fn words(&self, now: Timestamp) -> String {
        let id = &self.id;
        let Some(Held { what, before, until }) = self.holds.first() else {
            return format!("run {id} was killed before its end: plantao runs resume {id} takes it up");
        };
        let (left, at) = (format!("run {id} was killed and left {what}"), date(*until));
        if *until > now {
            format!(
                "{left} until {at}: plantao runs resume {id} puts back {before} then, and plantao runs stop {id} after that at once"
            )
        } else {
            format!("{left}, which was for until {at}: plantao runs resume {id} puts back {before}")
        }
    }
}

impl Plan {
    /// What a run of this plan that has come so far has not put back yet of what it changed for a time.
    pub fn held(&self, past: &Past) -> Vec<Held> {
        let held = self.steps.iter().zip(&past.steps).filter(|(_, past)| past.is_to_take_back());
        held.filter_map(|(step, _)| step.action.held(&step.view)).collect()
    }

    /// Warns of the runs on the same target that were killed: what they left is not what was there before.
    pub fn warn_of_dead_runs(&mut self, store: Option<&Store>, now: Timestamp) {
        let dead = store.map(|store| self.dead_runs(store)).unwrap_or_default();
        for dead in dead.iter().rev() {
            let refused = if self.builds_on(dead) { format!("; {UNTIL_THEN}") } else { String::new() };
            self.warnings.insert(0, format!("{}{refused}", dead.words(now)));
        }
    }

    /// # Errors
    /// If a run that was killed still holds something of the target: this one would take it for what was there
    /// before, and make it permanent.
    pub fn refuse_over_dead_runs(&self, store: &Store, now: Timestamp) -> Result<(), Halt> {
        // Between the confirmation and the call nobody waits for journals that can't matter.
        if !self.moves_bounds() {
            return Ok(());
        }
        match self.dead_runs(store).into_iter().find(|dead| self.builds_on(dead)) {
            Some(dead) => Err(Halt::refused(format!("{}; {UNTIL_THEN}", dead.words(now)))),
            None => Ok(()),
        }
    }

    /// It moves what the other one holds. What does not, a rollback above all, must not wait for that.
    fn builds_on(&self, dead: &Dead) -> bool {
        !dead.holds.is_empty() && self.moves_bounds()
    }

    fn moves_bounds(&self) -> bool {
        let moves = |step: &PlannedStep| matches!(step.action, Action::SetBounds(_)) && step.view.changes_something();
        self.steps.iter().any(moves)
    }

    fn dead_runs(&self, store: &Store) -> Vec<Dead> {
        let mut dead = Dead::all(store, &Here::at(&self.target));
        // The run that takes one back is the way out.
        dead.retain(|dead| dead.target == self.target && self.undoes.as_ref() != Some(&dead.id));
        dead
    }
}
