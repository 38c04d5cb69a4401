//! What an image in ECR is made of, as far as it says on which machines it runs.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ecr::operation::batch_get_image::BatchGetImageOutput;
use aws_sdk_ecr::types::ImageIdentifier;
use serde_json::Value;

use super::Clients;
use super::probe::fetch;
use crate::platform::{Trouble, TroubleKind};

/// An image's manifest comes in one of these forms; for any other ECR would convert it, or refuse.
const ACCEPTED: [&str; 4] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];
/// A configuration is some kilobytes; more than this is none.
const LARGEST_CONFIG: usize = 4 << 20;
const OPERATION: &str = "ecr:BatchGetImage";

/// For which architectures an image is built, in the words that images use: `arm64`, `amd64`.
/// Empty if the image does not say.
///
/// `aws ecr batch-get-image --repository-name NAME --image-ids imageDigest=DIGEST`, and where that is one manifest,
/// the configuration that it names: `curl "$(aws ecr get-download-url-for-layer --repository-name NAME --layer-digest DIGEST --query downloadUrl --output text)"`
pub async fn architectures(clients: &Clients, repository: &str, digest: &str) -> Result<Vec<String>, Trouble> {
    let answer = manifests(clients, repository, &[digest]).await?;
    let Some(manifest) = answer.images().first().and_then(|image| image.image_manifest()) else {
        let why = answer.failures().first().and_then(|failure| failure.failure_reason());
        let why = format!("{digest} in {repository}: {}", why.unwrap_or("no manifest"));
        return Err(clients.not_found(OPERATION, why, None));
    };
    let manifest: Value = serde_json::from_str(manifest).map_err(|_| clients.lacks(OPERATION, "manifest in JSON"))?;
    Ok(match read(&manifest) {
        Manifest::Platforms(found) => found,
        Manifest::Config(config) => configured(clients, repository, &config).await?,
        Manifest::Unknown => Vec::new(),
    })
}

/// The same for many images (100 at most) in one call, by digest: those whose manifest says it itself, as buildx's does.
pub async fn told_architectures(
    clients: &Clients,
    repository: &str,
    digests: &[&str],
) -> Result<BTreeMap<String, Vec<String>>, Trouble> {
    if digests.is_empty() {
        return Ok(BTreeMap::new());
    }
    let answer = manifests(clients, repository, digests).await?;
    let told = answer.images().iter().filter_map(|image| {
        let digest = image.image_id()?.image_digest()?.to_owned();
        match read(&serde_json::from_str(image.image_manifest()?).ok()?) {
            Manifest::Platforms(found) if !found.is_empty() => Some((digest, found)),
            _ => None,
        }
    });
    Ok(told.collect())
}

async fn manifests(clients: &Clients, repository: &str, digests: &[&str]) -> Result<BatchGetImageOutput, Trouble> {
    let ids = digests.iter().map(|digest| ImageIdentifier::builder().image_digest(*digest).build()).collect();
    let request = clients.ecr.batch_get_image().repository_name(repository).set_image_ids(Some(ids));
    let answer = request.set_accepted_media_types(Some(ACCEPTED.map(str::to_owned).to_vec())).send().await;
    answer.map_err(|error| clients.trouble(OPERATION, &error))
}

/// What a manifest says of architectures.
#[derive(Debug, PartialEq, Eq)]
enum Manifest {
    /// Itself, each once.
    Platforms(Vec<String>),
    /// The digest of the configuration that does.
    Config(String),
    Unknown,
}

fn read(manifest: &Value) -> Manifest {
    if let Some(manifests) = manifest["manifests"].as_array() {
        // An attestation is listed beside the images, for the platform unknown/unknown.
        let known = |entry: &Value| {
            entry["platform"]["architecture"].as_str().filter(|name| *name != "unknown").map(str::to_owned)
        };
        let found: BTreeSet<String> = manifests.iter().filter_map(known).collect();
        return Manifest::Platforms(found.into_iter().collect());
    }
    match (manifest["config"]["digest"].as_str(), manifest["architecture"].as_str()) {
        (Some(config), _) => Manifest::Config(config.to_owned()),
        // Docker's first form of a manifest has it in itself.
        (None, Some(architecture)) => Manifest::Platforms(vec![architecture.to_owned()]),
        (None, None) => Manifest::Unknown,
    }
}

async fn configured(clients: &Clients, repository: &str, config: &str) -> Result<Vec<String>, Trouble> {
    const OPERATION: &str = "ecr:GetDownloadUrlForLayer";
    let request = clients.ecr.get_download_url_for_layer().repository_name(repository).layer_digest(config);
    let answer = request.send().await.map_err(|error| clients.trouble(OPERATION, &error))?;
    let url = answer.download_url().ok_or_else(|| clients.lacks(OPERATION, "downloadUrl"))?;
    // The address is as good as a password for an hour: it is in no message.
    let bytes = fetch(url, LARGEST_CONFIG).await.map_err(|why| {
        let why = format!("the image's configuration could not be fetched: {why}");
        clients.trouble_of(OPERATION, TroubleKind::Unreachable, why, None)
    })?;
    let config: Value =
        serde_json::from_slice(&bytes).map_err(|_| clients.lacks(OPERATION, "configuration in JSON"))?;
    Ok(config["architecture"].as_str().map(str::to_owned).into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_attestation_beside_an_image_is_no_architecture() {
        let index = json!({"manifests": [
            {"platform": {"architecture": "arm64", "os": "linux", "variant": "v8"}},
            {"platform": {"architecture": "unknown", "os": "unknown"}},
            {"digest": "sha256:1"},
        ]});
        assert_eq!(read(&index), Manifest::Platforms(vec!["arm64".to_owned()]));
    }

    #[test]
    fn one_manifest_leads_to_its_configuration_and_a_strange_one_nowhere() {
        let one = json!({"config": {"digest": "sha256:c"}, "layers": []});
        assert_eq!(read(&one), Manifest::Config("sha256:c".to_owned()));
        assert_eq!(
            read(&json!({"schemaVersion": 1, "architecture": "amd64"})),
            Manifest::Platforms(vec!["amd64".to_owned()])
        );
        assert_eq!(read(&json!({"schemaVersion": 2})), Manifest::Unknown);
    }
}
