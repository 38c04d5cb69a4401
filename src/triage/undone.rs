//! Whether a service went back to an older revision, by ECS's own doing or by somebody's.

use jiff::{SignedDuration, Timestamp};

use super::SUSPECT;
use super::deployments::{is_current, speaks_of_rollback};
use super::draft::{Draft, Topic};
use super::scene::Scene;
use crate::platform::{Deployment, Revision, Rollout, ServicePicture, text};

/// Numbers reach CloudWatch, and its alarms, well within this time of being true.
const LAG: SignedDuration = SignedDuration::from_mins(5);

/// A service that runs, or is about to run, what it ran before.
pub(super) struct Undone {
    /// `:41 5f862a4`.
    label: String,
    /// When the way back began.
    at: Timestamp,
    /// When the old revision alone ran; `None` while it is on its way.
    over: Option<Timestamp>,
}

impl Undone {
    /// How the service went back, if that is what its newest deployment does.
    pub(super) fn of(scene: &Scene, service: usize) -> Option<Undone> {
        let (spec, picture) = scene.service(service)?;
        let state = picture.state.value()?;
        let primary = state.primary()?;
        let event = state.events.iter().find(|e| is_current(e, Some(primary), scene.now));
        let says = primary.rollout_reason.as_deref().is_some_and(speaks_of_rollback);
        let at = match event {
            Some(event) => event.at,
            // ECS may take the old deployment up again, which began long ago.
            None if says => primary.updated_at.or(primary.created_at)?,
            None => primary.created_at.filter(|at| leaves_a_newer_one(picture, primary, *at))?,
        };
        (scene.now.duration_since(at) <= SUSPECT).then(|| Undone {
            label: picture.label(spec, &primary.revision),
            at,
            over: (primary.rollout == Rollout::Completed).then(|| primary.updated_at.unwrap_or(at).max(at)),
        })
    }

    /// What to know and to do about a finding that is older than the way back; `None` about a younger one.
    pub(super) fn words(&self, scene: &Scene, draft: &Draft) -> Option<String> {
        if draft.since.is_some_and(|since| since > self.at) {
            return None;
        }
        let (label, at) = (&self.label, text::minute(self.at));
        let Some(over) = self.over else { return Some(format!("going back to {label} since {at}: wait for it")) };
        let clears = clears_after(scene, draft);
        let patience = LAG + SignedDuration::from_mins(clears.unwrap_or(0));
        if scene.now.duration_since(over) > patience {
            return Some(format!("rolled back to {label} at {at}, and it goes on: look for another cause"));
        }
        Some(match clears {
            Some(1) => format!("rolled back to {label} at {at}; the alarm needs 1 good minute to clear"),
            Some(minutes) => format!("rolled back to {label} at {at}; the alarm needs {minutes} good minutes to clear"),
            None => format!("rolled back to {label} at {at}; the numbers follow within minutes"),
        })
    }
}

/// Something newer of the same family was there before a deployment began. ECS lists a deployment no more once
/// it is replaced; its tasks it still does, for an hour after they stopped.
fn leaves_a_newer_one(picture: &ServicePicture, primary: &Deployment, began: Timestamp) -> bool {
    let newer = |revision: &Revision| revision.is_newer_than(&primary.revision);
    let before = |at: Option<Timestamp>| at.is_some_and(|at| at <= began);
    let state = picture.state.value();
    state.is_some_and(|s| s.deployments.iter().any(|d| newer(&d.revision) && before(d.created_at)))
        || picture.tasks.value().is_some_and(|tasks| tasks.iter().any(|t| newer(&t.revision) && before(t.created_at)))
}

/// Minutes on the good side after which the alarm that a finding tells of is OK again; `None` where none fires.
fn clears_after(scene: &Scene, draft: &Draft) -> Option<i64> {
    let alarms = scene.picture.alarms.value()?;
    let fires = |alarm: &&crate::platform::Alarm| alarm.state == crate::platform::AlarmState::Alarm;
    let mut fires = alarms.iter().filter(fires);
    let condition = match &draft.topic {
        Topic::Metric(..) | Topic::Own | Topic::Tasks(_) => {
            fires.find(|a| a.name == draft.title)?.condition.as_ref()?
        }
        _ => return None,
    };
    // It is OK as soon as fewer than M of the last N are bad.
    let good = condition.evaluation_periods.saturating_sub(condition.datapoints_to_alarm) + 1;
    Some(i64::from(good * condition.period_seconds).div_euclid(60).max(1))
}
