use jiff::SignedDuration;

use super::*;
use crate::platform::fixture::{ago, edit, event, fire, last, trouble};
use crate::platform::{ExpectedAlarm, Part, TroubleKind};

#[test]
fn a_database_that_does_not_serve_is_one_finding_with_its_alarm() {
    let mut platform = fixture::platform();
    platform.alarms.push(ExpectedAlarm {
        name: "RDS-Down".into(),
        severity: Severity::Critical,
        runbook: None,
        when: None,
    });
    let mut picture = fixture::picture();
    edit(&mut picture.databases[0], |d| d.status = "rebooting".into());
    edit(&mut picture.alarms, |a| {
        let mut down = fixture::alarm("RDS-Down", "x", crate::platform::Comparison::Less, 1.0);
        down.condition = None;
        a.push(down);
    });
    fire(&mut picture, "RDS-Down", 1, "");
    fire(&mut picture, "API-HighErrorRate", 1, "");
    let all = findings(&platform, &picture, fixture::now());
    let told: Vec<_> = all.iter().map(|f| (f.title.as_str(), f.subject)).collect();
    assert_eq!(told, [("RDS-Down", Subject::Database(0)), ("API-HighErrorRate", Subject::Service(0))]);
    assert_eq!(all[1].after.as_deref(), Some("while RDS analytics is rebooting"));
    assert_eq!(all[0].evidence, "status rebooting: connections are not served");
}

#[test]
fn a_database_that_lets_nobody_in_is_not_said_to_be_available_again() {
    let mut picture = fixture::picture();
    edit(&mut picture.alarms, |a| {
        let mut down = fixture::alarm("RDS-Down", "x", crate::platform::Comparison::Less, 1.0);
        let condition = down.condition.as_mut().unwrap();
        condition.query = fixture::platform().gauges[fixture::CONNECTIONS].query.clone();
        (condition.evaluation_periods, condition.datapoints_to_alarm) = (1, 1);
        a.push(down);
    });
    let advice = |picture: &Picture| {
        let all = look(picture);
        let found = all.into_iter().find(|f| f.title == "RDS-Down").unwrap();
        (found.advice.unwrap_or_default(), found.command.unwrap_or_default())
    };
    picture.series[fixture::CONNECTIONS] = last(&[0.0; 20]);
    fire(&mut picture, "RDS-Down", 18, "");
    let (words, command) = advice(&picture);
    assert_eq!(words, "RDS says available, its alarm says not: try to connect; security group, events, reboot");
    assert_eq!(command, "aws rds describe-events --source-type db-instance --source-identifier analytics");
    // Its own metric has come back, or the alarm can't have cleared yet.
    picture.series[fixture::CONNECTIONS] = last(&[0.0, 0.0, 12.0]);
    assert_eq!(advice(&picture).0, "it is available again: its alarm follows within minutes");
    picture.series[fixture::CONNECTIONS] = Part::default();
    assert!(advice(&picture).0.starts_with("RDS says available"));
    fire(&mut picture, "RDS-Down", 2, "");
    assert_eq!(advice(&picture).0, "it is available again: its alarm follows within minutes");
}

#[test]
fn a_database_at_work_on_itself_is_a_notice_and_its_nightly_backup_none() {
    let mut picture = fixture::picture();
    edit(&mut picture.databases[0], |d| d.status = "backing-up".into());
    assert_eq!(look(&picture), []);
    edit(&mut picture.databases[0], |d| d.status = "modifying".into());
    assert_eq!(only(&picture).severity, Severity::Notice);
}

