//! A run that is over is taken back by another, on the world.

use std::collections::BTreeMap;
use std::time::Duration;

use super::engine::Run;
use super::tests::{Crash, SERVICE, broken_revision, carry_out, office, plan, state, who, world, writes};
use super::*;
use crate::world::Change as Happening;

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
        let mut run = Run { context: &context, book: Box::new(book), commands: None, plan, past };
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
