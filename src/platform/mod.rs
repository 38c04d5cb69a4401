//! The domain: one config file becomes a [`Platform`]; what is known of it is a [`Picture`].
//! Nothing here does I/O or knows an SDK type.

mod alarm;
mod command_line;
mod database;
mod definition;
pub mod file;
#[cfg(test)]
pub(crate) mod fixture;
mod gauge;
mod identity;
mod image;
pub mod lines;
mod part;
mod picture;
mod price;
mod pulse;
pub mod region;
mod secret;
mod series;
mod service;
mod severity;
pub mod skew;
mod subjects;
mod target;
mod task;
mod task_set;
pub mod text;
pub mod timeline;
mod trouble;
mod unit;

use std::collections::BTreeMap;

use serde::Serialize;

pub use alarm::{Alarm, AlarmChange, AlarmCondition, AlarmState, Comparison, ExpectedAlarm};
pub use command_line::{CommandLine, masked};
pub use database::{Database, Serving};
pub use definition::{ContainerDefinition, Definition, Difference, HealthCheck, LogsTo};
pub use gauge::{Gauge, MetricQuery, Role, Statistic, Subject};
pub use identity::Identity;
pub use image::Image;
pub use part::Part;
pub use picture::{DatabaseChange, Fact, Observation, Picture, ServicePicture};
pub use price::{Prices, Spent};
pub use pulse::Pulse;
pub use secret::{Secret, passwords, without_passwords};
pub use series::{FRESH, Point, SPAN, STOPPED_AFTER, Series, minute_of};
pub use service::{
    CircuitBreaker, Controller, Deployment, DeploymentStatus, Revision, Rollout, Scaling, Service, ServiceEvent,
    ServiceStatus, Suspended,
};
pub use severity::Severity;
pub use subjects::Subjects;
pub use target::{Level, Target};
pub use task::{Container, Health, Task};
pub use task_set::{Stability, TaskSet, TaskSetStatus};
pub use trouble::{Trouble, TroubleKind};
pub use unit::Unit;

/// All that one config file describes.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Platform {
    /// What the header calls it.
    pub name: String,
    /// The account it must be: any other is a finding, so that nobody scales the wrong platform.
    pub account: Option<String>,
    /// AWS region; the SDK's chain decides if there is none.
    pub region: Option<String>,
    /// AWS profile; the SDK's chain decides if there is none.
    pub profile: Option<String>,
    /// Nothing of it is ever changed from here.
    pub read_only: bool,
    /// Its ECS services.
    pub services: Vec<ServiceSpec>,
    /// Its RDS instances.
    pub databases: Vec<DatabaseSpec>,
    /// Its caches.
    pub caches: Vec<CacheSpec>,
    /// What is measured: the standard gauges of each service and database, and the file's own.
    pub gauges: Vec<Gauge>,
    /// Alarms that should exist.
    pub alarms: Vec<ExpectedAlarm>,
    /// Alarms that runbooks say they treat, with the runbook's name; what the file says of an alarm goes before it.
    #[serde(skip)]
    pub treated: BTreeMap<String, String>,
    /// What things cost.
    pub prices: Prices,
    /// Pages to open beside the terminal.
    pub links: Vec<Link>,
}

/// How an ECS service is found.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ServiceSpec {
    /// Its name.
    pub name: String,
    /// Its cluster's name.
    pub cluster: String,
    /// The container that carries the image; the first one if there is none.
    pub container: Option<String>,
    /// Answers 200 when the service is well.
    pub health_url: Option<String>,
    /// Database connections that one task may hold.
    pub pool_size: Option<u32>,
    /// Where its containers log.
    pub log_group: Option<String>,
    /// The ECR repository that its images come from.
    pub repository: Option<String>,
    /// It has a scalable target in Application Auto Scaling.
    pub auto_scaling: bool,
}

impl ServiceSpec {
    /// What tells it apart from all others of its account and region: `analytics-production/analytics-api`.
    pub fn path(&self) -> String {
        format!("{}/{}", self.cluster, self.name)
    }

    /// What it is called, where another cluster has one of its name and where none has.
    fn called(&self, shared: bool) -> String {
        if shared { self.path() } else { self.name.clone() }
    }

    /// Whether somebody who says this may mean it: its name, or its name with its cluster's.
    pub fn is_called(&self, word: &str) -> bool {
        word == self.name
            || word.split_once('/').is_some_and(|(cluster, name)| cluster == self.cluster && name == self.name)
    }
}

/// How an RDS instance is found, and how its database is reached.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct DatabaseSpec {
    /// `DBInstanceIdentifier`.
    pub id: String,
    /// Its URL, `postgresql://…`; it wins over the secret.
    #[serde(skip)]
    pub url: Option<Secret>,
    /// The Secrets Manager secret that holds its URL.
    pub secret: Option<String>,
    /// The database's name inside the instance.
    pub database: Option<String>,
}

/// How a cache is found.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CacheSpec {
    /// What the screen calls it.
    pub name: String,
    /// `redis://…`, if it can be reached from here.
    #[serde(skip)]
    pub url: Option<Secret>,
}

/// A page to open beside the terminal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Link {
    /// What it shows.
    pub title: String,
    /// Where it is.
    pub url: String,
}

impl Platform {
    /// The index and gauge of a standard role of a subject.
    pub fn gauge(&self, subject: Subject, role: Role) -> Option<(usize, &Gauge)> {
        self.gauges.iter().enumerate().find(|(_, g)| g.subject == subject && g.role == role)
    }

    /// What a subject is called.
    pub fn called(&self, subject: Subject) -> String {
        match subject {
            Subject::Service(i) => self.services.get(i).map(|spec| self.service_name(spec)),
            Subject::Database(i) => self.databases.get(i).map(|spec| spec.id.clone()),
            Subject::Platform => Some(self.name.clone()),
        }
        .unwrap_or_default()
    }

    /// What a service is called where its cluster is not said beside it: `api`, or `prod/api` where another cluster has
    /// one of that name.
    pub fn service_name(&self, spec: &ServiceSpec) -> String {
        let other = |one: &ServiceSpec| one.name == spec.name && one.cluster != spec.cluster;
        spec.called(self.services.iter().any(other))
    }

    /// What the team says of an alarm.
    pub fn expected_alarm(&self, name: &str) -> Option<&ExpectedAlarm> {
        self.alarms.iter().find(|a| a.name == name)
    }

    /// Whether an alarm in ALARM says that something is wrong: any but auto scaling's own, unless the team names that.
    pub fn heeds(&self, alarm: &Alarm) -> bool {
        !alarm.only_scales() || self.expected_alarm(&alarm.name).is_some()
    }

    /// The runbook that treats an alarm.
    pub fn treats(&self, alarm: &str) -> Option<&String> {
        let said = self.expected_alarm(alarm).and_then(|expected| expected.runbook.as_ref());
        said.or_else(|| self.treated.get(alarm))
    }
}