#[test]
fn a_major_upgrade_is_not_told_as_a_database_that_serves() {
    let mut picture = fixture::picture();
    edit(&mut picture.databases[0], |d| d.status = "upgrading".into());
    let found = only(&picture);
    assert_eq!((found.severity, found.title.as_str()), (Severity::Warning, "RDS analytics is upgrading"));
    assert_eq!(found.evidence, "status upgrading: connections may be refused");
    // What an alarm has measured is not talked away by a status.
    edit(&mut picture.alarms, |a| {
        let mut down = fixture::alarm("RDS-Down", "x", crate::platform::Comparison::Less, 1.0);
        down.condition.as_mut().unwrap().query.dimensions = vec![("DBInstanceIdentifier".into(), "analytics".into())];
        a.push(down);
    });
    fire(
        &mut picture,
        "RDS-Down",
        6,
        "Threshold Crossed: 1 datapoint [0.0 (24/11/26 03:05:00)] was less than the threshold (1.0).",
    );
    for (status, meaning) in
        [("upgrading", "connections may be refused"), ("modifying", "it serves; a change is under way")]
    {
        edit(&mut picture.databases[0], |d| d.status = status.into());
        let found = only(&picture);
        assert_eq!(found.title, "RDS-Down");
        assert!(found.evidence.starts_with("x Average 0 < 1"), "{}", found.evidence);
        assert!(found.evidence.ends_with(&format!("status {status}: {meaning}")), "{}", found.evidence);
    }
    edit(&mut picture.databases[0], |d| d.status = "upgrading".into());
    fire(&mut picture, "API-HighErrorRate", 3, "");
    let errors = look(&picture).into_iter().find(|f| f.title == "API-HighErrorRate").unwrap();
    assert_eq!(errors.after.as_deref(), Some("while RDS analytics is upgrading"));
}

#[test]
fn a_database_that_could_not_be_restored_is_told_before_it_must_be() {
    let mut picture = fixture::picture();
    edit(&mut picture.databases[0], |d| d.latest_restorable = Some(ago(31)));
    assert_eq!(titles(&picture), ["RDS analytics can't be restored to the present"]);
    edit(&mut picture.databases[0], |d| (d.latest_restorable, d.backup_days) = (None, Some(0)));
    assert_eq!(titles(&picture), ["RDS analytics has no automated backups"]);
    edit(&mut picture.databases[0], |d| (d.latest_restorable, d.backup_days) = (Some(ago(-60)), None));
    assert_eq!(look(&picture), []);
}

#[test]
fn an_old_answer_does_not_make_the_restorable_time_look_old() {
    let mut picture = fixture::picture();
    let database = fixture::database();
    picture.databases[0] =
        Part::known(crate::platform::Database { latest_restorable: Some(ago(65)), ..database }, ago(60));
    assert_eq!(look(&picture), []);
}

#[test]
fn connections_near_their_limit_warn_and_at_the_limit_are_critical() {
    let mut picture = fixture::picture();
    edit(&mut picture.services[0].state, |s| {
        s.events = vec![event(8, "(service analytics-api) has started 3 tasks: (task 1) (task 2) (task 3).")];
    });
    picture.series[fixture::CONNECTIONS] = last(&[40.0, 40.0, 73.0, 74.0, 75.0]);
    let found = only(&picture);
    assert_eq!((found.severity, found.evidence.as_str()), (Severity::Warning, "connections 75, target < 80"));
    assert_eq!((found.since, found.runbook), (Some(ago(3)), None));
    assert_eq!(found.after.as_deref(), Some("5 min after analytics-api started 3 tasks"));
    picture.series[fixture::CONNECTIONS] = last(&[40.0, 81.0, 82.0, 83.0]);
    let found = only(&picture);
    assert_eq!((found.severity, found.evidence.as_str()), (Severity::Critical, "connections 83 > 80"));
}

