//! Runs by the real binary on an AWS that is not ours: what it sends, and what is then so.
//!
//! moto's deployments never end, it starts no tasks, and it has no history of deployments: what plantao says of
//! that is part of the proof.

use std::fmt::Write as _;
use std::path::Path;

use plantao::run::{Event, Follower, Record, verify};
use serde_json::{Value, json};

use crate::harness::{Fill, Moto, RUNNING, moto, plantao_at, store_in, told};

const CLUSTER: &str = "analytics-production";
const SERVICE: &str = "analytics-api";

/// A runbook of the user's that is out of patience soon: what `ask`s is a parameter of a type, then its steps, then a wait.
fn quick(ask: (&str, &str), steps: &[&str]) -> String {
    let (name, kind) = ask;
    let head = format!("danger = \"caution\"\n[param.{name}]\nask = \"Which?\"\ntype = \"{kind}\"");
    let mut text = format!("# Quickly\n```toml runbook\n{head}\n```\n");
    for (number, step) in steps.iter().chain(&["ecs.wait-steady\ntimeout = \"3s\""]).enumerate() {
        let _ = write!(text, "## Step {number}\n```toml {step}\n```\n");
    }
    text
}

/// A region of moto with the seed platform, and a user's home.
struct Bench {
    moto: Moto,
    home: tempfile::TempDir,
    /// Changes that filled it.
    before: usize,
}

impl Bench {
    fn new() -> Bench {
        let moto = moto();
        moto.fill(&Fill { metrics: false, revisions: 2, ..Fill::default() });
        let home = tempfile::tempdir().unwrap();
        let config = home.path().join(".config/plantao");
        std::fs::create_dir_all(config.join("runbooks")).unwrap();
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/platform.toml");
        std::fs::copy(sample, config.join("platform.toml")).unwrap();
        let runbooks = [
            ("quick-scale", quick(("desired", "integer"), &["ecs.update-service\ndesired-count = \"{{ desired }}\""])),
            ("quick-back", quick(("to", "revision"), &["ecs.rollback\nto = \"{{ to }}\""])),
            (
                "quick-deploy",
                quick(
                    ("image", "image"),
                    &[
                        "image.find\nimage = \"{{ image }}\"",
                        "ecs.register-image\nimage = \"{{ ready.image }}\"",
                        "ecs.update-service\ntask-definition = \"{{ registered.revision }}\"",
                    ],
                ),
            ),
        ];
        for (name, text) in runbooks {
            std::fs::write(config.join(format!("runbooks/{name}.md")), text).unwrap();
        }
        let before = moto.changes().len();
        Bench { moto, home, before }
    }

    fn plantao(&self, arguments: &[&str]) -> (i32, String) {
        let mut command = plantao_at(self.home.path(), &self.moto.endpoint, arguments);
        told(&command.args(["--region", self.moto.region]).output().unwrap())
    }

    /// What was sent to change something, since the filling: operation and body.
    fn changes(&self) -> Vec<(String, Value)> {
        let seen = self.moto.changes().split_off(self.before);
        seen.into_iter().map(|it| (it["operation"].as_str().unwrap().to_owned(), it["sent"].clone())).collect()
    }

    fn service(&self) -> Value {
        let asked = json!({"cluster": CLUSTER, "services": [SERVICE]});
        self.moto.call("ecs", "describe_services", &asked)["services"][0].clone()
    }

    /// The revision that the service is on; moto answers with whichever form it was given.
    fn revision(&self) -> String {
        let service = self.service();
        let name = service["taskDefinition"].as_str().unwrap();
        name.rsplit('/').next().unwrap().to_owned()
    }

    /// A revision, without what makes it another one.
    fn definition(&self, number: u32) -> Value {
        let asked = json!({"taskDefinition": format!("{SERVICE}:{number}")});
        let mut found = self.moto.call("ecs", "describe_task_definition", &asked)["taskDefinition"].clone();
        for field in ["taskDefinitionArn", "revision", "registeredAt", "registeredBy"] {
            found.as_object_mut().unwrap().remove(field);
        }
        found
    }

    /// Pushes an image: an index for these machines. Its digest.
    fn push(&self, tag: &str, architecture: &str) -> String {
        let manifest = json!({
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [{
                "mediaType": "application/vnd.oci.image.manifest.v1+json", "size": 480,
                "digest": "sha256:1111111111111111111111111111111111111111111111111111111111111111",
                "platform": {"architecture": architecture, "os": "linux"},
            }],
        });
        let asked = json!({
            "repositoryName": SERVICE, "imageTag": tag, "imageManifest": manifest.to_string(),
            "imageManifestMediaType": "application/vnd.oci.image.index.v1+json",
        });
        let answer = self.moto.call("ecr", "put_image", &asked);
        answer["image"]["imageId"]["imageDigest"].as_str().unwrap().to_owned()
    }

    /// The journal of the one run, which is what was written.
    fn journal(&self) -> Vec<Record> {
        let store = store_in(self.home.path());
        let runs = store.runs().unwrap();
        assert_eq!(runs.len(), 1);
        let bytes = std::fs::read(store.journal(&runs[0])).unwrap();
        assert!(verify(&runs[0], &bytes).unwrap().ended);
        let (code, text) = self.plantao(&["runs", "verify"]);
        assert_eq!(code, 0, "{text}");
        Follower::open(&store, &runs[0]).unwrap().poll().unwrap()
    }
}

