//! What leaving it open costs, and what it shows on bad days; in virtual time.

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::json;
use tokio::time::Instant;

use super::bench::Bench;
use super::*;
use crate::platform::TroubleKind;

#[tokio::test(start_paused = true)]
async fn a_first_full_picture_costs_seven_calls_and_one_for_who_asks() {
    let mut bench = Bench::new(1);
    let (_watch, mut observations) = bench.start();
    bench.pass(1, &mut observations).await;
    assert!(bench.all_is_known(), "{:#?}", bench.picture);
    let mut asked: Vec<String> = bench.asked().into_iter().map(|(_, operation)| operation).collect();
    asked.sort();
    assert_eq!(
        asked,
        [
            "DescribeAlarms",
            "DescribeDBInstances",
            "DescribeScalableTargets",
            "DescribeServices",
            "DescribeTasks",
            "GetCallerIdentity",
            "GetMetricData",
            "ListTasks",
        ]
    );
    assert_eq!(bench.picture.identity.value().unwrap().who(), "ana");
    assert_eq!((bench.picture.spent.calls, bench.picture.spent.metrics), (8, 2));
}

#[tokio::test(start_paused = true)]
async fn leaving_it_open_costs_at_most_thirty_calls_a_minute_and_one_batch_of_metrics() {
    let mut bench = Bench::new(1);
    let (_watch, mut observations) = bench.start();
    bench.pass(60, &mut observations).await;
    bench.asked();
    bench.pass(600, &mut observations).await;
    let calls = bench.log.lock().unwrap().len();
    assert!(calls <= 300, "{calls} calls in 10 minutes");
    assert!((9..=10).contains(&bench.count("GetMetricData")));
    assert!(bench.all_is_known());
    let minutes: Vec<i64> = bench.picture.series[0].value().unwrap().points().map(|p| p.at.as_second() / 60).collect();
    assert!(minutes.len() >= 11 && minutes.windows(2).all(|pair| pair[1] == pair[0] + 1), "{minutes:?}");
}

#[tokio::test(start_paused = true)]
async fn an_old_event_makes_stopped_tasks_known_but_not_asked_for_over_and_over() {
    let mut bench = Bench::new(1);
    let event = bench.clock.now().as_second() - 600;
    *bench.service.lock().unwrap() =
        json!({"events": [{"id": "e", "createdAt": event, "message": "(service api) has stopped 1 running tasks"}]});
    let (_watch, mut observations) = bench.start();
    bench.pass(300, &mut observations).await;
    let tasks = bench.picture.services[0].tasks.value().unwrap();
    assert_eq!(tasks.iter().filter(|task| task.is_stopped()).count(), 1);
    assert_eq!(bench.count("ListTasks"), bench.count("DescribeTasks") + 1);
}

#[tokio::test(start_paused = true)]
async fn a_rolling_deployment_is_followed_every_two_seconds() {
    let mut bench = Bench::new(1);
    *bench.service.lock().unwrap() = json!({"deployments": [{"id": "ecs-svc/2", "status": "PRIMARY", "rolloutState": "IN_PROGRESS", "taskDefinition": "api:2"}]});
    let (_watch, mut observations) = bench.start();
    bench.pass(60, &mut observations).await;
    assert!((27..=34).contains(&bench.count("DescribeServices")), "{}", bench.count("DescribeServices"));
    assert!(bench.picture.services[0].tasks.value().unwrap().iter().any(crate::platform::Task::is_stopped));
}

#[tokio::test(start_paused = true)]
async fn a_throttled_source_backs_off_keeps_its_value_and_recovers() {
    let mut bench = Bench::new(1);
    let (_watch, mut observations) = bench.start();
    bench.pass(30, &mut observations).await;
    bench.error("DescribeServices", "ThrottlingException");
    bench.asked();
    bench.pass(300, &mut observations).await;
    // Three attempts a call: unthrottled it would be 60 calls.
    assert!(bench.count("DescribeServices") <= 3 * 7, "{}", bench.count("DescribeServices"));
    let state = &bench.picture.services[0].state;
    assert_eq!((state.value().is_some(), state.trouble().unwrap().kind), (true, TroubleKind::Throttled));
    assert!(state.stale_age(bench.clock.now()).is_some());
    let since = state.trouble().unwrap().since;
    assert!(bench.clock.now().duration_since(since) > SignedDuration::from_secs(250));
    bench.heal();
    bench.pass(135, &mut observations).await;
    assert!(bench.all_is_known());
    bench.asked();
    bench.pass(60, &mut observations).await;
    assert!(bench.count("DescribeServices") >= 10);
}

#[tokio::test(start_paused = true)]
async fn while_one_source_hangs_the_others_stay_fresh() {
    let mut bench = Bench::new(1);
    bench.hang("DescribeDBInstances");
    let (_watch, mut observations) = bench.start();
    bench.pass(120, &mut observations).await;
    let now = bench.clock.now();
    assert!(bench.picture.services[0].state.is_live(now) && bench.picture.alarms.is_live(now));
    let trouble = bench.picture.databases[0].trouble().unwrap();
    assert_eq!(
        (trouble.kind, trouble.why.as_str()),
        (TroubleKind::TimedOut, "no answer from rds.us-east-1.amazonaws.com in 10 s")
    );
}

