//! Each ending of the shipped runbooks that change a service, as its user sees it, on the world's bad days.

use std::time::Duration;

use plantao::aws::Clients;
use plantao::aws::task_definition::describe_task_definition;
use plantao::platform::file;
use plantao::world::{Ailment, Change, Failure, Fault};

use super::{LARGE, SMALL};
use crate::flows::flow::Flow;

/// Ids of runs hang on how many random numbers were drawn before.
macro_rules! assert_both {
    ($flow:expr, $name:literal) => {
        insta::with_settings!({ filters => vec![
            (r"\d+ calls \$[\d.]+", "[spent]"),
            (r"(\d{8}-\d{6}-[a-z-]+)-[2-9a-hj-km-np-z]{4}\b", "$1-[id]"),
        ] }, {
            insta::assert_snapshot!(concat!($name, "_80x24"), $flow.screen());
            $flow.resize(LARGE.0, LARGE.1);
            insta::assert_snapshot!(concat!($name, "_120x40"), $flow.screen());
            $flow.resize(SMALL.0, SMALL.1);
        });
    };
}

const SERVICE: &str = "analytics-api";

fn service() -> String {
    SERVICE.to_owned()
}

async fn passes(flow: &mut Flow, seconds: u64) {
    flow.pass(Duration::from_secs(seconds)).await;
}

/// A calm night, without a health URL: asking it would be a real request, outside the world. The service is on :41.
async fn calm() -> Flow {
    let mut platform = file::sample();
    platform.services[0].health_url = None;
    let mut flow = Flow::with("calm", SMALL, platform);
    flow.connect();
    passes(&mut flow, 3).await;
    flow
}

/// The changes that AWS was asked for.
fn writes(flow: &Flow) -> Vec<String> {
    let changes = |name: &str| ["Update", "Register", "Stop"].iter().any(|verb| name.starts_with(verb));
    flow.host.requests().into_iter().filter(|asked| changes(asked.rsplit(':').next().unwrap())).collect()
}

/// The plan to go back to :40.
async fn planned_back(flow: &mut Flow) {
    flow.keys("r").await;
    passes(flow, 5).await;
    assert!(flow.text().contains("analytics-api:41 → analytics-api:40"), "{}", flow.text());
}

/// … and confirmed.
async fn going_back(flow: &mut Flow) {
    planned_back(flow).await;
    flow.keys("enter y").await;
}

async fn scaling_to(flow: &mut Flow, desired: &str) {
    flow.keys("s").await;
    passes(flow, 3).await;
    flow.keys(&format!("{desired} enter")).await;
    passes(flow, 3).await;
    flow.keys("enter y").await;
}

/// Auto scaling does not take the number back.
fn hold(flow: &Flow) {
    let change = Change::Scalable { service: service(), min: 1, max: 6, suspended: true };
    flow.host.with(|world| world.apply(change));
}

/// The image of this revision does not start any more; what runs goes on.
async fn spoil(flow: &Flow, revision: u32) {
    let clients = Clients::over(flow.host.http_client(), "us-east-1");
    let found = describe_task_definition(&clients, &format!("{SERVICE}:{revision}")).await.unwrap();
    let tag = found.containers[0].image.tag.clone().unwrap();
    let change = Change::Ail { repository: service(), tag, ailment: Some(Ailment::Crashes) };
    flow.host.with(|world| world.apply(change));
}

#[tokio::test(start_paused = true)]
async fn a_rollback_shows_where_it_goes_and_arrives_there() {
    let mut flow = calm().await;
    planned_back(&mut flow).await;
    assert_both!(flow, "rollback_1_planned");
    flow.keys("enter").await;
    assert_both!(flow, "rollback_2_confirm");
    assert_eq!(writes(&flow), [""; 0]);
    flow.keys("y").await;
    passes(&mut flow, 40).await;
    assert_both!(flow, "rollback_3_running");
    passes(&mut flow, 400).await;
    assert_both!(flow, "rollback_4_succeeded");
    assert_eq!(writes(&flow), ["ecs:UpdateService"]);
}

