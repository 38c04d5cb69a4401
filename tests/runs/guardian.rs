//! Runs that hold bounds for a time and are killed: their guardians, as real processes.

use plantao::aws::autoscaling::describe_scalable_targets;
use plantao::run::{Ending, verify};
use plantao::world::{Failure, Fault};

use super::*;

/// By the machine's own time, whatever the world's.
fn hold(until: &'static str) -> [&'static str; 9] {
    ["run", "scale", "--desired", "5", "--minimum", "5", "--until", until, "--yes"]
}

fn ended(record: &Record) -> bool {
    matches!(record.event, Event::Ended { .. })
}

/// A process's fields of proc(5) after its name: state, parent, group, session, …
fn stat(pid: u32) -> Option<Vec<String>> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    Some(text.rsplit_once(") ")?.1.split(' ').map(str::to_owned).collect())
}

/// The guardian of a run: the child of its process, once it leads a session.
async fn guardian_of(host: u32) -> u32 {
    loop {
        let all =
            std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        let leads = |pid: &u32| stat(*pid).is_some_and(|it| it[1] == host.to_string() && it[3] == pid.to_string());
        if let Some(pid) = all.into_iter().find(leads) {
            return pid;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

impl Bench {
    async fn bounds(&self) -> (u32, u32) {
        let clients = Clients::at(&self.served.url, "us-east-1");
        let bounds = describe_scalable_targets(&clients, &[("analytics-production", "analytics-api")]).await.unwrap();
        bounds[0].map(|bounds| (bounds.min, bounds.max)).unwrap()
    }

    fn moves(&self) -> usize {
        self.host.requests().iter().filter(|it| it.ends_with(":RegisterScalableTarget")).count()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bounds_of_a_killed_run_come_back_by_themselves_and_whoever_follows_it_sees_its_end() {
    let bench = Bench::new();
    let following = started(&mut bench.plantao(&hold("15s")));
    let (id, host) = bench.run_that(waits).await;
    let guardian = guardian_of(host).await;
    signal("-HUP", &guardian.to_string()).await;
    signal("-KILL", &host.to_string()).await;
    let (_, by) = bench.run_that(ended).await;
    assert_eq!(by, guardian);
    let (code, text) = told(&following.wait_with_output().await.unwrap());
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("taken up by its guardian, for "), "{text}");
    assert_eq!((bench.updates(), bench.moves(), bench.bounds().await), (1, 2, (1, 6)), "{text}");
    let bytes = std::fs::read(bench.store().journal(&id)).unwrap();
    assert!(verify(&id, &bytes).unwrap().ended);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guardian_puts_back_at_once_what_a_run_held_that_was_told_to_stop_and_killed_before_it_heard() {
    let bench = Bench::at(10.0);
    let following = started(&mut bench.plantao(&hold("2h")));
    let (id, host) = bench.run_that(waits).await;
    guardian_of(host).await;
    signal("-STOP", &host.to_string()).await;
    let (code, text) = bench.run(&["runs", "stop", id.as_str()]).await;
    assert_eq!(code, 0, "{text}");
    signal("-KILL", &host.to_string()).await;
    let (code, text) = told(&following.wait_with_output().await.unwrap());
    assert_eq!(code, i32::from(Ending::Stopped.exit_code()), "{text}");
    assert_eq!((bench.updates(), bench.moves(), bench.bounds().await), (1, 2, (1, 6)), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guardian_of_a_run_that_ended_ends_too() {
    let bench = Bench::new();
    let following = started(&mut bench.plantao(&hold("15s")));
    let (_, host) = bench.run_that(waits).await;
    let guardian = guardian_of(host).await;
    let (code, text) = told(&following.wait_with_output().await.unwrap());
    assert_eq!((code, bench.moves(), bench.bounds().await), (0, 2, (1, 6)), "{text}");
    // A container's first process may leave it as a zombie of its own.
    while stat(guardian).is_some_and(|it| it[0] != "Z") {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guardian_that_is_killed_is_followed_by_another_that_puts_back_what_the_run_held() {
    let bench = Bench::new();
    let following = started(&mut bench.plantao(&hold("15s")));
    let (_, host) = bench.run_that(waits).await;
    let first = guardian_of(host).await;
    signal("-KILL", &first.to_string()).await;
    while stat(first).is_some() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let second = guardian_of(host).await;
    signal("-KILL", &host.to_string()).await;
    let (_, by) = bench.run_that(ended).await;
    let (_, text) = told(&following.wait_with_output().await.unwrap());
    assert_eq!((by, bench.moves(), bench.bounds().await), (second, 2, (1, 6)), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guardian_that_can_not_reach_aws_goes_on_trying_and_keeps_nobody_from_taking_the_run_up_meanwhile() {
    let bench = Bench::new();
    let following = started(&mut bench.plantao(&hold("15s")));
    let (id, host) = bench.run_that(waits).await;
    let guardian = guardian_of(host).await;
    bench.host.inject(Fault::on("sts:GetCallerIdentity", Failure::ExpiredToken));
    signal("-KILL", &host.to_string()).await;
    let says = "its guardian can't take it up yet: sts:GetCallerIdentity: ";
    while !std::fs::read_to_string(bench.store().log(&id)).unwrap().contains(says) {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let (code, text) = bench.run(&["runs"]).await;
    assert!(code == 0 && text.contains(&format!("plantao runs resume {id}")), "{code}: {text}");
    bench.host.heal();
    let (_, by) = bench.run_that(ended).await;
    following.wait_with_output().await.unwrap();
    assert_eq!((by, bench.moves(), bench.bounds().await), (guardian, 2, (1, 6)));
}
