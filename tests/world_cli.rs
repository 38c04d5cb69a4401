//! The AWS CLI reads the world: proof by a client that is not ours.

// The helpers of tests may fail as the tests do.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::process::Output;

use jiff::{SignedDuration, Timestamp};
use plantao::clock::Clock;
use plantao::world::{Failure, Fault, Host, Scenario, Served, World};
use serde_json::Value;

use crate::harness::aws_cli;

fn start() -> Timestamp {
    "2026-11-24T15:12:37Z".parse().unwrap()
}

fn serve(scenario: &str) -> (Host, Served) {
    let world = World::new(&Scenario::named(scenario).unwrap(), 7, start());
    let host = Host::new(world, Clock::simulated(start(), 1.0));
    let served = host.serve("127.0.0.1:0".parse().unwrap()).unwrap();
    (host, served)
}

async fn run(served: &Served, arguments: &[&str]) -> Output {
    tokio::process::Command::new(aws_cli())
        .args(["--endpoint-url", &served.url, "--region", "us-east-1", "--output", "json"])
        .args(arguments)
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env_remove("AWS_PROFILE")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("AWS_MAX_ATTEMPTS", "1")
        .output()
        .await
        .unwrap()
}

async fn read(served: &Served, arguments: &[&str]) -> Value {
    let output = run(served, arguments).await;
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "aws {arguments:?}: {error}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn the_aws_cli_reads_services_tasks_and_scaling() {
    let (_host, served) = serve("bad-deploy");
    let cluster = ["--cluster", "analytics-production"];
    let services =
        read(&served, &["ecs", "describe-services", cluster[0], cluster[1], "--services", "analytics-api"]).await;
    let service = &services["services"][0];
    assert_eq!((&service["runningCount"], &service["status"]), (&3.into(), &"ACTIVE".into()));
    // Version 1 prints the number that it got, version 2 a date.
    let created = &service["deployments"][0]["createdAt"];
    let deployed = (start() - SignedDuration::from_secs(297)).as_second();
    assert!(
        created == &Value::from(deployed as f64) || created.as_str().is_some_and(|at| at.contains("2026-11-24T")),
        "{created}"
    );
    let tasks = read(&served, &["ecs", "list-tasks", cluster[0], cluster[1], "--service-name", "analytics-api"]).await;
    let arn = tasks["taskArns"][0].as_str().unwrap();
    let tasks = read(&served, &["ecs", "describe-tasks", cluster[0], cluster[1], "--tasks", arn]).await;
    assert_eq!(tasks["tasks"][0]["containers"][1]["name"], "redis");
    let targets =
        read(&served, &["application-autoscaling", "describe-scalable-targets", "--service-namespace", "ecs"]).await;
    assert_eq!(targets["ScalableTargets"][0]["MaxCapacity"], 6);
    let images = read(&served, &["ecr", "describe-images", "--repository-name", "analytics-api"]).await;
    assert!(images["imageDetails"].as_array().unwrap().len() > 5);
    let laptop =
        ["ecr", "batch-get-image", "--repository-name", "analytics-api", "--image-ids", "imageTag=hotfix-laptop"];
    let manifest = read(&served, &laptop).await["images"][0]["imageManifest"].as_str().unwrap().to_owned();
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    assert_eq!(manifest["manifests"][0]["platform"]["architecture"], "amd64");
    let login = run(&served, &["ecr", "get-login-password"]).await;
    let said = String::from_utf8_lossy(&login.stderr);
    assert!(!login.status.success() && said.contains("no container registry"), "{said}");
    let logs = read(&served, &["logs", "filter-log-events", "--log-group-name", "/ecs/analytics-api"]).await;
    assert!(!logs["events"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn the_aws_cli_reads_alarms_and_metrics() {
    let (_host, served) = serve("calm");
    let alarms = read(&served, &["cloudwatch", "describe-alarms"]).await;
    let alarms = alarms["MetricAlarms"].as_array().unwrap();
    assert_eq!((alarms.len(), &alarms[0]["StateValue"]), (13, &"OK".into()));
    let history = read(&served, &["cloudwatch", "describe-alarm-history", "--alarm-name", "ECS-HighCPU"]).await;
    assert!(history["AlarmHistoryItems"].as_array().unwrap().len() >= 2);
    let from = (start() - SignedDuration::from_hours(1)).to_string();
    let to = start().to_string();
    let query = r#"[{"Id":"cpu","MetricStat":{"Metric":{"Namespace":"AWS/RDS","MetricName":"CPUUtilization",
        "Dimensions":[{"Name":"DBInstanceIdentifier","Value":"analytics"}]},"Period":60,"Stat":"Average"}}]"#;
    let span = ["--start-time", &from, "--end-time", &to];
    let mut asked = vec!["cloudwatch", "get-metric-data", "--metric-data-queries", query];
    asked.extend(span);
    let data = read(&served, &asked).await;
    let points = data["MetricDataResults"][0]["Values"].as_array().unwrap().len();
    assert!((59..=61).contains(&points), "{points}");
}

#[tokio::test]
async fn the_aws_cli_reads_the_database_and_who_it_is() {
    let (_host, served) = serve("low-storage");
    let found = read(&served, &["rds", "describe-db-instances"]).await;
    let database = &found["DBInstances"][0];
    assert_eq!((&database["DBInstanceStatus"], &database["Endpoint"]["Port"]), (&"available".into(), &5432.into()));
    assert!(database["LatestRestorableTime"].as_str().unwrap().starts_with("2026-11-24T15:0"), "{database:#}");
    let who = read(&served, &["sts", "get-caller-identity"]).await;
    assert_eq!(who["Account"], "123456789012");
}

#[tokio::test]
async fn the_aws_cli_is_refused_in_awss_own_words() {
    let (host, served) = serve("calm");
    host.inject(Fault::on("*", Failure::AccessDenied));
    for arguments in [["ecs", "list-clusters"], ["cloudwatch", "describe-alarms"], ["rds", "describe-db-instances"]] {
        let output = run(&served, &arguments).await;
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && error.contains("(AccessDenied"), "{error}");
        assert!(error.contains("user/ana is not authorized to perform: "), "{error}");
    }
    host.heal();
    let error =
        String::from_utf8_lossy(&run(&served, &["ecs", "delete-cluster", "--cluster", "x"]).await.stderr).into_owned();
    assert!(error.contains("UnknownOperationException") && error.contains("ecs:DeleteCluster"), "{error}");
}
