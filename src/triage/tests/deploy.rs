use super::*;
use crate::platform::fixture::{ago, deploying, edit, event, failed_task, fire};
use crate::platform::{CircuitBreaker, DeploymentStatus, Rollout};

#[test]
fn errors_right_after_a_deploy_point_at_it_and_at_rollback() {
    let mut picture = fixture::picture();
    deploying(&mut picture, 10);
    edit(&mut picture.services[0].tasks, |t| t.push(fixture::task(9, 42)));
    fire(&mut picture, "API-HighErrorRate", 8, "");
    let found = only(&picture);
    assert_eq!(found.after.as_deref(), Some("2 min after deploy :42 tag42"));
    assert_eq!(found.runbook.as_deref(), Some("rollback"));
}

#[test]
fn a_deploy_of_an_hour_before_or_one_that_came_later_is_not_blamed() {
    for began in [60, 2] {
        let mut picture = fixture::picture();
        deploying(&mut picture, began);
        edit(&mut picture.services[0].state, |s| s.deployments[0].rollout = Rollout::Completed);
        fire(&mut picture, "API-HighErrorRate", 8, "");
        let found = only(&picture);
        assert_eq!((found.after, found.runbook), (None, None));
    }
}

#[test]
fn cpu_after_a_deploy_still_asks_for_the_files_runbook() {
    let mut picture = fixture::picture();
    deploying(&mut picture, 10);
    fire(&mut picture, "ECS-HighCPU", 8, "");
    let found = only(&picture);
    assert_eq!(found.after.as_deref(), Some("2 min after deploy :42"));
    assert_eq!(found.runbook.as_deref(), Some("scale"));
}

#[test]
fn rollback_is_not_offered_after_a_rollback() {
    let mut picture = fixture::picture();
    edit(&mut picture.services[0].state, |s| {
        s.deployments[0].created_at = Some(ago(10));
        s.deployments[0].rollout_reason = Some("circuit breaker: rolling back to deploymentId ecs-svc/40.".into());
    });
    fire(&mut picture, "API-HighErrorRate", 9, "");
    let found = only(&picture);
    assert_eq!(found.after.as_deref(), Some("1 min after rollback to :41 tag41"));
    assert_eq!(found.runbook, None);
}

#[test]
fn while_ecs_rolls_back_by_itself_nobody_is_told_to() {
    let mut picture = fixture::picture();
    deploying(&mut picture, 10);
    edit(&mut picture.services[0].state, |s| {
        // ECS may take the old deployment up again instead of making a new one.
        s.deployments.swap(0, 1);
        s.deployments[0].status = DeploymentStatus::Primary;
        s.deployments[0].rollout = Rollout::InProgress;
        s.deployments[0].rollout_reason = Some("circuit breaker: rolling back to deploymentId ecs-svc/41.".into());
        s.deployments[1].status = DeploymentStatus::Active;
        s.deployments[1].rollout = Rollout::Failed;
        s.events = vec![event(1, "(service analytics-api) rolling back to deployment ecs-svc/41.")];
    });
    fire(&mut picture, "API-HighErrorRate", 8, "");
    let all: Vec<_> = look(&picture).into_iter().map(|f| (f.title, f.after, f.runbook)).collect();
    assert_eq!(
        all,
        [
            ("API-HighErrorRate".to_owned(), Some("2 min after deploy :42".to_owned()), None),
            ("deploy :42 of analytics-api failed, ECS is rolling it back".to_owned(), None, None),
        ]
    );
    let entries = crate::platform::timeline::timeline(&fixture::platform(), &picture);
    assert!(entries.iter().any(|e| e.text == "deploy :41 tag41 began"), "{entries:#?}");
}

#[test]
fn a_rollback_that_is_over_is_still_known_as_one_and_a_new_try_is_not_taken_for_one() {
    let mut picture = fixture::picture();
    edit(&mut picture.services[0].state, |s| {
        s.deployments[0].created_at = Some(ago(10));
        s.events = vec![event(10, "(service analytics-api) rolling back to deployment ecs-svc/7.")];
    });
    fire(&mut picture, "API-HighErrorRate", 9, "");
    let all = look(&picture);
    assert_eq!((all[0].after.as_deref(), &all[0].runbook), (Some("1 min after rollback to :41 tag41"), &None));
    // A failed deployment, and somebody's second try over it.
    deploying(&mut picture, 10);
    edit(&mut picture.services[0].state, |s| {
        s.deployments[1].rollout = Rollout::Failed;
        s.events.clear();
    });
    let all = look(&picture);
    assert_eq!(all[0].after.as_deref(), Some("1 min after deploy :42"));
    assert_eq!(all[0].runbook.as_deref(), Some("rollback"));
}

#[test]
fn a_deploy_that_loses_tasks_without_a_breaker_is_said_after_the_second_task() {
    let mut picture = fixture::picture();
    deploying(&mut picture, 3);
    edit(&mut picture.services[0].state, |s| s.circuit_breaker = None);
    edit(&mut picture.services[0].tasks, |t| t.push(failed_task(9, 42, 2, 1, None)));
    assert_eq!(look(&picture), []);
    // ECS's own count stays 0: the tasks tell.
    edit(&mut picture.services[0].tasks, |t| t.push(failed_task(10, 42, 1, 139, None)));
    let found = only(&picture);
    assert_eq!(found.title, "deploy :42 tag42 of analytics-api keeps losing tasks");
    assert_eq!(
        found.evidence,
        "0 of 3 running, 2 failed · api exited with 1 · Essential container in task exited · no circuit breaker: ECS \
         will try for ever"
    );
    assert_eq!((found.severity, found.runbook.as_deref()), (Severity::Warning, Some("rollback")));
}

