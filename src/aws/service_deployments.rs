//! Elastic Container Service: what a service has been deployed with, and the way back.
//!
//! A service deployment and a service revision are of the newer API: ECS keeps them for 90 days, and
//! they tell what `DescribeServices` forgets as soon as a deployment is over.

use aws_sdk_ecs::types as sdk;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;

use super::Clients;
use super::convert::instant_of;
use super::ecs_write::once;
use crate::platform::{Image, Revision, Trouble};

/// `DescribeServiceRevisions` takes this many ARNs at once.
pub const REVISIONS_AT_ONCE: usize = 20;

/// `status` of a service deployment, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeploymentState {
    /// Under way: it can be stopped.
    InProgress,
    /// What it was to bring runs.
    Successful,
    /// ECS rolls it back or did, whether or not that came to its end.
    RolledBack,
    /// Not begun, stopped, or a status that this version does not know.
    Other,
}

impl From<&sdk::ServiceDeploymentStatus> for DeploymentState {
    fn from(status: &sdk::ServiceDeploymentStatus) -> DeploymentState {
        use sdk::ServiceDeploymentStatus as Status;
        match status {
            Status::InProgress => DeploymentState::InProgress,
            Status::Successful => DeploymentState::Successful,
            Status::RollbackRequested
            | Status::RollbackInProgress
            | Status::RollbackSuccessful
            | Status::RollbackFailed => DeploymentState::RolledBack,
            _ => DeploymentState::Other,
        }
    }
}

/// One deployment of a service, as the newer API tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceDeployment {
    /// Its ARN.
    pub arn: String,
    /// How far it is, or how it ended.
    pub state: DeploymentState,
    /// Why, in ECS's words.
    pub reason: Option<String>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it was over.
    pub finished_at: Option<Timestamp>,
    /// The ARN of the service revision that it is to bring.
    pub revision: Option<String>,
}

/// What a service was at one deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceRevision {
    /// Its ARN.
    pub arn: String,
    /// Its task definition.
    pub definition: Revision,
    /// Its containers' images by name, each with the digest that ECS resolved, where it says so.
    pub images: Vec<(String, Image)>,
}

/// The deployments of a service, newest first; ECS keeps those of the last 90 days. One page: the newest 100.
///
/// `aws ecs list-service-deployments --cluster CLUSTER --service NAME`
pub async fn list_service_deployments(
    clients: &Clients,
    cluster: &str,
    name: &str,
) -> Result<Vec<ServiceDeployment>, Trouble> {
    let request = clients.ecs.list_service_deployments().cluster(cluster).service(name).max_results(100);
    let answer = request.send().await;
    let answer = answer.map_err(|error| clients.trouble_in_cluster("ecs:ListServiceDeployments", cluster, &error))?;
    let mut found: Vec<ServiceDeployment> = answer
        .service_deployments()
        .iter()
        .filter_map(|from| {
            Some(ServiceDeployment {
                arn: from.service_deployment_arn()?.to_owned(),
                state: from.status().map_or(DeploymentState::Other, DeploymentState::from),
                reason: from.status_reason().map(str::to_owned),
                created_at: instant_of(from.created_at()),
                finished_at: instant_of(from.finished_at()),
                revision: from.target_service_revision_arn().map(str::to_owned),
            })
        })
        .collect();
    found.sort_by_key(|deployment| std::cmp::Reverse(deployment.created_at));
    Ok(found)
}

/// Service revisions by ARN. One that ECS has forgotten is left out; no ARNs, no call.
///
/// `aws ecs describe-service-revisions --service-revision-arns ARN…`
pub async fn describe_service_revisions(clients: &Clients, arns: &[String]) -> Result<Vec<ServiceRevision>, Trouble> {
    // Collected first: a stream that borrows its batches is not `Send` for every lifetime.
    let batches: Vec<_> = arns.chunks(REVISIONS_AT_ONCE).map(|batch| describe(clients, batch)).collect();
    stream::iter(batches).buffered(2).try_concat().await
}

