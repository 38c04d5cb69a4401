//! The world through the real SDK clients: what they ask, it answers, in every protocol and with every fault.

// The helpers of tests may fail as the tests do.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod cache;
mod database;
mod wire;

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat, ScanBy, StateValue, Statistic};
use aws_sdk_ecs::error::ProvideErrorMetadata;
use aws_sdk_ecs::types::{DesiredStatus, SortOrder};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::timeout::TimeoutConfig;
use jiff::{SignedDuration, Timestamp};
use plantao::clock::Clock;
use plantao::world::{Ailment, Change, Failure, Fault, Host, Scenario, World};

const CLUSTER: &str = "analytics-production";
const SERVICE: &str = "analytics-api";

fn start() -> Timestamp {
    "2026-11-24T15:12:37Z".parse().unwrap()
}

fn host(scenario: &str) -> Host {
    let clock = Clock::simulated(start(), 1.0);
    Host::new(World::new(&Scenario::named(scenario).unwrap(), 7, start()), clock)
}

struct Clients {
    ecs: aws_sdk_ecs::Client,
    ecr: aws_sdk_ecr::Client,
    cloudwatch: aws_sdk_cloudwatch::Client,
    logs: aws_sdk_cloudwatchlogs::Client,
    rds: aws_sdk_rds::Client,
    scaling: aws_sdk_applicationautoscaling::Client,
    sts: aws_sdk_sts::Client,
}

async fn config(change: impl FnOnce(aws_config::ConfigLoader) -> aws_config::ConfigLoader) -> aws_config::SdkConfig {
    // No credential chain, no environment, no retries: a test sees the first answer.
    let loader = aws_config::defaults(aws_config::BehaviorVersion::latest())
        .region("us-east-1")
        .credentials_provider(Credentials::for_tests())
        .retry_config(aws_config::retry::RetryConfig::disabled())
        .timeout_config(TimeoutConfig::builder().operation_timeout(Duration::from_secs(5)).build());
    change(loader).load().await
}

async fn over(http: SharedHttpClient) -> Clients {
    clients(&config(|loader| loader.http_client(http)).await)
}

fn clients(config: &aws_config::SdkConfig) -> Clients {
    Clients {
        ecs: aws_sdk_ecs::Client::new(config),
        ecr: aws_sdk_ecr::Client::new(config),
        cloudwatch: aws_sdk_cloudwatch::Client::new(config),
        logs: aws_sdk_cloudwatchlogs::Client::new(config),
        rds: aws_sdk_rds::Client::new(config),
        scaling: aws_sdk_applicationautoscaling::Client::new(config),
        sts: aws_sdk_sts::Client::new(config),
    }
}

fn aws_time(at: Timestamp) -> aws_smithy_types::DateTime {
    aws_smithy_types::DateTime::from_secs(at.as_second())
}

fn metric_query(id: &str, metric: &str, stat: &str) -> MetricDataQuery {
    let metric = Metric::builder()
        .namespace("Analytics/API")
        .metric_name(metric)
        .dimensions(Dimension::builder().name("Service").value(SERVICE).build())
        .build();
    MetricDataQuery::builder()
        .id(id)
        .metric_stat(MetricStat::builder().metric(metric).period(60).stat(stat).build())
        .build()
}

#[tokio::test(start_paused = true)]
async fn a_service_is_seen_with_its_deployments_and_events() {
    let aws = over(host("bad-deploy").http_client()).await;
    let found = aws.ecs.describe_services().cluster(CLUSTER).services(SERVICE).services("ghost").send().await.unwrap();
    let service = &found.services()[0];
    assert_eq!((service.desired_count(), service.running_count(), service.status()), (3, 3, Some("ACTIVE")));
    assert!(service.task_definition().unwrap().ends_with(":task-definition/analytics-api:42"));
    assert_eq!(service.deployments()[0].rollout_state().unwrap().as_str(), "COMPLETED");
    assert!(service.events()[0].message().unwrap().starts_with("(service analytics-api) "));
    let configuration = service.deployment_configuration().unwrap();
    assert_eq!((configuration.minimum_healthy_percent(), configuration.maximum_percent()), (Some(0), Some(200)));
    assert!(configuration.deployment_circuit_breaker().unwrap().rollback());
    assert_eq!(found.failures()[0].reason(), Some("MISSING"));
    assert!(found.failures()[0].arn().unwrap().ends_with("service/analytics-production/ghost"));
}

