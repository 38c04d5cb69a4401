use jiff::SignedDuration;
use proptest::prelude::*;
use unicode_width::UnicodeWidthStr;

use super::*;
use crate::platform::{Database, Fact, Observation, Point, Spent, Trouble, TroubleKind, file};
use crate::run::{Held, RunId, Target};

fn now() -> Timestamp {
    "2026-11-24T03:12:00Z".parse().unwrap()
}

fn observe(picture: &mut Picture, facts: Vec<Fact>) {
    let next = SignedDuration::from_secs(60);
    picture.take(Observation { at: now(), next, facts, spent: Spent { calls: 7, metrics: 11 }, clock_skew: None });
}

fn denied(operation: &str, why: &str) -> Trouble {
    Trouble {
        kind: TroubleKind::Denied,
        operation: operation.to_owned(),
        why: why.to_owned(),
        remedy: Some("add the statement Alarms of assets/iam/plantao-read.json".to_owned()),
        since: now(),
    }
}

fn database(status: &str) -> Fact {
    let database = Database {
        id: "analytics".into(),
        status: status.into(),
        engine: "postgres".into(),
        version: "16.3".into(),
        class: "db.t4g.micro".into(),
        multi_az: false,
        zone: None,
        storage_bytes: None,
        storage_type: None,
        endpoint: None,
        latest_restorable: Some(now() - SignedDuration::from_mins(4)),
        backup_days: Some(7),
    };
    Fact::Database(0, Ok(Box::new(database)))
}

fn status(facts: Vec<Fact>) -> Status {
    let platform = Arc::new(file::sample());
    let mut picture = Picture::of(&platform);
    observe(&mut picture, facts);
    Status::of(platform, picture, Some("us-east-1".into()), now())
}

#[test]
fn silence_is_not_called_well() {
    let status = status(vec![Fact::Alarms(Err(denied("cloudwatch:DescribeAlarms", "access denied")))]);
    assert_eq!(status.exit_code(), 3);
    let text = status.text();
    assert!(text.contains("cannot tell alarms") && text.contains("access denied"), "{text}");
    assert!(text.contains("assets/iam/plantao-read.json"), "{text}");
    let json: serde_json::Value = serde_json::from_str(&status.json()).unwrap();
    assert_eq!((json["status"].as_str(), json["exit"].as_u64()), (Some("unknown"), Some(3)));
    assert_eq!(json["could_not_tell"][0]["operation"], "cloudwatch:DescribeAlarms");
}

#[test]
fn text_and_json_say_the_same_numbers() {
    let points = vec![Point { at: now(), value: 91.0 }];
    let status = status(vec![database("available"), Fact::Points(0, Ok(points))]);
    let text = status.text();
    assert!(text.contains("available  postgres 16.3  db.t4g.micro  restorable to 4m"), "{text}");
    assert!(
        text.lines().any(|l| l.contains("analytics-api CPU") && l.contains("91 %") && l.contains("PAST")),
        "{text}"
    );
    let json: serde_json::Value = serde_json::from_str(&status.json()).unwrap();
    assert_eq!(json["gauges"][0]["value"], 91.0);
    assert_eq!(json["gauges"][0]["level"], "past");
    assert_eq!(json["databases"][0]["value"]["status"], "available");
    assert_eq!(json["format"], 1);
}

#[test]
fn all_well_says_what_nothing_watches() {
    let mut platform = file::sample();
    platform.gauges.retain(|gauge| gauge.query.namespace.starts_with("AWS/"));
    platform.alarms.clear();
    let (platform, picture) = (Arc::new(platform), crate::platform::fixture::picture());
    let status = Status::of(Arc::clone(&platform), picture, None, crate::platform::fixture::now());
    let text = status.text();
    assert!(text.lines().nth(1).unwrap().ends_with("; not watched: latency, errors (no gauge)"), "{text}");
    let json: serde_json::Value = serde_json::from_str(&status.json()).unwrap();
    assert_eq!(json["not_watched"], serde_json::json!(["latency", "errors"]));
}

