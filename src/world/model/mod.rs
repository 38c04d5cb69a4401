//! The pure model: a world that lives in small, seeded steps, and knows nothing of wires or clocks.

mod ailment;
pub mod alarm;
mod apply;
pub mod cache;
mod change;
mod crowd;
pub mod database;
pub mod definition;
mod logs;
pub mod metric;
pub mod names;
mod scaling;
mod scenario;
mod scheduler;
mod seed;
pub mod server;
pub mod service;
pub mod session;
pub mod table;
pub mod task;
#[cfg(test)]
mod tests;
mod traffic;
pub mod vacuum;

use fastrand::Rng;
use jiff::Timestamp;

pub use ailment::Ailment;
pub use change::Change;
pub use scaling::resource_id;
pub use scenario::{Scenario, ScenarioError};

use crate::platform::AlarmState;
use alarm::Alarm;
use cache::Cache;
use database::Database;
use definition::{Definition, Repository};
use logs::Logs;
use metric::Metrics;
use scheduler::Around;
use service::Service;
use traffic::{Backend, Demand, Tick};

/// The simulated platform. It has no clock of its own: [`World::advance`] tells it what time it is.
///
/// The same scenario, seed and start give the same world, however its time is cut into steps.
#[derive(Debug)]
pub struct World {
    /// Seconds since 1970, as all times in the model.
    pub(crate) now: i64,
    /// The end of the last tick.
    ticked: i64,
    /// The demo's start: here the day's curve is in the late morning, whatever the time of day.
    start: i64,
    /// Up to here a tick may be a whole minute.
    coarse_until: i64,
    /// From here on alarms and auto scaling look.
    watched_from: i64,
    pub(crate) rng: Rng,
    pub(crate) clusters: Vec<String>,
    pub(crate) services: Vec<Service>,
    pub(crate) definitions: Vec<Definition>,
    pub(crate) repositories: Vec<Repository>,
    /// The host of new repositories.
    pub(crate) registry: String,
    /// What its authorization token holds.
    pub(crate) registry_password: Option<String>,
    /// Where the bytes of images can be had, if anywhere: `http://127.0.0.1:PORT`.
    pub(crate) layers_at: Option<String>,
    pub(crate) databases: Vec<Database>,
    pub(crate) alarms: Vec<Alarm>,
    pub(crate) metrics: Metrics,
    pub(crate) logs: Logs,
    pub(crate) cache: Cache,
    /// Names and values of Secrets Manager's secrets.
    pub(crate) secrets: Vec<(String, String)>,
    zones: Vec<String>,
    /// Changes that wait for their time, latest first.
    waiting: Vec<(i64, Change)>,
}

/// A tick in the present, and in the far past when nothing moves.
const TICK: i64 = 5;
const COARSE_TICK: i64 = 60;
/// How much of the past is lived through.
const PAST: i64 = 26 * 3_600;
/// The hour of the day's curve at the start.
const START_HOUR: f64 = 10.5;
/// The first minutes have too little data for alarms.
const SETTLING: i64 = 20 * 60;
/// Seconds past the minute at which auto scaling and the first alarms look.
const LOOK: i64 = 12;

impl World {
    /// A world in which a day has passed before `start`, so that history exists.
    ///
    /// The scenario's times count from the first whole minute at or after `start`, because `CloudWatch` works
    /// in whole minutes: an alarm rises at the same moment of every demo.
    pub fn new(scenario: &Scenario, seed: u64, start: Timestamp) -> World {
        let start = start.as_second();
        let mut world = World::seed(seed, start, PAST);
        let minute = -(-start).div_euclid(60) * 60;
        world.waiting = scenario.changes().map(|(at, change)| (minute + at, change)).collect();
        world.waiting.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        world.run_to(start);
        world
    }

    /// Lives on to this instant. An instant in the past changes nothing.
    pub fn advance(&mut self, to: Timestamp) {
        self.run_to(to.as_second());
    }

