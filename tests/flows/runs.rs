//! From a key to a change: questions, plan, confirmation, run, ending.

use plantao::platform::{ServiceSpec, file};
use plantao::tui::effect::Effect;
use plantao::world::{Ailment, Change, Failure, Fault};

use super::{SMALL, opened};
use crate::flows::flow::Flow;

/// What the flow asked AWS to change so far.
pub(super) fn changes(flow: &Flow) -> usize {
    flow.host.requests().iter().filter(|r| *r == "ecs:UpdateService").count()
}

/// Opens scale in a calm night, asks for so many tasks, and confirms.
async fn scaled(desired: &str) -> Flow {
    let mut flow = opened("calm", SMALL).await;
    flow.keys("s").await;
    flow.passes(3).await;
    flow.keys(&format!("{desired} enter")).await;
    flow.passes(3).await;
    flow.keys("enter y").await;
    flow.passes(5).await;
    flow
}

/// An image that stands in ECR and, if it ails, does not run.
pub(super) fn pushed(flow: &Flow, tag: &str, ailment: Option<Ailment>) {
    let revision = flow.app.picture.services[0].state.value().unwrap().revision.number.unwrap();
    flow.host.with(|world| {
        let service = "analytics-api".to_owned();
        world.apply(Change::Deploy { service: service.clone(), image: Some(tag.to_owned()), ailment });
        world.apply(Change::Redeploy { service, revision });
    });
}

#[tokio::test(start_paused = true)]
async fn scale_shows_what_will_be_before_anything_is_asked_of_aws_and_tells_the_truth_of_its_end() {
    let mut flow = opened("calm", SMALL).await;
    flow.keys("s").await;
    assert_both!(flow, "scale_1_opened");
    flow.passes(3).await;
    flow.keys("4").await;
    assert_both!(flow, "scale_2_typed");
    flow.keys("enter").await;
    flow.passes(3).await;
    assert_both!(flow, "scale_3_planned");
    flow.keys("enter enter space").await;
    assert_both!(flow, "scale_4_confirm");
    assert_eq!(changes(&flow), 0, "enter is never a yes");
    flow.keys("y").await;
    flow.passes(20).await;
    assert_both!(flow, "scale_5_running");
    flow.passes(400).await;
    assert_both!(flow, "scale_6_succeeded");
    assert_eq!(changes(&flow), 1);
    assert!(flow.terminal.contains(&Effect::Bell), "an end is heard");
}

#[tokio::test(start_paused = true)]
async fn a_plan_with_nothing_to_do_asks_for_no_yes() {
    let mut flow = opened("calm", SMALL).await;
    flow.keys("s").await;
    flow.passes(3).await;
    flow.keys("enter").await;
    flow.passes(3).await;
    flow.keys("enter").await;
    let screen = flow.text();
    assert!(screen.contains("it is so already: change an answer") && !screen.contains("enter go on"), "{screen}");
    flow.keys("y").await;
    flow.passes(20).await;
    assert_eq!(changes(&flow), 0);
}

#[tokio::test(start_paused = true)]
async fn a_run_goes_on_while_another_screen_is_shown_and_o_comes_back_to_it() {
    let mut flow = scaled("4").await;
    flow.keys("esc").await;
    let screen = flow.text();
    assert!(screen.contains("o scale: step 3 of 3") && screen.contains("Now"), "{screen}");
    flow.keys("o").await;
    assert!(flow.text().contains("x stop"), "{}", flow.text());
    flow.keys("esc").await;
    flow.passes(400).await;
    let screen = flow.text();
    assert!(screen.contains("o scale: succeeded"), "{screen}");
    flow.keys("o o").await;
    flow.passes(1).await;
    assert_snapshot!("runs_are_listed_80x24", flow.screen());
}

#[tokio::test(start_paused = true)]
async fn stop_asks_first_and_says_that_what_was_asked_of_aws_goes_on() {
    let mut flow = scaled("4").await;
    flow.keys("x").await;
    assert!(flow.text().contains("Stop? A statement"), "{}", flow.text());
    flow.keys("n").await;
    flow.passes(5).await;
    assert!(!flow.text().contains("Stopped"), "{}", flow.text());
    flow.keys("x y").await;
    flow.passes(5).await;
    assert_both!(flow, "stopped");
}

#[tokio::test(start_paused = true)]
async fn undo_puts_back_what_was_there() {
    let mut flow = scaled("4").await;
    flow.keys("u y").await;
    flow.passes(10).await;
    assert_both!(flow, "undone");
    assert_eq!(flow.app.picture.services[0].state.value().unwrap().desired, 3);
}

