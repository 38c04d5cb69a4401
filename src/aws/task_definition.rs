//! ECS task definitions, as far as a person compares and shows them.

use std::collections::{BTreeMap, HashMap};
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
        rest: rest_of_task(from),
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
        rest: rest_of_container(from),
    }
}

/// What is not taken over one by one: what is absent, or as good as that, is left out.
fn rest<const N: usize>(all: [(&str, String); N]) -> BTreeMap<String, Secret> {
    let is_said = |value: &String| !matches!(value.as_str(), "None" | "[]" | "{}");
    all.into_iter()
        .filter(|(_, value)| is_said(value))
        .map(|(name, value)| (name.to_owned(), Secret::new(value)))
        .collect()
}

/// All that ECS registers of a task beside what [`read`] takes over.
fn rest_of_task(from: &sdk::TaskDefinition) -> BTreeMap<String, Secret> {
    rest([
        ("network mode", format!("{:?}", from.network_mode())),
        ("volumes", format!("{:?}", from.volumes())),
        ("ephemeral storage", format!("{:?}", from.ephemeral_storage())),
        (
            "operating system",
            format!("{:?}", from.runtime_platform().and_then(sdk::RuntimePlatform::operating_system_family)),
        ),
        ("launch types", format!("{:?}", from.requires_compatibilities())),
        ("placement constraints", format!("{:?}", from.placement_constraints())),
        ("process namespace", format!("{:?}", from.pid_mode())),
        ("IPC namespace", format!("{:?}", from.ipc_mode())),
        ("proxy", format!("{:?}", from.proxy_configuration())),
        ("fault injection", format!("{:?}", from.enable_fault_injection())),
    ])
}

/// All that ECS registers of a container beside what [`container`] takes over.
fn rest_of_container(from: &sdk::ContainerDefinition) -> BTreeMap<String, Secret> {
    let sorted = |map: &HashMap<String, String>| map.clone().into_iter().collect::<BTreeMap<_, _>>();
    let logs = from.log_configuration().map(|logs| {
        let options = logs.options().map(sorted);
        (logs.log_driver().clone(), options, logs.secret_options().to_vec())
    });
    // The number that is taken over stands for all of a mapping.
    let mapping = |port: &sdk::PortMapping| {
        (
            port.host_port(),
            port.name().map(str::to_owned),
            port.app_protocol().cloned(),
            port.container_port_range().map(str::to_owned),
        )
    };
    let says_more = |port: &&sdk::PortMapping| {
        port.name().is_some()
            || port.app_protocol().is_some()
            || port.container_port_range().is_some()
            || port.host_port().is_some_and(|host| Some(host) != port.container_port())
    };
    rest([
        ("mount points", format!("{:?}", from.mount_points())),
        ("volumes from", format!("{:?}", from.volumes_from())),
        ("memory reservation", format!("{:?}", from.memory_reservation())),
        // ECS's default.
        ("essential", format!("{:?}", from.essential().filter(|essential| !essential))),
        ("depends on", format!("{:?}", from.depends_on())),
        ("restart policy", format!("{:?}", from.restart_policy())),
        ("environment files", format!("{:?}", from.environment_files())),
        ("log configuration", format!("{logs:?}")),
        (
            "port mappings",
            format!("{:?}", from.port_mappings().iter().filter(says_more).map(mapping).collect::<Vec<_>>()),
        ),
        ("user", format!("{:?}", from.user())),
        ("working directory", format!("{:?}", from.working_directory())),
        ("ulimits", format!("{:?}", from.ulimits())),
        ("Linux parameters", format!("{:?}", from.linux_parameters())),
        ("start timeout", format!("{:?}", from.start_timeout())),
        ("stop timeout", format!("{:?}", from.stop_timeout())),
        ("version consistency", format!("{:?}", from.version_consistency())),
        ("registry credentials", format!("{:?}", from.repository_credentials())),
        ("host name", format!("{:?}", from.hostname())),
        ("extra hosts", format!("{:?}", from.extra_hosts())),
        ("DNS", format!("{:?}", (from.dns_servers(), from.dns_search_domains())).replace("([], [])", "[]")),
        ("links", format!("{:?}", from.links())),
        ("networking", format!("{:?}", from.disable_networking())),
        ("privileged", format!("{:?}", from.privileged().filter(|is| *is))),
        ("read-only root", format!("{:?}", from.readonly_root_filesystem().filter(|is| *is))),
        ("security options", format!("{:?}", from.docker_security_options())),
        ("terminal", format!("{:?}", (from.interactive(), from.pseudo_terminal())).replace("(None, None)", "[]")),
        ("labels", format!("{:?}", from.docker_labels().map(sorted))),
        ("system controls", format!("{:?}", from.system_controls())),
        ("resource requirements", format!("{:?}", from.resource_requirements())),
        ("FireLens", format!("{:?}", from.firelens_configuration())),
        ("credential specs", format!("{:?}", from.credential_specs())),
    ])
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
    async fn two_revisions_that_differ_in_volumes_or_a_user_are_not_called_alike() {
        let tiny = Tiny::new(|_, body| {
            let (task, container) = if body.contains("api:2") {
                (
                    r#""networkMode": "awsvpc", "volumes": [{"name": "data"}], "ephemeralStorage": {"sizeInGiB": 40}"#,
                    r#""mountPoints": [{"sourceVolume": "data"}], "user": "root", "essential": false, "memoryReservation": 64"#,
                )
            } else {
                (
                    r#""networkMode": "bridge", "volumes": []"#,
                    r#""mountPoints": [], "essential": true, "privileged": false"#,
                )
            };
            Reply::json(&format!(
                r#"{{"taskDefinition": {{"family": "api", {task}, "containerDefinitions": [{{"name": "api", "image": "r/api:v1", {container}}}]}}}}"#
            ))
        });
        let clients = Clients::over(tiny.client(), "us-east-1");
        let (one, two) = (
            describe_task_definition(&clients, "api:1").await.unwrap(),
            describe_task_definition(&clients, "api:2").await.unwrap(),
        );
        let mut what: Vec<String> = one.differences(&two).into_iter().map(|d| d.what).collect();
        what.sort();
        assert_eq!(
            what,
            [
                "ephemeral storage",
                "essential of api",
                "memory reservation of api",
                "mount points of api",
                "network mode",
                "user of api",
                "volumes"
            ]
        );
        assert_eq!(one.differences(&one), []);
    }

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
