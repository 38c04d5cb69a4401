//! From a key to a change: questions, plan, confirmation, run, ending.

use std::time::Duration;

use plantao::platform::file;
use plantao::tui::effect::Effect;
use plantao::world::{Ailment, Change, Failure, Fault};

use super::{LARGE, SMALL, opened};
use crate::flows::flow::Flow;

/// Ids of runs hang on how many random numbers were drawn before.
macro_rules! assert_snapshot {
    ($($argument:expr),*) => {
        insta::with_settings!({ filters => vec![
            (r"\d+ calls \$[\d.]+", "[spent]"),
            (r"(\d{8}-\d{6}-[a-z-]+)-[2-9a-hj-km-np-z]{4}\b", "$1-[id]"),
        ] }, {
            insta::assert_snapshot!($($argument),*);
        });
    };
}

macro_rules! assert_both {
    ($flow:expr, $name:literal) => {
        assert_snapshot!(concat!($name, "_80x24"), $flow.screen());
        $flow.resize(LARGE.0, LARGE.1);
        assert_snapshot!(concat!($name, "_120x40"), $flow.screen());
        $flow.resize(SMALL.0, SMALL.1);
    };
}

async fn passes(flow: &mut Flow, seconds: u64) {
    flow.pass(Duration::from_secs(seconds)).await;
}

/// What the flow asked AWS to change so far.
fn changes(flow: &Flow) -> usize {
    flow.host.requests().iter().filter(|r| *r == "ecs:UpdateService").count()
}

/// A calm night on a platform without a health URL: asking it would be a real request, outside the world.
async fn without_health_url() -> Flow {
    let mut platform = file::sample();
    platform.services[0].health_url = None;
    let mut flow = Flow::with("calm", SMALL, platform);
    flow.connect();
    passes(&mut flow, 3).await;
    flow
}

/// Opens scale in a calm night, asks for so many tasks, and confirms.
async fn scaled(desired: &str) -> Flow {
    let mut flow = opened("calm", SMALL).await;
    flow.keys("s").await;
    passes(&mut flow, 3).await;
    flow.keys(&format!("{desired} enter")).await;
    passes(&mut flow, 3).await;
    flow.keys("enter y").await;
    passes(&mut flow, 5).await;
    flow
}

/// Opens emergency deploy with an image, up to its plan.
async fn deploying(flow: &mut Flow, image: &str) {
    flow.keys("e tab").await;
    flow.types(image).await;
    flow.keys("enter").await;
    passes(flow, 5).await;
}

/// … and confirms it with a reason and the service's name.
async fn confirmed(flow: &mut Flow) {
    flow.keys("enter").await;
    flow.types("5xx since the release").await;
    flow.keys("enter").await;
    flow.types("analytics-api").await;
    flow.keys("enter").await;
}

/// An image that stands in ECR and, if it ails, does not run.
fn pushed(flow: &Flow, tag: &str, ailment: Option<Ailment>) {
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
    passes(&mut flow, 3).await;
    flow.keys("4").await;
    assert_both!(flow, "scale_2_typed");
    flow.keys("enter").await;
    passes(&mut flow, 3).await;
    assert_both!(flow, "scale_3_planned");
    flow.keys("enter enter space").await;
    assert_both!(flow, "scale_4_confirm");
    assert_eq!(changes(&flow), 0, "enter is never a yes");
    flow.keys("y").await;
    passes(&mut flow, 20).await;
    assert_both!(flow, "scale_5_running");
    passes(&mut flow, 400).await;
    assert_both!(flow, "scale_6_succeeded");
    assert_eq!(changes(&flow), 1);
    assert!(flow.terminal.contains(&Effect::Bell), "an end is heard");
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
    passes(&mut flow, 400).await;
    let screen = flow.text();
    assert!(screen.contains("o scale: succeeded"), "{screen}");
    flow.keys("o o").await;
    passes(&mut flow, 1).await;
    assert_snapshot!("runs_are_listed_80x24", flow.screen());
}

