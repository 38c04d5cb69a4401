//! The commands for scripts, run as scripts run them, on moto and on the served demo.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

use crate::harness::{Fill, Moto, Paste, aws_cli, moto};

fn plantao(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plantao"));
    command.args(arguments).stdin(Stdio::null());
    command.env("HOME", env!("CARGO_TARGET_TMPDIR")).env("AWS_EC2_METADATA_DISABLED", "true");
    command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
    for name in ["AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CA_BUNDLE", "PLANTAO_CONFIG", "XDG_CONFIG_HOME"] {
        command.env_remove(name);
    }
    command
}

fn on(moto: &Moto, arguments: &[&str]) -> Command {
    let mut command = plantao(arguments);
    command.args(["--endpoint-url", &moto.endpoint, "--region", moto.region]);
    command
}

fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"))
}

fn stdout(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    String::from_utf8(output.stdout.clone()).unwrap_or_else(|_| panic!("standard output is not UTF-8; {said}"))
}

/// The served demo; it ends with the test.
struct Demo {
    child: Child,
    url: String,
}

impl Demo {
    fn serve(scenario: &str) -> Demo {
        let mut command = plantao(&["demo", "--serve", "--scenario", scenario]);
        let _one_at_a_time = crate::harness::starting();
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the demo starts");
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let url = lines.next().expect("a first line").expect("it can be read");
        assert!(url.starts_with("http://127.0.0.1:"), "{url}");
        // What else it says is dropped, and the pipe stays open.
        std::thread::spawn(move || lines.for_each(drop));
        Demo { child, url }
    }

    fn aws(&self, arguments: &[&str]) -> Value {
        let mut command = Command::new(aws_cli());
        command.args(["--endpoint-url", &self.url, "--region", "us-east-1", "--output", "json"]).args(arguments);
        command.env("AWS_ACCESS_KEY_ID", "demo").env("AWS_SECRET_ACCESS_KEY", "demo");
        let output = run(&mut command);
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_str(&stdout(&output)).expect("the AWS CLI writes JSON")
    }

