//! One task, from provisioning to the hour after its end.

use super::ailment::Ailment;
use crate::platform::Health;

/// `lastStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    Provisioning,
    Pending,
    Running,
    /// Being taken out of the load balancer; it still serves.
    Deactivating,
    Stopping,
    Deprovisioning,
    Stopped,
}

impl Phase {
    /// As ECS writes it.
    pub fn word(self) -> &'static str {
        match self {
            Phase::Provisioning => "PROVISIONING",
            Phase::Pending => "PENDING",
            Phase::Running => "RUNNING",
            Phase::Deactivating => "DEACTIVATING",
            Phase::Stopping => "STOPPING",
            Phase::Deprovisioning => "DEPROVISIONING",
            Phase::Stopped => "STOPPED",
        }
    }
}

/// How the application's container ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exit {
    pub code: i32,
    pub reason: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Task {
    /// 32 hexadecimal digits.
    pub id: String,
    /// Into the world's definitions.
    pub definition: usize,
    pub deployment: String,
    pub phase: Phase,
    /// When the phase ends by itself.
    pub until: i64,
    pub wanted: bool,
    pub created: i64,
    pub pull_started: Option<i64>,
    pub pull_stopped: Option<i64>,
    pub started: Option<i64>,
    pub stopping: Option<i64>,
    pub stopped: Option<i64>,
    pub stop_code: Option<&'static str>,
    pub stopped_reason: Option<String>,
    pub health: Health,
    /// Since when its health check has been failing.
    pub failing_since: Option<i64>,
    /// It has been healthy once: whatever fails later is not the deployment's fault.
    pub proven: bool,
    pub zone: String,
    /// Its zone is gone: nothing reaches it, and ECS does not hear from it.
    pub cut_off: bool,
    pub address: String,
    pub exit: Option<Exit>,
    /// MiB lost to a leak.
    pub leaked_memory: f64,
    /// Database connections lost to a leak; they end with the task.
    pub leaked_connections: f64,
    pub ailment: Option<Ailment>,
}

/// How long a load balancer lets a task finish its requests.
const DRAIN: i64 = 30;

impl Task {
    /// It answers requests if the load balancer sends it any.
    pub fn can_serve(&self) -> bool {
        matches!(self.phase, Phase::Running | Phase::Deactivating) && !self.cut_off
    }

    /// Wanted, and not ended.
    pub fn is_live(&self) -> bool {
        self.wanted && self.phase < Phase::Deactivating
    }

    /// Between two states that last: such a task is worth small ticks.
    pub fn is_moving(&self) -> bool {
        match self.phase {
            Phase::Running => self.health != Health::Healthy || self.cut_off,
            Phase::Stopped => false,
            _ => true,
        }
    }

    /// The scheduler stops it: it drains, gets its signal, and goes.
    pub fn stop(&mut self, now: i64, reason: String) {
        self.wanted = false;
        self.stop_code = Some("ServiceSchedulerInitiated");
        self.stopped_reason = Some(reason);
        self.stopping = Some(now);
        if self.phase == Phase::Running {
            (self.phase, self.until) = (Phase::Deactivating, now + DRAIN);
            self.exit = Some(Exit { code: 0, reason: None });
        } else {
            (self.phase, self.until) = (Phase::Deprovisioning, now + 10);
        }
    }

    /// The application ends by itself.
    pub fn end(&mut self, now: i64, exit: Exit) {
        self.wanted = false;
        self.stop_code = Some("EssentialContainerExited");
        self.stopped_reason = Some("Essential container in task exited".to_owned());
        self.stopping = Some(now);
        self.exit = Some(exit);
        self.health = Health::Unknown;
        (self.phase, self.until) = (Phase::Deprovisioning, now + 10);
    }

    /// Moves to the next phase when it is time. True when it has come to `RUNNING`.
    pub fn progress(&mut self, now: i64, rng: &mut fastrand::Rng) -> bool {
        if now < self.until {
            return false;
        }
        match self.phase {
            Phase::Provisioning => {
                (self.phase, self.until) = (Phase::Pending, now + rng.i64(10..16));
                self.pull_started = Some(now);
            }
            Phase::Pending => {
                self.phase = Phase::Running;
                self.pull_stopped = Some(now - 1);
                self.started = Some(now);
                // When it crashes, or else when its health check has passed for the first time.
                let short = self.ailment.is_some_and(Ailment::cannot_start);
                self.until = now + if short { rng.i64(4..9) } else { rng.i64(30..38) };
                return true;
            }
            Phase::Deactivating => (self.phase, self.until) = (Phase::Stopping, now + 5),
            Phase::Stopping => (self.phase, self.until) = (Phase::Deprovisioning, now + 10),
            Phase::Deprovisioning => {
                self.phase = Phase::Stopped;
                self.stopped = Some(now);
            }
            Phase::Running | Phase::Stopped => {}
        }
        false
    }
}
