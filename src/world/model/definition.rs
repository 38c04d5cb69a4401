//! Task definitions, and the images that they run.

use serde_json::Value;

use super::ailment::Ailment;
use super::names;

/// One revision of a family.
#[derive(Clone, Debug)]
pub struct Definition {
    pub family: String,
    pub number: u32,
    pub registered: i64,
    pub active: bool,
    /// CPU units, 1,024 to a vCPU.
    pub cpu: u32,
    /// MiB.
    pub memory: u32,
    /// `ARM64` or `X86_64`.
    pub architecture: String,
    /// `containerDefinitions`, as they were registered; the first one carries the image.
    pub containers: Vec<Value>,
}

impl Definition {
    /// `family:7`.
    pub fn name(&self) -> String {
        format!("{}:{}", self.family, self.number)
    }

    pub fn arn(&self) -> String {
        names::arn("ecs", &format!("task-definition/{}", self.name()))
    }

    /// The image of the first container.
    pub fn image(&self) -> &str {
        self.containers.first().and_then(|c| c["image"].as_str()).unwrap_or_default()
    }

    /// The seed's definition with this image: the application and its cache beside it.
    pub fn of(family: &str, container: &str, number: u32, image: &str, registered: i64) -> Definition {
        let logs = |prefix: &str| {
            serde_json::json!({"logDriver": "awslogs", "options": {
                "awslogs-group": format!("/ecs/{family}"), "awslogs-region": names::REGION, "awslogs-stream-prefix": prefix}})
        };
        let parameter = |name: &str| names::arn("secretsmanager", &format!("secret:{family}/{name}"));
        let application = serde_json::json!({
            "name": container, "image": image, "cpu": 0, "essential": true,
            "portMappings": [{"containerPort": 3000, "hostPort": 3000, "protocol": "tcp"}],
            "environment": [
                {"name": "NODE_ENV", "value": "production"},
                {"name": "DATABASE_POOL_SIZE", "value": "10"},
                {"name": "REDIS_URL", "value": "redis://localhost:6379"},
            ],
            "secrets": [{"name": "DATABASE_URL", "valueFrom": parameter("database-url")}],
            "healthCheck": {"command": ["CMD-SHELL", "wget -qO- http://localhost:3000/health || exit 1"],
                "interval": 30, "timeout": 5, "retries": 3, "startPeriod": 10},
            "logConfiguration": logs(container), "mountPoints": [], "volumesFrom": [], "systemControls": [],
        });
        let cache = serde_json::json!({
            "name": "redis", "image": "public.ecr.aws/docker/library/redis:7.2-alpine", "cpu": 0, "essential": false,
            "portMappings": [{"containerPort": 6379, "hostPort": 6379, "protocol": "tcp"}],
            "environment": [], "logConfiguration": logs("redis"), "mountPoints": [], "volumesFrom": [], "systemControls": [],
        });
        Definition {
            family: family.to_owned(),
            number,
            registered,
            active: true,
            cpu: 256,
            memory: 512,
            architecture: "ARM64".to_owned(),
            containers: vec![application, cache],
        }
    }
}

/// An image in a repository.
#[derive(Clone, Debug)]
pub struct Pushed {
    pub tag: String,
    pub digest: String,
    pub at: i64,
    pub bytes: u64,
    /// What machines can run it, as images write it: `arm64`, `amd64`.
    pub architecture: String,
    /// It is an index of several manifests, as buildx pushes; podman pushes one manifest.
    pub index: bool,
    pub ailment: Option<Ailment>,
}

impl Pushed {
    /// What is wrong with it on machines that a task definition calls so: `ARM64`, `X86_64`.
    pub fn on(&self, machine: &str) -> Option<Ailment> {
        let runs = matches!((machine, self.architecture.as_str()), ("ARM64", "arm64") | ("X86_64", "amd64"));
        if runs { self.ailment } else { Some(Ailment::WrongArchitecture) }
    }

    /// The digest of its configuration, which says for which machines it was built.
    pub fn config(&self) -> String {
        release(&self.digest, 1).1
    }
}

/// An ECR repository.
#[derive(Clone, Debug)]
pub struct Repository {
    pub name: String,
    /// The host before its name.
    pub registry: String,
    pub created: i64,
    /// Oldest first.
    pub images: Vec<Pushed>,
}

impl Repository {
    pub fn uri(&self) -> String {
        format!("{}/{}", self.registry, self.name)
    }

    /// The image that a reference of this repository means, by tag or digest.
    pub fn find(&self, reference: &str) -> Option<&Pushed> {
        let rest = reference.strip_prefix(&self.uri())?;
        match rest.split_once('@') {
            Some((_, digest)) => self.images.iter().find(|i| i.digest == digest),
            None => self.images.iter().find(|i| i.tag == rest.strip_prefix(':').unwrap_or("latest")),
        }
    }
}

/// The git commit and digest of the seed's image number `n`: the same in every world.
pub fn release(repository: &str, n: u32) -> (String, String) {
    let salt: u64 = repository.bytes().fold(17, |h, b| h.wrapping_mul(31).wrapping_add(u64::from(b)));
    let mut rng = fastrand::Rng::with_seed(salt ^ (u64::from(n) << 32));
    (names::hex(&mut rng, 7), format!("sha256:{}", names::hex(&mut rng, 64)))
}

/// The digest of an image that is known only by its tag.
pub fn digest_of(tag: &str) -> String {
    release(tag, 0).1
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use crate::world::model::{Change, Scenario, World};

    #[test]
    fn an_image_for_other_machines_does_not_start_whoever_deploys_it() {
        let start: Timestamp = "2026-11-24T15:12:37Z".parse().unwrap();
        let mut world = World::new(&Scenario::named("calm").unwrap(), 7, start);
        let laptops = world.repositories[0].images.iter().find(|image| image.architecture == "amd64").unwrap();
        let image = Some(laptops.tag.clone());
        world.apply(Change::Deploy { service: "analytics-api".into(), image, ailment: None });
        world.advance(start + SignedDuration::from_secs(120));
        let mut exits = world.services[0].tasks.iter().filter_map(|task| task.exit.as_ref());
        assert!(exits.any(|exit| exit.code == 255), "exec format error");
    }
}
