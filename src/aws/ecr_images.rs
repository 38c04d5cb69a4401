//! Images in Elastic Container Registry.

use aws_sdk_ecr::operation::describe_images::DescribeImagesError;
use aws_sdk_ecr::types::{ImageDetail, ImageIdentifier};
use jiff::Timestamp;

use super::Clients;
use super::convert::instant_of;
use crate::platform::Trouble;

const OPERATION: &str = "ecr:DescribeImages";

/// An image as it stands in a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredImage {
    /// `sha256:…`.
    pub digest: String,
    /// What it is called now.
    pub tags: Vec<String>,
    /// When it was pushed.
    pub pushed_at: Option<Timestamp>,
    /// Compressed, as ECR keeps it.
    pub bytes: Option<u64>,
    /// What is known of its weaknesses.
    pub scan: Option<Scan>,
}

/// The scan of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scan {
    /// `COMPLETE`, `FAILED`, `ACTIVE` …, as AWS writes it.
    pub status: String,
    /// How many of each severity, the worst first: `CRITICAL`, 2.
    pub findings: Vec<(String, u32)>,
}

/// One image of a repository, by tag or digest (`sha256:…`). One that is not there is a trouble.
///
/// `aws ecr describe-images --repository-name NAME --image-ids imageTag=TAG`
pub async fn describe_image(clients: &Clients, repository: &str, name: &str) -> Result<StoredImage, Trouble> {
    find_image(clients, repository, name).await?.ok_or_else(|| {
        let why = format!("there is no image {name} in the repository {repository}");
        clients.not_found(OPERATION, why, None)
    })
}

/// One image of a repository; `None` if it is not there.
///
/// `aws ecr describe-images --repository-name NAME --image-ids imageTag=TAG`
pub async fn find_image(clients: &Clients, repository: &str, name: &str) -> Result<Option<StoredImage>, Trouble> {
    let id = ImageIdentifier::builder();
    let id = if name.starts_with("sha256:") { id.image_digest(name) } else { id.image_tag(name) };
    match clients.ecr.describe_images().repository_name(repository).image_ids(id.build()).send().await {
        Ok(answer) => {
            let found = answer.image_details().first().ok_or_else(|| clients.lacks(OPERATION, "imageDetails"))?;
            stored(found).map(Some).ok_or_else(|| clients.lacks(OPERATION, "imageDigest"))
        }
        Err(error) if error.as_service_error().is_some_and(DescribeImagesError::is_image_not_found_exception) => {
            Ok(None)
        }
        Err(error) => Err(clients.trouble(OPERATION, &error)),
    }
}

/// All images of a repository, newest first.
///
/// `aws ecr describe-images --repository-name NAME --query 'reverse(sort_by(imageDetails, &imagePushedAt))'`
pub async fn list_images(clients: &Clients, repository: &str) -> Result<Vec<StoredImage>, Trouble> {
    let request = clients.ecr.describe_images().repository_name(repository).max_results(1_000);
    let found = request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
    let found = found.map_err(|error| clients.trouble(OPERATION, &error))?;
    let mut found: Vec<StoredImage> = found.iter().filter_map(stored).collect();
    found.sort_by_key(|image| std::cmp::Reverse(image.pushed_at));
    Ok(found)
}

fn stored(from: &ImageDetail) -> Option<StoredImage> {
    Some(StoredImage {
        digest: from.image_digest()?.to_owned(),
        tags: from.image_tags().to_vec(),
        pushed_at: instant_of(from.image_pushed_at()),
        bytes: from.image_size_in_bytes().and_then(|bytes| u64::try_from(bytes).ok()),
        scan: from
            .image_scan_status()
            .and_then(|scan| scan.status())
            .map(|status| Scan { status: status.as_str().to_owned(), findings: findings(from) }),
    })
}

fn findings(from: &ImageDetail) -> Vec<(String, u32)> {
    const WORST_FIRST: [&str; 6] = ["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED"];
    let counts = from.image_scan_findings_summary().and_then(|summary| summary.finding_severity_counts());
    let Some(counts) = counts else { return Vec::new() };
    let mut found: Vec<(String, u32)> = counts
        .iter()
        .map(|(severity, count)| (severity.as_str().to_owned(), u32::try_from(*count).unwrap_or(0)))
        .filter(|(_, count)| *count > 0)
        .collect();
    found.sort_by_key(|(severity, _)| WORST_FIRST.iter().position(|known| known == severity));
    found
}
