//! Elastic Container Service: what changes a service, and what only a run asks.
//!
//! Requests that change something are sent once: an attempt whose answer was lost may have been
//! carried out, and only who asked can look before asking again.

use aws_sdk_ecs::config::Builder;
use aws_sdk_ecs::config::retry::RetryConfig;
use aws_sdk_ecs::types as sdk;

use super::Clients;
use super::ecs;
use crate::platform::{Revision, Service, Trouble};

/// What is to change of a service; `None` stays as it is and is not sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceUpdate {
    /// Tasks wanted.
    pub desired: Option<u32>,
    /// `family:7`; a bare family would mean its newest ACTIVE revision, whoever registered it.
    pub task_definition: Option<String>,
    /// New tasks although nothing else changes.
    pub force: bool,
}

/// What else decides how a service is deployed, and how many tasks it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Controls {
    /// `schedulingStrategy` is `DAEMON`: it runs one task on each instance.
    pub is_daemon: bool,
    /// The alarms that end its deployments, if it has any that count.
    pub alarms: Vec<String>,
}

pub(super) fn once() -> Builder {
    Builder::new().retry_config(RetryConfig::disabled())
}

/// Changes a service, and answers with what it is then. Sent once.
///
/// `aws ecs update-service --cluster CLUSTER --service NAME [--desired-count N] [--task-definition FAMILY:N] [--force-new-deployment]`
pub async fn update_service(
    clients: &Clients,
    cluster: &str,
    name: &str,
    update: &ServiceUpdate,
) -> Result<Service, Trouble> {
    const OPERATION: &str = "ecs:UpdateService";
    let request = clients.ecs.update_service().cluster(cluster).service(name);
    let request = request
        .set_desired_count(update.desired.map(|count| i32::try_from(count).unwrap_or(i32::MAX)))
        .set_task_definition(update.task_definition.clone())
        .set_force_new_deployment(update.force.then_some(true));
    let answer = request.customize().config_override(once()).send().await;
    let answer = answer.map_err(|error| clients.trouble_in_cluster(OPERATION, cluster, &error))?;
    let service = answer.service().ok_or_else(|| clients.lacks(OPERATION, "service"))?;
    ecs::service(clients, cluster, service)
}

/// A service, and what else controls it. What the answer does not name is ECS's default.
///
/// `aws ecs describe-services --cluster CLUSTER --services NAME`
pub async fn describe_with_controls(
    clients: &Clients,
    cluster: &str,
    name: &str,
) -> Result<(Service, Controls), Trouble> {
    let answer = ecs::ask(clients, cluster, &[name]).await?;
    let service = answer.found(clients, cluster, name)?;
    let configuration = service.deployment_configuration();
    let alarms = configuration.and_then(sdk::DeploymentConfiguration::alarms).filter(|alarms| alarms.enable());
    let controls = Controls {
        is_daemon: service.scheduling_strategy() == Some(&sdk::SchedulingStrategy::Daemon),
        alarms: alarms.map(|alarms| alarms.alarm_names().to_vec()).unwrap_or_default(),
    };
    Ok((ecs::service(clients, cluster, service)?, controls))
}

