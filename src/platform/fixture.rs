//! The seed platform and a picture of it on a good day, for unit tests: each test changes one thing.

use jiff::{SignedDuration, Timestamp};

use super::{
    Alarm, AlarmCondition, AlarmState, CircuitBreaker, Comparison, Container, Controller, Database, DatabaseSpec,
    Deployment, DeploymentStatus, ExpectedAlarm, Gauge, Health, Identity, Image, MetricQuery, Part, Picture, Platform,
    Point, Revision, Role, Rollout, Scaling, Series, Service, ServiceEvent, ServiceSpec, ServiceStatus, Severity,
    Statistic, Subject, Suspended, Target, Task, Trouble, TroubleKind, Unit,
};

/// The instant at which the fixture's picture is true.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_second(1_795_489_965).expect("an instant")
}

/// So many minutes before [`now`].
pub(crate) fn ago(minutes: i64) -> Timestamp {
    now() - SignedDuration::from_mins(minutes)
}

pub(crate) fn query(namespace: &str, metric: &str, statistic: &str, dimensions: &[(&str, &str)]) -> MetricQuery {
    MetricQuery {
        namespace: namespace.into(),
        metric: metric.into(),
        dimensions: dimensions.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
        statistic: statistic.parse().expect("a statistic"),
    }
}

pub(crate) fn gauge(title: &str, subject: Subject, role: Role, query: MetricQuery, unit: Unit, target: &str) -> Gauge {
    Gauge { title: title.into(), subject, role, query, unit, target: Target::read(target, unit) }
}

/// Indexes of the fixture's gauges.
pub(crate) const CPU: usize = 0;
pub(crate) const MEMORY: usize = 1;
pub(crate) const ERRORS: usize = 2;
pub(crate) const CONNECTIONS: usize = 3;
pub(crate) const STORAGE: usize = 4;
pub(crate) const QUEUE: usize = 5;

/// One service, one database, six gauges, three expected alarms.
pub(crate) fn platform() -> Platform {
    let ecs = [("ClusterName", "analytics-production"), ("ServiceName", "analytics-api")];
    let rds = [("DBInstanceIdentifier", "analytics")];
    let api = [("Service", "analytics-api")];
    let (service, database) = (Subject::Service(0), Subject::Database(0));
    let expected = |name: &str, severity, runbook: Option<&str>| ExpectedAlarm {
        name: name.into(),
        severity,
        runbook: runbook.map(str::to_owned),
        when: None,
    };
    Platform {
        name: "analytics-production".into(),
        account: Some("123456789012".into()),
        services: vec![ServiceSpec {
            name: "analytics-api".into(),
            cluster: "analytics-production".into(),
            container: Some("api".into()),
            auto_scaling: true,
            ..ServiceSpec::default()
        }],
        databases: vec![DatabaseSpec { id: "analytics".into(), ..DatabaseSpec::default() }],
        gauges: vec![
            gauge(
                "CPU",
                service,
                Role::Cpu,
                query("AWS/ECS", "CPUUtilization", "Average", &ecs),
                Unit::Percent,
                "< 65",
            ),
            gauge(
                "memory",
                service,
                Role::Memory,
                query("AWS/ECS", "MemoryUtilization", "Average", &ecs),
                Unit::Percent,
                "< 75",
            ),
            gauge(
                "5xx",
                service,
                Role::Other,
                query("Analytics/API", "ErrorRate", "Average", &api),
                Unit::Percent,
                "< 1",
            ),
            gauge(
                "connections",
                database,
                Role::Connections,
                query("AWS/RDS", "DatabaseConnections", "Average", &rds),
                Unit::Count,
                "< 80",
            ),
            gauge(
                "free storage",
                database,
                Role::FreeStorage,
                query("AWS/RDS", "FreeStorageSpace", "Average", &rds),
                Unit::Bytes,
                "> 2 GB",
            ),
            gauge(
                "queue",
                service,
                Role::Other,
                query("Analytics/API", "QueueDepth", "Average", &api),
                Unit::Count,
                "< 50",
            ),
        ],
        alarms: vec![
            expected("ECS-AllTasksDown", Severity::Critical, Some("scale")),
            expected("API-HighErrorRate", Severity::Critical, None),
            expected("ECS-HighCPU", Severity::Warning, Some("scale")),
        ],
        ..Platform::default()
    }
}

