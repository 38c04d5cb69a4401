//! Vacuum from its key to each of its endings, on the world's own database over its own protocol.
//!
//! The sockets are real and the time is not: client and server live on one thread, so that what was written is there to be
//! read before time goes on.

use std::time::Duration;

use plantao::world::{Change, Served};

use crate::flows::flow::Flow;
use crate::harness::Paste;

const DATABASE: &str = "analytics";

fn database() -> String {
    DATABASE.to_owned()
}

/// A scenario whose database answers, some seconds after the start.
async fn opened(scenario: &str) -> (Flow, Served) {
    let mut flow = Flow::of(scenario, (80, 24));
    let served = flow.host.serve("127.0.0.1:0".parse().unwrap()).unwrap();
    flow.connect();
    flow.passes(3).await;
    (flow, served)
}

/// … with a bloated table that nothing holds back.
async fn bloated() -> (Flow, Served) {
    let (flow, served) = opened("bloat").await;
    flow.host.with(|world| world.apply(Change::CloseTransactions { database: database() }));
    (flow, served)
}

/// Somebody's transaction, which has locked the worst table if told.
fn open_transaction(flow: &Flow, locks: Option<&str>) {
    flow.host.with(|world| {
        world.apply(Change::OpenTransaction {
            database: database(),
            user: "ana".to_owned(),
            application: "migration".to_owned(),
            locks: locks.map(str::to_owned),
        });
    });
}

async fn planned(flow: &mut Flow) {
    flow.keys("v").await;
    flow.passes(5).await;
}

async fn begun(flow: &mut Flow) {
    planned(flow).await;
    flow.keys("enter y").await;
    flow.passes(20).await;
}

#[tokio::test(start_paused = true)]
async fn vacuum_shows_what_is_worst_how_far_it_is_and_what_it_gained() {
    let (mut flow, _served) = bloated().await;
    planned(&mut flow).await;
    assert_both!(flow, "vacuum_1_planned");
    let commands = flow.by_hand();
    Paste::new().paste(&commands.iter().map(String::as_str).collect::<Vec<_>>());
    flow.keys("enter").await;
    assert_both!(flow, "vacuum_2_confirm");
    flow.keys("y").await;
    flow.passes(20).await;
    assert_both!(flow, "vacuum_3_running");
    flow.passes(1_200).await;
    assert!(flow.text().contains("Succeeded"), "{}", flow.text());
    assert_both!(flow, "vacuum_4_succeeded");
}

#[tokio::test(start_paused = true)]
async fn what_holds_vacuum_back_is_named_in_its_plan_and_at_its_end() {
    let (mut flow, _served) = opened("bloat").await;
    planned(&mut flow).await;
    assert_both!(flow, "vacuum_held_back_planned");
    flow.keys("enter y").await;
    flow.passes(1_200).await;
    assert!(flow.text().contains("dead rows are held back by pid"), "{}", flow.text());
    assert_both!(flow, "vacuum_held_back");
}

#[tokio::test(start_paused = true)]
async fn a_table_that_somebody_has_locked_is_given_up_and_the_rest_is_vacuumed() {
    let (mut flow, _served) = bloated().await;
    planned(&mut flow).await;
    open_transaction(&flow, Some("sessions"));
    flow.keys("enter y").await;
    flow.passes(1_200).await;
    let screen = flow.text();
    assert!(screen.contains("left out: it is locked by pid") && screen.contains("public.sessions"), "{screen}");
    let ending = "● Succeeded in part";
    assert!(screen.contains(ending) && screen.contains("1 table was left out: locked"), "{screen}");
    assert_both!(flow, "vacuum_locked");
}

#[tokio::test(start_paused = true)]
async fn a_vacuum_that_is_stopped_is_cancelled_and_says_what_was_not_begun() {
    let (mut flow, _served) = bloated().await;
    begun(&mut flow).await;
    // Between two looks at its progress: at the very instant of one, either may come first.
    flow.pass(Duration::from_millis(100)).await;
    flow.keys("x y").await;
    flow.passes(5).await;
    assert!(flow.text().contains("Stopped by the user"), "{}", flow.text());
    assert!(flow.text().contains("was cancelled: public."), "the record says what happened: {}", flow.text());
    assert_both!(flow, "vacuum_stopped");
    assert!(!flow.text().contains("take back"), "{}", flow.text());
    flow.keys("u").await;
    flow.passes(3).await;
    assert!(flow.text().contains("a vacuum changes no row: there is nothing to take back"), "{}", flow.text());
    assert!(flow.text().contains("Stopped by the user"), "no plan is shown: {}", flow.text());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_goes_away_under_a_vacuum_is_said_to_be_gone() {
    let (mut flow, _served) = bloated().await;
    begun(&mut flow).await;
    flow.pass(Duration::from_millis(100)).await;
    flow.host.with(|world| world.apply(Change::Reboot { database: database() }));
    flow.passes(60).await;
    assert_both!(flow, "vacuum_server_gone");
}

#[tokio::test(start_paused = true)]
async fn a_rewrite_that_the_free_storage_does_not_hold_is_refused_in_its_plan() {
    let (mut flow, _served) = bloated().await;
    let fill = Change::FillStorage { database: database(), free: Some(0.9e9), per_minute: 0.0 };
    flow.host.with(|world| world.apply(fill));
    flow.passes(120).await;
    planned(&mut flow).await;
    flow.keys("tab right").await;
    flow.passes(5).await;
    assert!(flow.text().contains("refused"), "{}", flow.text());
    assert_both!(flow, "vacuum_no_storage");
    flow.keys("enter y").await;
    assert!(flow.store().runs().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_rewrite_wants_a_reason_and_the_databases_name_and_says_what_it_gave_back() {
    let (mut flow, _served) = bloated().await;
    planned(&mut flow).await;
    flow.keys("tab right").await;
    flow.passes(5).await;
    assert_both!(flow, "rewrite_1_planned");
    flow.keys("enter").await;
    assert_both!(flow, "rewrite_2_confirm");
    flow.types("the disk").await;
    flow.keys("enter").await;
    flow.types(DATABASE).await;
    flow.keys("enter").await;
    flow.passes(20).await;
    assert_both!(flow, "rewrite_3_running");
    flow.passes(1_200).await;
    assert_both!(flow, "rewrite_4_succeeded");
}
