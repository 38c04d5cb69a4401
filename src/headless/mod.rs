//! The same picture and the same plans as text or JSON, for scripts and for narrow lines.

mod json;
mod plan;
mod runbooks;
mod runs;
mod text;

use std::sync::Arc;

use jiff::Timestamp;

use crate::aws::Clients;
use crate::clock::Clock;
use crate::platform::{Picture, Platform, skew};
use crate::run::Dead;
use crate::triage::{self, Finding, Verdict};
use crate::watch;

pub use plan::plan;
pub use runbooks::runbooks;
pub use runs::{failure, refusal, runs};

/// How the platform is at one instant.
pub struct Status {
    platform: Arc<Platform>,
    picture: Picture,
    findings: Vec<Finding>,
    verdict: Verdict,
    region: Option<String>,
    at: Timestamp,
}

/// Asks every source once. It ends even if nothing answers: every call has a timeout of its own.
pub async fn status(platform: &Arc<Platform>, clients: &Clients, clock: &Clock) -> Status {
    let began = clock.now();
    let picture = watch::once(platform, clients, clock).await;
    let region = clients.region().map(str::to_owned);
    let present = |local| skew::present(local, picture.clock_skew);
    let (began, at) = (present(began), present(clock.now()));
    let mut status = Status::of(Arc::clone(platform), picture, region, at);
    status.forget_beginnings(began);
    status
}

impl Status {
    fn of(platform: Arc<Platform>, picture: Picture, region: Option<String>, at: Timestamp) -> Status {
        let findings = triage::findings(&platform, &picture, at);
        let verdict = triage::verdict(&findings, &picture);
        Status { platform, picture, findings, verdict, region, at }
    }

    /// What was first seen by this very look began at a time that nobody knows.
    fn forget_beginnings(&mut self, looked: Timestamp) {
        for finding in &mut self.findings {
            finding.since = finding.since.filter(|since| *since < looked);
        }
    }

    /// … and which runs were killed there.
    #[must_use]
    pub fn beside(mut self, dead: &[Dead]) -> Status {
        Dead::tell(dead, &self.platform, &mut self.findings);
        self.verdict = triage::verdict(&self.findings, &self.picture);
        self
    }

    /// 0 all well, 1 warning, 2 critical, 3 could not tell.
    pub fn exit_code(&self) -> u8 {
        self.verdict.exit_code()
    }
}

#[cfg(test)]
mod tests;
