//! Where a rollback goes back to, and how, on the world.

use std::collections::BTreeMap;
use std::time::Duration;

use super::action::{FindImage, Place, Rollback};
use super::tests::{SERVICE, broken_revision, carry_out, make, office, plan, world, writes};
use super::*;
use crate::platform::Image;
use crate::runbook::shipped;
use crate::world::{Ailment, Change as Happening, Failure, Fault};

/// The candidates of the shipped rollback.
async fn offered(context: &Context) -> Vec<Choice> {
    let runbook = shipped().into_iter().find(|r| r.name == "rollback").unwrap();
    let wish = Wish { runbook: &runbook, answers: &BTreeMap::new(), service: None, database: None };
    choices(context, wish, runbook.param("to").unwrap()).await.unwrap()
}

async fn minutes(host: &crate::world::Host, count: u32) {
    for _ in 0..count {
        tokio::time::sleep(Duration::from_mins(1)).await;
        host.with(|_| ());
    }
}

#[tokio::test(start_paused = true)]
async fn hours_after_a_bad_deploy_that_ecs_calls_a_success_the_way_back_is_still_known() {
    let (host, context) = world();
    let (service, image) = (SERVICE.to_owned(), Some("a1b2c3d".to_owned()));
    host.with(|world| world.apply(Happening::Deploy { service, image, ailment: Some(Ailment::Errors(0.124)) }));
    for wait in [1, 8, 300] {
        minutes(&host, wait).await;
        let made = plan(&context, "rollback", &[]).await;
        assert_eq!(made.parameters["to"], 41, "{wait} minutes later");
    }
    let offered = offered(&context).await;
    assert_eq!(offered.iter().map(|c| c.value.as_str()).collect::<Vec<_>>(), ["41", "40", "39", "38", "37", "36"]);
    assert!(offered[0].detail.contains("sha256:") && offered[0].detail.contains("ran "), "{:?}", offered[0]);
    assert!(!offered[0].label.contains("sha256"), "the tag is what people know it by: {:?}", offered[0]);
}

#[tokio::test(start_paused = true)]
async fn a_revision_that_failed_is_not_offered_and_after_a_rollback_the_way_back_is_not_forward() {
    let (host, context) = world();
    let (good, bad) = broken_revision(&host, Some(Ailment::Crashes)).await;
    let offered = offered(&context).await;
    assert!(offered.iter().all(|c| c.value != bad.to_string() && c.value != good.to_string()), "{offered:?}");
    let made = plan(&context, "rollback", &[]).await;
    assert_eq!(made.parameters["to"], good - 1);
    let warned = plan(&context, "rollback", &[("to", &bad.to_string())]).await;
    assert!(warned.all_warnings().any(|w| w.contains("make sure that it did")), "{:?}", warned.steps);
}

#[tokio::test(start_paused = true)]
async fn where_ecs_has_no_history_this_machines_journals_know_what_ran() {
    let (host, mut context) = world();
    let (_folder, office) = office();
    context.store = Some(office.store.clone());
    for operation in ["ecs:ListServiceDeployments", "ecs:DescribeServiceRevisions"] {
        let failure = Failure::Error {
            code: "UnknownOperationException".to_owned(),
            message: "not here".to_owned(),
            status: 404,
        };
        host.inject(Fault::on(operation, failure));
    }
    let (first, second) = broken_revision(&host, None).await;
    assert_eq!(make(&context, "rollback", &[]).await.unwrap_err().ending, Ending::Refused);
    for to in [second, first] {
        let plan = super::tests::deploy(&context, to).await;
        assert_eq!(carry_out(&office, &context, plan).await.ending, Ending::Succeeded);
    }
    let offered = offered(&context).await;
    assert_eq!(offered.iter().map(|c| c.value.clone()).collect::<Vec<_>>(), [second.to_string()]);
    assert!(offered[0].label.contains("bad"), "the image is asked of the task definition: {offered:?}");
}

