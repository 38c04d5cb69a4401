//! An RDS instance: status, connections, CPU, storage; what its clients ask decides them.

use std::collections::VecDeque;

use fastrand::Rng;

use super::metric::{MetricKey, Metrics};
use super::names;
use super::server::{MASTER, Server};
use super::traffic::{Backend, Demand};

/// The series that an instance fills.
#[derive(Clone, Copy, Debug)]
struct Meters {
    cpu: usize,
    connections: usize,
    free_storage: usize,
    free_memory: usize,
}

/// Something that RDS tells of the instance.
#[derive(Clone, Debug)]
pub struct Event {
    pub at: i64,
    pub category: &'static str,
    pub message: String,
}

#[derive(Clone, Debug)]
pub struct Database {
    pub id: String,
    pub class: String,
    pub version: String,
    pub zone: String,
    pub allocated_gib: u32,
    pub created: i64,
    pub free_bytes: f64,
    /// Bytes a minute that something writes beside the usual.
    pub filling: f64,
    /// Its zone is gone.
    pub failed: bool,
    pub rebooting_until: i64,
    /// When it last answered.
    pub answered: i64,
    /// Client sessions at the last tick, those over the wire too.
    pub connections: f64,
    /// Those of them that the platform has: its tasks, and people.
    pub application: f64,
    /// What runs inside.
    pub server: Server,
    /// Percent.
    pub cpu: f64,
    /// The share of connection attempts that are refused.
    refused: f64,
    /// Oldest first.
    pub events: VecDeque<Event>,
    backing_up: bool,
    full: bool,
    meters: Meters,
}

/// `max_connections` of a db.t4g.micro, and those that PostgreSQL reserves for superusers.
pub const MAX_CONNECTIONS: f64 = 85.0;
pub const RESERVED: f64 = 3.0;
/// Connections of migrations, dashboards and people.
pub const OTHERS: f64 = 9.0;
/// Less than this and RDS stops the instance.
const FULL: f64 = 100e6;
/// What a day of the platform's data takes.
const PER_MINUTE: f64 = 0.7e6;
const EVENTS_KEPT: usize = 200;
/// The nightly backup: from 03:00 UTC, 18 minutes.
const BACKUP: std::ops::Range<i64> = 3 * 3_600..3 * 3_600 + 18 * 60;

impl Database {
    pub fn new(id: &str, zone: &str, now: i64, metrics: &mut Metrics) -> Database {
        let mut open =
            |metric: &str, unit| metrics.open(MetricKey::new("AWS/RDS", metric, &[("DBInstanceIdentifier", id)]), unit);
        let meters = Meters {
            cpu: open("CPUUtilization", "Percent"),
            connections: open("DatabaseConnections", "Count"),
            free_storage: open("FreeStorageSpace", "Bytes"),
            free_memory: open("FreeableMemory", "Bytes"),
        };
        Database {
            id: id.to_owned(),
            class: "db.t4g.micro".to_owned(),
            version: "16.3".to_owned(),
            zone: zone.to_owned(),
            allocated_gib: 20,
            created: now - 400 * 86_400,
            free_bytes: 12.6e9,
            filling: 0.0,
            failed: false,
            rebooting_until: 0,
            answered: now,
            connections: 0.0,
            application: 0.0,
            server: Server::new(now),
            cpu: 10.0,
            refused: 0.0,
            events: VecDeque::new(),
            backing_up: false,
            full: false,
            meters,
        }
    }

    pub fn arn(&self) -> String {
        names::arn("rds", &format!("db:{}", self.id))
    }

