//! Emergency deploys that are killed or stopped: nothing is done twice, nothing goes on unseen.

use std::fs;

use plantao::run::{Event, Record};
use tokio::process::Command;

use super::bench::Bench;
use super::{GOOD, PASSWORD, REPOSITORY};

/// Kills the process that started the tool, once the tool has done its work: a run that dies at the worst moment.
fn dies_after(what: &str) -> String {
    format!(
        r#""$TOOL" "$@"; code=$?
if [ "$1" = {what} ] && [ ! -e "$HERE/died" ]; then : >"$HERE/died"; kill -KILL $PPID; fi; exit $code"#
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_dies_when_the_image_is_built_or_pushed_is_resumed_and_pushes_once() {
    for what in ["build", "push"] {
        let bench = Bench::new("podman", GOOD);
        bench.workshop.wrap("podman", &dies_after(what));
        let (code, text) = bench.deploy().await;
        assert!(code == 1 && text.contains("plantao runs resume"), "{what}: {code} {text}");
        let id = bench.store().runs().unwrap().into_iter().next().unwrap();
        let (code, text) = bench.run(&["runs", "resume", id.as_str()]).await;
        assert_eq!(code, 0, "{what}: {text}\n{}", bench.log());
        let images = bench.registry.images(REPOSITORY);
        assert_eq!(images.len(), 1, "{what}: {images:?}");
        assert!(bench.running().await.ends_with(&images[0].1), "{what}");
        assert_eq!((bench.asked("ecs:RegisterTaskDefinition"), bench.asked("ecs:UpdateService")), (1, 1), "{what}");
        let records = bench.records();
        let pushes = records
            .iter()
            .filter(|record| matches!(&record.event, Event::Request { operation, .. } if operation == "ecr:PutImage"));
        assert_eq!(pushes.count(), 1, "{what}: what is in ECR already is not pushed again");
        bench.nothing_holds(PASSWORD);
    }
}

/// An event, or not this one.
type Fits = fn(&Record) -> bool;

/// Records at which a run is killed: those between which something happens outside.
const DEATHS: [(&str, Fits); 6] = [
    ("before the build", |record| matches!(&record.event, Event::StepBegan { action, .. } if action == "image.build")),
    (
        "after the build",
        |record| matches!(&record.event, Event::StepEnded { outputs, .. } if outputs.contains_key("built.image")),
    ),
    ("at the push", |record| matches!(&record.event, Event::Request { operation, .. } if operation == "ecr:PutImage")),
    (
        "after the push",
        |record| matches!(&record.event, Event::StepEnded { outputs, .. } if outputs.contains_key("ready.image")),
    ),
    (
        "at the revision",
        |record| matches!(&record.event, Event::Request { operation, .. } if operation.ends_with(":RegisterTaskDefinition")),
    ),
    (
        "at the update",
        |record| matches!(&record.event, Event::Request { operation, .. } if operation.ends_with(":UpdateService")),
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_run_killed_anywhere_ends_as_if_nothing_had_happened() {
    for (when, fits) in DEATHS {
        let bench = Bench::new("podman", GOOD);
        let mut following = bench.begin();
        let (id, host) = bench.run_that(fits).await;
        let killed = Command::new("kill").args(["-KILL", &host.to_string()]).status().await.unwrap();
        assert!(killed.success(), "{when}");
        following.wait().await.unwrap();
        let (code, text) = bench.run(&["runs", "resume", id.as_str()]).await;
        assert_eq!(code, 0, "{when}: {text}\n{}", bench.log());
        let images = bench.registry.images(REPOSITORY);
        assert_eq!(images.len(), 1, "{when}: {images:?}");
        assert!(bench.running().await.ends_with(&images[0].1), "{when}");
        assert_eq!((bench.asked("ecs:RegisterTaskDefinition"), bench.asked("ecs:UpdateService")), (1, 1), "{when}");
        bench.nothing_holds(PASSWORD);
        assert_eq!(bench.run(&["runs", "verify"]).await.0, 0, "{when}");
    }
}

/// A tool that takes for ever at this, with a helper beside it.
fn sleeps_at(what: &str) -> String {
    format!(
        r#"if [ "$1" = {what} ]; then /bin/sleep 600 & echo $! >"$HERE/sleeper"; echo working; wait; fi; exec "$TOOL" "$@""#
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wish_to_stop_ends_a_build_or_a_push_with_all_that_it_started() {
    for (what, said) in [("build", "asked to stop"), ("push", "ECR does not have the image")] {
        let bench = Bench::new("podman", GOOD);
        bench.workshop.wrap("podman", &sleeps_at(what));
        let mut following = bench.begin();
        let working =
            |record: &Record| matches!(&record.event, Event::Progress { text, .. } if text.ends_with(": working"));
        let (id, _) = bench.run_that(working).await;
        let (code, text) = bench.run(&["runs", "stop", id.as_str()]).await;
        assert_eq!(code, 0, "{what}: {text}");
        assert_eq!(following.wait().await.unwrap().code(), Some(14), "{what}");
        let (_, text) = bench.run(&["runs", "show", id.as_str()]).await;
        assert!(text.contains(said), "{what}: {text}");
        let sleeper = fs::read_to_string(bench.workshop.home.join("sleeper")).unwrap();
        let state = fs::read_to_string(format!("/proc/{}/stat", sleeper.trim())).unwrap_or_default();
        assert!(state.is_empty() || state.contains(") Z "), "{what}: it still runs: {state}");
        assert!(bench.registry.images(REPOSITORY).is_empty(), "{what}");
        bench.nothing_holds(PASSWORD);
    }
}
