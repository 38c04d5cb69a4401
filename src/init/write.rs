//! What was found, as a commented platform file. Pure.

use std::fmt::Write as _;

use super::found::{Found, FoundService};
use crate::platform::text::printable;
use crate::platform::{Alarm, AlarmCondition, Comparison, Database};

/// More alarms than this, of no service or database of the platform, are other people's.
const OWN_ALARMS: usize = 50;

/// The platform file of what was found. It always reads back.
pub fn write(found: &Found) -> String {
    let mut out = String::from(
        "# Written by `plantao init`, which looked at the account. Read it, and change what is not so.\n\
         # The format, with all that may be written: assets/platform.toml in plantao's repository.\n\
         # After a change: plantao check\n\n",
    );
    for note in &found.notes {
        let _ = writeln!(out, "# Could not be looked at: {}", comment(note));
    }
    line(&mut out, "name", &found.name);
    if let Some(account) = &found.account {
        out.push_str("# The account that it must be: with any other, plantao says so first.\n");
        line(&mut out, "account", account);
    }
    if let Some(region) = &found.region {
        line(&mut out, "region", region);
    }
    if let Some(profile) = &found.profile {
        line(&mut out, "profile", profile);
    }
    for one in &found.services {
        service(&mut out, one);
    }
    for one in &found.databases {
        database(&mut out, one);
    }
    gauges(&mut out, found);
    alarms(&mut out, found);
    out.push_str("\n# [[link]]\n# title = \"Dashboard\"\n# url = \"https://…\"\n");
    out
}

fn service(out: &mut String, service: &FoundService) {
    out.push_str("\n[[service]]\n");
    line(out, "name", &service.name);
    line(out, "cluster", &service.cluster);
    let main = service.main_container();
    if let Some(main) = main {
        let others: Vec<_> = service.containers.iter().filter(|c| *c != main).map(|c| c.name.as_str()).collect();
        if !others.is_empty() {
            let _ =
                writeln!(out, "# The container that carries the release; beside it: {}", comment(&others.join(", ")));
        }
        line(out, "container", &main.name);
        if let Some(group) = &main.log_group {
            line(out, "log-group", group);
        }
        if let Some(repository) = main.repository() {
            line(out, "repository", repository);
        }
    }
    match service.scaling {
        Some(scaling) => {
            let _ = writeln!(out, "auto-scaling = true    # {} to {} tasks today", scaling.min, scaling.max);
        }
        None => out.push_str("auto-scaling = false   # it has no scalable target\n"),
    }
    out.push_str(
        "# health-url = \"https://…/health\"\n# Database connections that one task may hold:\n# pool-size = 10\n",
    );
}

fn database(out: &mut String, database: &Database) {
    out.push_str("\n[[database]]\n");
    line(out, "id", &database.id);
    let _ =
        writeln!(out, "# {} {}, {}", comment(&database.engine), comment(&database.version), comment(&database.class));
    match memory_gib(&database.class).filter(|_| database.engine.contains("postgres")) {
        Some(gib) => {
            let _ = writeln!(
                out,
                "# An estimate from the class, below what PostgreSQL allows by default: see SHOW max_connections.\n\
                 connections-limit = {}",
                (gib * 80).min(4_000)
            );
        }
        None => out.push_str("# connections-limit = 80   # four fifths of max_connections is a good limit\n"),
    }
    out.push_str("# secret = \"…\"             # the Secrets Manager secret that holds its URL\n# database = \"…\"           # its name inside the instance\n");
}

/// Memory of the burstable, general and memory-optimised classes, from Amazon RDS's table of
/// "Hardware specifications for DB instance classes".
fn memory_gib(class: &str) -> Option<u32> {
    let mut parts = class.strip_prefix("db.")?.split('.');
    let (family, size) = (parts.next()?, parts.next()?);
    let general = match size {
        "micro" => 1,
        "small" => 2,
        "medium" => 4,
        "large" => 8,
        "xlarge" => 16,
        _ => size.strip_suffix("xlarge")?.parse::<u32>().ok().filter(|n| (1..=64).contains(n))? * 16,
    };
    match family.chars().next()? {
        't' | 'm' => Some(general),
        'r' => Some(general * 2),
        _ => None,
    }
}

fn gauges(out: &mut String, found: &Found) {
    out.push_str(
        "\n# CPU, memory, connections and free storage are measured without asking. Your own series:\n\
         # [[gauge]]\n# title = \"p95\"\n",
    );
    if let Some(service) = found.services.first() {
        let _ = writeln!(out, "# of = {}", quoted(&service.name));
    }
    out.push_str(
        "# namespace = \"…\"\n# metric = \"Latency\"\n# dimensions = { Service = \"…\" }\n# statistic = \"p95\"\n\
         # unit = \"milliseconds\"\n# target = \"< 300 ms\"\n",
    );
}

