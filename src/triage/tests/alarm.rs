use super::*;
use crate::platform::fixture::{ago, edit, event, fire};
use crate::platform::{AlarmState, Comparison};

const REASON: &str = "Threshold Crossed: 1 out of the last 1 datapoints [12.4 (24/11/26 03:05:00)] was greater than \
                      the threshold (5.0) (minimum 1 datapoint for OK -> ALARM transition).";

#[test]
fn a_firing_alarm_shows_the_gauges_number_beside_its_threshold() {
    let mut picture = fixture::picture();
    picture.series[fixture::ERRORS] = fixture::last(&[12.4; 8]);
    fire(&mut picture, "API-HighErrorRate", 8, REASON);
    let found = only(&picture);
    assert_eq!(found.id, "alarm/API-HighErrorRate");
    assert_eq!((found.severity, found.evidence.as_str()), (Severity::Critical, "5xx 12 % > 5 %"));
    assert_eq!((found.subject, found.since), (Subject::Service(0), Some(ago(8))));
}

#[test]
fn an_alarm_is_as_old_beside_its_finding_as_in_the_list_of_alarms_and_when_it_began_is_told_as_such() {
    let mut picture = fixture::picture();
    picture.series[fixture::ERRORS] = fixture::last(&[12.4; 13]);
    fixture::deploying(&mut picture, 15);
    fire(&mut picture, "API-HighErrorRate", 8, REASON);
    let found = only(&picture);
    assert_eq!((found.since, found.began), (Some(ago(8)), Some(ago(13))));
    assert_eq!(found.after.as_deref(), Some("2 min after deploy :42"));
    assert_eq!(found.beginning().as_deref(), Some("began 02:59, 2 min after deploy :42"));
}

#[test]
fn an_alarm_that_fires_moves_neither_the_onset_nor_the_id_of_what_its_gauge_showed_before() {
    let mut picture = fixture::picture();
    picture.series[fixture::ERRORS] = fixture::last(&[0.2, 12.4, 12.4, 12.4, 12.4, 12.4, 12.4]);
    let before = only(&picture);
    fire(&mut picture, "API-HighErrorRate", 1, REASON);
    let after = only(&picture);
    assert_eq!((before.since, before.severity), (Some(ago(6)), Severity::Critical));
    assert_eq!((after.began, after.severity, after.id), (before.since, before.severity, before.id));
    assert_eq!(after.since, Some(ago(1)));
}

#[test]
fn an_alarm_that_lags_behind_a_gauge_that_recovered_is_not_told_as_present() {
    let mut picture = fixture::picture();
    fire(&mut picture, "API-HighErrorRate", 8, REASON);
    assert_eq!(only(&picture).evidence, "5xx 0.2 % now, alarm at > 5 %");
}

#[test]
fn without_a_fresh_gauge_cloudwatchs_own_number_is_shown() {
    let mut picture = fixture::picture();
    fire(&mut picture, "API-HighErrorRate", 8, REASON);
    picture.series[fixture::ERRORS] = crate::platform::Part::default();
    assert_eq!(only(&picture).evidence, "5xx 12 % > 5 %");
    edit(&mut picture.alarms, |a| {
        for alarm in a.iter_mut() {
            alarm.condition = None;
        }
    });
    assert_eq!(only(&picture).evidence, "1 out of the last 1 datapoints [12.4] was greater than the threshold (5.0)");
}

#[test]
fn the_average_of_a_gauge_does_not_stand_for_an_alarms_percentile() {
    let mut picture = fixture::picture();
    picture.series[fixture::ERRORS] = fixture::steady(0.5);
    edit(&mut picture.alarms, |a| {
        a[1].condition.as_mut().unwrap().query.statistic = "p99".parse().unwrap();
    });
    fire(&mut picture, "API-HighErrorRate", 8, REASON);
    assert_eq!(only(&picture).evidence, "ErrorRate p99 12 % > 5 %");
}

#[test]
fn a_value_that_rounds_to_its_threshold_does_not_read_80_over_80() {
    let mut picture = fixture::picture();
    picture.series[fixture::CPU] = fixture::last(&[80.3; 8]);
    fire(&mut picture, "ECS-HighCPU", 8, "");
    assert_eq!(only(&picture).evidence, "CPU 80.3 % > 80 %");
}

#[test]
fn an_alarm_that_the_file_does_not_know_is_a_warning() {
    let mut picture = fixture::picture();
    edit(&mut picture.alarms, |a| a.push(fixture::alarm("theirs", "SomeCount", Comparison::Greater, 1.0)));
    fire(&mut picture, "theirs", 3, "Threshold Crossed: no datapoints were received for 3 periods.");
    let found = only(&picture);
    assert_eq!((found.severity, found.runbook), (Severity::Warning, None));
    assert_eq!(found.evidence, "no datapoints were received for 3 periods.");
}

