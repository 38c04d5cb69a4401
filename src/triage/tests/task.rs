use super::*;
use crate::platform::fixture::{ago, edit, event, failed_task, fire, revision};
use crate::platform::{Health, ServiceStatus, TroubleKind};

#[test]
fn no_task_running_is_critical_without_any_alarm_and_says_why_the_last_one_stopped() {
    let mut picture = fixture::picture();
    edit(&mut picture.services[0].state, |s| s.running = 0);
    edit(&mut picture.services[0].tasks, |t| *t = vec![failed_task(0, 41, 4, 137, Some("OutOfMemoryError: killed"))]);
    let found = only(&picture);
    assert_eq!((found.severity, found.title.as_str()), (Severity::Critical, "no task of analytics-api runs"));
    assert!(found.evidence.starts_with("0 of 3 tasks running · last stop: out of memory (OutOf"), "{}", found.evidence);
    assert_eq!(found.since, Some(ago(4)));
}

#[test]
fn an_outage_is_one_finding_under_its_alarms_name_and_rings_the_bell_once() {
    let mut picture = fixture::picture();
    edit(&mut picture.services[0].state, |s| s.running = 0);
    let before = only(&picture);
    fire(&mut picture, "ECS-AllTasksDown", 2, "Threshold Crossed: 1 datapoint was less than the threshold");
    let found = only(&picture);
    assert_eq!(found.id, before.id);
    assert_eq!((found.title.as_str(), found.evidence.as_str()), ("ECS-AllTasksDown", "0 of 3 tasks running"));
    assert_eq!((found.since, found.runbook.as_deref()), (Some(ago(2)), Some("scale")));
}

#[test]
fn a_service_scaled_to_0_on_purpose_wakes_nobody() {
    let mut picture = fixture::picture();
    edit(&mut picture.services[0].state, |s| (s.desired, s.running) = (0, 0));
    picture.series[fixture::CPU] = fixture::last(&[]);
    let all = look(&picture);
    assert!(all.iter().all(|f| f.severity == Severity::Notice), "{all:#?}");
    assert_eq!(all[0].title, "analytics-api is scaled to 0");
}

#[test]
fn too_few_tasks_are_a_warning_unless_they_are_just_starting_or_a_deployment_explains_them() {
    let mut picture = fixture::picture();
    edit(&mut picture.services[0].state, |s| s.running = 2);
    let found = only(&picture);
    assert_eq!((found.severity, found.evidence.as_str()), (Severity::Warning, "2 of 3 tasks running"));
    edit(&mut picture.services[0].state, |s| s.pending = 1);
    assert_eq!(only(&picture).severity, Severity::Notice);
    fixture::deploying(&mut picture, 2);
    assert_eq!(look(&picture), []);
}

#[test]
fn most_capacity_gone_is_no_mere_notice_because_tasks_have_been_starting_for_long() {
    let mut picture = fixture::picture();
    edit(&mut picture.services[0].state, |s| (s.desired, s.running, s.pending) = (10, 3, 7));
    edit(&mut picture.services[0].scaling, |s| s.as_mut().unwrap().max = 20);
    let start = |picture: &mut Picture, minutes_ago: i64| {
        edit(&mut picture.services[0].tasks, |tasks| {
            tasks.truncate(3);
            tasks.extend((10..17).map(|n| {
                let mut task = fixture::task(n, 41);
                (task.last_status, task.started_at) = ("PENDING".into(), None);
                task.created_at = Some(ago(minutes_ago));
                task
            }));
        });
    };
    // Scaled out a minute ago: all that ran still runs.
    start(&mut picture, 1);
    assert_eq!(only(&picture).severity, Severity::Notice);
    start(&mut picture, 40);
    let found = only(&picture);
    assert_eq!((found.severity, found.since), (Severity::Warning, Some(ago(40))));
    assert_eq!(found.evidence, "3 of 10 tasks running, 7 starting");
    // Seven were lost just now: fewer run than the service's own minimum.
    start(&mut picture, 1);
    edit(&mut picture.services[0].tasks, |tasks| {
        tasks.push(failed_task(30, 41, 2, 1, None));
    });
    assert_eq!(only(&picture).severity, Severity::Warning);
    edit(&mut picture.services[0].state, |s| s.minimum_healthy_percent = Some(30));
    assert_eq!(only(&picture).severity, Severity::Notice);
}

