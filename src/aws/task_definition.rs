//! ECS task definitions, as far as `plantao init` needs them.

use aws_sdk_ecs::types as sdk;

use super::Clients;
use crate::platform::{Image, Revision, Trouble};

/// A task definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskDefinition {
    /// Family and number.
    pub revision: Revision,
    /// `ARM64` or `X86_64`, if it says so.
    pub architecture: Option<String>,
    /// Its containers, in its own order.
    pub containers: Vec<DefinedContainer>,
}

/// A container as its task definition has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefinedContainer {
    /// Its name.
    pub name: String,
    /// What it is started from.
    pub image: Image,
    /// The task ends when it does; so it is when nothing is said.
    pub essential: bool,
    /// `awslogs-group`.
    pub log_group: Option<String>,
}

/// A task definition by family, `family:7` or ARN; a bare family is its newest ACTIVE revision.
///
/// `aws ecs describe-task-definition --task-definition NAME`
pub async fn describe_task_definition(clients: &Clients, name: &str) -> Result<TaskDefinition, Trouble> {
    const OPERATION: &str = "ecs:DescribeTaskDefinition";
    let answer = clients.ecs.describe_task_definition().task_definition(name).send().await;
    let answer = answer.map_err(|error| clients.trouble(OPERATION, &error))?;
    let from = answer.task_definition().ok_or_else(|| clients.lacks(OPERATION, "taskDefinition"))?;
    Ok(TaskDefinition {
        revision: Revision {
            family: from.family().map_or_else(|| Revision::parse(name).family, str::to_owned),
            number: u32::try_from(from.revision()).ok().filter(|number| *number > 0),
        },
        architecture: from
            .runtime_platform()
            .and_then(sdk::RuntimePlatform::cpu_architecture)
            .map(|architecture| architecture.as_str().to_owned()),
        containers: from.container_definitions().iter().map(container).collect(),
    })
}

fn container(from: &sdk::ContainerDefinition) -> DefinedContainer {
    let options = from.log_configuration().and_then(sdk::LogConfiguration::options);
    DefinedContainer {
        name: from.name().unwrap_or_default().to_owned(),
        image: Image::parse(from.image().unwrap_or_default()),
        essential: from.essential().unwrap_or(true),
        log_group: options.and_then(|options| options.get("awslogs-group")).cloned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::{Reply, Tiny};

    #[tokio::test(start_paused = true)]
    async fn containers_keep_their_image_and_log_group() {
        let tiny = Tiny::new(|_, _| {
            Reply::json(
                r#"{"taskDefinition": {"family": "api", "revision": 42, "runtimePlatform": {"cpuArchitecture": "ARM64"},
                "containerDefinitions": [{"name": "api", "image": "r/api:v1", "logConfiguration": {"logDriver": "awslogs",
                "options": {"awslogs-group": "/ecs/api"}}}, {"name": "redis", "image": "redis:7", "essential": false}]}}"#,
            )
        });
        let clients = Clients::over(tiny.client(), "us-east-1");
        let found = describe_task_definition(&clients, "api").await.unwrap();
        assert_eq!((found.revision.number, found.architecture.as_deref()), (Some(42), Some("ARM64")));
        assert_eq!(found.containers[0].log_group.as_deref(), Some("/ecs/api"));
        assert_eq!((found.containers[0].essential, found.containers[1].essential), (true, false));
    }
}