#[tokio::test(start_paused = true)]
async fn expired_credentials_are_explained_and_new_ones_noticed_within_seconds_and_who_asks_is_asked_again() {
    let mut bench = Bench::new(1);
    let (_watch, mut observations) = bench.start();
    bench.pass(30, &mut observations).await;
    bench.error("*", "ExpiredTokenException");
    bench.pass(300, &mut observations).await;
    let state = &bench.picture.services[0].state;
    assert!(state.value().is_some());
    assert_eq!(state.trouble().unwrap().why, "credentials expired");
    bench.heal();
    bench.asked();
    bench.pass(8, &mut observations).await;
    assert!(bench.picture.services[0].state.trouble().is_none() && bench.picture.alarms.trouble().is_none());
    assert!(bench.count("GetCallerIdentity") >= 1);
}

#[tokio::test(start_paused = true)]
async fn paused_asks_nothing_but_what_is_refreshed_and_goes_on_at_once_when_resumed() {
    let mut bench = Bench::new(1);
    let (watch, mut observations) = bench.start();
    bench.pass(30, &mut observations).await;
    watch.attend(Attention::Paused);
    bench.pass(1, &mut observations).await;
    bench.asked();
    bench.pass(600, &mut observations).await;
    assert!(bench.asked().is_empty());
    watch.refresh();
    bench.pass(1, &mut observations).await;
    assert_eq!(bench.asked().len(), 8);
    bench.pass(600, &mut observations).await;
    assert!(bench.asked().is_empty());
    watch.attend(Attention::Active);
    bench.pass(1, &mut observations).await;
    assert!(bench.asked().len() >= 7);
    assert!(bench.all_is_known());
}

#[tokio::test(start_paused = true)]
async fn nobody_looking_makes_it_four_times_cheaper() {
    let mut bench = Bench::new(1);
    let (watch, mut observations) = bench.start();
    watch.attend(Attention::Idle);
    bench.pass(60, &mut observations).await;
    bench.asked();
    bench.pass(960, &mut observations).await;
    let calls = bench.asked().len();
    assert!((80..=130).contains(&calls), "{calls} calls in 16 minutes");
    assert!(bench.all_is_known());
}

#[tokio::test(start_paused = true)]
async fn a_thousand_services_load_in_a_hundred_calls_and_do_not_get_their_account_throttled() {
    let mut bench = Bench::new(1_000);
    let (watch, mut observations) = bench.start();
    watch.focus(Some(777));
    bench.pass(2, &mut observations).await;
    assert!(bench.picture.services.iter().all(|service| service.state.value().is_some()));
    assert_eq!(bench.count("DescribeServices"), 100);
    assert!(bench.log.lock().unwrap().len() <= 100 + 20 * 2 * 2 + 20 + 4);
    bench.pass(30, &mut observations).await;
    assert!(bench.picture.services[777].tasks.value().is_some());
    bench.asked();
    bench.pass(60, &mut observations).await;
    assert!(bench.count("DescribeServices") <= 200);
}

#[tokio::test(start_paused = true)]
async fn one_missing_service_is_said_and_slows_nobody_down() {
    let mut bench = Bench::new(1);
    bench.error("DescribeDBInstances", "DBInstanceNotFound");
    let (_watch, mut observations) = bench.start();
    bench.pass(60, &mut observations).await;
    assert_eq!(
        bench.picture.databases[0].trouble().unwrap().why,
        "no RDS instance \"db\" in us-east-1 of account 123456789012"
    );
    assert!(bench.count("DescribeServices") >= 10);
}

#[tokio::test(start_paused = true)]
async fn once_needs_two_round_trips_and_is_back_in_time_when_everything_hangs() {
    let bench = Bench::new(1);
    let picture = once(&bench.platform, &bench.clients, &bench.clock).await;
    assert!(picture.services[0].tasks.value().is_some() && picture.identity.value().is_some());
    assert_eq!(bench.asked().len(), 8);
    bench.hang("*");
    let before = Instant::now();
    let picture = once(&bench.platform, &bench.clients, &bench.clock).await;
    assert!(before.elapsed() <= Duration::from_secs(16));
    assert!(picture.identity.trouble().is_some() && picture.services[0].tasks.trouble().is_some());
    assert!(picture.databases[0].trouble().is_some() && picture.series.iter().all(|s| s.trouble().is_some()));
}

#[tokio::test(start_paused = true)]
async fn a_dropped_watch_asks_nothing_more() {
    let mut bench = Bench::new(1);
    let (watch, mut observations) = bench.start();
    bench.pass(10, &mut observations).await;
    drop(watch);
    bench.asked();
    while observations.recv().await.is_some() {}
    tokio::time::sleep(Duration::from_mins(10)).await;
    assert!(bench.asked().is_empty());
}
