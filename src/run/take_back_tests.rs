//! A run that is over is taken back by another, on the world.

use std::collections::BTreeMap;
use std::time::Duration;

use super::engine::Run;
use super::tests::{
    Crash, SERVICE, broken_revision, carry_out, office, plan, state, who, world, world_that_scales, writes,
};
use super::*;
use crate::runbook::Danger;
use crate::world::{Change as Happening, Failure, Fault};

fn back(office: &Office, id: &RunId, context: &Context) -> Result<Plan, Halt> {
    Plan::taking_back(&office.store, id, context.clock.now())
}

#[tokio::test(start_paused = true)]
async fn what_a_run_did_is_put_back_and_followed_after_its_end() {
    for (runbook, answers) in [
        ("scale", &[("desired", "5"), ("minimum", "2")][..]),
        ("rollback", &[("to", "42")]),
        ("emergency-deploy", &[("image", "bad")]),
    ] {
        let (host, context) = world();
        let (_folder, office) = office();
        if runbook != "scale" {
            broken_revision(&host, None).await;
        }
        let before = state(&host);
        let plan = plan(&context, runbook, answers).await;
        let done = carry_out(&office, &context, plan).await;
        assert_eq!(done.ending, Ending::Succeeded, "{}", done.words);
        assert_ne!(state(&host), before);
        let plan = back(&office, &done.id, &context).unwrap();
        assert!(plan.steps.iter().any(|step| !step.view.changes.is_empty()), "{plan:?}");
        let undone = carry_out(&office, &context, plan).await;
        assert_eq!(undone.ending, Ending::Succeeded, "{runbook}: {}", undone.words);
        assert_eq!(state(&host), before, "{runbook}");
        assert!(undone.words.contains("3 of 3 tasks"), "what was put back runs: {}", undone.words);
        let bytes = std::fs::read(office.store.journal(&undone.id)).unwrap();
        assert!(verify(&undone.id, &bytes).unwrap().ended);
        assert_eq!(back(&office, &undone.id, &context).unwrap_err().ending, Ending::Refused);
    }
}

#[tokio::test(start_paused = true)]
async fn an_undo_that_ends_in_the_middle_says_what_was_taken_back_by_then() {
    let (host, context) = world();
    let (_folder, office) = office();
    let first = plan(&context, "scale", &[("desired", "5"), ("minimum", "2")]).await;
    let done = carry_out(&office, &context, first).await;
    let plan = back(&office, &done.id, &context).unwrap();
    let service = SERVICE.to_owned();
    host.with(|world| world.apply(Happening::Scalable { service, min: 3, max: 7, suspended: true.into() }));
    let undone = carry_out(&office, &context, plan).await;
    assert_eq!(undone.ending, Ending::PlanStale, "{}", undone.words);
    assert!(undone.words.contains("no longer as this run left them (3–7)"), "{}", undone.words);
    assert!(undone.words.contains("taken back before that: desired count is 3"), "{}", undone.words);
}

