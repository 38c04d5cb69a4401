//! ECS service deployments and service revisions: what the newer API remembers of a service.

use super::super::error::AwsError;
use super::super::value::{Value, list as rows, map, text};
use super::Answer;
use super::ecs::{cluster, cluster_arn, missing, short};
use super::page::page;
use super::services::find;
use crate::platform::{DeploymentStatus, Rollout};
use crate::world::World;
use crate::world::model::definition::digest_of;
use crate::world::model::names;
use crate::world::model::service::{Deployment, GivenUp, Service};

/// `DescribeServiceDeployments` and `DescribeServiceRevisions` take no more.
const MOST: usize = 20;

fn arn(service: &Service, deployment: &Deployment) -> String {
    let id = short(&deployment.id);
    names::arn("ecs", &format!("service-deployment/{}/{}/{id}", service.cluster, service.name))
}

/// A service revision is told apart by the task definition that it brought.
fn revision_arn(world: &World, service: &Service, definition: usize) -> String {
    let number = world.definitions[definition].number;
    names::arn("ecs", &format!("service-revision/{}/{}/{number:019}", service.cluster, service.name))
}

/// All deployments that are remembered, newest first.
fn all(service: &Service) -> Vec<&Deployment> {
    let mut all: Vec<&Deployment> = service.deployments.iter().chain(&service.past).collect();
    all.sort_by_key(|d| std::cmp::Reverse(d.created));
    all
}

pub fn list(world: &World, params: &Value) -> Answer {
    let cluster = cluster(world, params)?;
    let service = find(world, cluster, params.get("service").text().unwrap_or_default())
        .ok_or_else(|| AwsError::new("ServiceNotFoundException", "Service not found."))?;
    let asked = params.get("status").texts();
    let briefs: Vec<Value> = all(service)
        .into_iter()
        .filter(|d| asked.is_empty() || asked.contains(&state(d)))
        .map(|d| {
            brief(service, d).with("targetServiceRevisionArn", Some(text(revision_arn(world, service, d.definition))))
        })
        .collect();
    let page = page(briefs, params.get("nextToken"), params.get("maxResults"), 100, "InvalidParameterException")?;
    Ok(map([("serviceDeployments", rows(page.items))]).with("nextToken", page.next))
}

/// What the list and the description of a deployment have in common.
fn brief(service: &Service, deployment: &Deployment) -> Value {
    map([
        ("serviceDeploymentArn", text(arn(service, deployment))),
        ("serviceArn", text(service.arn())),
        ("clusterArn", text(cluster_arn(&service.cluster))),
        ("createdAt", Value::Time(deployment.created)),
        ("startedAt", Value::Time(deployment.created + 1)),
        ("status", text(state(deployment))),
        ("statusReason", text(&deployment.reason)),
    ])
    .with("finishedAt", deployment.finished.map(Value::Time))
}

pub fn describe(world: &World, params: &Value) -> Answer {
    let asked = asked(params, "serviceDeploymentArns")?;
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for name in asked {
        match find_deployment(world, name) {
            Some((service, deployment)) => found.push(show(world, service, deployment)),
            None => failures.push(missing(name.to_owned())),
        }
    }
    Ok(map([("serviceDeployments", rows(found)), ("failures", rows(failures))]))
}

fn asked<'a>(params: &'a Value, name: &str) -> Result<Vec<&'a str>, AwsError> {
    let asked = params.get(name).texts();
    if asked.is_empty() || asked.len() > MOST {
        return Err(AwsError::invalid(format!("{name} must have between 1 and {MOST} elements.")));
    }
    Ok(asked)
}

fn find_deployment<'a>(world: &'a World, name: &str) -> Option<(&'a Service, &'a Deployment)> {
    world.services.iter().find_map(|service| {
        let found = all(service).into_iter().find(|deployment| arn(service, deployment) == name)?;
        Some((service, found))
    })
}

fn show(world: &World, service: &Service, deployment: &Deployment) -> Value {
    let counts = |definition: usize| {
        map([
            ("arn", text(revision_arn(world, service, definition))),
            ("requestedTaskCount", service.desired.into()),
            ("runningTaskCount", service.live(&deployment.id).into()),
        ])
    };
    let before = all(service).into_iter().find(|d| d.created < deployment.created && d.rollout == Rollout::Completed);
    let back = deployment.rolled_back_to.as_ref().and_then(|id| all(service).into_iter().find(|d| d.id == *id));
    let rollback = back.map(|back| {
        map([
            ("reason", text(&deployment.reason)),
            ("startedAt", Value::Time(deployment.updated)),
            ("serviceRevisionArn", text(revision_arn(world, service, back.definition))),
        ])
    });
    let breaker = map([
        ("status", text(if deployment.rollout == Rollout::Failed { "TRIGGERED" } else { "MONITORING" })),
        ("failureCount", deployment.failed.into()),
        ("threshold", (service.desired / 2).clamp(3, 200).into()),
    ]);
    brief(service, deployment)
        .with("targetServiceRevision", Some(counts(deployment.definition)))
        .with("sourceServiceRevisions", Some(rows(before.map(|d| counts(d.definition)))))
        .with("deploymentCircuitBreaker", service.breaker.enabled.then_some(breaker))
        .with("rollback", rollback)
}