/// Registers a new revision: all of `revision` (`family:7`), and one container's image another. Sent once.
///
/// `aws ecs describe-task-definition --task-definition FAMILY:N --include TAGS`, the image changed and what AWS adds
/// left out, then `aws ecs register-task-definition --cli-input-json file://new.json`
pub async fn register_with_image(
    clients: &Clients,
    revision: &str,
    container: &str,
    image: &str,
) -> Result<Revision, Trouble> {
    const DESCRIBE: &str = "ecs:DescribeTaskDefinition";
    const REGISTER: &str = "ecs:RegisterTaskDefinition";
    let request = clients.ecs.describe_task_definition().task_definition(revision);
    let answer = request.include(sdk::TaskDefinitionField::Tags).send().await;
    let answer = answer.map_err(|error| clients.trouble(DESCRIBE, &error))?;
    let from = answer.task_definition().ok_or_else(|| clients.lacks(DESCRIBE, "taskDefinition"))?;
    let mut containers = from.container_definitions().to_vec();
    let Some(changed) = containers.iter_mut().find(|c| c.name() == Some(container)) else {
        let why = format!("{revision} has no container \"{container}\"");
        return Err(clients.not_found(DESCRIBE, why, Some("compare it with the platform file".to_owned())));
    };
    changed.image = Some(image.to_owned());
    let some = |tags: &[sdk::Tag]| (!tags.is_empty()).then(|| tags.to_vec());
    let request = clients
        .ecs
        .register_task_definition()
        .set_family(from.family.clone())
        .set_task_role_arn(from.task_role_arn.clone())
        .set_execution_role_arn(from.execution_role_arn.clone())
        .set_network_mode(from.network_mode.clone())
        .set_container_definitions(Some(containers))
        .set_volumes(from.volumes.clone())
        .set_placement_constraints(from.placement_constraints.clone())
        .set_requires_compatibilities(from.requires_compatibilities.clone())
        .set_cpu(from.cpu.clone())
        .set_memory(from.memory.clone())
        .set_pid_mode(from.pid_mode.clone())
        .set_ipc_mode(from.ipc_mode.clone())
        .set_proxy_configuration(from.proxy_configuration.clone())
        .set_ephemeral_storage(from.ephemeral_storage.clone())
        .set_runtime_platform(from.runtime_platform.clone())
        .set_enable_fault_injection(from.enable_fault_injection)
        .set_tags(some(answer.tags()));
    let answer = request.customize().config_override(once()).send().await;
    let answer = answer.map_err(|error| clients.trouble(REGISTER, &error))?;
    let made = answer.task_definition().ok_or_else(|| clients.lacks(REGISTER, "taskDefinition"))?;
    Ok(Revision {
        family: made.family().unwrap_or_default().to_owned(),
        number: u32::try_from(made.revision()).ok().filter(|number| *number > 0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::{Reply, Tiny};

    #[tokio::test(start_paused = true)]
    async fn only_what_changes_is_sent_and_it_is_sent_once() {
        let tiny = Tiny::new(|_, body| {
            assert_eq!(
                serde_json::from_str::<serde_json::Value>(body).unwrap(),
                serde_json::json!({"cluster": "prod", "service": "api", "desiredCount": 3})
            );
            Reply::json_error(500, "ServerException", "internal")
        });
        let clients = Clients::over(tiny.client(), "us-east-1");
        let update = ServiceUpdate { desired: Some(3), ..ServiceUpdate::default() };
        assert!(update_service(&clients, "prod", "api", &update).await.is_err());
        assert_eq!(tiny.asked(), ["UpdateService"], "a lost answer is not a reason to do it twice");
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_revision_keeps_all_but_the_image() {
        let tiny = Tiny::new(|operation, body| {
            if operation == "RegisterTaskDefinition" {
                let sent: serde_json::Value = serde_json::from_str(body).unwrap();
                assert_eq!(sent["containerDefinitions"][0]["image"], "r/api@sha256:new");
                assert_eq!(sent["containerDefinitions"][0]["environment"][0]["name"], "PORT");
                assert_eq!(sent["containerDefinitions"][1]["image"], "redis:7");
                assert_eq!((&sent["executionRoleArn"], &sent["cpu"]), (&"role".into(), &"256".into()));
                assert_eq!(
                    (&sent["runtimePlatform"]["cpuArchitecture"], &sent["tags"][0]["key"]),
                    (&"ARM64".into(), &"team".into())
                );
                assert!(sent.get("revision").is_none() && sent.get("status").is_none());
                return Reply::json(r#"{"taskDefinition": {"family": "api", "revision": 43}}"#);
            }
            Reply::json(
                r#"{"taskDefinition": {"family": "api", "revision": 42, "status": "ACTIVE", "cpu": "256", "executionRoleArn": "role",
                "runtimePlatform": {"cpuArchitecture": "ARM64"}, "containerDefinitions": [
                {"name": "api", "image": "r/api:v1", "environment": [{"name": "PORT", "value": "3000"}]}, {"name": "redis", "image": "redis:7"}]},
                "tags": [{"key": "team", "value": "data"}]}"#,
            )
        });
        let clients = Clients::over(tiny.client(), "us-east-1");
        let made = register_with_image(&clients, "api:42", "api", "r/api@sha256:new").await.unwrap();
        assert_eq!(made.number, Some(43));
        let trouble = register_with_image(&clients, "api:42", "web", "x").await.unwrap_err();
        assert_eq!(trouble.why, "api:42 has no container \"web\"");
    }
}
