//! Images of the world's registry: which can be chosen, and which must not be deployed.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::action::Place;
use super::*;
use crate::aws::Clients;
use crate::aws::testing::{Reply, Tiny};
use crate::clock::Clock;
use crate::platform::file;
use crate::world::{Change as Happening, Failure, Fault, Host, Scenario, World};

fn world() -> (Host, Context) {
    let clock = Clock::simulated("2026-11-24T15:12:37Z".parse().unwrap(), 1.0);
    let host = Host::new(World::new(&Scenario::named("calm").unwrap(), 7, clock.now()), clock.clone());
    let clients = Clients::over(host.http_client(), "us-east-1");
    (host, Context { platform: Arc::new(file::sample()), clients, clock, store: None })
}

/// What the shipped emergency deploy offers for its image.
async fn offered(context: &Context) -> Vec<Choice> {
    let runbook = crate::runbook::shipped().into_iter().find(|r| r.name == "emergency-deploy").unwrap();
    let wish = Wish { runbook: &runbook, answers: &BTreeMap::new(), service: None, database: None };
    choices(context, wish, runbook.param("image").unwrap()).await.unwrap()
}

async fn deploy(context: &Context, image: &str) -> Result<Plan, Halt> {
    let runbooks = crate::runbook::shipped();
    let runbook = runbooks.iter().find(|r| r.name == "emergency-deploy").unwrap();
    let answers = BTreeMap::from([("image".to_owned(), image.to_owned())]);
    let wish = Wish { runbook, answers: &answers, service: None, database: None };
    Plan::make(context, wish).await.map(|(plan, _)| plan)
}

#[tokio::test(start_paused = true)]
async fn images_are_chosen_from_the_newest_first_and_the_one_that_runs_is_marked() {
    let (host, context) = world();
    let digest = format!("sha256:{}", "ab".repeat(32));
    let (repository, tag, architecture) = ("analytics-api".to_owned(), "just-now".to_owned(), "arm64".to_owned());
    host.with(|world| world.apply(Happening::Push { repository, tag, digest, architecture }));
    let choices = offered(&context).await;
    assert_eq!((choices[0].value.as_str(), choices[0].label.as_str()), ("just-now", "just-now"));
    assert!(choices[0].detail.starts_with("abababababab, pushed <1m ago, 41 MB"), "{:?}", choices[0]);
    let running: Vec<_> = choices.iter().filter(|choice| choice.detail.contains(", running now, ")).collect();
    assert_eq!(running.len(), 1, "{choices:?}");
    let plan = deploy(&context, &running[0].value).await.unwrap();
    assert!(plan.steps[1].view.facts[0].contains("built for arm64"), "{:?}", plan.steps[1].view);
    let warnings = &plan.steps[1].view.warnings;
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].contains("this is the image that runs now"), "{warnings:?}");
}

#[tokio::test(start_paused = true)]
async fn an_image_of_a_laptop_for_itself_is_refused_before_anything_is_asked_for() {
    let (host, context) = world();
    let halt = deploy(&context, "hotfix-laptop").await.unwrap_err();
    assert_eq!(halt.ending, Ending::Refused);
    assert!(halt.words.contains("built for amd64") && halt.words.contains("exec format error"), "{}", halt.words);
    assert!(!host.requests().iter().any(|operation| operation == "ecs:RegisterTaskDefinition"));
}

#[tokio::test(start_paused = true)]
async fn an_architecture_that_nobody_tells_is_a_warning_that_says_why() {
    let (host, context) = world();
    host.inject(Fault::on("ecr:BatchGetImage", Failure::AccessDenied));
    let newest = offered(&context).await.into_iter().find(|choice| choice.value != "hotfix-laptop").unwrap();
    let plan = deploy(&context, &newest.value).await.unwrap();
    let warning = &plan.steps[1].view.warnings[0];
    assert!(warning.contains("can't tell") && warning.contains("ecr:BatchGetImage"), "{warning}");
}