fn alarms(out: &mut String, found: &Found) {
    let mut own: Vec<&Alarm> = found.alarms.iter().filter(|alarm| !made_by_scaling(alarm)).collect();
    if own.len() > OWN_ALARMS {
        own.retain(|alarm| alarm.condition.as_ref().is_some_and(|condition| belongs(found, condition)));
    }
    own.sort_by(|a, b| a.name.cmp(&b.name));
    own.dedup_by(|a, b| a.name == b.name);
    if own.is_empty() {
        out.push_str("\n# [[alarm]]\n# name = \"…\"\n# severity = \"critical\"\n# runbook = \"rollback\"\n");
        return;
    }
    out.push_str(
        "\n# The alarms that the team counts on. Severity and runbook are guesses from name and metric: critical\n\
         # (users are hurt now), warning, notice; scale, rollback, emergency-deploy, vacuum, or one of your own.\n",
    );
    for alarm in own {
        if unfit(&alarm.name) {
            let _ = writeln!(out, "\n# Left out, for its name: {}", comment(&alarm.name));
            continue;
        }
        out.push_str("\n[[alarm]]\n");
        line(out, "name", &alarm.name);
        line(out, "severity", if is_critical(&alarm.name) { "critical" } else { "warning" });
        if let Some(runbook) = alarm.condition.as_ref().and_then(runbook) {
            line(out, "runbook", runbook);
        }
        if let Some(condition) = &alarm.condition {
            line(out, "when", &when(condition));
        }
    }
}

/// Target tracking makes alarms of its own, and its low one is in ALARM whenever all is quiet.
fn made_by_scaling(alarm: &Alarm) -> bool {
    alarm.name.starts_with("TargetTracking-")
}

fn belongs(found: &Found, condition: &AlarmCondition) -> bool {
    condition.query.dimensions.iter().any(|(_, value)| {
        found.services.iter().any(|s| s.name == *value || s.cluster == *value)
            || found.databases.iter().any(|d| d.id == *value)
    })
}

fn is_critical(name: &str) -> bool {
    let name = name.to_lowercase();
    ["down", "critical", "outage", "unavailable", "unhealthy", "errorrate", "failure"]
        .iter()
        .any(|word| name.contains(word))
}

/// Only where the metric leaves no doubt.
fn runbook(condition: &AlarmCondition) -> Option<&'static str> {
    let high = matches!(condition.comparison, Comparison::Greater | Comparison::GreaterOrEqual);
    match (condition.query.namespace.as_str(), condition.query.metric.as_str()) {
        ("AWS/ECS", "CPUUtilization" | "MemoryUtilization") if high => Some("scale"),
        ("AWS/RDS", "FreeStorageSpace") if !high => Some("vacuum"),
        _ => None,
    }
}

fn when(condition: &AlarmCondition) -> String {
    let seconds = u64::from(condition.period_seconds) * u64::from(condition.evaluation_periods);
    let lasting = if seconds >= 120 { format!("{} min", seconds / 60) } else { format!("{seconds} s") };
    format!("{} {} {} for {lasting}", condition.query.metric, condition.comparison.sign(), condition.threshold)
}

/// A name that the format refuses. AWS gives none such; a fake one may.
pub(super) fn unfit(name: &str) -> bool {
    name.trim().is_empty() || name.starts_with("arn:")
}

fn line(out: &mut String, key: &str, value: &str) {
    let _ = writeln!(out, "{key} = {}", quoted(value));
}