#[tokio::test(start_paused = true)]
async fn stop_asks_first_and_says_that_what_was_asked_of_aws_goes_on() {
    let mut flow = scaled("4").await;
    flow.keys("x").await;
    assert!(flow.text().contains("Stop after the step under way?"), "{}", flow.text());
    flow.keys("n").await;
    passes(&mut flow, 5).await;
    assert!(!flow.text().contains("Stopped"), "{}", flow.text());
    flow.keys("x y").await;
    passes(&mut flow, 5).await;
    assert_both!(flow, "stopped");
}

#[tokio::test(start_paused = true)]
async fn undo_puts_back_what_was_there() {
    let mut flow = scaled("4").await;
    flow.keys("u y").await;
    passes(&mut flow, 10).await;
    assert_both!(flow, "undone");
    assert_eq!(flow.app.picture.services[0].state.value().unwrap().desired, 3);
}

#[tokio::test(start_paused = true)]
async fn what_a_run_did_is_taken_back_after_its_end_by_a_run_of_its_own() {
    let mut flow = scaled("4").await;
    passes(&mut flow, 100).await;
    flow.keys("u").await;
    passes(&mut flow, 1).await;
    assert_both!(flow, "take_back_planned");
    flow.keys("enter y").await;
    passes(&mut flow, 300).await;
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
    passes(&mut flow, 2).await;
    let screen = flow.text();
    assert!(screen.contains("a run goes on; o shows it"), "{screen}");
    passes(&mut flow, 10).await;
    assert!(flow.text().contains("o scale: step 3 of 3"), "{}", flow.text());
}

#[tokio::test(start_paused = true)]
async fn rollback_offers_what_ran_and_says_what_else_it_changes() {
    let mut flow = opened("bad-deploy", SMALL).await;
    flow.keys("r").await;
    passes(&mut flow, 3).await;
    assert_both!(flow, "rollback_planned");
    flow.keys("down").await;
    passes(&mut flow, 3).await;
    assert_snapshot!("rollback_chosen_80x24", flow.screen());
}

#[tokio::test(start_paused = true)]
async fn an_answer_out_of_range_says_the_range_and_nothing_can_be_confirmed() {
    let mut flow = opened("calm", SMALL).await;
    flow.keys("s").await;
    flow.keys("9 9 9 enter").await;
    passes(&mut flow, 3).await;
    assert_snapshot!("out_of_range_80x24", flow.screen());
    flow.keys("enter y").await;
    assert_eq!(changes(&flow), 0);
}

#[tokio::test(start_paused = true)]
async fn a_pasted_novel_answers_nothing_and_confirms_nothing() {
    let mut flow = opened("calm", SMALL).await;
    flow.keys("s").await;
    flow.pastes(&"y\n\u{1b}[2Jenter\n".repeat(10_000)).await;
    passes(&mut flow, 3).await;
    assert!(!flow.text().contains('\u{1b}'));
    flow.keys("enter").await;
    passes(&mut flow, 3).await;
    flow.keys("enter").await;
    flow.pastes("y\n").await;
    passes(&mut flow, 3).await;
    assert_eq!(changes(&flow), 0);
}

#[tokio::test(start_paused = true)]
async fn an_emergency_deploy_wants_a_reason_and_the_services_name() {
    let mut flow = without_health_url().await;
    pushed(&flow, "hotfix", None);
    passes(&mut flow, 600).await;
    deploying(&mut flow, "hotfix").await;
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
    passes(&mut flow, 600).await;
    assert_both!(flow, "deploy_3_end");
    assert_eq!(changes(&flow), 1);
}

