//! Emergency deploys by the real binary: images built by podman and buildah, pushed to a real registry, on the served world.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use jiff::Timestamp;
use plantao::clock::Clock;
use plantao::run::{Event, Follower, Record, Store};
use plantao::world::{Change, Host, Scenario, Served, World};
use tokio::process::Command;

use crate::harness::{Registry, Workshop};

const PASSWORD: &str = "hunter2-of-the-registry";
const GOOD: &str = "FROM scratch\nCOPY hello /hello\nCMD [\"/hello\"]\n";
const REPOSITORY: &str = "analytics-api";

/// A registry, a workshop, and the world on a calm day, two minutes a second, which learns what is pushed.
struct Bench {
    host: Host,
    served: Served,
    registry: Arc<Registry>,
    workshop: Workshop,
    context: PathBuf,
}

impl Bench {
    async fn new(tool: &str, dockerfile: &str) -> Bench {
        Bench::with(tool, dockerfile, PASSWORD, Registry::start(PASSWORD, false)).await
    }

    /// `password` is the one that the world's ECR gives.
    async fn with(tool: &str, dockerfile: &str, password: &str, registry: Registry) -> Bench {
        let start: Timestamp = "2026-11-24T15:12:37Z".parse().unwrap();
        let mut world = World::new(&Scenario::named("calm").unwrap(), 7, start);
        world.apply(Change::Registry { host: registry.host.clone(), password: password.to_owned() });
        let host = Host::new(world, Clock::simulated(start, 120.0));
        let registry = Arc::new(registry);
        let real = Arc::clone(&registry);
        host.learn(move |world| {
            for (tag, digest, architecture) in real.images(REPOSITORY) {
                world.apply(Change::Push { repository: REPOSITORY.to_owned(), tag, digest, architecture });
            }
        });
        let served = host.serve("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let workshop = Workshop::new(&[tool], &registry.host);
        let config = workshop.home.join(".config/plantao");
        fs::create_dir_all(&config).unwrap();
        let sample = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/platform.toml")).unwrap();
        // The world serves no users.
        let lines = sample.lines().filter(|line| !line.trim_start().starts_with("health-url"));
        fs::write(config.join("platform.toml"), lines.collect::<Vec<_>>().join("\n")).unwrap();
        let context = workshop.context(dockerfile);
        Bench { host, served, registry, workshop, context }
    }

    fn store(&self) -> Store {
        Store::at(&self.workshop.home.join(".local/state/plantao/runs"))
    }

    fn plantao(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plantao"));
        command.args(arguments).args(["--endpoint-url", &self.served.url]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.env_clear().envs(self.workshop.env());
        command.env("HOME", &self.workshop.home).env("PLANTAO_LOCK_DIR", &self.workshop.home);
        command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
        command.env("AWS_EC2_METADATA_DISABLED", "true");
        command
    }

    async fn run(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.plantao(arguments).output().await.unwrap();
        let text = [&output.stdout[..], &output.stderr[..]].concat();
        (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&text).into_owned())
    }

    /// The emergency deploy, from plan to end.
    async fn deploy(&self) -> (i32, String) {
        let context = self.context.to_str().unwrap();
        self.run(&["run", "emergency-deploy", "--way", "build", "--context", context, "--yes", "--reason", "test"])
            .await
    }

    async fn plan(&self) -> (i32, String) {
        self.run(&["plan", "emergency-deploy", "--way", "build", "--context", self.context.to_str().unwrap()]).await
    }

    fn records(&self) -> Vec<Record> {
        let id = self.store().runs().unwrap().into_iter().next().expect("there is a run");
        Follower::open(&self.store(), &id).unwrap().poll().unwrap()
    }

    fn log(&self) -> String {
        let id = self.store().runs().unwrap().into_iter().next().expect("there is a run");
        fs::read_to_string(self.store().log(&id)).unwrap()
    }

    fn asked(&self, operation: &str) -> usize {
        self.host.requests().iter().filter(|asked| *asked == operation).count()
    }

    /// The image that the service runs.
    async fn running(&self) -> String {
        let clients = plantao::aws::Clients::at(&self.served.url, "us-east-1");
        let found =
            plantao::aws::ecs::describe_services(&clients, "analytics-production", &[REPOSITORY]).await.unwrap();
        let revision = &found[0].as_ref().unwrap().revision;
        let revision = format!("{}:{}", revision.family, revision.number.unwrap());
        let found = plantao::aws::task_definition::describe_task_definition(&clients, &revision).await.unwrap();
        found.containers[0].image.to_string()
    }

    /// All that is left on the disk, of this user and of the tools, as text.
    fn nothing_holds(&self, secret: &str) {
        let mut folders = vec![self.workshop.home.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap().flatten() {
                let kind = entry.file_type().unwrap();
                if kind.is_dir() {
                    assert!(
                        entry.path().extension().is_none_or(|it| it != "auth"),
                        "{} is left",
                        entry.path().display()
                    );
                    folders.push(entry.path());
                } else if kind.is_file() {
                    let bytes = fs::read(entry.path()).unwrap();
                    let found = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
                    assert!(!found, "{} holds the password", entry.path().display());
                }
            }
        }
    }
}

/// Writes down each of its arguments and its environment, as any user of the machine could see them.
const WATCHED: &str = r#"echo "$@" >>"$HERE/seen"; env >>"$HERE/seen"; exec "$TOOL" "$@""#;

#[tokio::test(flavor = "multi_thread")]
async fn a_build_is_pushed_deployed_by_digest_and_leaves_no_password_behind() {
    let bench = Bench::new("podman", GOOD).await;
    bench.workshop.wrap("podman", WATCHED);
    let (code, text) = bench.deploy().await;
    assert_eq!(code, 0, "{text}");
    let images = bench.registry.images(REPOSITORY);
    let [(tag, digest, architecture)] = &images[..] else { panic!("one image was pushed: {images:?}") };
    assert!(tag.starts_with("emergency-") && architecture == "arm64", "{images:?}");
    assert_eq!(bench.running().await, format!("{}/{REPOSITORY}@{digest}", bench.registry.host));
    assert_eq!((bench.asked("ecs:RegisterTaskDefinition"), bench.asked("ecs:UpdateService")), (1, 1));
    assert!(bench.log().contains("COPY hello /hello"), "{}", bench.log());
    let seen = fs::read_to_string(bench.workshop.home.join("seen")).unwrap();
    assert!(seen.contains("--password-stdin") && seen.contains("--platform linux/arm64"), "{seen}");
    bench.nothing_holds(PASSWORD);
    assert!(!text.contains(PASSWORD));
    assert_eq!(bench.run(&["runs", "verify"]).await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn buildah_alone_is_enough() {
    let bench = Bench::new("buildah", GOOD).await;
    // Its login asks no configuration whether a registry speaks plain HTTP.
    bench
        .workshop
        .wrap("buildah", r#"[ "$1" = login ] && shift && set -- login --tls-verify=false "$@"; exec "$TOOL" "$@""#);
    let (code, text) = bench.deploy().await;
    assert_eq!(code, 0, "{text}");
    assert_eq!(bench.registry.images(REPOSITORY).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_says_what_is_not_committed_and_refuses_what_can_not_be_built() {
    let bench = Bench::new("podman", GOOD).await;
    let (code, text) = bench.plan().await;
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("nothing uncommitted") && text.contains("linux/arm64"), "{text}");
    fs::write(bench.context.join("hello"), "changed\n").unwrap();
    fs::write(bench.context.join("new"), "new\n").unwrap();
    let (code, text) = bench.plan().await;
    assert!(code == 0 && text.contains("2 files are not as committed"), "{text}");
    fs::remove_dir_all(bench.context.join(".git")).unwrap();
    let (code, text) = bench.plan().await;
    assert!(code == 0 && text.contains("can't tell which commit this is"), "{text}");
    fs::remove_file(bench.context.join("Dockerfile")).unwrap();
    let (code, text) = bench.plan().await;
    assert!(code == 17 && text.contains("has no Dockerfile"), "{code} {text}");
    fs::remove_dir_all(&bench.context).unwrap();
    let (code, text) = bench.plan().await;
    assert!(code == 17 && text.contains("can't be built"), "{code} {text}");
    fs::create_dir(&bench.context).unwrap();
    fs::write(bench.context.join("Dockerfile"), GOOD).unwrap();
    fs::remove_file(bench.workshop.home.join("bin/podman")).unwrap();
    let (code, text) = bench.plan().await;
    assert!(code == 17 && text.contains("docker is not on the PATH") && text.contains("install"), "{code} {text}");
    assert!(bench.store().runs().unwrap().is_empty(), "nothing was run");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_fails_says_its_last_lines_and_nothing_was_changed() {
    let bench = Bench::new("podman", "FROM scratch\nCOPY absent /absent\n").await;
    let (code, text) = bench.deploy().await;
    assert_eq!(code, 15, "{text}");
    assert!(text.contains("podman did not build the image") && text.contains("absent"), "{text}");
    assert!(text.contains(".log"), "{text}");
    assert!(bench.registry.images(REPOSITORY).is_empty());
    assert_eq!(bench.asked("ecs:UpdateService"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_refused_before_anything_is_pushed_and_is_not_told() {
    let wrong = "not-the-password-of-the-registry";
    let bench = Bench::with("podman", GOOD, wrong, Registry::start(PASSWORD, false)).await;
    let (code, text) = bench.deploy().await;
    assert_eq!(code, 15, "{text}");
    assert!(text.contains("could not sign in") && text.contains("nothing was pushed"), "{text}");
    assert!(!text.contains(wrong));
    assert!(bench.registry.images(REPOSITORY).is_empty());
    bench.nothing_holds(wrong);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_the_registry_refuses_deploys_nothing() {
    let bench = Bench::with("podman", GOOD, PASSWORD, Registry::start(PASSWORD, true)).await;
    let (code, text) = bench.deploy().await;
    assert_eq!(code, 15, "{text}");
    assert!(text.contains("podman did not push the image"), "{text}");
    assert_eq!((bench.asked("ecs:RegisterTaskDefinition"), bench.asked("ecs:UpdateService")), (0, 0));
    bench.nothing_holds(PASSWORD);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_built_for_other_machines_is_pushed_and_never_deployed() {
    // Whatever is asked for, this builds for x86.
    let bench = Bench::new("podman", GOOD).await;
    let script = r#"[ "$1" = build ] && set -- $(echo "$@" | sed s/arm64/amd64/); exec "$TOOL" "$@""#;
    bench.workshop.wrap("podman", &script.replace("sed", "/bin/sed"));
    let (code, text) = bench.deploy().await;
    assert_eq!(code, 16, "{text}");
    assert!(text.contains("exec format error"), "{text}");
    assert_eq!((bench.asked("ecs:RegisterTaskDefinition"), bench.asked("ecs:UpdateService")), (0, 0));
}

/// Kills the process that started the tool, once the tool has done its work: a run that dies at the worst moment.
fn dies_after(what: &str) -> String {
    format!(
        r#""$TOOL" "$@"; code=$?
if [ "$1" = {what} ] && [ ! -e "$HERE/died" ]; then : >"$HERE/died"; kill -KILL $PPID; fi; exit $code"#
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_dies_when_the_image_is_built_or_pushed_is_resumed_and_pushes_once() {
    for what in ["build", "push"] {
        let bench = Bench::new("podman", GOOD).await;
        bench.workshop.wrap("podman", &dies_after(what));
        let (code, text) = bench.deploy().await;
        assert!(code == 1 && text.contains("plantao runs resume"), "{what}: {code} {text}");
        let id = bench.store().runs().unwrap().into_iter().next().unwrap();
        let (code, text) = bench.run(&["runs", "resume", id.as_str()]).await;
        assert_eq!(code, 0, "{what}: {text}\n{}", bench.log());
        let images = bench.registry.images(REPOSITORY);
        assert_eq!(images.len(), 1, "{what}: {images:?}");
        assert!(bench.running().await.ends_with(&images[0].1), "{what}");
        assert_eq!((bench.asked("ecs:RegisterTaskDefinition"), bench.asked("ecs:UpdateService")), (1, 1), "{what}");
        let records = bench.records();
        let pushes = records
            .iter()
            .filter(|record| matches!(&record.event, Event::Request { operation, .. } if operation == "ecr:PutImage"));
        assert_eq!(pushes.count(), 1, "{what}: what is in ECR already is not pushed again");
        bench.nothing_holds(PASSWORD);
    }
}