/// A comment ends with its line and holds no control characters: TOML's rule.
fn comment(text: &str) -> String {
    printable(text).into_owned()
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::found::FoundContainer;
    use super::*;
    use crate::platform::{AlarmState, Image, MetricQuery, Scaling, Severity, Statistic, file};

    fn instance(id: &str, class: &str) -> Database {
        Database {
            id: id.into(),
            status: "available".into(),
            engine: "postgres".into(),
            version: "16.3".into(),
            class: class.into(),
            multi_az: false,
            zone: None,
            storage_bytes: None,
            storage_type: None,
            endpoint: None,
            latest_restorable: None,
            backup_days: None,
        }
    }

    fn alarm(name: &str, namespace: &str, metric: &str) -> Alarm {
        let query = MetricQuery {
            namespace: namespace.into(),
            metric: metric.into(),
            dimensions: vec![("ServiceName".into(), "api".into())],
            statistic: Statistic::Average,
        };
        let condition = AlarmCondition {
            query,
            comparison: Comparison::Greater,
            threshold: 80.0,
            period_seconds: 60,
            evaluation_periods: 5,
            datapoints_to_alarm: 5,
        };
        Alarm {
            name: name.into(),
            state: AlarmState::Ok,
            reason: None,
            since: None,
            description: None,
            condition: Some(condition),
            actions: Vec::new(),
            actions_enabled: true,
        }
    }

    fn found() -> Found {
        let container = |name: &str, image: &str, log: Option<&str>| FoundContainer {
            name: name.into(),
            image: Image::parse(image),
            log_group: log.map(str::to_owned),
        };
        let service = FoundService {
            name: "api".into(),
            cluster: "production".into(),
            containers: vec![
                container("redis", "redis:7", None),
                container("app", "123456789012.dkr.ecr.us-east-1.amazonaws.com/team/api:a1b2", Some("/ecs/api")),
            ],
            scaling: Some(Scaling { min: 1, max: 6, suspended: false }),
        };
        Found {
            name: "production".into(),
            account: Some("123456789012".into()),
            region: Some("us-east-1".into()),
            services: vec![service],
            databases: vec![instance("main", "db.t4g.micro")],
            alarms: vec![
                alarm("API-Down", "X", "Up"),
                alarm("ECS-HighCPU", "AWS/ECS", "CPUUtilization"),
                alarm("TargetTracking-service/production/api-AlarmLow-1", "AWS/ECS", "CPUUtilization"),
            ],
            ..Found::default()
        }
    }

    #[test]
    fn what_was_found_is_what_the_file_says() {
        let text = write(&found());
        let platform = file::read(&text, "p.toml").unwrap_or_else(|errors| panic!("{errors}\n{text}"));
        let service = &platform.services[0];
        assert_eq!(service.container.as_deref(), Some("app"), "the release is in ECR, the sidecar is not");
        assert_eq!(service.log_group.as_deref(), Some("/ecs/api"));
        assert_eq!(service.repository.as_deref(), Some("team/api"));
        assert!(service.auto_scaling);
        assert_eq!(platform.databases[0].id, "main");
        let alarms: Vec<_> =
            platform.alarms.iter().map(|a| (a.name.as_str(), a.severity, a.runbook.as_deref())).collect();
        assert_eq!(
            alarms,
            [("API-Down", Severity::Critical, None), ("ECS-HighCPU", Severity::Warning, Some("scale"))],
            "alarms that target tracking makes are not the team's"
        );
        assert_eq!(platform.alarms[1].when.as_deref(), Some("CPUUtilization > 80 for 5 min"));
    }

    #[test]
    fn among_thousands_of_alarms_only_the_platforms_own_are_written() {
        let mut found = found();
        found.services[0].name = "mine".into();
        found.alarms = (0..2_000).map(|i| alarm(&format!("a{i}"), "AWS/ECS", "CPUUtilization")).collect();
        if let Some(condition) = &mut found.alarms[7].condition {
            condition.query.dimensions[0].1 = "mine".into();
        }
        let platform = file::read(&write(&found), "p.toml").unwrap();
        assert_eq!(platform.alarms.iter().map(|a| a.name.as_str()).collect::<Vec<_>>(), ["a7"]);
    }

    #[test]
    fn a_bigger_database_gets_a_bigger_limit() {
        assert_eq!(memory_gib("db.t4g.micro"), Some(1));
        assert_eq!(memory_gib("db.m7g.2xlarge"), Some(32));
        assert_eq!(memory_gib("db.r6g.xlarge"), Some(32));
        assert_eq!(memory_gib("db.serverless"), None);
    }

    proptest! {
        #[test]
        fn any_names_read_back_as_they_are(
            name in "(?s).{1,40}", service in "(?s).{1,40}", cluster in "(?s).{1,40}", container in "(?s).{1,40}",
            log in "(?s).{1,40}", alarm_name in "(?s).{0,40}", note in "(?s).{0,40}", class in ".{0,20}",
        ) {
            prop_assume!([&name, &service, &cluster, &container, &log].iter().all(|text| !unfit(text)));
            let mut found = found();
            found.name.clone_from(&name);
            found.notes.push(note);
            found.services[0].name.clone_from(&service);
            found.services[0].cluster.clone_from(&cluster);
            found.services[0].containers = vec![FoundContainer {
                name: container.clone(),
                image: Image::parse(&log),
                log_group: Some(log.clone()),
            }];
            found.databases[0].class.clone_from(&class);
            found.databases[0].engine = class;
            found.alarms.push(alarm(&alarm_name, "N", &log));
            let text = write(&found);
            let platform = file::read(&text, "p.toml").map_err(|e| TestCaseError::fail(format!("{e}\n{text}")))?;
            prop_assert_eq!(&platform.name, &name);
            prop_assert_eq!(&platform.services[0].name, &service);
            prop_assert_eq!(&platform.services[0].cluster, &cluster);
            prop_assert_eq!(platform.services[0].container.as_deref(), Some(container.as_str()));
            prop_assert_eq!(platform.services[0].log_group.as_deref(), Some(log.as_str()));
            prop_assert!(unfit(&alarm_name) || platform.alarms.iter().any(|a| a.name == alarm_name));
        }
    }
}
