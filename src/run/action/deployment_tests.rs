use super::*;
use crate::platform::fixture;
use crate::platform::{CircuitBreaker, DeploymentStatus, Revision, ServiceEvent};

const OWN: &str = "ecs-svc/2";

fn deployment(id: &str, number: u32, status: DeploymentStatus, rollout: Rollout, running: u32) -> Deployment {
    Deployment {
        id: id.to_owned(),
        status,
        rollout,
        rollout_reason: None,
        revision: Revision { family: "api".to_owned(), number: Some(number) },
        desired: 3,
        running,
        pending: 0,
        failed: 0,
        created_at: None,
        updated_at: None,
    }
}

fn service(deployments: Vec<Deployment>) -> Service {
    let mut picture = fixture::picture();
    let mut service = picture.services.remove(0).state.value().unwrap().clone();
    service.desired = 3;
    service.circuit_breaker = Some(CircuitBreaker { enabled: true, rollback: true });
    service.deployments = deployments;
    service.events.clear();
    service
}

fn own(rollout: Rollout, running: u32) -> Deployment {
    deployment(OWN, 42, DeploymentStatus::Primary, rollout, running)
}

fn ending(verdict: Verdict) -> Ending {
    match verdict {
        Verdict::Over(ending, _) => ending,
        other => panic!("not over: {other:?}"),
    }
}

const LATE: Duration = Duration::from_mins(5);

#[test]
fn steady_is_only_this_deployment_completed_alone_with_all_its_tasks() {
    let old = |running| deployment("ecs-svc/1", 41, DeploymentStatus::Active, Rollout::Completed, running);
    let steady =
        |deployments| matches!(Followed::new(OWN, None).judge(&service(deployments), LATE), Verdict::Steady(_));
    assert!(steady(vec![own(Rollout::Completed, 3)]));
    assert!(steady(vec![own(Rollout::Unknown, 3)]), "a service without rollout states");
    assert!(!steady(vec![own(Rollout::InProgress, 3)]), "all run, and their health is not known yet");
    assert!(!steady(vec![own(Rollout::Completed, 2)]));
    assert!(!steady(vec![own(Rollout::Completed, 3), old(1)]), "an old task still serves");
    assert!(steady(vec![own(Rollout::Completed, 3), old(0)]));
    let mut nobody = service(vec![own(Rollout::Completed, 0)]);
    nobody.desired = 0;
    assert!(matches!(Followed::new(OWN, Some(0)).judge(&nobody, LATE), Verdict::Steady(_)));
}

#[test]
fn a_record_that_lags_is_not_taken_for_the_answer() {
    let stale = service(vec![deployment("ecs-svc/1", 41, DeploymentStatus::Primary, Rollout::Completed, 3)]);
    let mut followed = Followed::new(OWN, None);
    assert!(matches!(followed.judge(&stale, Duration::from_secs(5)), Verdict::Going { .. }));
    assert_eq!(ending(followed.judge(&stale, LATE)), Ending::Superseded);
    let old_count = service(vec![own(Rollout::Completed, 3)]);
    let mut followed = Followed::new(OWN, Some(5));
    assert!(matches!(followed.judge(&old_count, Duration::from_secs(5)), Verdict::Going { .. }));
    let Verdict::Steady(words) = followed.judge(&old_count, LATE) else { panic!() };
    assert!(words.contains("from the 5 of this run to 3"), "{words}");
}