#[tokio::test(start_paused = true)]
async fn a_deleted_service_is_inactive_and_a_missing_cluster_is_a_typed_error() {
    let host = host("calm");
    host.with(|world| world.apply(Change::DeleteService { service: SERVICE.into() }));
    let aws = over(host.http_client()).await;
    let found = aws.ecs.describe_services().cluster(CLUSTER).services(SERVICE).send().await.unwrap();
    assert_eq!(found.services()[0].status(), Some("INACTIVE"));
    let error = aws.ecs.describe_services().cluster("nowhere").services(SERVICE).send().await.unwrap_err();
    assert!(error.as_service_error().unwrap().is_cluster_not_found_exception());
    assert_eq!(error.message(), Some("Cluster not found."));
}

#[tokio::test(start_paused = true)]
async fn tasks_are_listed_page_by_page_and_described() {
    let host = host("calm");
    let aws = over(host.http_client()).await;
    let list = |token: Option<String>| {
        aws.ecs.list_tasks().cluster(CLUSTER).service_name(SERVICE).max_results(2).set_next_token(token).send()
    };
    let first = list(None).await.unwrap();
    assert_eq!(first.task_arns().len(), 2);
    let second = list(first.next_token().map(ToOwned::to_owned)).await.unwrap();
    assert_eq!((second.task_arns().len(), second.next_token()), (1, None));
    let found =
        aws.ecs.describe_tasks().cluster(CLUSTER).tasks(&first.task_arns()[0]).tasks("f00").send().await.unwrap();
    let task = &found.tasks()[0];
    assert_eq!((task.last_status(), task.health_status().unwrap().as_str()), (Some("RUNNING"), "HEALTHY"));
    assert_eq!(task.containers().iter().filter_map(|c| c.name()).collect::<Vec<_>>(), ["api", "redis"]);
    assert!(task.containers()[0].image_digest().unwrap().starts_with("sha256:"));
    assert_eq!(found.failures()[0].reason(), Some("MISSING"));

    host.with(|world| {
        world.apply(Change::Deploy { service: SERVICE.into(), image: None, ailment: Some(Ailment::Crashes) });
    });
    tokio::time::sleep(Duration::from_mins(2)).await;
    let stopped = aws
        .ecs
        .list_tasks()
        .cluster(CLUSTER)
        .service_name(SERVICE)
        .desired_status(DesiredStatus::Stopped)
        .send()
        .await
        .unwrap();
    let found = aws.ecs.describe_tasks().cluster(CLUSTER).set_tasks(stopped.task_arns).send().await.unwrap();
    let crashed = found.tasks().iter().find(|t| t.stop_code().unwrap().as_str() == "EssentialContainerExited").unwrap();
    assert_eq!(crashed.stopped_reason(), Some("Essential container in task exited"));
    assert_eq!(crashed.containers()[0].exit_code(), Some(1));
    let logs =
        aws.logs.filter_log_events().log_group_name("/ecs/analytics-api").filter_pattern("Cannot find module").send();
    assert!(!logs.await.unwrap().events().is_empty());
}