#[test]
fn the_last_numbers_of_a_dead_database_are_not_called_well() {
    let points = || Fact::Points(2, Ok(vec![Point { at: now() - SignedDuration::from_mins(2), value: 30.0 }]));
    for (of, level, said) in [("available", "well", "well"), ("failed", "", "stopped 2m00s ago")] {
        let status = status(vec![database(of), points()]);
        let json: serde_json::Value = serde_json::from_str(&status.json()).unwrap();
        assert_eq!(json["gauges"][2]["title"], "connections");
        assert_eq!(json["gauges"][2]["level"].as_str().unwrap_or_default(), level);
        let text = status.text();
        assert!(text.lines().any(|l| l.contains("connections") && l.ends_with(said)), "{text}");
    }
}

#[test]
fn warnings_are_not_counted_as_critical() {
    let platform = Arc::new(file::sample());
    let mut picture = Picture::of(&platform);
    let points = |value| vec![Point { at: now(), value }];
    let facts = vec![database("failed"), Fact::Points(0, Ok(points(91.0))), Fact::Points(1, Ok(points(91.0)))];
    observe(&mut picture, facts);
    let status = Status::of(platform, picture, None, now());
    assert_eq!(status.text().lines().nth(1), Some("CRITICAL: 1 critical, 2 notices"));
}

#[test]
fn expired_credentials_that_hit_every_part_are_said_once() {
    let expired = |operation: &str| Trouble {
        kind: TroubleKind::ExpiredCredentials,
        operation: operation.to_owned(),
        why: "credentials expired".to_owned(),
        remedy: Some("run \"aws sso login\"".to_owned()),
        since: now(),
    };
    let mut facts: Vec<Fact> = (0..11).map(|i| Fact::Points(i, Err(expired("cloudwatch:GetMetricData")))).collect();
    facts.push(Fact::Alarms(Err(expired("cloudwatch:DescribeAlarms"))));
    facts.push(Fact::Database(0, Err(expired("rds:DescribeDBInstances"))));
    let text = status(facts).text();
    assert_eq!(text.matches("aws sso login").count(), 1, "{text}");
    assert_eq!(text.matches("expired").count(), 2, "title and evidence: {text}");
}

#[test]
fn a_metric_that_stopped_is_not_called_well() {
    let old = vec![Point { at: now() - SignedDuration::from_mins(50), value: 30.0 }];
    let status = status(vec![Fact::Points(0, Ok(old))]);
    let text = status.text();
    let line = text.lines().find(|line| line.contains("analytics-api CPU")).unwrap();
    assert!(line.contains("stopped 50m ago") && !line.contains("well"), "{text}");
    let json: serde_json::Value = serde_json::from_str(&status.json()).unwrap();
    assert_eq!(json["gauges"][0]["level"], serde_json::Value::Null);
}

#[test]
fn a_region_without_the_platform_is_not_counted_as_no_alarm_of_none() {
    let missing = |operation: &str| Trouble { kind: TroubleKind::NotFound, ..denied(operation, "not found") };
    let elsewhere = status(vec![
        Fact::Service(0, Err(missing("ecs:DescribeServices"))),
        Fact::Database(0, Err(missing("rds:DescribeDBInstances"))),
        Fact::Alarms(Ok(Vec::new())),
    ]);
    let text = elsewhere.text();
    assert!(text.contains("\nalarms: none of the platform's in us-east-1\n") && !text.contains("0 of 0"), "{text}");
    let json: serde_json::Value = serde_json::from_str(&elsewhere.json()).unwrap();
    assert_eq!(json["alarms"]["missing"].as_array().map(Vec::len), Some(9));
    let mut none = status(vec![database("available"), Fact::Alarms(Ok(Vec::new()))]);
    none.region = None;
    assert!(none.text().contains("\nalarms: none in this region\n"), "{}", none.text());
}