#[test]
fn a_number_that_was_changed_again_is_neither_waited_for_nor_called_success_and_it_is_said_by_whom() {
    let shown = |desired, message: &str| {
        let mut shown = service(vec![own(Rollout::Completed, 3)]);
        shown.desired = desired;
        let event = |at, message: &str| ServiceEvent { id: message.to_owned(), at, message: message.to_owned() };
        shown.events.push(event(fixture::now(), "Successfully set desired count to 3. Cause: of yesterday."));
        if !message.is_empty() {
            shown.events.push(event(fixture::now() + jiff::SignedDuration::from_secs(9), message));
        }
        shown
    };
    let soon = Duration::from_secs(5);
    for (message, by) in [
        (
            "Message: Successfully set desired count to 3. Cause: monitor alarm Low.",
            "auto scaling: monitor alarm Low; to hold 4, scale again with that as its minimum, under no lower maximum",
        ),
        ("", "something else than this run"),
    ] {
        let mut followed = Followed { only_number: true, ..Followed::new(OWN, Some(4)) };
        assert!(matches!(followed.judge(&shown(4, ""), soon), Verdict::Going { .. }));
        let Verdict::Over(ending, words) = followed.judge(&shown(3, message), soon) else { panic!("waited for ever") };
        assert_eq!(ending, Ending::Superseded);
        assert_eq!(words, format!("the number was changed from the 4 of this run to 3 by {by}"));
        // A deployment succeeds with any number of tasks.
        let mut followed = Followed::new(OWN, Some(4));
        let Verdict::Steady(words) = followed.judge(&shown(3, message), LATE) else { panic!() };
        assert!(words.contains("from the 4 of this run to 3"), "{words}");
    }
}

#[test]
fn a_deployment_that_updates_answer_did_not_show_is_waited_for_and_the_one_before_is_not_called_deployed() {
    let before = |rollout, status| deployment("ecs-svc/1", 41, status, rollout, 3);
    let awaiting = |revision| {
        let awaited = Some(Awaited { after: "ecs-svc/1".to_owned(), revision });
        Followed { awaited, ..Followed::new("ecs-svc/1", None) }
    };
    for revision in [Some(42), None] {
        let mut followed = awaiting(revision);
        let stale = service(vec![before(Rollout::Completed, DeploymentStatus::Primary)]);
        for elapsed in [Duration::ZERO, LATE] {
            let Verdict::Going { text, .. } = followed.judge(&stale, elapsed) else {
                panic!("nothing was deployed yet")
            };
            assert!(text.contains(":41 still"), "{text}");
        }
        let old = before(Rollout::Completed, DeploymentStatus::Active);
        let rolling = service(vec![own(Rollout::InProgress, 1), old.clone()]);
        assert!(matches!(followed.judge(&rolling, LATE), Verdict::Going { .. }));
        assert_eq!(followed.id, OWN);
        let other = service(vec![deployment("ecs-svc/7", 40, DeploymentStatus::Primary, Rollout::InProgress, 0), old]);
        assert_eq!(ending(followed.judge(&other, LATE)), Ending::Superseded);
    }
    // Given up before anybody looked: the old one is primary again.
    let mut given_up = deployment(OWN, 42, DeploymentStatus::Active, Rollout::Failed, 0);
    given_up.rollout_reason = Some("tasks failed to start".to_owned());
    let back = service(vec![before(Rollout::Completed, DeploymentStatus::Primary), given_up]);
    assert_eq!(ending(awaiting(Some(42)).judge(&back, LATE)), Ending::RolledBackByEcs);
    // Somebody else was faster.
    let foreign = service(vec![deployment("ecs-svc/7", 40, DeploymentStatus::Primary, Rollout::Completed, 3)]);
    assert_eq!(ending(awaiting(Some(42)).judge(&foreign, LATE)), Ending::Superseded);
}

#[test]
fn a_rollback_is_followed_to_its_own_end() {
    let given_up = || {
        let mut own = deployment(OWN, 42, DeploymentStatus::Active, Rollout::Failed, 0);
        own.rollout_reason = Some("tasks failed to start".to_owned());
        own
    };
    let back = |rollout, running| deployment("ecs-svc/3", 41, DeploymentStatus::Primary, rollout, running);
    for (rollout, wanted) in [(Rollout::Completed, Ending::RolledBackByEcs), (Rollout::Failed, Ending::RollbackFailed)]
    {
        let mut followed = Followed::new(OWN, None);
        let rolling = service(vec![back(Rollout::InProgress, 1), given_up()]);
        assert!(matches!(followed.judge(&rolling, LATE), Verdict::Going { .. }));
        // Later the deployment that was given up is no longer listed.
        let Verdict::Over(ending, words) = followed.judge(&service(vec![back(rollout, 3)]), LATE) else { panic!() };
        assert_eq!(ending, wanted);
        assert!(words.contains("tasks failed to start"), "{words}");
    }
}

