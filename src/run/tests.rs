//! Runs on the world, in virtual time.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::engine::Run;
use super::past::Past;
use super::*;
use crate::aws::Clients;
use crate::clock::Clock;
use crate::platform::{Identity, file};
use crate::runbook::shipped;
use crate::world::{Ailment, Change as Happening, Failure, Fault, Host, Scenario, World};

pub(super) const SERVICE: &str = "analytics-api";

pub(super) fn start() -> Timestamp {
    "2026-11-24T15:12:37Z".parse().unwrap()
}

/// The seed platform's world on a calm day, and what a run works with there. Auto scaling is suspended.
pub(super) fn world() -> (Host, Context) {
    let (host, context) = world_that_scales();
    let service = SERVICE.to_owned();
    host.with(|world| world.apply(Happening::Scalable { service, min: 1, max: 6, suspended: true.into() }));
    (host, context)
}

pub(super) fn world_that_scales() -> (Host, Context) {
    let clock = Clock::simulated(start(), 1.0);
    let host = Host::new(World::new(&Scenario::named("calm").unwrap(), 7, start()), clock.clone());
    let clients = Clients::over(host.http_client(), "us-east-1");
    clients.tell_time_by(&clock);
    let mut platform = file::sample();
    // The world serves no users.
    platform.services[0].health_url = None;
    (host, Context { platform: Arc::new(platform), clients, clock, store: None })
}

pub(super) fn who() -> Who {
    Who { user: "ana".to_owned(), ..Who::default() }
}

pub(super) async fn make(context: &Context, runbook: &str, answers: &[(&str, &str)]) -> Result<(Plan, Identity), Halt> {
    let runbook = shipped().into_iter().find(|r| r.name == runbook).unwrap();
    let answers: BTreeMap<String, String> =
        answers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Plan::make(context, Wish { runbook: &runbook, answers: &answers, service: None, database: None }).await
}

pub(super) async fn plan(context: &Context, runbook: &str, answers: &[(&str, &str)]) -> Plan {
    make(context, runbook, answers).await.unwrap().0
}

pub(super) fn office() -> (tempfile::TempDir, Office) {
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let office = Office {
        store: Store::at(&folder.path().join("runs")),
        locks: Locks::at(folder.path()),
        guardians: Guardians::default(),
    };
    (folder, office)
}

pub(super) async fn carry_out(office: &Office, context: &Context, plan: Plan) -> Finished {
    let id = RunId::new(&plan.runbook, context.clock.now());
    office.carry_out(context, &id, plan, who(), None).await
}

/// Writes, that is: how often each operation that changes something was asked.
pub(super) fn writes(host: &Host) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for operation in host.requests() {
        let name = operation.rsplit(':').next().unwrap();
        if ["Update", "Register", "Stop"].iter().any(|verb| name.starts_with(verb)) {
            *counts.entry(operation).or_default() += 1;
        }
    }
    counts
}

