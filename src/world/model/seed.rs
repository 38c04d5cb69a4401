//! The seed platform as it stood a day before the start: one service, one database, nine alarms and
//! those of auto scaling.

use std::collections::VecDeque;

use fastrand::Rng;

use super::World;
use super::alarm::{Alarm, Missing};
use super::cache::Cache;
use super::database::Database;
use super::definition::{self, Definition, Pushed, Repository};
use super::logs::Logs;
use super::metric::{MetricKey, Metrics};
use super::names;
use super::scaling::{self, Policy, Scaling};
use super::service::{Deployment, Service};
use super::task::{Phase, Task};
use super::traffic::{Application, Meters, Traffic};
use crate::platform::{AlarmState, CircuitBreaker, Comparison, DeploymentStatus, Health, Rollout, Statistic};

pub const CLUSTER: &str = "analytics-production";
const SERVICE: &str = "analytics-api";
const DATABASE: &str = "analytics";
const NAMESPACE: &str = "Analytics/API";
const LOAD_BALANCER: &str = "app/analytics/50dc6c495c0c9188";
const TARGET_GROUP: &str = "targetgroup/analytics-api/73e2d6bc24d8a067";
/// The revision that runs when the world begins.
const FIRST_REVISION: u32 = 39;
/// An image for the wrong machines.
const LAPTOP_TAG: &str = "hotfix-laptop";
/// Older ones have been deregistered.
const OLDEST_ACTIVE: u32 = 32;

impl World {
    /// The seed platform, `past` seconds before `start`.
    pub(super) fn seed(seed: u64, start: i64, past: i64) -> World {
        let mut world = World::empty(seed, start, past);
        let now = world.now;
        let mut repository = Repository {
            name: SERVICE.to_owned(),
            registry: world.registry.clone(),
            created: now - 400 * 86_400,
            images: Vec::new(),
        };
        for number in 1..=FIRST_REVISION {
            // A release every nineteen hours or so.
            let at = now - i64::from(FIRST_REVISION - number) * 68_000 - 40_000;
            let (tag, digest) = definition::release(SERVICE, number);
            let image = format!("{}:{tag}", repository.uri());
            let mut revision = Definition::of(SERVICE, "api", number, &image, at);
            revision.active = number >= OLDEST_ACTIVE;
            world.definitions.push(revision);
            if number >= OLDEST_ACTIVE {
                let bytes = 187_000_000 + u64::from(number) * 30_000;
                let architecture = "arm64".to_owned();
                repository.images.push(Pushed {
                    tag,
                    digest,
                    at: at - 95,
                    bytes,
                    architecture,
                    index: true,
                    ailment: None,
                });
            }
        }
        // Somebody's laptop built it, for itself: it does not start on this platform.
        let digest = definition::digest_of(LAPTOP_TAG);
        let architecture = "amd64".to_owned();
        repository.images.push(Pushed {
            tag: LAPTOP_TAG.to_owned(),
            digest,
            at: now - 20_000,
            bytes: 191_200_000,
            architecture,
            index: true,
            ailment: None,
        });
        world.repositories.push(repository);
        world.databases.push(Database::new(DATABASE, "us-east-1a", now, &mut world.metrics));
        let service = world.seed_service();
        world.services.push(service);
        world.alarms = alarms(now);
        let scaled = world.services.iter().find_map(|service| Some((service, service.scaling.as_ref()?)));
        world.alarms.extend(scaled.into_iter().flat_map(|(service, scaling)| tracking(service, scaling)));
        world
    }

    /// A world with nothing in it.
    pub(super) fn empty(seed: u64, start: i64, past: i64) -> World {
        let now = (start - past).div_euclid(60) * 60;
        World {
            now,
            ticked: now,
            start,
            coarse_until: start - 3_600,
            watched_from: now + super::SETTLING.min(past / 2),
            rng: Rng::with_seed(seed),
            clusters: vec![CLUSTER.to_owned()],
            services: Vec::new(),
            definitions: Vec::new(),
            repositories: Vec::new(),
            registry: names::registry(),
            registry_password: None,
            layers_at: None,
            databases: Vec::new(),
            alarms: Vec::new(),
            metrics: Metrics::default(),
            logs: Logs::default(),
            cache: Cache::new(now),
            secrets: Vec::new(),
            zones: ["a", "b", "c"].map(|z| format!("{}{z}", names::REGION)).to_vec(),
            waiting: Vec::new(),
        }
    }

