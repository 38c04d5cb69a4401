//! ECR repositories and images, what they are made of, and the way to sign in.

use aws_smithy_types::base64;
use serde_json::json;

use super::super::error::AwsError;
use super::super::value::{Value, list, map, text};
use super::Answer;
use super::page::page;
use crate::world::World;
use crate::world::model::definition::{Pushed, Repository};
use crate::world::model::names;

fn repository<'a>(world: &'a World, name: &str) -> Result<&'a Repository, AwsError> {
    world.repositories.iter().find(|r| r.name == name).ok_or_else(|| {
        let message =
            format!("The repository with name '{name}' does not exist in the registry with id '{}'", names::ACCOUNT);
        AwsError::new("RepositoryNotFoundException", message)
    })
}

pub fn describe_repositories(world: &World, params: &Value) -> Answer {
    let asked = params.get("repositoryNames").texts();
    let found: Vec<&Repository> = if asked.is_empty() {
        world.repositories.iter().collect()
    } else {
        asked.into_iter().map(|name| repository(world, name)).collect::<Result<_, _>>()?
    };
    let page = page(found, params.get("nextToken"), params.get("maxResults"), 1_000, "InvalidParameterException")?;
    let shown = page.items.into_iter().map(|r| {
        map([
            ("repositoryArn", text(names::arn("ecr", &format!("repository/{}", r.name)))),
            ("registryId", text(names::ACCOUNT)),
            ("repositoryName", text(&r.name)),
            ("repositoryUri", text(r.uri())),
            ("createdAt", Value::Time(r.created)),
            ("imageTagMutability", text("IMMUTABLE")),
        ])
    });
    Ok(map([("repositories", list(shown))]).with("nextToken", page.next))
}

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// How long a token to sign in with lasts.
const TOKEN_LASTS: i64 = 12 * 3_600;

fn media_type(image: &Pushed) -> &'static str {
    if image.index { INDEX } else { MANIFEST }
}

/// An index names the machines that its manifests are for, and buildx's attestation, which is for none.
fn manifest(image: &Pushed) -> String {
    if image.index {
        let one = |digest: &str, architecture: &str, os: &str| {
            json!({"mediaType": MANIFEST, "digest": digest, "size": 2_417,
                "platform": {"architecture": architecture, "os": os}})
        };
        let manifests = [one(&image.config(), &image.architecture, "linux"), one(&image.digest, "unknown", "unknown")];
        json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}).to_string()
    } else {
        json!({"schemaVersion": 2, "mediaType": MANIFEST, "layers": [],
            "config": {"mediaType": CONFIG, "digest": image.config(), "size": 1_201}})
        .to_string()
    }
}

pub fn batch_get_image(world: &World, params: &Value) -> Answer {
    let repository = repository(world, params.get("repositoryName").text().unwrap_or_default())?;
    let (mut images, mut failures) = (Vec::new(), Vec::new());
    for id in params.get("imageIds").list() {
        match repository.images.iter().find(|image| is_meant(id, image)) {
            Some(image) => images.push(map([
                ("registryId", text(names::ACCOUNT)),
                ("repositoryName", text(&repository.name)),
                ("imageId", map([("imageDigest", text(&image.digest)), ("imageTag", text(&image.tag))])),
                ("imageManifest", text(manifest(image))),
                ("imageManifestMediaType", text(media_type(image))),
            ])),
            None => failures.push(map([
                ("imageId", id.clone()),
                ("failureCode", text("ImageNotFound")),
                ("failureReason", text("Requested image not found")),
            ])),
        }
    }
    Ok(map([("images", list(images)), ("failures", list(failures))]))
}

pub fn get_download_url(world: &World, params: &Value) -> Answer {
    let repository = repository(world, params.get("repositoryName").text().unwrap_or_default())?;
    let digest = params.get("layerDigest").text().unwrap_or_default();
    if !repository.images.iter().any(|image| image.config() == digest) {
        let message = format!("The layer with digest '{digest}' does not exist within the repository");
        return Err(AwsError::new("LayersNotFoundException", message));
    }
    // In-process there is no address that the bytes could be had from.
    let Some(host) = &world.layers_at else {
        return Err(AwsError::new("LayerInaccessibleException", "The layer is inaccessible"));
    };
    let url = format!("{host}/layers/{}/{digest}", repository.name);
    Ok(map([("downloadUrl", text(url)), ("layerDigest", text(digest))]))
}