#[test]
fn a_crash_loop_is_seen_even_while_all_tasks_run_for_the_moment() {
    let mut picture = fixture::picture();
    edit(&mut picture.services[0].tasks, |t| {
        t.extend((0..3).map(|n| failed_task(10 + n, 41, 3 + i64::from(n), 1, Some("exec /app: exec format error"))));
        t.push(failed_task(20, 41, 45, 1, None));
    });
    let found = only(&picture);
    assert_eq!((found.severity, found.since), (Severity::Warning, Some(ago(5))));
    let start = "3 failed stops in 30 min · image built for another CPU architecture (exec";
    assert!(found.evidence.starts_with(start), "{}", found.evidence);
}

#[test]
fn two_failed_stops_or_stops_by_the_scheduler_are_no_crash_loop() {
    let mut picture = fixture::picture();
    edit(&mut picture.services[0].tasks, |t| {
        t.extend((0..2).map(|n| failed_task(10 + n, 41, 3, 1, None)));
        t.extend((0..5).map(|n| {
            let mut task = failed_task(20 + n, 41, 3, 0, None);
            task.stop_code = Some("ServiceSchedulerInitiated".into());
            task.stopped_reason = Some("Scaling activity initiated by deployment ecs-svc/41".into());
            task
        }));
    });
    assert_eq!(look(&picture), []);
}

#[test]
fn unhealthy_tasks_are_counted_and_all_of_them_unhealthy_is_an_outage() {
    let mut picture = fixture::picture();
    let sicken = |picture: &mut Picture, n: usize| {
        edit(&mut picture.services[0].tasks, |t| {
            t[n].health = Health::Unhealthy;
            t[n].containers[1].health = Health::Unhealthy;
        });
    };
    sicken(&mut picture, 0);
    sicken(&mut picture, 2);
    let found = only(&picture);
    assert_eq!(found.severity, Severity::Warning);
    assert_eq!(found.evidence, "2 of 3 running tasks unhealthy (api) · all of them in us-east-1a");
    sicken(&mut picture, 1);
    let found = only(&picture);
    assert_eq!(
        (found.severity, found.title.as_str()),
        (Severity::Critical, "all tasks of analytics-api are unhealthy")
    );
}

#[test]
fn a_service_that_is_gone_is_not_told_as_one_without_tasks() {
    for (status, title) in [
        (ServiceStatus::Inactive, "service analytics-api was deleted"),
        (ServiceStatus::Draining, "service analytics-api is being deleted"),
    ] {
        let mut picture = fixture::picture();
        edit(&mut picture.services[0].state, |s| (s.status, s.running) = (status, 0));
        let found = only(&picture);
        assert_eq!((found.severity, found.title.as_str()), (Severity::Critical, title));
    }
}

#[test]
fn a_service_that_aws_does_not_know_is_one_finding_not_one_for_each_question() {
    let mut picture = fixture::picture();
    let missing = || Err(fixture::trouble(TroubleKind::NotFound, "ecs:DescribeServices", "service not found"));
    let service = &mut picture.services[0];
    *service = crate::platform::ServicePicture::default();
    service.state.take(missing(), fixture::now(), jiff::SignedDuration::ZERO);
    service.tasks.take(
        Err(fixture::trouble(TroubleKind::NotFound, "ecs:ListTasks", "no")),
        ago(0),
        jiff::SignedDuration::ZERO,
    );
    picture.series[fixture::CPU] = fixture::last(&[]);
    let found = only(&picture);
    assert_eq!((found.severity, found.title.as_str()), (Severity::Critical, "service analytics-api not found"));
    // AWS's words, said once.
    assert_eq!(found.evidence, "service not found · deleted, or another account or region");
}

#[test]
fn a_service_that_the_account_never_had_did_not_go_after_anything() {
    let mut picture = fixture::picture();
    fire(&mut picture, "API-HighErrorRate", 4, "");
    let missing = fixture::trouble(TroubleKind::NotFound, "ecs:DescribeServices", "service not found");
    picture.services[0].state.take(Err(missing), fixture::now(), jiff::SignedDuration::ZERO);
    let all = look(&picture);
    let found = all.iter().find(|f| f.title == "service analytics-api not found").unwrap();
    assert_eq!((found.since, found.after.as_deref()), (None, None));
}

#[test]
fn since_when_no_task_runs_is_told_by_ecs_before_the_stopped_tasks_are_seen() {
    let mut picture = fixture::picture();
    edit(&mut picture.services[0].state, |s| {
        s.running = 0;
        s.events = vec![event(3, "(service analytics-api) has stopped 3 running tasks: (task 1) (task 2) (task 3).")];
    });
    edit(&mut picture.services[0].tasks, Vec::clear);
    assert_eq!(only(&picture).since, Some(ago(3)));
}