    fn seed_service(&mut self) -> Service {
        let key = |metric: &str| MetricKey::new(NAMESPACE, metric, &[("Service", SERVICE)]);
        let application = Application {
            healthy_hosts: self.metrics.open(healthy_hosts(), "Count"),
            latency: self.metrics.open(key("Latency"), "Milliseconds"),
            error_rate: self.metrics.open(key("ErrorRate"), "Percent"),
            webhook_latency: self.metrics.open(key("WebhookLatency"), "Milliseconds"),
            webhook_failures: self.metrics.open(key("WebhookFailureRate"), "Percent"),
            queue: self.metrics.open(key("QueueDepth"), "Count"),
        };
        let definition = self.definitions.len() - 1;
        let mut service = self.steady_service(SERVICE, "api", definition, 3, Some(application));
        service.uses_database = true;
        service.traffic.peak = 125.0;
        service.target_group = Some(names::arn("elasticloadbalancing", TARGET_GROUP));
        service.scaling = Some(Scaling::new(1, 6, service.created));
        service.breaker = CircuitBreaker { enabled: true, rollback: true };
        for back in (1..=3).rev() {
            let mut old = service.deployments[0].clone();
            old.id = names::deployment(&mut self.rng);
            old.definition = definition - back;
            old.created = self.definitions[old.definition].registered + 20;
            old.updated = old.created + 95;
            old.finished = Some(old.updated);
            old.reason = format!("ECS deployment {} completed.", old.id);
            old.status = DeploymentStatus::Inactive;
            service.past.push_front(old);
        }
        service
    }

    /// A service whose tasks have been running for hours.
    pub(super) fn steady_service(
        &mut self,
        name: &str,
        container: &str,
        definition: usize,
        tasks: u32,
        application: Option<Application>,
    ) -> Service {
        let now = self.now;
        let registered = self.definitions[definition].registered;
        let mut open = |metric| self.metrics.open(MetricKey::ecs(CLUSTER, name, metric), "Percent");
        let meters = Meters { cpu: open("CPUUtilization"), memory: open("MemoryUtilization"), application };
        let id = names::deployment(&mut self.rng);
        let deployment = Deployment {
            id: id.clone(),
            definition,
            status: DeploymentStatus::Primary,
            rollout: Rollout::Completed,
            reason: format!("ECS deployment {id} completed."),
            failed: 0,
            created: registered + 20,
            updated: registered + 115,
            wait_until: 0,
            rolled_back_to: None,
            finished: Some(registered + 115),
            put_back: None,
        };
        let mut service = Service {
            name: name.to_owned(),
            cluster: CLUSTER.to_owned(),
            container: container.to_owned(),
            created: now - 390 * 86_400,
            active: true,
            uses_database: false,
            desired: tasks,
            minimum_healthy: 0,
            maximum: 200,
            breaker: CircuitBreaker { enabled: false, rollback: false },
            target_group: None,
            deployments: vec![deployment],
            past: VecDeque::new(),
            tasks: Vec::new(),
            events: VecDeque::new(),
            steady_since: Some(now - 3_600),
            room: None,
            scaling: None,
            traffic: Traffic {
                peak: f64::from(tasks) * 35.0,
                surge: 1.0,
                wobble: 0.0,
                queue: 6.0,
                leak_per_minute: 0.0,
                meters,
            },
        };
        for i in 0..tasks {
            let started = registered + 60;
            let zone = self.zones[i as usize % self.zones.len()].clone();
            service.tasks.push(running_task(&mut self.rng, definition, &id, started, zone));
        }
        service
    }
}

fn running_task(rng: &mut Rng, definition: usize, deployment: &str, started: i64, zone: String) -> Task {
    Task {
        id: names::hex(rng, 32),
        definition,
        deployment: deployment.to_owned(),
        phase: Phase::Running,
        until: started + 35,
        wanted: true,
        created: started - 25,
        pull_started: Some(started - 15),
        pull_stopped: Some(started - 1),
        started: Some(started),
        stopping: None,
        stopped: None,
        stop_code: None,
        stopped_reason: None,
        health: Health::Healthy,
        failing_since: None,
        proven: true,
        zone,
        cut_off: false,
        address: format!("10.0.{}.{}", rng.u8(1..4), rng.u8(4..255)),
        exit: None,
        leaked_memory: 0.0,
        leaked_connections: 0.0,
        ailment: None,
    }
}

fn healthy_hosts() -> MetricKey {
    let dimensions = [("LoadBalancer", LOAD_BALANCER), ("TargetGroup", TARGET_GROUP)];
    MetricKey::new("AWS/ApplicationELB", "HealthyHostCount", &dimensions)
}

