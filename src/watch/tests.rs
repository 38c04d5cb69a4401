//! The watch in virtual time, over the SDK's own clients, against a tiny AWS of one service and one database.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::*;
use crate::aws::testing::cbor_values::at as cbor_at;
use crate::aws::testing::{Reply, Tiny, cbor};
use crate::platform::{
    DatabaseSpec, Gauge, MetricQuery, Picture, Role, ServiceSpec, Statistic, Subject, TroubleKind, Unit,
};

/// Replies that replace the good ones, by operation; `*` is all of them.
type Faults = Arc<Mutex<HashMap<String, Fault>>>;
type Fault = Arc<dyn Fn(&str) -> Reply + Send + Sync>;

/// When each operation was asked, in seconds since the start.
type Log = Arc<Mutex<Vec<(f64, String)>>>;

struct Bench {
    platform: Arc<Platform>,
    clients: Clients,
    clock: Clock,
    faults: Faults,
    log: Log,
    /// The service as the tiny AWS tells it, over what is calm.
    service: Arc<Mutex<Value>>,
    picture: Picture,
}

const START: &str = "2026-11-24T03:10:30Z";

fn platform(services: usize) -> Platform {
    let service = |n: usize| ServiceSpec {
        name: format!("api-{n}"),
        cluster: "prod".to_owned(),
        auto_scaling: true,
        ..ServiceSpec::default()
    };
    let query = MetricQuery {
        namespace: "AWS/RDS".to_owned(),
        metric: "CPUUtilization".to_owned(),
        dimensions: Vec::new(),
        statistic: Statistic::Average,
    };
    let gauge = Gauge {
        title: "CPU".into(),
        subject: Subject::Database(0),
        role: Role::Cpu,
        query,
        unit: Unit::Percent,
        target: None,
    };
    Platform {
        services: (0..services).map(service).collect(),
        databases: vec![DatabaseSpec { id: "db".to_owned(), ..DatabaseSpec::default() }],
        gauges: vec![gauge.clone(), gauge],
        ..Platform::default()
    }
}

impl Bench {
    fn new(services: usize) -> Bench {
        let clock = Clock::simulated(START.parse().unwrap(), 1.0);
        let (faults, log, service) = (Faults::default(), Log::default(), Arc::new(Mutex::new(json!({}))));
        let tiny = {
            let (clock, faults, log, service) = (clock.clone(), faults.clone(), log.clone(), service.clone());
            let began = Instant::now();
            Tiny::new(move |operation, body| {
                log.lock().unwrap().push((began.elapsed().as_secs_f64(), operation.to_owned()));
                let fault = {
                    let faults = faults.lock().unwrap();
                    faults.get(operation).or(faults.get("*")).cloned()
                };
                match fault {
                    Some(fault) => fault(operation),
                    None => answer(operation, body, &service.lock().unwrap(), clock.now()),
                }
            })
        };
        let platform = Arc::new(platform(services));
        let clients = Clients::over(tiny.client(), "us-east-1");
        let picture = Picture::of(&platform);
        Bench { platform, clients, clock, faults, log, service, picture }
    }

    fn start(&self) -> (Watch, mpsc::Receiver<Observation>) {
        let (sender, receiver) = mpsc::channel(16);
        (start(self.platform.clone(), self.clients.clone(), self.clock.clone(), sender), receiver)
    }

    /// Lets time pass, taking in what the watch learns.
    async fn pass(&mut self, seconds: u64, observations: &mut mpsc::Receiver<Observation>) {
        let end = Instant::now() + Duration::from_secs(seconds);
        while let Ok(observation) = tokio::time::timeout_at(end, observations.recv()).await {
            self.picture.take(observation.expect("the watch goes on"));
        }
    }

    /// AWS answers an operation with this error from now on.
    fn error(&self, operation: &str, code: &'static str) {
        let fault: Fault = Arc::new(move |operation| Reply::error_of(operation, 400, code, "because"));
        self.faults.lock().unwrap().insert(operation.to_owned(), fault);
    }

    /// AWS accepts an operation and never answers.
    fn hang(&self, operation: &str) {
        self.faults.lock().unwrap().insert(operation.to_owned(), Arc::new(|_| Reply::Never));
    }