/// The bytes behind an address that `GetDownloadUrlForLayer` gave: `/layers/REPOSITORY/DIGEST`.
pub fn layer(world: &World, path: &str) -> Option<String> {
    let (repository, digest) = path.strip_prefix("/layers/")?.rsplit_once('/')?;
    let repository = world.repositories.iter().find(|r| r.name == repository)?;
    let image = repository.images.iter().find(|image| image.config() == digest)?;
    Some(json!({"architecture": image.architecture, "os": "linux", "config": {}, "rootfs": {}}).to_string())
}

/// Nobody can be signed in to a registry that is not there: said here, as this is asked before anything is built.
pub fn get_authorization_token(world: &World) -> Answer {
    let Some(password) = &world.registry_password else {
        let message = "This simulated platform has no container registry: no image can be pushed to it. \
                       Choose one that is in ECR already";
        return Err(AwsError::new("InvalidParameterException", message));
    };
    let token = base64::encode(format!("AWS:{password}"));
    let data = map([
        ("authorizationToken", text(token)),
        ("expiresAt", Value::Time(world.now + TOKEN_LASTS)),
        ("proxyEndpoint", text(format!("https://{}", world.registry))),
    ]);
    Ok(map([("authorizationData", list([data]))]))
}

fn is_meant(id: &Value, image: &Pushed) -> bool {
    let (tag, digest) = (id.get("imageTag").text(), id.get("imageDigest").text());
    tag.is_none_or(|tag| image.tag == tag) && digest.is_none_or(|digest| image.digest == digest)
}

fn asked<'a>(repository: &'a Repository, params: &Value) -> Result<Vec<&'a Pushed>, AwsError> {
    let ids = params.get("imageIds").list();
    if ids.is_empty() {
        return Ok(repository.images.iter().collect());
    }
    ids.iter()
        .map(|id| {
            let (tag, digest) = (id.get("imageTag").text(), id.get("imageDigest").text());
            repository.images.iter().find(|image| is_meant(id, image)).ok_or_else(|| {
                let message = format!(
                    "The image with imageId {{imageDigest:'{}', imageTag:'{}'}} does not exist within the repository with name '{}' in the registry with id '{}'",
                    digest.unwrap_or("null"),
                    tag.unwrap_or("null"),
                    repository.name,
                    names::ACCOUNT
                );
                AwsError::new("ImageNotFoundException", message)
            })
        })
        .collect()
}

pub fn describe_images(world: &World, params: &Value) -> Answer {
    let repository = repository(world, params.get("repositoryName").text().unwrap_or_default())?;
    let images = asked(repository, params)?;
    let page = page(images, params.get("nextToken"), params.get("maxResults"), 1_000, "InvalidParameterException")?;
    let details = page.items.into_iter().map(|image| {
        map([
            ("registryId", text(names::ACCOUNT)),
            ("repositoryName", text(&repository.name)),
            ("imageDigest", text(&image.digest)),
            ("imageTags", list([image.tag.as_str()])),
            ("imageSizeInBytes", Value::Int(image.bytes as i64)),
            ("imagePushedAt", Value::Time(image.at)),
            ("imageManifestMediaType", text(media_type(image))),
            ("artifactMediaType", text("application/vnd.oci.image.config.v1+json")),
            ("imageScanStatus", map([("status", text("COMPLETE"))])),
        ])
    });
    Ok(map([("imageDetails", list(details))]).with("nextToken", page.next))
}

pub fn list_images(world: &World, params: &Value) -> Answer {
    let repository = repository(world, params.get("repositoryName").text().unwrap_or_default())?;
    let images = repository.images.iter().collect();
    let page = page(images, params.get("nextToken"), params.get("maxResults"), 1_000, "InvalidParameterException")?;
    let ids =
        page.items.into_iter().map(|i: &Pushed| map([("imageDigest", text(&i.digest)), ("imageTag", text(&i.tag))]));
    Ok(map([("imageIds", list(ids))]).with("nextToken", page.next))
}
