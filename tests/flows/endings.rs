//! Each ending of the shipped runbooks that change a service, as its user sees it, on the world's bad days.

use plantao::aws::Clients;
use plantao::aws::task_definition::describe_task_definition;
use plantao::world::{Ailment, Change, Failure, Fault};

use crate::flows::flow::Flow;

const SERVICE: &str = "analytics-api";

fn service() -> String {
    SERVICE.to_owned()
}

/// The changes that AWS was asked for.
fn writes(flow: &Flow) -> Vec<String> {
    let changes = |name: &str| ["Update", "Register", "Stop"].iter().any(|verb| name.starts_with(verb));
    flow.host.requests().into_iter().filter(|asked| changes(asked.rsplit(':').next().unwrap())).collect()
}

/// The plan to go back to :40.
async fn planned_back(flow: &mut Flow) {
    flow.keys("r").await;
    flow.passes(5).await;
    assert!(flow.text().contains("analytics-api:41 → analytics-api:40"), "{}", flow.text());
}

/// … and confirmed.
async fn going_back(flow: &mut Flow) {
    planned_back(flow).await;
    flow.keys("enter y").await;
}

async fn scaling_to(flow: &mut Flow, desired: &str) {
    flow.keys("s").await;
    flow.passes(3).await;
    flow.keys(&format!("{desired} enter")).await;
    flow.passes(3).await;
    flow.keys("enter y").await;
}

/// Auto scaling does not take the number back.
fn hold(flow: &Flow) {
    let change = Change::Scalable { service: service(), min: 1, max: 6, suspended: true.into() };
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
    let mut flow = Flow::calm().await;
    planned_back(&mut flow).await;
    assert_both!(flow, "rollback_1_planned");
    flow.keys("enter").await;
    assert_both!(flow, "rollback_2_confirm");
    assert_eq!(writes(&flow), [""; 0]);
    flow.keys("y").await;
    flow.passes(40).await;
    assert_both!(flow, "rollback_3_running");
    flow.passes(400).await;
    assert_both!(flow, "rollback_4_succeeded");
    assert_eq!(writes(&flow), ["ecs:UpdateService"]);
}

#[tokio::test(start_paused = true)]
async fn an_old_revision_that_no_longer_starts_is_rolled_back_by_ecs_and_that_is_no_success() {
    let mut flow = Flow::calm().await;
    spoil(&flow, 40).await;
    going_back(&mut flow).await;
    flow.passes(600).await;
    assert_both!(flow, "rollback_rolled_back_by_ecs");
}

#[tokio::test(start_paused = true)]
async fn when_neither_the_old_revision_nor_the_present_one_starts_both_are_said() {
    let mut flow = Flow::calm().await;
    // Nothing is kept running meanwhile: a rollback has to start its tasks too.
    let percents = Change::Percents { service: service(), minimum_healthy: 0, maximum: 100 };
    flow.host.with(|world| world.apply(percents));
    spoil(&flow, 40).await;
    spoil(&flow, 41).await;
    going_back(&mut flow).await;
    flow.passes(900).await;
    assert!(flow.text().contains("Rollback failed"), "{}", flow.text());
    assert_both!(flow, "rollback_failed");
}

#[tokio::test(start_paused = true)]
async fn somebody_elses_deployment_in_the_middle_of_a_rollback_is_named() {
    let mut flow = Flow::calm().await;
    going_back(&mut flow).await;
    flow.passes(30).await;
    flow.host.with(|world| world.apply(Change::Redeploy { service: service(), revision: 39 }));
    flow.passes(60).await;
    assert_both!(flow, "rollback_superseded");
}

#[tokio::test(start_paused = true)]
async fn a_rollback_that_ecs_has_no_room_for_is_still_going_when_patience_ends() {
    let mut flow = Flow::calm().await;
    // None may stop before a new one runs, and no new one may start before one stops.
    let percents = Change::Percents { service: service(), minimum_healthy: 100, maximum: 100 };
    flow.host.with(|world| world.apply(percents));
    going_back(&mut flow).await;
    flow.passes(1_000).await;
    assert_both!(flow, "rollback_timed_out");
}

#[tokio::test(start_paused = true)]
async fn a_rollback_that_is_stopped_says_that_ecs_goes_on() {
    let mut flow = Flow::calm().await;
    going_back(&mut flow).await;
    flow.passes(20).await;
    flow.keys("x y").await;
    flow.passes(5).await;
    assert_both!(flow, "rollback_stopped");
    assert_eq!(writes(&flow), ["ecs:UpdateService"]);
}

#[tokio::test(start_paused = true)]
async fn a_rollback_that_is_denied_changed_nothing_and_names_the_permission() {
    let mut flow = Flow::calm().await;
    planned_back(&mut flow).await;
    flow.host.inject(Fault::on("ecs:UpdateService", Failure::AccessDenied));
    flow.keys("enter y").await;
    flow.passes(20).await;
    assert_both!(flow, "rollback_denied");
}

#[tokio::test(start_paused = true)]
async fn a_rollback_that_was_undone_is_forward_again() {
    let mut flow = Flow::calm().await;
    going_back(&mut flow).await;
    flow.passes(20).await;
    flow.keys("u y").await;
    flow.passes(10).await;
    assert_both!(flow, "rollback_undone");
    flow.passes(300).await;
    assert_eq!(flow.app.picture.services[0].state.value().unwrap().revision.number, Some(41));
}