    /// The image that its service is to run.
    fn running(&self) -> String {
        let service = ["--services", "analytics-api", "--query", "services[0].taskDefinition"];
        let revision =
            self.aws(&[&["ecs", "describe-services", "--cluster", "analytics-production"][..], &service].concat());
        let image = ["--query", "taskDefinition.containerDefinitions[0].image", "--task-definition"];
        let revision = revision.as_str().expect("an ARN");
        let image = self.aws(&[&["ecs", "describe-task-definition"][..], &image, &[revision]].concat());
        image.as_str().expect("an image").to_owned()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_aws_cli_reads_the_demo() {
    let demo = Demo::serve("bad-deploy");
    let clusters = demo.aws(&["ecs", "list-clusters"]);
    assert_eq!(clusters["clusterArns"][0], "arn:aws:ecs:us-east-1:123456789012:cluster/analytics-production");
    let services =
        demo.aws(&["ecs", "describe-services", "--cluster", "analytics-production", "--services", "analytics-api"]);
    assert_eq!(services["services"][0]["serviceName"], "analytics-api");
    assert!(services["services"][0]["runningCount"].is_number());
    let alarms = demo.aws(&["cloudwatch", "describe-alarms"]);
    let names: Vec<&str> =
        alarms["MetricAlarms"].as_array().expect("a list").iter().filter_map(|a| a["AlarmName"].as_str()).collect();
    assert_eq!(names.len(), 13, "{names:?}");
    let databases = demo.aws(&["rds", "describe-db-instances"]);
    assert_eq!(databases["DBInstances"][0]["DBInstanceIdentifier"], "analytics");
    let secret =
        demo.aws(&["secretsmanager", "get-secret-value", "--secret-id", plantao::world::Host::DATABASE_SECRET]);
    assert!(secret["SecretString"].as_str().unwrap().starts_with("postgresql://analytics:"), "{secret}");
    let identity = demo.aws(&["sts", "get-caller-identity"]);
    assert_eq!(identity["Arn"], "arn:aws:iam::123456789012:user/ana");
}

#[test]
fn the_commands_of_a_plan_pasted_by_who_trusts_the_aws_cli_more_deploy_the_same() {
    let demo = Demo::serve("calm");
    let (file, home) = (sample_file(), tempfile::tempdir().expect("a folder"));
    let path = file.path().to_string_lossy().into_owned();
    let tags =
        ["ecr", "describe-images", "--repository-name", "analytics-api", "--query", "imageDetails[].imageTags[]"];
    let (tags, runs) = (demo.aws(&tags), demo.running());
    let older = |tag: &&str| !tag.contains("laptop") && !runs.ends_with(&format!(":{tag}"));
    let tag = tags.as_array().expect("a list").iter().filter_map(Value::as_str).find(older).expect("another image");
    let plan = ["-c", &path, "plan", "emergency-deploy", "--image", tag, "--json"];
    let mut plan = plantao(&[&["--endpoint-url", &demo.url, "--region", "us-east-1"][..], &plan].concat());
    let plan = run(plan.env("XDG_STATE_HOME", home.path()));
    let plan: Value = serde_json::from_str(&stdout(&plan)).unwrap_or_else(|e| panic!("{e}: {plan:?}"));
    let commands = plan["steps"].as_array().expect("steps").iter().filter_map(|step| step["view"]["command"].as_str());
    // The demo runs as fast as the day does: nobody waits here for tasks, nor for what a health check asks.
    let commands: Vec<&str> = commands.filter(|c| !c.contains(" wait ") && !c.starts_with("curl ")).collect();
    assert_eq!(commands.len(), 2, "{commands:#?}");

    Paste::at(&demo.url).paste(&commands);
    let (repository, _) = runs.rsplit_once(':').expect("a tag");
    let digest = ["--image-ids", &format!("imageTag={tag}"), "--query", "imageDetails[0].imageDigest"];
    let digest = demo.aws(&[&["ecr", "describe-images", "--repository-name", "analytics-api"][..], &digest].concat());
    assert_eq!(demo.running(), format!("{repository}@{}", digest.as_str().expect("a digest")));
}

/// The sample platform file on disk.
fn sample_file() -> tempfile::NamedTempFile {
    let file = tempfile::Builder::new().suffix(".toml").tempfile().expect("a file");
    std::fs::write(file.path(), plantao::platform::file::SAMPLE).expect("it can be written");
    file
}

#[test]
fn status_tells_a_script_how_bad_it_is() {
    let file = sample_file();
    let path = file.path().to_string_lossy().into_owned();
    for (firing, code) in [(&["ECS-HighCPU"][..], 1), (&["ECS-HighCPU", "RDS-Down"][..], 2)] {
        let moto = moto();
        // No metrics: the alarms alone decide.
        moto.fill(&Fill { firing, metrics: false, ..Fill::default() });
        let output = run(&mut on(&moto, &["status", "--config", &path]));
        assert_eq!(output.status.code(), Some(code), "{}", stdout(&output));
        for name in firing {
            assert!(stdout(&output).contains(name), "{}", stdout(&output));
        }
        let json = run(&mut on(&moto, &["status", "--json", "--config", &path]));
        assert_eq!(json.status.code(), Some(code));
        let _: Value = serde_json::from_str(&stdout(&json)).expect("it is JSON");
    }
}

#[test]
fn status_says_that_it_could_not_tell_and_why() {
    let file = sample_file();
    let path = file.path().to_string_lossy().into_owned();
    let output = run(&mut plantao(&[
        "status",
        "--config",
        &path,
        "--region",
        "us-east-1",
        "--endpoint-url",
        "http://127.0.0.1:9",
    ]));
    assert_eq!(output.status.code(), Some(3), "{}", stdout(&output));
    let said = stdout(&output) + &String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("127.0.0.1:9") || said.to_lowercase().contains("connect"), "{said}");
}

#[test]
fn init_writes_a_platform_file_that_check_and_status_accept() {
    let moto = moto();
    // 101 instances: RDS answers in two pages, and the one meant is chosen by its name.
    moto.fill(&Fill { metrics: false, databases: 100, ..Fill::default() });
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("platform.toml").to_string_lossy().into_owned();
    let written = run(&mut on(&moto, &["init", "--yes", "--database", "analytics", "--output", &path]));
    let said = String::from_utf8_lossy(&written.stderr).into_owned();
    assert!(written.status.success(), "{}{said}", stdout(&written));

    let text = std::fs::read_to_string(&path).expect("it is there");
    let platform = plantao::platform::file::read(&text, "platform.toml").unwrap_or_else(|e| panic!("{e}\n{text}"));
    assert_eq!(platform.services.len(), 1, "{text}");
    let service = &platform.services[0];
    assert_eq!((service.name.as_str(), service.cluster.as_str()), ("analytics-api", "analytics-production"));
    assert!(service.auto_scaling, "{text}");
    assert_eq!(platform.databases.iter().map(|d| d.id.as_str()).collect::<Vec<_>>(), ["analytics"], "{text}");
    assert_eq!(platform.alarms.len(), 9, "{text}");

    assert!(run(&mut plantao(&["check", &path])).status.success());
    let again = run(&mut on(&moto, &["init", "--yes", "--database", "analytics", "--output", &path]));
    assert!(!again.status.success(), "it never overwrites without being told");
    assert_eq!(std::fs::read_to_string(&path).expect("it is still there"), text);
    let status = run(&mut on(&moto, &["status", "--config", &path]));
    assert_ne!(status.status.code(), Some(3), "{}", stdout(&status));
}