#[tokio::test(start_paused = true)]
async fn task_definitions_and_their_images_can_be_followed_to_the_registry() {
    let aws = over(host("calm").http_client()).await;
    let list = aws.ecs.list_task_definitions().family_prefix(SERVICE).sort(SortOrder::Desc).send().await.unwrap();
    assert!(list.task_definition_arns()[0].ends_with("analytics-api:41"));
    let found = aws.ecs.describe_task_definition().task_definition("analytics-api:41").send().await.unwrap();
    let definition = found.task_definition().unwrap();
    assert_eq!(definition.runtime_platform().unwrap().cpu_architecture().unwrap().as_str(), "ARM64");
    let image = definition.container_definitions()[0].image().unwrap().to_owned();
    let tag = image.rsplit(':').next().unwrap();
    assert_eq!(tag.len(), 7);
    let id = aws_sdk_ecr::types::ImageIdentifier::builder().image_tag(tag).build();
    let images = aws.ecr.describe_images().repository_name(SERVICE).image_ids(id).send().await.unwrap();
    assert!(images.image_details()[0].image_digest().unwrap().starts_with("sha256:"));
    let repositories = aws.ecr.describe_repositories().send().await.unwrap();
    assert!(image.starts_with(repositories.repositories()[0].repository_uri().unwrap()));
    assert!(aws.ecr.list_images().repository_name(SERVICE).send().await.unwrap().image_ids().len() > 5);
    let error = aws.ecr.describe_images().repository_name("ghost").send().await.unwrap_err();
    assert!(error.as_service_error().unwrap().is_repository_not_found_exception());
    let error = aws.ecs.describe_task_definition().task_definition("analytics-api:latest").send().await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidParameterException"));
}

#[tokio::test(start_paused = true)]
async fn an_account_can_be_discovered_from_nothing() {
    let aws = over(host("calm").http_client()).await;
    let clusters = aws.ecs.list_clusters().send().await.unwrap();
    assert!(clusters.cluster_arns()[0].ends_with("cluster/analytics-production"));
    let clusters = aws.ecs.describe_clusters().clusters(CLUSTER).send().await.unwrap();
    assert_eq!((clusters.clusters()[0].status(), clusters.clusters()[0].running_tasks_count()), (Some("ACTIVE"), 3));
    let services = aws.ecs.list_services().cluster(CLUSTER).send().await.unwrap();
    assert!(services.service_arns()[0].ends_with("service/analytics-production/analytics-api"));
    let groups = aws.logs.describe_log_groups().log_group_name_prefix("/ecs/").send().await.unwrap();
    assert_eq!(groups.log_groups()[0].log_group_name(), Some("/ecs/analytics-api"));
    let who = aws.sts.get_caller_identity().send().await.unwrap();
    assert_eq!((who.account(), who.arn()), (Some("123456789012"), Some("arn:aws:iam::123456789012:user/ana")));
    let metrics = aws.cloudwatch.list_metrics().namespace("AWS/RDS").send().await.unwrap();
    assert!(metrics.metrics().iter().any(|m| m.metric_name() == Some("DatabaseConnections")));
    let namespace = aws_sdk_applicationautoscaling::types::ServiceNamespace::Ecs;
    let targets = aws.scaling.describe_scalable_targets().service_namespace(namespace.clone()).send().await.unwrap();
    let target = &targets.scalable_targets()[0];
    assert_eq!((target.min_capacity(), target.max_capacity()), (1, 6));
    let policies = aws.scaling.describe_scaling_policies().service_namespace(namespace.clone()).send().await.unwrap();
    assert_eq!(policies.scaling_policies().len(), 2);
    let activities = aws.scaling.describe_scaling_activities().service_namespace(namespace).send().await.unwrap();
    assert!(activities.scaling_activities()[0].cause().contains("triggered policy"));
    let deployments = aws.ecs.list_service_deployments().cluster(CLUSTER).service(SERVICE).send().await.unwrap();
    assert!(deployments.service_deployments().len() >= 3);
    let newest = &deployments.service_deployments()[0];
    let arn = newest.service_deployment_arn().unwrap();
    let described = aws.ecs.describe_service_deployments().service_deployment_arns(arn).send().await.unwrap();
    let target = described.service_deployments()[0].target_service_revision().unwrap();
    assert_eq!(target.arn(), newest.target_service_revision_arn());
    let revisions =
        aws.ecs.describe_service_revisions().service_revision_arns(target.arn().unwrap()).send().await.unwrap();
    assert!(revisions.service_revisions()[0].container_images()[0].image_digest().unwrap().starts_with("sha256:"));
    let error = aws.ecs.stop_service_deployment().service_deployment_arn(arn).send().await.unwrap_err();
    assert!(error.as_service_error().unwrap().is_conflict_exception(), "it is over: {error:?}");
}

