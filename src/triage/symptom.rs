//! What kind of thing is wrong, told by a metric's or an alarm's name.

use crate::platform::{Alarm, Comparison, Target};

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
        let name = words(&alarm.name);
        let has = |wanted: &[&str]| name.iter().any(|word| wanted.contains(&word.as_str()));
        let follows = |first: &str, second: &[&str]| {
            name.windows(2).any(|pair| pair[0] == first && second.contains(&pair[1].as_str()))
        };
        // `scale-down` is what the alarm does, not what happened.
        let verbs = ["scale", "scaling", "slow", "cool", "count", "step"];
        let down = (0..name.len()).any(|i| name[i] == "down" && (i == 0 || !verbs.contains(&name[i - 1].as_str())));
        if down && has(&["task", "tasks", "service", "services"]) || follows("no", &["task", "tasks"]) {
            return Symptom::TasksDown;
        }
        let database = &["rds", "db", "database", "databases", "postgres", "postgresql", "aurora"];
        if down && has(database) && !has(&["dynamo", "dynamodb"]) {
            return Symptom::DatabaseDown;
        }
        let Some(condition) = &alarm.condition else { return Symptom::of_words(&name, None) };
        let metric = words(&condition.query.metric);
        match Symptom::of_words(&metric, None) {
            Symptom::Other => Symptom::of_words(&name, None),
            _ => Symptom::of_words(&metric, Some(Side::of(condition.comparison))),
        }
    }

    /// What a metric tells of where it is on the wrong side of its target.
    pub(super) fn of_metric(metric: &str, target: Option<Target>) -> Symptom {
        let side = target.map(|target| match target {
            Target::Below(_) => Side::High,
            Target::Above(_) => Side::Low,
        });
        Symptom::of_words(&words(metric), side)
    }

    /// `side` is the bad one, where that is known: too little CPU work is no lack of CPU.
    fn of_words(words: &[String], side: Option<Side>) -> Symptom {
        let has = |candidates: &[&str]| words.iter().any(|word| candidates.contains(&word.as_str()));
        // `queued`, `jobqueue`.
        let like =
            |candidates: &[&str]| words.iter().any(|w| candidates.iter().any(|c| w.starts_with(c) || w.ends_with(c)));
        let adjacent = |first: &str, second: &str| words.windows(2).any(|pair| pair[0] == first && pair[1] == second);
        // Of what is left over, little is bad.
        let left = like(&["free"]) || has(&["available", "idle", "credit", "credits", "balance", "remaining"]);
        let scarce = if left { Side::Low } else { Side::High };
        let serve = adjacent("running", "task") || adjacent("healthy", "host") || adjacent("healthy", "task");
        let io = has(&["queue", "read", "write", "ops", "iops", "throughput", "latency"]);
        let (symptom, bad) = if serve && !has(&["un"]) {
            (Symptom::TasksDown, Side::Low)
        } else if like(&["5xx", "error", "errors"]) || like(&["fail"]) || has(&["fault", "faults"]) {
            (Symptom::Errors, Side::High)
        } else if like(&["latency", "latencies", "duration", "slow"]) || adjacent("response", "time") {
            (Symptom::Latency, Side::High)
        } else if like(&["disk", "storage"]) {
            // How busy a disk is says nothing of how full it is.
            (if io { Symptom::Other } else { Symptom::Storage }, scarce)
        } else if like(&["queue", "backlog"]) {
            (Symptom::Queue, Side::High)
        } else if like(&["cpu"]) {
            (Symptom::Cpu, scarce)
        } else if like(&["memory"]) {
            (Symptom::Memory, scarce)
        } else if like(&["connection", "connections"]) {
            (Symptom::Connections, Side::High)
        } else {
            (Symptom::Other, Side::High)
        };
        if side.is_none_or(|side| side == bad) { symptom } else { Symptom::Other }
    }
}

/// On which side of its threshold a number is bad.
#[derive(Clone, Copy, PartialEq)]
enum Side {
    Low,
    High,
}

impl Side {
    fn of(comparison: Comparison) -> Side {
        match comparison {
            Comparison::Greater | Comparison::GreaterOrEqual => Side::High,
            Comparison::Less | Comparison::LessOrEqual => Side::Low,
        }
    }
}

