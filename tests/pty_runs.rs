//! Runs from the real screen on a real terminal: what the keys do, and what is left when the terminal goes.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use plantao::aws::Clients;
use plantao::aws::ecs::describe_services;
use plantao::run::{Ending, Event, Follower, Record, RunId};

use crate::harness::{Ended, PATIENCE, Terminal, store_in};

const SIZE: (u16, u16) = (80, 24);

/// A user's home, and the demo served by a process of its own: a run must not end with a screen because the
/// world did.
struct Desk {
    home: tempfile::TempDir,
    demo: Child,
    url: String,
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = self.demo.kill();
        let _ = self.demo.wait();
    }
}

impl Desk {
    fn new() -> Desk {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plantao"));
        // The second look is after five seconds: the run is not over when the screen goes. No faster: on a busy machine the
        // first look would find it done.
        command.args(["demo", "--serve", "--scenario", "calm", "--speed", "2"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let one_at_a_time = crate::harness::starting();
        let mut demo = command.spawn().unwrap();
        drop(one_at_a_time);
        let mut lines = BufReader::new(demo.stdout.take().unwrap()).lines();
        let url = lines.next().unwrap().unwrap();
        std::thread::spawn(move || lines.for_each(drop));
        Desk { home: tempfile::tempdir().unwrap(), demo, url }
    }

    fn env(&self) -> Vec<(&str, &str)> {
        let home = self.home.path().to_str().unwrap();
        let mut env = in_home(home);
        env.extend([("AWS_ACCESS_KEY_ID", "demo"), ("AWS_SECRET_ACCESS_KEY", "demo")]);
        env
    }

    /// The dashboard under a shell's limits, with its first picture.
    fn screen_under(&self, limits: &str) -> Terminal {
        let (plantao, url) = (env!("CARGO_BIN_EXE_plantao"), &self.url);
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/platform.toml");
        let line = format!("{limits}; exec '{plantao}' --endpoint-url '{url}' -c '{}'", sample.display());
        let terminal = Terminal::shell(&line, SIZE, &self.env());
        first_picture(&terminal);
        terminal
    }

    /// The dashboard, with its first picture.
    fn screen(&self) -> Terminal {
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/platform.toml");
        let arguments = ["--endpoint-url", &self.url, "-c", sample.to_str().unwrap()];
        let terminal = Terminal::plantao(&arguments, SIZE, &self.env());
        first_picture(&terminal);
        terminal
    }

    /// The run's journal, once a record in it fits.
    fn run_that(&self, what: &str, fits: impl Fn(&Event) -> bool) -> (RunId, Vec<Record>) {
        let store = store_in(self.home.path());
        let end = Instant::now() + PATIENCE;
        loop {
            for id in store.runs().unwrap_or_default() {
                let records = Follower::open(&store, &id).and_then(|mut it| it.poll()).unwrap_or_default();
                if records.iter().any(|record| fits(&record.event)) {
                    return (id, records);
                }
                assert!(Instant::now() < end, "no {what} in the journal: {records:#?}");
            }
            assert!(Instant::now() < end, "there is no run");
            // No event tells of another process's file; this only paces the looks.
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The run came to its end, all of it is in its journal, and it changed one thing, once.
    fn ended_well(&self) -> RunId {
        let (id, records) = self.run_that("end", |event| matches!(event, Event::Ended { .. }));
        let Event::Ended { ending, words, .. } = &records.last().unwrap().event else { panic!("{records:#?}") };
        assert_eq!(*ending, Ending::Succeeded, "{words}");
        let requests = records.iter().filter(|record| matches!(record.event, Event::Request { .. })).count();
        assert_eq!(requests, 1);
        let mut command = Command::new(env!("CARGO_BIN_EXE_plantao"));
        command.args(["runs", "verify"]).env_clear().env("HOME", self.home.path());
        let said = command.output().unwrap();
        let text = String::from_utf8_lossy(&said.stdout).into_owned();
        assert!(said.status.success() && text.starts_with(&format!("{id}: well, ")), "{text}");
        id
    }
}

fn in_home(home: &str) -> Vec<(&str, &str)> {
    vec![("HOME", home), ("PLANTAO_LOCK_DIR", home), ("XDG_STATE_HOME", "")]
}

fn first_picture(terminal: &Terminal) {
    terminal.wait_until("the first picture", |screen| {
        let text = screen.contents();
        text.contains("ECS analytics-api") && text.contains("live")
    });
}

/// From the dashboard to a run that waits for one task fewer, by keys alone. One more could be taken back by auto scaling
/// before it is healthy; nothing adds one again before three hot minutes are over.
fn scales_to_two(terminal: &mut Terminal) {
    for (key, shown) in [
        ("s", "nothing to do"),
        ("2", "enter plan it"),
        ("\r", "3 → 2"),
        ("\r", "y carries it out"),
        // Enter is never a yes: still asked.
        ("\r", "y carries it out"),
        ("y", "▶ 3. Wait until they run"),
    ] {
        terminal.type_keys(key);
        terminal.wait_for(shown);
    }
}

fn is_over(records: &[Record]) -> bool {
    records.iter().any(|record| matches!(record.event, Event::Ended { .. }))
}

fn waits(event: &Event) -> bool {
    matches!(event, Event::StepBegan { action, .. } if action == "ecs.wait-steady")
}

#[test]
fn in_the_demo_scale_is_five_keys_from_the_dashboard_to_its_success() {
    let home = tempfile::tempdir().unwrap();
    let env = in_home(home.path().to_str().unwrap());
    let mut terminal = Terminal::plantao(&["demo", "--scenario", "calm", "--speed", "2"], SIZE, &env);
    first_picture(&terminal);
    scales_to_two(&mut terminal);
    terminal.wait_for("✓ Succeeded");
    terminal.type_keys("q");
    assert_eq!(terminal.end(), Ended { code: 0, restored: Ok(()) });
    let store = store_in(home.path());
    let runs = store.runs().unwrap();
    assert_eq!(runs.len(), 1);
    let bytes = std::fs::read(store.journal(&runs[0])).unwrap();
    assert!(plantao::run::verify(&runs[0], &bytes).unwrap().ended);
}

#[test]
fn a_line_that_drops_in_the_middle_of_a_run_takes_the_screen_and_not_the_run() {
    let desk = Desk::new();
    let mut terminal = desk.screen();
    scales_to_two(&mut terminal);
    terminal.hang_up();
    terminal.end();
    let (_, records) = desk.run_that("wait", waits);
    assert!(!is_over(&records), "the run was over before the line dropped: this test saw nothing");
    desk.ended_well();
}

#[test]
fn a_screen_that_is_quit_in_the_middle_of_a_run_leaves_it_and_the_next_screen_sees_it() {
    let desk = Desk::new();
    let mut terminal = desk.screen();
    scales_to_two(&mut terminal);
    terminal.type_keys("q");
    assert_eq!(terminal.end(), Ended { code: 0, restored: Ok(()) });
    let (id, records) = desk.run_that("wait", waits);
    assert!(!is_over(&records), "the run was over before the screen was: this test saw nothing");
    let mut second = desk.screen();
    // There is one that goes on: no list to choose from.
    second.type_keys("o");
    second.wait_for("✓ Succeeded");
    assert_eq!(desk.ended_well(), id);
    second.type_keys("q");
    assert_eq!(second.end(), Ended { code: 0, restored: Ok(()) });
}

/// A file that may not grow, as on a disk that is full: the write fails, where the default is a signal that kills.
fn full_after(blocks: usize) -> String {
    format!("trap '' XFSZ; ulimit -f {blocks}")
}

/// Scale that does not wait: what is tried here at every size of a disk is the writing.
const QUICK: &str = "# Quick\n```toml runbook\ndanger = \"caution\"\n[param.desired]\nask = \"How many?\"\ntype = \"integer\"\n```\n\
## Set it\n```toml ecs.update-service\ndesired-count = \"{{ desired }}\"\n```\n";

#[test]
fn a_disk_that_fills_up_stops_the_run_before_the_call_that_it_could_not_write_down() {
    let desk = Desk::new();
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/platform.toml");
    let (mut unrecorded, mut sent_nothing) = (0, 0);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let clients = Clients::at(&desk.url, "us-east-1");
    let wanted = || {
        let found = runtime.block_on(describe_services(&clients, "analytics-production", &["analytics-api"])).unwrap();
        found[0].as_ref().unwrap().desired
    };
    // From a disk that does not hold the first record to one that holds all but the last.
    for blocks in 1..40 {
        let home = tempfile::tempdir().unwrap();
        let runbooks = home.path().join(".config/plantao/runbooks");
        std::fs::create_dir_all(&runbooks).unwrap();
        std::fs::write(runbooks.join("quick.md"), QUICK).unwrap();
        let before = wanted();
        let desired = if before == 4 { 3 } else { 4 };
        let line = format!(
            "{}; exec '{}' run quick --desired {desired} --yes --endpoint-url '{}' -c '{}'",
            full_after(blocks),
            env!("CARGO_BIN_EXE_plantao"),
            desk.url,
            sample.display()
        );
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &line]).stdin(Stdio::null()).env_clear();
        command.env("AWS_ACCESS_KEY_ID", "demo").env("AWS_SECRET_ACCESS_KEY", "demo");
        command.env("AWS_EC2_METADATA_DISABLED", "true");
        command.envs(in_home(home.path().to_str().unwrap()).into_iter().filter(|(_, value)| !value.is_empty()));
        let said = command.output().unwrap();
        let text = String::from_utf8_lossy(&[&said.stdout[..], &said.stderr[..]].concat()).into_owned();
        let store = store_in(home.path());
        let records = store.runs().unwrap_or_default().first().map(|id| Follower::open(&store, id).unwrap().poll());
        let records = records.map(Result::unwrap).unwrap_or_default();
        let asked = records.iter().any(|record| matches!(record.event, Event::Request { .. }));
        if is_over(&records) {
            assert!(unrecorded > 0, "{text}");
            return assert!(sent_nothing > 0, "the first record never filled the disk");
        }
        assert_eq!(said.status.code(), Some(20), "{blocks} blocks: {text}");
        assert!(text.contains("can't be written"), "{blocks} blocks: {text}");
        assert!(asked || wanted() == before, "{blocks} blocks: a change that is nowhere written down: {records:#?}");
        unrecorded += 1;
        sent_nothing += usize::from(!asked);
    }
    panic!("the journal never fitted");
}

#[test]
fn a_disk_that_is_full_is_told_on_the_screen() {
    let desk = Desk::new();
    let mut terminal = desk.screen_under(&full_after(1));
    for (key, shown) in [("s", "nothing to do"), ("4", "enter plan it"), ("\r", "3 → 4"), ("\r", "y carries it out")]
    {
        terminal.type_keys(key);
        terminal.wait_for(shown);
    }
    terminal.type_keys("y");
    terminal.wait_for("can't be written");
    terminal.type_keys("\u{3}");
    assert_eq!(terminal.end(), Ended { code: 0, restored: Ok(()) });
}
