//! Task definitions: described, listed, registered.

use super::super::error::AwsError;
use super::super::value::{Value, list as rows, map, text};
use super::Answer;
use super::ecs::short;
use super::page::page;
use crate::world::World;
use crate::world::model::definition::Definition;

/// The definition that `family`, `family:7` or an ARN means. A bare family means its newest ACTIVE revision.
pub fn find(world: &World, asked: &str) -> Result<usize, AwsError> {
    let name = short(asked);
    let all = || world.definitions.iter().enumerate();
    let found = match name.split_once(':') {
        // `family:latest` is no revision: a revision is a number.
        Some((family, number)) => {
            let number: u32 =
                number.parse().map_err(|_| AwsError::invalid(format!("Invalid revision number. Number: {number}")))?;
            all().find(|(_, d)| d.family == family && d.number == number)
        }
        None => all().filter(|(_, d)| d.family == name && d.active).max_by_key(|(_, d)| d.number),
    };
    found.map(|(i, _)| i).ok_or_else(|| AwsError::new("ClientException", "Unable to describe task definition."))
}

pub fn list(world: &World, params: &Value) -> Answer {
    let family = params.get("familyPrefix").text();
    let active = params.get("status").text() != Some("INACTIVE");
    let mut found: Vec<&Definition> =
        world.definitions.iter().filter(|d| d.active == active && family.is_none_or(|f| d.family == f)).collect();
    found.sort_by(|a, b| a.family.cmp(&b.family).then(a.number.cmp(&b.number)));
    if params.get("sort").text() == Some("DESC") {
        found.reverse();
    }
    let arns = found.into_iter().map(Definition::arn).collect();
    let page = page(arns, params.get("nextToken"), params.get("maxResults"), 100, "InvalidParameterException")?;
    Ok(map([("taskDefinitionArns", rows(page.items))]).with("nextToken", page.next))
}

pub fn describe(world: &World, params: &Value) -> Answer {
    let index = find(world, params.get("taskDefinition").text().unwrap_or_default())?;
    Ok(map([("taskDefinition", show(&world.definitions[index])), ("tags", rows(Vec::<Value>::new()))]))
}

fn show(definition: &Definition) -> Value {
    let platform = map([("cpuArchitecture", text(&definition.architecture)), ("operatingSystemFamily", text("LINUX"))]);
    map([
        ("taskDefinitionArn", text(definition.arn())),
        ("family", text(&definition.family)),
        ("revision", definition.number.into()),
        ("status", text(if definition.active { "ACTIVE" } else { "INACTIVE" })),
        ("containerDefinitions", rows(definition.containers.iter().map(Value::of_json))),
        ("networkMode", text("awsvpc")),
        ("requiresCompatibilities", rows(["FARGATE"])),
        ("compatibilities", rows(["EC2", "FARGATE"])),
        ("runtimePlatform", platform),
        ("cpu", text(definition.cpu.to_string())),
        ("memory", text(definition.memory.to_string())),
        ("executionRoleArn", text(format!("arn:aws:iam::{}:role/ecsTaskExecutionRole", super::names::ACCOUNT))),
        ("taskRoleArn", text(format!("arn:aws:iam::{}:role/{}-task", super::names::ACCOUNT, definition.family))),
        ("volumes", rows(Vec::<Value>::new())),
        ("placementConstraints", rows(Vec::<Value>::new())),
        ("registeredAt", Value::Time(definition.registered)),
        ("registeredBy", text(super::names::CALLER)),
    ])
}

pub fn register(world: &mut World, params: &Value) -> Answer {
    let family =
        params.get("family").text().ok_or_else(|| AwsError::new("ClientException", "Family should not be null."))?;
    let containers: Vec<serde_json::Value> =
        params.get("containerDefinitions").list().iter().map(Value::to_json).collect();
    if containers.is_empty() {
        return Err(AwsError::new("ClientException", "Container list cannot be empty."));
    }
    let number = world.next_number(family);
    let definition = Definition {
        family: family.to_owned(),
        number,
        registered: world.now,
        active: true,
        cpu: params.get("cpu").int().unwrap_or(256) as u32,
        memory: params.get("memory").int().unwrap_or(512) as u32,
        architecture: params.get("runtimePlatform").get("cpuArchitecture").text().unwrap_or("X86_64").to_owned(),
        containers,
    };
    let answer = map([("taskDefinition", show(&definition))]);
    world.definitions.push(definition);
    Ok(answer)
}