#[tokio::test(start_paused = true)]
async fn a_deployment_that_ecs_rolls_back_is_not_called_a_success() {
    let mut flow = without_health_url().await;
    pushed(&flow, "broken", Some(Ailment::Crashes));
    passes(&mut flow, 600).await;
    deploying(&mut flow, "broken").await;
    confirmed(&mut flow).await;
    passes(&mut flow, 900).await;
    assert_both!(flow, "rolled_back_by_ecs");
}

#[tokio::test(start_paused = true)]
async fn without_a_circuit_breaker_the_second_failed_task_is_enough_and_the_way_back_is_named() {
    let mut flow = without_health_url().await;
    pushed(&flow, "broken", Some(Ailment::Crashes));
    passes(&mut flow, 600).await;
    let service = "analytics-api".to_owned();
    flow.host.with(|world| world.apply(Change::Breaker { service, enabled: false, rollback: false }));
    deploying(&mut flow, "broken").await;
    confirmed(&mut flow).await;
    passes(&mut flow, 900).await;
    assert_both!(flow, "keeps_failing");
}

#[tokio::test(start_paused = true)]
async fn a_plan_that_is_refused_says_why_in_the_place_of_the_plan() {
    let mut flow = opened("calm", SMALL).await;
    deploying(&mut flow, "nothing-of-that-name").await;
    assert_snapshot!("refused_80x24", flow.screen());
    flow.keys("enter enter y").await;
    assert_eq!(changes(&flow), 0);
}

#[tokio::test(start_paused = true)]
async fn a_plan_made_stale_by_somebody_else_stops_before_anything_is_sent() {
    let mut flow = opened("calm", SMALL).await;
    flow.keys("s").await;
    passes(&mut flow, 3).await;
    flow.keys("4 enter").await;
    passes(&mut flow, 3).await;
    let service = "analytics-api".to_owned();
    flow.host.with(|world| world.apply(Change::SetDesired { service, count: 5 }));
    flow.keys("enter y").await;
    passes(&mut flow, 10).await;
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
    passes(&mut flow, 60).await;
    assert_snapshot!("plan_while_aws_hangs_80x24", flow.screen());
    flow.keys("esc").await;
    assert!(flow.text().contains("Now"), "{}", flow.text());
}

#[tokio::test(start_paused = true)]
async fn read_only_shows_plans_and_says_why_it_goes_no_further() {
    let mut flow = opened("calm", SMALL).await;
    flow.app.forbidden = Some("--read-only: plans are shown, nothing is carried out".to_owned());
    flow.keys("s").await;
    passes(&mut flow, 3).await;
    flow.keys("enter").await;
    assert!(flow.text().contains("--read-only: plans are shown"), "{}", flow.text());
    flow.keys("y").await;
    passes(&mut flow, 3).await;
    assert_eq!(changes(&flow), 0);
}

#[tokio::test(start_paused = true)]
async fn two_runs_on_one_service_do_not_overlap_and_the_second_says_who_has_it() {
    let mut flow = scaled("4").await;
    flow.keys("esc s").await;
    passes(&mut flow, 3).await;
    flow.keys("5 enter").await;
    passes(&mut flow, 3).await;
    flow.keys("enter y").await;
    passes(&mut flow, 3).await;
    assert!(flow.text().contains("another run is on it"), "{}", flow.text());
    assert_eq!(changes(&flow), 1);
}

#[tokio::test(start_paused = true)]
async fn plans_and_runs_can_be_read_on_forty_columns_and_survive_one_cell() {
    let mut flow = opened("calm", (40, 10)).await;
    flow.keys("s").await;
    passes(&mut flow, 3).await;
    assert_snapshot!("scale_planned_40x10", flow.screen());
    flow.keys("enter").await;
    assert_snapshot!("scale_confirm_40x10", flow.screen());
    flow.resize(1, 1);
    flow.text();
    flow.keys("y").await;
    passes(&mut flow, 5).await;
    flow.text();
    flow.resize(40, 10);
    assert_snapshot!("scale_running_40x10", flow.screen());
}