#[tokio::test(start_paused = true)]
async fn what_a_run_did_is_taken_back_after_its_end_by_a_run_of_its_own() {
    let mut flow = scaled("4").await;
    flow.passes(100).await;
    flow.keys("u").await;
    flow.passes(1).await;
    assert_both!(flow, "take_back_planned");
    // How many numbers were drawn by now hangs on which of two threads was faster; the next wait's jitter must not.
    fastrand::seed(7);
    flow.keys("enter").await;
    assert_eq!(changes(&flow), 1, "enter is never a yes");
    flow.keys("y").await;
    flow.passes(300).await;
    assert_both!(flow, "taken_back");
    assert_eq!(flow.app.picture.services[0].state.value().unwrap().desired, 3);
    assert_eq!(changes(&flow), 2);
}

#[tokio::test(start_paused = true)]
async fn a_screen_opened_while_a_run_goes_on_says_so() {
    let mut flow = scaled("4").await;
    flow.keys("esc").await;
    flow.app.run = None;
    flow.connect();
    flow.passes(2).await;
    let screen = flow.text();
    assert!(screen.contains("a run goes on; o shows it"), "{screen}");
    flow.passes(10).await;
    assert!(flow.text().contains("o scale: step 3 of 3"), "{}", flow.text());
}

#[tokio::test(start_paused = true)]
async fn bounds_that_a_killed_run_left_are_seen_on_the_first_screen_and_put_back_from_there() {
    let mut platform = file::sample();
    platform.services[0].health_url = None;
    let mut flow = Flow::with("calm", SMALL, platform);
    let bounds =
        |flow: &Flow| flow.app.picture.services[0].scaling.value().and_then(|s| s.as_ref()).map(|s| (s.min, s.max));
    let id = flow.killed("scale", &[("desired", "4"), ("minimum", "4"), ("until", "10m")], 240).await;
    flow.connect();
    flow.passes(12).await;
    assert_eq!(bounds(&flow), Some((4, 6)));
    assert!(flow.text().contains("a killed run holds bounds 4–6"), "{}", flow.text());
    assert!(flow.text().contains("o scale: its process is gone"), "{}", flow.text());
    flow.keys("s").await;
    flow.passes(3).await;
    flow.keys("5 enter").await;
    flow.passes(3).await;
    assert!(flow.text().contains(&format!("run {id} was killed")), "a plan warns: {}", flow.text());
    flow.keys("esc esc o").await;
    assert!(flow.text().contains("enter take it up"), "{}", flow.text());
    flow.keys("enter").await;
    flow.passes(5).await;
    assert!(flow.text().contains("x stop"), "it goes on: {}", flow.text());
    flow.passes(600).await;
    assert_eq!(bounds(&flow), Some((1, 6)));
    flow.keys("esc").await;
    flow.passes(12).await;
    assert!(!flow.text().contains("killed"), "{}", flow.text());
}

#[tokio::test(start_paused = true)]
async fn rollback_offers_what_ran_and_says_what_else_it_changes() {
    let mut flow = opened("bad-deploy", SMALL).await;
    flow.keys("r").await;
    flow.passes(3).await;
    assert_both!(flow, "rollback_planned");
    flow.keys("down").await;
    flow.passes(3).await;
    assert_snapshot!("rollback_chosen_80x24", flow.screen());
}

#[tokio::test(start_paused = true)]
async fn an_answer_out_of_range_says_the_range_and_nothing_can_be_confirmed() {
    let mut flow = opened("calm", SMALL).await;
    flow.keys("s").await;
    flow.keys("9 9 9 enter").await;
    flow.passes(3).await;
    assert_snapshot!("out_of_range_80x24", flow.screen());
    flow.keys("enter y").await;
    assert_eq!(changes(&flow), 0);
}

#[tokio::test(start_paused = true)]
async fn a_pasted_novel_answers_nothing_and_confirms_nothing() {
    let mut flow = opened("calm", SMALL).await;
    flow.keys("s").await;
    flow.pastes(&"y\n\u{1b}[2Jenter\n".repeat(10_000)).await;
    flow.passes(3).await;
    assert!(!flow.text().contains('\u{1b}'));
    flow.keys("enter").await;
    flow.passes(3).await;
    flow.keys("enter").await;
    flow.pastes("y\n").await;
    flow.passes(3).await;
    assert_eq!(changes(&flow), 0);
}

