//! Requests that were throttled, or whose answer nobody heard: what becomes of them, and what is said.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::action::{Rollback, SetBounds, UpdateService, WaitSteady};
use super::scripted_tests::{carry_out, context, place, service, unchanging};
use super::tests::{SERVICE, carry_out as on_the_world, office, plan, start, state, who, world, writes};
use super::*;
use crate::aws::testing::{Reply, Tiny};
use crate::world::{Change as Happening, Failure, Fault};

/// A service whose update to :43 is carried out, and its answer lost; so many looks after it get this error.
fn lost(looks: usize, code: &'static str) -> Tiny {
    let asked = Arc::new(AtomicUsize::new(0));
    Tiny::new(move |operation, _| match operation {
        "UpdateService" => {
            asked.store(1, Ordering::SeqCst);
            Reply::json_error(500, "ServerException", "internal")
        }
        "DescribeServices" => {
            let look = asked.load(Ordering::SeqCst);
            if look > 0 {
                asked.fetch_add(1, Ordering::SeqCst);
            }
            let service = match look {
                0 => service("ecs-svc/2", 42, "COMPLETED"),
                look if look <= looks => return Reply::json_error(400, code, "not now"),
                _ => service("ecs-svc/3", 43, "COMPLETED"),
            };
            Reply::json(&json!({ "services": [service] }).to_string())
        }
        other => unchanging(other),
    })
}

fn update() -> Vec<Action> {
    let update = UpdateService { place: place(), task_definition: Some(43), ..UpdateService::default() };
    let wait = WaitSteady { place: place(), timeout_seconds: 600 };
    vec![Action::UpdateService(update), Action::WaitSteady(wait)]
}

#[tokio::test(start_paused = true)]
async fn an_update_that_was_carried_out_is_found_although_the_first_looks_after_it_fail() {
    let tiny = lost(3, "ExpiredTokenException");
    let finished = carry_out(&context(&tiny), update()).await;
    assert_eq!(finished.ending, Ending::Succeeded, "{}", finished.words);
    assert_eq!(tiny.asked().iter().filter(|asked| *asked == "UpdateService").count(), 1, "never sent twice");
}

#[tokio::test(start_paused = true)]
async fn that_it_may_have_been_carried_out_is_said_also_where_nobody_can_look() {
    for code in ["ExpiredTokenException", "AccessDeniedException"] {
        let tiny = lost(999, code);
        let finished = carry_out(&context(&tiny), update()).await;
        assert_eq!(finished.ending, Ending::FailedAfter, "{code}: {}", finished.words);
        let said = "it may have been carried out all the same, and nothing showed it: look again before you repeat it";
        assert!(finished.words.contains(said), "{code}: {}", finished.words);
    }
}

/// What the scalable target says after its bounds were moved, and the answer lost.
fn lost_bounds(looks: usize) -> Tiny {
    let asked = Arc::new(AtomicUsize::new(0));
    Tiny::new(move |operation, _| match operation {
        "RegisterScalableTarget" => {
            asked.store(1, Ordering::SeqCst);
            Reply::json_error(500, "InternalServiceException", "internal")
        }
        "DescribeScalableTargets" => {
            let look = asked.load(Ordering::SeqCst);
            if look > 0 {
                asked.fetch_add(1, Ordering::SeqCst);
            }
            let min = match look {
                0 => 1,
                look if look <= looks => return Reply::json_error(400, "ExpiredTokenException", "not now"),
                _ => 2,
            };
            let target = json!({"ServiceNamespace": "ecs", "ResourceId": "service/prod/api",
                "ScalableDimension": "ecs:service:DesiredCount", "MinCapacity": min, "MaxCapacity": 6,
                "RoleARN": "arn:r", "CreationTime": 1});
            Reply::json(&json!({ "ScalableTargets": [target] }).to_string())
        }
        other => unchanging(other),
    })
}

#[tokio::test(start_paused = true)]
async fn bounds_that_were_moved_are_found_although_the_first_looks_after_it_fail() {
    let bounds = || vec![Action::SetBounds(SetBounds { place: place(), min: Some(2), ..SetBounds::default() })];
    let finished = carry_out(&context(&lost_bounds(3)), bounds()).await;
    assert_eq!(finished.ending, Ending::Succeeded, "{}", finished.words);
    let finished = carry_out(&context(&lost_bounds(999)), bounds()).await;
    assert_eq!(finished.ending, Ending::FailedAfter, "{}", finished.words);
    assert!(finished.words.contains("it may have been carried out all the same"), "{}", finished.words);
}

