//! What a window of few columns must still tell.

use std::time::Duration;

use plantao::world::{Failure, Fault};

use super::flow::Flow;
use super::runs::changes;
use super::{SMALL, opened};

#[tokio::test(start_paused = true)]
async fn on_a_narrow_line_nobody_says_yes_to_what_is_out_of_sight() {
    let mut flow = opened("bad-deploy", (40, 10)).await;
    flow.keys("r").await;
    flow.passes(3).await;
    flow.keys("enter").await;
    flow.passes(3).await;
    assert_snapshot!("rollback_confirm_40x10", flow.text());
    let seen = flow.text();
    assert!(seen.contains("analytics-api") && seen.contains("123456789012") && seen.contains("↓"), "{seen}");
    flow.keys("y").await;
    assert!(flow.text().contains("first see what it is for: pgdn"), "{}", flow.text());
    flow.keys("down").await;
    assert!(flow.text().contains("↑ 1 more"), "arrows scroll too: {}", flow.text());
    assert_snapshot!("rollback_confirm_40x10_seen", flow.text());
    flow.keys("pgdn pgdn pgdn").await;
    assert!(flow.text().contains("new     │\n│  schema."), "the warnings too: {}", flow.text());
    assert_eq!(changes(&flow), 0);
    flow.keys("y").await;
    flow.passes(5).await;
    assert_eq!(changes(&flow), 1);
}

#[tokio::test(start_paused = true)]
async fn on_a_narrow_line_the_needed_runbooks_key_and_the_way_back_have_room() {
    let mut flow = opened("bad-deploy", (40, 10)).await;
    let screen = flow.text();
    assert!(screen.contains(" r rollback  "), "the runbook that treats it: {screen}");
    assert!(screen.starts_with(" analytics-product… "), "a name that is cut says so: {screen}");
    flow.keys("e").await;
    flow.passes(3).await;
    assert!(flow.text().ends_with("esc leave"), "{}", flow.text());
    flow.keys("esc :").await;
    flow.types("emergency").await;
    assert!(flow.text().contains("… e "), "a key stands apart from the name: {}", flow.text());
}

#[tokio::test(start_paused = true)]
async fn plans_and_runs_can_be_read_on_forty_columns_and_survive_one_cell() {
    let mut flow = opened("calm", (40, 10)).await;
    flow.keys("s").await;
    flow.passes(3).await;
    assert_snapshot!("scale_planned_40x10", flow.screen());
    flow.keys("4 enter").await;
    flow.passes(3).await;
    flow.keys("enter").await;
    assert!(flow.text().contains("carries it out"), "{}", flow.text());
    assert_snapshot!("scale_confirm_40x10", flow.screen());
    flow.resize(1, 1);
    flow.text();
    flow.keys("y").await;
    flow.passes(5).await;
    flow.text();
    assert_eq!(changes(&flow), 0, "on one cell nobody sees what is confirmed");
    flow.resize(40, 10);
    flow.keys("pgdn y").await;
    flow.passes(5).await;
    assert_snapshot!("scale_running_40x10", flow.screen());
    assert_eq!(changes(&flow), 1);
}

#[tokio::test(start_paused = true)]
async fn tasks_that_were_not_heard_of_are_no_number_and_not_all_is_live() {
    let mut flow = Flow::of("calm", SMALL);
    flow.host.inject(Fault::on("ecs:ListTasks", Failure::AccessDenied));
    flow.connect();
    flow.pass(Duration::from_mins(1)).await;
    flow.keys("2").await;
    assert!(flow.text().contains("┤ Tasks ─") || flow.text().contains("├ Tasks ─"), "{}", flow.text());
    assert!(flow.text().contains("● partly"), "{}", flow.text());
}

#[tokio::test(start_paused = true)]
async fn every_gauge_of_a_service_is_on_its_screen_at_80_columns() {
    let mut flow = opened("calm", SMALL).await;
    flow.keys("2").await;
    for gauge in ["CPU", "memory", "errors", "p95", "webhook p95", "queue"] {
        assert!(flow.text().contains(gauge), "{gauge}: {}", flow.text());
    }
}