    /// As RDS writes it.
    pub fn status(&self, now: i64) -> &'static str {
        if self.failed {
            "failed"
        } else if now < self.rebooting_until {
            "rebooting"
        } else if self.full {
            "storage-full"
        } else if self.backing_up {
            "backing-up"
        } else {
            "available"
        }
    }

    pub fn serves(&self, now: i64) -> bool {
        !self.failed && !self.full && now >= self.rebooting_until
    }

    /// How it feels to its clients.
    pub fn backend(&self, now: i64) -> Backend {
        Backend {
            serves: self.serves(now),
            slow: (1.0 - (self.cpu / 100.0).min(0.95)).powf(-0.5) * 0.85,
            refused: self.refused,
        }
    }

    pub fn tell(&mut self, at: i64, category: &'static str, message: &str) {
        self.events.push_back(Event { at, category, message: message.to_owned() });
        if self.events.len() > EVENTS_KEPT {
            self.events.pop_front();
        }
    }

    /// One tick under what its clients ask.
    pub fn bear(&mut self, now: i64, seconds: i64, demand: Demand, metrics: &mut Metrics, rng: &mut Rng) {
        let minutes = seconds as f64 / 60.0;
        self.back_up(now);
        if !self.serves(now) {
            (self.connections, self.application, self.cpu, self.refused) = (0.0, 0.0, 2.0, 0.0);
            self.end_sessions();
            if self.full {
                metrics.record(self.meters.free_storage, now, self.free_bytes, 1.0, 0.0);
            }
            return;
        }
        self.answered = now;
        let wanted = demand.connections + OTHERS + demand.leaked;
        let ordinary = self.server.clients.iter().filter(|c| c.user != MASTER).count() as f64;
        let limit = MAX_CONNECTIONS - RESERVED - ordinary;
        self.application = wanted.min(limit);
        self.connections = self.application + self.server.clients.len() as f64;
        self.refused = if wanted > limit { ((wanted - limit) / demand.connections.max(1.0)).min(0.7) } else { 0.0 };
        self.refused = self.refused.max(self.server.locked_out());
        self.free_bytes -= (PER_MINUTE + self.filling) * minutes;
        self.churn(now, seconds, demand.requests, PER_MINUTE * minutes);
        let backup = if self.backing_up { 6.0 } else { 0.0 };
        let wished =
            8.0 + demand.requests * 0.18 * self.server.scans() + demand.leaked * 0.06 + backup + self.server.upkeep();
        self.cpu = (wished * (1.0 + (rng.f64() - 0.5) * 0.06)).min(99.5);
        metrics.record(self.meters.cpu, now, self.cpu, 1.0, 0.0);
        metrics.record(self.meters.connections, now, self.connections.round(), 1.0, 0.0);
        metrics.record(self.meters.free_storage, now, self.free_bytes.max(0.0).round(), 1.0, 0.0);
        let memory = 180e6 - self.connections * 0.9e6 + rng.f64() * 4e6;
        metrics.record(self.meters.free_memory, now, memory.round(), 1.0, 0.0);
        if self.free_bytes < FULL {
            self.full = true;
            self.tell(
                now,
                "low storage",
                "Storage is full: the instance was shut down to avoid corruption. Allocate more storage.",
            );
        }
    }

    fn back_up(&mut self, now: i64) {
        let due = BACKUP.contains(&now.rem_euclid(86_400)) && self.serves(now);
        if due != self.backing_up {
            self.backing_up = due;
            self.tell(now, "backup", if due { "Backing up DB instance" } else { "Finished DB Instance backup" });
        }
    }

    /// Its zone goes, and it with it.
    pub fn fail(&mut self, now: i64) {
        if !self.failed {
            self.failed = true;
            self.tell(
                now,
                "failure",
                "The DB instance failed because its Availability Zone is not available. Recovery waits for the zone.",
            );
        }
    }

    /// Its zone comes back: it recovers its log and starts.
    pub fn recover(&mut self, now: i64) {
        if self.failed {
            self.failed = false;
            self.reboot(now, 90);
            self.tell(now, "recovery", "Recovery of the DB instance has started. Recovery time will vary with the amount of data to be recovered.");
        }
    }

    /// Connections end and come back.
    pub fn reboot(&mut self, now: i64, seconds: i64) {
        self.rebooting_until = now + seconds;
        self.tell(now, "availability", "DB instance restarted");
    }

    /// More room; a stopped instance starts again.
    pub fn free(&mut self, bytes: f64) {
        self.free_bytes = bytes;
        self.full = bytes < FULL;
    }
}
