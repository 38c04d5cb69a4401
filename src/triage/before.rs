//! What changed just before something went wrong.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::deployments::speaks_of_rollback;
use super::draft::{Draft, Topic};
use super::scene::Scene;
use super::symptom::Symptom;
use crate::platform::{
    AlarmState, Database, Deployment, DeploymentStatus, Revision, Rollout, ServicePicture, Serving, Subject, text,
};

/// A change longer ago than this is not "just before".
pub(super) const WINDOW: SignedDuration = SignedDuration::from_mins(15);
/// A rollback's event and its deployment are made within this time of one another.
const SAME_MOMENT: SignedDuration = SignedDuration::from_mins(2);
/// With more services than this, events of other services are not searched.
const FEW: usize = 50;

/// What changed before a finding.
pub(super) struct Before {
    /// `2 min after deploy :42 a1b2c3d`.
    pub(super) text: String,
    /// It was a deployment of something new that still stands, not one that put the old back.
    pub(super) deploy: bool,
    /// Whose deployment it was, whichever way.
    pub(super) service: Option<usize>,
    /// A database was down, and serves again since then.
    pub(super) back: Option<Timestamp>,
}

/// All changes that a finding may be the consequence of, in order of time.
pub(super) struct Changes<'s, 'a> {
    scene: &'s Scene<'a>,
    deployments: Vec<Deployed<'a>>,
    /// Expected alarms that fire, with whose they are.
    alarms: Vec<(Timestamp, &'a str, Subject)>,
    down: Vec<(usize, &'a Database)>,
    /// Databases that serve again, by name, and since when: the latest first.
    back: Vec<(Timestamp, String)>,
}

/// Something that was deployed.
struct Deployed<'a> {
    at: Timestamp,
    service: usize,
    revision: &'a Revision,
    /// ECS lists it no more once it is replaced: of what somebody went back from only tasks tell.
    listed: Option<&'a Deployment>,
}

impl<'a> Deployed<'a> {
    fn of(service: usize, picture: &'a ServicePicture) -> Vec<Deployed<'a>> {
        let Some(state) = picture.state.value() else { return Vec::new() };
        let listed = state.deployments.iter().filter_map(|deployment| {
            let (at, revision) = (deployment.created_at?, &deployment.revision);
            Some(Deployed { at, service, revision, listed: Some(deployment) })
        });
        // What another controller deploys it also takes back: it is listed for no runbook of ours.
        let sets = state.task_sets.iter().filter_map(|set| {
            let (at, revision) = (set.created_at?, &set.revision);
            Some(Deployed { at, service, revision, listed: None })
        });
        let mut all: Vec<_> = listed.chain(sets).collect();
        let Some(primary) = state.primary() else { return all };
        let mut left: BTreeMap<u32, Deployed> = BTreeMap::new();
        for task in picture.tasks.value().into_iter().flatten() {
            let (Some(at), revision) = (task.created_at, &task.revision) else { continue };
            let is_listed = state.deployments.iter().any(|deployment| deployment.revision == *revision);
            if let Some(number) = revision.number.filter(|_| !is_listed && revision.is_newer_than(&primary.revision)) {
                // Its first task came with it.
                let first = left.entry(number).or_insert(Deployed { at, service, revision, listed: None });
                first.at = first.at.min(at);
            }
        }
        all.extend(left.into_values());
        all
    }
}

impl<'s, 'a> Changes<'s, 'a> {
    pub(super) fn of(scene: &'s Scene<'a>) -> Changes<'s, 'a> {
        let services = scene.picture.services.iter().enumerate();
        let mut deployments: Vec<_> = services.flat_map(|(i, service)| Deployed::of(i, service)).collect();
        deployments.sort_by_key(|deployed| deployed.at);
        let expected: std::collections::HashSet<&str> = scene.platform.alarms.iter().map(|a| a.name.as_str()).collect();
        let mut alarms: Vec<_> = scene
            .picture
            .alarms
            .value()
            .into_iter()
            .flatten()
            .filter(|a| a.state == AlarmState::Alarm && expected.contains(a.name.as_str()))
            .filter_map(|a| Some((a.since?, a.name.as_str(), scene.subjects.of_alarm(a))))
            .collect();
        alarms.sort_by_key(|(at, ..)| *at);
        let down = scene
            .picture
            .databases
            .iter()
            .enumerate()
            .filter_map(|(i, part)| Some((i, part.value().filter(|d| d.serving() != Serving::Yes)?)))
            .collect();
        Changes { scene, deployments, alarms, down, back: back(scene) }
    }

    /// What changed just before a finding, the likeliest cause first.
    pub(super) fn before(&self, draft: &Draft) -> Option<Before> {
        // What nobody says the beginning of may always have been so: nothing was before it.
        let since = draft.since?;
        if draft.symptom == Symptom::Other {
            return self.outage(draft, since);
        }
        let change = |text| Before { text, deploy: false, service: None, back: None };
        self.deployment(draft, since)
            .or_else(|| self.database(draft).map(change))
            .or_else(|| self.outage(draft, since))
            .or_else(|| self.tasks(draft, since).map(change))
            .or_else(|| self.alarm(draft, since).map(change))
    }

