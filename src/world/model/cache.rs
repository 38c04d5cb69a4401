//! The platform's Redis: what it keeps spares the database work, and the queue's jobs are in it.

use std::collections::VecDeque;

/// A command that took long.
#[derive(Clone, Debug)]
pub struct Slow {
    pub id: i64,
    pub at: i64,
    pub micros: i64,
    pub command: Vec<&'static str>,
}

#[derive(Clone, Debug)]
pub struct Cache {
    pub started: i64,
    /// Cached answers.
    pub entries: f64,
    pub commands: f64,
    pub hits: f64,
    pub misses: f64,
    /// When it was last written to disk.
    pub saved: i64,
    pub saving_until: Option<i64>,
    /// Newest first.
    pub slow: VecDeque<Slow>,
}

/// As many answers as there are to keep.
const FULL: f64 = 42_000.0;
/// The share of look-ups that miss when all is kept.
const ALWAYS_MISSED: f64 = 0.05;
/// What a request costs the database more when its look-up misses.
const MISS_COST: f64 = 0.8;
const LOOKUPS: f64 = 6.0;
/// Bytes of an answer, of a job, and of Redis itself.
const ENTRY: f64 = 1_300.0;
const JOB: f64 = 2_100.0;
const OVERHEAD: f64 = 1.6e6;
/// Bytes a second that a save writes.
const SAVING: f64 = 15e6;

impl Cache {
    pub fn new(now: i64) -> Cache {
        let started = now - 6 * 86_400;
        let slow = [(9_300, vec!["KEYS", "session:*"]), (6_100, vec!["SMEMBERS", "bull:webhooks:completed"])];
        let slow = slow.into_iter().zip(1..).map(|((ago, command), id)| Slow {
            id: 3 - id,
            at: now - ago,
            micros: 11_000 + ago,
            command,
        });
        Cache {
            started,
            entries: FULL,
            commands: 41e6,
            hits: 33e6,
            misses: 1.7e6,
            saved: now - 700,
            saving_until: None,
            slow: slow.collect(),
        }
    }

    /// What it takes, with so many jobs in the queue.
    pub fn bytes(&self, jobs: f64) -> f64 {
        OVERHEAD + self.entries * ENTRY + jobs * JOB
    }

    pub fn keys(&self, jobs: f64) -> i64 {
        (self.entries + jobs).round() as i64
    }

    fn miss(&self) -> f64 {
        ALWAYS_MISSED + (1.0 - ALWAYS_MISSED) * (1.0 - self.entries / FULL)
    }

    /// How many times as much the database has to do as with a full cache.
    pub fn load(&self) -> f64 {
        1.0 + MISS_COST * (self.miss() - ALWAYS_MISSED)
    }

    /// One tick: what is missed is kept from then on.
    pub fn tick(&mut self, seconds: i64, requests: f64) {
        let lookups = requests * LOOKUPS * seconds as f64;
        let missed = lookups * self.miss();
        self.commands += lookups * 1.3;
        self.hits += lookups - missed;
        self.misses += missed;
        // Most misses are of something that another request has just missed.
        self.entries = (self.entries + missed * 0.1).min(FULL);
    }

    /// A save ends when its time has come.
    pub fn settle(&mut self, now: i64) {
        if let Some(until) = self.saving_until.filter(|until| *until <= now) {
            (self.saved, self.saving_until) = (until, None);
        }
    }

    /// `BGSAVE`. False if one is under way.
    pub fn save(&mut self, now: i64, jobs: f64) -> bool {
        let free = self.saving_until.is_none();
        if free {
            self.saving_until = Some(now + (self.bytes(jobs) / SAVING).ceil() as i64);
        }
        free
    }

    /// `FLUSHALL`.
    pub fn flush(&mut self) {
        self.entries = 0.0;
    }
}