/// What the journal says was sent, and what was before.
fn requests(records: &[Record]) -> Vec<(&str, &Value, &Value)> {
    records
        .iter()
        .filter_map(|record| match &record.event {
            Event::Request { operation, parameters, previous, .. } => Some((operation.as_str(), parameters, previous)),
            _ => None,
        })
        .collect()
}

#[test]
fn scale_sends_the_count_alone_and_once_and_says_what_that_aws_really_did() {
    let bench = Bench::new();
    let five = json!({"cluster": CLUSTER, "service": SERVICE, "desiredCount": 5});
    let (code, text) = bench.plantao(&["run", "quick-scale", "--desired", "5", "--yes"]);
    assert_eq!(code, 13, "two tasks never come: {text}");
    assert!(text.contains("timed out, still going: after 3s it is still going: 3 of 5 tasks of :2"), "{text}");
    assert_eq!(bench.changes(), [("UpdateService".to_owned(), five)]);
    assert_eq!(bench.service()["desiredCount"], 5);
    let records = bench.journal();
    let sent = requests(&records);
    assert_eq!(sent.len(), 1);
    assert_eq!((sent[0].0, sent[0].1), ("ecs:UpdateService", &json!({"desiredCount": 5})));
    assert_eq!((&sent[0].2["desired"], &sent[0].2["revision"]), (&json!(RUNNING), &json!("analytics-api:2")));

    let (code, text) = bench.plantao(&["run", "quick-scale", "--desired", "3", "--yes"]);
    assert_eq!(code, 0, "as many as run: {text}");
    assert_eq!((bench.changes().len(), &bench.service()["desiredCount"]), (2, &json!(3)));
    let (code, text) = bench.plantao(&["run", "quick-scale", "--desired", "3", "--yes"]);
    assert_eq!((code, bench.changes().len()), (0, 2), "it is so already: {text}");
}

#[test]
fn a_rollback_sends_the_revision_alone_and_a_deployment_that_never_shows_is_no_success() {
    let bench = Bench::new();
    let (code, text) = bench.plantao(&["plan", "quick-back", "--to", "1"]);
    assert_eq!(code, 17, "{text}");
    assert!(text.contains("a1b2c3d is no longer in ECR: :1 can't start"), "{text}");
    bench.push("a1b2c3d", "arm64");
    let (code, text) = bench.plantao(&["run", "quick-back", "--to", "1", "--yes"]);
    assert_eq!(code, 13, "{text}");
    assert!(text.contains("ECS shows the deployment of :2 still, not yet that of this run"), "{text}");
    let one = json!({"cluster": CLUSTER, "service": SERVICE, "taskDefinition": "analytics-api:1"});
    assert_eq!(bench.changes(), [("UpdateService".to_owned(), one)]);
    assert_eq!(bench.revision(), "analytics-api:1");
    let records = bench.journal();
    let sent = requests(&records);
    assert_eq!(sent.len(), 1);
    assert_eq!(
        (sent[0].1, &sent[0].2["revision"]),
        (&json!({"taskDefinition": "analytics-api:1"}), &json!("analytics-api:2"))
    );
    let listed = bench.moto.call("ecs", "list_task_definitions", &json!({"familyPrefix": SERVICE, "status": "ACTIVE"}));
    assert_eq!(listed["taskDefinitionArns"].as_array().unwrap().len(), 2, "nothing is deregistered");
}

#[test]
fn a_deploy_registers_the_running_revision_with_another_image_by_digest_and_points_the_service_at_it() {
    let bench = Bench::new();
    let digest = bench.push("hotfix", "arm64");
    bench.push("laptop", "amd64");
    let (code, text) = bench.plantao(&["run", "quick-deploy", "--image", "laptop", "--yes"]);
    assert_eq!((code, bench.changes().len()), (17, 0), "{text}");
    assert!(text.contains("built for amd64") && text.contains("exec format error"), "{text}");
    let before = bench.definition(2);
    let (code, text) = bench.plantao(&["run", "quick-deploy", "--image", "hotfix", "--yes"]);
    assert_eq!(code, 13, "{text}");
    assert!(text.contains("analytics-api:3 is asked for; ECS does not show its deployment yet"), "{text}");
    let changes = bench.changes();
    let operations: Vec<&str> = changes.iter().map(|(operation, _)| operation.as_str()).collect();
    assert_eq!(operations, ["RegisterTaskDefinition", "UpdateService"]);
    let three = json!({"cluster": CLUSTER, "service": SERVICE, "taskDefinition": "analytics-api:3"});
    assert_eq!(changes[1].1, three);
    assert_eq!(bench.revision(), "analytics-api:3");
    let mut made = bench.definition(3);
    let image = made["containerDefinitions"][0]["image"].as_str().unwrap().to_owned();
    assert!(image.ends_with(&format!("/{SERVICE}@{digest}")), "{image}");
    made["containerDefinitions"][0]["image"] = before["containerDefinitions"][0]["image"].clone();
    assert_eq!(made, before, "only the image is another");
    assert_eq!(requests(&bench.journal()).len(), 2);
}
