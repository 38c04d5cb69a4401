//! Each test changes one thing of a good day and names what a user would lose.

mod alarm;
mod data;
mod deploy;
mod large;
mod task;
mod treat;

use super::*;
use crate::platform::fixture;

/// What a picture of the fixture's platform shows to be wrong.
fn look(picture: &Picture) -> Vec<Finding> {
    findings(&fixture::platform(), picture, fixture::now())
}

/// The only finding.
fn only(picture: &Picture) -> Finding {
    let mut all = look(picture);
    assert_eq!(all.len(), 1, "{all:#?}");
    all.remove(0)
}

fn titles(picture: &Picture) -> Vec<String> {
    look(picture).into_iter().map(|f| f.title).collect()
}

#[test]
fn a_good_day_is_quiet() {
    assert_eq!(look(&fixture::picture()), []);
    assert_eq!(verdict(&[], &fixture::picture()), Verdict::Well);
}

#[test]
fn what_has_not_been_heard_of_yet_is_not_wrong() {
    let platform = fixture::platform();
    let picture = Picture::of(&platform);
    assert_eq!(findings(&platform, &picture, fixture::now()), []);
    assert_eq!(verdict(&[], &picture), Verdict::Unknown);
    assert_eq!(findings(&Platform::default(), &Picture::default(), fixture::now()), []);
    assert_eq!(findings(&Platform::default(), &fixture::picture(), fixture::now()), []);
}

#[test]
fn the_worst_comes_first_and_of_equals_what_began_first() {
    let mut picture = fixture::picture();
    fixture::fire(&mut picture, "ECS-HighCPU", 1, "");
    fixture::fire(&mut picture, "API-HighErrorRate", 9, "");
    let both = crate::platform::Suspended { scale_in: true, scale_out: true, scheduled: false };
    fixture::edit(&mut picture.services[0].scaling, |s| s.as_mut().unwrap().suspended = both);
    picture.series[fixture::QUEUE] = fixture::last(&[60.0; 9]);
    let all: Vec<_> = look(&picture).into_iter().map(|f| (f.severity, f.title)).collect();
    assert_eq!(
        all,
        [
            (Severity::Critical, "API-HighErrorRate".to_owned()),
            (Severity::Warning, "queue past its target".to_owned()),
            (Severity::Warning, "ECS-HighCPU".to_owned()),
            (Severity::Notice, "auto scaling of analytics-api is suspended".to_owned()),
        ]
    );
}

#[test]
fn a_service_out_of_cpu_stands_above_the_slowness_that_it_brings_about() {
    let mut platform = fixture::platform();
    let errors = &mut platform.gauges[fixture::ERRORS];
    (errors.query.metric, errors.title) = ("Latency".into(), "p95".into());
    let mut picture = fixture::picture();
    picture.series[fixture::CPU] = fixture::last(&[90.0; 5]);
    picture.series[fixture::ERRORS] = fixture::last(&[8.0; 6]);
    picture.series[fixture::QUEUE] = fixture::last(&[60.0; 5]);
    let told = |picture: &Picture| -> Vec<String> {
        findings(&platform, picture, fixture::now()).into_iter().map(|f| f.title).collect()
    };
    assert_eq!(told(&picture), ["ECS CPU past its target", "p95 past its target", "queue past its target"]);
    // Slow for long before it: the CPU did not bring that about.
    picture.series[fixture::ERRORS] = fixture::last(&[8.0; 20]);
    assert_eq!(told(&picture)[0], "p95 past its target");
}

#[test]
fn an_old_trouble_does_not_stand_above_the_incident() {
    let mut picture = fixture::picture();
    fixture::fire(&mut picture, "ECS-HighCPU", 200, "");
    picture.series[fixture::QUEUE] = fixture::last(&[60.0; 9]);
    let titles: Vec<_> = look(&picture).into_iter().map(|f| f.title).collect();
    assert_eq!(titles, ["queue past its target", "ECS-HighCPU"]);
}

