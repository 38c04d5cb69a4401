//! Each question to AWS, asked of an AWS that is not ours, over TCP.

use jiff::{SignedDuration, Timestamp};
use plantao::aws::{Clients, alarms, autoscaling, cloudwatch, ecr, ecr_auth, ecr_images, ecr_manifest, ecs, logs};
use plantao::aws::{rds, sts, task_definition, tasks};
use plantao::platform::file::sample;
use plantao::platform::{
    AlarmState, Comparison, MetricQuery, Revision, ServiceStatus, Statistic, Suspended, TroubleKind,
};

use crate::harness::{Fill, Moto, moto};

const CLUSTER: &str = "analytics-production";

fn filled(fill: &Fill) -> (Moto, Clients) {
    let moto = moto();
    moto.fill(fill);
    let clients = Clients::at(&moto.endpoint, moto.region);
    (moto, clients)
}

#[tokio::test]
async fn a_service_its_tasks_and_its_bounds_are_read() {
    let (_moto, clients) = filled(&Fill { metrics: false, ..Fill::default() });
    let answers = ecs::describe_services(&clients, CLUSTER, &["analytics-api", "absent"]).await.expect("an answer");
    let service = answers[0].as_ref().expect("it is there");
    assert_eq!((service.cluster.as_str(), &service.status), (CLUSTER, &ServiceStatus::Active));
    assert_eq!((service.desired, service.running), (3, 3));
    let revision = Revision { family: "analytics-api".to_owned(), number: Some(1) };
    assert_eq!((&service.revision, &service.primary().expect("a deployment").revision), (&revision, &revision));
    let absent = answers[1].as_ref().expect_err("it is not there");
    assert!(absent.kind == TroubleKind::NotFound && absent.why.contains("absent"), "{absent}");

    let running = tasks::list_tasks(&clients, CLUSTER, "analytics-api", false).await;
    assert_eq!(running, Ok(Vec::new()), "moto starts none");
    let targets = [(CLUSTER, "absent"), (CLUSTER, "analytics-api")];
    let bounds = autoscaling::describe_scalable_targets(&clients, &targets).await.expect("an answer");
    assert_eq!(bounds[0], None);
    assert_eq!(bounds[1].map(|b| (b.min, b.max, b.suspended)), Some((1, 6, Suspended::default())));
}

#[tokio::test]
async fn a_service_updated_by_a_short_name_still_shows_its_revision() {
    let (_moto, clients) = filled(&Fill { metrics: false, ..Fill::default() });
    let update = clients.ecs.update_service().cluster(CLUSTER).service("analytics-api");
    update.task_definition("analytics-api:1").send().await.expect("moto updates the service");
    // moto gives the name back as it was given, where AWS gives an ARN.
    let answers = ecs::describe_services(&clients, CLUSTER, &["analytics-api"]).await.expect("an answer");
    assert_eq!(answers[0].as_ref().map(|s| s.revision.number), Ok(Some(1)));
}

#[tokio::test]
async fn a_missing_cluster_is_said_in_words() {
    let (_moto, clients) = filled(&Fill { metrics: false, ..Fill::default() });
    let trouble = ecs::describe_services(&clients, "nowhere", &["analytics-api"]).await.expect_err("no such cluster");
    assert!(trouble.kind == TroubleKind::NotFound && trouble.why.contains("nowhere"), "{trouble}");
}

#[tokio::test]
async fn a_database_is_read_and_a_missing_one_named() {
    let (_moto, clients) = filled(&Fill { metrics: false, ..Fill::default() });
    let database = rds::describe_db_instance(&clients, "analytics").await.expect("it is there");
    assert_eq!((database.status.as_str(), database.engine.as_str()), ("available", "postgres"));
    assert_eq!((database.version.as_str(), database.class.as_str()), ("16.3", "db.t4g.micro"));
    assert_eq!((database.storage_bytes, database.storage_type.as_deref()), (Some(20 << 30), Some("gp3")));
    assert_eq!(database.backup_days, Some(7));
    let trouble = rds::describe_db_instance(&clients, "gone").await.expect_err("no such instance");
    assert!(trouble.kind == TroubleKind::NotFound && trouble.why.contains("gone"), "{trouble}");
}

#[tokio::test]
async fn alarms_come_with_state_reason_and_condition() {
    let (_moto, clients) = filled(&Fill { metrics: false, firing: &["API-SlowResponse"], ..Fill::default() });
    let alarms = alarms::describe_alarms(&clients).await.expect("an answer");
    assert_eq!(alarms.len(), 9);
    for alarm in &alarms {
        let expected = if alarm.name == "API-SlowResponse" { AlarmState::Alarm } else { AlarmState::Ok };
        assert_eq!(alarm.state, expected, "{}", alarm.name);
        assert!(alarm.since.is_some() && alarm.actions_enabled, "{}", alarm.name);
    }
    let slow = alarms.iter().find(|a| a.name == "API-SlowResponse").expect("one of the nine");
    assert_eq!(slow.reason.as_deref(), Some("Threshold Crossed: Latency is > 500"));
    let condition = slow.condition.as_ref().expect("it watches one metric");
    assert_eq!(condition.query, latency("p95"));
    assert_eq!((condition.comparison, condition.threshold.to_bits()), (Comparison::Greater, 500_f64.to_bits()));
    assert_eq!((condition.period_seconds, condition.evaluation_periods, condition.datapoints_to_alarm), (60, 10, 10));
    assert_eq!(slow.actions.len(), 1);
}

fn latency(statistic: &str) -> MetricQuery {
    MetricQuery {
        namespace: "Analytics/API".to_owned(),
        metric: "Latency".to_owned(),
        dimensions: vec![("Service".to_owned(), "analytics-api".to_owned())],
        statistic: statistic.parse::<Statistic>().expect("a statistic"),
    }
}

