//! ECR repositories and images.

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

fn asked<'a>(repository: &'a Repository, params: &Value) -> Result<Vec<&'a Pushed>, AwsError> {
    let ids = params.get("imageIds").list();
    if ids.is_empty() {
        return Ok(repository.images.iter().collect());
    }
    ids.iter()
        .map(|id| {
            let (tag, digest) = (id.get("imageTag").text(), id.get("imageDigest").text());
            let matches = |i: &&Pushed| tag.is_none_or(|t| i.tag == t) && digest.is_none_or(|d| i.digest == d);
            repository.images.iter().find(matches).ok_or_else(|| {
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
            ("imageManifestMediaType", text("application/vnd.oci.image.manifest.v1+json")),
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