#[tokio::test(start_paused = true)]
async fn a_deployment_in_progress_is_stopped_and_rolled_back_by_ecs_itself() {
    let (host, context) = world();
    let (_folder, office) = office();
    let (service, image) = (SERVICE.to_owned(), Some("slow".to_owned()));
    host.with(|world| world.apply(Happening::Deploy { service, image, ailment: None }));
    tokio::time::sleep(Duration::from_secs(20)).await;
    let plan = plan(&context, "rollback", &[]).await;
    assert_eq!(plan.parameters["to"], 41);
    let command = plan.steps.iter().filter_map(|s| s.view.command.as_deref()).find(|c| c.contains("aws ecs stop"));
    assert!(
        command.is_some_and(|c| c.starts_with("aws ecs stop-service-deployment --service-deployment-arn arn:aws:ecs:")
            && c.ends_with(" --stop-type ROLLBACK")),
        "by hand it is what the run sends: {plan:?}"
    );
    let finished = carry_out(&office, &context, plan).await;
    assert_eq!(finished.ending, Ending::Succeeded, "{}", finished.words);
    assert_eq!(writes(&host).into_iter().collect::<Vec<_>>(), [("ecs:StopServiceDeployment".to_owned(), 1)]);
    assert_eq!(host.with(|world| world.tasks(SERVICE)), Some((3, 3)));
    let running = host.with(|world| world.services[0].primary().map(|d| world.definitions[d.definition].number));
    assert_eq!(running, Some(41));
}

#[tokio::test(start_paused = true)]
async fn a_plan_shows_what_else_the_old_revision_changes_and_no_value_of_its_environment() {
    let (host, context) = world();
    let (service, image) = (SERVICE.to_owned(), Some("next".to_owned()));
    host.with(|world| world.apply(Happening::Deploy { service, image, ailment: None }));
    minutes(&host, 8).await;
    host.with(|world| {
        let definition = world.definitions.iter_mut().find(|d| d.number == 42).unwrap();
        definition.memory = 1_024;
        let api = &mut definition.containers[0];
        api["environment"][1]["value"] = "hunter2".into();
        api["secrets"].as_array_mut().unwrap().push(serde_json::json!({"name": "API_TOKEN", "valueFrom": "arn:x"}));
        api["command"] = serde_json::json!(["serve", "--password=hunter3"]);
    });
    let plan = plan(&context, "rollback", &[]).await;
    let step = plan.steps.iter().find(|s| s.action.name() == "ecs.rollback").unwrap();
    let lines: Vec<String> =
        step.view.changes.iter().map(|c| format!("{}: {} → {}", c.what, c.before, c.after)).collect();
    for line in [
        "task definition: analytics-api:42 → analytics-api:41",
        "memory of a task: 1024 → 512",
        "env DATABASE_POOL_SIZE of api: set → changed",
        "secret API_TOKEN of api: set → removed",
        "command of api: serve --password=… → none",
    ] {
        assert!(lines.iter().any(|l| l == line), "{line} is not in {lines:#?}");
    }
    assert!(lines.iter().any(|l| l.starts_with("image of api: ")), "{lines:#?}");
    assert!(!serde_json::to_string(&plan).unwrap().contains("hunter"), "the plan is kept in the journal");
}

