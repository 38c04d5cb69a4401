//! The service that a step is about, as it is now.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Context, Halt};
use crate::aws::ecs_write::{Controls, describe_with_controls};
use crate::aws::{autoscaling, ecs};
use crate::platform::text::shell_word;
use crate::platform::{Scaling, Service, ServiceSpec, ServiceStatus, Trouble};

/// Where a service is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Its cluster.
    pub cluster: String,
    /// Its name.
    pub name: String,
}

/// What a change of a service is planned on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Basis {
    /// Tasks wanted.
    pub desired: u32,
    /// `family:7`.
    pub revision: String,
    /// The primary deployment.
    pub deployment: String,
}

impl Basis {
    pub(super) fn of(service: &Service) -> Basis {
        Basis {
            desired: service.desired,
            revision: service.revision.name(),
            deployment: service.primary().map(|d| d.id.clone()).unwrap_or_default(),
        }
    }

    /// What is different now, in words.
    pub(super) fn difference(&self, now: &Basis) -> String {
        let mut parts = Vec::new();
        if self.desired != now.desired {
            parts.push(format!("desired count was {} and is {}", self.desired, now.desired));
        }
        if self.revision != now.revision {
            parts.push(format!("the revision was {} and is {}", self.revision, now.revision));
        } else if self.deployment != now.deployment {
            parts.push(format!("a new deployment {} began", now.deployment));
        }
        parts.join(", ")
    }
}

impl From<&ServiceSpec> for Place {
    fn from(spec: &ServiceSpec) -> Place {
        Place { cluster: spec.cluster.clone(), name: spec.name.clone() }
    }
}

impl Place {
    /// The service as it is now.
    pub(super) async fn look(&self, context: &Context) -> Result<Service, Trouble> {
        ecs::describe_services(&context.clients, &self.cluster, &[&self.name]).await?.swap_remove(0)
    }

    /// The service as it is now, if it can be changed.
    pub(super) async fn look_to_change(&self, context: &Context) -> Result<Service, Halt> {
        let service = self.look(context).await?;
        self.is_active(&service)?;
        Ok(service)
    }

    /// … and who controls it: for a plan, which refuses what ECS would.
    pub(super) async fn look_to_plan(&self, context: &Context) -> Result<(Service, Controls), Halt> {
        let (service, controls) = describe_with_controls(&context.clients, &self.cluster, &self.name).await?;
        self.is_active(&service)?;
        Ok((service, controls))
    }

    fn is_active(&self, service: &Service) -> Result<(), Halt> {
        match &service.status {
            ServiceStatus::Active => Ok(()),
            status => {
                let status = json!(status);
                let status = status.as_str().unwrap_or("in an unknown state");
                Err(Halt::refused(format!("service {} is {status}: ECS changes only an active service", self.name)))
            }
        }
    }

    /// Its auto scaling.
    pub(super) async fn scaling(&self, context: &Context) -> Result<Option<Scaling>, Trouble> {
        let found = autoscaling::describe_scalable_targets(&context.clients, &[(&self.cluster, &self.name)]).await?;
        Ok(found.into_iter().next().flatten())
    }

    /// `--cluster CLUSTER --service NAME`, quoted for a shell.
    pub(super) fn flags(&self) -> String {
        format!("--cluster {} --service {}", shell_word(&self.cluster), shell_word(&self.name))
    }
}
