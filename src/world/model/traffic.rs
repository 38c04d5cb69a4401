//! What users ask of a service, and what it costs: load, then CPU, then latency, then errors.

use std::f64::consts::TAU;

use fastrand::Rng;

use super::World;
use super::ailment::Ailment;
use super::definition::Definition;
use super::metric::{MetricKey, Metrics};
use super::service::Service;
use super::task::{Phase, Task};
use crate::platform::Health;

/// The series that a service fills.
#[derive(Clone, Copy, Debug)]
pub struct Meters {
    pub cpu: usize,
    pub memory: usize,
    /// Those of the application itself, if it publishes any.
    pub application: Option<Application>,
}

/// The application's own series.
#[derive(Clone, Copy, Debug)]
pub struct Application {
    pub healthy_hosts: usize,
    pub latency: usize,
    pub error_rate: usize,
    pub webhook_latency: usize,
    pub webhook_failures: usize,
    pub queue: usize,
}

/// The load on a service.
#[derive(Clone, Debug)]
pub struct Traffic {
    /// Requests a second at the busiest hour of the day.
    pub peak: f64,
    /// Times as much as is usual.
    pub surge: f64,
    /// How far the load is from the day's curve: a slow random walk around 0.
    pub wobble: f64,
    /// Jobs that wait in the queue.
    pub queue: f64,
    /// Database connections that each task loses in a minute.
    pub leak_per_minute: f64,
    pub meters: Meters,
}

/// Requests a second that a task of 0.25 vCPU answers at 100 % CPU.
const CAPACITY: f64 = 71.0;
/// CPU, in percent, of a task that nobody asks anything.
const IDLE_CPU: f64 = 4.0;
/// Median latency without load, in milliseconds.
const UNLOADED: f64 = 38.0;
/// Standard deviation of the latency's logarithm.
const SPREAD: f64 = 0.55;

/// One step of time.
#[derive(Clone, Copy, Debug)]
pub struct Tick {
    /// Its end.
    pub now: i64,
    pub seconds: i64,
    /// The hour of the day's curve.
    pub hour: f64,
}

/// How the database feels to those who ask it.
#[derive(Clone, Copy, Debug)]
pub struct Backend {
    pub serves: bool,
    /// Times as slow as usual.
    pub slow: f64,
    /// The share of requests that find no free connection.
    pub refused: f64,
}

/// What a service asked of the database in this tick.
#[derive(Clone, Copy, Debug, Default)]
pub struct Demand {
    pub requests: f64,
    pub connections: f64,
    pub leaked: f64,
    /// Share of requests that failed; for the service's log.
    pub errors: f64,
}

impl MetricKey {
    /// A series of an ECS service.
    pub fn ecs(cluster: &str, service: &str, metric: &str) -> MetricKey {
        MetricKey::new("AWS/ECS", metric, &[("ClusterName", cluster), ("ServiceName", service)])
    }
}

/// The share of the busiest hour's load: least at 3, most at 15 o'clock.
pub fn day(hour: f64) -> f64 {
    0.35 + 0.65 * (0.5 - 0.5 * ((hour - 3.0) / 24.0 * TAU).cos())
}

impl World {
    /// The HTTP status that a service's health URL answers: of its application, through its load balancer.
    pub fn health(&self, service: &str) -> u16 {
        match self.services.iter().find(|s| s.name == service) {
            Some(s) => s.health(),
            None => 404,
        }
    }
}

impl Service {
    /// A load balancer without a healthy task, or the application's own answer, which is as bad as most of its answers.
    fn health(&self) -> u16 {
        let healthy =
            self.tasks.iter().filter(|t| t.phase == Phase::Running && t.can_serve() && t.health == Health::Healthy);
        let shares: Vec<f64> = healthy
            .map(|t| match t.ailment {
                Some(Ailment::Errors(share)) => share,
                _ => 0.0,
            })
            .collect();
        if shares.is_empty() {
            return 503;
        }
        if shares.iter().sum::<f64>() / shares.len() as f64 > 0.5 { 500 } else { 200 }
    }

    /// One tick of traffic. Returns what the database has to bear of it.
    pub fn serve(
        &mut self,
        tick: Tick,
        backend: Backend,
        definitions: &[Definition],
        metrics: &mut Metrics,
        rng: &mut Rng,
    ) -> Demand {
        let Tick { now, seconds, hour } = tick;
        let traffic = &mut self.traffic;
        let pull = (seconds as f64 / 120.0).min(1.0);
        traffic.wobble += pull * ((rng.f64() - 0.5) * 0.16 - traffic.wobble * 0.5);
        let rate = traffic.peak * day(hour) * traffic.surge * (1.0 + traffic.wobble);

        let running: Vec<&Task> = self.tasks.iter().filter(|t| t.can_serve()).collect();
        let healthy = running.iter().filter(|t| t.phase == Phase::Running && t.health == Health::Healthy).count();
        // A load balancer with no healthy target sends to all of them.
        let open = healthy == 0;
        let serving: Vec<&Task> = running
            .iter()
            .filter(|t| t.phase == Phase::Deactivating || t.health == Health::Healthy || open)
            .filter(|t| !t.ailment.is_some_and(Ailment::cannot_start))
            .copied()
            .collect();
        let meters = traffic.meters;
        if let Some(application) = meters.application {
            metrics.record(application.healthy_hosts, now, healthy as f64, 1.0, 0.0);
        }
        let count = serving.len() as f64;
        let in_use = running.iter().filter(|t| t.phase == Phase::Running).count() as f64;
        let load = Load::of(rate, &serving, backend);
        self.measure_tasks(now, &load, count, definitions, metrics, rng);

        let leak = self.traffic.leak_per_minute * seconds as f64 / 60.0;
        let mut leaked = 0.0;
        for task in self.tasks.iter_mut().filter(|t| t.can_serve()) {
            task.leaked_connections += leak;
            leaked += task.leaked_connections;
        }
        if count > 0.0 {
            self.work_queue(seconds, rate, count, &load, backend, rng);
            if let Some(application) = meters.application {
                self.publish(now, &load, rate * seconds as f64, application, metrics, rng);
            }
        }
        Demand {
            requests: if backend.serves && count > 0.0 { rate.min(count * CAPACITY) } else { 0.0 },
            connections: in_use * (4.0 + 6.0 * load.used.min(1.0)),
            leaked,
            errors: load.errors,
        }
    }