/// A deployment of :43 that ECS is asked to stop, and looks after that which fail.
fn stopped(looks: usize) -> Tiny {
    let asked = Arc::new(AtomicUsize::new(0));
    Tiny::new(move |operation, _| match operation {
        "StopServiceDeployment" => {
            asked.store(1, Ordering::SeqCst);
            Reply::json(r#"{"serviceDeploymentArn": "arn:sd/3"}"#)
        }
        "ListServiceDeployments" => {
            Reply::json(r#"{"serviceDeployments": [{"serviceDeploymentArn": "arn:sd/3", "status": "IN_PROGRESS"}]}"#)
        }
        "DescribeServices" => {
            let look = asked.load(Ordering::SeqCst);
            if look > 0 {
                asked.fetch_add(1, Ordering::SeqCst);
            }
            let service = match look {
                0 => {
                    let mut deploying = service("ecs-svc/3", 43, "IN_PROGRESS");
                    let before = service("ecs-svc/2", 42, "COMPLETED")["deployments"][0].clone();
                    deploying["deployments"].as_array_mut().unwrap().push(before);
                    deploying["deployments"][1]["status"] = json!("ACTIVE");
                    deploying
                }
                look if look <= looks => return Reply::json_error(400, "ExpiredTokenException", "not now"),
                _ => service("ecs-svc/4", 42, "COMPLETED"),
            };
            Reply::json(&json!({ "services": [service] }).to_string())
        }
        other => unchanging(other),
    })
}

#[tokio::test(start_paused = true)]
async fn a_rollback_that_ecs_accepted_is_not_lost_over_looks_that_fail_for_a_while() {
    let rollback = || vec![Action::Rollback(Rollback { place: place(), to: 42, migrations: None })];
    let finished = carry_out(&context(&stopped(5)), rollback()).await;
    assert_eq!(finished.ending, Ending::Succeeded, "{}", finished.words);
    let finished = carry_out(&context(&stopped(999)), rollback()).await;
    assert_eq!(finished.ending, Ending::FailedAfter, "{}", finished.words);
    assert!(finished.words.contains("ECS accepted to roll back"), "{}", finished.words);
}

#[tokio::test(start_paused = true)]
async fn an_emergency_deploy_does_not_fail_over_a_lost_answer_to_a_revision_that_is_there() {
    let (host, context) = world();
    let (_folder, office) = office();
    super::tests::broken_revision(&host, None).await;
    let plan = plan(&context, "emergency-deploy", &[("image", "bad")]).await;
    host.inject(Fault::on("ecs:RegisterTaskDefinition", Failure::Slow(Duration::from_mins(1))));
    let finished = on_the_world(&office, &context, plan).await;
    assert_eq!(finished.ending, Ending::Succeeded, "{}", finished.words);
    assert_eq!(writes(&host).get("ecs:RegisterTaskDefinition"), Some(&1), "never registered twice");
}

#[tokio::test(start_paused = true)]
async fn a_throttled_update_is_not_sent_again_over_what_somebody_else_changed_meanwhile() {
    let (host, context) = world();
    let (_folder, office) = office();
    let plan = plan(&context, "scale", &[("desired", "5")]).await;
    host.inject(Fault::on("ecs:UpdateService", Failure::Throttled).times(2));
    let (finished, ()) = tokio::join!(on_the_world(&office, &context, plan), async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        host.with(|world| world.apply(Happening::SetDesired { service: SERVICE.to_owned(), count: 6 }));
    });
    assert_eq!(finished.ending, Ending::PlanStale, "{}", finished.words);
    assert!(finished.words.contains("desired count was 3 and is 6"), "{}", finished.words);
    assert_eq!(writes(&host), BTreeMap::from([("ecs:UpdateService".to_owned(), 1)]));
    assert_eq!(state(&host).0, 6);
}

#[tokio::test(start_paused = true)]
async fn a_wish_to_stop_is_heard_while_a_throttled_update_waits_and_nothing_is_changed() {
    let (host, context) = world();
    let (_folder, office) = office();
    let plan = plan(&context, "scale", &[("desired", "5")]).await;
    host.inject(Fault::on("ecs:UpdateService", Failure::Throttled));
    let (id, began) = (RunId::new("scale", context.clock.now()), Instant::now());
    let (finished, ()) = tokio::join!(office.carry_out(&context, &id, plan, who(), None), async {
        tokio::time::sleep(Duration::from_secs(20)).await;
        let said = Said { at: start(), by: "ana".to_owned(), command: Command::Stop, reason: None };
        Commands::say(&office.store, &id, &said).unwrap();
    });
    assert_eq!(finished.ending, Ending::Stopped, "{}", finished.words);
    assert!(finished.words.ends_with("nothing was changed"), "{}", finished.words);
    assert!(began.elapsed() < Duration::from_secs(22), "{:?}", began.elapsed());
    assert_eq!(state(&host).0, 3);
}
