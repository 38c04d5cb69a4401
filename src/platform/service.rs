//! An ECS service as `DescribeServices` tells it.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::TaskSet;

/// A task definition's family and revision.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Revision {
    /// The family's name.
    pub family: String,
    /// Counted from 1; `None` if the answer named only the family.
    pub number: Option<u32>,
}

impl Revision {
    /// Reads `family:7` or an ARN that ends so: ECS answers with ARNs, moto with what it was given.
    pub fn parse(text: &str) -> Revision {
        let name = text.rsplit('/').next().unwrap_or(text);
        match name.rsplit_once(':') {
            Some((family, number)) => Revision { family: family.to_owned(), number: number.parse().ok() },
            None => Revision { family: name.to_owned(), number: None },
        }
    }

    /// `family:7`, as ECS takes it; the family alone where the number is not known.
    pub fn name(&self) -> String {
        match self.number {
            Some(number) => format!("{}:{number}", self.family),
            None => self.family.clone(),
        }
    }

    /// Registered after another one of its family.
    pub fn is_newer_than(&self, other: &Revision) -> bool {
        self.family == other.family && matches!((self.number, other.number), (Some(one), Some(other)) if one > other)
    }
}

impl fmt::Display for Revision {
    /// `:42`, as the screen says it where the family is plain from context.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.number {
            Some(number) => write!(f, ":{number}"),
            None => f.write_str(&self.family),
        }
    }
}

/// `status` of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServiceStatus {
    /// It runs.
    Active,
    /// It is being deleted and still has tasks.
    Draining,
    /// It was deleted.
    Inactive,
    /// A status this version does not know, as AWS wrote it.
    Other(String),
}

/// `rolloutState` of a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rollout {
    /// Under way.
    InProgress,
    /// Its tasks run and are steady.
    Completed,
    /// The circuit breaker or an alarm gave up on it.
    Failed,
    /// ECS does not say (no circuit breaker state, or another controller).
    Unknown,
}

/// Where a deployment stands among those of its service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeploymentStatus {
    /// The one that ECS moves to.
    Primary,
    /// Being replaced, still with tasks.
    Active,
    /// Replaced.
    Inactive,
}

/// One deployment of a service.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Deployment {
    /// `ecs-svc/1234567890`; tasks name it in `startedBy`.
    pub id: String,
    /// Its place.
    pub status: DeploymentStatus,
    /// How far it is.
    pub rollout: Rollout,
    /// Why, in ECS's words.
    pub rollout_reason: Option<String>,
    /// What it runs.
    pub revision: Revision,
    /// Tasks wanted.
    pub desired: u32,
    /// Tasks running.
    pub running: u32,
    /// Tasks starting.
    pub pending: u32,
    /// Tasks that failed to start, as the circuit breaker counts them.
    pub failed: u32,
    /// When it began.
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
}

/// A line of ECS's own log of the service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServiceEvent {
    /// AWS's id.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// ECS's words, in full.
    pub message: String,
}

impl ServiceEvent {
    /// The number that Application Auto Scaling set, and why, if it tells of that: the policy that wanted it, or the
    /// cause in its own words.
    pub fn scaled(&self) -> Option<(&str, &str)> {
        let (count, more) = self.message.split_once("set desired count to ")?.1.split_once(['.', ' '])?;
        let cause = more.split_once("Cause: ")?.1.trim_end_matches('.');
        Some((count, cause.split_once("triggered policy ").map_or(cause, |(_, policy)| policy)))
    }
}

/// `deploymentCircuitBreaker`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct CircuitBreaker {
    /// Failing deployments are stopped.
    pub enabled: bool,
    /// … and the last completed one is put back.
    pub rollback: bool,
}

/// Who deploys a service: `deploymentController`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Controller {
    /// ECS itself: its deployments are the service's.
    #[default]
    Ecs,
    /// AWS `CodeDeploy`, blue/green: what it deploys is in [`Service::task_sets`], of which `deployments` says nothing.
    CodeDeploy,
    /// Somebody's own program, by task sets too.
    External,
}

impl Controller {
    /// Who that is, in words; `None` for ECS itself.
    pub fn other(self) -> Option<&'static str> {
        match self {
            Controller::Ecs => None,
            Controller::CodeDeploy => Some("CodeDeploy"),
            Controller::External => Some("an external controller"),
        }
    }
}

