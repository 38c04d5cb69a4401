//! ECS task definitions, as far as a person compares and shows them.

use std::fmt::Write as _;

use aws_sdk_ecs::types as sdk;

use super::Clients;
use crate::platform::{
    CommandLine, ContainerDefinition, Definition, HealthCheck, Image, LogsTo, Revision, Secret, Trouble,
};

/// A task definition by family, `family:7` or ARN; a bare family is its newest ACTIVE revision.
///
/// `aws ecs describe-task-definition --task-definition NAME`
pub async fn describe_task_definition(clients: &Clients, name: &str) -> Result<Definition, Trouble> {
    const OPERATION: &str = "ecs:DescribeTaskDefinition";
    let answer = clients.ecs.describe_task_definition().task_definition(name).send().await;
    let answer = answer.map_err(|error| {
        let message = error.as_service_error().and_then(|error| error.meta().message()).unwrap_or_default();
        // ECS has no code of its own for it.
        if ["Unable to describe", "does not exist"].iter().any(|words| message.contains(words)) {
            return clients.not_found(OPERATION, format!("there is no task definition {name}"), None);
        }
        clients.trouble(OPERATION, &error)
    })?;
    let from = answer.task_definition().ok_or_else(|| clients.lacks(OPERATION, "taskDefinition"))?;
    Ok(read(from, name))
}

/// Takes over what a person compares; `name` is what was asked for.
fn read(from: &sdk::TaskDefinition, name: &str) -> Definition {
    let platform = from.runtime_platform().and_then(sdk::RuntimePlatform::cpu_architecture);
    let asked = Revision::parse(name);
    Definition {
        revision: Revision {
            family: from.family().map_or(asked.family, str::to_owned),
            number: u32::try_from(from.revision()).ok().filter(|number| *number > 0).or(asked.number),
        },
        status: from.status().map_or("ACTIVE", sdk::TaskDefinitionStatus::as_str).to_owned(),
        architecture: platform.map(|architecture| architecture.as_str().to_owned()),
        cpu: from.cpu().map(str::to_owned),
        memory: from.memory().map(str::to_owned),
        task_role: from.task_role_arn().map(str::to_owned),
        execution_role: from.execution_role_arn().map(str::to_owned),
        containers: from.container_definitions().iter().map(container).collect(),
        registered_by: from.registered_by().map(str::to_owned),
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

/// Where the `awslogs` driver writes.
fn logs(from: &sdk::ContainerDefinition) -> Option<LogsTo> {
    let logs = from.log_configuration().filter(|logs| *logs.log_driver() == sdk::LogDriver::Awslogs)?;
    let options = logs.options()?;
    Some(LogsTo {
        group: options.get("awslogs-group")?.clone(),
        stream_prefix: options.get("awslogs-stream-prefix").cloned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::{Reply, Tiny};

    #[tokio::test(start_paused = true)]
    async fn containers_keep_their_image_and_where_they_log() {
        let tiny = Tiny::new(|_, _| {
            Reply::json(
                r#"{"taskDefinition": {"family": "api", "revision": 42, "runtimePlatform": {"cpuArchitecture": "ARM64"},
                "containerDefinitions": [{"name": "api", "image": "r/api:v1", "logConfiguration": {"logDriver": "awslogs",
                "options": {"awslogs-group": "/ecs/api"}}}, {"name": "redis", "image": "redis:7"}]}}"#,
            )
        });
        let clients = Clients::over(tiny.client(), "us-east-1");
        let found = describe_task_definition(&clients, "api").await.unwrap();
        assert_eq!((found.revision.number, found.architecture.as_deref()), (Some(42), Some("ARM64")));
        let logs = LogsTo { group: "/ecs/api".to_owned(), stream_prefix: None };
        assert_eq!((found.containers[0].logs.as_ref(), found.containers[1].logs.as_ref()), (Some(&logs), None));
    }
}