#[tokio::test(start_paused = true)]
async fn scaling_succeeds_when_the_tasks_run_and_are_healthy_and_all_of_it_is_in_the_journal() {
    let (host, context) = world();
    let (_folder, office) = office();
    let plan = plan(&context, "scale", &[("desired", "5")]).await;
    let finished = carry_out(&office, &context, plan).await;
    assert_eq!(finished.ending, Ending::Succeeded, "{}", finished.words);
    assert_eq!(host.with(|world| world.tasks(SERVICE)), Some((5, 5)));
    let bytes = std::fs::read(office.store.journal(&finished.id)).unwrap();
    assert!(verify(&finished.id, &bytes).unwrap().ended);
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.contains(r#""parameters":{"desiredCount":5},"previous":{"deployment""#), "{text}");
    assert_eq!(writes(&host), BTreeMap::from([("ecs:UpdateService".to_owned(), 1)]));
}

#[tokio::test(start_paused = true)]
async fn a_number_that_auto_scaling_took_back_is_not_called_the_one_that_was_asked_for() {
    let (host, context) = world_that_scales();
    let (_folder, office) = office();
    let plan = plan(&context, "scale", &[("desired", "9")]).await;
    let finished = carry_out(&office, &context, plan).await;
    assert_eq!(finished.ending, Ending::Superseded, "{}", finished.words);
    let (desired, _) = host.with(|world| world.tasks(SERVICE)).unwrap();
    assert!(desired < 9);
    let said = format!("the number was changed from the 9 of this run to {desired} by auto scaling: ");
    assert!(finished.words.contains(&said), "{}", finished.words);
    assert!(finished.words.contains("to hold 9, scale again with that as its minimum"), "{}", finished.words);
    let journal = std::fs::read_to_string(office.store.journal(&finished.id)).unwrap();
    assert!(journal.contains(r#""by":"auto-scaling""#), "a program reads who took it back from no words: {journal}");
}

#[tokio::test(start_paused = true)]
async fn a_plan_says_what_auto_scaling_will_do_with_the_number() {
    let (_host, context) = world_that_scales();
    let plan = plan(&context, "scale", &[("desired", "9")]).await;
    let warnings: Vec<&str> = plan.all_warnings().collect();
    assert!(
        warnings.iter().any(|w| w.contains("outside auto scaling's bounds (1–6)") && w.contains("to 6")),
        "{warnings:?}"
    );
    assert!(warnings.iter().any(|w| w.starts_with("the database is short of")), "{warnings:?}");
    let update = plan.steps.iter().find(|s| s.action.name() == "ecs.update-service").unwrap();
    assert_eq!(update.view.changes, [Change::of("desired count", 3, 9)]);
    assert_eq!(
        update.view.command.as_deref(),
        Some("aws ecs update-service --cluster analytics-production --service analytics-api --desired-count 9")
    );
}

#[tokio::test(start_paused = true)]
async fn all_that_is_wrong_with_the_answers_is_said_at_once() {
    let (_host, context) = world();
    let halt = make(&context, "scale", &[("desird", "3"), ("desired", "900"), ("until", "14:30")]).await.unwrap_err();
    assert_eq!(halt.ending, Ending::Refused);
    assert_eq!(
        halt.words,
        "scale has no parameter --desird; did you mean --desired?\n--desired 900: expected a whole number from 0 to 100\n--until means nothing with the other answers"
    );
}

#[tokio::test(start_paused = true)]
async fn a_plan_that_is_out_of_date_sends_nothing() {
    let (host, context) = world();
    let (_folder, office) = office();
    let plan = plan(&context, "scale", &[("desired", "5")]).await;
    host.with(|world| world.apply(Happening::SetDesired { service: SERVICE.to_owned(), count: 4 }));
    let finished = carry_out(&office, &context, plan).await;
    assert_eq!(finished.ending, Ending::PlanStale, "{}", finished.words);
    assert!(finished.words.contains("desired count was 3 and is 4"), "{}", finished.words);
    assert!(writes(&host).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_second_run_on_the_service_is_refused_while_the_first_one_waits() {
    let (_host, context) = world();
    let (_folder, office) = office();
    let first = plan(&context, "scale", &[("desired", "5")]).await;
    let second = plan(&context, "scale", &[("desired", "1")]).await;
    let (first, second) = tokio::join!(carry_out(&office, &context, first), async {
        tokio::time::sleep(std::time::Duration::from_secs(3)).await;
        carry_out(&office, &context, second).await
    });
    assert_eq!((first.ending, second.ending), (Ending::Succeeded, Ending::Busy));
    assert!(second.words.contains(&format!("plantao follow {}", first.id)), "{}", second.words);
}

#[tokio::test(start_paused = true)]
async fn stop_ends_the_wait_and_undo_puts_the_number_back() {
    for (command, ending, tasks) in [(Command::Stop, Ending::Stopped, 5), (Command::Undo, Ending::Undone, 3)] {
        let (host, context) = world();
        let (_folder, office) = office();
        let plan = plan(&context, "scale", &[("desired", "5")]).await;
        let said = Said { at: start(), by: "ana".to_owned(), command, reason: None };
        let id = RunId::new("scale", context.clock.now());
        let (finished, ()) = tokio::join!(office.carry_out(&context, &id, plan, who(), None), async {
            tokio::time::sleep(std::time::Duration::from_secs(10)).await;
            Commands::say(&office.store, &id, &said).unwrap();
        });
        assert_eq!(finished.ending, ending, "{}", finished.words);
        let is_followed = finished.words.contains("3 of 3 tasks of :41 run");
        assert_eq!(is_followed, ending == Ending::Undone, "nothing is undone before it runs: {}", finished.words);
        tokio::time::sleep(std::time::Duration::from_secs(5)).await;
        assert_eq!(host.with(|world| world.tasks(SERVICE)).unwrap().0, tasks, "{command:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_denied_update_changed_nothing_and_says_so_with_its_own_ending() {
    let (host, context) = world();
    let (_folder, office) = office();
    let plan = plan(&context, "scale", &[("desired", "5")]).await;
    host.inject(Fault::on("ecs:UpdateService", Failure::AccessDenied));
    let finished = carry_out(&office, &context, plan).await;
    assert_eq!(finished.ending, Ending::FailedBefore, "{}", finished.words);
    assert!(finished.words.contains("ecs:UpdateService"), "{}", finished.words);
}

#[tokio::test(start_paused = true)]
async fn throttling_and_expired_credentials_in_the_middle_of_a_wait_do_not_end_it() {
    for failure in [Failure::Throttled, Failure::ExpiredToken, Failure::Hang, Failure::Unavailable] {
        let (host, context) = world();
        let (_folder, office) = office();
        let plan = plan(&context, "scale", &[("desired", "5")]).await;
        let (finished, ()) = tokio::join!(carry_out(&office, &context, plan), async {
            tokio::time::sleep(std::time::Duration::from_secs(20)).await;
            host.inject(Fault::on("ecs:DescribeServices", failure.clone()));
            tokio::time::sleep(std::time::Duration::from_secs(90)).await;
            host.heal();
        });
        assert_eq!(finished.ending, Ending::Succeeded, "{failure:?}: {}", finished.words);
        let journal = std::fs::read_to_string(office.store.journal(&finished.id)).unwrap();
        assert!(journal.contains("AWS does not answer, asking again"), "{failure:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_update_whose_answer_is_lost_is_looked_for_and_never_sent_twice() {
    let (host, context) = world();
    let (_folder, office) = office();
    let plan = plan(&context, "scale", &[("desired", "5")]).await;
    // The world carries it out and its answer takes longer than anyone waits.
    host.inject(Fault::on("ecs:UpdateService", Failure::Slow(std::time::Duration::from_mins(1))));
    let finished = carry_out(&office, &context, plan).await;
    assert_eq!(finished.ending, Ending::Succeeded, "{}", finished.words);
    assert_eq!(writes(&host), BTreeMap::from([("ecs:UpdateService".to_owned(), 1)]));
}

/// A runbook of the user's that deploys a revision and waits.
const DEPLOY: &str = "# Deploy\n```toml runbook\ndanger = \"caution\"\n[param.to]\nask = \"Which?\"\ntype = \"revision\"\n```\n\
## Set it\n```toml ecs.update-service\ntask-definition = \"{{ to }}\"\n```\n## Wait\n```toml ecs.wait-steady\ntimeout = \"40m\"\n```\n";

pub(super) async fn deploy(context: &Context, to: u32) -> Plan {
    let runbook = crate::runbook::read(DEPLOY, "deploy.md").unwrap();
    let answers = BTreeMap::from([("to".to_owned(), to.to_string())]);
    let wish = Wish { runbook: &runbook, answers: &answers, service: None, database: None };
    Plan::make(context, wish).await.unwrap().0
}

/// Registers a revision with a broken image by deploying it, and goes back; its number.
pub(super) async fn broken_revision(host: &Host, ailment: Option<Ailment>) -> (u32, u32) {
    let number =
        || host.with(|world| world.services[0].primary().map(|d| world.definitions[d.definition].number)).unwrap();
    let good = number();
    host.with(|world| {
        world.apply(Happening::Deploy { service: SERVICE.to_owned(), image: Some("bad".to_owned()), ailment });
    });
    let bad = number();
    host.with(|world| world.apply(Happening::Redeploy { service: SERVICE.to_owned(), revision: good }));
    for _ in 0..20 {
        tokio::time::sleep(std::time::Duration::from_mins(1)).await;
        host.with(|_| ());
    }
    (good, bad)
}

#[tokio::test(start_paused = true)]
async fn each_ending_of_a_deployment_has_its_own_words() {
    for (enabled, rollback, ending, words) in [
        (true, true, Ending::RolledBackByEcs, "rolled back to"),
        (true, false, Ending::DeploymentFailed, "put nothing in its place"),
        (false, false, Ending::KeepsFailing, "no circuit breaker"),
    ] {
        let (host, context) = world();
        let (_folder, office) = office();
        let (_, bad) = broken_revision(&host, Some(Ailment::Crashes)).await;
        host.with(|world| world.apply(Happening::Breaker { service: SERVICE.to_owned(), enabled, rollback }));
        let plan = deploy(&context, bad).await;
        let finished = carry_out(&office, &context, plan).await;
        assert_eq!(finished.ending, ending, "{}", finished.words);
        assert!(finished.words.contains(words) && finished.words.contains("first failed task"), "{}", finished.words);
    }
}

#[tokio::test(start_paused = true)]
async fn a_deployment_of_somebody_else_in_the_middle_is_not_called_success() {
    let (host, context) = world();
    let (_folder, office) = office();
    let (good, other) = broken_revision(&host, None).await;
    let plan = deploy(&context, other).await;
    let (finished, ()) = tokio::join!(carry_out(&office, &context, plan), async {
        tokio::time::sleep(std::time::Duration::from_secs(40)).await;
        host.with(|world| world.apply(Happening::Redeploy { service: SERVICE.to_owned(), revision: good }));
    });
    assert_eq!(finished.ending, Ending::Superseded, "{}", finished.words);
    let whose = format!(":{good} was registered by user/ana");
    assert!(finished.words.contains(&whose), "{}", finished.words);
}

/// Dies when told: instead of the record after the `n`th, or just after the `n`th is on the disk.
pub(super) struct Crash {
    pub(super) journal: Journal,
    pub(super) left: usize,
    pub(super) after_writing: bool,
}

impl Book for Crash {
    fn record(&mut self, at: Timestamp, event: &Event) -> Result<(), JournalError> {
        let died = || JournalError::Io {
            path: "journal".to_owned(),
            what: "written",
            why: std::io::Error::other("the process was killed"),
        };
        if self.left == 0 {
            return Err(died());
        }
        self.left -= 1;
        self.journal.record(at, event)?;
        if self.left == 0 && self.after_writing { Err(died()) } else { Ok(()) }
    }
}

/// What the service is like: desired count, auto scaling's bounds, and the image that it runs.
pub(super) fn state(host: &Host) -> (u32, (u32, u32), String) {
    host.with(|world| {
        let service = &world.services[0];
        let bounds = service.scaling.as_ref().map(|s| (s.min, s.max)).unwrap();
        let image = service.primary().map(|d| world.definitions[d.definition].containers[0]["image"].to_string());
        (service.desired, bounds, image.unwrap())
    })
}

/// A shipped runbook, answers, and whether it first needs another revision to go to.
type Case = (&'static str, &'static [(&'static str, &'static str)]);

const SHIPPED: [Case; 5] = [
    ("scale", &[("desired", "5")]),
    ("scale", &[("desired", "4"), ("minimum", "2"), ("until", "30m")]),
    ("scale", &[("desired", "4"), ("minimum", "2")]),
    ("rollback", &[("to", "42")]),
    ("emergency-deploy", &[("image", "bad")]),
];

/// Runs a runbook that is killed after `n` records, and takes it up.
async fn killed_and_resumed((runbook, answers): Case, n: usize, after_writing: bool) -> (Host, Finished, bool) {
    let (host, context) = world();
    let (_folder, office) = office();
    if runbook != "scale" {
        assert_eq!(broken_revision(&host, None).await, (41, 42));
    }
    let plan = plan(&context, runbook, answers).await;
    let id = RunId::new(runbook, context.clock.now());
    let journal = Journal::create(&office.store, &id).unwrap();
    let book = Crash { journal, left: n, after_writing };
    let mut run =
        Run { context: &context, book: Box::new(book), commands: None, plan, past: Past::default(), unguarded: None };
    let first = run.begin(who(), None).await;
    drop(run);
    let crashed = first.ending == Ending::Unrecorded;
    let mut finished = office.resume(&context, &id, who()).await.unwrap();
    let bytes = std::fs::read(office.store.journal(&id)).unwrap();
    assert!(verify(&id, &bytes).unwrap().ended);
    if !crashed {
        assert_eq!((finished.ending, finished.words.as_str()), (first.ending, "it was over already"));
        finished.words = first.words;
    }
    (host, finished, crashed)
}

#[tokio::test(start_paused = true)]
async fn killed_at_any_record_and_resumed_the_world_ends_the_same_and_nothing_is_done_twice() {
    for case in SHIPPED {
        let (host, finished, crashed) = killed_and_resumed(case, 1_000, false).await;
        assert_eq!((finished.ending, crashed), (Ending::Succeeded, false), "{case:?}: {}", finished.words);
        let (wanted, wrote) = (state(&host), writes(&host));
        match case.0 {
            "scale" => assert_eq!(wanted.0.to_string(), case.1[0].1),
            "rollback" => assert!(wanted.2.ends_with(":bad\""), "{wanted:?}"),
            _ => assert!(wanted.2.contains("@sha256:"), "{wanted:?}"),
        }
        let until = case.1.iter().any(|(name, _)| *name == "until");
        assert_eq!(wanted.1, if case.1.len() == 2 { (2, 6) } else { (1, 6) }, "{case:?}");
        assert_eq!(finished.words.contains("1–6 again"), until, "{}", finished.words);
        for after_writing in [false, true] {
            let mut crashes = 0;
            for n in 1.. {
                let (host, finished, crashed) = killed_and_resumed(case, n, after_writing).await;
                assert_eq!(finished.ending, Ending::Succeeded, "{case:?} killed at {n}: {}", finished.words);
                assert_eq!(state(&host), wanted, "{case:?} killed at {n}");
                assert_eq!(writes(&host), wrote, "{case:?} killed at {n}");
                if !crashed {
                    break;
                }
                crashes += 1;
            }
            assert!(crashes >= 10, "{case:?}: only {crashes} records");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_deployment_that_ecs_rolls_back_is_told_so_wherever_the_process_was_killed() {
    for n in 1.. {
        let (host, context) = world();
        let (_folder, office) = office();
        let (_, bad) = broken_revision(&host, Some(Ailment::Crashes)).await;
        let plan = deploy(&context, bad).await;
        let id = RunId::new("deploy", context.clock.now());
        let book = Crash { journal: Journal::create(&office.store, &id).unwrap(), left: n, after_writing: false };
        let mut run = Run {
            context: &context,
            book: Box::new(book),
            commands: None,
            plan,
            past: Past::default(),
            unguarded: None,
        };
        let first = run.begin(who(), None).await;
        drop(run);
        let finished = office.resume(&context, &id, who()).await.unwrap();
        assert_eq!(finished.ending, Ending::RolledBackByEcs, "killed at {n}: {}", finished.words);
        assert_eq!(writes(&host), BTreeMap::from([("ecs:UpdateService".to_owned(), 1)]), "killed at {n}");
        if first.ending != Ending::Unrecorded {
            assert!(n > 8);
            return;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn killed_in_the_middle_of_undo_it_is_undone_in_the_end() {
    // An undo of both steps, killed at each of its records.
    for n in 1..40 {
        let (host, context) = world();
        let (_folder, office) = office();
        let plan = plan(&context, "scale", &[("desired", "4"), ("minimum", "2")]).await;
        let id = RunId::new("scale", context.clock.now());
        let journal = Journal::create(&office.store, &id).unwrap();
        let said = Said { at: start(), by: "ana".to_owned(), command: Command::Undo, reason: None };
        let commands = Some(Commands::of(&office.store, &id));
        let book = Crash { journal, left: n, after_writing: false };
        let mut run =
            Run { context: &context, book: Box::new(book), commands, plan, past: Past::default(), unguarded: None };
        let (first, ()) = tokio::join!(run.begin(who(), None), async {
            tokio::time::sleep(std::time::Duration::from_secs(8)).await;
            Commands::say(&office.store, &id, &said).unwrap();
        });
        drop(run);
        let finished = office.resume(&context, &id, who()).await.unwrap();
        assert_eq!(finished.ending, Ending::Undone, "killed at {n}: {}", finished.words);
        let bounds = host.with(|world| world.services[0].scaling.as_ref().map(|s| (s.min, s.max)));
        assert_eq!(bounds, Some((1, 6)), "killed at {n}");
        if first.ending == Ending::Undone {
            return;
        }
    }
    panic!("the undo never came to its end");
}