    /// The instant up to which the world has lived.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_second(self.now).unwrap_or_default()
    }

    /// The state of an alarm, and why.
    pub fn alarm(&self, name: &str) -> Option<(AlarmState, &str)> {
        self.alarms.iter().find(|a| a.name == name).map(|a| (a.state, a.reason.as_str()))
    }

    /// Tasks wanted and running of a service.
    pub fn tasks(&self, service: &str) -> Option<(u32, u32)> {
        let service = self.services.iter().find(|s| s.name == service)?;
        let running = service.tasks.iter().filter(|t| t.phase == task::Phase::Running).count();
        Some((service.desired, running as u32))
    }

    /// The cache is emptied, and with it the queue's jobs.
    pub(crate) fn lose_cache(&mut self) {
        self.cache.flush();
        self.services.iter_mut().for_each(|s| s.traffic.queue = 0.0);
    }

    /// Jobs that wait in the queue: they are kept in the cache, and lost with it.
    pub(crate) fn jobs(&self) -> f64 {
        self.services.iter().filter(|s| s.active && s.uses_database).map(|s| s.traffic.queue).sum()
    }

    fn run_to(&mut self, to: i64) {
        loop {
            let next = self.next_tick();
            if next > to {
                break;
            }
            let seconds = next - self.ticked;
            self.ticked = next;
            self.now = next;
            while self.waiting.last().is_some_and(|(at, _)| *at <= next) {
                if let Some((_, change)) = self.waiting.pop() {
                    self.apply(change);
                }
            }
            self.tick(seconds);
        }
        self.now = self.now.max(to);
        let now = self.now;
        self.databases.iter_mut().for_each(|d| d.settle(now));
        self.cache.settle(now);
    }

    fn next_tick(&self) -> i64 {
        let fine = (self.ticked.div_euclid(TICK) + 1) * TICK;
        let coarse = (self.ticked.div_euclid(COARSE_TICK) + 1) * COARSE_TICK;
        let quiet = coarse <= self.coarse_until
            && self.waiting.last().is_none_or(|(at, _)| *at > coarse)
            && !self.services.iter().any(Service::is_moving);
        if quiet { coarse } else { fine }
    }

    fn tick(&mut self, seconds: i64) {
        let now = self.now;
        let backend = self.databases.first().map(|d| d.backend(now));
        let steady = Backend { serves: true, slow: 1.0, refused: 0.0 };
        // A health check allows for the minute that a failover or a reboot takes.
        let database_serves = self.databases.first().is_none_or(|d| d.serves(now) || now - d.answered < 20);
        let hour = START_HOUR + (now - self.start) as f64 / 3_600.0;
        let mut demand = Demand::default();
        for service in &mut self.services {
            let mut around = Around {
                now,
                rng: &mut self.rng,
                definitions: &self.definitions,
                repositories: &self.repositories,
                zones: &self.zones,
                database_serves: database_serves || !service.uses_database,
                logs: &mut self.logs,
            };
            service.schedule(&mut around, seconds);
            if !service.active {
                continue;
            }
            let backend = backend.filter(|_| service.uses_database).unwrap_or(steady);
            let asked = service.serve(
                Tick { now, seconds, hour },
                backend,
                &self.definitions,
                &mut self.metrics,
                &mut self.rng,
            );
            service.complain(now, &asked, backend, &mut self.logs);
            if service.uses_database {
                demand.requests += asked.requests;
                demand.connections += asked.connections;
                demand.leaked += asked.leaked;
            }
        }
        self.cache.tick(seconds, demand.requests);
        demand.requests *= self.cache.load();
        if let Some((first, others)) = self.databases.split_first_mut() {
            first.bear(now, seconds, demand, &mut self.metrics, &mut self.rng);
            for other in others {
                other.bear(now, seconds, Demand::default(), &mut self.metrics, &mut self.rng);
            }
        }
        if now >= self.watched_from {
            self.look(now, now - seconds);
        }
    }

    /// Alarms and auto scaling look once a minute, each at its own second.
    fn look(&mut self, now: i64, before: i64) {
        let due = |offset: i64| (now - offset).div_euclid(60) > (before - offset).div_euclid(60);
        for (i, alarm) in self.alarms.iter_mut().enumerate() {
            if due(LOOK + (i as i64 * 7) % 15) {
                alarm.evaluate(&self.metrics, now);
            }
        }
        if due(LOOK) {
            for service in &mut self.services {
                service.scale(now, &self.metrics, &mut self.rng);
            }
        }
    }
}
