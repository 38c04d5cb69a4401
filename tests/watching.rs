//! The watch on the world, in virtual time: what a picture costs, and what it shows when AWS has a bad day.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use plantao::aws::Clients;
use plantao::clock::Clock;
use plantao::platform::{
    DatabaseSpec, Gauge, MetricQuery, Observation, Picture, Platform, Role, ServiceSpec, Statistic, Subject, Task,
    TroubleKind, Unit,
};
use plantao::watch::{self, Watch};
use plantao::world::{Ailment, Change, Failure, Fault, Host, Scenario, World};
use tokio::sync::mpsc;
use tokio::time::Instant;

const CLUSTER: &str = "analytics-production";
const SERVICE: &str = "analytics-api";

fn gauge(title: &str, subject: Subject, namespace: &str, metric: &str, dimensions: &[(&str, &str)]) -> Gauge {
    let mut dimensions: Vec<_> = dimensions.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    dimensions.sort();
    let query = MetricQuery {
        namespace: namespace.to_owned(),
        metric: metric.to_owned(),
        dimensions,
        statistic: Statistic::Average,
    };
    Gauge { title: title.to_owned(), subject, role: Role::Other, query, unit: Unit::Percent, target: None }
}

fn platform() -> Platform {
    let ecs = [("ClusterName", CLUSTER), ("ServiceName", SERVICE)];
    Platform {
        name: CLUSTER.to_owned(),
        services: vec![ServiceSpec {
            name: SERVICE.to_owned(),
            cluster: CLUSTER.to_owned(),
            auto_scaling: true,
            ..ServiceSpec::default()
        }],
        databases: vec![DatabaseSpec { id: "analytics".to_owned(), ..DatabaseSpec::default() }],
        gauges: vec![
            gauge("CPU", Subject::Service(0), "AWS/ECS", "CPUUtilization", &ecs),
            gauge("memory", Subject::Service(0), "AWS/ECS", "MemoryUtilization", &ecs),
            gauge("CPU", Subject::Database(0), "AWS/RDS", "CPUUtilization", &[("DBInstanceIdentifier", "analytics")]),
            gauge("latency", Subject::Platform, "Analytics/API", "Latency", &[("Service", SERVICE)]),
        ],
        ..Platform::default()
    }
}

struct Bench {
    host: Host,
    clock: Clock,
    clients: Clients,
    platform: Arc<Platform>,
    picture: Picture,
    watch: Option<Watch>,
    observations: mpsc::Receiver<Observation>,
}

impl Bench {
    fn new(scenario: &str) -> Bench {
        let start: Timestamp = "2026-11-24T15:12:37Z".parse().unwrap();
        let clock = Clock::simulated(start, 1.0);
        let host = Host::new(World::new(&Scenario::named(scenario).unwrap(), 7, start), clock.clone());
        let clients = Clients::over(host.http_client(), "us-east-1");
        let platform = Arc::new(platform());
        let (sender, observations) = mpsc::channel(16);
        let watch = Some(watch::start(platform.clone(), clients.clone(), clock.clone(), sender));
        let picture = Picture::of(&platform);
        Bench { host, clock, clients, platform, picture, watch, observations }
    }

    async fn pass(&mut self, seconds: u64) {
        let end = Instant::now() + Duration::from_secs(seconds);
        while let Ok(observation) = tokio::time::timeout_at(end, self.observations.recv()).await {
            self.picture.take(observation.expect("the watch goes on"));
        }
    }

    fn is_live(&self) -> bool {
        let (now, picture) = (self.clock.now(), &self.picture);
        picture.identity.value().is_some()
            && picture.services.iter().all(|s| s.state.is_live(now) && s.tasks.is_live(now) && s.scaling.is_live(now))
            && picture.databases.iter().all(|d| d.is_live(now))
            && picture.series.iter().all(|s| s.is_live(now))
            && picture.alarms.is_live(now)
    }
}

#[tokio::test(start_paused = true)]
async fn a_calm_platform_is_known_in_seven_calls_beside_the_one_for_who_asks() {
    let mut bench = Bench::new("calm");
    bench.pass(2).await;
    assert!(bench.is_live(), "{:#?}", bench.picture);
    let asked = bench.host.requests();
    assert!(asked.iter().filter(|operation| *operation != "sts:GetCallerIdentity").count() <= 7, "{asked:?}");
    let picture = &bench.picture;
    assert_eq!(picture.services[0].state.value().unwrap().name, SERVICE);
    assert!(picture.services[0].tasks.value().unwrap().iter().all(|task| !task.containers.is_empty()));
    assert!(picture.services[0].scaling.value().unwrap().is_some());
    assert_eq!(picture.databases[0].value().unwrap().storage_bytes, Some(20 << 30));
    let heeded = picture.alarms.value().unwrap().iter().filter(|alarm| bench.platform.heeds(alarm)).count();
    assert_eq!(heeded, 9, "auto scaling's own are there too, and are no trouble");
    for (series, gauge) in picture.series.iter().zip(&bench.platform.gauges) {
        assert!(series.value().unwrap().points().len() > 170, "{} has no three hours", gauge.title);
    }
    assert_eq!(picture.spent.calls, bench.clients.spent().calls);
}