async fn describe(clients: &Clients, arns: &[String]) -> Result<Vec<ServiceRevision>, Trouble> {
    let request = clients.ecs.describe_service_revisions().set_service_revision_arns(Some(arns.to_vec()));
    let answer = request.send().await.map_err(|error| clients.trouble("ecs:DescribeServiceRevisions", &error))?;
    let revision = |from: &sdk::ServiceRevision| {
        Some(ServiceRevision {
            arn: from.service_revision_arn()?.to_owned(),
            definition: Revision::parse(from.task_definition()?),
            images: from.container_images().iter().map(image).collect(),
        })
    };
    Ok(answer.service_revisions().iter().filter_map(revision).collect())
}

fn image(from: &sdk::ContainerImage) -> (String, Image) {
    let mut image = Image::parse(from.image().unwrap_or_default());
    if let Some(digest) = from.image_digest() {
        image.digest = Some(digest.to_owned());
    }
    (from.container_name().unwrap_or_default().to_owned(), image)
}

/// Asks ECS to stop a deployment in progress and put the last good revision back. Sent once.
///
/// `aws ecs stop-service-deployment --stop-type ROLLBACK --service-deployment-arn ARN`
pub async fn roll_back_deployment(clients: &Clients, arn: &str) -> Result<(), Trouble> {
    let request = clients.ecs.stop_service_deployment().service_deployment_arn(arn);
    let request = request.stop_type(sdk::StopServiceDeploymentStopType::Rollback);
    let answer = request.customize().config_override(once()).send().await;
    answer.map(drop).map_err(|error| clients.trouble("ecs:StopServiceDeployment", &error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::{Reply, Tiny};

    #[tokio::test(start_paused = true)]
    async fn a_revision_names_its_image_by_the_tag_of_its_definition_and_the_digest_that_ran() {
        let tiny = Tiny::new(|operation, body| {
            if operation == "ListServiceDeployments" {
                return Reply::json(
                    r#"{"serviceDeployments": [
                    {"serviceDeploymentArn": "sd/1", "status": "SUCCESSFUL", "createdAt": 1, "finishedAt": 2, "targetServiceRevisionArn": "sr/1"},
                    {"serviceDeploymentArn": "sd/2", "status": "IN_PROGRESS", "createdAt": 9}, {"status": "SUCCESSFUL"},
                    {"serviceDeploymentArn": "sd/0", "status": "ROLLBACK_FAILED", "createdAt": 0}]}"#,
                );
            }
            assert!(body.contains("sr/1"));
            Reply::json(
                r#"{"serviceRevisions": [{"serviceRevisionArn": "sr/1", "taskDefinition": "a:b:task-definition/api:7",
                "containerImages": [{"containerName": "api", "image": "r/api:v1", "imageDigest": "sha256:abc"}]}]}"#,
            )
        });
        let clients = Clients::over(tiny.client(), "us-east-1");
        let found = list_service_deployments(&clients, "prod", "api").await.unwrap();
        assert_eq!(found.iter().map(|d| d.arn.as_str()).collect::<Vec<_>>(), ["sd/2", "sd/1", "sd/0"], "newest first");
        let states = [DeploymentState::InProgress, DeploymentState::Successful, DeploymentState::RolledBack];
        assert_eq!(found.iter().map(|d| d.state).collect::<Vec<_>>(), states);
        let arns: Vec<String> = found.into_iter().filter_map(|d| d.revision).collect();
        let revisions = describe_service_revisions(&clients, &arns).await.unwrap();
        assert_eq!(revisions[0].definition.number, Some(7));
        assert_eq!(revisions[0].images[0].1.to_string(), "r/api:v1@sha256:abc");
        assert_eq!(describe_service_revisions(&clients, &[]).await, Ok(Vec::new()));
        assert_eq!(clients.spent().calls, 2);
    }
}
