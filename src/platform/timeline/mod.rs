//! What happened, in one order: deployments, service events, stopped tasks, alarm changes.

mod event;
mod fold;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use fold::{Churn, Fold};
use jiff::Timestamp;
use serde::Serialize;

use super::{
    AlarmChange, AlarmState, DatabaseChange, Deployment, Picture, Platform, Rollout, Service, ServiceEvent,
    ServicePicture, ServiceSpec, Subject, Subjects, Task, TaskSet, text,
};

/// Entries that a timeline has at most.
pub const LONGEST: usize = 300;

/// What kind of thing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryKind {
    /// A deployment began, ended or failed.
    Deployment,
    /// A line of a service's own log.
    ServiceEvent,
    /// A task stopped because something failed.
    TaskFailed,
    /// A database does not serve any more.
    DatabaseDown,
    /// A database serves again.
    DatabaseBack,
    /// An alarm went to `ALARM`.
    AlarmRaised,
    /// An alarm left `ALARM`.
    AlarmCleared,
}

/// One line of the timeline.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// What kind.
    pub kind: EntryKind,
    /// Whose.
    pub subject: Subject,
    /// What happened, one line.
    pub text: String,
}

/// The timeline, newest first, at most [`LONGEST`] entries. Of equal instants, always the same order.
pub fn timeline(platform: &Platform, picture: &Picture) -> Vec<Entry> {
    let subjects = Subjects::of(platform);
    let teller = Teller { platform, picture, subjects, alarms: HashMap::new() }.with_alarms();
    // Only the newest are put into words: a large platform has 100 events for each service.
    let mut happenings = teller.happenings();
    let mut entries: Vec<Entry> = Vec::new();
    let mut seen = HashSet::new();
    let mut fold = Fold::default();
    while seen.len() < LONGEST
        && let Some(Dated { at, happening, .. }) = happenings.pop()
    {
        let Some((kind, subject, words)) = teller.tell(happening) else { continue };
        let name = teller.name(subject);
        let text = text::printable(&format!("{name}{words}")).into_owned();
        if !seen.insert((at, kind, subject, text.clone())) {
            continue;
        }
        fold.ends_at(kind);
        let next = entries.len();
        if let Some(churn) = teller.churn(happening)
            && fold.takes(&churn, at, subject, &mut entries, next, &name)
        {
            continue;
        }
        entries.push(Entry { at, kind, subject, text });
    }
    entries
}

/// Something that may become an entry.
#[derive(Clone, Copy)]
enum Happening<'a> {
    Began(usize, &'a Deployment),
    GaveUp(usize, &'a Deployment),
    TaskSet(usize, &'a TaskSet),
    Event(usize, &'a ServiceEvent),
    Failed(usize, &'a Task),
    Alarm(&'a AlarmChange),
    Database(&'a DatabaseChange),
}

struct Dated<'a> {
    at: Timestamp,
    /// Its place in the picture: breaks ties, so that lines don't change places between two frames.
    place: Reverse<usize>,
    happening: Happening<'a>,
}

impl PartialEq for Dated<'_> {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.place) == (other.at, other.place)
    }
}

impl Eq for Dated<'_> {}

impl PartialOrd for Dated<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Dated<'_> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.place).cmp(&(other.at, other.place))
    }
}

struct Teller<'a> {
    platform: &'a Platform,
    picture: &'a Picture,
    subjects: Subjects<'a>,
    /// Whose each alarm is, by its name.
    /// Whose an alarm is, and whether its changes are news.
    alarms: HashMap<&'a str, (Subject, bool)>,
}

impl<'a> Teller<'a> {
    fn with_alarms(mut self) -> Self {
        let alarms = self.picture.alarms.value().into_iter().flatten();
        self.alarms = alarms.map(|a| (a.name.as_str(), (self.subjects.of_alarm(a), self.platform.heeds(a)))).collect();
        self
    }

    fn service(&self, i: usize) -> Option<(&'a ServiceSpec, &'a ServicePicture, &'a Service)> {
        let picture = self.picture.services.get(i)?;
        Some((self.platform.services.get(i)?, picture, picture.state.value()?))
    }