#[test]
fn storage_that_runs_out_says_when() {
    let mut picture = fixture::picture();
    let falling: Vec<f64> = (0..60).map(|minute| 2.5e9 - f64::from(minute) * 1e7).collect();
    picture.series[fixture::STORAGE] = last(&falling);
    let found = only(&picture);
    assert_eq!((found.severity, found.title.as_str()), (Severity::Warning, "RDS free storage is low"));
    assert_eq!(found.evidence, "free storage 1.9 GB < 2 GB · full in about 3 h");
    picture.series[fixture::STORAGE] = last(&[0.4e9; 30]);
    let found = only(&picture);
    assert_eq!((found.severity, found.evidence.as_str()), (Severity::Critical, "free storage 400 MB < 2 GB"));
}

#[test]
fn storage_just_below_its_limit_does_not_read_2_gb_of_2_gb() {
    let mut picture = fixture::picture();
    picture.series[fixture::STORAGE] = last(&[1.96e9; 30]);
    assert_eq!(only(&picture).evidence, "free storage 1.96 GB < 2 GB");
    picture.series[fixture::STORAGE] = last(&[2.04e9; 30]);
    assert_eq!(only(&picture).evidence, "free storage 2.04 GB, target > 2 GB");
}

#[test]
fn storage_that_falls_is_told_before_it_is_low() {
    let mut picture = fixture::picture();
    let falling = |rate: f64| -> Vec<f64> { (0..170).map(|minute| 9e9 - f64::from(minute) * rate).collect() };
    picture.series[fixture::STORAGE] = last(&falling(2e7));
    let found = only(&picture);
    assert_eq!((found.severity, found.title.as_str()), (Severity::Warning, "RDS free storage runs out"));
    assert_eq!(found.evidence, "free storage 5.6 GB · full in about 5 h");
    assert_eq!(found.since, None, "it fell as far back as is known: the window's edge is no onset");
    picture.series[fixture::STORAGE] = last(&falling(4e6));
    assert_eq!(only(&picture).severity, Severity::Notice);
    picture.series[fixture::STORAGE] = last(&falling(1e6));
    assert_eq!(look(&picture), []);
}

#[test]
fn seventy_percent_errors_are_critical_before_any_alarm_fires() {
    let mut picture = fixture::picture();
    picture.series[fixture::ERRORS] = last(&[0.2, 0.2, 70.0]);
    let found = only(&picture);
    assert_eq!((found.severity, found.evidence.as_str()), (Severity::Critical, "5xx 70 % > 1 %"));
    // Beyond the critical alarm's threshold of 5 %: a spike is not yet, three minutes are.
    picture.series[fixture::ERRORS] = last(&[0.2, 6.0]);
    assert_eq!(only(&picture).severity, Severity::Notice);
    picture.series[fixture::ERRORS] = last(&[6.0, 6.0, 6.0]);
    assert_eq!(only(&picture).severity, Severity::Critical);
    picture.series[fixture::ERRORS] = last(&[4.0; 9]);
    assert_eq!(only(&picture).severity, Severity::Warning);
    // Where no alarm says how far is too far, ten times the target is.
    edit(&mut picture.alarms, |a| a[1].condition = None);
    picture.series[fixture::ERRORS] = last(&[9.0; 9]);
    assert_eq!(only(&picture).severity, Severity::Warning);
    picture.series[fixture::ERRORS] = last(&[70.0]);
    assert_eq!(only(&picture).severity, Severity::Critical);
    // A long queue threatens, but nobody feels it yet.
    let mut picture = fixture::picture();
    picture.series[fixture::QUEUE] = last(&[900.0; 9]);
    assert_eq!(only(&picture).severity, Severity::Warning);
}

#[test]
fn a_spike_is_a_notice_and_three_minutes_are_a_warning() {
    let mut picture = fixture::picture();
    picture.series[fixture::MEMORY] = last(&[40.0, 90.0, 90.0]);
    assert_eq!(only(&picture).severity, Severity::Notice);
    picture.series[fixture::MEMORY] = last(&[40.0, 90.0, 90.0, 90.0]);
    let found = only(&picture);
    assert_eq!(
        (found.severity, found.since, found.runbook.as_deref()),
        (Severity::Warning, Some(ago(3)), Some("scale"))
    );
    picture.series[fixture::MEMORY] = last(&[90.0, 90.0, 90.0, 40.0]);
    assert_eq!(look(&picture), []);
}

