//! The same adapters and the same watch against an AWS that is not ours.

use std::collections::BTreeMap;
use std::sync::Arc;

use plantao::aws::Clients;
use plantao::clock::Clock;
use plantao::platform::file::sample;
use plantao::platform::{
    AlarmState, Part, Picture, Platform, Revision, Rollout, ServiceStatus, Serving, Suspended, TroubleKind,
};
use plantao::run::{Context, Plan, Wish, choices};
use plantao::watch;
use plantao::world::{Host, Scenario, World};

use crate::harness::{Fill, Moto, moto};

async fn picture(moto: &Moto, platform: Platform) -> Picture {
    let clients = Clients::at(&moto.endpoint, moto.region);
    watch::once(&Arc::new(platform), &clients, &Clock::system()).await
}

/// A part's value, or a failure that says why there is none.
fn value<T>(part: &Part<T>) -> &T {
    part.value().unwrap_or_else(|| panic!("no value: {:?}", part.trouble()))
}

#[tokio::test]
async fn the_whole_seed_platform_is_read_from_an_aws_that_is_not_ours() {
    let moto = moto();
    moto.fill(&Fill { firing: &["API-HighErrorRate"], ..Fill::default() });
    let platform = sample();
    let picture = picture(&moto, platform.clone()).await;

    assert_eq!(value(&picture.identity).account, "123456789012");
    let service = value(&picture.services[0].state);
    assert_eq!((service.name.as_str(), service.cluster.as_str()), ("analytics-api", "analytics-production"));
    assert_eq!((&service.status, service.desired, service.running), (&ServiceStatus::Active, 3, 3));
    assert_eq!(service.revision, Revision { family: "analytics-api".to_owned(), number: Some(1) });
    let deployment = service.primary().expect("moto makes one deployment");
    assert_eq!((deployment.desired, deployment.running), (3, 3));
    assert_ne!(deployment.rollout, Rollout::Failed);
    assert!(deployment.created_at.is_some());
    assert_eq!(value(&picture.services[0].tasks).len(), 0, "moto starts no tasks");
    let scaling = value(&picture.services[0].scaling).expect("a scalable target");
    assert_eq!((scaling.min, scaling.max, scaling.suspended), (1, 6, Suspended::default()));

    let database = value(&picture.databases[0]);
    assert_eq!((database.status.as_str(), database.serving()), ("available", Serving::Yes));
    assert_eq!(database.storage_bytes, Some(20 * 1024 * 1024 * 1024));
    assert!(database.endpoint.is_some());

    let alarms = value(&picture.alarms);
    assert_eq!(alarms.len(), 9);
    let worst = &alarms[0];
    assert_eq!((worst.name.as_str(), worst.state), ("API-HighErrorRate", AlarmState::Alarm));
    assert_eq!(worst.reason.as_deref(), Some("Threshold Crossed: ErrorRate is > 5"));
    assert!(worst.since.is_some());

    for (gauge, series) in platform.gauges.iter().zip(&picture.series) {
        let length = value(series).points().len();
        assert!((175..=181).contains(&length), "{}: {length} of the last 180 minutes", gauge.title);
    }
    let newest = |title: &str| {
        let index = platform.gauges.iter().position(|g| g.title == title).expect("the sample has it");
        value(&picture.series[index]).latest().expect("it has points").value
    };
    assert!((newest("errors") - 12.4).abs() < 1e-9, "{}", newest("errors"));
    assert!((120.0..=124.0).contains(&newest("p95")), "{}", newest("p95"));
}

#[tokio::test]
async fn a_missing_cluster_is_said_in_words_and_the_rest_is_still_there() {
    let moto = moto();
    moto.fill(&Fill { metrics: false, ..Fill::default() });
    let mut platform = sample();
    platform.services[0].cluster = "nowhere".to_owned();
    let picture = picture(&moto, platform).await;
    let trouble = picture.services[0].state.trouble().expect("a trouble");
    assert_eq!(trouble.kind, TroubleKind::NotFound);
    assert!(trouble.why.contains("nowhere"), "{trouble}");
    assert_eq!(value(&picture.databases[0]).id, "analytics");
    assert_eq!(value(&picture.alarms).len(), 9);
}

#[tokio::test]
async fn a_missing_service_or_database_is_named() {
    let moto = moto();
    moto.fill(&Fill { service: false, metrics: false, ..Fill::default() });
    let mut platform = sample();
    platform.databases[0].id = "gone".to_owned();
    let picture = picture(&moto, platform).await;
    for (trouble, name) in
        [(picture.services[0].state.trouble(), "analytics-api"), (picture.databases[0].trouble(), "gone")]
    {
        let trouble = trouble.unwrap_or_else(|| panic!("{name}: no trouble"));
        assert_eq!(trouble.kind, TroubleKind::NotFound, "{trouble}");
        assert!(trouble.why.contains(name), "{trouble}");
    }
}