#[tokio::test(start_paused = true)]
async fn an_alarm_that_watches_deployments_and_fires_already_is_said_to_watch_none() {
    let tiny = Tiny::new(|operation, _| {
        if operation == "DescribeServices" {
            return Reply::json(
                r#"{"services": [{"serviceName": "api", "status": "ACTIVE", "desiredCount": 0, "runningCount": 0,
                "deploymentConfiguration": {"alarms": {"alarmNames": ["Errors", "Latency"], "enable": true, "rollback": true}}}]}"#,
            );
        }
        let alarm = |name: &str, state: &str| crate::aws::testing::cbor!({"AlarmName" => name, "StateValue" => state, "MetricName" => "x"});
        let alarms = [alarm("Errors", "ALARM"), alarm("Latency", "OK")];
        Reply::cbor(&crate::aws::testing::cbor!({"MetricAlarms" => alarms}))
    });
    let (_, mut context) = world();
    context.clients = Clients::over(tiny.client(), "us-east-1");
    let place = Place { cluster: "prod".to_owned(), name: "api".to_owned() };
    let check = action::CheckAlarms { stop_when_firing: false, place: Some(place) };
    let view = Action::CheckAlarms(check).plan(&context, &Seen::default()).await.unwrap();
    assert_eq!(view.warnings.len(), 1, "{view:?}");
    assert!(view.warnings[0].starts_with("Errors is to end bad deployments"), "{view:?}");
}

#[tokio::test(start_paused = true)]
async fn where_there_is_no_registry_the_plan_of_a_push_says_so_and_what_to_choose_before_anything_is_built() {
    let (host, context) = world();
    let place = Place { cluster: "analytics-production".to_owned(), name: "analytics-api".to_owned() };
    let push = Action::PushImage(action::PushImage { place, container: None, tool: None });
    let halt = push.plan(&context, &Seen::default()).await.unwrap_err();
    assert_eq!(halt.ending, Ending::FailedBefore);
    assert!(halt.words.contains("no container registry"), "{}", halt.words);
    assert!(halt.words.contains("Choose one that is in ECR already"), "{}", halt.words);
    assert!(host.requests().iter().any(|operation| operation == "ecr:GetAuthorizationToken"));
}

#[tokio::test(start_paused = true)]
async fn an_image_that_was_rolled_back_from_is_marked_in_the_choice_and_warned_of_in_the_plan() {
    let marked = async |context: &Context| {
        let choices = offered(context).await;
        let marked: Vec<_> = choices.into_iter().filter(|c| c.detail.contains("rolled back from")).collect();
        marked.into_iter().map(|choice| choice.value).collect::<Vec<_>>()
    };
    let deploy_of = |host: &Host, tag: &str, ailment| {
        let (service, image) = ("analytics-api".to_owned(), Some(tag.to_owned()));
        host.with(|world| world.apply(Happening::Deploy { service, image, ailment }));
    };
    let later = async |host: &Host| {
        for _ in 0..20 {
            tokio::time::sleep(std::time::Duration::from_mins(1)).await;
            host.with(|_| ());
        }
    };
    // By ECS.
    let (host, mut context) = world();
    assert_eq!(marked(&context).await, [""; 0]);
    deploy_of(&host, "broken", Some(crate::world::Ailment::Crashes));
    later(&host).await;
    assert_eq!(marked(&context).await, ["broken"]);
    let warned = deploy(&context, "broken").await.unwrap();
    let words: Vec<&str> = warned.all_warnings().filter(|w| w.contains("this image was rolled back from")).collect();
    assert!(words.len() == 1 && words[0].contains("ago (:42)"), "{words:?}");
    // By hand.
    deploy_of(&host, "slow", None);
    later(&host).await;
    assert_eq!(marked(&context).await, ["broken"], "what runs is no mistake");
    let service = "analytics-api".to_owned();
    host.with(|world| world.apply(Happening::Redeploy { service, revision: 41 }));
    later(&host).await;
    let mut both = marked(&context).await;
    both.sort();
    assert_eq!(both, ["broken", "slow"]);
    // By a run, where ECS has no history.
    let (host, fresh) = world();
    context = fresh;
    let failure =
        Failure::Error { code: "UnknownOperationException".to_owned(), message: "no".to_owned(), status: 404 };
    host.inject(Fault::on("ecs:ListServiceDeployments", failure));
    let (_folder, office) = super::tests::office();
    context.store = Some(office.store.clone());
    deploy_of(&host, "slow", None);
    later(&host).await;
    assert_eq!(marked(&context).await, [""; 0]);
    let back = super::tests::plan(&context, "rollback", &[("to", "41")]).await;
    super::tests::carry_out(&office, &context, back).await;
    assert_eq!(marked(&context).await, ["slow"]);
}
