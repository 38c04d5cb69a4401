//! Runs by the real binary, on the served world: what a killed process and a dropped line do to them.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use jiff::Timestamp;
use plantao::aws::Clients;
use plantao::clock::Clock;
use plantao::run::{Context, Event, Order, Plan, Record, RunId, Store, Wish};
use plantao::world::{Change, Host, Scenario, Served, World};
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, Command};

use crate::harness::{plantao_at, run_that, store_in, told};

mod guardian;
mod refusals;

/// A process that goes on beside the test.
fn started(command: &mut Command) -> Child {
    let _one_at_a_time = crate::harness::starting();
    command.spawn().unwrap()
}

/// The world on a calm day, and a user's home.
struct Bench {
    host: Host,
    served: Served,
    home: tempfile::TempDir,
}

impl Bench {
    /// A minute a second.
    fn new() -> Bench {
        Bench::at(60.0)
    }

    fn at(speed: f64) -> Bench {
        let start: Timestamp = "2026-11-24T15:12:37Z".parse().unwrap();
        let world = World::new(&Scenario::named("calm").unwrap(), 7, start);
        let host = Host::new(world, Clock::simulated(start, speed));
        // What is tried here are processes: no number is taken back in the middle.
        let service = "analytics-api".to_owned();
        host.with(|world| world.apply(Change::Scalable { service, min: 1, max: 6, suspended: true.into() }));
        let served = host.serve("127.0.0.1:0".parse().unwrap()).unwrap();
        let home = tempfile::tempdir().unwrap();
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/platform.toml");
        std::fs::create_dir_all(home.path().join(".config/plantao")).unwrap();
        std::fs::copy(sample, home.path().join(".config/plantao/platform.toml")).unwrap();
        Bench { host, served, home }
    }

    fn store(&self) -> Store {
        store_in(self.home.path())
    }

    fn plantao(&self, arguments: &[&str]) -> Command {
        plantao_at(self.home.path(), &self.served.url, arguments).into()
    }

    async fn run(&self, arguments: &[&str]) -> (i32, String) {
        told(&self.plantao(arguments).output().await.unwrap())
    }

    /// The one run, once it has come to a record that fits.
    async fn run_that(&self, fits: impl Fn(&Record) -> bool) -> (RunId, u32) {
        run_that(&self.store(), fits).await
    }

    fn updates(&self) -> usize {
        self.host.requests().iter().filter(|operation| *operation == "ecs:UpdateService").count()
    }
}

async fn signal(name: &str, whom: &str) {
    let killed = Command::new("kill").args([name, "--", whom]).status().await.unwrap();
    assert!(killed.success(), "kill {name} {whom}");
}