#[tokio::test]
async fn a_region_without_alarms_and_metrics_is_empty_and_no_error() {
    let moto = moto();
    let picture = picture(&moto, Platform { gauges: sample().gauges, ..Platform::default() }).await;
    assert_eq!(value(&picture.alarms).len(), 0);
    for series in &picture.series {
        assert_eq!((series.trouble(), series.value().map_or(0, |s| s.points().len())), (None, 0));
    }
}

/// What moto and the world both hold, a line a fact.
fn facts(platform: &Platform, picture: &Picture, region: &str) -> Vec<String> {
    let mut facts = vec![format!("account {}", value(&picture.identity).account)];
    let s = value(&picture.services[0].state);
    facts.push(format!("service {} {} {:?}", s.name, s.cluster, s.status));
    facts.push(format!("tasks {} {} {}", s.desired, s.running, s.pending));
    facts.push(format!("family {}", s.revision.family));
    // moto's answer has no deploymentConfiguration.
    facts.push(format!("deployments {}", s.deployments.len()));
    facts.push(format!("scaling {:?}", value(&picture.services[0].scaling)));
    let d = value(&picture.databases[0]);
    facts.push(format!("database {} {} {} {} {}", d.id, d.status, d.engine, d.version, d.class));
    facts.push(format!("storage {:?} {:?} {:?} {}", d.storage_bytes, d.storage_type, d.backup_days, d.multi_az));
    // moto has no target tracking, and so none of its alarms.
    let mut alarms: Vec<_> = value(&picture.alarms).iter().filter(|alarm| !alarm.only_scales()).cloned().collect();
    alarms.sort_by(|a, b| a.name.cmp(&b.name));
    for alarm in alarms {
        let actions = alarm.actions.join(" ").replace(region, "REGION");
        facts.push(format!("alarm {} {:?} {actions} {}", alarm.name, alarm.state, alarm.actions_enabled));
        facts.push(format!("  {:?} {:?}", alarm.description, alarm.condition));
    }
    for (gauge, series) in platform.gauges.iter().zip(&picture.series) {
        facts.push(format!("gauge {} {}", gauge.title, value(series).latest().is_some()));
    }
    facts
}

#[tokio::test]
async fn the_world_and_moto_give_the_same_picture() {
    let moto = moto();
    moto.fill(&Fill::default());
    let platform = sample();
    let of_moto = picture(&moto, platform.clone()).await;

    // Not in the hour of the night when the world's database makes its backup.
    let start = "2026-11-24T12:00:00Z".parse().expect("a time");
    let clock = Clock::simulated(start, 1.0);
    let world = World::new(&Scenario::named("calm").expect("it is shipped"), 1, start);
    let clients = Clients::over(Host::new(world, clock.clone()).http_client(), "us-east-1");
    let of_world = watch::once(&Arc::new(platform.clone()), &clients, &clock).await;

    similar(&facts(&platform, &of_world, "us-east-1"), &facts(&platform, &of_moto, moto.region));
}

fn similar(world: &[String], moto: &[String]) {
    let only = |of: &[String], other: &[String], whose: &str| -> Vec<String> {
        of.iter().filter(|fact| !other.contains(fact)).map(|fact| format!("only {whose}: {fact}")).collect()
    };
    let different = [only(world, moto, "the world"), only(moto, world, "moto")].concat();
    assert!(different.is_empty(), "\n{}\n", different.join("\n"));
}

#[tokio::test]
async fn where_ecs_keeps_no_history_plans_are_made_all_the_same_and_a_rollback_asks_which_revision() {
    let moto = moto();
    moto.fill(&Fill::default());
    let context = Context {
        platform: Arc::new(sample()),
        clients: Clients::at(&moto.endpoint, moto.region),
        clock: Clock::system(),
        store: None,
    };
    let runbooks = plantao::runbook::shipped();
    let named = |name: &str| runbooks.iter().find(|runbook| runbook.name == name).unwrap();
    let rollback = named("rollback");
    let nothing = BTreeMap::new();
    let wish = Wish { runbook: rollback, answers: &nothing, service: None, database: None };
    assert_eq!(choices(&context, wish, rollback.param("to").unwrap()).await, Ok(Vec::new()));
    let halt = Plan::make(&context, wish).await.unwrap_err();
    assert_eq!(halt.words, "--to is missing: Back to which revision?");
    let answers = BTreeMap::from([("desired".to_owned(), "5".to_owned())]);
    let wish = Wish { runbook: named("scale"), answers: &answers, service: None, database: None };
    let (plan, _) = Plan::make(&context, wish).await.unwrap();
    assert!(plan.steps.iter().any(|step| step.view.facts.iter().any(|fact| fact.contains("a month"))), "{plan:?}");
}