/// The words of a name, in lower case: `ECS-AllTasksDown` and `ecs_all_tasks_down` are ecs, all, tasks, down. Parts of
/// words mean nothing: there is no `rds` in `rewards`, and no `fault` in `default`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let letters: Vec<char> = name.chars().collect();
    for (i, letter) in letters.iter().enumerate() {
        if !letter.is_ascii_alphanumeric() {
            words.push(String::new());
            continue;
        }
        let before = i.checked_sub(1).map(|i| letters[i]);
        let after = letters.get(i + 1);
        // `RunningTask`, and `HTTPCode` at its C.
        let begins = letter.is_ascii_uppercase()
            && (before.is_some_and(|c| c.is_ascii_lowercase())
                || before.is_some_and(|c| c.is_ascii_uppercase()) && after.is_some_and(char::is_ascii_lowercase));
        if begins {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(letter.to_ascii_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::fixture;

    #[test]
    fn an_alarm_known_by_its_name_is_not_taken_for_what_its_metric_is_called() {
        let alarm = |name: &str, metric: &str| Symptom::of_alarm(&fixture::alarm(name, metric, Comparison::Less, 1.0));
        assert_eq!(alarm("RDS-Down", "DatabaseConnections"), Symptom::DatabaseDown);
        assert_eq!(alarm("ecs_all_tasks_down", "CPUUtilization"), Symptom::TasksDown);
        assert_eq!(alarm("page-1", "HealthyHostCount"), Symptom::TasksDown);
        assert_eq!(alarm("page-2", "UnHealthyHostCount"), Symptom::Other);
        assert_eq!(alarm("API-SlowResponse", "m1"), Symptom::Latency);
        assert_eq!(alarm("analytics-db-down", "m1"), Symptom::DatabaseDown);
        assert_eq!(alarm("api_service_down", "m1"), Symptom::TasksDown);
    }

    #[test]
    fn a_part_of_a_word_sends_nobody_to_the_wrong_place() {
        let alarm = |name: &str| Symptom::of_alarm(&fixture::alarm(name, "m1", Comparison::Greater, 1.0));
        let names =
            ["rewards-api-down", "dashboard-down", "DynamoDB-Down", "default-throughput", "api-service-scale-down"];
        for name in names {
            assert_eq!(alarm(name), Symptom::Other, "{name}");
        }
        assert_eq!(alarm("records-slowdown"), Symptom::Latency);
        assert_eq!(words("HTTPCode_Target_5XX_Count"), ["http", "code", "target", "5xx", "count"]);
        assert_eq!(words("5XXError"), ["5xx", "error"]);
    }

    #[test]
    fn what_is_on_the_other_side_is_another_trouble() {
        use Comparison::{Greater, Less};
        let alarm = |metric: &str, side| Symptom::of_alarm(&fixture::alarm("page", metric, side, 1.0));
        assert_eq!(alarm("RunningTaskCount", Greater), Symptom::Other, "more than eight run: that is no outage");
        assert_eq!(alarm("DatabaseConnections", Less), Symptom::Other, "nobody holds them");
        assert_eq!(alarm("CPUUtilization", Less), Symptom::Other, "an idle service needs no more tasks");
        assert_eq!(alarm("CPUCreditBalance", Less), Symptom::Cpu);
        assert_eq!(alarm("FreeableMemory", Less), Symptom::Memory);
        assert_eq!(alarm("FreeStorageSpace", Less), Symptom::Storage);
        assert_eq!(alarm("DiskUsedPercent", Greater), Symptom::Storage);
        assert_eq!(alarm("DiskQueueDepth", Greater), Symptom::Other, "a busy disk is neither full nor a queue of jobs");
        assert_eq!(alarm("QueueDepth", Greater), Symptom::Queue);
        assert_eq!(alarm("HTTPCode_Target_5XX_Count", Greater), Symptom::Errors);
        assert_eq!(alarm("TargetResponseTime", Greater), Symptom::Latency);
        let gauge = |metric, target| Symptom::of_metric(metric, target);
        assert_eq!(gauge("RunningTaskCount", Some(Target::Above(2.0))), Symptom::TasksDown);
        assert_eq!(gauge("RunningTaskCount", Some(Target::Below(8.0))), Symptom::Other);
        assert_eq!(gauge("Latency", None), Symptom::Latency);
    }
}