    fn heal(&self) {
        self.faults.lock().unwrap().clear();
    }

    /// Operations asked since the log was last taken.
    fn asked(&self) -> Vec<(f64, String)> {
        std::mem::take(&mut *self.log.lock().unwrap())
    }

    fn count(&self, operation: &str) -> usize {
        self.log.lock().unwrap().iter().filter(|(_, asked)| asked == operation).count()
    }

    fn all_is_known(&self) -> bool {
        let picture = &self.picture;
        let now = self.clock.now();
        picture.services.iter().all(|s| s.state.is_live(now) && s.tasks.is_live(now) && s.scaling.is_live(now))
            && picture.databases.iter().all(|d| d.is_live(now))
            && picture.series.iter().all(|s| s.is_live(now))
            && picture.alarms.is_live(now)
    }
}

fn answer(operation: &str, body: &str, service: &Value, now: Timestamp) -> Reply {
    let asked: Value = serde_json::from_str(body).unwrap_or_default();
    match operation {
        "DescribeServices" => {
            let one = |name: &Value| {
                let mut one = json!({
                    "serviceName": name, "status": "ACTIVE", "desiredCount": 1, "runningCount": 1,
                    "deployments": [{"id": "ecs-svc/1", "status": "PRIMARY", "rolloutState": "COMPLETED", "taskDefinition": "api:1"}]
                });
                one.as_object_mut().unwrap().extend(service.as_object().unwrap().clone());
                one
            };
            let services: Vec<Value> = asked["services"].as_array().unwrap().iter().map(one).collect();
            assert!(services.len() <= 10);
            Reply::json(&json!({ "services": services }).to_string())
        }
        "ListTasks" if asked["desiredStatus"] == "STOPPED" => Reply::json(r#"{"taskArns": ["t/prod/gone"]}"#),
        "ListTasks" => Reply::json(r#"{"taskArns": ["t/prod/one"]}"#),
        "DescribeTasks" => {
            let one = |arn: &Value| match arn.as_str() {
                Some("t/prod/gone") => {
                    json!({"taskArn": arn, "lastStatus": "STOPPED", "desiredStatus": "STOPPED", "stoppedAt": now.as_second()})
                }
                _ => json!({"taskArn": arn, "lastStatus": "RUNNING"}),
            };
            let tasks: Vec<Value> = asked["tasks"].as_array().unwrap().iter().map(one).collect();
            Reply::json(&json!({ "tasks": tasks }).to_string())
        }
        "DescribeScalableTargets" => {
            let one = |id: &Value| {
                json!({"ServiceNamespace": "ecs", "ResourceId": id, "MinCapacity": 1, "MaxCapacity": 6,
                       "ScalableDimension": "ecs:service:DesiredCount", "RoleARN": "r", "CreationTime": 1})
            };
            let targets: Vec<Value> = asked["ResourceIds"].as_array().unwrap().iter().map(one).collect();
            Reply::json(&json!({ "ScalableTargets": targets }).to_string())
        }
        "DescribeAlarms" => {
            Reply::cbor(&cbor!({ "MetricAlarms" => [cbor!({ "AlarmName" => "high", "StateValue" => "OK" })] }))
        }
        "GetMetricData" => {
            let minute = now.as_second().div_euclid(60) * 60 - 60;
            let result = |id: &str| cbor!({ "Id" => id, "StatusCode" => "Complete", "Timestamps" => [cbor_at(minute)], "Values" => [30.0] });
            Reply::cbor(&cbor!({ "MetricDataResults" => [result("m0"), result("m1")] }))
        }
        "DescribeDBInstances" => Reply::xml(
            "<DescribeDBInstancesResponse><DescribeDBInstancesResult><DBInstances><DBInstance>\
             <DBInstanceIdentifier>db</DBInstanceIdentifier><DBInstanceStatus>available</DBInstanceStatus>\
             </DBInstance></DBInstances></DescribeDBInstancesResult></DescribeDBInstancesResponse>",
        ),
        "GetCallerIdentity" => Reply::xml(
            "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/ana</Arn>\
             <Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>",
        ),
        other => panic!("{other} was not to be asked"),
    }
}

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
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert!(bench.asked().is_empty());
}
