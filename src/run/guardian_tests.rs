//! When a guardian takes a run up, and when it does not, on the world.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::dead_tests::killed;
use super::tests::{carry_out, office, plan, start, state, who, world, writes};
use super::*;

#[tokio::test(start_paused = true)]
async fn what_a_killed_run_held_is_put_back_once_by_its_guardian_and_one_that_holds_nothing_is_left_to_people() {
    let (mut held, mut free) = (0, 0);
    for after in 1.. {
        let (host, context) = world();
        let (_folder, office) = office();
        let Some(id) = killed(&office, &context, after).await else { break };
        let moved = state(&host).1 == (4, 6);
        if let Some(orphan) = office.guard(&id).unwrap() {
            assert!(Follower::open(&office.store, &id).unwrap().is_alive(), "everybody sees that it is taken up");
            let finished = office.rear(&context, &id, orphan, who()).await;
            assert_eq!((finished.ending, state(&host).1), (Ending::Succeeded, (1, 6)), "{}", finished.words);
            held += 1;
        } else {
            assert!(!moved, "killed at {after}");
            free += 1;
        }
        assert_eq!(office.guard(&id).unwrap().map(|_| ()), None, "killed at {after}");
        assert!(writes(&host).get("ecs:UpdateService").is_none_or(|updates| *updates == 1));
    }
    assert!(held > 3 && free > 3, "{held} {free}");
}

#[tokio::test(start_paused = true)]
async fn guardians_take_a_run_up_three_times_and_then_leave_it_to_people() {
    let (_host, context) = world();
    let (_folder, office) = office();
    let id = killed(&office, &context, 12).await.unwrap();
    for _ in 0..3 {
        let Orphan { resumed: Resumed { mut journal, .. }, .. } = office.guard(&id).unwrap().unwrap();
        journal.record(start(), &Event::Resumed { who: who(), pid: 1, torn: 0, guardian: true }).unwrap();
    }
    assert!(office.guard(&id).unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_guardian_is_for_runs_that_hold_something_and_one_that_can_not_start_is_said_and_breaks_nothing() {
    let (host, context) = world();
    let (_folder, office) = office();
    let started = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&started);
    let guardians = Guardians::by(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        Err(std::io::Error::other("no more processes"))
    });
    let office = Office { guardians, ..office };
    assert_eq!(
        carry_out(&office, &context, plan(&context, "scale", &[("desired", "5")]).await).await.ending,
        Ending::Succeeded
    );
    assert_eq!(started.load(Ordering::Relaxed), 0);
    let holds = plan(&context, "scale", &[("desired", "4"), ("minimum", "4"), ("until", "10m")]).await;
    let finished = carry_out(&office, &context, holds).await;
    assert_eq!((finished.ending, state(&host).1), (Ending::Succeeded, (1, 6)), "{}", finished.words);
    assert_eq!(started.load(Ordering::Relaxed), 1);
    let journal = std::fs::read_to_string(office.store.journal(&finished.id)).unwrap();
    assert!(
        journal.contains("somebody has to take it up: its guardian can't be started: no more processes"),
        "{journal}"
    );
}
