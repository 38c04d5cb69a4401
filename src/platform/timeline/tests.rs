use super::*;
use crate::platform::fixture::{self, ago, edit, event, failed_task};
use crate::platform::{Comparison, Part, ServiceSpec, Stability, TaskSetStatus};

fn texts(picture: &Picture) -> Vec<String> {
    timeline(&fixture::platform(), picture).into_iter().map(|e| e.text).collect()
}

fn change(alarm: &str, minutes_ago: i64, from: Option<AlarmState>, to: AlarmState) -> AlarmChange {
    AlarmChange { alarm: alarm.into(), at: ago(minutes_ago), from, to, summary: None }
}

#[test]
fn the_story_of_a_bad_deploy_reads_from_the_newest_line_down() {
    let mut picture = fixture::picture();
    fixture::deploying(&mut picture, 8);
    edit(&mut picture.services[0].state, |s| {
        s.events = vec![
            event(2, "(service analytics-api) rolling back to deployment ecs-svc/41."),
            event(3, "(service analytics-api) (deployment ecs-svc/42) deployment failed: tasks failed to start."),
            event(7, "(service analytics-api) has started 1 tasks: (task 0123456789abcdef0123456789abcdef)."),
        ];
    });
    edit(&mut picture.services[0].tasks, |tasks| {
        tasks.push(failed_task(1, 42, 5, 137, Some("OutOfMemoryError: container killed")));
    });
    picture.alarm_changes = vec![change("API-HighErrorRate", 4, Some(AlarmState::Ok), AlarmState::Alarm)];
    assert_eq!(
        texts(&picture),
        [
            "rolled back to :41 tag41",
            "deploy :42 tag42 failed: tasks failed to start",
            "API-HighErrorRate ALARM",
            "task 002a0000 of :42 tag42 failed: OutOfMemoryError: container killed · api exited with 137 · Essential \
         container in task exited",
            "has started 1 tasks: (task 01234567)",
            "deploy :42 tag42 began",
            "deploy :41 tag41 began",
        ]
    );
}

#[test]
fn what_code_deploy_deployed_is_on_the_timeline_and_whether_it_serves() {
    let mut picture = fixture::picture();
    let set = |number, status, stability, minutes_ago| TaskSet {
        id: format!("ecs-svc/{number}"),
        status,
        stability,
        revision: fixture::revision(number),
        created_at: Some(ago(minutes_ago)),
    };
    edit(&mut picture.services[0].state, |s| {
        s.deployments.clear();
        s.task_sets = vec![
            set(41, TaskSetStatus::Primary, Stability::Steady, 3_000),
            set(42, TaskSetStatus::Active, Stability::Stabilizing, 4),
        ];
    });
    let told = texts(&picture);
    assert_eq!(told, ["deploy :42 began (no traffic, its tasks not steady)", "deploy :41 tag41 began"]);
}

#[test]
fn a_failed_deployment_is_told_once_even_where_ecs_writes_no_event() {
    let mut picture = fixture::picture();
    edit(&mut picture.services[0].state, |s| {
        s.deployments[0].rollout = Rollout::Failed;
        s.deployments[0].rollout_reason = Some("tasks failed to start".into());
        s.deployments[0].updated_at = Some(ago(3));
    });
    assert_eq!(texts(&picture), ["deploy :41 tag41 failed: tasks failed to start", "deploy :41 tag41 began"]);
    edit(&mut picture.services[0].state, |s| {
        s.events = vec![event(3, "(service analytics-api) (deployment ecs-svc/41) deployment failed: alarm detected.")];
    });
    assert_eq!(texts(&picture), ["deploy :41 tag41 failed: alarm detected", "deploy :41 tag41 began"]);
}