/// How a list of alarms is written down: name, what it says, whose metric, statistic, comparison, threshold,
/// minutes looked at, treatment of missing data, and whether it pages or only tells.
struct Rule(&'static str, &'static str, MetricKey, Statistic, Comparison, f64, usize, Missing, &'static str);

/// The nine of the seed.
fn alarms(now: i64) -> Vec<Alarm> {
    use Comparison::{Greater, Less};
    use Missing::{Breaching, NotBreaching, Unknown};
    use Statistic::{Average, Maximum, Percentile};
    let own = |metric| MetricKey::new(NAMESPACE, metric, &[("Service", SERVICE)]);
    let rds = |metric| MetricKey::new("AWS/RDS", metric, &[("DBInstanceIdentifier", DATABASE)]);
    let ecs_cpu = MetricKey::ecs(CLUSTER, SERVICE, "CPUUtilization");
    let (page, tell) = ("critical-alerts", "warning-alerts");
    let rules = [
        Rule(
            "ECS-AllTasksDown",
            "All tasks unhealthy for 2 min",
            healthy_hosts(),
            Maximum,
            Less,
            1.0,
            2,
            Breaching,
            page,
        ),
        Rule(
            "RDS-Down",
            "No database connection for 1 min",
            rds("DatabaseConnections"),
            Maximum,
            Less,
            1.0,
            1,
            Breaching,
            page,
        ),
        Rule(
            "API-HighErrorRate",
            "5xx > 5 % for 5 min",
            own("ErrorRate"),
            Average,
            Greater,
            5.0,
            5,
            NotBreaching,
            page,
        ),
        Rule(
            "Webhook-ProcessingFailure",
            "Failed > 20 % for 10 min",
            own("WebhookFailureRate"),
            Average,
            Greater,
            20.0,
            10,
            NotBreaching,
            page,
        ),
        Rule("ECS-HighCPU", "CPU > 80 % for 5 min", ecs_cpu, Average, Greater, 80.0, 5, Unknown, tell),
        Rule("RDS-HighCPU", "CPU > 85 % for 5 min", rds("CPUUtilization"), Average, Greater, 85.0, 5, Unknown, tell),
        Rule("RDS-LowStorage", "Free storage < 2 GB", rds("FreeStorageSpace"), Average, Less, 2e9, 1, Unknown, tell),
        Rule(
            "API-SlowResponse",
            "p95 > 500 ms for 10 min",
            own("Latency"),
            Percentile(95.0),
            Greater,
            500.0,
            10,
            NotBreaching,
            tell,
        ),
        Rule(
            "BullMQ-Backlog",
            "More than 100 jobs wait for 15 min",
            own("QueueDepth"),
            Average,
            Greater,
            100.0,
            15,
            NotBreaching,
            tell,
        ),
    ];
    rules.into_iter().enumerate().map(|(i, rule)| from_rule(rule, now - 60 * 86_400 - i as i64 * 41)).collect()
}

fn from_rule(rule: Rule, at: i64) -> Alarm {
    let Rule(name, description, key, statistic, comparison, threshold, periods, missing, topic) = rule;
    let mut alarm = Alarm {
        name: name.to_owned(),
        description: description.to_owned(),
        key,
        series: None,
        statistic,
        comparison,
        threshold,
        period: 60,
        periods,
        bad_needed: periods,
        missing,
        actions: vec![names::arn("sns", topic)],
        actions_enabled: true,
        configured: at,
        state: AlarmState::Ok,
        reason: String::new(),
        reason_data: String::new(),
        updated: at + 300,
        transitioned: at + 300,
        history: VecDeque::new(),
    };
    // It turned OK once, a few minutes after it was made, on a good minute.
    let good = if comparison == Comparison::Less { threshold * 4.0 } else { threshold / 8.0 };
    alarm.reason = alarm.say(AlarmState::Ok, 0, &[((at + 240).div_euclid(60) * 60, good)]);
    alarm
}

/// The alarms that target tracking makes for itself: two a policy, by which it sets the number of tasks.
fn tracking(service: &Service, scaling: &Scaling) -> Vec<Alarm> {
    let alarm = |policy: &Policy, which: &str, comparison, threshold, minutes| {
        let key = MetricKey::ecs(&service.cluster, &service.name, policy.metric);
        let (statistic, missing) = (Statistic::Average, Missing::Unknown);
        let rule = Rule("", "", key, statistic, comparison, threshold, minutes, missing, "");
        let id = definition::digest_of(&format!("{}{which}", policy.name));
        let (resource, id) = (scaling::resource_id(service), &id[id.len() - 12..]);
        Alarm {
            name: format!("TargetTracking-{resource}-{which}-{id}"),
            description: format!("DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {}.", policy.name),
            actions: vec![names::arn("autoscaling", &format!("scalingPolicy:{resource}:policyName/{}", policy.name))],
            ..from_rule(rule, scaling.created)
        }
    };
    let of_policy = |policy: &Policy| {
        [
            alarm(policy, "AlarmHigh", Comparison::Greater, policy.target, scaling::MINUTES_OUT as usize),
            alarm(policy, "AlarmLow", Comparison::Less, policy.target * 0.9, scaling::MINUTES_IN as usize),
        ]
    };
    scaling.policies.iter().flat_map(of_policy).collect()
}

/// A crowd's alarm: CPU of one of its services.
pub(super) fn cpu_alarm(name: String, service: &str, at: i64) -> Alarm {
    let key = MetricKey::ecs(CLUSTER, service, "CPUUtilization");
    let rule = Rule(
        "",
        "CPU > 80 % for 5 min",
        key,
        Statistic::Average,
        Comparison::Greater,
        80.0,
        5,
        Missing::Unknown,
        "warning-alerts",
    );
    Alarm { name, ..from_rule(rule, at) }
}