#[tokio::test(start_paused = true)]
async fn an_emergency_deploy_wants_a_reason_and_the_services_name() {
    let mut flow = Flow::calm().await;
    pushed(&flow, "hotfix", None);
    flow.passes(600).await;
    flow.deploying("hotfix").await;
    assert_both!(flow, "deploy_1_planned");
    flow.keys("enter").await;
    flow.types("5xx since the release").await;
    flow.keys("enter").await;
    flow.types("analytics").await;
    flow.keys("enter").await;
    assert_both!(flow, "deploy_2_confirm");
    assert_eq!(changes(&flow), 0, "half a name is no confirmation");
    flow.types("-api").await;
    flow.keys("enter").await;
    flow.passes(600).await;
    assert_both!(flow, "deploy_3_end");
    assert_eq!(changes(&flow), 1);
}

#[tokio::test(start_paused = true)]
async fn a_deployment_that_ecs_rolls_back_is_not_called_a_success() {
    let mut flow = Flow::calm().await;
    pushed(&flow, "broken", Some(Ailment::Crashes));
    flow.passes(600).await;
    flow.deploying("broken").await;
    flow.confirmed().await;
    flow.passes(900).await;
    assert_both!(flow, "rolled_back_by_ecs");
}

#[tokio::test(start_paused = true)]
async fn without_a_circuit_breaker_the_second_failed_task_is_enough_and_the_way_back_is_named() {
    let mut flow = Flow::calm().await;
    pushed(&flow, "broken", Some(Ailment::Crashes));
    flow.passes(600).await;
    let service = "analytics-api".to_owned();
    flow.host.with(|world| world.apply(Change::Breaker { service, enabled: false, rollback: false }));
    flow.deploying("broken").await;
    flow.confirmed().await;
    flow.passes(900).await;
    assert_both!(flow, "keeps_failing");
}

#[tokio::test(start_paused = true)]
async fn a_plan_that_is_refused_says_why_in_the_place_of_the_plan() {
    let mut flow = opened("calm", SMALL).await;
    flow.deploying("nothing-of-that-name").await;
    assert_snapshot!("refused_80x24", flow.screen());
    flow.keys("enter enter y").await;
    assert_eq!(changes(&flow), 0);
}

#[tokio::test(start_paused = true)]
async fn a_plan_made_stale_by_somebody_else_stops_before_anything_is_sent() {
    let mut flow = opened("calm", SMALL).await;
    flow.keys("s").await;
    flow.passes(3).await;
    flow.keys("4 enter").await;
    flow.passes(3).await;
    let service = "analytics-api".to_owned();
    flow.host.with(|world| world.apply(Change::SetDesired { service, count: 5 }));
    flow.keys("enter y").await;
    flow.passes(10).await;
    assert_snapshot!("stale_80x24", flow.screen());
    assert_eq!(changes(&flow), 0);
}

#[tokio::test(start_paused = true)]
async fn while_aws_hangs_a_plan_can_be_left_and_no_key_waits() {
    let mut flow = opened("calm", SMALL).await;
    flow.host.inject(Fault::on("*", Failure::Hang));
    flow.keys("s").await;
    assert!(flow.text().contains("asking AWS"), "{}", flow.text());
    flow.keys("enter").await;
    assert!(flow.text().contains("still being made"), "{}", flow.text());
    flow.passes(60).await;
    assert_snapshot!("plan_while_aws_hangs_80x24", flow.screen());
    flow.keys("esc").await;
    assert!(flow.text().contains("Now"), "{}", flow.text());
}

#[tokio::test(start_paused = true)]
async fn read_only_shows_plans_and_says_why_it_goes_no_further() {
    let mut flow = opened("calm", SMALL).await;
    flow.app.forbidden = Some("--read-only: plans are shown, nothing is carried out".to_owned());
    flow.keys("s").await;
    flow.passes(3).await;
    flow.keys("enter").await;
    assert!(flow.text().contains("--read-only: plans are shown"), "{}", flow.text());
    flow.keys("y").await;
    flow.passes(3).await;
    assert_eq!(changes(&flow), 0);
}

#[tokio::test(start_paused = true)]
async fn read_only_tells_no_run_to_undo_whosever_it_is() {
    let mut flow = scaled("4").await;
    flow.app.forbidden = Some("--read-only: plans are shown, nothing is carried out".to_owned());
    flow.keys("u").await;
    assert!(flow.text().contains("--read-only: plans are shown"), "{}", flow.text());
    flow.keys("y").await;
    flow.passes(10).await;
    assert_eq!((changes(&flow), flow.text().contains("Undone")), (1, false));
}

#[tokio::test(start_paused = true)]
async fn a_runbook_opened_before_the_credentials_are_there_is_planned_once_they_are() {
    let mut flow = Flow::of("calm", SMALL);
    flow.keys("s").await;
    assert!(flow.text().contains("asking AWS"), "{}", flow.text());
    flow.connect();
    flow.passes(3).await;
    assert!(flow.text().contains("desired count  3, as it is"), "{}", flow.text());
}

