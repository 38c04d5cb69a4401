//! What kind of thing is wrong, told by a metric's or an alarm's name.

use crate::platform::Alarm;

/// What kind of thing is wrong: it decides the order among equals, and the runbook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Symptom {
    /// No task serves.
    TasksDown,
    /// The database does not serve.
    DatabaseDown,
    /// Requests or jobs fail.
    Errors,
    /// Requests are slow.
    Latency,
    Cpu,
    Memory,
    Queue,
    Connections,
    Storage,
    /// Anything else.
    Other,
}

impl Symptom {
    /// Users feel it directly, where CPU and the like only threaten to.
    pub(super) fn hurts_users(self) -> bool {
        matches!(self, Symptom::TasksDown | Symptom::DatabaseDown | Symptom::Errors | Symptom::Latency)
    }

    /// Nobody is served at all.
    pub(super) fn is_down(self) -> bool {
        matches!(self, Symptom::TasksDown | Symptom::DatabaseDown)
    }

    /// A new version of the program may well be its cause.
    pub(super) fn suspects_deploy(self) -> bool {
        matches!(self, Symptom::TasksDown | Symptom::Errors | Symptom::Latency)
    }

    /// What an alarm tells of. Its name first: `RDS-Down` may watch any metric.
    pub(super) fn of_alarm(alarm: &Alarm) -> Symptom {
        let name = plain(&alarm.name);
        if name.contains("tasksdown") || name.contains("notasks") || name.contains("servicedown") {
            return Symptom::TasksDown;
        }
        if name.contains("down") && ["rds", "database", "postgres", "aurora"].iter().any(|w| name.contains(w)) {
            return Symptom::DatabaseDown;
        }
        match &alarm.condition {
            Some(condition) => match Symptom::of_words(&plain(&condition.query.metric)) {
                Symptom::Other => Symptom::of_words(&name),
                symptom => symptom,
            },
            None => Symptom::of_words(&name),
        }
    }

    /// What a metric tells of.
    pub(super) fn of_metric(metric: &str) -> Symptom {
        Symptom::of_words(&plain(metric))
    }

    fn of_words(words: &str) -> Symptom {
        let any = |candidates: &[&str]| candidates.iter().any(|c| words.contains(c));
        if any(&["runningtaskcount", "healthyhostcount", "healthytaskcount"]) && !words.contains("unhealthy") {
            Symptom::TasksDown
        } else if any(&["5xx", "error", "fail", "fault"]) {
            Symptom::Errors
        } else if any(&["latency", "responsetime", "duration", "slow"]) {
            Symptom::Latency
        } else if any(&["queue", "backlog"]) {
            Symptom::Queue
        } else if any(&["cpu"]) {
            Symptom::Cpu
        } else if any(&["memory"]) {
            Symptom::Memory
        } else if any(&["connection"]) {
            Symptom::Connections
        } else if any(&["storage", "disk"]) {
            Symptom::Storage
        } else {
            Symptom::Other
        }
    }
}

/// Letters and digits only, in lower case: `ECS-AllTasksDown` and `ecs_all_tasks_down` are one name.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::{Comparison, fixture};

    #[test]
    fn an_alarm_known_by_its_name_is_not_taken_for_what_its_metric_is_called() {
        let alarm = |name: &str, metric: &str| Symptom::of_alarm(&fixture::alarm(name, metric, Comparison::Less, 1.0));
        assert_eq!(alarm("RDS-Down", "DatabaseConnections"), Symptom::DatabaseDown);
        assert_eq!(alarm("ecs_all_tasks_down", "CPUUtilization"), Symptom::TasksDown);
        assert_eq!(alarm("page-1", "HealthyHostCount"), Symptom::TasksDown);
        assert_eq!(alarm("page-2", "UnHealthyHostCount"), Symptom::Other);
        assert_eq!(alarm("API-SlowResponse", "m1"), Symptom::Latency);
        assert_eq!(alarm("page-3", "HTTPCode_Target_5XX_Count"), Symptom::Errors);
    }
}