/// An ECS service.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// Its cluster's name.
    pub cluster: String,
    /// Its ARN.
    pub arn: String,
    /// Its status.
    pub status: ServiceStatus,
    /// Tasks wanted.
    pub desired: u32,
    /// Tasks running.
    pub running: u32,
    /// Tasks starting.
    pub pending: u32,
    /// The revision that its primary deployment runs.
    pub revision: Revision,
    /// Newest first.
    pub deployments: Vec<Deployment>,
    /// What another controller deployed, as far as it still has tasks.
    pub task_sets: Vec<TaskSet>,
    /// Newest first; ECS keeps 100.
    pub events: Vec<ServiceEvent>,
    /// `minimumHealthyPercent`.
    pub minimum_healthy_percent: Option<u32>,
    /// `maximumPercent`.
    pub maximum_percent: Option<u32>,
    /// `None` if the answer does not mention one.
    pub circuit_breaker: Option<CircuitBreaker>,
    /// Who deploys it.
    pub controller: Controller,
    /// Minutes that a deployment waits on purpose: bake time and the steps of a canary or linear shift. 0 for a rolling
    /// update.
    pub bake_minutes: u32,
}

impl Service {
    /// The deployment that ECS moves to.
    pub fn primary(&self) -> Option<&Deployment> {
        self.deployments.iter().find(|d| d.status == DeploymentStatus::Primary)
    }

    /// Enough tasks run for the service's own minimum.
    pub fn has_its_minimum(&self) -> bool {
        let percent = u64::from(self.minimum_healthy_percent.unwrap_or(100));
        let needed = (u64::from(self.desired) * percent).div_ceil(100).max(1);
        u64::from(self.running) >= needed || self.desired == 0
    }

    /// A deployment may stop every old task before a new one runs: `minimumHealthyPercent` is 0.
    pub fn stops_before_it_starts(&self) -> bool {
        self.minimum_healthy_percent == Some(0)
    }

    /// A deployment is under way: the primary one says so, or an older one still has tasks.
    pub fn is_deploying(&self) -> bool {
        self.deployments.len() > 1 || self.primary().is_some_and(|d| d.rollout == Rollout::InProgress)
    }
}

/// The auto scaling of a service: `DescribeScalableTargets` of Application Auto Scaling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Scaling {
    /// Fewest tasks.
    pub min: u32,
    /// Most tasks.
    pub max: u32,
    /// What of it is suspended.
    pub suspended: Suspended,
}

/// `SuspendedState`: what auto scaling does not do for now. To suspend scaling in alone is usual during a release.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Suspended {
    /// It takes no task away.
    pub scale_in: bool,
    /// It adds no task.
    pub scale_out: bool,
    /// Scheduled actions move no bounds.
    pub scheduled: bool,
}

impl From<bool> for Suspended {
    /// All of it, or nothing.
    fn from(all: bool) -> Suspended {
        Suspended { scale_in: all, scale_out: all, scheduled: all }
    }
}

impl Suspended {
    /// Both ways: it changes nothing by load.
    pub fn is_whole(self) -> bool {
        self.scale_in && self.scale_out
    }

    /// What is suspended, in words: `scaling in`; `None` if nothing is.
    pub fn word(self) -> Option<&'static str> {
        match self {
            Suspended { scale_in: true, scale_out: true, .. } => Some("auto scaling"),
            Suspended { scale_in: true, scheduled: true, .. } => Some("scaling in and scheduled scaling"),
            Suspended { scale_out: true, scheduled: true, .. } => Some("scaling out and scheduled scaling"),
            Suspended { scale_in: true, .. } => Some("scaling in"),
            Suspended { scale_out: true, .. } => Some("scaling out"),
            Suspended { scheduled: true, .. } => Some("scheduled scaling"),
            Suspended { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_suspended_is_said_and_no_more() {
        let word = |scale_in, scale_out, scheduled| Suspended { scale_in, scale_out, scheduled }.word();
        assert_eq!(word(false, false, false), None);
        assert_eq!(word(true, true, false), Some("auto scaling"));
        assert_eq!(word(true, false, false), Some("scaling in"));
        assert_eq!(word(false, true, true), Some("scaling out and scheduled scaling"));
        assert_eq!(word(false, false, true), Some("scheduled scaling"));
    }

    #[test]
    fn a_revision_is_read_from_an_arn_and_from_a_short_name() {
        let long = Revision::parse("arn:aws:ecs:us-east-1:123456789012:task-definition/analytics-api:42");
        assert_eq!(long, Revision::parse("analytics-api:42"));
        assert_eq!(long.to_string(), ":42");
        assert_eq!(Revision::parse("analytics-api").number, None);
    }
}
