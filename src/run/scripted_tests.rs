//! Runs on an AWS that answers by script: what the world does not do.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Map, Value, json};

use super::action::{Place, Rollback, UpdateService, WaitSteady};
use super::tests::office;
use super::*;
use crate::aws::Clients;
use crate::aws::testing::{Reply, Tiny};
use crate::clock::Clock;
use crate::platform::file;

/// A service that is deploying :43 over :42, until it is rolled back to :42 or updated to it.
fn deploying(stop_is_known: bool) -> Tiny {
    let back = Arc::new(AtomicBool::new(false));
    Tiny::new(move |operation, _| {
        let one = |id: &str, number: u32, status: &str, rollout: &str| {
            json!({"id": id, "status": status, "rolloutState": rollout, "taskDefinition": format!("x/api:{number}"),
                "desiredCount": 3, "runningCount": 3, "pendingCount": 0, "failedTasks": 0})
        };
        let service = |back: bool| {
            let deployments = if back {
                json!([one("ecs-svc/9", 42, "PRIMARY", "COMPLETED")])
            } else {
                json!([one("ecs-svc/3", 43, "PRIMARY", "IN_PROGRESS"), one("ecs-svc/2", 42, "ACTIVE", "COMPLETED")])
            };
            json!({"serviceName": "api", "status": "ACTIVE", "desiredCount": 3, "runningCount": 0, "deployments": deployments})
        };
        match operation {
            "DescribeServices" => Reply::json(&json!({"services": [service(back.load(Ordering::SeqCst))]}).to_string()),
            "ListServiceDeployments" => Reply::json(
                r#"{"serviceDeployments": [{"serviceDeploymentArn": "arn:sd/3", "status": "IN_PROGRESS"}]}"#,
            ),
            "StopServiceDeployment" if !stop_is_known => Reply::json_error(400, "UnknownOperationException", ""),
            "StopServiceDeployment" => {
                back.store(true, Ordering::SeqCst);
                Reply::json(r#"{"serviceDeploymentArn": "arn:sd/3"}"#)
            }
            "UpdateService" => {
                back.store(true, Ordering::SeqCst);
                Reply::json(&json!({"service": service(true)}).to_string())
            }
            other => unchanging(other),
        }
    })
}

pub(super) fn place() -> Place {
    Place { cluster: "prod".to_owned(), name: "api".to_owned() }
}

pub(super) fn context(tiny: &Tiny) -> Context {
    let clock = Clock::simulated("2026-11-24T15:12:37Z".parse().unwrap(), 1.0);
    Context {
        platform: Arc::new(file::sample()),
        clients: Clients::over(tiny.client(), "us-east-1"),
        clock,
        store: None,
    }
}

pub(super) async fn carry_out(context: &Context, actions: Vec<Action>) -> Finished {
    let (_folder, office) = office();
    carry_out_in(&office, context, actions).await
}

pub(super) async fn carry_out_in(office: &Office, context: &Context, actions: Vec<Action>) -> Finished {
    let mut steps = Vec::new();
    for action in actions {
        let view = action.plan(context, &Seen::default()).await.unwrap();
        steps.push(PlannedStep { title: String::new(), action, view });
    }
    let target = Target {
        kind: "service".to_owned(),
        account: String::new(),
        region: String::new(),
        name: "prod/api".to_owned(),
        simulated: None,
    };
    let plan = Plan {
        runbook: "rollback".to_owned(),
        title: String::new(),
        danger: "caution".to_owned(),
        target,
        parameters: BTreeMap::new(),
        namesake: false,
        also: Vec::new(),
        undoes: None,
        made_at: context.clock.now(),
        warnings: Vec::new(),
        steps,
    };
    let id = RunId::new("rollback", context.clock.now());
    office.carry_out(context, &id, plan, Who::default(), None).await
}

#[tokio::test(start_paused = true)]
async fn a_deployment_in_progress_is_rolled_back_by_ecs_where_it_can_and_by_an_update_where_not() {
    for (stop_is_known, updates) in [(true, 0), (false, 1)] {
        let tiny = deploying(stop_is_known);
        let context = context(&tiny);
        let rollback = Action::Rollback(Rollback { place: place(), to: 42, migrations: None });
        let wait = Action::WaitSteady(WaitSteady { place: place(), timeout_seconds: 600 });
        let finished = carry_out(&context, vec![rollback, wait]).await;
        assert_eq!(finished.ending, Ending::Succeeded, "{}", finished.words);
        assert!(finished.words.contains(":42"), "{}", finished.words);
        let asked = tiny.asked();
        let count = |operation: &str| asked.iter().filter(|asked| *asked == operation).count();
        assert_eq!((count("StopServiceDeployment"), count("UpdateService")), (1, updates));
    }
}

/// A service with one deployment.
pub(super) fn service(id: &str, number: u32, rollout: &str) -> Value {
    let deployment = json!({"id": id, "status": "PRIMARY", "rolloutState": rollout,
        "taskDefinition": format!("x/api:{number}"), "desiredCount": 3, "runningCount": 3, "pendingCount": 0, "failedTasks": 0});
    json!({"serviceName": "api", "status": "ACTIVE", "desiredCount": 3, "runningCount": 0, "deployments": [deployment]})
}

/// What is answered alike in all of these scripts.
pub(super) fn unchanging(operation: &str) -> Reply {
    match operation {
        "DescribeTaskDefinition" => {
            Reply::json(r#"{"taskDefinition": {"family": "api", "status": "ACTIVE", "containerDefinitions": []}}"#)
        }
        "DescribeScalableTargets" => Reply::json(r#"{"ScalableTargets": []}"#),
        "ListTasks" => Reply::json(r#"{"taskArns": []}"#),
        other => panic!("nobody should ask {other}"),
    }
}

/// A service that goes from :42 to :43, and shows it neither in the answer to the update nor in the first looks after it.
fn lagging(looks: usize) -> Tiny {
    let (updated, seen) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    Tiny::new(move |operation, _| {
        let before = || service("ecs-svc/2", 42, "COMPLETED");
        match operation {
            "DescribeServices" => {
                let look = if updated.load(Ordering::SeqCst) { seen.fetch_add(1, Ordering::SeqCst) + 1 } else { 0 };
                let service = match look {
                    look if look <= looks => before(),
                    look if look <= looks + 2 => service("ecs-svc/3", 43, "IN_PROGRESS"),
                    _ => service("ecs-svc/3", 43, "COMPLETED"),
                };
                Reply::json(&json!({ "services": [service] }).to_string())
            }
            "UpdateService" => {
                updated.store(true, Ordering::SeqCst);
                Reply::json(&json!({ "service": before() }).to_string())
            }
            other => unchanging(other),
        }
    })
}

#[tokio::test(start_paused = true)]
async fn a_record_that_lags_the_update_is_never_taken_for_the_deployment() {
    for (looks, ending) in
        [(0, Ending::Succeeded), (1, Ending::Succeeded), (20, Ending::Succeeded), (999, Ending::TimedOut)]
    {
        let tiny = lagging(looks);
        let update = UpdateService { place: place(), task_definition: Some(43), ..UpdateService::default() };
        let wait = WaitSteady { place: place(), timeout_seconds: 600 };
        let actions = vec![Action::UpdateService(update), Action::WaitSteady(wait)];
        let finished = carry_out(&context(&tiny), actions).await;
        assert_eq!(finished.ending, ending, "{looks}: {}", finished.words);
        let said = if ending == Ending::Succeeded { "3 of 3 tasks of :43 run" } else { "the deployment of :42 still" };
        assert!(finished.words.contains(said), "{looks}: {}", finished.words);
        assert_eq!(tiny.asked().iter().filter(|asked| *asked == "UpdateService").count(), 1);
    }
}

/// A service that goes from :42 to :43 at once, and on the way back shows :43 in the answer and so many looks long.
fn lagging_on_the_way_back(looks: usize) -> Tiny {
    let (updates, seen) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    Tiny::new(move |operation, _| {
        let there = || service("ecs-svc/3", 43, "COMPLETED");
        match operation {
            "DescribeServices" => {
                let service = match updates.load(Ordering::SeqCst) {
                    0 => service("ecs-svc/2", 42, "COMPLETED"),
                    1 => there(),
                    _ => match seen.fetch_add(1, Ordering::SeqCst) + 1 {
                        look if look <= looks => there(),
                        look if look <= looks + 2 => service("ecs-svc/4", 42, "IN_PROGRESS"),
                        _ => service("ecs-svc/4", 42, "COMPLETED"),
                    },
                };
                Reply::json(&json!({ "services": [service] }).to_string())
            }
            "UpdateService" => {
                updates.fetch_add(1, Ordering::SeqCst);
                Reply::json(&json!({ "service": there() }).to_string())
            }
            other => unchanging(other),
        }
    })
}

#[tokio::test(start_paused = true)]
async fn a_taking_back_does_not_follow_the_deployment_that_it_undoes_when_the_answer_lags() {
    for (looks, ending) in [(0, Ending::Succeeded), (20, Ending::Succeeded), (9_999, Ending::TimedOut)] {
        let tiny = lagging_on_the_way_back(looks);
        let context = context(&tiny);
        let (_folder, office) = office();
        let update = UpdateService { place: place(), task_definition: Some(43), ..UpdateService::default() };
        let wait = WaitSteady { place: place(), timeout_seconds: 600 };
        let done = carry_out_in(&office, &context, vec![Action::UpdateService(update), Action::WaitSteady(wait)]).await;
        assert_eq!(done.ending, Ending::Succeeded, "{}", done.words);
        let plan = Plan::taking_back(&office.store, &done.id, context.clock.now()).unwrap();
        let id = RunId::new("undo", context.clock.now());
        let undone = office.carry_out(&context, &id, plan, Who::default(), None).await;
        assert_eq!(undone.ending, ending, "{looks}: {}", undone.words);
        let said = if ending == Ending::Succeeded { "3 of 3 tasks of :42 run" } else { "the deployment of :43 still" };
        assert!(undone.words.contains(said), "{looks}: {}", undone.words);
        assert!(undone.words.contains("api:42 is asked for"), "{looks}: {}", undone.words);
        assert_eq!(tiny.asked().iter().filter(|asked| *asked == "UpdateService").count(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_ecs_itself_does_not_deploy_is_refused_with_who_does() {
    for (field, says) in [
        (json!({"deploymentController": {"type": "CODE_DEPLOY"}}), "CodeDeploy"),
        (json!({"deploymentController": {"type": "EXTERNAL"}}), "an external controller"),
        (json!({"schedulingStrategy": "DAEMON"}), "DAEMON"),
        (json!({"status": "DRAINING"}), "draining"),
        (json!({"status": "INACTIVE"}), "inactive"),
    ] {
        let tiny = Tiny::new(move |_, _| {
            let mut service: Map<_, _> =
                json!({"serviceName": "api", "status": "ACTIVE", "desiredCount": 1, "runningCount": 0, "deployments": []})
                    .as_object()
                    .unwrap()
                    .clone();
            service.extend(field.as_object().unwrap().clone());
            Reply::json(&json!({ "services": [service] }).to_string())
        });
        let context = context(&tiny);
        let update = UpdateService { place: place(), desired_count: Some(2), ..UpdateService::default() };
        let halt = Action::UpdateService(update).plan(&context, &Seen::default()).await.unwrap_err();
        assert_eq!(halt.ending, Ending::Refused);
        assert!(halt.words.contains(says), "{}", halt.words);
    }
}

#[tokio::test(start_paused = true)]
async fn a_step_that_is_refused_after_another_changed_something_is_not_called_a_refusal_of_all() {
    let updated = AtomicBool::new(false);
    let tiny = Tiny::new(move |operation, _| {
        let mut answer = service("ecs-svc/2", 42, "COMPLETED");
        match operation {
            "DescribeServices" => {
                answer["status"] = json!(if updated.load(Ordering::SeqCst) { "DRAINING" } else { "ACTIVE" });
                Reply::json(&json!({ "services": [answer] }).to_string())
            }
            "UpdateService" => {
                updated.store(true, Ordering::SeqCst);
                Reply::json(&json!({ "service": answer }).to_string())
            }
            other => unchanging(other),
        }
    });
    let scale = UpdateService { place: place(), desired_count: Some(4), ..UpdateService::default() };
    let fresh = UpdateService { place: place(), force_new_deployment: true, ..UpdateService::default() };
    let finished = carry_out(&context(&tiny), vec![Action::UpdateService(scale), Action::UpdateService(fresh)]).await;
    assert_eq!(finished.ending, Ending::FailedAfter, "{}", finished.words);
    assert!(finished.words.contains("draining"), "{}", finished.words);
}

#[tokio::test(start_paused = true)]
async fn an_outage_that_a_deployment_would_be_is_in_the_plan() {
    let tiny = Tiny::new(|operation, _| match operation {
        "DescribeServices" => Reply::json(
            r#"{"services": [{"serviceName": "api", "status": "ACTIVE", "desiredCount": 1, "runningCount": 0, "deploymentConfiguration": {"minimumHealthyPercent": 0},
            "deployments": [{"id": "ecs-svc/1", "status": "PRIMARY", "taskDefinition": "x/api:1", "rolloutState": "COMPLETED"}]}]}"#,
        ),
        _ => Reply::json(r#"{"ScalableTargets": []}"#),
    });
    let update = UpdateService { place: place(), force_new_deployment: true, ..UpdateService::default() };
    let view = Action::UpdateService(update).plan(&context(&tiny), &Seen::default()).await.unwrap();
    assert!(view.warnings.iter().any(|w| w.contains("nobody is served")), "{:?}", view.warnings);
    assert!(view.warnings.iter().any(|w| w.contains("tries for ever")), "{:?}", view.warnings);
}

#[tokio::test(start_paused = true)]
async fn a_change_that_could_not_be_compared_with_what_runs_is_warned_of_in_the_plan() {
    let tiny = Tiny::new(|operation, body| match operation {
        "DescribeServices" => Reply::json(
            r#"{"services": [{"serviceName": "api", "status": "ACTIVE", "desiredCount": 1, "runningCount": 0,
            "deployments": [{"id": "ecs-svc/1", "status": "PRIMARY", "taskDefinition": "x/api:7", "rolloutState": "COMPLETED"}]}]}"#,
        ),
        "DescribeTaskDefinition" if body.contains("api:7") => Reply::json_error(400, "ClientException", "not yours"),
        "DescribeTaskDefinition" => Reply::json(r#"{"taskDefinition": {"family": "api", "revision": 6}}"#),
        _ => Reply::json(r#"{"ScalableTargets": []}"#),
    });
    let update = UpdateService { place: place(), task_definition: Some(6), ..UpdateService::default() };
    let view = Action::UpdateService(update).plan(&context(&tiny), &Seen::default()).await.unwrap();
    assert!(view.warnings.iter().any(|w| w.starts_with("api:6 can't be compared with api:7")), "{:?}", view.warnings);
    assert!(view.warnings.iter().any(|w| w.contains("tries for ever")), "{:?}", view.warnings);
}