#[tokio::test(start_paused = true)]
async fn an_old_revision_that_no_longer_starts_is_rolled_back_by_ecs_and_that_is_no_success() {
    let mut flow = calm().await;
    spoil(&flow, 40).await;
    going_back(&mut flow).await;
    passes(&mut flow, 600).await;
    assert_both!(flow, "rollback_rolled_back_by_ecs");
}

#[tokio::test(start_paused = true)]
async fn when_neither_the_old_revision_nor_the_present_one_starts_both_are_said() {
    let mut flow = calm().await;
    // Nothing is kept running meanwhile: a rollback has to start its tasks too.
    let percents = Change::Percents { service: service(), minimum_healthy: 0, maximum: 100 };
    flow.host.with(|world| world.apply(percents));
    spoil(&flow, 40).await;
    spoil(&flow, 41).await;
    going_back(&mut flow).await;
    passes(&mut flow, 900).await;
    assert!(flow.text().contains("Rollback failed"), "{}", flow.text());
    assert_both!(flow, "rollback_failed");
}

#[tokio::test(start_paused = true)]
async fn somebody_elses_deployment_in_the_middle_of_a_rollback_is_named() {
    let mut flow = calm().await;
    going_back(&mut flow).await;
    passes(&mut flow, 30).await;
    flow.host.with(|world| world.apply(Change::Redeploy { service: service(), revision: 39 }));
    passes(&mut flow, 60).await;
    assert_both!(flow, "rollback_superseded");
}

#[tokio::test(start_paused = true)]
async fn a_rollback_that_ecs_has_no_room_for_is_still_going_when_patience_ends() {
    let mut flow = calm().await;
    // None may stop before a new one runs, and no new one may start before one stops.
    let percents = Change::Percents { service: service(), minimum_healthy: 100, maximum: 100 };
    flow.host.with(|world| world.apply(percents));
    going_back(&mut flow).await;
    passes(&mut flow, 1_000).await;
    assert_both!(flow, "rollback_timed_out");
}

#[tokio::test(start_paused = true)]
async fn a_rollback_that_is_stopped_says_that_ecs_goes_on() {
    let mut flow = calm().await;
    going_back(&mut flow).await;
    passes(&mut flow, 20).await;
    flow.keys("x y").await;
    passes(&mut flow, 5).await;
    assert_both!(flow, "rollback_stopped");
    assert_eq!(writes(&flow), ["ecs:UpdateService"]);
}

#[tokio::test(start_paused = true)]
async fn a_rollback_that_is_denied_changed_nothing_and_names_the_permission() {
    let mut flow = calm().await;
    planned_back(&mut flow).await;
    flow.host.inject(Fault::on("ecs:UpdateService", Failure::AccessDenied));
    flow.keys("enter y").await;
    passes(&mut flow, 20).await;
    assert_both!(flow, "rollback_denied");
}

#[tokio::test(start_paused = true)]
async fn a_rollback_that_was_undone_is_forward_again() {
    let mut flow = calm().await;
    going_back(&mut flow).await;
    passes(&mut flow, 20).await;
    flow.keys("u y").await;
    passes(&mut flow, 10).await;
    assert_both!(flow, "rollback_undone");
    passes(&mut flow, 300).await;
    assert_eq!(flow.app.picture.services[0].state.value().unwrap().revision.number, Some(41));
}

#[tokio::test(start_paused = true)]
async fn tasks_that_have_nowhere_to_run_are_waited_for_and_then_said_to_be_missing() {
    let mut flow = calm().await;
    flow.host.with(|world| world.apply(Change::Room { service: service(), tasks: Some(4) }));
    hold(&flow);
    scaling_to(&mut flow, "5").await;
    passes(&mut flow, 700).await;
    assert!(flow.text().contains("Timed out, still going"), "{}", flow.text());
    assert_both!(flow, "scale_timed_out");
}

#[tokio::test(start_paused = true)]
async fn more_tasks_of_an_image_that_no_longer_starts_are_not_waited_for_until_patience_ends() {
    let mut flow = calm().await;
    spoil(&flow, 41).await;
    hold(&flow);
    scaling_to(&mut flow, "5").await;
    passes(&mut flow, 200).await;
    assert_both!(flow, "scale_keeps_failing");
}

