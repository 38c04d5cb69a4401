//! Elastic Container Registry.

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
    let repository = |from: &aws_sdk_ecr::types::Repository| {
        Some(Repository {
            name: from.repository_name()?.to_owned(),
            uri: from.repository_uri().unwrap_or_default().to_owned(),
        })
    };
    Ok(found.iter().filter_map(repository).collect())
}