#[test]
fn what_this_look_was_the_first_to_see_is_not_said_to_last_for_no_time() {
    let mut status = status(vec![Fact::Alarms(Err(denied("cloudwatch:DescribeAlarms", "access denied")))]);
    assert!(status.text().contains("for 0s"), "it is not looked for where it would be");
    status.forget_beginnings(now());
    assert!(!status.text().contains("for 0s"), "{}", status.text());
    let json: serde_json::Value = serde_json::from_str(&status.json()).unwrap();
    assert_eq!(json["findings"][0]["since"], serde_json::Value::Null);
}

#[test]
fn one_reason_is_said_once() {
    let facts = (0..11).map(|i| Fact::Points(i, Err(denied("cloudwatch:GetMetricData", "access denied")))).collect();
    let status = status(facts);
    let troubles = status.troubles();
    assert_eq!(troubles.len(), 1);
    assert_eq!(troubles[0].0, "CPU of analytics-api and 10 more");
}

proptest! {
    #[test]
    fn whatever_aws_answers_lines_fit_and_command_nothing(words in "\\PC{0,300}", wild in ".{0,60}") {
        let why = format!("{words}\u{1b}[2J{wild}\u{9b}");
        let status = status(vec![database(&why), Fact::Alarms(Err(denied("cloudwatch:DescribeAlarms", &why)))]);
        for line in status.text().lines() {
            prop_assert!(line.width() <= 80, "{} wide: {line:?}", line.width());
            prop_assert!(!line.chars().any(char::is_control), "{line:?}");
        }
        let json = status.json();
        prop_assert!(!json.chars().any(|c| c.is_control() && c != '\n'));
        prop_assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok());
    }
}

#[test]
fn a_script_is_told_of_a_killed_run_that_holds_bounds_and_a_pager_rings() {
    let (platform, picture) = (Arc::new(crate::platform::fixture::platform()), crate::platform::fixture::picture());
    let at = crate::platform::fixture::now();
    let status = || Status::of(Arc::clone(&platform), picture.clone(), None, at);
    let before = status().exit_code();
    let target = Target {
        kind: "service".into(),
        account: "123456789012".into(),
        region: "us-east-1".into(),
        name: "analytics-production/analytics-api".into(),
        simulated: None,
    };
    let held = Held { what: "bounds 4–6".into(), before: "1–6".into(), until: at };
    let id: RunId = "20261124-031245-scale-x7f2".parse().unwrap();
    let status = status().beside(&[Dead { id, target, holds: vec![held] }]);
    assert_eq!((before, status.exit_code()), (0, 1));
    assert!(status.text().contains("a killed run holds bounds 4–6"), "{}", status.text());
    assert!(status.json().contains("plantao runs resume 20261124-031245-scale-x7f2"), "{}", status.json());
}

#[test]
fn of_two_services_with_one_name_a_script_is_told_which_is_meant() {
    let mut platform = file::sample();
    let cluster = platform.services[0].cluster.clone();
    let staging = crate::platform::ServiceSpec { cluster: "staging".into(), ..platform.services[0].clone() };
    platform.services.push(staging);
    let mut picture = Picture::of(&platform);
    let gone = Trouble { kind: TroubleKind::NotFound, ..denied("ecs:DescribeServices", "gone") };
    observe(&mut picture, vec![Fact::Service(1, Err(gone))]);
    let status = Status::of(Arc::new(platform), picture, None, now());
    let (text, own) = (status.text(), format!("{cluster}/analytics-api"));
    for name in [own.as_str(), "staging/analytics-api"] {
        assert!(text.lines().any(|line| line.trim_start().starts_with(name)), "{name}: {text}");
    }
    let json: serde_json::Value = serde_json::from_str(&status.json()).unwrap();
    assert_eq!(json["findings"][0]["about"], "staging/analytics-api");
    assert_eq!(json["gauges"][0]["about"], own.as_str());
}
