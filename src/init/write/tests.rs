use proptest::prelude::*;

use super::super::found::FoundContainer;
use super::*;
use crate::platform::{AlarmState, Image, MetricQuery, Scaling, Severity, Statistic, Suspended, file};

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
        scaling: Some(Scaling { min: 1, max: 6, suspended: Suspended::default() }),
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
    let alarms: Vec<_> = platform.alarms.iter().map(|a| (a.name.as_str(), a.severity, a.runbook.as_deref())).collect();
    assert_eq!(
        alarms,
        [("API-Down", Severity::Critical, None), ("ECS-HighCPU", Severity::Warning, Some("scale"))],
        "alarms that target tracking makes are not the team's"
    );
    assert_eq!(platform.alarms[1].when.as_deref(), Some("CPUUtilization > 80 for 5 min"));
}

#[test]
fn nobody_takes_an_alarm_without_a_runbook_for_one_that_was_thought_about() {
    let text = write(&found());
    assert!(text.contains("A runbook stands where the metric leaves no doubt"), "{text}");
    assert_eq!(text.matches("\nrunbook = ").count(), 1, "{text}");
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
        let of = |name: &str| ("N".to_owned(), name.to_owned(), vec![("ServiceName".to_owned(), "api".to_owned())]);
        found.metrics = vec![of(&log), of(&container), of("QueueDepth"), (cluster.clone(), service.clone(), Vec::new())];
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