#[tokio::test(start_paused = true)]
async fn a_scale_that_is_denied_changed_nothing_and_names_the_permission() {
    let mut flow = calm().await;
    flow.host.inject(Fault::on("ecs:UpdateService", Failure::AccessDenied));
    scaling_to(&mut flow, "4").await;
    passes(&mut flow, 20).await;
    assert_both!(flow, "scale_denied");
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_deleted_under_a_scale_is_not_waited_for() {
    let mut flow = calm().await;
    scaling_to(&mut flow, "4").await;
    passes(&mut flow, 10).await;
    flow.host.with(|world| world.apply(Change::DeleteService { service: service() }));
    passes(&mut flow, 20).await;
    assert_both!(flow, "scale_of_a_deleted_service");
}

/// Emergency deploy of this image, up to its plan.
async fn deploying(flow: &mut Flow, image: &str) {
    flow.keys("e tab").await;
    flow.types(image).await;
    flow.keys("enter").await;
    passes(flow, 5).await;
}

async fn confirmed(flow: &mut Flow) {
    flow.keys("enter").await;
    flow.types("5xx since the release").await;
    flow.keys("enter").await;
    flow.types(SERVICE).await;
    flow.keys("enter").await;
}

/// An image that nobody runs.
fn pushed(flow: &Flow, tag: &str, architecture: &str) {
    let digest = format!("sha256:{:0>64}", tag.len());
    let push =
        Change::Push { repository: service(), tag: tag.to_owned(), digest, architecture: architecture.to_owned() };
    flow.host.with(|world| world.apply(push));
}

#[tokio::test(start_paused = true)]
async fn an_image_for_other_machines_is_refused_in_the_plan() {
    let mut flow = calm().await;
    deploying(&mut flow, "hotfix-laptop").await;
    assert!(flow.text().contains("built for amd64"), "{}", flow.text());
    assert_both!(flow, "deploy_wrong_architecture");
    flow.keys("enter enter y").await;
    assert_eq!(writes(&flow), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn an_image_that_is_gone_when_the_plan_is_confirmed_stops_the_run_before_anything() {
    let mut flow = calm().await;
    pushed(&flow, "hotfix", "arm64");
    deploying(&mut flow, "hotfix").await;
    flow.host.with(|world| world.apply(Change::DeleteImage { repository: service(), tag: "hotfix".to_owned() }));
    confirmed(&mut flow).await;
    passes(&mut flow, 10).await;
    assert!(flow.text().contains("The plan is out of date"), "{}", flow.text());
    assert_both!(flow, "deploy_image_gone");
    assert_eq!(writes(&flow), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_tag_that_means_another_image_than_in_the_plan_is_not_deployed() {
    let mut flow = calm().await;
    pushed(&flow, "hotfix", "arm64");
    deploying(&mut flow, "hotfix").await;
    flow.host.with(|world| {
        world.apply(Change::DeleteImage { repository: service(), tag: "hotfix".to_owned() });
        world.apply(Change::Push {
            repository: service(),
            tag: "hotfix".to_owned(),
            digest: format!("sha256:{:0>64}", 7),
            architecture: "arm64".to_owned(),
        });
    });
    confirmed(&mut flow).await;
    passes(&mut flow, 10).await;
    assert_both!(flow, "deploy_image_changed");
    assert_eq!(writes(&flow), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_revision_that_may_not_be_registered_leaves_the_service_as_it_is() {
    let mut flow = calm().await;
    pushed(&flow, "hotfix", "arm64");
    deploying(&mut flow, "hotfix").await;
    flow.host.inject(Fault::on("ecs:RegisterTaskDefinition", Failure::AccessDenied));
    confirmed(&mut flow).await;
    passes(&mut flow, 10).await;
    assert_both!(flow, "deploy_denied");
}

#[tokio::test(start_paused = true)]
async fn a_deploy_that_somebody_elses_overtakes_is_named_with_theirs() {
    let mut flow = calm().await;
    pushed(&flow, "hotfix", "arm64");
    deploying(&mut flow, "hotfix").await;
    confirmed(&mut flow).await;
    passes(&mut flow, 30).await;
    flow.host.with(|world| world.apply(Change::Redeploy { service: service(), revision: 40 }));
    passes(&mut flow, 60).await;
    assert_both!(flow, "deploy_superseded");
}
