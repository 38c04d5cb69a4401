//! The commands for scripts on the world: what they say of a platform with something wrong in it.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use jiff::{SignedDuration, Timestamp};
use plantao::clock::Clock;
use plantao::platform::file;
use plantao::world::{Failure, Fault, Host, Scenario, Served, World};
use serde_json::Value;
use tempfile::TempDir;

/// A world on a port, and a home whose platform file describes it.
struct Scene {
    host: Host,
    served: Served,
    home: TempDir,
}

impl Scene {
    /// The scenario, so many minutes after it began; the world's present is the machine's.
    async fn of(scenario: &str, minutes: i64) -> Scene {
        let now = Timestamp::now();
        let scenario = Scenario::named(scenario).expect("it exists");
        let world = tokio::task::spawn_blocking(move || {
            let mut world = World::new(&scenario, 1, now - SignedDuration::from_mins(minutes));
            world.advance(now);
            world
        });
        let host = Host::new(world.await.expect("it is made"), Clock::simulated(now, 1.0));
        let served = host.serve(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).expect("a port");
        let home = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(home.path().join(".config/plantao")).expect("a folder");
        fs::write(home.path().join(".config/plantao/platform.toml"), file::SAMPLE).expect("it can be written");
        Scene { host, served, home }
    }

    /// Runs plantao; this runtime serves the world meanwhile.
    async fn run(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plantao"));
        command.args(arguments).args(["--endpoint-url", &self.served.url]).stdin(Stdio::null()).env_clear();
        command.env("HOME", self.home.path()).env("AWS_EC2_METADATA_DISABLED", "true").env("PATH", "/usr/bin:/bin");
        command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
        command.env("AWS_REGION", "us-east-1");
        let output = tokio::task::spawn_blocking(move || command.output()).await.expect("it ends").expect("it runs");
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        (output.status.code(), text)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_well_is_0_low_storage_is_1_and_a_bad_deployment_is_2_with_its_runbook() {
    let calm = Scene::of("calm", 15).await;
    let (code, text) = calm.run(&["status"]).await;
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("all well"), "{text}");

    let low = Scene::of("low-storage", 10).await;
    let (code, text) = low.run(&["status"]).await;
    assert_eq!(code, Some(1), "{text}");
    let (_, storage) = text.split_once("RDS-LowStorage").expect("its alarm");
    let storage = storage.split("\nwarning").next().unwrap_or_default();
    assert!(storage.contains("enlarge the volume") && !storage.contains("runbook:"), "{text}");
    assert!(storage.contains("aws rds modify-db-instance --db-instance-identifier analytics"), "{text}");

    let bad = Scene::of("bad-deploy", 15).await;
    let (code, text) = bad.run(&["status"]).await;
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("runbook: rollback"), "{text}");
    let (code, text) = bad.run(&["status", "--json"]).await;
    let json: Value = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!((code, json["exit"].as_i64()), (Some(2), Some(2)));
    assert_eq!(json["account"], "123456789012");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_call_leaves_the_rest_told_and_doctor_names_the_statement() {
    let scene = Scene::of("calm", 5).await;
    scene.host.inject(Fault::on("cloudwatch:DescribeAlarms", Failure::AccessDenied));
    let (code, text) = scene.run(&["status"]).await;
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("cannot tell alarms") && text.contains("postgres 16.3"), "{text}");
    let (code, text) = scene.run(&["doctor"]).await;
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("attach the statement \"Alarms\" of assets/iam/plantao-read.json"), "{text}");
    assert!(text.contains("ok    ecs:DescribeServices"), "{text}");
    scene.host.heal();
    let (code, text) = scene.run(&["doctor"]).await;
    assert_eq!(code, Some(0), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_calls_no_permission_good_that_it_could_not_try() {
    let scene = Scene::of("calm", 5).await;
    scene.host.inject(Fault::on("ecs:ListTasks", Failure::Garbage));
    let (code, text) = scene.run(&["doctor"]).await;
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("note  ecs:DescribeTasks") && text.contains("ecs:ListTasks named no task"), "{text}");
    assert!(text.contains("ok    ecs:DescribeServices"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_services_is_told_as_such_and_not_as_a_service_that_was_deleted() {
    let scene = Scene::of("calm", 5).await;
    scene.host.inject(Fault::on("ecs:DescribeServices", Failure::FieldsMissing));
    let (code, text) = scene.run(&["status"]).await;
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("cannot tell service analytics-api") && text.contains("in the answer of"), "{text}");
    assert!(!text.contains("not found") && !text.contains("deleted"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn init_writes_a_file_that_status_can_use_and_keeps_one_that_is_there() {
    let scene = Scene::of("calm", 5).await;
    let path = scene.home.path().join("deep/er/new.toml");
    let output = path.to_str().expect("it is text");
    let (code, text) = scene.run(&["init", "--output", output]).await;
    assert!(text.contains("logs in /ecs/analytics-api") && text.contains("ECR repository analytics-api"), "{text}");
    assert_eq!(code, Some(0), "one of each needs no question: {text}");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let written = fs::read_to_string(&path).unwrap();
    let platform = file::read(&written, "new.toml").unwrap_or_else(|errors| panic!("{errors}\n{written}"));
    let service = &platform.services[0];
    assert_eq!((service.name.as_str(), service.container.as_deref()), ("analytics-api", Some("api")), "{written}");
    assert_eq!(service.repository.as_deref(), Some("analytics-api"), "{written}");
    assert_eq!(service.log_group.as_deref(), Some("/ecs/analytics-api"), "{written}");
    assert!(service.auto_scaling, "{written}");
    assert_eq!(platform.databases[0].id, "analytics");
    // An outage is seen by the gauges, before any alarm fires: those of the seed, which the names and alarms tell.
    let sample = file::sample();
    for wanted in sample.gauges.iter().filter(|gauge| gauge.query.namespace == "Analytics/API") {
        let found = platform.gauges.iter().find(|gauge| gauge.query == wanted.query);
        let found = found.unwrap_or_else(|| panic!("no {}\n{written}", wanted.title));
        assert_eq!((found.subject, found.unit, found.target), (wanted.subject, wanted.unit, wanted.target));
    }
    assert!(!written.contains("metric = \"CPUUtilization\""), "{written}");
    assert_eq!(platform.alarms.len(), 9, "{written}");

    let (code, text) = scene.run(&["init", "--output", output]).await;
    assert_eq!(code, Some(1));
    assert!(text.contains("--force"), "{text}");
    assert_eq!(fs::read_to_string(&path).unwrap(), written);
    assert_eq!(scene.run(&["init", "--force", "--output", output]).await.0, Some(0));
    let (code, text) = scene.run(&["status", "-c", output]).await;
    assert_eq!(code, Some(0), "{text}");
    let (code, text) = scene.run(&["init", "--force", "--output", output, "--service", "analytics-apy"]).await;
    assert_eq!(code, Some(1));
    assert!(text.contains("Did you mean \"analytics-api\"?"), "{text}");
}
