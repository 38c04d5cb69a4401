//! What a deployment waits for whose tasks all run: told from a look at its service and its tasks, so pure.

use std::time::Duration;

use jiff::SignedDuration;

use crate::platform::text::duration;
use crate::platform::{Health, Task};

/// Each change of the words is a record of the journal, synced: so often they change at most.
const TOLD_EVERY: u64 = 20;

/// What a look at the service tells of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Waits {
    /// Tasks of its own that are too many.
    pub(super) surplus: u32,
    /// Tasks of other deployments.
    pub(super) old: u32,
    /// Tasks of other deployments that were told to stop and have not stopped yet.
    pub(super) draining: u32,
    /// Its tasks have health checks.
    pub(super) checked: bool,
    /// Minutes that ECS waits on purpose.
    pub(super) bake_minutes: u32,
}

impl Waits {
    /// Which tasks it waits for, with those of the deployment `id` among these; `None` if only ECS's word is missing.
    pub(super) fn for_tasks(self, id: &str, tasks: &[Task]) -> Option<String> {
        let stop = |count: u32, whose: &str| format!("waiting for {count} {whose} to stop");
        let plural = |count: u32| if count == 1 { "task" } else { "tasks" };
        if self.surplus > 0 {
            return Some(stop(self.surplus, plural(self.surplus)));
        }
        if let Some(checks) = checks(id, tasks).filter(|_| self.checked) {
            return Some(checks);
        }
        if self.old > 0 {
            return Some(stop(self.old, &format!("old {}", plural(self.old))));
        }
        (self.draining > 0).then(|| format!("waiting for {} old {} to drain", self.draining, plural(self.draining)))
    }

    /// … which has been missing for so long.
    pub(super) fn for_ecs(self, since: Duration) -> String {
        let told = since.as_secs() / TOLD_EVERY * TOLD_EVERY;
        let span = |seconds: u64| duration(SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX)));
        let so_far = if told > 0 { format!(", {}", span(told)) } else { String::new() };
        let bake = match self.bake_minutes {
            0 => String::new(),
            minutes => format!(" after the {} that it waits on purpose", span(u64::from(minutes) * 60)),
        };
        format!("waiting for ECS to call it steady{bake}{so_far}")
    }
}

/// Tasks whose health check has not passed yet.
fn checks(id: &str, tasks: &[Task]) -> Option<String> {
    let own = tasks.iter().filter(|task| !task.is_stopped() && task.started_by.as_deref() == Some(id));
    let count = |health: Health| own.clone().filter(|task| task.health == health).count();
    match (count(Health::Unhealthy), count(Health::Unknown)) {
        (0, 0) => None,
        (0, 1) => Some("waiting for the health check of 1 task".to_owned()),
        (0, waiting) => Some(format!("waiting for the health checks of {waiting} tasks")),
        (1, _) => Some("waiting: the health check of 1 task fails".to_owned()),
        (failing, _) => Some(format!("waiting: the health checks of {failing} tasks fail")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::fixture;

    const OWN: &str = "ecs-svc/2";

    fn task(health: Health) -> Task {
        let task = fixture::picture().services[0].tasks.value().unwrap()[0].clone();
        Task { started_by: Some(OWN.to_owned()), health, ..task }
    }

    #[test]
    fn who_sees_all_tasks_run_is_told_what_keeps_the_run_from_its_end() {
        let (waits, soon) = (Waits::default(), Duration::from_secs(47));
        let (well, unknown, bad) = (task(Health::Healthy), task(Health::Unknown), task(Health::Unhealthy));
        let old = Task { started_by: Some("ecs-svc/1".to_owned()), ..unknown.clone() };
        let told = |waits: Waits, tasks: &[Task]| waits.for_tasks(OWN, tasks).unwrap_or_else(|| waits.for_ecs(soon));
        assert_eq!(told(waits, &[]), "waiting for ECS to call it steady, 40s");
        assert_eq!(waits.for_ecs(Duration::ZERO), "waiting for ECS to call it steady");
        let bakes = Waits { bake_minutes: 15, ..waits };
        assert_eq!(told(bakes, &[]), "waiting for ECS to call it steady after the 15m that it waits on purpose, 40s");
        let replacing = Waits { old: 1, checked: true, ..waits };
        assert_eq!(told(replacing, std::slice::from_ref(&well)), "waiting for 1 old task to stop");
        assert_eq!(told(Waits { draining: 2, ..waits }, &[]), "waiting for 2 old tasks to drain");
        assert_eq!(told(Waits { surplus: 2, ..waits }, &[]), "waiting for 2 tasks to stop");
        assert_eq!(told(replacing, &[unknown.clone(), well, old]), "waiting for the health check of 1 task");
        assert_eq!(told(replacing, &[unknown.clone(), unknown.clone()]), "waiting for the health checks of 2 tasks");
        assert_eq!(told(replacing, &[unknown.clone(), bad]), "waiting: the health check of 1 task fails");
        let unchecked = Waits { checked: false, ..replacing };
        assert_eq!(told(unchecked, &[unknown]), "waiting for 1 old task to stop", "it has no health check");
    }
}