#[test]
fn three_spikes_in_three_hours_are_not_told_as_three_hours_past_the_target() {
    let mut picture = fixture::picture();
    let spikes = [170, 90, 1].map(|minutes| crate::platform::Point { at: ago(minutes), value: 4.0 });
    picture.series[fixture::ERRORS] = Part::known(spikes.into_iter().collect(), fixture::now());
    let found = only(&picture);
    assert_eq!((found.severity, found.since), (Severity::Notice, Some(ago(1))));
}

/// So many minutes of one number, the last of them so long ago; asked for a moment ago.
fn until(minutes_ago: i64, count: i64, value: f64) -> Part<crate::platform::Series> {
    let points = (0..count).map(|n| crate::platform::Point { at: ago(minutes_ago + count - 1 - n), value });
    Part::known(points.collect(), fixture::now())
}

#[test]
fn a_finding_does_not_go_away_because_nobody_asks_any_more() {
    let mut picture = fixture::picture();
    picture.series[fixture::ERRORS] = last(&[70.0; 30]);
    let before = only(&picture);
    let later = findings(&fixture::platform(), &picture, fixture::now() + SignedDuration::from_hours(1));
    assert_eq!((before.severity, later), (Severity::Critical, vec![before]));
}

#[test]
fn an_application_that_hangs_and_publishes_nothing_is_not_well() {
    let mut picture = fixture::picture();
    picture.series[fixture::CPU] = until(20, 60, 30.0);
    picture.series[fixture::QUEUE] = until(20, 60, 3.0);
    let found = only(&picture);
    assert_eq!(found.severity, Severity::Warning);
    assert_eq!(found.title, "no more data for CPU, queue of analytics-api");
    assert_eq!((found.evidence.as_str(), found.since), ("no data for 20 min · last: queue 3", Some(ago(19))));
    assert!(found.advice.is_some());
    // What the application itself publishes alone is a notice, unless it was past its target.
    picture.series[fixture::CPU] = fixture::steady(30.0);
    assert_eq!(only(&picture).severity, Severity::Notice);
    picture.series[fixture::QUEUE] = until(20, 60, 900.0);
    assert_eq!(only(&picture).severity, Severity::Warning);
    // Of a database all that there is comes from RDS.
    let mut picture = fixture::picture();
    picture.series[fixture::CONNECTIONS] = until(20, 60, 38.0);
    let found = only(&picture);
    assert_eq!((found.severity, found.subject), (Severity::Warning, Subject::Database(0)));
}

#[test]
fn silence_is_no_finding_where_it_is_usual() {
    // A metric that is published now and then.
    let mut picture = fixture::picture();
    picture.series[fixture::ERRORS] = until(20, 9, 0.5);
    assert_eq!(look(&picture), []);
    // One that counts: none is published where there is none.
    let mut platform = fixture::platform();
    platform.gauges[fixture::ERRORS].query.statistic = crate::platform::Statistic::Sum;
    picture.series[fixture::ERRORS] = until(20, 90, 0.5);
    assert_eq!(findings(&platform, &picture, fixture::now()), []);
    // Tasks that have just started.
    let mut picture = fixture::picture();
    picture.series[fixture::CPU] = until(20, 90, 30.0);
    edit(&mut picture.services[0].tasks, |t| t.iter_mut().for_each(|t| t.started_at = Some(ago(3))));
    assert_eq!(look(&picture), []);
    // None runs, and that is a finding of its own.
    edit(&mut picture.services[0].state, |s| s.running = 0);
    assert_eq!(only(&picture).title, "no task of analytics-api runs");
}

