//! What a look at the platform asks of AWS, counted by the world.

use std::sync::Arc;
use std::time::Duration;

use plantao::aws::Clients;
use plantao::clock::Clock;
use plantao::platform::file::sample;
use plantao::watch;
use plantao::world::{Host, Scenario, World};
use tokio::sync::mpsc;

fn host() -> (Host, Clock) {
    let start = "2026-11-24T12:00:00Z".parse().expect("a time");
    let clock = Clock::simulated(start, 1.0);
    let world = World::new(&Scenario::named("calm").expect("it is shipped"), 1, start);
    (Host::new(world, clock.clone()), clock)
}

#[tokio::test(start_paused = true)]
async fn a_full_picture_takes_seven_calls_and_one_to_learn_who_asks() {
    let (host, clock) = host();
    let clients = Clients::over(host.http_client(), "us-east-1");
    let picture = watch::once(&Arc::new(sample()), &clients, &clock).await;
    let mut calls = host.requests();
    calls.retain(|call| call != "sts:GetCallerIdentity");
    assert!(calls.len() <= 7, "{calls:?}");
    assert_eq!(picture.spent.calls as usize, host.requests().len(), "the header says what was asked");
}

#[tokio::test(start_paused = true)]
async fn an_open_dashboard_asks_at_most_thirty_times_a_minute() {
    let (host, clock) = host();
    let clients = Clients::over(host.http_client(), "us-east-1");
    let (sender, mut observations) = mpsc::channel(64);
    let _watch = watch::start(Arc::new(sample()), clients, clock, sender);
    let _drain = tokio::spawn(async move { while observations.recv().await.is_some() {} });
    tokio::time::sleep(Duration::from_mins(2)).await;
    let before = host.requests().len();
    tokio::time::sleep(Duration::from_mins(10)).await;
    let calls = host.requests().len() - before;
    assert!((100..=300).contains(&calls), "{calls} calls in ten minutes");
}
