//! What a run that was killed holds, and who is told, on the world.

use super::engine::Run;
use super::tests::{Crash, carry_out, office, plan, state, who, world, writes};
use super::*;

/// A run that holds bounds for a time, killed after so many records; `None` if it came to its end before.
async fn killed(office: &Office, context: &Context, after: usize) -> Option<RunId> {
    let plan = plan(context, "scale", &[("desired", "4"), ("minimum", "4"), ("until", "10m")]).await;
    let id = RunId::new("scale", context.clock.now());
    let journal = Journal::create(&office.store, &id).unwrap();
    let book = Crash { journal, left: after, after_writing: false };
    let mut run = Run { context, book: Box::new(book), commands: None, plan, past: Past::default() };
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
        let refused = carry_out(&office, &context, second).await;
        assert_eq!(refused.ending, Ending::Refused, "killed at {after}: {}", refused.words);
        assert!(refused.words.contains("puts back 1–6"), "{}", refused.words);
        let resumed = office.resume(&context, &id, who()).await.unwrap();
        assert_eq!((resumed.ending, state(&host).1), (Ending::Succeeded, (1, 6)), "{}", resumed.words);
        let again = plan(&context, "scale", &[("desired", "5"), ("minimum", "5")]).await;
        let done = carry_out(&office, &context, again).await;
        assert_eq!(done.ending, Ending::Succeeded, "killed at {after}: {}", done.words);
    }
    assert!(held > 3 && free > 3, "{held} {free}");
}
