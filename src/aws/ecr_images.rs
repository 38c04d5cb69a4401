//! Images in Elastic Container Registry.

use aws_sdk_ecr::types::ImageIdentifier;
use jiff::Timestamp;

use super::Clients;
use super::convert::instant_of;
use crate::platform::Trouble;

/// An image as it stands in a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredImage {
    /// `sha256:…`.
    pub digest: String,
    /// What it is called now.
    pub tags: Vec<String>,
    /// When it was pushed.
    pub pushed_at: Option<Timestamp>,
}

/// One image of a repository, by tag or digest (`sha256:…`). One that is not there is a trouble.
///
/// `aws ecr describe-images --repository-name NAME --image-ids imageTag=TAG`
pub async fn describe_image(clients: &Clients, repository: &str, name: &str) -> Result<StoredImage, Trouble> {
    const OPERATION: &str = "ecr:DescribeImages";
    let id = ImageIdentifier::builder();
    let id = if name.starts_with("sha256:") { id.image_digest(name) } else { id.image_tag(name) };
    let answer = clients.ecr.describe_images().repository_name(repository).image_ids(id.build()).send().await;
    let answer = answer.map_err(|error| clients.trouble(OPERATION, &error))?;
    let found = answer.image_details().first().ok_or_else(|| clients.lacks(OPERATION, "imageDetails"))?;
    Ok(StoredImage {
        digest: found.image_digest().ok_or_else(|| clients.lacks(OPERATION, "imageDigest"))?.to_owned(),
        tags: found.image_tags().to_vec(),
        pushed_at: instant_of(found.image_pushed_at()),
    })
}