#[tokio::test]
async fn three_hours_of_every_gauge_come_over_cbor() {
    let (_moto, clients) = filled(&Fill::default());
    let platform = sample();
    let queries: Vec<&MetricQuery> = platform.gauges.iter().map(|gauge| &gauge.query).collect();
    // moto's minutes begin where the question begins.
    let end = Timestamp::from_second(Timestamp::now().as_second() / 60 * 60).expect("a time");
    let own = cloudwatch::list_own_metrics(&clients).await.expect("an answer");
    let latency = |(namespace, metric, _): &cloudwatch::Listed| namespace == "Analytics/API" && metric == "Latency";
    assert!(own.iter().any(latency), "{own:?}");
    assert!(own.iter().all(|(namespace, ..)| !namespace.starts_with("AWS/")), "{own:?}");
    let answers =
        cloudwatch::get_metric_data(&clients, &queries, cloudwatch::MINUTE, end - SignedDuration::from_hours(3), end);
    let answers = answers.await.expect("an answer");
    for (gauge, points) in platform.gauges.iter().zip(answers) {
        let points = points.unwrap_or_else(|trouble| panic!("{}: {trouble}", gauge.title));
        assert!((175..=181).contains(&points.len()), "{}: {} of 180 minutes", gauge.title, points.len());
        assert!(points.iter().all(|p| p.at.as_second() % 60 == 0 && p.value.is_finite()), "{}", gauge.title);
    }
}

#[tokio::test]
async fn a_metric_that_was_never_published_is_empty_and_no_error() {
    let (_moto, clients) = filled(&Fill { metrics: false, ..Fill::default() });
    let end = Timestamp::now();
    let query = latency("p99");
    let answers =
        cloudwatch::get_metric_data(&clients, &[&query], cloudwatch::MINUTE, end - SignedDuration::from_hours(3), end)
            .await;
    assert_eq!(answers, Ok(vec![Ok(Vec::new())]));
    assert_eq!(clients.spent().metrics, 1, "it costs all the same");
}

#[tokio::test]
async fn what_init_looks_for_is_found_on_every_page() {
    // RDS answers at most 100 instances at once.
    let (_moto, clients) = filled(&Fill { metrics: false, databases: 120, ..Fill::default() });
    assert_eq!(ecs::list_clusters(&clients).await, Ok(vec![CLUSTER.to_owned()]));
    assert_eq!(rds::list_db_instances(&clients).await.map(|found| found.len()), Ok(121));
    assert_eq!(logs::list_log_groups(&clients).await, Ok(vec!["/ecs/analytics-api".to_owned()]));
    let repositories = ecr::list_repositories(&clients).await.expect("an answer");
    assert_eq!(repositories.iter().map(|r| r.name.as_str()).collect::<Vec<_>>(), ["analytics-api"]);
    let definition = task_definition::describe_task_definition(&clients, "analytics-api").await.expect("it is there");
    assert_eq!(definition.architecture.as_deref(), Some("ARM64"));
    let containers: Vec<_> = definition.containers.iter().map(|c| (c.name.as_str(), c.image.short())).collect();
    assert_eq!(containers, [("api", "a1b2c3d"), ("redis", "7")]);
}

#[tokio::test]
async fn the_caller_is_known() {
    let moto = moto();
    let clients = Clients::at(&moto.endpoint, moto.region);
    let identity = sts::get_caller_identity(&clients).await.expect("an answer");
    assert_eq!(identity.account, "123456789012");
    assert!(clients.clock_skew().is_some_and(|skew| skew.as_secs().abs() < 60), "{:?}", clients.clock_skew());
}

#[tokio::test]
async fn images_their_architectures_and_the_way_to_sign_in_are_told() {
    let (_moto, clients) = filled(&Fill { metrics: false, ..Fill::default() });
    let manifest = |architecture: &str| {
        let one = |architecture: &str, os: &str| {
            serde_json::json!({"mediaType": "application/vnd.oci.image.manifest.v1+json", "size": 1,
                "digest": format!("sha256:{}", "ab".repeat(32)), "platform": {"architecture": architecture, "os": os}})
        };
        serde_json::json!({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [one(architecture, "linux"), one("unknown", "unknown")]})
    };
    for (tag, architecture) in [("arm", "arm64"), ("x86", "amd64")] {
        let put = clients.ecr.put_image().repository_name("analytics-api").image_tag(tag);
        let put = put.image_manifest_media_type("application/vnd.oci.image.index.v1+json");
        put.image_manifest(manifest(architecture).to_string()).send().await.expect("moto takes it");
    }
    let x86 = ecr_images::find_image(&clients, "analytics-api", "x86").await.expect("an answer").expect("it is there");
    let found = ecr_manifest::architectures(&clients, "analytics-api", &x86.digest).await;
    assert_eq!(found, Ok(vec!["amd64".to_owned()]));
    assert_eq!(ecr_images::find_image(&clients, "analytics-api", "absent").await, Ok(None));
    let all = ecr_images::list_images(&clients, "analytics-api").await.expect("an answer");
    assert!(all.iter().any(|image| image.tags == ["arm"]) && all.iter().any(|image| image.tags == ["x86"]), "{all:?}");
    let uri = ecr::find_repository(&clients, "analytics-api").await.expect("an answer").map(|found| found.uri);
    assert!(uri.is_some_and(|uri| uri.ends_with("/analytics-api")));
    assert_eq!(ecr::find_repository(&clients, "absent").await, Ok(None));
    assert_eq!(ecr_auth::get_login(&clients).await.expect("an answer").user, "AWS");
}
