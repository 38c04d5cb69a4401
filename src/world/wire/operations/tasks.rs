//! ECS tasks.

use super::super::error::AwsError;
use super::super::value::{Value, list as rows, map, text};
use super::Answer;
use super::ecs::{cluster, cluster_arn, missing, short};
use super::page::page;
use super::services;
use crate::platform::Health;
use crate::world::World;
use crate::world::model::definition::{Definition, digest_of};
use crate::world::model::names;
use crate::world::model::service::Service;
use crate::world::model::task::{Phase, Task};

/// `DescribeTasks` takes no more.
const MOST: usize = 100;

fn arn(service: &Service, task: &Task) -> String {
    names::arn("ecs", &format!("task/{}/{}", service.cluster, task.id))
}

pub fn list(world: &World, params: &Value) -> Answer {
    let cluster = cluster(world, params)?;
    let wanted = match params.get("desiredStatus").text() {
        None | Some("RUNNING") => true,
        Some("STOPPED") => false,
        Some(other) => return Err(AwsError::invalid(format!("{other} is not a desired status: RUNNING or STOPPED"))),
    };
    let services: Vec<&Service> = match params.get("serviceName").text() {
        Some(name) => vec![
            services::find(world, cluster, name)
                .ok_or_else(|| AwsError::new("ServiceNotFoundException", "Service not found."))?,
        ],
        None => world.services.iter().filter(|s| s.cluster == cluster).collect(),
    };
    let family = params.get("family").text();
    let started_by = params.get("startedBy").text();
    let arns = services
        .iter()
        .flat_map(|service| service.tasks.iter().map(move |task| (*service, task)))
        .filter(|(_, task)| task.wanted == wanted)
        .filter(|(_, task)| family.is_none_or(|f| world.definitions[task.definition].family == f))
        .filter(|(_, task)| started_by.is_none_or(|by| task.deployment == by))
        .map(|(service, task)| arn(service, task))
        .collect();
    let page = page(arns, params.get("nextToken"), params.get("maxResults"), MOST, "InvalidParameterException")?;
    Ok(map([("taskArns", rows(page.items))]).with("nextToken", page.next))
}

pub fn describe(world: &World, params: &Value) -> Answer {
    let cluster = cluster(world, params)?;
    let asked = params.get("tasks").texts();
    if asked.is_empty() {
        return Err(AwsError::invalid("Tasks cannot be empty."));
    }
    if asked.len() > MOST {
        return Err(AwsError::invalid(format!("Tasks cannot have more than {MOST} elements.")));
    }
    let all: std::collections::HashMap<&str, (&Service, &Task)> = world
        .services
        .iter()
        .filter(|s| s.cluster == cluster)
        .flat_map(|service| service.tasks.iter().map(move |task| (task.id.as_str(), (service, task))))
        .collect();
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for name in asked {
        match all.get(short(name)) {
            Some((service, task)) => found.push(show(world, service, task)),
            None => failures.push(missing(names::arn("ecs", &format!("task/{cluster}/{}", short(name))))),
        }
    }
    Ok(map([("tasks", rows(found)), ("failures", rows(failures))]))
}

fn health(health: Health) -> &'static str {
    match health {
        Health::Healthy => "HEALTHY",
        Health::Unhealthy => "UNHEALTHY",
        Health::Unknown => "UNKNOWN",
    }
}

fn show(world: &World, service: &Service, task: &Task) -> Value {
    let definition = &world.definitions[task.definition];
    let apart = task.phase == Phase::Provisioning || task.cut_off;
    let connectivity = if apart { "DISCONNECTED" } else { "CONNECTED" };
    let details = [("subnetId", "subnet-0f1e2d3c4b5a69788"), ("privateIPv4Address", task.address.as_str())];
    let attachment = map([
        ("id", text(&task.id[..8])),
        ("type", text("ElasticNetworkInterface")),
        ("status", text(if task.phase < Phase::Deprovisioning { "ATTACHED" } else { "DELETED" })),
        ("details", rows(details.map(|(n, v)| map([("name", text(n)), ("value", text(v))])))),
    ]);
    map([
        ("taskArn", text(arn(service, task))),
        ("clusterArn", text(cluster_arn(&service.cluster))),
        ("taskDefinitionArn", text(definition.arn())),
        ("attachments", rows([attachment])),
        ("availabilityZone", text(&task.zone)),
        ("capacityProviderName", text("FARGATE")),
        ("connectivity", text(connectivity)),
        ("containers", rows(containers(world, service, task, definition))),
        ("cpu", text(definition.cpu.to_string())),
        ("memory", text(definition.memory.to_string())),
        ("createdAt", Value::Time(task.created)),
        ("desiredStatus", text(if task.wanted { "RUNNING" } else { "STOPPED" })),
        ("lastStatus", text(task.phase.word())),
        ("enableExecuteCommand", true.into()),
        ("group", text(format!("service:{}", service.name))),
        ("healthStatus", text(health(task.health))),
        ("launchType", text("FARGATE")),
        ("platformVersion", text("1.4.0")),
        ("platformFamily", text("Linux")),
        ("startedBy", text(&task.deployment)),
        ("version", ((task.phase as i32) + 1).into()),
    ])
    .with("connectivityAt", task.pull_started.map(Value::Time))
    .with("pullStartedAt", task.pull_started.map(Value::Time))
    .with("pullStoppedAt", task.pull_stopped.map(Value::Time))
    .with("startedAt", task.started.map(Value::Time))
    .with("stoppingAt", task.stopping.map(Value::Time))
    .with("stoppedAt", task.stopped.map(Value::Time))
    .with("executionStoppedAt", task.stopped.or(task.stopping).map(Value::Time))
    .with("stopCode", task.stop_code)
    .with("stoppedReason", task.stopped_reason.as_ref())
}

fn containers(world: &World, service: &Service, task: &Task, definition: &Definition) -> Vec<Value> {
    definition
        .containers
        .iter()
        .enumerate()
        .map(|(i, container)| {
            let name = container["name"].as_str().unwrap_or_default();
            let image = container["image"].as_str().unwrap_or_default();
            let digest = world
                .repositories
                .iter()
                .find_map(|r| r.find(image))
                .map_or_else(|| digest_of(image), |pushed| pushed.digest.clone());
            let main = i == 0;
            let status = match task.phase {
                Phase::Provisioning | Phase::Pending => "PENDING",
                Phase::Running | Phase::Deactivating => "RUNNING",
                Phase::Stopping | Phase::Deprovisioning | Phase::Stopped => "STOPPED",
            };
            let exit = task.exit.as_ref().filter(|_| task.phase > Phase::Deactivating);
            map([
                ("containerArn", text(names::arn("ecs", &format!("container/{}/{}/{name}", service.cluster, task.id)))),
                ("taskArn", text(arn(service, task))),
                ("name", text(name)),
                ("image", text(image)),
                ("runtimeId", text(format!("{}-{i}", task.id))),
                ("lastStatus", text(status)),
                ("healthStatus", text(if main { health(task.health) } else { "UNKNOWN" })),
                ("cpu", text("0")),
            ])
            .with("imageDigest", task.pull_stopped.map(|_| digest))
            // The cache is told to stop when the application has ended.
            .with("exitCode", exit.map(|e| if main { e.code } else { 0 }))
            .with("reason", exit.filter(|_| main).and_then(|e| e.reason.as_ref()))
        })
        .collect()
}