#[test]
fn a_deploy_that_bakes_on_purpose_is_not_told_as_one_that_hangs() {
    let mut picture = fixture::picture();
    deploying(&mut picture, 25);
    assert_eq!(only(&picture).title, "deploy :42 of analytics-api takes unusually long");
    edit(&mut picture.services[0].state, |s| s.bake_minutes = 15);
    assert_eq!(look(&picture), []);
    deploying(&mut picture, 31);
    assert_eq!(only(&picture).title, "deploy :42 of analytics-api takes unusually long");
}

#[test]
fn a_deploy_that_takes_the_service_below_its_minimum_is_critical() {
    let mut picture = fixture::picture();
    deploying(&mut picture, 3);
    edit(&mut picture.services[0].state, |s| {
        s.running = 2;
        s.deployments[0].failed = 4;
        s.circuit_breaker = Some(CircuitBreaker { enabled: true, rollback: false });
    });
    let found = only(&picture);
    assert_eq!(found.severity, Severity::Critical);
    assert!(found.evidence.ends_with("will stop it, but not roll it back"), "{}", found.evidence);
}

#[test]
fn a_crash_loop_of_the_new_revision_is_the_deployments_not_a_second_finding() {
    let mut picture = fixture::picture();
    deploying(&mut picture, 9);
    edit(&mut picture.services[0].tasks, |t| t.extend((0..5).map(|n| failed_task(9 + n, 42, 2, 1, None))));
    assert_eq!(titles(&picture), ["deploy :42 tag42 of analytics-api keeps losing tasks"]);
}

#[test]
fn a_failed_deploy_names_its_first_failure() {
    let mut picture = fixture::picture();
    deploying(&mut picture, 9);
    edit(&mut picture.services[0].state, |s| {
        s.deployments[0].rollout = Rollout::Failed;
        s.deployments[0].rollout_reason = Some("ECS deployment circuit breaker: tasks failed to start.".into());
    });
    assert!(only(&picture).evidence.contains("circuit breaker: tasks failed to start"));
    edit(&mut picture.services[0].tasks, |t| {
        t.push(failed_task(9, 42, 2, 1, None));
        t.push(failed_task(10, 42, 6, 127, None));
    });
    let found = only(&picture);
    assert!(found.evidence.contains("the command was not found in the image"), "{}", found.evidence);
    assert!(found.evidence.ends_with("not rolled back"), "{}", found.evidence);
}

#[test]
fn a_rollback_by_ecs_is_told_while_it_runs_and_for_a_while_after() {
    let mut picture = fixture::picture();
    let rolled_back = |picture: &mut Picture, minutes_ago| {
        edit(&mut picture.services[0].state, |s| {
            let mut back = fixture::deployment(41, DeploymentStatus::Primary, Rollout::InProgress, ago(minutes_ago));
            back.id = "ecs-svc/43".into();
            back.rollout_reason = Some("circuit breaker: rolling back to deploymentId ecs-svc/41.".into());
            let bad = fixture::deployment(42, DeploymentStatus::Active, Rollout::Failed, ago(minutes_ago + 9));
            s.deployments = vec![back, bad];
            s.events = vec![event(minutes_ago, "(service analytics-api) rolling back to deployment ecs-svc/43.")];
        });
    };
    rolled_back(&mut picture, 1);
    let found = only(&picture);
    assert_eq!(found.title, "deploy :42 of analytics-api failed, ECS is rolling it back");
    assert_eq!((found.evidence.as_str(), found.runbook), ("going back to :41 tag41, 3 of 3 running", None));
    // Over: the failed deployment is no longer listed, only the event remembers.
    let over = |picture: &mut Picture| {
        edit(&mut picture.services[0].state, |s| {
            s.deployments.pop();
            s.deployments[0].rollout = Rollout::Completed;
            s.deployments[0].rollout_reason = Some("ECS deployment ecs-svc/43 completed.".into());
        });
    };
    over(&mut picture);
    assert_eq!(titles(&picture), ["deployment of analytics-api failed, rolled back by ECS"]);
    rolled_back(&mut picture, 40);
    over(&mut picture);
    assert_eq!(look(&picture), []);
}

#[test]
fn a_new_try_after_a_rollback_is_judged_by_itself() {
    let mut picture = fixture::picture();
    deploying(&mut picture, 5);
    edit(&mut picture.services[0].state, |s| {
        s.events = vec![event(20, "(service analytics-api) rolling back to deployment ecs-svc/41.")];
    });
    assert_eq!(look(&picture), []);
}

#[test]
fn a_deploy_that_hangs_is_not_taken_for_one_that_goes_on() {
    let mut picture = fixture::picture();
    deploying(&mut picture, 15);
    assert_eq!(look(&picture), []);
    deploying(&mut picture, 22);
    let found = only(&picture);
    assert_eq!(found.title, "deploy :42 of analytics-api takes unusually long");
    assert_eq!(found.evidence, "0 of 3 running after 22m");
}

#[test]
fn a_deploy_that_seems_to_begin_in_the_future_is_just_young() {
    let mut picture = fixture::picture();
    deploying(&mut picture, -1);
    fire(&mut picture, "API-HighErrorRate", -5, "");
    assert_eq!(only(&picture).after.as_deref(), Some("4 min after deploy :42"));
}
