//! What every look needs: the platform, the picture, the instant, and who owns which metric.

use jiff::{SignedDuration, Timestamp};

use crate::platform::{Picture, Platform, Point, ServicePicture, ServiceSpec, Subject, Subjects, TroubleKind};

/// A point older than this does not speak of now.
const FRESH: SignedDuration = SignedDuration::from_mins(15);

pub(super) struct Scene<'a> {
    pub(super) platform: &'a Platform,
    pub(super) picture: &'a Picture,
    pub(super) now: Timestamp,
    pub(super) subjects: Subjects<'a>,
}

impl<'a> Scene<'a> {
    pub(super) fn of(platform: &'a Platform, picture: &'a Picture, now: Timestamp) -> Scene<'a> {
        Scene { platform, picture, now, subjects: Subjects::of(platform) }
    }

    /// How a service is found, and what is known of it.
    pub(super) fn service(&self, i: usize) -> Option<(&'a ServiceSpec, &'a ServicePicture)> {
        Some((self.platform.services.get(i)?, self.picture.services.get(i)?))
    }

    /// What a subject is called: `analytics-api`, `RDS analytics`; empty for the platform.
    pub(super) fn name(&self, subject: Subject) -> String {
        match subject {
            Subject::Service(i) => self.platform.services.get(i).map(|s| s.name.clone()),
            Subject::Database(i) => self.platform.databases.get(i).map(|d| format!("RDS {}", d.id)),
            Subject::Platform => None,
        }
        .unwrap_or_default()
    }

    /// What ids of findings about a subject begin with; two clusters may have services of one name.
    pub(super) fn path(&self, subject: Subject) -> String {
        match subject {
            Subject::Service(i) => {
                self.platform.services.get(i).map_or_else(String::new, |s| format!("{}/{}", s.cluster, s.name))
            }
            Subject::Database(i) => self.platform.databases.get(i).map_or_else(String::new, |d| d.id.clone()),
            Subject::Platform => self.platform.name.clone(),
        }
    }

    /// The newest point of a gauge, if it speaks of now.
    pub(super) fn fresh_point(&self, gauge: usize) -> Option<Point> {
        let point = self.picture.series.get(gauge)?.value()?.latest()?;
        (self.now.duration_since(point.at) <= FRESH).then_some(point)
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