#[tokio::test(start_paused = true)]
async fn a_calm_platform_costs_at_most_thirty_calls_a_minute_and_no_minute_is_lost() {
    let mut bench = Bench::new("calm");
    bench.pass(60).await;
    let before = bench.host.requests().len();
    bench.pass(600).await;
    let calls = bench.host.requests().len() - before;
    assert!(calls <= 300, "{calls} calls in 10 minutes");
    assert!(bench.is_live());
    for series in &bench.picture.series {
        let minutes: Vec<i64> = series.value().unwrap().points().map(|point| point.at.as_second() / 60).collect();
        assert!(minutes.windows(2).all(|pair| pair[1] == pair[0] + 1), "{minutes:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn when_all_is_throttled_the_watch_backs_off_keeps_what_it_knew_and_recovers() {
    let mut bench = Bench::new("calm");
    bench.pass(30).await;
    bench.host.inject(Fault::on("*", Failure::Throttled));
    let before = bench.host.requests().len();
    bench.pass(600).await;
    let calls = bench.host.requests().len() - before;
    // At three attempts a call; without a back-off it would be 27 × 3 × 10.
    assert!(calls < 250, "{calls} attempts in 10 minutes");
    let state = &bench.picture.services[0].state;
    assert_eq!(state.trouble().unwrap().kind, TroubleKind::Throttled);
    assert!(state.value().is_some() && bench.picture.alarms.value().is_some());
    bench.host.heal();
    bench.pass(200).await;
    assert!(bench.is_live(), "{:#?}", bench.picture.services[0].state.trouble());
}

#[tokio::test(start_paused = true)]
async fn a_service_that_never_answers_leaves_the_rest_of_the_picture_fresh() {
    let mut bench = Bench::new("calm");
    bench.pass(30).await;
    bench.host.inject(Fault::on("ecs:DescribeServices", Failure::Hang));
    bench.pass(120).await;
    let now = bench.clock.now();
    let state = &bench.picture.services[0].state;
    assert_eq!(state.trouble().unwrap().why, "no answer from ecs.us-east-1.amazonaws.com in 10 s");
    assert!(state.stale_age(now).is_some() && state.value().is_some());
    assert!(bench.picture.services[0].tasks.is_live(now) && bench.picture.alarms.is_live(now));
}

#[tokio::test(start_paused = true)]
async fn expired_credentials_are_said_once_and_gone_within_seconds_of_new_ones() {
    let mut bench = Bench::new("calm");
    bench.pass(30).await;
    bench.host.inject(Fault::on("*", Failure::ExpiredToken));
    bench.pass(300).await;
    let trouble = bench.picture.alarms.trouble().unwrap();
    assert_eq!((trouble.kind, trouble.why.as_str()), (TroubleKind::ExpiredCredentials, "credentials expired"));
    assert!(bench.clock.now().duration_since(trouble.since) > SignedDuration::from_secs(250));
    bench.host.heal();
    bench.pass(8).await;
    assert!(bench.is_live());
}

#[tokio::test(start_paused = true)]
async fn failed_tasks_are_known_with_why_they_stopped_also_when_the_rollback_is_done() {
    let mut bench = Bench::new("calm");
    bench.pass(5).await;
    let crash = Change::Deploy { service: SERVICE.to_owned(), image: None, ailment: Some(Ailment::Crashes) };
    bench.host.with(|world| world.apply(crash));
    for seconds in [300, 1_200] {
        bench.pass(seconds).await;
        let tasks = bench.picture.services[0].tasks.value().unwrap();
        let why = tasks.iter().find(|task| task.failed()).and_then(Task::why_stopped).expect("a failed task");
        assert!(why.contains("exited with 1"), "{why}");
    }
    assert!(!bench.picture.services[0].state.value().unwrap().is_deploying());
    let before = bench.host.requests().len();
    bench.pass(600).await;
    let calls = bench.host.requests().len() - before;
    assert!(calls <= 300, "{calls} calls in the 10 minutes after it");
}

#[tokio::test(start_paused = true)]
async fn once_tells_the_same_as_the_watch_and_drops_nothing_when_the_watch_is_gone() {
    let mut bench = Bench::new("calm");
    bench.pass(5).await;
    bench.watch = None;
    let picture = watch::once(&bench.platform, &bench.clients, &bench.clock).await;
    assert_eq!(picture.services[0].state.value(), bench.picture.services[0].state.value());
    assert_eq!(picture.databases[0].value().map(|d| &d.id), bench.picture.databases[0].value().map(|d| &d.id));
    assert_eq!(picture.identity.value(), bench.picture.identity.value());
}
