//! Runs that were killed: what stands beside what is wrong, and the way to take one up.

use super::app::{App, Overlay};
use super::effect::Effect;
use super::run_page::RunPage;
use crate::platform::text::date;
use crate::platform::{ServiceSpec, Severity, Subject};
use crate::run::{Dead, RunId};
use crate::triage::Finding;

/// The beginning of the id of a finding that a run was killed.
pub(super) const DEAD: &str = "run/";

impl App {
    /// What was looked for is found. The newest is followed if no other run is: `o` shows it.
    pub(super) fn mourn(&mut self, dead: Vec<Dead>) -> Vec<Effect> {
        let held = dead.iter().find(|dead| !dead.holds.is_empty()).map(|dead| dead.id.clone());
        self.news |= self.dead != dead;
        self.dead = dead;
        match held {
            Some(id) if self.run.is_none() => {
                self.run = Some(RunPage::of(id.clone()));
                vec![Effect::Follow(id)]
            }
            _ => Vec::new(),
        }
    }

    /// What such a run holds stays until somebody takes it up: its guardian is gone too, or has failed. One that holds nothing is only told.
    pub(super) fn add_dead_runs(&mut self) {
        for dead in self.dead.iter().rev() {
            let severity = if dead.holds.is_empty() { Severity::Notice } else { Severity::Warning };
            let title = match dead.holds.first() {
                Some(held) => format!("a killed run holds {}", held.what),
                None => "a run was killed before its end".to_owned(),
            };
            let on = |service: &ServiceSpec| dead.target.name == service.path();
            let finding = Finding {
                id: format!("{DEAD}{}", dead.id),
                severity,
                title,
                evidence: match dead.holds.first() {
                    Some(held) => format!("run {} · until {}; {} before", dead.id, date(held.until), held.before),
                    None => format!("run {}", dead.id),
                },
                since: None,
                began: None,
                after: None,
                runbook: None,
                advice: Some("take it up".to_owned()),
                command: Some(format!("plantao runs resume {}", dead.id)),
                subject: self.platform.services.iter().position(on).map_or(Subject::Platform, Subject::Service),
                alarm: None,
                suspect: None,
                gauge: None,
                gauges: Vec::new(),
            };
            let at = self.findings.partition_point(|finding| finding.severity >= severity);
            self.findings.insert(at, finding);
        }
    }

    /// Shows a run that was killed.
    pub(super) fn open_dead(&mut self, id: RunId) -> Vec<Effect> {
        self.show(Some(Overlay::Run));
        if self.run.as_ref().is_some_and(|run| run.id == id) {
            return Vec::new();
        }
        self.run = Some(RunPage::of(id.clone()));
        vec![Effect::Follow(id)]
    }

    /// Has a new process take up the run shown, if it was killed. What it does was confirmed when it began.
    pub(super) fn take_up(&mut self) -> Vec<Effect> {
        let Some(run) = self.run.as_ref().filter(|run| run.is_dead()) else { return Vec::new() };
        let id = run.id.clone();
        if let Some(why) = &self.forbidden {
            self.say(why.clone());
            return Vec::new();
        }
        self.say("taking it up");
        vec![Effect::TakeUp(id)]
    }
}
