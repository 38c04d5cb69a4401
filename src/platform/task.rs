//! An ECS task as `DescribeTasks` tells it.

use jiff::Timestamp;
use serde::Serialize;

use super::{Image, Revision};

/// `healthStatus`, as the container's health check answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Health {
    /// The check passes.
    Healthy,
    /// The check fails.
    Unhealthy,
    /// No check, or no answer yet.
    Unknown,
}

/// One container of a task.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Container {
    /// Its name in the task definition.
    pub name: String,
    /// What it was started from, with the digest that ECS resolved.
    pub image: Image,
    /// `RUNNING`, `STOPPED` …, as AWS writes it.
    pub status: String,
    /// Its health.
    pub health: Health,
    /// How it ended.
    pub exit_code: Option<i32>,
    /// Why it could not start or was killed: `OutOfMemoryError: …`.
    pub reason: Option<String>,
}

/// One task of a service.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Task {
    /// The last part of its ARN.
    pub id: String,
    /// What it runs.
    pub revision: Revision,
    /// The deployment that started it: `ecs-svc/…`.
    pub started_by: Option<String>,
    /// `PROVISIONING`, `PENDING`, `RUNNING`, `DEPROVISIONING`, `STOPPED` …, as AWS writes it.
    pub last_status: String,
    /// `RUNNING` or `STOPPED`.
    pub desired_status: String,
    /// Its health.
    pub health: Health,
    /// `connectivity` is `DISCONNECTED`: ECS does not hear from its agent, and its status and health are what was heard
    /// last (Amazon ECS API Reference, `HealthCheck`).
    pub disconnected: bool,
    /// When ECS made it.
    pub created_at: Option<Timestamp>,
    /// When it came to `RUNNING`.
    pub started_at: Option<Timestamp>,
    /// When it stopped.
    pub stopped_at: Option<Timestamp>,
    /// `TaskFailedToStart`, `EssentialContainerExited`, `ServiceSchedulerInitiated` …
    pub stop_code: Option<String>,
    /// Why it stopped, in ECS's words.
    pub stopped_reason: Option<String>,
    /// Availability zone.
    pub zone: Option<String>,
    /// CPU units, 1,024 to a vCPU.
    pub cpu: Option<String>,
    /// MiB.
    pub memory: Option<String>,
    /// Its containers.
    pub containers: Vec<Container>,
}

impl Task {
    /// It has stopped or is told to.
    pub fn is_stopped(&self) -> bool {
        self.desired_status == "STOPPED" || self.last_status == "STOPPED"
    }

    /// ECS does not hear from it, though it ran.
    pub fn is_cut_off(&self) -> bool {
        self.disconnected && self.started_at.is_some()
    }

    /// It is `RUNNING`, and is to go on.
    pub fn runs(&self) -> bool {
        !self.is_stopped() && self.last_status == "RUNNING"
    }

    /// It stopped because something failed, not because the scheduler wanted fewer or others.
    pub fn failed(&self) -> bool {
        self.is_stopped()
            && match self.stop_code.as_deref() {
                Some("ServiceSchedulerInitiated") => {
                    self.stopped_reason.as_deref().is_some_and(|r| r.contains("failed") || r.contains("unhealthy"))
                }
                Some("UserInitiated" | "SpotInterruption") | None => false,
                Some(_) => true,
            }
    }

    /// It was stopped because a health check failed: its own, or the load balancer's.
    pub fn failed_its_check(&self) -> bool {
        self.failed() && self.stopped_reason.as_deref().is_some_and(|r| r.contains("health checks"))
    }

    /// The container of this name.
    pub fn container(&self, name: &str) -> Option<&Container> {
        self.containers.iter().find(|c| c.name == name)
    }

    /// The container that failed, as far as its reason or exit code tells.
    pub fn failed_container(&self) -> Option<&Container> {
        let told = self.containers.iter().find(|c| c.reason.is_some());
        told.or_else(|| self.containers.iter().find(|c| c.exit_code.is_some_and(|code| code != 0)))
    }

    /// Why it stopped, the most telling part first: the container's reason and exit code, then ECS's words.
    pub fn why_stopped(&self) -> Option<String> {
        let container = self.failed_container();
        let mut parts = Vec::new();
        if let Some(container) = container {
            if let Some(reason) = &container.reason {
                parts.push(reason.clone());
            }
            if let Some(code) = container.exit_code {
                parts.push(format!("{} exited with {code}", container.name));
            }
        }
        if let Some(reason) = &self.stopped_reason {
            parts.push(reason.clone());
        }
        (!parts.is_empty()).then(|| parts.join(" · "))
    }
}
