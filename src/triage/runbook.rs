//! Which runbook treats a finding, and what to do where none does.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};

use super::SUSPECT;
use super::before::{Before, WINDOW};
use super::draft::{Draft, Topic};
use super::instead::{deployer, instead, is_gone};
use super::scene::Scene;
use super::symptom::Symptom;
use super::undone::Undone;
use crate::platform::{Controller, Deployment, ServicePicture, Severity, Subject, text};

const ROLLBACK: &str = "rollback";
const SCALE: &str = "scale";
const VACUUM: &str = "vacuum";
/// A service and a database that both lack CPU within this time of one another carry one load.
const TOGETHER: SignedDuration = SignedDuration::from_mins(15);

/// What else is known when a finding's treatment is chosen.
pub(super) struct Ward<'s, 'a> {
    scene: &'s Scene<'a>,
    /// Whether any service was deployed of late.
    deployed: Option<bool>,
    /// The database that holds everything up, by its finding's title.
    database: Option<String>,
    /// Services that lack CPU of their own.
    busy: HashSet<usize>,
    /// What their findings are called, and since when they last.
    loads: Vec<(String, Option<Timestamp>)>,
}

/// How a finding is treated.
#[derive(Default)]
pub(super) struct Treatment {
    pub(super) runbook: Option<String>,
    /// What no runbook does, or what comes before one.
    pub(super) advice: Option<String>,
    /// How that is done, as a command.
    pub(super) command: Option<String>,
    /// What the advice says to see to first, by its finding's title.
    pub(super) waits_for: Option<String>,
}

impl<'s, 'a> Ward<'s, 'a> {
    pub(super) fn of(scene: &'s Scene<'a>, drafts: &[Draft]) -> Ward<'s, 'a> {
        let held_up = |d: &&Draft| {
            d.severity >= Severity::Warning
                && matches!(d.subject, Subject::Database(_))
                // One that is not there at all is another account's or region's: it holds nothing up.
                && !scene.is_missing(d.subject)
                && matches!(d.symptom, Symptom::DatabaseDown | Symptom::Connections | Symptom::Cpu)
        };
        let busy = || {
            drafts.iter().filter(|d| d.symptom == Symptom::Cpu).filter_map(|d| match d.subject {
                Subject::Service(i) => Some((i, d)),
                _ => None,
            })
        };
        Ward {
            scene,
            deployed: deployed(scene, &scene.picture.services),
            database: drafts.iter().find(held_up).map(|d| d.title.clone()),
            busy: busy().map(|(i, _)| i).collect(),
            loads: busy().map(|(_, d)| (d.title.clone(), d.since)).collect(),
        }
    }

    /// The runbook of the platform file, unless something new was deployed just before things went wrong; and
    /// none that goes back where that was done.
    pub(super) fn treat(&self, draft: &Draft, before: Option<&Before>) -> Treatment {
        let mut runbook = self.runbook(draft, before);
        let mut advice = None;
        // A deployment's own finding is about what runs now, not about what was left.
        if runbook.as_deref() == Some(ROLLBACK)
            && !matches!(draft.topic, Topic::Deployment(_))
            && let Some(undone) = self.service(draft, before).and_then(|i| Undone::of(self.scene, i))
        {
            runbook = None;
            advice = undone.words(self.scene, draft);
        }
        // What a deployment began with is its doing for as long as it lasts.
        let after_deploy = before.is_some_and(|before| before.deploy);
        let service = self.service(draft, before);
        let own = service.and_then(|i| self.scene.picture.services.get(i..=i));
        let deployed = own.map_or(self.deployed, |own| deployed(self.scene, own));
        if runbook.as_deref() == Some(ROLLBACK)
            && !matches!(draft.topic, Topic::Deployment(_))
            && deployed != Some(true)
            && !after_deploy
        {
            runbook = None;
        }
        // ECS refuses it where another deploys.
        if runbook.as_deref() == Some(ROLLBACK)
            && let Some(i) = service
            && let Some(words) = deployer(self.scene, Subject::Service(i))
        {
            runbook = None;
            advice = Some(words);
        }
        // What only waited for a database needs nothing but time, once that is back.
        let healing = before.and_then(|before| before.back);
        if let Some(back) = healing {
            runbook = None;
            advice = Some(heals(draft, back));
        }
        let load = self.load(draft);
        if load.is_some() {
            runbook = runbook.filter(|runbook| runbook != VACUUM);
        }
        let first = self.first(draft).map(|first| ("", first)).or(load.map(|load| ("load, not dead rows: ", load)));
        // More tasks would take still more from the database that all of them wait for.
        runbook = runbook.filter(|runbook| runbook != SCALE || first.is_none());
        if draft.severity < Severity::Warning || runbook.as_deref() == Some(ROLLBACK) {
            return Treatment { runbook, advice, ..Treatment::default() };
        }
        if advice.is_none()
            && let Some((why, first)) = first
        {
            let (advice, waits_for) = (Some(format!("{why}first see to: {first}")), Some(first.to_owned()));
            return Treatment { runbook, advice, waits_for, command: None };
        }
        if runbook.is_some() || advice.is_some() || self.scene.is_missing(draft.subject) {
            return Treatment { runbook, advice, ..Treatment::default() };
        }
        let (advice, command) = instead(self.scene, draft, deployed).unzip();
        Treatment { runbook, advice, command: command.flatten(), waits_for: None }
    }