#[test]
fn gauges_that_nothing_is_published_for_are_one_notice() {
    let mut picture = fixture::picture();
    picture.series[fixture::ERRORS] = last(&[]);
    picture.series[fixture::QUEUE] = last(&[]);
    let found = only(&picture);
    assert_eq!((found.severity, found.title.as_str()), (Severity::Notice, "no data for 5xx, queue of analytics-api"));
    assert!(found.evidence.starts_with("Analytics/API ErrorRate, Analytics/API QueueDepth:"), "{}", found.evidence);
}

#[test]
fn expired_credentials_are_one_finding_with_the_command_that_renews_them() {
    let mut picture = Picture::of(&fixture::platform());
    let mut expired = trouble(TroubleKind::ExpiredCredentials, "ecs:DescribeServices", "the session token is expired");
    expired.remedy = Some("run \"aws sso login\"".into());
    let (now, next) = (fixture::now(), SignedDuration::ZERO);
    picture.identity.take(Err(expired.clone()), now, next);
    picture.services[0].state.take(Err(expired.clone()), now, next);
    picture.services[0].tasks.take(Err(expired.clone()), now, next);
    picture.alarms.take(Err(expired.clone()), now, next);
    picture.databases[0].take(Err(expired), now, next);
    let found = only(&picture);
    assert_eq!((found.severity, found.id.as_str()), (Severity::Warning, "credentials"));
    assert_eq!(found.title, "AWS credentials expired");
    assert_eq!(found.evidence, "the session token is expired · run \"aws sso login\"");
    assert_eq!(verdict(&[found], &picture), Verdict::Unknown);
}

#[test]
fn parts_that_fail_for_one_reason_are_one_finding_and_old_values_still_count() {
    let mut picture = fixture::picture();
    let next = SignedDuration::from_secs(10);
    let down = || trouble(TroubleKind::Unreachable, "cloudwatch:GetMetricData", "no connection");
    for series in &mut picture.series {
        series.take(Err(down()), ago(0), next);
    }
    picture.alarms.take(Err(down()), ago(0), next);
    let found = only(&picture);
    assert_eq!(found.title, "cannot tell alarms and 6 gauges");
    // The last answers are fresh: nothing is lost yet.
    assert_eq!(found.severity, Severity::Notice);
    let later = fixture::now() + SignedDuration::from_mins(1);
    let all = findings(&fixture::platform(), &picture, later);
    assert_eq!((all.len(), all[0].severity), (1, Severity::Warning));
    assert_eq!(verdict(&all, &picture), Verdict::Warning);
}

#[test]
fn while_everything_is_throttled_that_is_said_and_not_a_list_of_parts() {
    let platform = fixture::platform();
    let (now, next) = (fixture::now(), SignedDuration::ZERO);
    let mut picture = Picture::of(&platform);
    let throttled = || trouble(TroubleKind::Throttled, "ecs:DescribeServices", "throttles DescribeServices");
    picture.services[0].state.take(Err(throttled()), now, next);
    picture.databases[0].take(Err(throttled()), now, next);
    picture.series.iter_mut().for_each(|series| _ = series.take(Err(throttled()), now, next));
    picture.alarms.take(Err(throttled()), now, next);
    let found = only(&picture);
    assert_eq!((found.title.as_str(), found.subject), ("AWS throttles every question", Subject::Platform));
    assert!(found.advice.as_ref().unwrap().contains("asked again by itself"), "{found:#?}");
    assert_eq!(picture.silenced().map(|trouble| trouble.kind), Some(TroubleKind::Throttled));
    picture.databases = fixture::picture().databases;
    assert!(only(&picture).title.starts_with("cannot tell service analytics-api"), "one part is known");
}

