use super::*;
use crate::platform::fixture::{ago, deploying, deployment, edit, event, fire, last, revision, task};
use crate::platform::{DeploymentStatus, Rollout};

/// The fixture's platform, whose file says that rollback treats errors.
fn platform() -> Platform {
    let mut platform = fixture::platform();
    platform.alarms[1].runbook = Some("rollback".into());
    platform
}

fn errors(picture: &Picture) -> Finding {
    let all = findings(&platform(), picture, fixture::now());
    all.into_iter().find(|f| f.title == "API-HighErrorRate").unwrap()
}

/// `:42` was deployed, errors began, and so many minutes ago the service was put back to `:41`.
fn put_back(minutes_ago: i64, rollout: Rollout) -> Picture {
    let mut picture = fixture::picture();
    edit(&mut picture.services[0].state, |s| {
        s.deployments = vec![deployment(41, DeploymentStatus::Primary, rollout, ago(minutes_ago))];
    });
    edit(&mut picture.services[0].tasks, |tasks| {
        let mut left = task(9, 42);
        (left.created_at, left.stopped_at, left.last_status) = (Some(ago(20)), Some(ago(1)), "STOPPED".into());
        tasks.push(left);
    });
    fire(&mut picture, "API-HighErrorRate", 15, "");
    picture
}

#[test]
fn after_a_rollback_by_hand_what_was_deployed_is_still_told_as_the_cause() {
    let found = errors(&put_back(4, Rollout::Completed));
    assert_eq!(found.after.as_deref(), Some("5 min after deploy :42 tag42"));
}

#[test]
fn nobody_rolls_back_twice_while_the_alarm_still_fires_after_a_rollback() {
    let found = errors(&put_back(4, Rollout::Completed));
    assert_eq!(found.runbook, None);
    let said = "rolled back to :41 tag41 at 03:08; the alarm needs 1 good minute to clear";
    assert_eq!(found.advice.as_deref(), Some(said));
    // Three bad of five: three good minutes.
    let mut picture = put_back(4, Rollout::Completed);
    edit(&mut picture.alarms, |a| a.iter_mut().for_each(|a| a.condition.as_mut().unwrap().datapoints_to_alarm = 3));
    fire(&mut picture, "API-HighErrorRate", 15, "");
    assert!(errors(&picture).advice.unwrap().ends_with("the alarm needs 3 good minutes to clear"));
}

#[test]
fn while_a_rollback_is_under_way_nobody_is_told_to_start_another() {
    let mut picture = put_back(2, Rollout::InProgress);
    edit(&mut picture.services[0].state, |s| {
        s.deployments.push(deployment(42, DeploymentStatus::Active, Rollout::Completed, ago(16)));
    });
    edit(&mut picture.services[0].tasks, |tasks| tasks.truncate(3));
    let found = errors(&picture);
    assert_eq!(found.runbook, None);
    assert_eq!(found.advice.as_deref(), Some("going back to :41 tag41 since 03:10: wait for it"));
}

#[test]
fn a_rollback_by_ecs_itself_is_not_to_be_done_again() {
    let mut picture = fixture::picture();
    deploying(&mut picture, 10);
    edit(&mut picture.services[0].state, |s| {
        // ECS takes the old deployment up again instead of making a new one.
        s.deployments.swap(0, 1);
        s.deployments[0].status = DeploymentStatus::Primary;
        s.deployments[0].updated_at = Some(ago(1));
        s.deployments[1].status = DeploymentStatus::Active;
        s.deployments[1].rollout = Rollout::Failed;
        s.events = vec![event(3, "(service analytics-api) rolling back to deployment ecs-svc/41.")];
    });
    fire(&mut picture, "API-HighErrorRate", 8, "");
    let found = errors(&picture);
    assert_eq!(found.runbook, None);
    assert!(found.advice.unwrap().starts_with("rolled back to :41 tag41 at 03:09; the alarm"));
}

#[test]
fn an_alarm_that_a_rollback_did_not_clear_has_another_cause() {
    let found = errors(&put_back(12, Rollout::Completed));
    let said = "rolled back to :41 tag41 at 03:00, and it goes on: look for another cause";
    assert_eq!((found.runbook, found.advice.as_deref()), (None, Some(said)));
}

#[test]
fn a_deployment_forward_is_not_taken_for_a_rollback() {
    let mut picture = put_back(16, Rollout::Completed);
    edit(&mut picture.services[0].state, |s| s.deployments[0].revision = revision(43));
    assert_eq!(errors(&picture).runbook.as_deref(), Some("rollback"));
}