#[tokio::test(start_paused = true)]
async fn only_the_newest_deployment_can_be_stopped() {
    let host = host("calm");
    let aws = over(host.http_client()).await;
    let force = async || {
        aws.ecs.update_service().cluster(CLUSTER).service(SERVICE).force_new_deployment(true).send().await.unwrap();
        host.with(|world| world.advance(world.now() + jiff::SignedDuration::from_secs(5)));
    };
    force().await;
    force().await;
    let found = aws.ecs.list_service_deployments().cluster(CLUSTER).service(SERVICE).send().await.unwrap();
    let arn = |i: usize| found.service_deployments()[i].service_deployment_arn().unwrap().to_owned();
    let error = aws.ecs.stop_service_deployment().service_deployment_arn(arn(1)).send().await.unwrap_err();
    assert!(error.as_service_error().unwrap().is_conflict_exception(), "{error:?}");
    let service = host.with(|world| world.is_deploying(SERVICE));
    assert!(service, "the newer one goes on");
    aws.ecs.stop_service_deployment().service_deployment_arn(arn(0)).send().await.unwrap();
    let found = aws.ecs.describe_services().cluster(CLUSTER).services(SERVICE).send().await.unwrap();
    let primary = &found.services()[0].deployments()[0];
    let reason = primary.rollout_state_reason().unwrap();
    assert!(reason.starts_with("ECS deployment: rolling back to deploymentId "), "{reason}");
    host.with(|world| world.advance(world.now() + jiff::SignedDuration::from_mins(10)));
    let found = aws.ecs.describe_services().cluster(CLUSTER).services(SERVICE).send().await.unwrap();
    let reason = found.services()[0].deployments()[0].rollout_state_reason().unwrap();
    assert!(reason.starts_with("ECS deployment: rollback to deploymentId "), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn a_database_is_seen_with_its_status_storage_and_restore_time() {
    let aws = over(host("az-down").http_client()).await;
    let found = aws.rds.describe_db_instances().db_instance_identifier("analytics").send().await.unwrap();
    let database = &found.db_instances()[0];
    assert_eq!((database.db_instance_status(), database.allocated_storage()), (Some("failed"), Some(20)));
    assert_eq!(database.endpoint().unwrap().port(), Some(5432));
    let behind = start().as_second() - database.latest_restorable_time().unwrap().secs();
    assert!((300..600).contains(&behind), "{behind}");
    let events = aws.rds.describe_events().duration(60).send().await.unwrap();
    assert!(events.events().iter().any(|e| e.message().unwrap().contains("Availability Zone")));
    let error = aws.rds.describe_db_instances().db_instance_identifier("ghost").send().await.unwrap_err();
    assert!(error.as_service_error().unwrap().is_db_instance_not_found_fault());
}

#[tokio::test(start_paused = true)]
async fn a_task_in_a_lost_zone_is_counted_as_running_and_keeps_the_health_that_was_heard_last() {
    let aws = over(host("az-down").http_client()).await;
    let found = aws.ecs.describe_services().cluster(CLUSTER).services(SERVICE).send().await.unwrap();
    assert_eq!(found.services()[0].running_count(), 3);
    let listed = aws.ecs.list_tasks().cluster(CLUSTER).service_name(SERVICE).send().await.unwrap();
    let tasks = aws.ecs.describe_tasks().cluster(CLUSTER).set_tasks(Some(listed.task_arns().to_vec())).send().await;
    let tasks = tasks.unwrap();
    let lost: Vec<_> = tasks.tasks().iter().filter(|t| t.availability_zone() == Some("us-east-1a")).collect();
    assert_eq!(lost.len(), 1);
    assert_eq!(lost[0].connectivity().map(aws_sdk_ecs::types::Connectivity::as_str), Some("DISCONNECTED"));
    assert_eq!(lost[0].health_status().map(aws_sdk_ecs::types::HealthStatus::as_str), Some("HEALTHY"));
    assert_eq!(lost[0].last_status(), Some("RUNNING"));
}

#[tokio::test(start_paused = true)]
async fn three_hours_of_metrics_come_in_one_call_or_in_pages() {
    let aws = over(host("calm").http_client()).await;
    let ask = |limit: Option<i32>, token: Option<String>| {
        aws.cloudwatch
            .get_metric_data()
            .metric_data_queries(metric_query("p95", "Latency", "p95"))
            .metric_data_queries(metric_query("errors", "ErrorRate", "Average"))
            .metric_data_queries(metric_query("ghost", "Ghost", "Average"))
            .start_time(aws_time(start() - SignedDuration::from_hours(3)))
            .end_time(aws_time(start()))
            .scan_by(ScanBy::TimestampAscending)
            .set_max_datapoints(limit)
            .set_next_token(token)
            .send()
    };
    let all = ask(None, None).await.unwrap();
    let p95 = &all.metric_data_results()[0];
    assert!((179..=181).contains(&p95.values().len()), "{}", p95.values().len());
    assert!(p95.timestamps().windows(2).all(|w| w[1].secs() - w[0].secs() == 60));
    assert!(p95.values().iter().all(|v| (50.0..500.0).contains(v)));
    assert_eq!((all.metric_data_results().len(), all.metric_data_results()[2].values().len()), (3, 0));
    assert_eq!(all.next_token(), None);

    let (mut token, mut values, mut pages) = (None, Vec::new(), 0);
    loop {
        let page = ask(Some(100), token).await.unwrap();
        pages += 1;
        values.extend(page.metric_data_results().iter().flat_map(|r| r.values().to_vec()));
        token = page.next_token().map(ToOwned::to_owned);
        if token.is_none() {
            break;
        }
    }
    let whole: Vec<f64> = all.metric_data_results().iter().flat_map(|r| r.values().to_vec()).collect();
    assert_eq!((pages, values), (4, whole));
}

#[tokio::test(start_paused = true)]
async fn a_minute_is_published_only_after_it_has_ended() {
    let aws = over(host("calm").http_client()).await;
    let newest = || async {
        let now = start() + SignedDuration::from_mins(5);
        let data = aws
            .cloudwatch
            .get_metric_data()
            .metric_data_queries(metric_query("q", "QueueDepth", "Maximum"))
            .start_time(aws_time(start() - SignedDuration::from_mins(10)))
            .end_time(aws_time(now));
        data.send().await.unwrap().metric_data_results()[0].timestamps()[0].secs()
    };
    // 15:12:37: the minute 15:11 has been published, 15:12 has not.
    let minute = start().as_second() / 60 * 60;
    assert_eq!(newest().await, minute - 60);
    tokio::time::sleep(Duration::from_secs(24)).await;
    assert_eq!(newest().await, minute - 60, "15:13:01 is too early");
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(newest().await, minute);
}

#[tokio::test(start_paused = true)]
async fn statistics_of_one_metric_come_with_their_unit() {
    let aws = over(host("calm").http_client()).await;
    let found = aws
        .cloudwatch
        .get_metric_statistics()
        .namespace("AWS/RDS")
        .metric_name("FreeStorageSpace")
        .dimensions(Dimension::builder().name("DBInstanceIdentifier").value("analytics").build())
        .start_time(aws_time(start() - SignedDuration::from_hours(1)))
        .end_time(aws_time(start()))
        .period(300)
        .statistics(Statistic::Average)
        .statistics(Statistic::Minimum)
        .send()
        .await
        .unwrap();
    assert!((11..=13).contains(&found.datapoints().len()), "{}", found.datapoints().len());
    let point = &found.datapoints()[0];
    assert!(point.average().unwrap() > 11e9 && point.minimum().unwrap() <= point.average().unwrap());
    assert_eq!(point.unit().unwrap().as_str(), "Bytes");
}

#[tokio::test(start_paused = true)]
async fn alarms_are_seen_with_state_reason_and_history() {
    let host = host("bad-deploy");
    let aws = over(host.http_client()).await;
    assert_eq!(aws.cloudwatch.describe_alarms().send().await.unwrap().metric_alarms().len(), 13);
    tokio::time::sleep(Duration::from_secs(90)).await;
    let found = aws.cloudwatch.describe_alarms().state_value(StateValue::Alarm).send().await.unwrap();
    let alarm = &found.metric_alarms()[0];
    assert_eq!(alarm.alarm_name(), Some("API-HighErrorRate"));
    let others = &found.metric_alarms()[1..];
    assert!(others.iter().all(|a| a.alarm_name().unwrap().starts_with("TargetTracking-")), "auto scaling's own");
    assert!(alarm.state_reason().unwrap().starts_with("Threshold Crossed: 5 out of the last 5 datapoints ["));
    assert_eq!((alarm.threshold(), alarm.period(), alarm.evaluation_periods()), (Some(5.0), Some(60), Some(5)));
    assert!(alarm.state_transitioned_timestamp().unwrap().secs() > start().as_second());
    let history = aws.cloudwatch.describe_alarm_history().alarm_name("API-HighErrorRate").send().await.unwrap();
    assert_eq!(history.alarm_history_items()[0].history_summary(), Some("Alarm updated from OK to ALARM"));
    let slow = aws.cloudwatch.describe_alarms().alarm_names("API-SlowResponse").send().await.unwrap();
    assert_eq!(slow.metric_alarms()[0].extended_statistic(), Some("p95"));
    let first = aws.cloudwatch.describe_alarms().max_records(5).send().await.unwrap();
    let rest =
        aws.cloudwatch.describe_alarms().max_records(5).next_token(first.next_token().unwrap()).send().await.unwrap();
    assert_eq!((first.metric_alarms().len(), rest.metric_alarms().len()), (5, 5));
    let error = aws.cloudwatch.describe_alarms().next_token("nonsense").send().await.unwrap_err();
    assert!(error.as_service_error().unwrap().is_invalid_next_token(), "a typed error over CBOR");
}

#[tokio::test(start_paused = true)]
async fn a_service_can_be_scaled_and_given_another_revision() {
    let host = host("calm");
    let aws = over(host.http_client()).await;
    // Or else auto scaling, which sees little load, would take the number back.
    let namespace = aws_sdk_applicationautoscaling::types::ServiceNamespace::Ecs;
    let dimension = aws_sdk_applicationautoscaling::types::ScalableDimension::EcsServiceDesiredCount;
    let register =
        aws.scaling.register_scalable_target().service_namespace(namespace.clone()).scalable_dimension(dimension);
    register.resource_id("service/analytics-production/analytics-api").min_capacity(4).send().await.unwrap();
    let definition = aws.ecs.describe_task_definition().task_definition(SERVICE).send().await.unwrap();
    let containers = definition.task_definition.unwrap().container_definitions;
    let register = aws
        .ecs
        .register_task_definition()
        .family(SERVICE)
        .set_container_definitions(containers)
        .cpu("256")
        .memory("512");
    let registered = register.send().await.unwrap();
    assert_eq!(registered.task_definition().unwrap().revision(), 42);
    let update =
        aws.ecs.update_service().cluster(CLUSTER).service(SERVICE).task_definition("analytics-api:42").desired_count(4);
    let updated = update.send().await.unwrap();
    assert_eq!(updated.service().unwrap().deployments().len(), 2);
    tokio::time::sleep(Duration::from_secs(150)).await;
    let found = aws.ecs.describe_services().cluster(CLUSTER).services(SERVICE).send().await.unwrap();
    let service = &found.services()[0];
    assert_eq!((service.running_count(), service.deployments().len()), (4, 1));
    let targets = aws.scaling.describe_scalable_targets().service_namespace(namespace).send().await.unwrap();
    assert_eq!((targets.scalable_targets()[0].min_capacity(), targets.scalable_targets()[0].max_capacity()), (4, 6));
}
