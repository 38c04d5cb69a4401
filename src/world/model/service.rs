//! An ECS service: what it is told, its deployments, its tasks and its log of events.

use std::collections::VecDeque;

use super::ailment::Ailment;
use super::logs::Logs;
use super::names;
use super::scaling::Scaling;
use super::task::{Phase, Task};
use super::traffic::{Backend, Demand, Traffic};
use crate::platform::{CircuitBreaker, DeploymentStatus, Rollout};

/// A line of the service's log.
#[derive(Clone, Debug)]
pub struct Event {
    pub id: String,
    pub at: i64,
    pub message: String,
}

#[derive(Clone, Debug)]
pub struct Deployment {
    /// `ecs-svc/…`.
    pub id: String,
    /// Into the world's definitions.
    pub definition: usize,
    pub status: DeploymentStatus,
    pub rollout: Rollout,
    pub reason: String,
    /// Tasks that failed to start.
    pub failed: u32,
    pub created: i64,
    pub updated: i64,
    /// After failures ECS waits before it starts the next task.
    pub wait_until: i64,
    /// The one that the circuit breaker put back in its place.
    pub rolled_back_to: Option<String>,
    /// When it ended, one way or another.
    pub finished: Option<i64>,
    /// It is being put back in place of one that was given up, and this is why.
    pub put_back: Option<GivenUp>,
}

/// Why a deployment in progress ended without success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GivenUp {
    /// The circuit breaker saw too many tasks fail.
    TasksFailed,
    /// `StopServiceDeployment`.
    Stopped,
}

impl GivenUp {
    /// Who gives up, in the words that ECS begins its reasons with.
    pub fn by(self) -> &'static str {
        match self {
            GivenUp::TasksFailed => "ECS deployment circuit breaker",
            GivenUp::Stopped => "ECS deployment",
        }
    }

    pub fn why(self) -> &'static str {
        match self {
            GivenUp::TasksFailed => "tasks failed to start",
            GivenUp::Stopped => "stopped by StopServiceDeployment",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Service {
    pub name: String,
    pub cluster: String,
    pub container: String,
    pub created: i64,
    pub active: bool,
    /// Its requests and its health check ask the world's first database.
    pub uses_database: bool,
    pub desired: u32,
    pub minimum_healthy: u32,
    pub maximum: u32,
    pub breaker: CircuitBreaker,
    /// `None` if no load balancer stands before it.
    pub target_group: Option<String>,
    /// Primary first.
    pub deployments: Vec<Deployment>,
    /// Those that ended, newest first.
    pub past: VecDeque<Deployment>,
    pub tasks: Vec<Task>,
    /// Newest first; ECS keeps 100.
    pub events: VecDeque<Event>,
    /// The last word in the log was that it is steady.
    pub steady_since: Option<i64>,
    /// So many tasks find a place; without a number, any.
    pub room: Option<u32>,
    pub scaling: Option<Scaling>,
    pub traffic: Traffic,
}

/// Events that ECS keeps.
const EVENTS_KEPT: usize = 100;
/// Past deployments kept.
const PAST_KEPT: usize = 20;

impl Service {
    pub fn arn(&self) -> String {
        names::arn("ecs", &format!("service/{}/{}", self.cluster, self.name))
    }

    /// Writes a line to the service's log, as ECS begins each: `(service NAME) `.
    pub fn tell(&mut self, rng: &mut fastrand::Rng, at: i64, what: &str) {
        let message = format!("(service {}) {what}", self.name);
        self.events.push_front(Event { id: names::uuid(rng), at, message });
        self.events.truncate(EVENTS_KEPT);
    }

    pub fn primary(&self) -> Option<&Deployment> {
        self.deployments.first()
    }

    /// Tasks of a deployment in one of these phases.
    pub fn count(&self, deployment: &str, phases: &[Phase]) -> usize {
        self.tasks.iter().filter(|t| t.deployment == deployment && phases.contains(&t.phase)).count()
    }

    /// Tasks of a deployment that are wanted.
    pub fn live(&self, deployment: &str) -> usize {
        self.tasks.iter().filter(|t| t.deployment == deployment && t.is_live()).count()
    }

    /// Something is under way that a tick of a minute would step over.
    pub fn is_moving(&self) -> bool {
        self.deployments.len() > 1
            || self.primary().is_some_and(|d| d.rollout == Rollout::InProgress)
            || self.steady_since.is_none()
            || self.tasks.iter().any(Task::is_moving)
    }

    /// A new primary deployment; the old ones make room for it.
    pub fn deploy(&mut self, rng: &mut fastrand::Rng, now: i64, definition: usize) -> String {
        for old in &mut self.deployments {
            old.status = DeploymentStatus::Active;
            if old.rollout == Rollout::InProgress {
                old.updated = now;
            }
        }
        let id = names::deployment(rng);
        self.deployments.insert(
            0,
            Deployment {
                id: id.clone(),
                definition,
                status: DeploymentStatus::Primary,
                rollout: Rollout::InProgress,
                reason: format!("ECS deployment {id} in progress."),
                failed: 0,
                created: now,
                updated: now,
                wait_until: now,
                rolled_back_to: None,
                finished: None,
                put_back: None,
            },
        );
        self.steady_since = None;
        id
    }

    /// What the application writes when requests fail.
    pub fn complain(&self, now: i64, demand: &Demand, backend: Backend, logs: &mut Logs) {
        let Some(task) = self.tasks.iter().find(|t| t.can_serve()).filter(|_| demand.errors > 0.02) else { return };
        let text = if !backend.serves {
            "connect ETIMEDOUT 10.0.1.20:5432"
        } else if backend.refused > 0.0 {
            "remaining connection slots are reserved for roles with the SUPERUSER attribute"
        } else if self.tasks.iter().any(|t| matches!(t.ailment, Some(Ailment::Errors(_)))) {
            "TypeError: Cannot read properties of undefined (reading 'plan')"
        } else {
            "request timed out in queue"
        };
        logs.complain(now, &self.name, &self.container, task, text);
    }

    /// Deployments that are over leave the list.
    pub fn retire(&mut self, now: i64) {
        for mut old in self.deployments.drain(1..) {
            old.status = DeploymentStatus::Inactive;
            old.finished.get_or_insert(now);
            self.past.push_front(old);
        }
        self.past.truncate(PAST_KEPT);
    }
}