#[test]
fn a_gauge_past_its_target_has_the_key_of_its_alarm_before_that_fires() {
    let mut picture = fixture::picture();
    picture.series[fixture::CPU] = last(&[70.0; 9]);
    let mut platform = platform();
    platform.alarms[2].runbook = Some("cool-down".into());
    assert_eq!(findings(&platform, &picture, fixture::now())[0].runbook.as_deref(), Some("cool-down"));
    // The file says nothing, a runbook does.
    platform.alarms[2].runbook = None;
    platform.treated = [("ECS-HighCPU".to_owned(), "chill".to_owned())].into();
    assert_eq!(findings(&platform, &picture, fixture::now())[0].runbook.as_deref(), Some("chill"));
}

#[test]
fn an_alarm_that_only_a_runbook_knows_shows_the_runbook() {
    let mut picture = fixture::picture();
    edit(&mut picture.alarms, |a| {
        a.push(fixture::alarm("theirs", "SomeCount", crate::platform::Comparison::Greater, 1.0));
    });
    fire(&mut picture, "theirs", 3, "");
    let mut platform = platform();
    platform.treated = [("theirs".to_owned(), "drain".to_owned())].into();
    assert_eq!(findings(&platform, &picture, fixture::now())[0].runbook.as_deref(), Some("drain"));
    assert_eq!(only(&picture).advice.as_deref(), Some("the platform file names no runbook for it"));
}

#[test]
fn a_vacuum_is_not_offered_to_a_database_that_only_carries_the_services_load() {
    let index = fixture::platform().gauges.iter().position(|g| g.subject == Subject::Database(0)).unwrap();
    let mut platform = platform();
    let gauge = &mut platform.gauges[index];
    (gauge.role, gauge.query.metric) = (crate::platform::Role::Cpu, "CPUUtilization".into());
    let mut picture = fixture::picture();
    picture.series[index] = last(&[95.0; 6]);
    let told = |picture: &Picture| {
        let all = findings(&platform, picture, fixture::now());
        let found = all.into_iter().find(|f| f.subject == Subject::Database(0)).unwrap();
        (found.runbook, found.advice)
    };
    assert_eq!(told(&picture).0.as_deref(), Some("vacuum"), "busy by itself");
    picture.series[fixture::CPU] = last(&[90.0; 5]);
    let said = "load, not dead rows: first see to: ECS CPU past its target";
    assert_eq!(told(&picture), (None, Some(said.to_owned())));
}

#[test]
fn a_service_that_was_deleted_is_not_to_be_brought_back_by_looking_at_its_tasks() {
    let mut picture = fixture::picture();
    edit(&mut picture.services[0].state, |s| (s.status, s.running) = (crate::platform::ServiceStatus::Inactive, 0));
    let advice = only(&picture).advice.unwrap();
    assert!(advice.contains("create it again"), "{advice}");
}

#[test]
fn no_critical_finding_leaves_its_reader_without_a_next_step() {
    let platform = platform();
    let told = |picture: &Picture| -> Vec<String> {
        let all = findings(&platform, picture, fixture::now());
        let worth = all.into_iter().filter(|f| f.severity >= Severity::Warning);
        worth
            .map(|f| f.runbook.or(f.command).or(f.advice).unwrap_or_else(|| panic!("nothing about {}", f.title)))
            .collect()
    };
    // Connections at their limit, and the errors that come of it.
    let mut picture = fixture::picture();
    picture.series[fixture::CONNECTIONS] = last(&[82.0; 5]);
    picture.series[fixture::ERRORS] = last(&[70.0; 4]);
    let all = told(&picture);
    assert!(
        all[0].ends_with("--service analytics-api --force-new-deployment")
            && all[1] == "first see to: RDS connections past their target",
        "{all:?}"
    );
    // A zone is gone.
    let mut picture = fixture::picture();
    edit(&mut picture.databases[0], |d| d.status = "failed".into());
    edit(&mut picture.services[0].state, |s| s.running = 0);
    let all = told(&picture);
    let restore = "restore-db-instance-to-point-in-time --source-db-instance-identifier analytics --target";
    assert!(all.iter().any(|a| a.contains(restore)), "a command that needs no looking up: {all:?}");
    assert!(all.iter().any(|a| a == "first see to: RDS analytics is failed"), "{all:?}");
    // More tasks would not help what waits for a database.
    let mut picture = fixture::picture();
    picture.series[fixture::CONNECTIONS] = last(&[82.0; 5]);
    picture.series[fixture::QUEUE] = last(&[90.0; 9]);
    assert_eq!(told(&picture)[1], "first see to: RDS connections past their target");
    // Storage that runs low, and a queue.
    let mut picture = fixture::picture();
    picture.series[fixture::STORAGE] = last(&[1.5e9; 9]);
    picture.series[fixture::QUEUE] = last(&[90.0; 9]);
    let all = told(&picture);
    assert!(all[0].contains("modify-db-instance") && all[1] == "scale", "{all:?}");
    // What would be missed at night, and what could not be restored.
    let mut picture = fixture::picture();
    edit(&mut picture.alarms, |a| a.truncate(2));
    edit(&mut picture.databases[0], |d| d.latest_restorable = Some(ago(40)));
    assert_eq!(told(&picture).len(), 2);
    // A deployment that hangs can be taken back.
    let mut picture = fixture::picture();
    deploying(&mut picture, 22);
    assert_eq!(told(&picture), ["rollback"]);
}

