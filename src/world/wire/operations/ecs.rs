//! ECS clusters, and what the other ECS operations share.

use super::super::error::AwsError;
use super::super::value::{Value, list, map, text};
use super::Answer;
use super::page::page;
use crate::world::World;
use crate::world::model::names;
use crate::world::model::service::Service;
use crate::world::model::task::Phase;

/// The last part of an ARN, or the name itself.
pub fn short(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

pub fn cluster_arn(name: &str) -> String {
    names::arn("ecs", &format!("cluster/{name}"))
}

/// The cluster that a request is about.
pub fn cluster<'a>(world: &'a World, params: &Value) -> Result<&'a str, AwsError> {
    let asked = short(params.get("cluster").text().unwrap_or("default"));
    world
        .clusters
        .iter()
        .find(|c| *c == asked)
        .map(String::as_str)
        .ok_or_else(|| AwsError::new("ClusterNotFoundException", "Cluster not found."))
}

/// `{arn, reason: MISSING}`.
pub fn missing(arn: String) -> Value {
    map([("arn", text(arn)), ("reason", text("MISSING"))])
}

pub fn list_clusters(world: &World, params: &Value) -> Answer {
    let arns = world.clusters.iter().map(|c| cluster_arn(c)).collect();
    let page = page(arns, params.get("nextToken"), params.get("maxResults"), 100, "InvalidParameterException")?;
    Ok(map([("clusterArns", list(page.items))]).with("nextToken", page.next))
}

pub fn describe_clusters(world: &World, params: &Value) -> Value {
    let asked = params.get("clusters").texts();
    let asked = if asked.is_empty() { vec!["default"] } else { asked };
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for name in asked {
        match world.clusters.iter().find(|c| *c == short(name)) {
            Some(cluster) => found.push(describe(world, cluster)),
            None => failures.push(missing(cluster_arn(short(name)))),
        }
    }
    map([("clusters", list(found)), ("failures", list(failures))])
}

fn describe(world: &World, cluster: &str) -> Value {
    let services: Vec<&Service> = world.services.iter().filter(|s| s.cluster == cluster && s.active).collect();
    let count = |phases: &[Phase]| services.iter().flat_map(|s| &s.tasks).filter(|t| phases.contains(&t.phase)).count();
    map([
        ("clusterArn", text(cluster_arn(cluster))),
        ("clusterName", text(cluster)),
        ("status", text("ACTIVE")),
        ("registeredContainerInstancesCount", 0.into()),
        ("runningTasksCount", count(&[Phase::Running]).into()),
        ("pendingTasksCount", count(&[Phase::Provisioning, Phase::Pending]).into()),
        ("activeServicesCount", services.len().into()),
        ("capacityProviders", list(["FARGATE", "FARGATE_SPOT"])),
    ])
}