#[tokio::test(start_paused = true)]
async fn looking_at_an_old_run_rings_no_bell_and_the_way_back_is_the_run_that_goes_on() {
    let mut flow = scaled("4").await;
    flow.passes(100).await;
    flow.keys("esc s").await;
    flow.passes(3).await;
    flow.keys("5 enter").await;
    flow.passes(3).await;
    flow.keys("enter y").await;
    flow.passes(3).await;
    flow.terminal.clear();
    flow.keys("o").await;
    flow.passes(1).await;
    flow.keys("j enter").await;
    flow.passes(2).await;
    assert!(flow.text().contains("Succeeded") && flow.terminal.is_empty(), "{:?}\n{}", flow.terminal, flow.text());
    flow.keys("esc").await;
    assert!(flow.text().contains("a run goes on; o shows it"), "{}", flow.text());
    flow.keys("o").await;
    assert!(flow.text().contains("x stop  u undo"), "its keys are what one came for: {}", flow.text());
    flow.keys("c").await;
    let screen = flow.text();
    assert!(screen.contains("sent to the terminal's clipboard") && screen.contains("x stop  u undo"), "{screen}");
    flow.keys("esc").await;
    flow.passes(8).await;
    assert!(flow.text().contains("o scale: step 3 of 3"), "{}", flow.text());
}

#[tokio::test(start_paused = true)]
async fn on_the_page_of_a_run_the_keys_are_for_what_the_run_is_on() {
    let mut platform = file::sample();
    platform.services[0].health_url = None;
    let other = ServiceSpec { name: "other".to_owned(), ..platform.services[0].clone() };
    platform.services.insert(0, other);
    let mut flow = Flow::with("calm", SMALL, platform);
    flow.connect();
    flow.passes(3).await;
    flow.keys("2 ] s").await;
    flow.passes(3).await;
    flow.keys("4 enter").await;
    flow.passes(3).await;
    flow.keys("enter y").await;
    flow.passes(3).await;
    // Elsewhere somebody looks at the other service.
    flow.keys("esc [ o r").await;
    flow.passes(5).await;
    assert!(flow.text().contains("service analytics-production/analytics-api"), "{}", flow.text());
    flow.keys("esc o 2").await;
    flow.passes(1).await;
    assert_eq!(flow.app.platform.services[flow.app.service].name, "analytics-api");
}

#[tokio::test(start_paused = true)]
async fn after_the_last_line_one_key_back_is_one_line_back() {
    let mut flow = opened("bad-deploy", SMALL).await;
    flow.keys("r tab").await;
    flow.passes(3).await;
    let end = {
        flow.keys("G").await;
        flow.text()
    };
    flow.keys("k").await;
    assert_ne!(flow.text(), end, "a key that does nothing");
}

#[tokio::test(start_paused = true)]
async fn two_runs_on_one_service_do_not_overlap_and_the_second_says_who_has_it() {
    let mut flow = scaled("4").await;
    flow.keys("esc s").await;
    flow.passes(3).await;
    flow.keys("5 enter").await;
    flow.passes(3).await;
    assert_both!(flow, "planned_while_another_run_goes_on");
    flow.keys("enter y").await;
    flow.passes(3).await;
    assert!(flow.text().contains("another run is on it"), "{}", flow.text());
    assert_eq!(changes(&flow), 1);
}

#[tokio::test(start_paused = true)]
async fn from_a_plan_its_runbook_is_one_key_away_and_so_is_the_way_back_to_the_same_answers() {
    let mut flow = opened("calm", SMALL).await;
    flow.keys("s").await;
    flow.passes(3).await;
    flow.keys("4 ctrl+r").await;
    assert_both!(flow, "runbook_of_a_plan");
    flow.keys("j j").await;
    assert!(flow.text().contains("2 above"), "{}", flow.text());
    flow.keys("ctrl+r enter").await;
    flow.passes(3).await;
    assert!(flow.text().contains("desired count  3 → 4"), "the answer is still there: {}", flow.text());
    for back in ["ctrl+r", "esc", "enter", "backspace"] {
        flow.keys("tab tab tab ctrl+r pgdn").await;
        assert!(!flow.text().contains("3 → 4"), "{}", flow.text());
        flow.keys(back).await;
        assert!(flow.text().contains("desired count  3 → 4"), "{back}: {}", flow.text());
    }
    assert_eq!(changes(&flow), 0);
    flow.keys("esc ctrl+r").await;
    assert!(flow.text().contains("that is for a plan"), "{}", flow.text());
}
