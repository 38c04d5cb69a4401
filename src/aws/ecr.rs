//! Elastic Container Registry.

use aws_sdk_ecr::operation::describe_repositories::DescribeRepositoriesError;

use super::Clients;
use crate::platform::Trouble;

/// A repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// Its name: `analytics-api`.
    pub name: String,
    /// What images of it are called before the tag: `123456789012.dkr.ecr.us-east-1.amazonaws.com/analytics-api`.
    pub uri: String,
}

/// All repositories of the region.
///
/// `aws ecr describe-repositories`
pub async fn list_repositories(clients: &Clients) -> Result<Vec<Repository>, Trouble> {
    let request = clients.ecr.describe_repositories().max_results(1_000);
    let found = request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
    let found = found.map_err(|error| clients.trouble("ecr:DescribeRepositories", &error))?;
    Ok(found.iter().filter_map(repository).collect())
}

/// The repository of this name; `None` if this account has none in this region.
///
/// `aws ecr describe-repositories --repository-names NAME`
pub async fn find_repository(clients: &Clients, name: &str) -> Result<Option<Repository>, Trouble> {
    match clients.ecr.describe_repositories().repository_names(name).send().await {
        Ok(answer) => Ok(answer.repositories().first().and_then(repository)),
        Err(error) if error.as_service_error().is_some_and(is_none) => Ok(None),
        Err(error) => Err(clients.trouble("ecr:DescribeRepositories", &error)),
    }
}

/// A name that can be no repository's is none's.
fn is_none(error: &DescribeRepositoriesError) -> bool {
    error.is_repository_not_found_exception() || error.is_invalid_parameter_exception()
}

fn repository(from: &aws_sdk_ecr::types::Repository) -> Option<Repository> {
    Some(Repository {
        name: from.repository_name()?.to_owned(),
        uri: from.repository_uri().unwrap_or_default().to_owned(),
    })
}
