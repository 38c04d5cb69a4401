//! A bench for the watch: a tiny AWS of some services and one database, in virtual time, under the SDK's own clients.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::*;
use crate::aws::testing::cbor_values::at as cbor_at;
use crate::aws::testing::{Reply, Tiny, cbor};
use crate::platform::{DatabaseSpec, Gauge, MetricQuery, Picture, Role, ServiceSpec, Statistic, Subject, Unit};

/// Replies that replace the good ones, by operation; `*` is all of them.
type Faults = Arc<Mutex<HashMap<String, Fault>>>;
type Fault = Arc<dyn Fn(&str) -> Reply + Send + Sync>;

/// When each operation was asked, in seconds since the start.
type Log = Arc<Mutex<Vec<(f64, String)>>>;

pub(super) struct Bench {
    pub(super) platform: Arc<Platform>,
    pub(super) clients: Clients,
    pub(super) clock: Clock,
    pub(super) faults: Faults,
    pub(super) log: Log,
    /// The service as the tiny AWS tells it, over what is calm.
    pub(super) service: Arc<Mutex<Value>>,
    pub(super) picture: Picture,
}

pub(super) const START: &str = "2026-11-24T03:10:30Z";

pub(super) fn platform(services: usize) -> Platform {
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
    pub(super) fn new(services: usize) -> Bench {
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

    pub(super) fn start(&self) -> (Watch, mpsc::Receiver<Observation>) {
        let (sender, receiver) = mpsc::channel(16);
        (start(self.platform.clone(), self.clients.clone(), self.clock.clone(), sender), receiver)
    }

    /// Lets time pass, taking in what the watch learns.
    pub(super) async fn pass(&mut self, seconds: u64, observations: &mut mpsc::Receiver<Observation>) {
        let end = Instant::now() + Duration::from_secs(seconds);
        while let Ok(observation) = tokio::time::timeout_at(end, observations.recv()).await {
            self.picture.take(observation.expect("the watch goes on"));
        }
    }

    /// AWS answers an operation with this error from now on.
    pub(super) fn error(&self, operation: &str, code: &'static str) {
        let fault: Fault = Arc::new(move |operation| Reply::error_of(operation, 400, code, "because"));
        self.faults.lock().unwrap().insert(operation.to_owned(), fault);
    }

    /// AWS accepts an operation and never answers.
    pub(super) fn hang(&self, operation: &str) {
        self.faults.lock().unwrap().insert(operation.to_owned(), Arc::new(|_| Reply::Never));
    }

    pub(super) fn heal(&self) {
        self.faults.lock().unwrap().clear();
    }

    /// Operations asked since the log was last taken.
    pub(super) fn asked(&self) -> Vec<(f64, String)> {
        std::mem::take(&mut *self.log.lock().unwrap())
    }

    pub(super) fn count(&self, operation: &str) -> usize {
        self.log.lock().unwrap().iter().filter(|(_, asked)| asked == operation).count()
    }

    pub(super) fn all_is_known(&self) -> bool {
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