/// All is well: three tasks of `:41`, a database that serves, alarms that rest, gauges on target.
pub(crate) fn picture() -> Picture {
    let platform = platform();
    let mut picture = Picture::of(&platform);
    picture.identity = Part::known(
        Identity { account: "123456789012".into(), arn: "arn:aws:iam::123456789012:user/ana".into() },
        now(),
    );
    picture.services[0].state = Part::known(service(), now());
    picture.services[0].tasks = Part::known((0..3).map(|n| task(n, 41)).collect(), now());
    picture.services[0].scaling = Part::known(Some(Scaling { min: 1, max: 6, suspended: Suspended::default() }), now());
    picture.databases[0] = Part::known(database(), now());
    picture.alarms = Part::known(
        vec![
            alarm("ECS-AllTasksDown", "RunningTaskCount", Comparison::Less, 1.0),
            alarm("API-HighErrorRate", "ErrorRate", Comparison::Greater, 5.0),
            alarm("ECS-HighCPU", "CPUUtilization", Comparison::Greater, 80.0),
        ],
        now(),
    );
    for (i, value) in [30.0, 40.0, 0.2, 38.0, 11.5e9, 3.0].into_iter().enumerate() {
        picture.series[i] = steady(value);
    }
    picture
}

/// Half an hour of one number.
pub(crate) fn steady(value: f64) -> Part<Series> {
    last(&[value; 30])
}

/// These numbers, one a minute, the last one a minute old.
pub(crate) fn last(values: &[f64]) -> Part<Series> {
    let count = values.len() as i64;
    let points = values.iter().zip(0..).map(|(value, i)| Point { at: ago(count - i), value: *value });
    Part::known(points.collect(), now())
}

pub(crate) fn service() -> Service {
    Service {
        name: "analytics-api".into(),
        cluster: "analytics-production".into(),
        arn: "arn:aws:ecs:us-east-1:123456789012:service/analytics-production/analytics-api".into(),
        status: ServiceStatus::Active,
        desired: 3,
        running: 3,
        pending: 0,
        revision: revision(41),
        deployments: vec![deployment(41, DeploymentStatus::Primary, Rollout::Completed, ago(3_000))],
        task_sets: Vec::new(),
        events: Vec::new(),
        minimum_healthy_percent: Some(100),
        maximum_percent: Some(200),
        circuit_breaker: Some(CircuitBreaker { enabled: true, rollback: true }),
        controller: Controller::Ecs,
        bake_minutes: 0,
    }
}

pub(crate) fn revision(number: u32) -> Revision {
    Revision { family: "analytics-api".into(), number: Some(number) }
}

/// A deployment of three tasks with the id `ecs-svc/NUMBER`.
pub(crate) fn deployment(number: u32, status: DeploymentStatus, rollout: Rollout, began: Timestamp) -> Deployment {
    Deployment {
        id: format!("ecs-svc/{number}"),
        status,
        rollout,
        rollout_reason: None,
        revision: revision(number),
        desired: 3,
        running: 3,
        pending: 0,
        failed: 0,
        created_at: Some(began),
        updated_at: Some(began),
    }
}

/// A healthy task of a revision, whose image tag is `tagNUMBER`.
pub(crate) fn task(n: u32, number: u32) -> Task {
    Task {
        id: format!("{number:04x}{n:028x}"),
        revision: revision(number),
        started_by: Some(format!("ecs-svc/{number}")),
        last_status: "RUNNING".into(),
        desired_status: "RUNNING".into(),
        health: Health::Healthy,
        disconnected: false,
        created_at: Some(ago(3_000)),
        started_at: Some(ago(3_000)),
        stopped_at: None,
        stop_code: None,
        stopped_reason: None,
        zone: Some(format!("us-east-1{}", ['a', 'b'][n as usize % 2])),
        cpu: Some("256".into()),
        memory: Some("512".into()),
        containers: vec![
            container("redis", "public.ecr.aws/docker/library/redis:7"),
            container("api", &format!("analytics-api:tag{number}")),
        ],
    }
}