#[test]
fn a_rollback_that_was_over_before_anyone_looked_is_read_from_the_events() {
    let mut after = service(vec![deployment("ecs-svc/3", 41, DeploymentStatus::Primary, Rollout::Completed, 3)]);
    after.events.push(ServiceEvent {
        id: "1".to_owned(),
        at: fixture::now(),
        message: format!("(service api) (deployment {OWN}) deployment failed: tasks failed to start."),
    });
    assert_eq!(ending(Followed::new(OWN, None).judge(&after, LATE)), Ending::RolledBackByEcs);
}

#[test]
fn a_breaker_that_does_not_roll_back_and_one_that_is_not_there_are_told_apart() {
    let mut stuck = service(vec![own(Rollout::Failed, 0)]);
    let mut followed = Followed::new(OWN, None);
    assert!(matches!(followed.judge(&stuck, LATE), Verdict::Going { .. }), "its rollback is about to begin");
    assert_eq!(ending(followed.judge(&stuck, LATE + ROLLBACK_BEGINS)), Ending::DeploymentFailed);
    stuck.circuit_breaker = Some(CircuitBreaker { enabled: true, rollback: false });
    assert_eq!(ending(Followed::new(OWN, None).judge(&stuck, LATE)), Ending::DeploymentFailed);
    let mut failing = service(vec![Deployment { failed: 1, ..own(Rollout::InProgress, 1) }]);
    failing.circuit_breaker = None;
    assert!(matches!(Followed::new(OWN, None).judge(&failing, LATE), Verdict::Going { .. }), "one may be an accident");
    failing.deployments[0].failed = 2;
    assert_eq!(ending(Followed::new(OWN, None).judge(&failing, LATE)), Ending::KeepsFailing);
}

#[test]
fn a_circuit_breaker_is_not_trusted_to_end_what_it_does_not_watch() {
    let failed = |id: &str| {
        let mut task = fixture::picture().services[0].tasks.value().unwrap()[0].clone();
        task.id = id.to_owned();
        task.started_by = Some(OWN.to_owned());
        task.last_status = "STOPPED".to_owned();
        task.stop_code = Some("EssentialContainerExited".to_owned());
        task
    };
    // More tasks of a deployment that was over long before.
    let scaled = service(vec![own(Rollout::Completed, 1)]);
    let mut followed = Followed { only_number: true, ..Followed::new(OWN, Some(3)) };
    followed.stopped(&[failed("a")]);
    let Verdict::Going { text, .. } = followed.judge(&scaled, LATE) else { panic!("one may be an accident") };
    assert!(text.contains("if that goes on nothing ends it"), "{text}");
    followed.stopped(&[failed("b")]);
    let Verdict::Over(Ending::KeepsFailing, words) = followed.judge(&scaled, LATE) else { panic!() };
    assert!(words.contains("watches only deployments"), "{words}");
    // A deployment that came through in spite of two accidents.
    let mut followed = Followed::new(OWN, None);
    followed.stopped(&[failed("a"), failed("b")]);
    let Verdict::Going { text, .. } = followed.judge(&service(vec![own(Rollout::InProgress, 2)]), LATE) else {
        panic!()
    };
    assert!(text.contains("the circuit breaker rolls back"), "{text}");
    assert!(matches!(followed.judge(&service(vec![own(Rollout::Completed, 2)]), LATE), Verdict::Going { .. }));
    assert!(matches!(followed.judge(&service(vec![own(Rollout::Completed, 3)]), LATE), Verdict::Steady(_)));
}

#[test]
fn tasks_that_find_no_place_are_told_in_ecs_words_and_those_of_yesterday_are_not() {
    let at = fixture::now();
    let no_room = |at: Timestamp| {
        ServiceEvent {
        id: at.to_string(),
        at,
        message: "(service api) was unable to place a task. Reason: Capacity is unavailable at this time. Please try again later. For more information, see the Guide.".to_owned(),
    }
    };
    let mut short = service(vec![own(Rollout::Completed, 1)]);
    short.events.push(no_room(at));
    let mut followed = Followed::new(OWN, Some(3));
    let Verdict::Going { text, .. } = followed.judge(&short, LATE) else { panic!() };
    assert_eq!(text, "1 of 3 tasks of :42 run");
    short.events.push(no_room(at + Duration::from_secs(9)));
    let Verdict::Going { text, .. } = followed.judge(&short, LATE) else { panic!() };
    assert_eq!(
        text,
        "1 of 3 tasks of :42 run; ECS: was unable to place a task. Reason: Capacity is unavailable at this time"
    );
}

