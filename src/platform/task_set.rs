//! What another controller than ECS deploys: a task set each, as `DescribeServices` tells them.

use jiff::Timestamp;
use serde::Serialize;

use super::Revision;

/// One deployment of `CodeDeploy` or of somebody's own program.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TaskSet {
    /// `ecs-svc/1234567890`.
    pub id: String,
    /// What of the traffic it has.
    pub status: TaskSetStatus,
    /// Whether its tasks have come to rest.
    pub stability: Stability,
    /// What it runs.
    pub revision: Revision,
    /// When it was made.
    pub created_at: Option<Timestamp>,
}

impl TaskSet {
    /// How it is, in a few words: `no traffic yet, its tasks start`; `None` where there is nothing to say.
    pub fn words(&self) -> Option<String> {
        let traffic = match self.status {
            TaskSetStatus::Primary => None,
            TaskSetStatus::Active => Some("no traffic"),
            TaskSetStatus::Draining => Some("draining"),
            TaskSetStatus::Unknown => Some("status unknown"),
        };
        let tasks = (self.stability == Stability::Stabilizing).then_some("its tasks not steady");
        let parts: Vec<&str> = traffic.into_iter().chain(tasks).collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

/// `status` of a task set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TaskSetStatus {
    /// It has the production traffic.
    Primary,
    /// It has none of it.
    Active,
    /// Its tasks are being stopped.
    Draining,
    /// A status that this version does not know.
    Unknown,
}

/// `stabilityStatus` of a task set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stability {
    /// As many run as are wanted, and they are healthy.
    Steady,
    /// Not yet, or not any more.
    Stabilizing,
    /// ECS does not say.
    Unknown,
}