#[test]
fn a_database_that_went_silent_with_its_metrics_has_an_age_without_an_alarm() {
    let mut picture = fixture::picture();
    edit(&mut picture.databases[0], |d| d.status = "failed".into());
    assert_eq!(only(&picture).since, None, "a metric that goes on says nothing");
    for series in [fixture::CONNECTIONS, fixture::STORAGE] {
        edit(&mut picture.series[series], |s| *s = s.points().filter(|p| p.at <= ago(9)).collect());
    }
    assert_eq!(only(&picture).since, Some(ago(8)));
}

#[test]
fn auto_scaling_that_can_do_no_more_is_said_beside_the_cpu_it_can_not_help() {
    let mut picture = fixture::picture();
    edit(&mut picture.services[0].state, |s| (s.desired, s.running) = (6, 6));
    assert_eq!(look(&picture), []);
    picture.series[fixture::CPU] = fixture::last(&[91.0; 10]);
    let found = only(&picture);
    assert_eq!(found.title, "auto scaling of analytics-api is at its maximum");
    assert_eq!(found.evidence, "CPU 91 % > 65 % · auto scaling at its maximum of 6");
    assert_eq!(found.runbook.as_deref(), Some("scale"));
    fire(&mut picture, "ECS-HighCPU", 5, "");
    let found = only(&picture);
    assert_eq!(found.title, "ECS-HighCPU");
    assert_eq!(found.evidence, "CPU 91 % > 80 % · auto scaling at its maximum of 6");
}

#[test]
fn what_auto_scaling_still_does_is_not_denied_where_only_one_way_is_suspended() {
    let mut picture = fixture::picture();
    let mut told = |scale_in, scale_out, scheduled| {
        let suspended = crate::platform::Suspended { scale_in, scale_out, scheduled };
        edit(&mut picture.services[0].scaling, |s| s.as_mut().unwrap().suspended = suspended);
        let found = only(&picture);
        (found.title, found.evidence)
    };
    let said = |title: &str, evidence: &str| (format!("{title} of analytics-api is suspended"), evidence.to_owned());
    assert_eq!(told(true, true, false), said("auto scaling", "stays at 3 tasks whatever the load"));
    assert_eq!(told(true, false, false), said("scaling in", "3 tasks: adds more under load, takes none away"));
    let out = "3 tasks: adds none whatever the load, takes away what it does not need";
    assert_eq!(told(false, true, false), said("scaling out", out));
    let schedule = "its schedule does not move its bounds; load still scales it";
    assert_eq!(told(false, false, true), said("scheduled scaling", schedule));
}

#[test]
fn a_count_that_auto_scaling_will_take_back_is_said() {
    let mut picture = fixture::picture();
    edit(&mut picture.services[0].state, |s| (s.desired, s.running) = (8, 8));
    let found = only(&picture);
    assert_eq!(found.severity, Severity::Notice);
    assert_eq!(found.evidence, "desired 8, bounds 1–6: auto scaling may change it back");
}

#[test]
fn a_task_with_every_field_missing_is_looked_at_all_the_same() {
    let mut picture = fixture::picture();
    edit(&mut picture.services[0].tasks, |t| {
        for task in t.iter_mut() {
            task.containers.clear();
            (task.zone, task.created_at, task.started_by) = (None, None, None);
            task.stop_code = Some("TaskFailedToStart".into());
            task.last_status = "STOPPED".into();
            task.revision = revision(0);
        }
    });
    edit(&mut picture.services[0].state, |s| (s.running, s.deployments) = (0, Vec::new()));
    let found = only(&picture);
    assert_eq!((found.since, found.after), (None, None));
}

#[test]
fn tasks_that_ecs_does_not_hear_from_are_told_though_they_count_as_running_and_healthy() {
    let mut picture = fixture::picture();
    edit(&mut picture.services[0].tasks, |t| t[1].disconnected = true);
    let found = only(&picture);
    assert_eq!((found.severity, found.title.as_str()), (Severity::Warning, "tasks of analytics-api are cut off"));
    assert_eq!(found.evidence, "1 of 3 running tasks DISCONNECTED: ECS does not hear from them");
    assert!(found.advice.unwrap().starts_with("ECS replaces those"), "they did not stop: no exit code tells why");
    edit(&mut picture.services[0].tasks, |t| t.iter_mut().for_each(|t| t.disconnected = true));
    let found = only(&picture);
    assert_eq!((found.severity, found.title.as_str()), (Severity::Critical, "all tasks of analytics-api are cut off"));
}

