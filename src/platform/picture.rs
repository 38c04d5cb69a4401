//! What is known of the platform at one instant; every part carries its own age and its last error.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{
    Alarm, AlarmChange, AlarmState, Database, FRESH, Gauge, Identity, Image, Level, Part, Platform, Point, Revision,
    STOPPED_AFTER, Scaling, Series, Service, ServiceSpec, Serving, Spent, Subject, Task, Trouble,
};

/// All that is known of one service. Its name is in [`Platform::services`] at the same index.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ServicePicture {
    /// The service itself.
    pub state: Part<Service>,
    /// Its tasks, running ones and those that stopped in the last hour, newest first.
    pub tasks: Part<Vec<Task>>,
    /// Its auto scaling; `Some(None)` when it has none.
    pub scaling: Part<Option<Scaling>>,
}

impl ServicePicture {
    /// The image that a revision runs: of its task's container that the platform file names, or the
    /// first one. `None` while no task of that revision is known.
    pub fn image_of(&self, spec: &ServiceSpec, revision: &Revision) -> Option<&Image> {
        let task = self.tasks.value()?.iter().find(|task| task.revision == *revision)?;
        let container = match &spec.container {
            Some(name) => task.container(name),
            None => task.containers.first(),
        };
        container.map(|container| &container.image)
    }

    /// A revision as the screen says it: `:42 a1b2c3d`, or `:42` while its image is not known.
    pub fn label(&self, spec: &ServiceSpec, revision: &Revision) -> String {
        match self.image_of(spec, revision) {
            Some(image) => format!("{revision} {}", image.short()),
            None => revision.to_string(),
        }
    }
}

/// The picture. Vectors stand in the same order as those of the [`Platform`].
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Picture {
    /// Who asks.
    pub identity: Part<Identity>,
    /// The region that is asked, once it is known.
    pub region: Option<String>,
    /// As [`Platform::services`].
    pub services: Vec<ServicePicture>,
    /// As [`Platform::databases`].
    pub databases: Vec<Part<Database>>,
    /// Every alarm of the region, worst first, then by name.
    pub alarms: Part<Vec<Alarm>>,
    /// As [`Platform::gauges`].
    pub series: Vec<Part<Series>>,
    /// Alarm changes, newest first: the last one of each alarm, and all that were seen since.
    pub alarm_changes: Vec<AlarmChange>,
    /// When databases stopped to serve and began to again, newest first, as far as that was seen.
    pub database_changes: Vec<DatabaseChange>,
    /// What the session has cost.
    pub spent: Spent,
    /// How far the local clock is ahead of AWS's.
    pub clock_skew: Option<SignedDuration>,
}

/// A database that stopped to serve, or serves again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DatabaseChange {
    /// Its index in [`Platform::databases`].
    pub database: usize,
    /// When that was seen, up to the cadence of its source after it happened.
    pub at: Timestamp,
    /// Its status before.
    pub from: String,
    /// Its status since.
    pub to: String,
    /// It serves since.
    pub serves: bool,
}

/// One thing learned. `usize` is an index into the [`Platform`]'s vector of the kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// Who asks.
    Identity(Result<Identity, Trouble>),
    /// The region that is asked.
    Region(String),
    /// A service.
    Service(usize, Result<Box<Service>, Trouble>),
    /// A service's tasks.
    Tasks(usize, Result<Vec<Task>, Trouble>),
    /// A service's auto scaling.
    Scaling(usize, Result<Option<Scaling>, Trouble>),
    /// A database.
    Database(usize, Result<Box<Database>, Trouble>),
    /// All alarms.
    Alarms(Result<Vec<Alarm>, Trouble>),
    /// New points of a gauge; none means that CloudWatch has none for those minutes.
    Points(usize, Result<Vec<Point>, Trouble>),
}

/// What one question to one source brought.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// When it was true.
    pub at: Timestamp,
    /// How long until the same source is asked again.
    pub next: SignedDuration,
    /// What was learned.
    pub facts: Vec<Fact>,
    /// What the session has cost by now.
    pub spent: Spent,
    /// How far the local clock is ahead of AWS's, if that was seen.
    pub clock_skew: Option<SignedDuration>,
}

/// Alarm changes kept; older ones fall out.
const CHANGES_KEPT: usize = 500;

impl Picture {
    /// The empty picture of a platform: everything pending.
    pub fn of(platform: &Platform) -> Picture {
        Picture {
            services: vec![ServicePicture::default(); platform.services.len()],
            databases: vec![Part::default(); platform.databases.len()],
            series: vec![Part::default(); platform.gauges.len()],
            ..Picture::default()
        }
    }

    /// Takes an observation in, and answers whether anything in it is news. Facts about what the platform does not have
    /// are ignored.
    pub fn take(&mut self, observation: Observation) -> bool {
        let Observation { at, next, facts, spent, clock_skew } = observation;
        let mut is_news = clock_skew.is_some() && clock_skew != self.clock_skew;
        self.spent = spent;
        self.clock_skew = clock_skew.or(self.clock_skew);
        for fact in facts {
            is_news |= match fact {
                Fact::Region(region) => self.region.replace(region.clone()).as_ref() != Some(&region),
                Fact::Identity(answer) => self.identity.take(answer, at, next),
                Fact::Service(i, answer) => {
                    self.services.get_mut(i).is_some_and(|s| s.state.take(answer.map(|s| *s), at, next))
                }
                Fact::Tasks(i, answer) => self.services.get_mut(i).is_some_and(|s| s.tasks.take(answer, at, next)),
                Fact::Scaling(i, answer) => self.services.get_mut(i).is_some_and(|s| s.scaling.take(answer, at, next)),
                Fact::Database(i, answer) => {
                    if let Ok(database) = &answer {
                        self.note_database_change(i, database, at);
                    }
                    self.databases.get_mut(i).is_some_and(|d| d.take(answer.map(|d| *d), at, next))
                }
                Fact::Alarms(answer) => self.take_alarms(answer, at, next),
                Fact::Points(i, Ok(points)) => self.series.get_mut(i).is_some_and(|series| {
                    let is_news = !(points.is_empty() && series.is_live(at));
                    series.amend(at, next, |s| s.extend(points));
                    is_news
                }),
                Fact::Points(i, Err(trouble)) => {
                    self.series.get_mut(i).is_some_and(|series| series.take(Err(trouble), at, next))
                }
            };
        }
        is_news
    }