pub fn describe_revisions(world: &World, params: &Value) -> Answer {
    let asked = asked(params, "serviceRevisionArns")?;
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for name in asked {
        let revision = world.services.iter().find_map(|service| {
            let deployment = all(service).into_iter().find(|d| revision_arn(world, service, d.definition) == name)?;
            Some(show_revision(world, service, deployment))
        });
        match revision {
            Some(revision) => found.push(revision),
            None => failures.push(missing(name.to_owned())),
        }
    }
    Ok(map([("serviceRevisions", rows(found)), ("failures", rows(failures))]))
}

fn show_revision(world: &World, service: &Service, deployment: &Deployment) -> Value {
    let definition = &world.definitions[deployment.definition];
    let images = definition.containers.iter().map(|container| {
        let image = container["image"].as_str().unwrap_or_default();
        let pushed = world.repositories.iter().find_map(|r| r.find(image));
        map([
            ("containerName", text(container["name"].as_str().unwrap_or_default())),
            ("image", text(image)),
            ("imageDigest", text(pushed.map_or_else(|| digest_of(image), |pushed| pushed.digest.clone()))),
        ])
    });
    map([
        ("serviceRevisionArn", text(revision_arn(world, service, deployment.definition))),
        ("serviceArn", text(service.arn())),
        ("clusterArn", text(cluster_arn(&service.cluster))),
        ("taskDefinition", text(definition.arn())),
        ("launchType", text("FARGATE")),
        ("platformVersion", text("1.4.0")),
        ("createdAt", Value::Time(deployment.created)),
        ("containerImages", rows(images)),
    ])
}

/// `ABORT` leaves the service where it is; `ROLLBACK`, the default, puts the last completed deployment back.
pub fn stop(world: &mut World, params: &Value) -> Answer {
    let name = params.get("serviceDeploymentArn").text().unwrap_or_default().to_owned();
    let (service, deployment) = find_deployment(world, &name)
        .ok_or_else(|| AwsError::new("ServiceDeploymentNotFoundException", "Service deployment not found."))?;
    if state(deployment) != "IN_PROGRESS" {
        let message = format!("The service deployment is {} and can't be stopped.", state(deployment));
        return Err(AwsError::new("ConflictException", message));
    }
    if deployment.status != DeploymentStatus::Primary {
        let message = "A newer service deployment has taken its place: it can't be stopped.";
        return Err(AwsError::new("ConflictException", message));
    }
    let rollback = match params.get("stopType").text() {
        None | Some("ROLLBACK") => true,
        Some("ABORT") => false,
        Some(other) => return Err(AwsError::invalid(format!("{other} is not a stop type: ROLLBACK or ABORT"))),
    };
    if rollback && !service.can_go_back() {
        return Err(AwsError::new("ConflictException", "There is no completed service deployment to roll back to."));
    }
    let (index, now) = (world.services.iter().position(|s| s.name == service.name), world.now);
    if let Some(index) = index {
        world.services[index].give_up(&mut world.rng, now, GivenUp::Stopped, rollback);
    }
    Ok(map([("serviceDeploymentArn", text(name))]))
}

/// A service deployment's own words for its rollout.
fn state(deployment: &Deployment) -> &'static str {
    match (deployment.rollout, &deployment.rolled_back_to) {
        (Rollout::Completed, _) => "SUCCESSFUL",
        // It was put back: its own rollout succeeded long ago.
        (Rollout::InProgress, _)
            if deployment.finished.is_some() && deployment.status != DeploymentStatus::Inactive =>
        {
            "SUCCESSFUL"
        }
        (Rollout::Failed, Some(_)) if deployment.status == DeploymentStatus::Inactive => "ROLLBACK_SUCCESSFUL",
        (Rollout::Failed, Some(_)) => "ROLLBACK_IN_PROGRESS",
        (Rollout::Failed, None) => "STOPPED",
        (Rollout::InProgress | Rollout::Unknown, _) if deployment.status == DeploymentStatus::Inactive => "STOPPED",
        (Rollout::InProgress | Rollout::Unknown, _) => "IN_PROGRESS",
    }
}