#[test]
fn a_database_and_tasks_that_one_zone_took_name_the_zone_as_their_one_cause() {
    let mut picture = fixture::picture();
    edit(&mut picture.services[0].tasks, |t| (t[0].disconnected, t[2].disconnected) = (true, true));
    edit(&mut picture.databases[0], |d| d.status = "failed".into());
    let all = look(&picture);
    assert_eq!(all.len(), 2);
    for found in &all {
        assert!(found.evidence.ends_with(" · all in us-east-1a: RDS analytics and 2 tasks"), "{found:?}");
    }
    // A database elsewhere is another cause.
    edit(&mut picture.databases[0], |d| d.zone = Some("us-east-1c".into()));
    assert!(look(&picture).iter().all(|f| !f.evidence.contains("RDS analytics and")));
}

#[test]
fn tasks_that_are_replaced_before_they_are_ever_healthy_are_an_outage() {
    let mut picture = fixture::picture();
    edit(&mut picture.services[0].tasks, |t| t.iter_mut().for_each(|t| t.health = Health::Unknown));
    assert_eq!(look(&picture), [], "where there is no health check nothing is wrong");
    edit(&mut picture.services[0].tasks, |t| {
        let mut gone = failed_task(9, 41, 3, 0, None);
        gone.stopped_reason = Some("Task failed container health checks".into());
        t.push(gone);
    });
    let found = only(&picture);
    assert_eq!((found.severity, found.title.as_str()), (Severity::Critical, "no task of analytics-api is healthy"));
    assert_eq!(found.evidence, "3 running, none has passed its health check");
}

#[test]
fn sixty_services_that_are_not_there_do_not_bury_what_else_is_wrong() {
    let (mut platform, mut picture) = (fixture::platform(), fixture::picture());
    picture.series[fixture::CONNECTIONS] = fixture::last(&[82.0; 9]);
    let mut lose = |n: usize| {
        platform
            .services
            .push(crate::platform::ServiceSpec { name: format!("service-{n}"), ..platform.services[0].clone() });
        let mut service = crate::platform::ServicePicture::default();
        let missing = fixture::trouble(TroubleKind::NotFound, "ecs:DescribeServices", "service not found");
        service.state.take(Err(missing), fixture::now(), jiff::SignedDuration::ZERO);
        picture.services.push(service);
        findings(&platform, &picture, fixture::now())
    };
    for n in 1..=3 {
        assert_eq!(lose(n).len(), n + 1, "a few are told each");
    }
    let all = (4..=60).map(&mut lose).last().unwrap();
    assert_eq!(all.len(), 2, "{all:#?}");
    let (database, lost) = (&all[0], &all[1]);
    assert_eq!(database.title, "RDS connections past their target", "what is there is told first");
    assert_eq!((lost.severity, lost.title.as_str()), (Severity::Critical, "60 of 61 services not found"));
    let said = "service-1, service-2, service-3 and 57 more · deleted, or another account or region";
    assert_eq!((lost.evidence.as_str(), lost.advice.as_deref()), (said, None));
}

#[test]
fn a_service_that_was_made_just_now_pages_nobody_before_a_task_failed() {
    let mut picture = fixture::picture();
    edit(&mut picture.services[0].tasks, Vec::clear);
    edit(&mut picture.services[0].state, |s| {
        (s.running, s.pending) = (0, 2);
        let began = fixture::now() - jiff::SignedDuration::from_secs(8);
        (s.deployments[0].rollout, s.deployments[0].created_at) = (crate::platform::Rollout::InProgress, Some(began));
    });
    let found = only(&picture);
    assert_eq!((found.severity, found.title.as_str()), (Severity::Notice, "analytics-api is starting"));
    assert_eq!((found.evidence.as_str(), found.advice.as_deref()), ("0 of 3 tasks running, 2 starting", None));
    let mut failed = picture.clone();
    edit(&mut failed.services[0].tasks, |t| t.push(failed_task(1, 41, 0, 1, None)));
    assert_eq!(look(&failed)[0].severity, Severity::Critical);
    edit(&mut picture.services[0].state, |s| s.deployments[0].created_at = Some(ago(6)));
    assert_eq!(look(&picture)[0].severity, Severity::Critical, "it should have arrived");
}