#[test]
fn failed_tasks_are_counted_where_ecs_does_not_count_them_and_those_of_others_are_not() {
    let task = |id: &str, by: &str| {
        let mut task = fixture::picture().services[0].tasks.value().unwrap()[0].clone();
        task.id = id.to_owned();
        task.started_by = Some(by.to_owned());
        task.last_status = "STOPPED".to_owned();
        task.stop_code = Some("EssentialContainerExited".to_owned());
        task.stopped_reason = Some("Essential container in task exited".to_owned());
        task
    };
    let mut failing = service(vec![own(Rollout::InProgress, 1)]);
    failing.circuit_breaker = None;
    let mut followed = Followed::new(OWN, None);
    followed.stopped(&[task("a", OWN), task("b", "ecs-svc/1")]);
    followed.stopped(&[task("a", OWN)]);
    assert!(matches!(followed.judge(&failing, LATE), Verdict::Going { .. }));
    followed.stopped(&[task("c", OWN), task("a", OWN)]);
    let Verdict::Over(Ending::KeepsFailing, words) = followed.judge(&failing, LATE) else { panic!() };
    assert!(words.contains("first failed task a: ") && words.contains("Essential container"), "{words}");
}

#[test]
fn a_service_that_is_being_deleted_is_not_waited_for() {
    let mut gone = service(vec![own(Rollout::Completed, 3)]);
    gone.status = ServiceStatus::Draining;
    assert_eq!(ending(Followed::new(OWN, None).judge(&gone, LATE)), Ending::FailedBefore);
}

#[test]
fn a_deployment_whose_tasks_all_run_says_what_the_service_tells_of_its_wait() {
    let old = |running| deployment("ecs-svc/1", 41, DeploymentStatus::Active, Rollout::Completed, running);
    let mut draining = fixture::picture().services[0].tasks.value().unwrap()[0].clone();
    draining.started_by = Some("ecs-svc/1".to_owned());
    let mut followed = Followed::new(OWN, None);
    followed.stopped(&[Task { last_status: "STOPPED".to_owned(), ..draining.clone() }, draining]);
    let mut waits = |deployments| match followed.judge(&service(deployments), LATE) {
        Verdict::Going { text, waits, fraction } => {
            assert_eq!((text.contains(", 1 old"), waits.is_none() || fraction == Some(1.0)), (waits.is_none(), true));
            waits
        }
        other => panic!("not going: {other:?}"),
    };
    let of = |old| Some(Waits { old, draining: 1, ..Waits::default() });
    assert_eq!(waits(vec![own(Rollout::InProgress, 2), old(1)]), None, "a task is missing");
    assert_eq!(waits(vec![own(Rollout::InProgress, 3), old(1)]), of(1));
    assert_eq!(waits(vec![own(Rollout::InProgress, 3), old(0)]), of(0));
    assert_eq!(waits(vec![own(Rollout::Completed, 5)]).map(|waits| waits.surplus), Some(2), "scaled in");
}

#[test]
fn the_time_that_ecs_takes_to_call_it_steady_is_counted_from_when_nothing_else_was_missing() {
    let mut followed = Followed::new(OWN, None);
    let mut told = |old, seconds| followed.awaits(Waits { old, ..Waits::default() }, &[], Duration::from_secs(seconds));
    assert_eq!(told(1, 60), "waiting for 1 old task to stop");
    assert_eq!(
        (told(0, 65), told(0, 90)),
        ("waiting for ECS to call it steady".to_owned(), "waiting for ECS to call it steady, 20s".to_owned())
    );
    assert_eq!(told(1, 95), "waiting for 1 old task to stop");
    assert_eq!(told(0, 100), "waiting for ECS to call it steady");
}
