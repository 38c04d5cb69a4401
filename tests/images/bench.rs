//! What an emergency deploy by the real binary needs: a world, a registry, tools, and a user's home.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use plantao::clock::Clock;
use plantao::run::{Follower, Record, RunId, Store};
use plantao::world::{Change, Host, Scenario, Served, World};
use tokio::process::Command;

use super::{PASSWORD, REPOSITORY};
use crate::harness::{Registry, Workshop, plantao_at, run_that, store_in, told};

/// A registry, a workshop, and the world on a calm day, two minutes a second, which learns what is pushed.
pub struct Bench {
    pub host: Host,
    served: Served,
    pub registry: Arc<Registry>,
    pub workshop: Workshop,
    pub context: PathBuf,
}

impl Bench {
    pub fn new(tool: &str, dockerfile: &str) -> Bench {
        Bench::with(tool, dockerfile, PASSWORD, Registry::start(PASSWORD, false))
    }

    /// `password` is the one that the world's ECR gives.
    pub fn with(tool: &str, dockerfile: &str, password: &str, registry: Registry) -> Bench {
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
        let served = host.serve("127.0.0.1:0".parse().unwrap()).unwrap();
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

    pub fn store(&self) -> Store {
        store_in(&self.workshop.home)
    }

    pub fn plantao(&self, arguments: &[&str]) -> Command {
        let mut command = plantao_at(&self.workshop.home, &self.served.url, arguments);
        command.envs(self.workshop.env());
        command.into()
    }

    pub async fn run(&self, arguments: &[&str]) -> (i32, String) {
        told(&self.plantao(arguments).output().await.unwrap())
    }

    /// The emergency deploy, from plan to end.
    pub async fn deploy(&self) -> (i32, String) {
        let context = self.context.to_str().unwrap();
        self.run(&["run", "emergency-deploy", "--way", "build", "--context", context, "--yes", "--reason", "test"])
            .await
    }

    /// The same, while a test does something else.
    pub fn begin(&self) -> tokio::process::Child {
        let context = self.context.to_str().unwrap();
        let arguments =
            ["run", "emergency-deploy", "--way", "build", "--context", context, "--yes", "--reason", "test"];
        let _one_at_a_time = crate::harness::starting();
        self.plantao(&arguments).spawn().unwrap()
    }

    pub async fn plan(&self) -> (i32, String) {
        self.run(&["plan", "emergency-deploy", "--way", "build", "--context", self.context.to_str().unwrap()]).await
    }

    /// The one run and its process, once it has come to a record that fits.
    pub async fn run_that(&self, fits: impl Fn(&Record) -> bool) -> (RunId, u32) {
        run_that(&self.store(), fits).await
    }

    pub fn records(&self) -> Vec<Record> {
        let id = self.store().runs().unwrap().into_iter().next().expect("there is a run");
        Follower::open(&self.store(), &id).unwrap().poll().unwrap()
    }

    pub fn log(&self) -> String {
        let id = self.store().runs().unwrap().into_iter().next().expect("there is a run");
        fs::read_to_string(self.store().log(&id)).unwrap()
    }

    pub fn asked(&self, operation: &str) -> usize {
        self.host.requests().iter().filter(|asked| *asked == operation).count()
    }

    /// The image that the service runs.
    pub async fn running(&self) -> String {
        let clients = plantao::aws::Clients::at(&self.served.url, "us-east-1");
        let found =
            plantao::aws::ecs::describe_services(&clients, "analytics-production", &[REPOSITORY]).await.unwrap();
        let revision = &found[0].as_ref().unwrap().revision;
        let revision = format!("{}:{}", revision.family, revision.number.unwrap());
        let found = plantao::aws::task_definition::describe_task_definition(&clients, &revision).await.unwrap();
        found.containers[0].image.to_string()
    }

    /// All that is left on the disk, of this user and of the tools, as text.
    pub fn nothing_holds(&self, secret: &str) {
        // As the tools keep it.
        let kept = aws_smithy_types::base64::encode(format!("AWS:{secret}"));
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
                    for secret in [secret, &kept] {
                        let found = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
                        assert!(!found, "{} holds the password", entry.path().display());
                    }
                }
            }
        }
    }
}