#[test]
fn a_steady_night_does_not_push_the_incident_out_of_sight() {
    let mut picture = fixture::picture();
    edit(&mut picture.services[0].state, |s| {
        s.deployments.clear();
        let steady = "(service analytics-api) has reached a steady state.";
        s.events = vec![
            event(10, steady),
            event(370, steady),
            event(371, "(service analytics-api) has begun draining connections on 1 tasks."),
            event(372, "(service analytics-api) has stopped 1 running tasks: (task 1)."),
            event(730, steady),
        ];
    });
    let all = timeline(&fixture::platform(), &picture);
    let told: Vec<_> = all.iter().map(|e| (e.at, e.text.as_str())).collect();
    assert_eq!(
        told,
        [
            (ago(370), "has reached a steady state"),
            (ago(372), "has stopped 1 running tasks: (task 1)"),
            (ago(730), "has reached a steady state"),
        ]
    );
}

#[test]
fn alarms_of_other_teams_that_merely_rest_are_not_news() {
    let mut picture = fixture::picture();
    edit(&mut picture.services[0].state, |s| s.deployments.clear());
    picture.alarm_changes = vec![
        change("quiet-scale-in", 1, Some(AlarmState::Ok), AlarmState::Alarm),
        change("theirs", 1, None, AlarmState::Ok),
        change("theirs-too", 2, Some(AlarmState::Ok), AlarmState::InsufficientData),
        change("theirs-firing", 3, None, AlarmState::Alarm),
        change("ECS-HighCPU", 4, None, AlarmState::Ok),
        change("API-HighErrorRate", 5, Some(AlarmState::Alarm), AlarmState::Ok),
    ];
    edit(&mut picture.alarms, |a| {
        let mut lever = fixture::alarm("quiet-scale-in", "CPUUtilization", Comparison::Less, 20.0);
        lever.actions =
            vec!["arn:aws:autoscaling:us-east-1:1:scalingPolicy:1:resource/ecs/service/c/a:policyName/in".into()];
        a.push(lever);
    });
    let all = timeline(&fixture::platform(), &picture);
    let told: Vec<_> = all.iter().map(|e| (e.subject, e.text.as_str())).collect();
    assert_eq!(
        told,
        [
            (Subject::Platform, "theirs-firing ALARM"),
            (Subject::Service(0), "ECS-HighCPU OK"),
            (Subject::Service(0), "API-HighErrorRate OK again"),
        ]
    );
    assert_eq!(all[0].kind, EntryKind::AlarmRaised);
    assert_eq!(all[2].kind, EntryKind::AlarmCleared);
}

#[test]
fn lines_of_one_instant_keep_their_places_between_frames_and_none_is_told_twice() {
    let mut picture = fixture::picture();
    edit(&mut picture.services[0].state, |s| {
        s.events = vec![event(1, "(service a) one."), event(1, "(service a) two."), event(1, "(service a) one.")];
    });
    let first = texts(&picture);
    assert_eq!(first[..2], ["one", "two"]);
    assert_eq!(first.len(), 3);
    assert_eq!(first, texts(&picture));
}

#[test]
fn with_several_services_each_line_says_whose_it_is() {
    let mut platform = fixture::platform();
    platform.services.push(ServiceSpec { name: "worker".into(), ..platform.services[0].clone() });
    let mut picture = fixture::picture();
    picture.services.push(picture.services[0].clone());
    edit(&mut picture.services[1].state, |s| s.deployments[0].created_at = Some(ago(1)));
    let all: Vec<String> = timeline(&platform, &picture).into_iter().map(|e| e.text).collect();
    assert_eq!(all, ["worker: deploy :41 tag41 began", "analytics-api: deploy :41 tag41 began"]);
}

#[test]
fn a_name_with_an_escape_in_it_does_not_reach_the_terminal() {
    let mut picture = fixture::picture();
    picture.alarm_changes = vec![change("evil\u{1b}[2J\n", 1, None, AlarmState::Alarm)];
    assert_eq!(texts(&picture)[0], "evil·[2J  ALARM");
}