#[tokio::test(start_paused = true)]
async fn what_somebody_else_has_changed_since_is_left_alone_and_said() {
    let (host, context) = world();
    let (_folder, office) = office();
    let first = plan(&context, "scale", &[("desired", "5")]).await;
    let done = carry_out(&office, &context, first).await;
    let plan = back(&office, &done.id, &context).unwrap();
    host.with(|world| world.apply(Happening::SetDesired { service: SERVICE.to_owned(), count: 4 }));
    let wrote = writes(&host);
    let undone = carry_out(&office, &context, plan).await;
    assert_eq!(undone.ending, Ending::PlanStale, "{}", undone.words);
    assert!(undone.words.contains("somebody else has changed it"), "{}", undone.words);
    assert_eq!((writes(&host), host.with(|world| world.tasks(SERVICE).unwrap().0)), (wrote, 4));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_changed_nothing_has_nothing_to_take_back() {
    let (host, context) = world();
    let (_folder, office) = office();
    let first = plan(&context, "scale", &[("desired", "5")]).await;
    host.with(|world| world.apply(Happening::SetDesired { service: SERVICE.to_owned(), count: 4 }));
    let stale = carry_out(&office, &context, first).await;
    assert_eq!(stale.ending, Ending::PlanStale);
    let halt = back(&office, &stale.id, &context).unwrap_err();
    assert!(halt.words.contains("changed nothing"), "{}", halt.words);
}

#[tokio::test(start_paused = true)]
async fn killed_at_any_record_the_taking_back_is_taken_up_and_done_once() {
    for n in 1.. {
        let (host, context) = world();
        let (_folder, office) = office();
        let first = plan(&context, "scale", &[("desired", "5")]).await;
        let done = carry_out(&office, &context, first).await;
        tokio::time::sleep(Duration::from_secs(30)).await;
        let plan = back(&office, &done.id, &context).unwrap();
        let id = RunId::new("undo", context.clock.now());
        let past = super::take_back::inherited(&office.store, &plan).unwrap();
        let book = Crash { journal: Journal::create(&office.store, &id).unwrap(), left: n, after_writing: false };
        let mut run = Run { context: &context, book: Box::new(book), commands: None, plan, past, unguarded: None };
        let killed = run.begin(who(), None).await;
        drop(run);
        let finished = office.resume(&context, &id, who()).await.unwrap();
        assert_eq!(finished.ending, Ending::Succeeded, "killed at {n}: {}", finished.words);
        assert_eq!(host.with(|world| world.tasks(SERVICE)), Some((3, 3)), "killed at {n}");
        assert_eq!(writes(&host), BTreeMap::from([("ecs:UpdateService".to_owned(), 2)]), "killed at {n}");
        if killed.ending != Ending::Unrecorded {
            assert!(n > 6);
            return;
        }
    }
}

/// A script beside a change of the service.
const WITH_A_SCRIPT: &str = "# Mine\n```toml runbook\ndanger = \"caution\"\n```\n## Set it\n```toml ecs.update-service\ndesired-count = 5\n```\n\
    ## Do it\n```sh\ntrue\n```\n## Wait\n```toml ecs.wait-steady\ntimeout = \"30m\"\n```\n";

async fn of(text: &str, context: &Context) -> Plan {
    let runbook = crate::runbook::read(text, "mine.md").unwrap();
    let answers = BTreeMap::new();
    let wish = Wish { runbook: &runbook, answers: &answers, service: None, database: None };
    Plan::make(context, wish).await.unwrap().0
}

#[tokio::test(start_paused = true)]
async fn what_a_script_changed_is_never_called_undone_and_the_other_steps_are() {
    let (host, context) = world();
    let (_folder, office) = office();
    let before = state(&host);
    let plan = of(WITH_A_SCRIPT, &context).await;
    let id = RunId::new("mine", context.clock.now());
    let (finished, ()) = tokio::join!(office.carry_out(&context, &id, plan, who(), None), async {
        while !std::fs::read_to_string(office.store.journal(&id))
            .is_ok_and(|text| text.contains("ecs.wait-steady\"") && text.contains(r#""step":2"#))
        {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Commands::say(
            &office.store,
            &id,
            &Said { at: super::tests::start(), by: "ana".to_owned(), command: Command::Undo, reason: None },
        )
        .unwrap();
    });
    assert_eq!(finished.ending, Ending::FailedAfter, "{}", finished.words);
    assert!(finished.words.contains("desired count is 3"), "{}", finished.words);
    assert!(finished.words.contains("what the script changed stays"), "{}", finished.words);
    assert_eq!(state(&host), before, "the number of tasks is put back all the same");
    let journal = std::fs::read_to_string(office.store.journal(&id)).unwrap();
    assert_eq!(journal.matches(r#""outcome":"undone""#).count(), 1, "{journal}");
}

#[tokio::test(start_paused = true)]
async fn a_run_with_a_script_is_taken_back_but_for_the_script_and_that_is_said_before_and_after() {
    let (host, context) = world();
    let (_folder, office) = office();
    let before = state(&host);
    let done = carry_out(&office, &context, of(WITH_A_SCRIPT, &context).await).await;
    assert_eq!(done.ending, Ending::Succeeded, "{}", done.words);
    let plan = back(&office, &done.id, &context).unwrap();
    assert!(plan.steps[1].view.warnings[0].contains("what the script changed stays"), "{plan:?}");
    let undone = carry_out(&office, &context, plan).await;
    assert_eq!(undone.ending, Ending::FailedAfter, "{}", undone.words);
    assert!(undone.words.contains("what the script changed stays"), "{}", undone.words);
    assert!(undone.words.contains("3 of 3 tasks"), "what was put back is followed: {}", undone.words);
    assert_eq!(state(&host), before);

    let script = "# Mine\n```toml runbook\ndanger = \"caution\"\n```\n## Do it\n```sh\ntrue\n```\n";
    let done = carry_out(&office, &context, of(script, &context).await).await;
    assert_eq!(done.ending, Ending::Succeeded, "{}", done.words);
    let halt = back(&office, &done.id, &context).unwrap_err();
    assert!(halt.ending == Ending::Refused && halt.words.contains("what the script changed stays"), "{}", halt.words);
}

#[tokio::test(start_paused = true)]
async fn taking_back_to_no_tasks_is_an_outage_and_never_confirmed_with_one_key() {
    let (host, context) = world_that_scales();
    let (_folder, office) = office();
    host.with(|world| world.apply(Happening::SetDesired { service: SERVICE.to_owned(), count: 0 }));
    tokio::time::sleep(Duration::from_mins(1)).await;
    let up = plan(&context, "scale", &[("desired", "3")]).await;
    assert_eq!(up.danger, "caution");
    let done = carry_out(&office, &context, up).await;
    let taking_back = back(&office, &done.id, &context).unwrap();
    assert_eq!(taking_back.danger, "danger");
    assert!(taking_back.all_warnings().any(|warning| warning.contains("this is an outage")), "{taking_back:?}");

    let service = SERVICE.to_owned();
    host.with(|world| world.apply(Happening::Scalable { service, min: 0, max: 0, suspended: true.into() }));
    let up = plan(&context, "scale", &[("desired", "4"), ("maximum", "6")]).await;
    let done = carry_out(&office, &context, up).await;
    let taking_back = back(&office, &done.id, &context).unwrap();
    assert_eq!(taking_back.danger, "danger", "{}", done.words);
    assert!(taking_back.all_warnings().any(|warning| warning.contains("stops every task")), "{taking_back:?}");

    let (_host, context) = world();
    let up = plan(&context, "scale", &[("desired", "5")]).await;
    let done = carry_out(&office, &context, up).await;
    assert_eq!(back(&office, &done.id, &context).unwrap().danger, "caution");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_was_refused_has_nothing_to_take_back() {
    let (host, context) = world();
    let (_folder, office) = office();
    let up = plan(&context, "scale", &[("desired", "5")]).await;
    host.inject(Fault::on("ecs:UpdateService", Failure::AccessDenied));
    let denied = carry_out(&office, &context, up).await;
    assert_eq!(denied.ending, Ending::FailedBefore, "{}", denied.words);
    let halt = back(&office, &denied.id, &context).unwrap_err();
    assert!(halt.words.contains("changed nothing"), "{}", halt.words);
}

#[tokio::test(start_paused = true)]
async fn a_script_that_never_started_changed_nothing_and_is_not_told_as_begun() {
    let (_host, context) = world();
    // More than a program may be given.
    let long = format!(
        "# Mine\n```toml runbook\ndanger = \"caution\"\n```\n## Do it\n```sh\n: {}\n```\n",
        "x".repeat(200_000)
    );
    let short = "# Mine\n```toml runbook\ndanger = \"caution\"\n```\n## Do it\n```sh\ntrue\n```\n";
    for (text, has_log, says) in [(long.as_str(), true, "can't be started"), (short, false, "can't be written")] {
        let (_folder, office) = office();
        let plan = of(text, &context).await;
        let id = RunId::new("mine", context.clock.now());
        if !has_log {
            std::fs::create_dir_all(office.store.log(&id)).unwrap();
        }
        let finished = office.carry_out(&context, &id, plan, who(), None).await;
        assert_eq!(finished.ending, Ending::FailedBefore, "{}", finished.words);
        assert!(finished.words.contains(says) && !finished.words.contains("in the middle"));
        assert!(finished.words.chars().count() < 400, "the whole script is no message");
        assert!(back(&office, &id, &context).unwrap_err().words.contains("changed nothing"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_taken_up_leaves_no_sign_in_of_a_killed_process() {
    let (_host, context) = world();
    let (_folder, office) = office();
    let plan = plan(&context, "scale", &[("desired", "5")]).await;
    let id = RunId::new("scale", context.clock.now());
    let book = Crash { journal: Journal::create(&office.store, &id).unwrap(), left: 3, after_writing: false };
    let mut run = Run {
        context: &context,
        book: Box::new(book),
        commands: None,
        plan,
        past: super::past::Past::default(),
        unguarded: None,
    };
    assert_eq!(run.begin(who(), None).await.ending, Ending::Unrecorded);
    drop(run);
    let folder = office.store.log(&id).with_extension("auth");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("auth.json"), "the way in").unwrap();
    let finished = office.resume(&context, &id, who()).await.unwrap();
    assert_eq!(finished.ending, Ending::Succeeded, "{}", finished.words);
    assert!(!folder.exists());
}

#[tokio::test(start_paused = true)]
async fn the_way_back_from_what_was_dangerous_is_one_key_and_keeps_the_reason() {
    let (host, context) = world();
    let (_folder, office) = office();
    broken_revision(&host, None).await;
    let there = plan(&context, "emergency-deploy", &[("image", "bad")]).await;
    assert_eq!((there.danger.as_str(), there.danger_of_undo()), ("danger", (Danger::Caution, None)));
    let id = RunId::new("emergency-deploy", context.clock.now());
    let done = office.carry_out(&context, &id, there, who(), Some("5xx since the release".to_owned())).await;
    assert_eq!(done.ending, Ending::Succeeded, "{}", done.words);
    let taking_back = back(&office, &id, &context).unwrap();
    assert_eq!(taking_back.danger, "caution");
    let changes: Vec<_> = taking_back.steps.iter().flat_map(|step| &step.view.changes).collect();
    let Change { what, before, after } = changes.last().unwrap();
    assert_eq!(
        (what.as_str(), before.as_str(), after.as_str()),
        ("task definition", "analytics-api:43", "analytics-api:41"),
        "both ends of the way back have a name"
    );
    let undone = carry_out(&office, &context, taking_back).await;
    let journal = std::fs::read_to_string(office.store.journal(&undone.id)).unwrap();
    assert!(journal.contains(&format!(r#""reason":"going back from {id}: 5xx since the release""#)), "{journal}");

    // Tasks that were stopped come back.
    let none = plan(&context, "scale", &[("desired", "0")]).await;
    assert_eq!((none.danger.as_str(), none.danger_of_undo()), ("danger", (Danger::Caution, None)));
    // What a script did stays, whatever is put back beside it.
    let script = of(&WITH_A_SCRIPT.replace("caution", "danger"), &context).await;
    assert_eq!(script.danger_of_undo().0, Danger::Danger);
    // To come back from a rollback is to go where it hurt.
    let forward =
        "# Mine\n```toml runbook\ndanger = \"danger\"\n```\n## Go back\n```toml ecs.rollback\nto = \"40\"\n```\n";
    assert_eq!(of(forward, &context).await.danger_of_undo().0, Danger::Danger);
}

#[tokio::test(start_paused = true)]
async fn what_is_about_to_be_taken_back_is_shown_as_things_are_and_not_as_the_journal_left_them() {
    let (host, context) = world();
    let (_folder, office) = office();
    let first = plan(&context, "scale", &[("desired", "5"), ("minimum", "2")]).await;
    let done = carry_out(&office, &context, first).await;
    let as_things_are = async || back(&office, &done.id, &context)?.as_things_are(&context, &office.store).await;
    assert_eq!(as_things_are().await.unwrap().steps, back(&office, &done.id, &context).unwrap().steps);

    let scaled = |desired| Happening::SetDesired { service: SERVICE.to_owned(), count: desired };
    host.with(|world| world.apply(scaled(3)));
    let plan = as_things_are().await.unwrap();
    let changes: Vec<&str> =
        plan.steps.iter().flat_map(|s| &s.view.changes).map(|change| change.what.as_str()).collect();
    assert_eq!(changes, ["auto scaling's minimum"], "the count is as it was already");
    host.with(|world| world.apply(scaled(4)));
    let halt = as_things_are().await.unwrap_err();
    assert_eq!(halt.ending, Ending::PlanStale, "nobody confirms what would not be done: {}", halt.words);
    host.with(|world| {
        world.apply(scaled(3));
        world.apply(Happening::Scalable { service: SERVICE.to_owned(), min: 1, max: 6, suspended: true.into() });
    });
    let halt = as_things_are().await.unwrap_err();
    assert_eq!(
        (halt.ending, halt.words.as_str()),
        (Ending::Refused, "there is nothing to take back: all is as it was")
    );
}

#[tokio::test(start_paused = true)]
async fn a_killed_run_is_taken_back_by_one_command_wherever_it_was_killed() {
    for after in 1.. {
        let (host, context) = world();
        let (_folder, office) = office();
        let before = state(&host);
        let plan = plan(&context, "scale", &[("desired", "5"), ("minimum", "2")]).await;
        let id = RunId::new("scale", context.clock.now());
        let journal = Journal::create(&office.store, &id).unwrap();
        let book = Crash { journal, left: after, after_writing: false };
        let mut run = Run {
            context: &context,
            book: Box::new(book),
            commands: None,
            plan,
            past: Past::default(),
            unguarded: None,
        };
        let killed = run.begin(who(), None).await.ending == Ending::Unrecorded;
        drop(run);
        if !killed {
            assert!(after > 8, "only {after} records");
            return;
        }
        let halt = back(&office, &id, &context).unwrap_err();
        assert!(halt.words.contains(&format!("plantao runs undo {id}")), "{}", halt.words);
        let undo = Said { at: context.clock.now(), by: "ana".to_owned(), command: Command::Undo, reason: None };
        Commands::say(&office.store, &id, &undo).unwrap();
        let finished = office.resume(&context, &id, who()).await.unwrap();
        assert_eq!((finished.ending, state(&host)), (Ending::Undone, before), "killed at {after}: {}", finished.words);
    }
}