#[test]
fn a_volume_that_fills_stands_above_what_is_only_busy() {
    let mut picture = fixture::picture();
    picture.series[fixture::CPU] = last(&[90.0; 15]);
    picture.series[fixture::STORAGE] = last(&[1.9e9; 4]);
    let all = look(&picture);
    assert_eq!(all[0].title, "RDS free storage is low", "{all:?}");
    assert!(all[0].command.as_ref().is_some_and(|command| command.contains("--allocated-storage 30 ")), "{all:?}");
}

#[test]
fn what_is_done_about_a_database_goes_by_what_rds_says_of_it() {
    let told = |status: &str| {
        let mut picture = fixture::picture();
        edit(&mut picture.databases[0], |d| d.status = status.into());
        let found = look(&picture).into_iter().find(|f| f.subject == Subject::Database(0)).unwrap();
        (found.advice.unwrap_or_default(), found.command.unwrap_or_default())
    };
    assert!(told("failed").1.contains("restore-db-instance-to-point-in-time"));
    // A restore costs an hour and the last minutes: never where something smaller does.
    assert!(told("storage-full").1.contains("--allocated-storage 30 "), "{:?}", told("storage-full"));
    assert!(told("stopped").1.contains("start-db-instance"));
    assert_eq!(told("rebooting"), ("it is rebooting: wait for it, and see its events".to_owned(), String::new()));
}

#[test]
fn a_rollback_is_advised_for_as_long_as_what_the_deployment_began_goes_on() {
    let mut picture = fixture::picture();
    fixture::deploying(&mut picture, 150);
    picture.series[fixture::ERRORS] = last(&[12.4; 148]);
    fire(&mut picture, "API-HighErrorRate", 140, "");
    let found = look(&picture).into_iter().find(|f| f.title == "API-HighErrorRate").unwrap();
    assert_eq!((found.runbook.as_deref(), found.advice), (Some("rollback"), None));
}

/// The database was down from 12 to 4 minutes ago; what the queue and the errors show began with it.
fn after_an_outage() -> (Platform, Picture) {
    let mut platform = platform();
    platform.alarms.push(crate::platform::ExpectedAlarm {
        name: "RDS-Down".into(),
        severity: Severity::Critical,
        runbook: None,
        when: None,
    });
    let mut picture = fixture::picture();
    edit(&mut picture.alarms, |a| {
        let mut down = fixture::alarm("RDS-Down", "x", crate::platform::Comparison::Less, 1.0);
        (down.condition, down.since) = (None, Some(ago(4)));
        a.push(down);
    });
    picture.series[fixture::QUEUE] = last(&[900.0; 10]);
    fire(&mut picture, "API-HighErrorRate", 7, "");
    (platform, picture)
}

#[test]
fn what_a_database_brought_about_is_tied_to_it_after_it_is_back_and_nobody_scales() {
    let (platform, picture) = after_an_outage();
    let all = findings(&platform, &picture, fixture::now());
    let errors = all.iter().find(|f| f.title == "API-HighErrorRate").unwrap();
    let queue = all.iter().find(|f| f.title == "queue past its target").unwrap();
    for found in [errors, queue] {
        assert_eq!(found.after.as_deref(), Some("while RDS analytics was down, until 03:08"));
        assert_eq!(found.runbook, None, "{found:?}");
    }
    let advice = "it drains by itself: scale only if it still grows at 03:23";
    assert_eq!(queue.advice.as_deref(), Some(advice));
    assert_eq!(errors.advice.as_deref(), Some("it clears by itself: if it goes on at 03:23, look at the logs"));
}

#[test]
fn a_queue_that_grew_after_the_database_was_back_or_never_drained_is_not_excused_by_it() {
    let (platform, picture) = after_an_outage();
    let queue = |picture: &Picture, later: i64| {
        let all = findings(&platform, picture, fixture::now() + jiff::SignedDuration::from_mins(later));
        all.into_iter().find(|f| f.title == "queue past its target").unwrap()
    };
    assert_eq!(queue(&picture, 12).runbook.as_deref(), Some("scale"), "16 min after it was back");
    let mut young = picture.clone();
    young.series[fixture::QUEUE] = last(&[3.0, 3.0, 3.0, 900.0, 900.0, 900.0]);
    assert_eq!(queue(&young, 0).runbook.as_deref(), Some("scale"));
}