    fn measure_tasks(
        &self,
        now: i64,
        load: &Load,
        count: f64,
        definitions: &[Definition],
        metrics: &mut Metrics,
        rng: &mut Rng,
    ) {
        let meters = self.traffic.meters;
        let running: Vec<&Task> = self.tasks.iter().filter(|t| t.phase == Phase::Running && !t.cut_off).collect();
        if running.is_empty() {
            return;
        }
        let weight = running.len() as f64 / 2.0;
        let cpu = if count > 0.0 { load.cpu } else { IDLE_CPU };
        let uneven = if running.len() > 1 { 0.02 + rng.f64() * 0.03 } else { 0.0 };
        metrics.record(meters.cpu, now, (cpu * (1.0 - uneven)).min(100.0), weight, 0.0);
        metrics.record(meters.cpu, now, (cpu * (1.0 + uneven)).min(100.0), weight, 0.0);
        let memory = |task: &&Task| {
            let leaked = task.leaked_memory / f64::from(definitions[task.definition].memory.max(1)) * 100.0;
            (49.0 + 6.0 * load.used.min(1.0) + leaked).min(100.0)
        };
        for task in &running {
            metrics.record(meters.memory, now, memory(task), 1.0, 0.0);
        }
    }

    fn work_queue(&mut self, seconds: i64, rate: f64, count: f64, load: &Load, backend: Backend, rng: &mut Rng) {
        let arriving = rate * 0.02 * seconds as f64;
        let spare = 1.0 - (load.used - 0.8).clamp(0.0, 0.3) * 3.0;
        let able = if backend.serves { 1.0 - backend.refused } else { 0.0 };
        let worked = count * 1.6 / load.slow / backend.slow.max(1.0) * spare * able * seconds as f64;
        self.traffic.queue = (self.traffic.queue + arriving - worked).clamp(3.0 + rng.f64() * 9.0, 50_000.0);
    }

    fn publish(&self, now: i64, load: &Load, requests: f64, to: Application, metrics: &mut Metrics, rng: &mut Rng) {
        let noise = |rng: &mut Rng, by: f64| 1.0 + (rng.f64() - 0.5) * by;
        metrics.record(to.latency, now, load.median * noise(rng, 0.12), requests, SPREAD);
        let errors = (load.errors * 100.0).max(0.04) * noise(rng, 0.3);
        metrics.record(to.error_rate, now, errors.min(100.0), requests, 0.0);
        let hooks = (requests * 0.02).max(0.1);
        let webhook = 500.0 * (load.median / UNLOADED).powf(0.5) * noise(rng, 0.15);
        metrics.record(to.webhook_latency, now, webhook, hooks, 0.5);
        let failures = if load.answered { 1.2 + load.errors * 100.0 } else { 97.0 };
        metrics.record(to.webhook_failures, now, (failures * noise(rng, 0.3)).min(100.0), hooks, 0.0);
        metrics.record(to.queue, now, self.traffic.queue.round(), 1.0, 0.0);
    }
}

/// What a load makes of the tasks that bear it.
struct Load {
    /// Of what they can do: 1 is all.
    used: f64,
    /// Percent.
    cpu: f64,
    /// Milliseconds.
    median: f64,
    /// Share of requests.
    errors: f64,
    /// How many times as much work the image makes of a request.
    slow: f64,
    /// The database answers.
    answered: bool,
}

impl Load {
    fn of(rate: f64, serving: &[&Task], backend: Backend) -> Load {
        let count = serving.len() as f64;
        if serving.is_empty() {
            return Load { used: 0.0, cpu: IDLE_CPU, median: 0.0, errors: 0.0, slow: 1.0, answered: backend.serves };
        }
        let share =
            |of: fn(Ailment) -> f64, well: f64| serving.iter().map(|t| t.ailment.map_or(well, of)).sum::<f64>() / count;
        let slow = share(|a| if let Ailment::Slow(times) = a { times } else { 1.0 }, 1.0);
        let bad = share(|a| if let Ailment::Errors(share) = a { share } else { 0.0 }, 0.0);
        let used = rate * slow / (count * CAPACITY);
        let wait = (1.0 - used.min(0.95)).powf(-0.8);
        let overload = ((used - 1.0) / used.max(1.0)).max(0.0);
        let errors = if backend.serves {
            1.0 - (1.0 - 0.0008) * (1.0 - overload) * (1.0 - bad) * (1.0 - backend.refused)
        } else {
            0.97
        };
        // Without a database requests fail fast, and what fails fast costs little.
        let cost = if backend.serves { 1.0 } else { 0.35 };
        Load {
            used,
            cpu: (IDLE_CPU + 96.0 * used * cost).min(100.0),
            median: UNLOADED * slow * wait * backend.slow * (1.0 + backend.refused * 6.0),
            errors,
            slow,
            answered: backend.serves,
        }
    }
}
