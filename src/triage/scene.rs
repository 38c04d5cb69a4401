//! What every look needs: the platform, the picture, the instant, and who owns which metric.

use std::cell::OnceCell;
use std::collections::HashMap;

use jiff::Timestamp;

use super::draft::Topic;
use super::symptom::Symptom;
use super::zone::Shared;
use crate::platform::{
    Alarm, MetricQuery, Picture, Platform, Point, ServicePicture, ServiceSpec, Subject, Subjects, TroubleKind,
};

pub(super) struct Scene<'a> {
    pub(super) platform: &'a Platform,
    pub(super) picture: &'a Picture,
    pub(super) now: Timestamp,
    pub(super) subjects: Subjects<'a>,
    /// Alarms by what they watch; made when first asked for.
    watching: OnceCell<HashMap<Topic<'a>, Vec<&'a Alarm>>>,
    shared: OnceCell<Option<Shared>>,
}

impl<'a> Scene<'a> {
    pub(super) fn of(platform: &'a Platform, picture: &'a Picture, now: Timestamp) -> Scene<'a> {
        Scene {
            platform,
            picture,
            now,
            subjects: Subjects::of(platform),
            watching: OnceCell::new(),
            shared: OnceCell::new(),
        }
    }

    /// What a zone took with it, where it took both a database and tasks.
    pub(super) fn shared_zone(&self) -> Option<&Shared> {
        self.shared.get_or_init(|| Shared::of(self)).as_ref()
    }

    /// How a service is found, and what is known of it.
    pub(super) fn service(&self, i: usize) -> Option<(&'a ServiceSpec, &'a ServicePicture)> {
        Some((self.platform.services.get(i)?, self.picture.services.get(i)?))
    }

    /// Whose an alarm is. Where its dimensions don't say, a platform's only service or database is meant.
    pub(super) fn owner(&self, alarm: &Alarm) -> Subject {
        match (self.subjects.of_alarm(alarm), Symptom::of_alarm(alarm)) {
            (Subject::Platform, Symptom::TasksDown) if self.platform.services.len() == 1 => Subject::Service(0),
            (Subject::Platform, Symptom::DatabaseDown) if self.platform.databases.len() == 1 => Subject::Database(0),
            (subject, _) => subject,
        }
    }

    /// What a subject is called: `analytics-api`, `RDS analytics`; empty for the platform.
    pub(super) fn name(&self, subject: Subject) -> String {
        match subject {
            Subject::Service(i) => self.called(i),
            Subject::Database(i) => {
                self.platform.databases.get(i).map_or_else(String::new, |d| format!("RDS {}", d.id))
            }
            Subject::Platform => String::new(),
        }
    }

    /// What a service is called, by itself or in a title: [`Subjects::called`].
    pub(super) fn called(&self, i: usize) -> String {
        self.platform.services.get(i).map_or_else(String::new, |spec| self.subjects.called(spec))
    }

    /// What ids of findings about a subject begin with; two clusters may have services of one name.
    pub(super) fn path(&self, subject: Subject) -> String {
        match subject {
            Subject::Service(i) => self.platform.services.get(i).map_or_else(String::new, ServiceSpec::path),
            Subject::Database(i) => self.platform.databases.get(i).map_or_else(String::new, |d| d.id.clone()),
            Subject::Platform => self.platform.name.clone(),
        }
    }

    /// The alarms on a metric, whatever the statistic, those first that the platform counts on.
    pub(super) fn alarms_on(&self, query: &'a MetricQuery) -> &[&'a Alarm] {
        let watching = self.watching.get_or_init(|| {
            let mut watching: HashMap<Topic<'a>, Vec<&'a Alarm>> = HashMap::new();
            for alarm in self.picture.alarms.value().into_iter().flatten().filter(|a| self.platform.heeds(a)) {
                if let Some(condition) = &alarm.condition {
                    watching.entry(Topic::metric(&condition.query)).or_default().push(alarm);
                }
            }
            for alarms in watching.values_mut().filter(|alarms| alarms.len() > 1) {
                alarms.sort_by_key(|a| self.platform.expected_alarm(&a.name).map_or(1, |_| 0));
            }
            watching
        });
        watching.get(&Topic::metric(query)).map_or(&[], Vec::as_slice)
    }

    /// The newest point of a gauge, if it spoke of the present when it was last asked for: while nobody asks, what is
    /// known is as old as all else, but not over.
    pub(super) fn fresh_point(&self, gauge: usize) -> Option<Point> {
        let asked = self.picture.series.get(gauge)?.as_of().unwrap_or(self.now);
        self.picture.fresh_point(gauge, asked.min(self.now))
    }

    /// Nothing that the platform file names is there: it is another region's, or another account's. Where its alarms or its
    /// numbers are, its names are wrong.
    pub(super) fn is_elsewhere(&self) -> bool {
        let (services, databases) = (self.platform.services.len(), self.platform.databases.len());
        services > 0
            && databases > 0
            && (0..services).all(|i| self.is_missing(Subject::Service(i)))
            && (0..databases).all(|i| self.is_missing(Subject::Database(i)))
            && !self.picture.series.iter().any(|part| part.value().is_some_and(|series| series.latest().is_some()))
            && !self
                .picture
                .alarms
                .value()
                .into_iter()
                .flatten()
                .any(|a| self.platform.expected_alarm(&a.name).is_some())
    }

    /// AWS says that the subject is not there: nothing else about it can surprise.
    pub(super) fn is_missing(&self, subject: Subject) -> bool {
        let trouble = match subject {
            Subject::Service(i) => self.picture.services.get(i).and_then(|s| s.state.trouble()),
            Subject::Database(i) => self.picture.databases.get(i).and_then(|d| d.trouble()),
            Subject::Platform => None,
        };
        trouble.is_some_and(|t| t.kind == TroubleKind::NotFound)
    }
}