#[test]
fn an_empty_picture_and_one_that_is_too_large_for_its_platform_have_a_timeline() {
    let platform = fixture::platform();
    assert!(timeline(&platform, &Picture::of(&platform)).is_empty());
    assert!(timeline(&Platform::default(), &fixture::picture()).is_empty());
    let mut picture = fixture::picture();
    edit(&mut picture.services[0].state, |s| {
        s.deployments[0].created_at = None;
        s.events = (0..1_000).map(|n| event(n - 5, &format!("(service a) line {n}."))).collect();
    });
    picture.services[0].tasks = Part::default();
    let all = timeline(&platform, &picture);
    assert_eq!((all.len(), all[0].text.as_str()), (LONGEST, "line 0"));
}

#[test]
fn a_rollback_to_a_deployment_that_nobody_remembers_is_still_told() {
    let mut picture = fixture::picture();
    edit(&mut picture.services[0].state, |s| {
        s.deployments.clear();
        s.events = vec![event(1, "(service analytics-api) rolling back to deployment ecs-svc/7.")];
    });
    assert_eq!(texts(&picture), ["rolled back"]);
}

#[test]
fn a_database_that_goes_down_and_comes_back_is_on_the_timeline() {
    let mut picture = fixture::picture();
    edit(&mut picture.services[0].state, |s| s.deployments.clear());
    for (minutes, status) in [(9, "backing-up"), (8, "failed"), (5, "rebooting"), (2, "available")] {
        let database = crate::platform::Database { status: status.into(), ..fixture::database() };
        picture.take(crate::platform::Observation {
            at: ago(minutes),
            next: jiff::SignedDuration::from_mins(1),
            facts: vec![crate::platform::Fact::Database(0, Ok(Box::new(database)))],
            spent: crate::platform::Spent::default(),
            clock_skew: None,
        });
    }
    let all = timeline(&fixture::platform(), &picture);
    let told: Vec<_> = all.iter().map(|e| (e.at, e.kind, e.text.as_str())).collect();
    assert_eq!(
        told,
        [
            (ago(2), EntryKind::DatabaseBack, "RDS analytics is available again, was rebooting"),
            (ago(8), EntryKind::DatabaseDown, "RDS analytics is failed, was backing-up"),
        ]
    );
}

#[test]
fn tasks_that_come_and_go_leave_the_alarm_and_the_deployment_in_sight() {
    let mut picture = fixture::picture();
    fixture::deploying(&mut picture, 20);
    edit(&mut picture.services[0].state, |s| {
        let moved = |at, what: &str| event(at, &format!("(service analytics-api) has {what} tasks: (task 1)."));
        let sick =
            |at, n: u32| event(at, &format!("(service analytics-api) (task {n}) failed container health checks."));
        s.events = vec![
            moved(2, "started 2"),
            moved(3, "stopped 1 running"),
            sick(3, 1),
            moved(6, "started 1"),
            sick(7, 2),
            moved(9, "stopped 1 running"),
            moved(11, "started 3"),
        ];
    });
    edit(&mut picture.services[0].tasks, |tasks| {
        tasks.push(failed_task(1, 42, 4, 137, Some("OutOfMemoryError")));
        tasks.push(failed_task(2, 42, 5, 137, Some("OutOfMemoryError")));
    });
    picture.alarm_changes = vec![change("API-HighErrorRate", 10, Some(AlarmState::Ok), AlarmState::Alarm)];
    let why = "OutOfMemoryError · api exited with 137 · Essential container in task exited";
    assert_eq!(
        texts(&picture)[..6],
        [
            "started 3 and stopped 2 tasks since 03:03".to_owned(),
            "2 tasks failed health checks since 03:05".to_owned(),
            format!("2 tasks of :42 tag42 failed: {why}, since 03:07"),
            "API-HighErrorRate ALARM".to_owned(),
            "has started 3 tasks: (task 1)".to_owned(),
            "deploy :42 tag42 began".to_owned(),
        ]
    );
}
