use super::*;
use crate::init::write;
use crate::init::{Found, FoundService};
use crate::platform::{AlarmState, Gauge, MetricQuery, Platform, Subject, Target, Unit, file};

fn metric(name: &str, dimensions: &[(&str, &str)]) -> Metric {
    let dimensions = dimensions.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    ("App".to_owned(), name.to_owned(), dimensions)
}

fn alarm(metric: &Metric, statistic: &str, threshold: f64) -> Alarm {
    let query = MetricQuery {
        namespace: metric.0.clone(),
        metric: metric.1.clone(),
        dimensions: metric.2.clone(),
        statistic: statistic.parse().unwrap(),
    };
    let condition = AlarmCondition {
        query,
        comparison: Comparison::Greater,
        threshold,
        period_seconds: 60,
        evaluation_periods: 5,
        datapoints_to_alarm: 5,
    };
    Alarm {
        name: format!("{}-{statistic}", metric.1),
        state: AlarmState::Ok,
        reason: None,
        since: None,
        description: None,
        condition: Some(condition),
        actions: Vec::new(),
        actions_enabled: true,
    }
}

fn written(metrics: Vec<Metric>, alarms: Vec<Alarm>) -> Platform {
    let service = FoundService { name: "api".into(), cluster: "c".into(), ..FoundService::default() };
    let text = write(&Found { name: "p".into(), services: vec![service], metrics, alarms, ..Found::default() });
    file::read(&text, "p.toml").unwrap_or_else(|errors| panic!("{errors}\n{text}"))
}

/// Title, statistic, unit and border of the gauges of the team's own metrics.
fn own(platform: &Platform) -> Vec<(String, String, Unit, Option<Target>)> {
    let own = platform.gauges.iter().filter(|g: &&Gauge| g.query.namespace == "App");
    own.map(|g| (g.title.clone(), g.query.statistic.to_string(), g.unit, g.target)).collect()
}

const OF_API: &[(&str, &str)] = &[("Service", "api")];

#[test]
fn an_outage_of_latency_errors_and_jobs_is_watched_without_an_edit_to_the_file() {
    let (latency, errors) = (metric("Latency", OF_API), metric("ErrorRate", OF_API));
    let alarms = vec![alarm(&latency, "p95", 500.0), alarm(&errors, "Average", 5.0)];
    let metrics = vec![latency, errors, metric("WebhookLatency", OF_API), metric("QueueDepth", OF_API)];
    let platform = written(metrics, alarms);
    let titles = own(&platform).into_iter().map(|(title, statistic, unit, target)| {
        format!("{title} {statistic} {}", target.map_or("-".to_owned(), |target| target.show(unit)))
    });
    let wanted = [
        "p50 p50 -",
        "p95 p95 < 300 ms",
        "p99 p99 -",
        "errors Average < 1 %",
        "webhook p95 p95 < 2.0 s",
        "queue Maximum < 50",
    ];
    assert_eq!(titles.collect::<Vec<_>>(), wanted);
    assert!(platform.gauges.iter().all(|g| g.subject == Subject::Service(0)));
}

#[test]
fn a_time_in_an_unknown_unit_is_not_watched_as_if_it_were_always_well() {
    assert_eq!(own(&written(vec![metric("Latency", OF_API), metric("ErrorRate", OF_API)], Vec::new())), []);
    let named = own(&written(vec![metric("LatencySeconds", OF_API)], Vec::new()));
    assert_eq!((named[1].2, named[1].3), (Unit::Seconds, Some(Target::Below(0.3))));
    let latency = metric("Latency", OF_API);
    let told = own(&written(vec![latency.clone()], vec![alarm(&latency, "p95", 0.2)]));
    assert_eq!((told[1].2, told[1].3), (Unit::Seconds, Some(Target::Below(0.2))), "the stricter of the two");
    let fraction = metric("ErrorRate", OF_API);
    let told = own(&written(vec![fraction.clone()], vec![alarm(&fraction, "Average", 0.05)]));
    assert_eq!((told[0].2, told[0].3), (Unit::Count, Some(Target::Below(0.05))));
}

#[test]
fn a_metric_with_an_alarm_is_watched_by_the_alarms_own_threshold() {
    let failures = metric("WebhookFailureRate", OF_API);
    let found = own(&written(vec![failures.clone()], vec![alarm(&failures, "Average", 20.0)]));
    let wanted = ("webhook failure rate".to_owned(), "Average".to_owned(), Unit::Percent, Some(Target::Below(20.0)));
    assert_eq!(found, [wanted]);
    // What has another metric's name for a title is left to choose.
    let memory = metric("Memory", OF_API);
    assert_eq!(own(&written(vec![memory.clone()], vec![alarm(&memory, "Average", 20.0)])), []);
}

#[test]
fn of_many_endpoints_none_is_taken_for_the_service_unless_one_stands_out() {
    let of = |path: &str| metric("QueueDepth", &[("Path", path), ("Service", "api")]);
    assert_eq!(own(&written(vec![of("/a"), of("/b")], Vec::new())), []);
    let all = written(vec![of("/a"), of("/b"), metric("QueueDepth", OF_API)], Vec::new());
    assert_eq!(own(&all).len(), 1);
    assert_eq!(all.gauges.iter().find(|g| g.title == "queue").unwrap().query.dimensions.len(), 1);
    let alarmed = written(vec![of("/a"), of("/b")], vec![alarm(&of("/b"), "Maximum", 20.0)]);
    assert_eq!(own(&alarmed)[0].3, Some(Target::Below(20.0)));
    // Another team's.
    assert_eq!(own(&written(vec![metric("QueueDepth", &[("Service", "theirs")])], Vec::new())), []);
}