fn waits(record: &Record) -> bool {
    matches!(&record.event, Event::StepBegan { action, .. } if action == "ecs.wait-steady")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_screen_orders_the_very_plan_that_it_showed_from_a_process_of_its_own() {
    let bench = Bench::new();
    let clients = Clients::at(&bench.served.url, "us-east-1");
    let mut platform = plantao::platform::file::sample();
    platform.services[0].health_url = None;
    let context = Context { platform: Arc::new(platform), clients, clock: bench.host.clock().clone(), store: None };
    let runbooks = plantao::runbook::shipped();
    let runbook = runbooks.iter().find(|runbook| runbook.name == "scale").unwrap();
    let answers = BTreeMap::from([("desired".to_owned(), "5".to_owned())]);
    let wish = Wish { runbook, answers: &answers, service: None, database: None };
    let (plan, _) = Plan::make(&context, wish).await.unwrap();
    let id = RunId::new("scale", context.clock.now());
    let order = Order::CarryOut { id: id.clone(), plan: Box::new(plan), reason: Some("queue".to_owned()) };
    let clock = format!("{}@60", context.clock.now());
    let mut host = started(bench.plantao(&["host", "--sample", "--clock", &clock]).stdin(Stdio::piped()));
    host.stdin.take().unwrap().write_all(&serde_json::to_vec(&order).unwrap()).await.unwrap();
    assert_eq!(bench.run_that(|record| matches!(record.event, Event::Ended { .. })).await.0, id);
    assert_eq!(host.wait().await.unwrap().code(), Some(0));
    assert_eq!(bench.updates(), 1);
}

const SCALE: [&str; 4] = ["run", "scale", "--desired", "5"];

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_line_takes_the_screen_and_leaves_the_run() {
    // At a minute a second a busy machine lets the run end before anybody interrupts it.
    let bench = Bench::at(10.0);
    let mut screen = started(bench.plantao(&SCALE).arg("--yes").process_group(0));
    let (id, host) = bench.run_that(waits).await;
    signal("-HUP", &format!("-{}", screen.id().unwrap())).await;
    assert_eq!(screen.wait().await.unwrap().code(), None, "the screen was killed by the hang-up");
    assert!(Path::new(&format!("/proc/{host}")).exists(), "its run was not");
    let (code, text) = bench.run(&["follow", id.as_str()]).await;
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("succeeded: "), "{text}");
    assert_eq!(bench.run(&["runs", "verify"]).await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_run_is_noticed_and_resumed_and_a_second_one_is_refused_meanwhile() {
    // At a minute a second a busy machine lets the run end before anybody interrupts it.
    let bench = Bench::at(10.0);
    let following = started(bench.plantao(&SCALE).arg("--yes"));
    let (id, host) = bench.run_that(waits).await;
    let (code, text) = bench.run(&["run", "scale", "--desired", "2", "--yes"]).await;
    assert_eq!(code, 23, "{text}");
    let logs = std::fs::read_dir(bench.store().folder()).unwrap().map(|entry| entry.unwrap().path());
    let logs: Vec<_> = logs.filter(|path| path.extension().is_some_and(|end| end == "log")).collect();
    assert_eq!(logs, [bench.store().log(&id)], "a run that was refused leaves nothing behind");
    let (code, text) = bench.run(&["plan", "scale", "--desired", "2"]).await;
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("! run ") && text.contains(&format!("plantao follow {id}")), "a plan says it: {text}");
    let (_, text) = bench.run(&["plan", "scale", "--desired", "2", "--json"]).await;
    let plan: serde_json::Value = serde_json::from_str(&text).unwrap();
    let warning = plan["warnings"][0].as_str().unwrap();
    assert!(warning.contains(&format!("plantao follow {id}")), "{text}");
    assert!(text.contains(&format!("plantao follow {id}")), "{text}");
    signal("-KILL", &host.to_string()).await;
    let (code, text) = told(&following.wait_with_output().await.unwrap());
    assert_eq!(code, 1, "{text}");
    assert!(text.contains(&format!("plantao runs resume {id}")), "{text}");
    let (code, text) = bench.run(&["runs", "resume", id.as_str()]).await;
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("taken up by"), "{text}");
    assert_eq!(bench.updates(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_run_is_taken_back_without_being_taken_up_first() {
    let bench = Bench::at(10.0);
    let following = started(bench.plantao(&SCALE).arg("--yes"));
    let (id, host) = bench.run_that(waits).await;
    signal("-KILL", &host.to_string()).await;
    following.wait_with_output().await.unwrap();
    let (code, text) = bench.run(&["runs", "undo", id.as_str()]).await;
    assert_eq!((code, bench.updates()), (17, 1), "nobody confirmed it: {text}");
    assert!(text.contains("what is put back: set the desired count back to 3"), "{text}");
    let (code, text) = bench.run(&["runs", "undo", id.as_str(), "--yes"]).await;
    assert_eq!((code, bench.updates()), (19, 2), "{text}");
    assert_eq!(bench.host.with(|world| world.tasks("analytics-api")), Some((3, 3)), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_confirmed_or_not_allowed_is_not_run() {
    let bench = Bench::new();
    for (arguments, says) in [
        (&SCALE[..], "nobody is there to confirm"),
        (&["run", "scale", "--desired", "5", "--yes", "--read-only"], "--read-only"),
        (&["run", "emergency-deploy", "--image", "nothing", "--yes"], "image"),
    ] {
        let (code, text) = bench.run(arguments).await;
        assert!(matches!(code, 15 | 17), "{arguments:?} answers {code}: {text}");
        assert!(text.contains(says), "{arguments:?}: {text}");
    }
    assert_eq!((bench.updates(), bench.store().runs().unwrap().len()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_may_only_look_changes_nothing_whoever_says_so_and_neither_does_a_host_that_is_ordered_to() {
    let bench = Bench::new();
    let command = [&SCALE[..], &["--yes"]].concat();
    let (code, plan) = bench.run(&["plan", "scale", "--desired", "5", "--json"]).await;
    assert_eq!(code, 0, "{plan}");
    let order = Order::CarryOut {
        id: RunId::new("scale", Timestamp::UNIX_EPOCH),
        plan: Box::new(serde_json::from_str(&plan).unwrap()),
        reason: None,
    };
    let order = serde_json::to_vec(&order).unwrap();
    let file = bench.home.path().join(".config/plantao/platform.toml");
    let open = std::fs::read_to_string(&file).unwrap();
    for (variable, text, says) in [
        ("1", open.clone(), "PLANTAO_READ_ONLY"),
        ("0", format!("read-only = true\n{open}"), "read-only = true in the platform file"),
    ] {
        std::fs::write(&file, text).unwrap();
        let refused = bench.plantao(&command).env("PLANTAO_READ_ONLY", variable).output().await.unwrap();
        let (code, said) = told(&refused);
        assert!(code == 17 && said.contains(says), "{code}: {said}");
        let mut host = started(bench.plantao(&["host"]).env("PLANTAO_READ_ONLY", variable).stdin(Stdio::piped()));
        host.stdin.take().unwrap().write_all(&order).await.unwrap();
        let (code, said) = told(&host.wait_with_output().await.unwrap());
        assert!(code == 17 && said.contains(says), "{code}: {said}");
        let (code, said) = told(
            &bench
                .plantao(&["plan", "scale", "--desired", "5"])
                .env("PLANTAO_READ_ONLY", variable)
                .output()
                .await
                .unwrap(),
        );
        assert_eq!(code, 0, "looking is allowed: {said}");
    }
    assert_eq!((bench.updates(), bench.store().runs().unwrap().len()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_over_is_taken_back_once_that_is_confirmed() {
    let bench = Bench::new();
    // Auto scaling would take it back by itself.
    let command = [&SCALE[..], &["--yes"]].concat();
    assert_eq!(bench.run(&command).await.0, 0);
    let id = bench.store().runs().unwrap().remove(0);
    let (code, text) = bench.run(&["runs", "undo", id.as_str()]).await;
    assert_eq!((code, bench.updates()), (17, 1), "nobody confirmed it: {text}");
    assert!(text.contains("desired count: 5 → 3"), "what would be put back is shown first: {text}");
    let (code, text) = bench.run(&["runs", "undo", id.as_str(), "--yes"]).await;
    assert_eq!((code, bench.updates()), (0, 2), "{text}");
    assert_eq!(bench.host.with(|world| world.tasks("analytics-api")), Some((3, 3)), "{text}");
    assert_eq!(bench.run(&["runs", "verify"]).await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_only_look_can_not_stop_a_run_that_would_move_bounds_back_by_it() {
    let bench = Bench::new();
    let held = ["run", "scale", "--desired", "3", "--minimum", "2", "--until", "2h", "--yes", "--detach"];
    let (code, text) = bench.run(&held).await;
    assert_eq!(code, 0, "{text}");
    let holds =
        |record: &Record| matches!(&record.event, Event::Progress { text, .. } if text.contains("puts it back"));
    let (id, _) = bench.run_that(holds).await;
    let (code, text) = bench.run(&["--read-only", "runs", "stop", id.as_str()]).await;
    assert_eq!(code, 17, "{text}");
    assert!(text.contains("--read-only") && text.contains("the run would move bounds back at once"), "{text}");
    assert_eq!(bench.run(&["runs", "stop", id.as_str()]).await.0, 0);
    bench.run(&["follow", id.as_str()]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_character_of_a_reason_commands_the_terminal_that_shows_json() {
    let bench = Bench::new();
    let reason = "why\u{9b}31m";
    let (code, text) = bench.run(&["run", "scale", "--desired", "3", "--yes", "--json", "--reason", reason]).await;
    assert_eq!(code, 0, "{text}");
    let id = bench.store().runs().unwrap().remove(0);
    for command in
        [&["runs", "--json"][..], &["runs", "show", id.as_str(), "--json"], &["follow", id.as_str(), "--json"]]
    {
        let (code, shown) = bench.run(command).await;
        assert_eq!(code, 0, "{shown}");
        assert!(shown.contains("why\\u009b31m") && !shown.contains('\u{9b}'), "{command:?}: {shown}");
    }
    assert!(!text.contains('\u{9b}'), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dangerous_run_that_goes_on_is_taken_back_by_nobody_who_does_not_say_why() {
    let bench = Bench::at(1.0);
    // What is put back is no task at all: an outage.
    bench.host.with(|world| world.apply(Change::SetDesired { service: "analytics-api".to_owned(), count: 0 }));
    let mut following = started(bench.plantao(&SCALE).arg("--yes"));
    let (id, _) = bench.run_that(waits).await;
    let undo = ["runs", "undo", id.as_str()];
    let (code, text) = bench.run(&undo).await;
    assert!(code == 17 && text.contains("nobody is there to confirm"), "{code}: {text}");
    assert!(text.contains("this is an outage") && text.contains("Danger: danger"), "{text}");
    let (code, text) = bench.run(&[&undo[..], &["--yes"]].concat()).await;
    assert!(code == 17 && text.contains("say why with --reason"), "{code}: {text}");
    let (code, text) = bench.run(&[&undo[..], &["--yes", "--reason", "  "]].concat()).await;
    assert!(code == 17 && text.contains("say why with --reason"), "{code}: {text}");
    assert!(text.contains("what is put back: set the desired count back to 0"), "{text}");
    assert_eq!(bench.updates(), 1, "nothing was taken back so far");
    let (_, text) = bench.run(&["runs", "--json"]).await;
    let list: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(list["runs"][0]["state"], "going-on", "{text}");
    let (code, text) = bench.run(&[&undo[..], &["--yes", "--reason", "wrong service"]].concat()).await;
    assert_eq!(code, 0, "{text}");
    let why = |record: &Record| matches!(&record.event, Event::UndoBegan { by } if by.contains("wrong service"));
    bench.run_that(why).await;
    assert_eq!(following.wait().await.unwrap().code(), Some(19));
    assert_eq!(bench.updates(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_reads_from_the_list_how_each_run_ended_and_misses_none_that_can_not_be_read() {
    let bench = Bench::new();
    let (code, text) = bench.run(&["runs", "--json"]).await;
    assert!(code == 0 && text.contains(r#""runs": []"#), "{text}");
    assert_eq!(bench.run(&[&SCALE[..], &["--yes", "--reason", "queue"]].concat()).await.0, 0);
    let id = bench.store().runs().unwrap().remove(0);
    let spoilt: RunId = "20200101-000000-scale-abcd".parse().unwrap();
    std::fs::write(bench.store().journal(&spoilt), "nonsense\n").unwrap();
    let (code, text) = bench.run(&["runs", "--json"]).await;
    let list: serde_json::Value = serde_json::from_str(&text).unwrap();
    let (run, other) = (&list["runs"][0], &list["runs"][1]);
    assert_eq!((code, run["id"].as_str(), run["state"].as_str()), (0, Some(id.as_str()), Some("ended")), "{text}");
    assert_eq!((&run["ending"], &run["exit_code"]), (&"succeeded".into(), &0.into()), "{text}");
    assert_eq!((&run["runbook"], &run["reason"]), (&"scale".into(), &"queue".into()), "{text}");
    assert_eq!(run["target"]["name"], "analytics-production/analytics-api", "{text}");
    assert!(run["began"].as_str() < run["ended"].as_str(), "{text}");
    assert_eq!((other["id"].as_str(), other["state"].as_str()), (Some(spoilt.as_str()), Some("unreadable")), "{text}");
    let (code, text) = bench.run(&["runs", "show", id.as_str(), "--json"]).await;
    let last: serde_json::Value = serde_json::from_str(text.trim().lines().last().unwrap()).unwrap();
    assert_eq!((code, &last["event"]), (0, &"ended".into()), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blank_reason_is_none_and_one_with_words_is_kept_without_the_blanks_around_it() {
    let bench = Bench::new();
    let none = ["run", "scale", "--desired", "0", "--yes"];
    for blank in ["", "   ", "\t"] {
        let (code, text) = bench.run(&[&none[..], &["--reason", blank]].concat()).await;
        assert!(code == 17 && text.contains("say why with --reason"), "{code}: {text}");
    }
    assert_eq!((bench.updates(), bench.store().runs().unwrap().len()), (0, 0));
    let (code, text) = bench.run(&[&none[..], &["--reason", "  night  "]].concat()).await;
    assert_eq!(code, 0, "{text}");
    let kept =
        |record: &Record| matches!(&record.event, Event::Began { reason, .. } if reason.as_deref() == Some("night"));
    bench.run_that(kept).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_on_one_simulation_is_neither_taken_back_nor_taken_up_on_another() {
    let (there, here) = (Bench::new(), Bench::new());
    assert_eq!(there.run(&[&SCALE[..], &["--yes"]].concat()).await.0, 0);
    let id = there.store().runs().unwrap().remove(0);
    let journal = std::fs::read(there.store().journal(&id)).unwrap();
    std::fs::create_dir_all(here.store().folder()).unwrap();
    std::fs::write(here.store().journal(&id), &journal).unwrap();
    let (code, text) = here.run(&["runs", "undo", id.as_str(), "--yes"]).await;
    assert!(code == 17 && text.contains(&there.served.url) && text.contains(&here.served.url), "{code}: {text}");
    let begun: Vec<u8> = journal.split_inclusive(|byte| *byte == b'\n').take(1).flatten().copied().collect();
    std::fs::write(here.store().journal(&id), &begun).unwrap();
    let (code, text) = here.run(&["runs", "resume", id.as_str()]).await;
    assert!(code == 17 && text.contains(&there.served.url) && text.contains(&here.served.url), "{code}: {text}");
    assert_eq!((here.updates(), std::fs::read(here.store().journal(&id)).unwrap()), (0, begun));
    assert_eq!(here.store().runs().unwrap(), [id], "no run of its own was begun for it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_was_emptied_is_not_called_well_and_one_that_others_may_read_is_told() {
    use std::os::unix::fs::PermissionsExt as _;
    let bench = Bench::new();
    assert_eq!(bench.run(&[&SCALE[..], &["--yes"]].concat()).await.0, 0);
    let journal = bench.store().journal(&bench.store().runs().unwrap().remove(0));
    std::fs::set_permissions(&journal, std::fs::Permissions::from_mode(0o644)).unwrap();
    let (code, text) = bench.run(&["runs", "verify"]).await;
    assert!(code == 0 && text.contains("well, ") && text.contains("its mode is 644, and should be 600"), "{text}");
    std::fs::write(&journal, "").unwrap();
    let (code, text) = bench.run(&["runs", "verify"]).await;
    assert!(code == 1 && text.contains("record 1: there is none") && !text.contains("well"), "{code}: {text}");
}