#[test]
fn going_back_is_not_offered_where_nothing_was_deployed_of_late() {
    let mut picture = fixture::picture();
    fixture::fire(&mut picture, "API-HighErrorRate", 4, "");
    assert_eq!(look(&picture).into_iter().map(|f| f.runbook).collect::<Vec<_>>(), [None]);
}

#[test]
fn nothing_was_deployed_is_never_said_where_ecs_did_not_answer() {
    let mut picture = fixture::picture();
    fixture::fire(&mut picture, "API-HighErrorRate", 4, "");
    let advice = |picture: &Picture| {
        look(picture).into_iter().find(|f| f.title == "API-HighErrorRate").and_then(|f| f.advice).unwrap_or_default()
    };
    assert!(advice(&picture).starts_with("no deployment in 2 h"), "{}", advice(&picture));
    picture.services[0].state = crate::platform::Part::default();
    assert!(!advice(&picture).contains("no deployment"), "{}", advice(&picture));
}

#[test]
fn nothing_was_deployed_is_never_said_where_codedeploy_deploys() {
    let mut platform = fixture::platform();
    let mut picture = fixture::picture();
    fixture::fire(&mut picture, "API-HighErrorRate", 4, "");
    fixture::edit(&mut picture.services[0].state, |s| {
        (s.controller, s.deployments) = (crate::platform::Controller::CodeDeploy, Vec::new());
    });
    let says = "CodeDeploy deploys analytics-api: see there what was deployed, and go back there";
    let told = |platform: &Platform| {
        let found = findings(platform, &picture, fixture::now()).remove(0);
        (found.runbook, found.advice)
    };
    assert_eq!(told(&platform), (None, Some(says.to_owned())));
    // A rollback of ours would be refused.
    platform.alarms[1].runbook = Some("rollback".into());
    assert_eq!(told(&platform), (None, Some(says.to_owned())));
    fixture::edit(&mut picture.services[0].state, |s| {
        s.task_sets = vec![crate::platform::TaskSet {
            id: "ecs-svc/42".into(),
            status: crate::platform::TaskSetStatus::Primary,
            stability: crate::platform::Stability::Steady,
            revision: fixture::revision(42),
            created_at: Some(fixture::ago(6)),
        }];
    });
    let found = findings(&platform, &picture, fixture::now()).remove(0);
    assert_eq!(found.after.as_deref(), Some("2 min after deploy :42"), "{found:#?}");
    assert_eq!((found.runbook, found.advice), (None, Some(says.to_owned())));
}

#[test]
fn of_two_services_with_one_name_every_finding_says_which_is_meant() {
    let (mut platform, mut picture) = (fixture::platform(), fixture::picture());
    platform.services.push(crate::platform::ServiceSpec { cluster: "staging".into(), ..platform.services[0].clone() });
    platform.services.push(crate::platform::ServiceSpec { name: "web".into(), ..platform.services[0].clone() });
    fixture::edit(&mut picture.services[0].state, |s| s.running = 0);
    picture.services = vec![picture.services[0].clone(); 3];
    let titles = |picture: &Picture| -> Vec<String> {
        findings(&platform, picture, fixture::now()).into_iter().map(|f| f.title).collect()
    };
    let runs = ["analytics-production/analytics-api", "staging/analytics-api", "web"];
    assert_eq!(titles(&picture), runs.map(|name| format!("no task of {name} runs")));
    for service in &mut picture.services {
        fixture::edit(&mut service.state, |s| (s.status, s.running) = (crate::platform::ServiceStatus::Inactive, 0));
    }
    assert_eq!(titles(&picture), runs.map(|name| format!("service {name} was deleted")));
    let told = crate::platform::timeline::timeline(&platform, &picture);
    assert!(told.iter().any(|entry| entry.text.starts_with("staging/analytics-api: ")), "{told:?}");
}
