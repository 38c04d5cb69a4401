//! ECS services: described, listed, updated.

use super::super::error::AwsError;
use super::super::value::{Value, list as rows, map, text};
use super::Answer;
use super::ecs::{cluster, cluster_arn, missing, short};
use super::page::page;
use super::task_definitions;
use crate::platform::{DeploymentStatus, Rollout};
use crate::world::World;
use crate::world::model::Change;
use crate::world::model::names;
use crate::world::model::service::{Deployment, Service};
use crate::world::model::task::Phase;

/// `DescribeServices` takes no more.
const MOST: usize = 10;

pub fn list(world: &World, params: &Value) -> Answer {
    let cluster = cluster(world, params)?;
    let arns = world.services.iter().filter(|s| s.cluster == cluster && s.active).map(Service::arn).collect();
    // `ListServices` gives 10 a page unless told otherwise.
    let wanted = if params.has("maxResults") { params.get("maxResults") } else { &Value::Int(10) };
    let page = page(arns, params.get("nextToken"), wanted, 100, "InvalidParameterException")?;
    Ok(map([("serviceArns", rows(page.items))]).with("nextToken", page.next))
}

pub fn describe(world: &World, params: &Value) -> Answer {
    let cluster = cluster(world, params)?;
    let asked = params.get("services").texts();
    if asked.is_empty() {
        return Err(AwsError::invalid("Services cannot be empty."));
    }
    if asked.len() > MOST {
        return Err(AwsError::invalid(format!("Member must have length less than or equal to {MOST}")));
    }
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for name in asked {
        match find(world, cluster, name) {
            Some(service) => found.push(show(world, service)),
            None => failures.push(missing(names::arn("ecs", &format!("service/{cluster}/{}", short(name))))),
        }
    }
    Ok(map([("services", rows(found)), ("failures", rows(failures))]))
}

pub fn find<'a>(world: &'a World, cluster: &str, name: &str) -> Option<&'a Service> {
    world.services.iter().find(|s| s.cluster == cluster && s.name == short(name))
}

fn show(world: &World, service: &Service) -> Value {
    let count = |phases: &[Phase]| service.tasks.iter().filter(|t| phases.contains(&t.phase)).count();
    let definition = service.primary().map(|d| world.definitions[d.definition].arn());
    let balancers = service.target_group.iter().map(|group| {
        map([
            ("targetGroupArn", text(group)),
            ("containerName", text(&service.container)),
            ("containerPort", 3000.into()),
        ])
    });
    let breaker = map([("enable", service.breaker.enabled.into()), ("rollback", service.breaker.rollback.into())]);
    map([
        ("serviceArn", text(service.arn())),
        ("serviceName", text(&service.name)),
        ("clusterArn", text(cluster_arn(&service.cluster))),
        ("status", text(if service.active { "ACTIVE" } else { "INACTIVE" })),
        ("loadBalancers", rows(balancers)),
        ("desiredCount", service.desired.into()),
        ("runningCount", count(&[Phase::Running]).into()),
        ("pendingCount", count(&[Phase::Provisioning, Phase::Pending]).into()),
        ("launchType", text("FARGATE")),
        ("platformVersion", text("LATEST")),
        ("platformFamily", text("Linux")),
        ("schedulingStrategy", text("REPLICA")),
        ("deploymentController", map([("type", text("ECS"))])),
        (
            "deploymentConfiguration",
            map([
                ("deploymentCircuitBreaker", breaker),
                ("minimumHealthyPercent", service.minimum_healthy.into()),
                ("maximumPercent", service.maximum.into()),
            ]),
        ),
        ("createdAt", Value::Time(service.created)),
        ("enableExecuteCommand", true.into()),
        ("healthCheckGracePeriodSeconds", 60.into()),
        ("deployments", rows(service.deployments.iter().map(|d| show_deployment(world, service, d)))),
        (
            "events",
            rows(service.events.iter().map(|event| {
                map([("id", text(&event.id)), ("createdAt", Value::Time(event.at)), ("message", text(&event.message))])
            })),
        ),
    ])
    .with("taskDefinition", definition)
}

fn show_deployment(world: &World, service: &Service, deployment: &Deployment) -> Value {
    map([
        ("id", text(&deployment.id)),
        (
            "status",
            text(match deployment.status {
                DeploymentStatus::Primary => "PRIMARY",
                DeploymentStatus::Active => "ACTIVE",
                DeploymentStatus::Inactive => "INACTIVE",
            }),
        ),
        ("taskDefinition", text(world.definitions[deployment.definition].arn())),
        ("desiredCount", deployment.desired(service).into()),
        ("runningCount", service.count(&deployment.id, &[Phase::Running]).into()),
        ("pendingCount", service.count(&deployment.id, &[Phase::Provisioning, Phase::Pending]).into()),
        ("failedTasks", deployment.failed.into()),
        ("createdAt", Value::Time(deployment.created)),
        ("updatedAt", Value::Time(deployment.updated)),
        ("launchType", text("FARGATE")),
        ("platformVersion", text("1.4.0")),
        ("rolloutState", text(rollout(deployment.rollout))),
        ("rolloutStateReason", text(&deployment.reason)),
    ])
}

fn rollout(rollout: Rollout) -> &'static str {
    match rollout {
        Rollout::Completed => "COMPLETED",
        Rollout::Failed => "FAILED",
        Rollout::InProgress | Rollout::Unknown => "IN_PROGRESS",
    }
}

/// Desired count, task definition, and a forced deployment; only what is given changes.
pub fn update(world: &mut World, params: &Value) -> Answer {
    let cluster = cluster(world, params)?.to_owned();
    let asked = params.get("service").text().unwrap_or_default();
    let service =
        find(world, &cluster, asked).ok_or_else(|| AwsError::new("ServiceNotFoundException", "Service not found."))?;
    if !service.active {
        return Err(AwsError::new("ServiceNotActiveException", "Service was not ACTIVE."));
    }
    let name = service.name.clone();
    let running = service.primary().map(|d| d.definition);
    let definition = match params.get("taskDefinition").text() {
        Some(asked) => Some(task_definitions::find(world, asked)?),
        None => None,
    };
    if let Some(count) = params.get("desiredCount").int() {
        let count = u32::try_from(count).map_err(|_| AwsError::invalid("desiredCount must not be negative"))?;
        world.apply(Change::SetDesired { service: name.clone(), count });
    }
    let configuration = params.get("deploymentConfiguration");
    if let (Some(minimum), Some(maximum)) =
        (configuration.get("minimumHealthyPercent").int(), configuration.get("maximumPercent").int())
    {
        let (minimum_healthy, maximum) = (minimum.clamp(0, 100) as u32, maximum.clamp(100, 1_000) as u32);
        world.apply(Change::Percents { service: name.clone(), minimum_healthy, maximum });
    }
    let force = params.get("forceNewDeployment").bool() == Some(true);
    if let Some(new) = definition.filter(|d| Some(*d) != running || force) {
        world.apply(Change::Redeploy { service: name.clone(), revision: world.definitions[new].number });
    } else if force {
        world.apply(Change::Force { service: name.clone() });
    }
    let service =
        find(world, &cluster, &name).ok_or_else(|| AwsError::new("ServiceNotFoundException", "Service not found."))?;
    Ok(map([("service", show(world, service))]))
}