    fn runbook(&self, draft: &Draft, before: Option<&Before>) -> Option<String> {
        if draft.symptom.suspects_deploy() && before.is_some_and(|b| b.deploy) {
            return Some(ROLLBACK.to_owned());
        }
        if let Some(runbook) = &draft.runbook {
            return Some(runbook.clone());
        }
        let runbook = match (draft.symptom, draft.subject) {
            // More tasks don't help a database: they take connections from it. Dead rows cost it CPU.
            (Symptom::Cpu, Subject::Database(_)) => VACUUM,
            (Symptom::Cpu | Symptom::Memory | Symptom::Queue, Subject::Service(_) | Subject::Platform) => SCALE,
            (Symptom::Latency, Subject::Service(i)) if self.busy.contains(&i) => SCALE,
            _ => return None,
        };
        Some(runbook.to_owned())
    }

    /// Whose deployment a finding may come from.
    fn service(&self, draft: &Draft, before: Option<&Before>) -> Option<usize> {
        match draft.subject {
            Subject::Service(i) => Some(i),
            _ => before.and_then(|b| b.service).or((self.scene.platform.services.len() == 1).then_some(0)),
        }
    }

    /// What makes a database work where that is its clients' load: they are as busy as it is. Dead rows cost CPU
    /// without that, and only then is a vacuum the cure.
    fn load(&self, draft: &Draft) -> Option<&str> {
        if draft.symptom != Symptom::Cpu || !matches!(draft.subject, Subject::Database(_)) {
            return None;
        }
        let together = |since: &Option<Timestamp>| match (since, draft.since) {
            (Some(one), Some(other)) => one.duration_since(other).abs() <= TOGETHER,
            _ => true,
        };
        self.loads.iter().find(|(_, since)| together(since)).map(|(title, _)| title.as_str())
    }

    /// The database that a finding about what depends on it waits for.
    fn first(&self, draft: &Draft) -> Option<&str> {
        let database = self.database.as_deref()?;
        let depends = matches!(draft.symptom, Symptom::TasksDown | Symptom::Errors | Symptom::Latency | Symptom::Queue);
        let own = match draft.subject {
            Subject::Service(i) => self.busy.contains(&i),
            Subject::Platform => !self.busy.is_empty(),
            Subject::Database(_) => true,
        };
        // What was deleted comes back with no database.
        let waits = depends && !own && !is_gone(self.scene, draft.subject);
        waits.then_some(database)
    }
}

/// Whether any of these was deployed of late: where none was, going back treats nothing. `None` where nobody can tell: ECS
/// does not answer, or another deploys, which is in no list of ECS's.
fn deployed(scene: &Scene, services: &[ServicePicture]) -> Option<bool> {
    let recent = |d: &Deployment| d.created_at.is_some_and(|at| scene.now.duration_since(at) < SUSPECT);
    let any = services.iter().filter_map(|s| s.state.value()).any(|s| s.deployments.iter().any(recent));
    let tells = |s: &ServicePicture| s.state.value().is_some_and(|s| s.controller == Controller::Ecs);
    (any || services.iter().all(tells)).then_some(any)
}

/// … and how to tell that it does not heal: the tie to the outage ends with its window.
fn heals(draft: &Draft, back: Timestamp) -> String {
    let deadline = text::minute(back + WINDOW);
    match draft.symptom {
        Symptom::Queue => format!("it drains by itself: scale only if it still grows at {deadline}"),
        _ if matches!(draft.topic, Topic::Tasks(_)) => {
            format!("tasks come back by themselves: if they still fail at {deadline}, see their logs")
        }
        _ => format!("it clears by itself: if it goes on at {deadline}, look at the logs"),
    }
}
