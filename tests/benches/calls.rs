//! What the watch asks of AWS, on the world, which counts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use plantao::aws::Clients;
use plantao::clock::Clock;
use plantao::platform::file::sample;
use plantao::platform::{Picture, Platform, ServiceSpec};
use plantao::watch;
use plantao::world::{Failure, Fault, Host, Scenario, World};
use tokio::runtime::{Builder, Runtime};

use super::Figure;

fn start() -> Timestamp {
    "2026-11-24T03:12:45Z".parse().expect("a time")
}

/// A world that stands at [`start`]; its clock runs with the runtime's.
fn host(world: World, clock: &Clock) -> Host {
    Host::new(world, clock.clone())
}

/// The calm seed platform.
pub fn seed() -> Host {
    let world = World::new(&Scenario::named("calm").expect("it is shipped"), 1, start());
    host(world, &Clock::simulated(start(), 1.0))
}

/// A thousand services of ten tasks, two thousand alarms.
pub fn crowded() -> (Platform, Host) {
    let mut platform = sample();
    platform.services.extend((1..1000).map(|n| ServiceSpec {
        name: format!("service-{n:04}"),
        cluster: "analytics-production".to_owned(),
        ..ServiceSpec::default()
    }));
    (platform, host(World::crowd(999, 10, 2000, start()), &Clock::simulated(start(), 1.0)))
}

/// One picture in real time.
pub fn once(platform: &Platform, host: &Host) -> (Picture, Timestamp) {
    let clients = Clients::over(host.http_client(), "us-east-1");
    let clock = host.clock().clone();
    let picture = real().block_on(watch::once(&Arc::new(platform.clone()), &clients, &clock));
    (picture, clock.now())
}

fn real() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

/// Calls for a full picture of one service and one database.
pub fn full_picture() -> Vec<Figure> {
    let host = seed();
    once(&sample(), &host);
    let figure = format!("{} calls: {}", host.requests().len(), host.requests().join(", "));
    vec![Figure {
        what: "full picture of one service and database",
        goal: "7 calls",
        measured: figure,
        how: "counted by the world",
    }]
}

/// Calls in a minute of steady watching.
pub fn minute() -> Vec<Figure> {
    const MINUTES: u32 = 10;
    let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime");
    let calls = runtime.block_on(async {
        let clock = Clock::simulated(start(), 1.0);
        let world = World::new(&Scenario::named("calm").expect("it is shipped"), 1, start());
        let host = host(world, &clock);
        let clients = Clients::over(host.http_client(), "us-east-1");
        let (sender, mut observations) = tokio::sync::mpsc::channel(64);
        let watch = watch::start(Arc::new(sample()), clients, clock, sender);
        let drain = tokio::spawn(async move { while observations.recv().await.is_some() {} });
        tokio::time::sleep(Duration::from_mins(1)).await;
        let before = host.requests().len();
        tokio::time::sleep(Duration::from_mins(1) * MINUTES).await;
        let calls = host.requests().len() - before;
        drop(watch);
        drain.abort();
        calls
    });
    let figure = format!("{:.1} calls", calls as f64 / f64::from(MINUTES));
    vec![Figure {
        what: "a minute of steady watching",
        goal: "30 calls",
        measured: figure,
        how: "10 virtual minutes after the first",
    }]
}

/// A thousand services, each call taking 20 ms.
pub fn crowd() -> Vec<Figure> {
    let (platform, host) = crowded();
    host.inject(Fault::on("*", Failure::Slow(Duration::from_millis(20))));
    let began = Instant::now();
    let (picture, _) = once(&platform, &host);
    let took = began.elapsed();
    let known = picture.services.iter().filter(|service| service.state.value().is_some()).count();
    let calls = host.requests();
    let services = calls.iter().filter(|call| *call == "ecs:DescribeServices").count();
    let figure = format!(
        "{services} calls for {known} services ({} in all, tasks, scaling, alarms and metrics included), {:.2} s",
        calls.len(),
        took.as_secs_f64()
    );
    let how = "watch::once over the world, 20 ms a call, the world's own work included";
    vec![Figure { what: "1,000 services loaded", goal: "100 calls, 3 s", measured: figure, how }]
}
