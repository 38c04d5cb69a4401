//! All that touches an AWS SDK: one file per service, plain async functions over one [`Clients`].
//!
//! Every function answers with the domain's own types or with a [`crate::platform::Trouble`] in a
//! person's words, and names in its documentation the `aws` command that asks the same.

pub mod alarms;
pub mod autoscaling;
pub mod autoscaling_write;
mod broken;
mod causes;
mod clients;
pub mod cloudwatch;
mod convert;
mod credentials;
pub mod ecr;
pub mod ecr_auth;
pub mod ecr_images;
pub mod ecr_manifest;
pub mod ecs;
pub mod ecs_write;
mod error;
mod lacking;
pub mod logs;
mod meter;
pub mod operate;
pub mod permissions;
pub mod probe;
mod profile_fault;
mod profiles;
pub mod rds;
pub mod secrets;
pub mod service_deployments;
pub mod sts;
pub mod task_definition;
pub mod tasks;
#[cfg(test)]
pub(crate) mod testing;
mod transport;

pub use clients::{Clients, Connection};
pub use meter::Meter;
pub use profiles::is_readable;