    fn deployment(&self, draft: &Draft, since: Timestamp) -> Option<Before> {
        let end = self.deployments.partition_point(|deployed| deployed.at <= since);
        let Deployed { at, service: i, revision, listed } = self.deployments[..end]
            .iter()
            .rev()
            .take_while(|deployed| since.duration_since(deployed.at) <= WINDOW)
            .find(|deployed| !matches!(draft.subject, Subject::Service(own) if own != deployed.service))?;
        let (spec, picture) = self.scene.service(*i)?;
        let back = listed.is_some_and(|deployment| self.put_back(*i, deployment));
        let what = if back { "rollback to" } else { "deploy" };
        let whose = match draft.subject {
            Subject::Service(_) => String::new(),
            _ if self.scene.platform.services.len() == 1 => String::new(),
            _ => format!("{} ", self.scene.called(*i)),
        };
        let label = picture.label(spec, revision);
        // One that ECS has given up on and is taking back needs nobody to roll it back, nor does one that somebody has.
        let given_up = listed.is_none_or(|deployment| {
            deployment.rollout == Rollout::Failed && deployment.status != DeploymentStatus::Primary
        });
        let text = format!("{} {what} {whose}{label}", ago(since, *at));
        Some(Before { text, deploy: !back && !given_up, service: Some(*i), back: None })
    }

    /// A deployment that ECS made to undo another. Its reason says so while it is in progress; after
    /// that only an event does, and names the deployment that it goes back to, not this one.
    fn put_back(&self, i: usize, deployment: &Deployment) -> bool {
        let says = deployment.rollout_reason.as_deref().is_some_and(speaks_of_rollback);
        let service = self.scene.picture.services.get(i).and_then(|s| s.state.value());
        let (Some(service), Some(began)) = (service, deployment.created_at) else { return says };
        says || service
            .events
            .iter()
            .any(|e| speaks_of_rollback(&e.message) && began.duration_since(e.at).abs() <= SAME_MOMENT)
    }

    fn database(&self, draft: &Draft) -> Option<String> {
        if !matches!(draft.symptom, Symptom::Errors | Symptom::Latency | Symptom::Queue) {
            return None;
        }
        self.down.first().map(|(_, database)| format!("while RDS {} is {}", database.id, database.status))
    }

    /// A database that came back after this began: what waited for it has not caught up yet.
    fn outage(&self, draft: &Draft, since: Timestamp) -> Option<Before> {
        let depends = matches!(draft.symptom, Symptom::Errors | Symptom::Latency | Symptom::Queue | Symptom::TasksDown)
            || matches!(draft.topic, Topic::Tasks(_));
        let (at, name) = self.back.iter().find(|(at, _)| depends && since < *at)?;
        let text = format!("while RDS {name} was down, until {}", text::minute(*at));
        Some(Before { text, deploy: false, service: None, back: Some(*at) })
    }

    /// Tasks that ECS stopped or, for a database's connections, started.
    fn tasks(&self, draft: &Draft, since: Timestamp) -> Option<String> {
        let (services, word) = match (draft.subject, draft.symptom) {
            (Subject::Service(i), symptom) if symptom != Symptom::TasksDown => (i..i + 1, "has stopped "),
            (Subject::Database(_), Symptom::Connections | Symptom::Cpu)
                if self.scene.platform.services.len() <= FEW =>
            {
                (0..self.scene.platform.services.len(), "has started ")
            }
            _ => return None,
        };
        let (event, name) = services
            .filter_map(|i| {
                let (_, picture) = self.scene.service(i)?;
                let events = &picture.state.value()?.events;
                events
                    .iter()
                    .filter(|e| e.at <= since && since.duration_since(e.at) <= WINDOW && e.message.contains(word))
                    .max_by_key(|e| e.at)
                    .map(|e| (e, self.scene.called(i)))
            })
            .max_by_key(|(e, _)| e.at)?;
        let number = event.message.split_once(word)?.1.split(' ').next()?;
        let verb = word.trim_start_matches("has ").trim_end();
        let tasks = if number == "1" { "task" } else { "tasks" };
        Some(format!("{} {name} {verb} {number} {tasks}", ago(since, event.at)))
    }

    /// Another alarm that fired first; the first of several is the likeliest root.
    fn alarm(&self, draft: &Draft, since: Timestamp) -> Option<String> {
        let start = self.alarms.partition_point(|(at, ..)| since.duration_since(*at) > WINDOW);
        let (at, name, _) =
            self.alarms[start..].iter().take_while(|(at, ..)| *at < since).find(|(_, name, subject)| {
                *name != draft.title
                    && match (draft.subject, subject) {
                        (Subject::Service(a), Subject::Service(b)) => a == *b,
                        _ => true,
                    }
            })?;
        Some(format!("{} {name}", ago(since, *at)))
    }
}

/// By what was seen of their status, or else by their alarms: those tell of an outage from before the screen was opened.
fn back(scene: &Scene) -> Vec<(Timestamp, String)> {
    let recent = |at: &Timestamp| scene.now.duration_since(*at) <= WINDOW;
    let serves = |i: usize| scene.picture.works(Subject::Database(i));
    let name = |i: usize| scene.platform.databases.get(i).map(|spec| spec.id.clone());
    let seen = scene.picture.database_changes.iter().filter(|c| c.serves && recent(&c.at) && serves(c.database));
    let seen = seen.filter_map(|change| Some((change.at, name(change.database)?)));
    let alarms = scene.picture.alarms.value().into_iter().flatten();
    let cleared = alarms.filter_map(|alarm| {
        let at = alarm.since.filter(recent).filter(|_| alarm.state == AlarmState::Ok)?;
        let Subject::Database(i) = scene.owner(alarm) else { return None };
        (Symptom::of_alarm(alarm) == Symptom::DatabaseDown && serves(i)).then_some((at, name(i)?))
    });
    let mut all: Vec<_> = seen.chain(cleared).collect();
    all.sort_by_key(|(at, _)| Reverse(*at));
    all
}

fn ago(since: Timestamp, at: Timestamp) -> String {
    match since.duration_since(at).as_secs() {
        ..60 => "just after".to_owned(),
        60..3_600 => format!("{} min after", since.duration_since(at).as_mins()),
        _ => format!("{} after", text::duration(since.duration_since(at))),
    }
}
