//! What a look at an account found: all that a platform file is written from.

use crate::aws::cloudwatch::Listed;
use crate::platform::{Alarm, Database, Image, Scaling};

/// What was found and chosen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// What the platform will be called.
    pub name: String,
    /// The account that was looked at.
    pub account: Option<String>,
    /// The region that was looked at.
    pub region: Option<String>,
    /// The profile, if one was named.
    pub profile: Option<String>,
    /// The chosen services.
    pub services: Vec<FoundService>,
    /// The chosen databases.
    pub databases: Vec<Database>,
    /// Every alarm of the region; the writer keeps those that belong here.
    pub alarms: Vec<Alarm>,
    /// Metrics of nobody but the team: namespace, name, dimensions.
    pub metrics: Vec<Listed>,
    /// What could not be looked at, and why: lines for a person.
    pub notes: Vec<String>,
}

/// A service.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FoundService {
    /// Its name.
    pub name: String,
    /// Its cluster's name.
    pub cluster: String,
    /// The containers of the task definition that it runs, in its order.
    pub containers: Vec<FoundContainer>,
    /// Its scalable target.
    pub scaling: Option<Scaling>,
}

/// A container of a task definition.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FoundContainer {
    /// Its name.
    pub name: String,
    /// What it runs.
    pub image: Image,
    /// Its `awslogs-group`.
    pub log_group: Option<String>,
}

impl FoundContainer {
    /// The ECR repository, if its image comes from one.
    pub fn repository(&self) -> Option<&str> {
        let (registry, repository) = self.image.repository.split_once('/')?;
        registry.contains(".dkr.ecr.").then_some(repository)
    }
}

impl FoundService {
    /// The container that most likely carries the release: from ECR before sidecars from elsewhere,
    /// the one that the service is named after before others.
    pub fn main_container(&self) -> Option<&FoundContainer> {
        let named_after = |c: &&FoundContainer| c.name == self.name;
        self.containers
            .iter()
            .find(|c| c.repository().is_some() && named_after(c))
            .or_else(|| self.containers.iter().find(|c| c.repository().is_some()))
            .or_else(|| self.containers.iter().find(named_after))
            .or_else(|| self.containers.first())
    }
}
