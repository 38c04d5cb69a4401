//! The image that a service runs: its repository in ECR, and for which machines images there are built.

use serde::{Deserialize, Serialize};

use super::service::{Basis, Place};
use super::{Context, Halt};
use crate::aws::ecr::find_repository;
use crate::aws::ecr_manifest::architectures;
use crate::aws::task_definition::describe_task_definition;
use crate::platform::Image;
use crate::platform::text::printable;

/// What runs, as far as another image must fit it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::run) struct Running {
    pub(super) basis: Basis,
    /// The container whose image it is.
    pub(super) container: String,
    /// `REPOSITORY:TAG`.
    pub(in crate::run) image: String,
    /// The architecture of the task definition: `ARM64`, `X86_64`. `None` if it names none: then ECS takes `X86_64`.
    pub(super) architecture: Option<String>,
}

impl Running {
    pub(in crate::run) async fn of(context: &Context, place: &Place, container: Option<&str>) -> Result<Running, Halt> {
        let basis = Basis::of(&place.look_to_change(context).await?);
        let found = describe_task_definition(&context.clients, &basis.revision).await?;
        let chosen = match container {
            Some(name) => found.containers.into_iter().find(|found| found.name == name),
            None => found.containers.into_iter().next(),
        };
        match chosen {
            Some(chosen) => Ok(Running {
                container: chosen.name,
                image: chosen.image.to_string(),
                architecture: found.architecture,
                basis,
            }),
            None => {
                Err(Halt::refused(format!("{} has no container {}", basis.revision, container.unwrap_or("at all"))))
            }
        }
    }

    /// The container whose image it is.
    pub(in crate::run) fn container(&self) -> &str {
        &self.container
    }

    /// `family:7`.
    pub(in crate::run) fn revision(&self) -> &str {
        &self.basis.revision
    }

    /// As images write it: `arm64`, `amd64`.
    pub(in crate::run) fn machine(&self) -> &'static str {
        machine(self.architecture.as_deref())
    }

    /// As the task definition writes it.
    pub(super) fn named(&self) -> &str {
        self.architecture.as_deref().unwrap_or("X86_64")
    }

    /// The whole name of the repository, and its name in this account's ECR.
    pub(in crate::run) async fn repository(&self, context: &Context) -> Result<(String, String), Halt> {
        let uri = Image::parse(&self.image).repository;
        if let Some(name) = repository_name(context, &uri).await? {
            return Ok((uri, name));
        }
        let place = context.clients.region().unwrap_or("this region");
        Err(Halt::refused(format!("{uri} is no ECR repository of this account in {place}: this step works only there")))
    }

    /// Refused when the image is built for other machines than the task definition names.
    pub(super) async fn fits(&self, context: &Context, repository: &str, digest: &str) -> Result<Fit, Halt> {
        fits(context, repository, digest, self.machine()).await
    }
}

/// A task definition's architecture, as images write it.
pub(super) fn machine(architecture: Option<&str>) -> &'static str {
    match architecture {
        Some("ARM64") => "arm64",
        _ => "amd64",
    }
}

/// What was found of an image's architecture.
pub(in crate::run) enum Fit {
    /// It is the right one, in words.
    Fits(String),
    /// Nobody can tell, and why.
    Unknown(String),
}

/// The name in this account's ECR of a repository that an image names whole; `None` if it is not there.
pub(in crate::run) async fn repository_name(context: &Context, uri: &str) -> Result<Option<String>, Halt> {
    let Some((_, name)) = uri.split_once('/') else { return Ok(None) };
    let found = find_repository(&context.clients, name).await?;
    Ok(found.filter(|found| found.uri == uri).map(|found| found.name))
}

/// Whether an image of ECR runs on machines of this architecture (`arm64`, `amd64`). Refused if it does not.
pub(in crate::run) async fn fits(
    context: &Context,
    repository: &str,
    digest: &str,
    machine: &str,
) -> Result<Fit, Halt> {
    let found = match architectures(&context.clients, repository, digest).await {
        Ok(found) => found,
        Err(trouble) => {
            let words = format!("can't tell for which architecture it is built, and {machine} is needed: {trouble}");
            return Ok(Fit::Unknown(words));
        }
    };
    let told = printable(&found.join(" and ")).into_owned();
    if found.is_empty() {
        return Ok(Fit::Unknown(format!(
            "the image does not say for which architecture it is built: {machine} is needed"
        )));
    }
    if found.iter().any(|found| found == machine) {
        return Ok(Fit::Fits(format!("built for {told}, as the task definition wants")));
    }
    Err(Halt::refused(format!(
        "the image is built for {told}, and the task definition runs on {machine}: it would stop with \"exec format error\"; build it with --platform linux/{machine}"
    )))
}