#[test]
fn a_quiet_night_is_not_a_warning_for_ever_because_target_tracking_has_a_low_alarm() {
    let low = "TargetTracking-service/analytics-production/analytics-api-AlarmLow-1b9c";
    let mut picture = fixture::picture();
    edit(&mut picture.alarms, |a| a.push(fixture::alarm(low, "CPUUtilization", Comparison::Less, 58.5)));
    fire(&mut picture, low, 90, "");
    assert_eq!(look(&picture), []);
    picture.series[fixture::CPU] = fixture::last(&[70.0; 10]);
    edit(&mut picture.alarms, |a| {
        a.retain(|a| a.name != "ECS-HighCPU");
        a.insert(0, fixture::alarm(&low.replace("Low", "High"), "CPUUtilization", Comparison::Greater, 65.0));
    });
    let mut platform = fixture::platform();
    platform.alarms.retain(|a| a.name != "ECS-HighCPU");
    let found = findings(&platform, &picture, fixture::now()).remove(0);
    assert!(found.id.starts_with("gauge/"), "{found:#?}");
    // One that the team names is the team's.
    platform.alarms.push(crate::platform::ExpectedAlarm {
        name: low.into(),
        severity: Severity::Notice,
        runbook: None,
        when: None,
    });
    assert!(findings(&platform, &picture, fixture::now()).iter().any(|f| f.title == low));
}

#[test]
fn two_alarms_on_one_metric_keep_their_names_and_the_gauge_is_not_a_third() {
    let mut picture = fixture::picture();
    edit(&mut picture.alarms, |a| a.push(fixture::alarm("CPU-Critical", "CPUUtilization", Comparison::Greater, 90.0)));
    picture.series[fixture::CPU] = fixture::last(&[95.0; 10]);
    fire(&mut picture, "ECS-HighCPU", 6, "");
    fire(&mut picture, "CPU-Critical", 3, "");
    assert_eq!(titles(&picture), ["ECS-HighCPU", "CPU-Critical"]);
}

#[test]
fn alarms_that_would_wake_nobody_are_said_before_the_night() {
    let mut picture = fixture::picture();
    edit(&mut picture.alarms, |a| {
        a.retain(|a| a.name != "ECS-AllTasksDown");
        a[0].actions_enabled = false;
        a[1].state = AlarmState::InsufficientData;
    });
    let all: Vec<_> = look(&picture).into_iter().map(|f| (f.severity, f.title)).collect();
    assert_eq!(
        all,
        [
            (Severity::Warning, "ECS-AllTasksDown does not exist".to_owned()),
            (Severity::Notice, "API-HighErrorRate tells nobody".to_owned()),
            (Severity::Notice, "ECS-HighCPU has no data".to_owned()),
        ]
    );
    edit(&mut picture.alarms, Vec::clear);
    let found = only(&picture);
    assert_eq!(found.title, "3 expected alarms do not exist");
    assert!(found.evidence.ends_with("nobody would be told") && found.evidence.contains("ECS-HighCPU"));
}

#[test]
fn the_alarm_that_came_first_is_named_by_those_that_followed() {
    let mut picture = fixture::picture();
    fire(&mut picture, "ECS-HighCPU", 9, "");
    fire(&mut picture, "API-HighErrorRate", 6, "");
    let all = look(&picture);
    assert_eq!(all[0].after.as_deref(), Some("3 min after ECS-HighCPU"));
    assert_eq!(all[1].after, None);
}

#[test]
fn tasks_taken_away_just_before_are_named() {
    let mut picture = fixture::picture();
    edit(&mut picture.services[0].state, |s| {
        s.events = vec![event(9, "(service analytics-api) has stopped 2 running tasks: (task 1) (task 2).")];
    });
    fire(&mut picture, "ECS-HighCPU", 6, "");
    assert_eq!(only(&picture).after.as_deref(), Some("3 min after analytics-api stopped 2 tasks"));
}

#[test]
fn a_finding_knows_the_gauges_that_show_it_and_only_those() {
    let mut picture = fixture::picture();
    fixture::fire(&mut picture, "ECS-HighCPU", 2, "");
    picture.series[fixture::QUEUE] = fixture::last(&[60.0; 9]);
    let shown: Vec<_> = look(&picture).into_iter().map(|f| (f.title, f.gauges)).collect();
    let told = |title: &str| shown.iter().find(|(t, _)| t == title).map(|(_, gauges)| gauges.clone());
    assert_eq!(told("ECS-HighCPU"), Some(Vec::new()), "its number is well again: the alarm follows");
    assert_eq!(told("queue past its target"), Some(vec![fixture::QUEUE]));
    picture.series[fixture::CPU] = fixture::last(&[90.0; 9]);
    let found = look(&picture).into_iter().find(|f| f.title == "ECS-HighCPU").unwrap();
    assert!(found.gauges.contains(&fixture::CPU));
}