#[tokio::test(start_paused = true)]
async fn tasks_that_have_nowhere_to_run_are_waited_for_and_then_said_to_be_missing() {
    let mut flow = Flow::calm().await;
    flow.host.with(|world| world.apply(Change::Room { service: service(), tasks: Some(4) }));
    hold(&flow);
    scaling_to(&mut flow, "5").await;
    flow.passes(700).await;
    assert!(flow.text().contains("Timed out, still going"), "{}", flow.text());
    assert_both!(flow, "scale_timed_out");
}

#[tokio::test(start_paused = true)]
async fn more_tasks_of_an_image_that_no_longer_starts_are_not_waited_for_until_patience_ends() {
    let mut flow = Flow::calm().await;
    spoil(&flow, 41).await;
    hold(&flow);
    scaling_to(&mut flow, "5").await;
    flow.passes(200).await;
    assert_both!(flow, "scale_keeps_failing");
}

#[tokio::test(start_paused = true)]
async fn a_scale_that_is_denied_changed_nothing_and_names_the_permission() {
    let mut flow = Flow::calm().await;
    flow.host.inject(Fault::on("ecs:UpdateService", Failure::AccessDenied));
    scaling_to(&mut flow, "4").await;
    flow.passes(20).await;
    assert_both!(flow, "scale_denied");
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_deleted_under_a_scale_is_not_waited_for() {
    let mut flow = Flow::calm().await;
    scaling_to(&mut flow, "4").await;
    flow.passes(10).await;
    flow.host.with(|world| world.apply(Change::DeleteService { service: service() }));
    flow.passes(20).await;
    assert_both!(flow, "scale_of_a_deleted_service");
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
    let mut flow = Flow::calm().await;
    flow.deploying("hotfix-laptop").await;
    assert!(flow.text().contains("built for amd64"), "{}", flow.text());
    assert_both!(flow, "deploy_wrong_architecture");
    flow.keys("enter enter y").await;
    assert_eq!(writes(&flow), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn an_image_that_is_gone_when_the_plan_is_confirmed_stops_the_run_before_anything() {
    let mut flow = Flow::calm().await;
    pushed(&flow, "hotfix", "arm64");
    flow.deploying("hotfix").await;
    flow.host.with(|world| world.apply(Change::DeleteImage { repository: service(), tag: "hotfix".to_owned() }));
    flow.confirmed().await;
    flow.passes(10).await;
    assert!(flow.text().contains("The plan is out of date"), "{}", flow.text());
    assert_both!(flow, "deploy_image_gone");
    assert_eq!(writes(&flow), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_tag_that_means_another_image_than_in_the_plan_is_not_deployed() {
    let mut flow = Flow::calm().await;
    pushed(&flow, "hotfix", "arm64");
    flow.deploying("hotfix").await;
    flow.host.with(|world| {
        world.apply(Change::DeleteImage { repository: service(), tag: "hotfix".to_owned() });
        world.apply(Change::Push {
            repository: service(),
            tag: "hotfix".to_owned(),
            digest: format!("sha256:{:0>64}", 7),
            architecture: "arm64".to_owned(),
        });
    });
    flow.confirmed().await;
    flow.passes(10).await;
    assert_both!(flow, "deploy_image_changed");
    assert_eq!(writes(&flow), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_revision_that_may_not_be_registered_leaves_the_service_as_it_is() {
    let mut flow = Flow::calm().await;
    pushed(&flow, "hotfix", "arm64");
    flow.deploying("hotfix").await;
    flow.host.inject(Fault::on("ecs:RegisterTaskDefinition", Failure::AccessDenied));
    flow.confirmed().await;
    flow.passes(10).await;
    assert_both!(flow, "deploy_denied");
}

#[tokio::test(start_paused = true)]
async fn a_deploy_that_somebody_elses_overtakes_is_named_with_theirs() {
    let mut flow = Flow::calm().await;
    pushed(&flow, "hotfix", "arm64");
    flow.deploying("hotfix").await;
    flow.confirmed().await;
    flow.passes(30).await;
    flow.host.with(|world| world.apply(Change::Redeploy { service: service(), revision: 40 }));
    flow.passes(60).await;
    assert_both!(flow, "deploy_superseded");
}

#[tokio::test(start_paused = true)]
async fn a_number_that_auto_scaling_takes_back_ends_with_the_way_to_hold_it() {
    let mut flow = Flow::calm().await;
    // More than the database has connections for: a danger.
    scaling_to(&mut flow, "9").await;
    flow.types("es, the queue").await;
    flow.keys("enter").await;
    flow.types("analytics-api").await;
    flow.keys("enter").await;
    flow.passes(900).await;
    assert!(flow.text().contains("s scales again, with a bound"), "{}", flow.text());
    assert_both!(flow, "scale_taken_back_by_auto_scaling");
}

#[tokio::test(start_paused = true)]
async fn a_deploy_that_runs_and_serves_errors_is_no_success() {
    let mut platform = plantao::platform::file::sample();
    let mut flow = Flow::with("calm", (80, 24), platform.clone());
    let served = flow.host.serve("127.0.0.1:0".parse().unwrap()).unwrap();
    platform.services[0].health_url = Some(format!("{}/health/{SERVICE}", served.url));
    flow.app.platform = std::sync::Arc::new(platform);
    flow.connect();
    flow.passes(3).await;
    pushed(&flow, "hotfix", "arm64");
    let change = Change::Ail { repository: service(), tag: "hotfix".to_owned(), ailment: Some(Ailment::Errors(0.9)) };
    flow.host.with(|world| world.apply(change));
    flow.deploying("hotfix").await;
    flow.confirmed().await;
    flow.passes(900).await;
    assert!(flow.text().contains("is not well: 500, not 200"), "{}", flow.text());
    assert_both!(flow, "deploy_unhealthy");
}