#[test]
fn each_denied_permission_is_named() {
    let mut picture = fixture::picture();
    let (now, next) = (fixture::now(), SignedDuration::ZERO);
    for (part, operation) in [(0, "rds:DescribeDBInstances"), (1, "application-autoscaling:DescribeScalableTargets")] {
        let denied = trouble(TroubleKind::Denied, operation, "not allowed");
        if part == 0 {
            picture.databases[0] = Part::default();
            picture.databases[0].take(Err(denied), now, next);
        } else {
            picture.services[0].scaling.take(Err(denied), now, next);
        }
    }
    let all = look(&picture);
    assert_eq!(all.len(), 2);
    assert!(
        all.iter()
            .any(|f| f.title == "cannot tell database analytics"
                && f.evidence == "not allowed (rds:DescribeDBInstances)")
    );
    assert_eq!(verdict(&all, &picture), Verdict::Unknown);
}

#[test]
fn nobody_scales_the_wrong_account() {
    let mut picture = fixture::picture();
    edit(&mut picture.identity, |i| i.account = "999999999999".into());
    let found = only(&picture);
    assert_eq!(found.title, "this is account 999999999999, not 123456789012");
    assert_eq!(verdict(&[found], &picture), Verdict::Critical);
}

#[test]
fn a_wrong_clock_is_told_before_aws_refuses_to_answer() {
    let mut picture = fixture::picture();
    picture.clock_skew = Some(SignedDuration::from_secs(-60));
    assert_eq!(look(&picture), []);
    picture.clock_skew = Some(SignedDuration::from_secs(-190));
    assert_eq!(only(&picture).title, "local clock 3m10s behind AWS's");
}

#[test]
fn too_many_connections_are_not_told_under_the_alarm_on_too_few() {
    let mut picture = fixture::picture();
    picture.series[fixture::CONNECTIONS] = last(&[82.0; 5]);
    let query = fixture::platform().gauges[fixture::CONNECTIONS].query.clone();
    let mut down = fixture::alarm("RDS-Down", "CPUUtilization", crate::platform::Comparison::Less, 1.0);
    if let Some(condition) = &mut down.condition {
        condition.query = query;
    }
    edit(&mut picture.alarms, |alarms| alarms.push(down));
    let found = only(&picture);
    assert!(found.id.starts_with("gauge/"), "enter would open the wrong alarm: {}", found.id);
}

#[test]
fn a_wrong_region_is_one_finding_and_says_which_region_is_meant() {
    let mut platform = fixture::platform();
    platform.region = Some("us-east-1".into());
    let mut picture = Picture::of(&platform);
    picture.identity = fixture::picture().identity;
    picture.region = Some("eu-west-1".into());
    let (now, next) = (fixture::now(), SignedDuration::ZERO);
    let missing = |operation: &str| trouble(TroubleKind::NotFound, operation, "not found");
    picture.services[0].state.take(Err(missing("ecs:DescribeServices")), now, next);
    picture.databases[0].take(Err(missing("rds:DescribeDBInstances")), now, next);
    picture.alarms = Part::known(Vec::new(), now);
    let told = |picture: &Picture| findings(&platform, picture, now);
    let all = told(&picture);
    assert_eq!(all.len(), 1, "{all:#?}");
    assert_eq!(all[0].title, "platform is not in eu-west-1");
    let evidence =
        "the platform file is of us-east-1 · not found: 1 service, 1 database and 3 alarms · the account is right";
    assert_eq!(all[0].evidence, evidence);
    let advice = "start without --region eu-west-1";
    assert_eq!((all[0].severity, all[0].advice.as_deref()), (Severity::Critical, Some(advice)));
    assert_eq!(verdict(&all, &picture), Verdict::Unknown, "a wrong flag pages nobody");
    // Where its alarms are it is here, and its names are wrong.
    let mut misspelt = picture.clone();
    misspelt.alarms = fixture::picture().alarms;
    assert!(told(&misspelt).iter().any(|f| f.title == "database analytics not found"));
    // One of them alone was deleted, or is misspelt.
    picture.databases[0] = fixture::picture().databases.remove(0);
    assert!(told(&picture).iter().any(|f| f.title == "service analytics-api not found"));
}