    fn take_alarms(&mut self, answer: Result<Vec<Alarm>, Trouble>, at: Timestamp, next: SignedDuration) -> bool {
        let answer = answer.map(|mut alarms| {
            alarms.sort_by(|a, b| b.state.cmp(&a.state).then_with(|| a.name.cmp(&b.name)));
            alarms
        });
        if let Ok(alarms) = &answer {
            self.note_alarm_changes(alarms, at);
        }
        self.alarms.take(answer, at, next)
    }

    fn note_alarm_changes(&mut self, alarms: &[Alarm], at: Timestamp) {
        let known_states: std::collections::HashMap<&str, (AlarmState, Option<Timestamp>)> =
            self.alarms.value().into_iter().flatten().map(|a| (a.name.as_str(), (a.state, a.since))).collect();
        let mut changes = Vec::new();
        for alarm in alarms {
            let known = known_states.get(alarm.name.as_str()).copied();
            let changed = match known {
                Some((state, since)) => state != alarm.state || (alarm.since != since && alarm.since.is_some()),
                None => alarm.since.is_some(),
            };
            if changed {
                changes.push(AlarmChange {
                    alarm: alarm.name.clone(),
                    at: alarm.since.unwrap_or(at),
                    from: known.map(|(state, _)| state).filter(|state| *state != alarm.state),
                    to: alarm.state,
                    summary: alarm.reason.clone(),
                });
            }
        }
        if !changes.is_empty() {
            self.alarm_changes.extend(changes);
            self.alarm_changes.sort_by_key(|change| std::cmp::Reverse(change.at));
            self.alarm_changes.truncate(CHANGES_KEPT);
        }
    }

    /// RDS does not say since when a database is as it is: what was seen does.
    fn note_database_change(&mut self, i: usize, database: &Database, at: Timestamp) {
        let Some(known) = self.databases.get(i).and_then(Part::value) else { return };
        let serves = |database: &Database| database.serving() != Serving::No;
        if serves(known) != serves(database) {
            let (from, to, serves) = (known.status.clone(), database.status.clone(), serves(database));
            self.database_changes.insert(0, DatabaseChange { database: i, at, from, to, serves });
            self.database_changes.truncate(CHANGES_KEPT);
        }
    }

    /// Why nothing can be told, where every part fails for one kind of reason: AWS throttles all, or can't be reached.
    /// One of those troubles. Who asks, tasks and auto scaling don't count: they are asked seldom, or of some only.
    pub fn silenced(&self) -> Option<&Trouble> {
        let services = self.services.iter().map(|service| service.state.trouble());
        let databases = self.databases.iter().map(Part::trouble);
        let series = self.series.iter().map(Part::trouble);
        let mut all = services.chain(databases).chain(series).chain([self.alarms.trouble()]);
        let first = all.next()??;
        let rest: Option<Vec<&Trouble>> = all.collect();
        rest.filter(|rest| !rest.is_empty() && rest.iter().all(|trouble| trouble.kind == first.kind)).map(|_| first)
    }

    /// Whether a subject does anything now, as far as is known: a database serves, a service has a task that runs.
    pub fn works(&self, subject: Subject) -> bool {
        match subject {
            Subject::Database(i) => {
                let database = self.databases.get(i).and_then(Part::value);
                database.is_none_or(|database| database.serving() != Serving::No)
            }
            Subject::Service(i) => {
                let state = self.services.get(i).and_then(|service| service.state.value());
                state.is_none_or(|service| service.running > 0)
            }
            Subject::Platform => true,
        }
    }

    /// The age of a gauge's newest number where it does not speak of the present: nothing came since, or what it
    /// measured has stopped working. A number past its target is told as it is.
    pub fn outdated(&self, index: usize, gauge: &Gauge, now: Timestamp) -> Option<SignedDuration> {
        let (point, level) = self.reading(index, gauge)?;
        let age = now.duration_since(point.at);
        let of_the_past = level != Some(Level::Past) && !self.works(gauge.subject);
        (age > STOPPED_AFTER || of_the_past).then_some(age)
    }

    /// The newest number of a gauge, if it speaks of this instant.
    pub fn fresh_point(&self, index: usize, at: Timestamp) -> Option<Point> {
        let point = self.series.get(index)?.value()?.latest()?;
        (at.duration_since(point.at) <= FRESH).then_some(point)
    }

    /// The newest number of a gauge, and how it stands to its target.
    pub fn reading(&self, index: usize, gauge: &Gauge) -> Option<(Point, Option<Level>)> {
        let point = self.series.get(index)?.value()?.latest()?;
        Some((point, gauge.target.map(|t| t.level(point.value))))
    }
}