pub(crate) fn container(name: &str, image: &str) -> Container {
    Container {
        name: name.into(),
        image: Image::parse(image),
        status: "RUNNING".into(),
        health: Health::Healthy,
        exit_code: None,
        reason: None,
    }
}

/// A task of a revision that failed so many minutes ago.
pub(crate) fn failed_task(n: u32, number: u32, minutes_ago: i64, exit_code: i32, reason: Option<&str>) -> Task {
    let mut task = task(n, number);
    task.last_status = "STOPPED".into();
    task.desired_status = "STOPPED".into();
    task.health = Health::Unknown;
    task.stopped_at = Some(ago(minutes_ago));
    task.stop_code = Some("EssentialContainerExited".into());
    task.stopped_reason = Some("Essential container in task exited".into());
    task.containers[1].exit_code = Some(exit_code);
    task.containers[1].reason = reason.map(str::to_owned);
    task
}

pub(crate) fn database() -> Database {
    Database {
        id: "analytics".into(),
        status: "available".into(),
        engine: "postgres".into(),
        version: "16.3".into(),
        class: "db.t4g.micro".into(),
        multi_az: false,
        zone: Some("us-east-1a".into()),
        storage_bytes: Some(20 << 30),
        storage_type: Some("gp3".into()),
        endpoint: Some(("analytics.example.com".into(), 5432)),
        latest_restorable: Some(ago(5)),
        backup_days: Some(7),
    }
}

/// A resting alarm on a metric of the fixture's service.
pub(crate) fn alarm(name: &str, metric: &str, comparison: Comparison, threshold: f64) -> Alarm {
    let (namespace, dimensions): (_, &[_]) = match metric {
        "ErrorRate" | "QueueDepth" => ("Analytics/API", &[("Service", "analytics-api")]),
        _ => ("AWS/ECS", &[("ClusterName", "analytics-production"), ("ServiceName", "analytics-api")]),
    };
    Alarm {
        name: name.into(),
        state: AlarmState::Ok,
        reason: None,
        since: Some(ago(9_000)),
        description: None,
        condition: Some(AlarmCondition {
            query: MetricQuery { statistic: Statistic::Average, ..query(namespace, metric, "Average", dimensions) },
            comparison,
            threshold,
            period_seconds: 60,
            evaluation_periods: 5,
            datapoints_to_alarm: 5,
        }),
        actions: vec!["arn:aws:sns:us-east-1:123456789012:on-call".into()],
        actions_enabled: true,
    }
}

pub(crate) fn event(minutes_ago: i64, message: &str) -> ServiceEvent {
    ServiceEvent { id: format!("event-{minutes_ago}"), at: ago(minutes_ago), message: message.into() }
}

pub(crate) fn trouble(kind: TroubleKind, operation: &str, why: &str) -> Trouble {
    Trouble { kind, operation: operation.into(), why: why.into(), remedy: None, since: ago(2) }
}

/// Changes the value of a part.
pub(crate) fn edit<T: Clone>(part: &mut Part<T>, change: impl FnOnce(&mut T)) {
    let mut value = part.value().expect("the fixture knows it").clone();
    change(&mut value);
    *part = Part::known(value, now());
}

/// An alarm of the fixture goes to ALARM.
pub(crate) fn fire(picture: &mut Picture, name: &str, minutes_ago: i64, reason: &str) {
    edit(&mut picture.alarms, |alarms| {
        let alarm = alarms.iter_mut().find(|a| a.name == name).expect("an alarm of the fixture");
        alarm.state = AlarmState::Alarm;
        alarm.since = Some(ago(minutes_ago));
        alarm.reason = Some(reason.into());
    });
}

/// `:42` is being deployed over `:41` since so many minutes.
pub(crate) fn deploying(picture: &mut Picture, minutes_ago: i64) {
    edit(&mut picture.services[0].state, |service| {
        service.revision = revision(42);
        let old = deployment(41, DeploymentStatus::Active, Rollout::Completed, ago(3_000));
        let mut new = deployment(42, DeploymentStatus::Primary, Rollout::InProgress, ago(minutes_ago));
        new.running = 0;
        service.deployments = vec![new, old];
    });
}