#[test]
fn an_outage_that_was_seen_needs_no_alarm_to_be_remembered() {
    let (platform, mut picture) = after_an_outage();
    edit(&mut picture.alarms, |a| a.retain(|a| a.name != "RDS-Down"));
    picture.database_changes = vec![crate::platform::DatabaseChange {
        database: 0,
        at: ago(3),
        from: "failed".into(),
        to: "available".into(),
        serves: true,
    }];
    let all = findings(&platform, &picture, fixture::now());
    let queue = all.iter().find(|f| f.title == "queue past its target").unwrap();
    assert_eq!(queue.after.as_deref(), Some("while RDS analytics was down, until 03:09"));
}

#[test]
fn nobody_is_told_to_go_back_where_nothing_is_known_of_deployments() {
    let mut picture = fixture::picture();
    fire(&mut picture, "API-HighErrorRate", 4, "");
    picture.services[0].state = crate::platform::Part::default();
    let found = errors(&picture);
    let said = "whether anything was deployed can't be told: look at its deployments first";
    assert_eq!((found.runbook, found.advice.as_deref()), (None, Some(said)));
    // What waits for a database is told so, whether ECS answers or not.
    picture.series[fixture::CONNECTIONS] = last(&[82.0; 9]);
    assert_eq!(errors(&picture).advice.as_deref(), Some("first see to: RDS connections past their target"));
}

#[test]
fn whether_going_back_helps_does_not_hang_on_what_the_platform_file_lists() {
    let mut platform = platform();
    platform.alarms.clear();
    platform.treated = [("API-HighErrorRate".to_owned(), "rollback".to_owned())].into();
    let mut picture = fixture::picture();
    fire(&mut picture, "API-HighErrorRate", 4, "");
    let found = findings(&platform, &picture, fixture::now()).remove(0);
    let said = "no deployment in 2 h: look at logs and dependencies";
    assert_eq!((found.runbook, found.advice.as_deref()), (None, Some(said)));
    // What another service deployed is no reason either.
    platform.services.push(crate::platform::ServiceSpec { name: "web".into(), ..platform.services[0].clone() });
    picture.services.push(picture.services[0].clone());
    edit(&mut picture.services[1].state, |s| s.deployments[0].created_at = Some(ago(90)));
    assert_eq!(findings(&platform, &picture, fixture::now())[0].runbook, None);
    edit(&mut picture.services[0].state, |s| s.deployments[0].created_at = Some(ago(90)));
    assert_eq!(findings(&platform, &picture, fixture::now())[0].runbook.as_deref(), Some("rollback"));
}

#[test]
fn a_service_that_was_deleted_does_not_wait_for_a_database() {
    let mut picture = fixture::picture();
    edit(&mut picture.services[0].state, |s| (s.status, s.running) = (crate::platform::ServiceStatus::Inactive, 0));
    picture.series[fixture::CONNECTIONS] = last(&[82.0; 9]);
    let advice = look(&picture).into_iter().find(|f| f.title.ends_with("was deleted")).unwrap().advice.unwrap();
    assert!(advice.starts_with("create it again"), "{advice}");
}

#[test]
fn what_is_to_be_seen_to_first_is_not_below_what_waits_for_it() {
    let mut picture = fixture::picture();
    edit(&mut picture.services[0].state, |s| s.running = 0);
    picture.series[fixture::CONNECTIONS] = last(&[82.0; 9]);
    let told: Vec<_> = look(&picture).into_iter().map(|f| (f.severity, f.title, f.advice)).collect();
    assert_eq!(told[0].1, "RDS connections past their target", "{told:?}");
    assert_eq!((told[1].0, told[1].1.as_str()), (Severity::Critical, "no task of analytics-api runs"));
    assert_eq!(told[1].2.as_deref(), Some("first see to: RDS connections past their target"));
}

#[test]
fn new_tasks_are_not_started_where_they_find_no_connection_left() {
    let told = |minimum| {
        let mut picture = fixture::picture();
        edit(&mut picture.services[0].state, |s| s.minimum_healthy_percent = Some(minimum));
        picture.series[fixture::CONNECTIONS] = last(&[82.0; 9]);
        only(&picture).advice.unwrap()
    };
    assert!(told(100).starts_with("new tasks need some too: first end idle sessions"), "{}", told(100));
    assert_eq!(told(0), "replace the tasks that hold them: a short outage");
}
