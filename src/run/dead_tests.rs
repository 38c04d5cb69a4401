//! What a run that was killed holds, and who is told, on the world.

use super::engine::Run;
use super::tests::{Crash, SERVICE, carry_out, office, plan, state, who, world, writes};
use super::*;
use crate::world::Change as Happening;

/// A run that holds bounds for a time, killed after so many records; `None` if it came to its end before.
pub(super) async fn killed(office: &Office, context: &Context, after: usize) -> Option<RunId> {
    let plan = plan(context, "scale", &[("desired", "4"), ("minimum", "4"), ("until", "10m")]).await;
    let id = RunId::new("scale", context.clock.now());
    let journal = Journal::create(&office.store, &id).unwrap();
    let book = Crash { journal, left: after, after_writing: false };
    let mut run = Run { context, book: Box::new(book), commands: None, plan, past: Past::default(), unguarded: None };
    let halt = run.begin(who(), None).await;
    (halt.ending == Ending::Unrecorded).then_some(id)
}

#[tokio::test(start_paused = true)]
async fn bounds_that_a_killed_run_left_behind_are_not_taken_for_what_was_there_and_made_permanent() {
    let (mut held, mut free) = (0, 0);
    for after in 1.. {
        let (host, context) = world();
        let (_folder, office) = office();
        let Some(id) = killed(&office, &context, after).await else { break };
        let moved = state(&host).1 == (4, 6);
        let mut second = plan(&context, "scale", &[("desired", "5"), ("minimum", "5")]).await;
        second.warn_of_dead_runs(Some(&office.store), context.clock.now());
        let warning = &second.warnings[0];
        assert!(warning.starts_with(&format!("run {id} was killed")), "killed at {after}: {warning}");
        assert!(warning.contains(&format!("plantao runs resume {id}")), "{warning}");
        if !moved {
            free += 1;
            // Put back, and killed before that was written down: only its resuming can tell.
            let put_back = writes(&host).get("application-autoscaling:RegisterScalableTarget") == Some(&2);
            assert!(put_back || second.refuse_over_dead_runs(&office.store, context.clock.now()).is_ok());
            continue;
        }
        held += 1;
        assert!(warning.contains("left bounds 4–6"), "killed at {after}: {warning}");
        let refused = second.refuse_over_dead_runs(&office.store, context.clock.now()).unwrap_err();
        assert!(refused.words.contains("puts back 1–6"), "{}", refused.words);
        let resumed = office.resume(&context, &id, who()).await.unwrap();
        assert_eq!((resumed.ending, state(&host).1), (Ending::Succeeded, (1, 6)), "{}", resumed.words);
        let again = plan(&context, "scale", &[("desired", "5"), ("minimum", "5")]).await;
        again.refuse_over_dead_runs(&office.store, context.clock.now()).unwrap();
    }
    assert!(held > 3 && free > 3, "{held} {free}");
}

#[tokio::test(start_paused = true)]
async fn no_run_begins_over_one_that_was_killed_whoever_ordered_it() {
    let (host, context) = world();
    let (_folder, office) = office();
    killed(&office, &context, 12).await.unwrap();
    let second = plan(&context, "scale", &[("desired", "5"), ("minimum", "5")]).await;
    let refused = carry_out(&office, &context, second).await;
    assert_eq!((refused.ending, state(&host).1), (Ending::Refused, (4, 6)), "{}", refused.words);
    assert!(!office.store.journal(&refused.id).exists());
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_taken_up_after_somebody_else_moved_its_number_ends_and_says_so() {
    let (host, context) = world();
    let (_folder, office) = office();
    let id = killed(&office, &context, 12).await.unwrap();
    let text = std::fs::read_to_string(office.store.journal(&id)).unwrap();
    assert!(text.contains("ecs.wait-steady\",\"") || text.contains(r#""step":2"#), "it waits: {text}");
    host.with(|world| world.apply(Happening::SetDesired { service: SERVICE.to_owned(), count: 5 }));
    let began = tokio::time::Instant::now();
    let resumed = office.resume(&context, &id, who()).await.unwrap();
    assert_eq!((resumed.ending, state(&host).1), (Ending::Superseded, (1, 6)), "{}", resumed.words);
    assert!(began.elapsed() < std::time::Duration::from_mins(11), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_rollback_does_not_wait_for_a_killed_run_that_holds_bounds() {
    let (_host, context) = world();
    let (_folder, office) = office();
    killed(&office, &context, 12).await.unwrap();
    let mut rollback = plan(&context, "rollback", &[]).await;
    rollback.warn_of_dead_runs(Some(&office.store), context.clock.now());
    assert!(rollback.warnings[0].contains("left bounds 4–6"), "{:?}", rollback.warnings);
    rollback.refuse_over_dead_runs(&office.store, context.clock.now()).unwrap();
}