    fn happenings(&self) -> BinaryHeap<Dated<'a>> {
        let mut all: Vec<(Timestamp, Happening)> = Vec::new();
        for (i, service) in self.picture.services.iter().enumerate().take(self.platform.services.len()) {
            if let Some(state) = service.state.value() {
                for deployment in &state.deployments {
                    all.extend(deployment.created_at.map(|at| (at, Happening::Began(i, deployment))));
                    if deployment.rollout == Rollout::Failed && !event::tells_failure(&state.events, &deployment.id) {
                        all.extend(deployment.updated_at.map(|at| (at, Happening::GaveUp(i, deployment))));
                    }
                }
                let sets = state.task_sets.iter();
                all.extend(sets.filter_map(|set| Some((set.created_at?, Happening::TaskSet(i, set)))));
                let events = &state.events;
                all.extend(
                    events
                        .iter()
                        .enumerate()
                        .filter(|(n, e)| !event::repeats(e, events.get(n + 1)))
                        .map(|(_, e)| (e.at, Happening::Event(i, e))),
                );
            }
            let tasks = service.tasks.value().into_iter().flatten();
            all.extend(
                tasks.filter(|t| t.failed()).filter_map(|task| Some((task.stopped_at?, Happening::Failed(i, task)))),
            );
        }
        all.extend(self.picture.alarm_changes.iter().map(|change| (change.at, Happening::Alarm(change))));
        all.extend(self.picture.database_changes.iter().map(|change| (change.at, Happening::Database(change))));
        let dated = |(place, (at, happening))| Dated { at, place: Reverse(place), happening };
        all.into_iter().enumerate().map(dated).collect::<Vec<_>>().into()
    }

    fn tell(&self, happening: Happening) -> Option<(EntryKind, Subject, String)> {
        let (kind, subject, words) = match happening {
            Happening::Began(i, deployment) => {
                let (spec, picture, service) = self.service(i)?;
                // The reason may also be that of an old deployment taken up again: that one began long ago.
                let back = deployment.rollout_reason.as_deref().is_some_and(|r| r.contains("rolling back"))
                    && service.deployments.iter().all(|d| d.created_at <= deployment.created_at);
                let what = if back { "rollback to" } else { "deploy" };
                let label = picture.label(spec, &deployment.revision);
                (EntryKind::Deployment, Subject::Service(i), format!("{what} {label} began"))
            }
            Happening::GaveUp(i, deployment) => {
                let (spec, picture, _) = self.service(i)?;
                let label = picture.label(spec, &deployment.revision);
                let why = deployment.rollout_reason.as_ref().map_or_else(String::new, |r| format!(": {r}"));
                (EntryKind::Deployment, Subject::Service(i), format!("deploy {label} failed{why}"))
            }
            Happening::TaskSet(i, set) => {
                let (spec, picture, _) = self.service(i)?;
                let now = set.words().map_or_else(String::new, |words| format!(" ({words})"));
                let label = picture.label(spec, &set.revision);
                (EntryKind::Deployment, Subject::Service(i), format!("deploy {label} began{now}"))
            }
            Happening::Event(i, event) => {
                let (spec, picture, service) = self.service(i)?;
                let (kind, words) = event::tell(event, spec, picture, service)?;
                (kind, Subject::Service(i), words)
            }
            Happening::Failed(i, task) => {
                let words = format!("task {} {}", event::short_id(&task.id), self.failed(i, task)?);
                (EntryKind::TaskFailed, Subject::Service(i), words)
            }
            Happening::Alarm(change) => self.tell_alarm(change)?,
            Happening::Database(change) => self.tell_database(change)?,
        };
        Some((kind, subject, words))
    }

    /// What a line begins with. Where there is one service, its name would only take room.
    fn name(&self, subject: Subject) -> String {
        let several = self.platform.services.len() > 1;
        match subject {
            Subject::Service(i) if several => {
                self.platform.services.get(i).map(|s| format!("{}: ", self.subjects.called(s)))
            }
            _ => None,
        }
        .unwrap_or_default()
    }

    fn churn(&self, happening: Happening) -> Option<Churn> {
        match happening {
            Happening::Event(_, event) => event::churn(&event.message),
            Happening::Failed(i, task) => self.failed(i, task).map(Churn::Failed),
            _ => None,
        }
    }

    /// `of :42 a1b2c3d failed: why`.
    fn failed(&self, i: usize, task: &Task) -> Option<String> {
        let (spec, picture) = (self.platform.services.get(i)?, self.picture.services.get(i)?);
        let why = task.why_stopped().unwrap_or_else(|| "no reason given".to_owned());
        Some(format!("of {} failed: {why}", picture.label(spec, &task.revision)))
    }

    fn tell_database(&self, change: &DatabaseChange) -> Option<(EntryKind, Subject, String)> {
        let id = &self.platform.databases.get(change.database)?.id;
        let (kind, words) = if change.serves {
            (EntryKind::DatabaseBack, format!("RDS {id} is {} again, was {}", change.to, change.from))
        } else {
            (EntryKind::DatabaseDown, format!("RDS {id} is {}, was {}", change.to, change.from))
        };
        Some((kind, Subject::Database(change.database), words))
    }

    fn tell_alarm(&self, change: &AlarmChange) -> Option<(EntryKind, Subject, String)> {
        let name = &change.alarm;
        let (subject, heeded) = self.alarms.get(name.as_str()).copied().unwrap_or((Subject::Platform, true));
        // What auto scaling does then is told by the service's own events.
        if !heeded {
            return None;
        }
        let (kind, words) = match (change.from, change.to) {
            (_, AlarmState::Alarm) => (EntryKind::AlarmRaised, format!("{name} ALARM")),
            (Some(AlarmState::Alarm), AlarmState::Ok) => (EntryKind::AlarmCleared, format!("{name} OK again")),
            (Some(AlarmState::Alarm), AlarmState::InsufficientData) => {
                (EntryKind::AlarmCleared, format!("{name} has no data any more"))
            }
            // What it came from was not seen: of an alarm of ours, that it is well since then helps.
            (None, AlarmState::Ok) if self.platform.expected_alarm(name).is_some() => {
                (EntryKind::AlarmCleared, format!("{name} OK"))
            }
            _ => return None,
        };
        Some((kind, subject, words))
    }
}