#[tokio::test(start_paused = true)]
async fn a_plan_over_a_slow_line_asks_for_each_revision_and_each_image_once() {
    let (host, context) = world();
    let place = Place { cluster: "analytics-production".to_owned(), name: SERVICE.to_owned() };
    let rollback = Action::Rollback(Rollback { place: place.clone(), to: 40, migrations: None });
    let asked = async |action: Action, operation: &str| {
        let before = host.requests().len();
        action.plan(&context, &Seen::default()).await.unwrap();
        host.requests()[before..].iter().filter(|asked| *asked == operation).count()
    };
    // :40 is what is wanted, and one of those that could be; the others are :36 to :39.
    assert_eq!(asked(rollback, "ecs:DescribeTaskDefinition").await, 6, "what runs, what is to run, what else could");
    let rollback = Action::Rollback(Rollback { place: place.clone(), to: 40, migrations: None });
    assert_eq!(asked(rollback, "ecs:DescribeServices").await, 1, "the service, and who controls it");
    let running = host.with(|world| world.definitions.iter().find(|d| d.number == 41).unwrap().image().to_owned());
    let tag = Image::parse(&running).tag.unwrap();
    for operation in ["ecs:DescribeServices", "ecr:DescribeRepositories", "ecr:DescribeImages"] {
        let find = FindImage { place: place.clone(), container: None, image: tag.clone() };
        assert_eq!(asked(Action::FindImage(find), operation).await, 1, "{operation}");
    }
    let before = host.requests().len();
    plan(&context, "rollback", &[]).await;
    for operation in ["ecs:ListServiceDeployments", "ecs:DescribeServiceRevisions"] {
        let asked = host.requests()[before..].iter().filter(|asked| *asked == operation).count();
        assert_eq!(asked, 1, "{operation}: the question's default and the step look at one history");
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_deployment_ends_with_the_exit_code_and_the_last_lines_that_the_first_task_wrote() {
    for (rollback, denied) in [(true, false), (false, false), (true, true)] {
        let (host, context) = world();
        let (_folder, office) = office();
        let (_, bad) = broken_revision(&host, Some(Ailment::Crashes)).await;
        let service = SERVICE.to_owned();
        host.with(|world| world.apply(Happening::Breaker { service, enabled: rollback, rollback }));
        if denied {
            host.inject(Fault::on("logs:GetLogEvents", Failure::AccessDenied));
        }
        let plan = super::tests::deploy(&context, bad).await;
        let finished = carry_out(&office, &context, plan).await;
        let wanted = if rollback { Ending::RolledBackByEcs } else { Ending::KeepsFailing };
        assert_eq!(finished.ending, wanted, "{}", finished.words);
        let log = if denied { "can't be read" } else { "Error: Cannot find module '/app/dist/server.js' | Node.js" };
        assert!(finished.words.contains("api exited with 1") && finished.words.contains(log), "{}", finished.words);
        let journal = std::fs::read_to_string(office.store.journal(&finished.id)).unwrap();
        let told = journal.lines().filter(|line| line.contains(r#""event":"progress""#) && line.contains(log)).count();
        assert_eq!(told, usize::from(rollback), "at the second failed task it is said while the run goes on");
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_loses_patience_says_that_ecs_goes_on_and_a_script_can_tell() {
    let (host, context) = world();
    let (_folder, office) = office();
    let mut plan = plan(&context, "scale", &[("desired", "5")]).await;
    for step in &mut plan.steps {
        if let Action::WaitSteady(wait) = &mut step.action {
            wait.timeout_seconds = 12;
        }
    }
    let finished = carry_out(&office, &context, plan).await;
    assert_eq!((finished.ending, finished.ending.exit_code()), (Ending::TimedOut, 13), "{}", finished.words);
    assert!(finished.words.contains("after 12s it is still going: 3 of 5 tasks"), "{}", finished.words);
    assert!(finished.words.contains("ECS goes on without this run"), "{}", finished.words);
    minutes(&host, 5).await;
    assert_eq!(host.with(|world| world.tasks(SERVICE)), Some((5, 5)), "and so it does");
}

#[tokio::test(start_paused = true)]
async fn a_plan_says_what_the_change_costs_and_that_a_number_below_the_minimum_does_not_stay() {
    let (_host, context) = super::tests::world_that_scales();
    let facts = async |answers: &[(&str, &str)]| {
        let plan = plan(&context, "scale", answers).await;
        let update = plan.steps.iter().find(|s| s.action.name() == "ecs.update-service").unwrap().view.clone();
        (update.facts.join("\n"), update.warnings.join("\n"))
    };
    let (more, _) = facts(&[("desired", "5")]).await;
    assert_eq!(more, "+$14.42 a month if it stays so: 5 × $7.21 instead of 3 × $7.21 (list prices)");
    let (fewer, warned) = facts(&[("desired", "0")]).await;
    assert!(fewer.starts_with("−$21.63 a month"), "{fewer}");
    // Target tracking does nothing without data, says AWS, and no task gives any.
    assert!(warned.contains("auto scaling (1–6) starts no task from none"), "{warned}");
    let (_, warned) = facts(&[("desired", "1"), ("minimum", "1")]).await;
    assert!(warned.contains("stays in charge"), "{warned}");
    assert_eq!(facts(&[("desired", "3")]).await.0, "", "nothing changes, nothing costs");
}

#[tokio::test(start_paused = true)]
async fn a_revision_whose_image_is_for_other_machines_is_refused_before_anything_is_asked_for() {
    let (host, context) = world();
    let image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/analytics-api:hotfix-laptop";
    let made = crate::aws::ecs_write::register_with_image(&context.clients, "analytics-api:41", "api", image).await;
    let number = made.unwrap().number.unwrap().to_string();
    let runbook = shipped().into_iter().find(|r| r.name == "rollback").unwrap();
    let answers = BTreeMap::from([("to".to_owned(), number)]);
    let wish = Wish { runbook: &runbook, answers: &answers, service: None, database: None };
    let halt = Plan::make(&context, wish).await.unwrap_err();
    assert_eq!(halt.ending, Ending::Refused);
    assert!(halt.words.contains("built for amd64") && halt.words.contains("exec format error"), "{}", halt.words);
    assert!(!host.requests().iter().any(|operation| operation == "ecs:UpdateService"));
}

#[tokio::test(start_paused = true)]
async fn a_revision_that_there_is_not_is_refused_with_those_that_ran_and_a_plan_lists_them_with_their_images() {
    let (host, context) = world();
    let (service, image) = (SERVICE.to_owned(), Some("a1b2c3d".to_owned()));
    host.with(|world| world.apply(Happening::Deploy { service, image, ailment: None }));
    minutes(&host, 8).await;
    let halt = make(&context, "rollback", &[("to", "9999")]).await.unwrap_err();
    assert_eq!(halt.ending, Ending::Refused, "{}", halt.words);
    assert!(
        halt.words.contains("analytics-api has no revision 9999; it can go back to one of these:"),
        "{}",
        halt.words
    );
    assert!(halt.words.contains("\n  :41  ") && halt.words.contains("sha256:"), "{}", halt.words);

    let made = plan(&context, "rollback", &[]).await;
    let candidates = &made.steps[1].view.candidates;
    assert_eq!(candidates.iter().map(|c| c.revision).collect::<Vec<_>>(), [41, 40, 39, 38, 37, 36]);
    assert!(candidates.iter().all(|c| c.tag.is_some() && c.digest.is_some() && c.seconds > Some(0)), "{candidates:?}");
    let line = candidates[0].to_string();
    assert!(line.starts_with(":41  ") && line.contains("  sha256:") && line.contains("  ran "), "{line}");
    assert!(line.len() < 80, "{line}");
}

#[tokio::test(start_paused = true)]
async fn a_revision_that_was_just_rolled_back_from_is_marked_warned_of_and_never_the_default() {
    let (host, mut context) = world();
    let (_folder, office) = office();
    for tag in ["worse", "better"] {
        let (service, image) = (SERVICE.to_owned(), Some(tag.to_owned()));
        host.with(|world| world.apply(Happening::Deploy { service, image, ailment: None }));
        minutes(&host, 8).await;
        if tag == "worse" {
            let back = plan(&context, "rollback", &[]).await;
            assert_eq!(back.parameters["to"], 41);
            assert_eq!(carry_out(&office, &context, back).await.ending, Ending::Succeeded);
        }
    }
    for store in [None, Some(office.store.clone())] {
        context.store = store;
        let offered = offered(&context).await;
        let of = |number: &str| &offered.iter().find(|choice| choice.value == number).unwrap().detail;
        assert!(of("42").contains(" · rolled back from ") && of("42").ends_with(" ago"), "{offered:?}");
        assert!(!of("41").contains("rolled back"), "{offered:?}");
        let made = plan(&context, "rollback", &[]).await;
        assert_eq!(made.parameters["to"], 41);
        assert!(!made.all_warnings().any(|warning| warning.contains("rolled back from")), "{made:?}");
        let bad = plan(&context, "rollback", &[("to", "42")]).await;
        assert!(bad.all_warnings().any(|warning| warning.starts_with("the service was rolled back from ")), "{bad:?}");
        let candidates = &bad.steps[1].view.candidates;
        let marked: Vec<u32> = candidates.iter().filter(|c| c.rolled_back.is_some()).map(|c| c.revision).collect();
        assert_eq!(marked, [42], "{candidates:?}");
        assert!(candidates.iter().any(|c| c.to_string().contains("  rolled back from ")), "{candidates:?}");
    }
}
