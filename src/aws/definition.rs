//! A task definition read for people: what of it is compared and shown.

use std::fmt::Write as _;

use aws_sdk_ecs::types as sdk;

use crate::platform::{CommandLine, ContainerDefinition, Definition, HealthCheck, Image, Revision, Secret};

/// Takes over what a person compares; `name` is what was asked for.
pub(super) fn read(from: &sdk::TaskDefinition, name: &str) -> Definition {
    let platform = from.runtime_platform().and_then(sdk::RuntimePlatform::cpu_architecture);
    Definition {
        revision: Revision {
            family: from.family().map_or_else(|| Revision::parse(name).family, str::to_owned),
            number: u32::try_from(from.revision()).ok().filter(|number| *number > 0),
        },
        status: from.status().map_or("ACTIVE", sdk::TaskDefinitionStatus::as_str).to_owned(),
        architecture: platform.map(|architecture| architecture.as_str().to_owned()),
        cpu: from.cpu().map(str::to_owned),
        memory: from.memory().map(str::to_owned),
        task_role: from.task_role_arn().map(str::to_owned),
        execution_role: from.execution_role_arn().map(str::to_owned),
        containers: from.container_definitions().iter().map(container).collect(),
    }
}

fn container(from: &sdk::ContainerDefinition) -> ContainerDefinition {
    let port = |mapping: &sdk::PortMapping| {
        let protocol = mapping.protocol().map_or("tcp", sdk::TransportProtocol::as_str);
        Some(format!("{}/{protocol}", mapping.container_port()?))
    };
    ContainerDefinition {
        name: from.name().unwrap_or_default().to_owned(),
        image: Image::parse(from.image().unwrap_or_default()),
        cpu: from.cpu(),
        memory: from.memory(),
        entry_point: CommandLine::new(from.entry_point()),
        command: CommandLine::new(from.command()),
        ports: from.port_mappings().iter().filter_map(port).collect(),
        environment: from
            .environment()
            .iter()
            .filter_map(|pair| Some((pair.name()?.to_owned(), Secret::new(pair.value().unwrap_or_default()))))
            .collect(),
        secrets: from.secrets().iter().map(|s| (s.name().to_owned(), s.value_from().to_owned())).collect(),
        health_check: from.health_check().map(health_check),
        logs: logs(from),
    }
}

fn health_check(from: &sdk::HealthCheck) -> HealthCheck {
    let mut check = HealthCheck { command: CommandLine::new(from.command()), times: String::new() };
    let times = [
        ("every", from.interval()),
        ("within", from.timeout()),
        ("retries", from.retries()),
        ("after", from.start_period()),
    ];
    for (word, value) in times {
        if let Some(value) = value {
            let _ = write!(check.times, ", {word} {value}");
        }
    }
    check
}

/// A stream's name has a prefix only where the options give one; without it only the driver knows the name.
fn logs(from: &sdk::ContainerDefinition) -> Option<(String, String)> {
    let logs = from.log_configuration().filter(|logs| *logs.log_driver() == sdk::LogDriver::Awslogs)?;
    let options = logs.options()?;
    Some((options.get("awslogs-group")?.clone(), options.get("awslogs-stream-prefix")?.clone()))
}
