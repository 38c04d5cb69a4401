//! ECS tasks: those that run, and those that stopped within the hour that ECS remembers them.

use aws_sdk_ecs::types as sdk;
use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::Clients;
use super::convert::instant_of;
use super::ecs::last;
use crate::platform::{Container, Health, Image, Revision, Task, Trouble};

/// `DescribeTasks` takes this many at once.
const TASKS_AT_ONCE: usize = 100;
/// Batches under way at once.
const BATCHES: usize = 4;

/// A service's tasks, newest first: those that should run, or those that should not, as [`list_tasks`] has them.
///
/// `aws ecs list-tasks --cluster CLUSTER --service-name NAME`, then `aws ecs describe-tasks`
pub async fn tasks(clients: &Clients, cluster: &str, service: &str, stopped: bool) -> Result<Vec<Task>, Trouble> {
    let arns = list_tasks(clients, cluster, service, stopped).await?;
    describe_tasks(clients, cluster, &arns).await
}

const LIST: &str = "ecs:ListTasks";

/// The ARNs of a service's tasks: of those that should run, or of those that should not.
///
/// `aws ecs list-tasks --cluster CLUSTER --service-name NAME [--desired-status STOPPED]`
pub async fn list_tasks(
    clients: &Clients,
    cluster: &str,
    service: &str,
    stopped: bool,
) -> Result<Vec<String>, Trouble> {
    let status = if stopped { sdk::DesiredStatus::Stopped } else { sdk::DesiredStatus::Running };
    let request = clients.ecs.list_tasks().cluster(cluster).service_name(service).desired_status(status);
    let mut pages = request.into_paginator().send();
    let mut arns = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| clients.trouble_in_cluster(LIST, cluster, &error))?;
        // An empty list is a service without tasks; no list says nothing of them.
        arns.extend(page.task_arns.ok_or_else(|| clients.lacks(LIST, "taskArns"))?);
    }
    Ok(arns)
}

/// Tasks by ARN, newest first. One that ECS has forgotten since it was listed is left out; no ARNs, no call.
///
/// `aws ecs describe-tasks --cluster CLUSTER --tasks ARN…`
pub async fn describe_tasks(clients: &Clients, cluster: &str, arns: &[String]) -> Result<Vec<Task>, Trouble> {
    // Collected first: a stream that borrows its batches is not `Send` for every lifetime.
    let batches: Vec<_> = arns.chunks(TASKS_AT_ONCE).map(|batch| describe(clients, cluster, batch)).collect();
    let mut tasks: Vec<Task> = stream::iter(batches).buffered(BATCHES).try_concat().await?;
    tasks.sort_by(|a, b| b.created_at.cmp(&a.created_at).then_with(|| a.id.cmp(&b.id)));
    Ok(tasks)
}

async fn describe(clients: &Clients, cluster: &str, arns: &[String]) -> Result<Vec<Task>, Trouble> {
    let request = clients.ecs.describe_tasks().cluster(cluster).set_tasks(Some(arns.to_vec()));
    let answer = request.send().await;
    let answer = answer.map_err(|error| clients.trouble_in_cluster("ecs:DescribeTasks", cluster, &error))?;
    let found = answer.tasks.as_ref().ok_or_else(|| clients.lacks("ecs:DescribeTasks", "tasks"))?;
    found.iter().map(|from| task(clients, from)).collect()
}

fn task(clients: &Clients, from: &sdk::Task) -> Result<Task, Trouble> {
    let lacks = |field| clients.lacks("ecs:DescribeTasks", field);
    Ok(Task {
        id: last(from.task_arn().ok_or_else(|| lacks("taskArn"))?).to_owned(),
        revision: from.task_definition_arn().map(Revision::parse).unwrap_or_default(),
        started_by: from.started_by().map(str::to_owned),
        last_status: from.last_status().ok_or_else(|| lacks("lastStatus of a task"))?.to_owned(),
        desired_status: from.desired_status().unwrap_or("RUNNING").to_owned(),
        health: health(from.health_status()),
        disconnected: from.connectivity() == Some(&sdk::Connectivity::Disconnected),
        created_at: instant_of(from.created_at()),
        started_at: instant_of(from.started_at()),
        stopped_at: instant_of(from.stopped_at()),
        stop_code: from.stop_code().map(|code| code.as_str().to_owned()),
        stopped_reason: from.stopped_reason().map(str::to_owned),
        zone: from.availability_zone().map(str::to_owned),
        cpu: from.cpu().map(str::to_owned),
        memory: from.memory().map(str::to_owned),
        containers: from.containers().iter().map(container).collect(),
    })
}

fn container(from: &sdk::Container) -> Container {
    let mut image = Image::parse(from.image().unwrap_or_default());
    if let Some(digest) = from.image_digest() {
        image.digest = Some(digest.to_owned());
    }
    Container {
        name: from.name().unwrap_or_default().to_owned(),
        image,
        status: from.last_status().unwrap_or_default().to_owned(),
        health: health(from.health_status()),
        exit_code: from.exit_code(),
        reason: from.reason().map(str::to_owned),
    }
}

fn health(from: Option<&sdk::HealthStatus>) -> Health {
    match from {
        Some(sdk::HealthStatus::Healthy) => Health::Healthy,
        Some(sdk::HealthStatus::Unhealthy) => Health::Unhealthy,
        _ => Health::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::{Reply, Tiny};
    use crate::platform::TroubleKind;

    #[tokio::test(start_paused = true)]
    async fn more_than_a_hundred_tasks_are_described_in_batches_newest_first() {
        let tiny = Tiny::new(|operation, body| {
            if operation == "ListTasks" {
                let page = if body.contains("nextToken") { 100..150 } else { 0..100 };
                let arns: Vec<_> = page.map(|n| format!("arn:aws:ecs:us-east-1:1:task/prod/{n:03}")).collect();
                let mut answer = serde_json::json!({ "taskArns": arns });
                if !body.contains("nextToken") {
                    answer["nextToken"] = "more".into();
                }
                Reply::json(&answer.to_string())
            } else {
                let asked: serde_json::Value = serde_json::from_str(body).unwrap();
                let arns = asked["tasks"].as_array().unwrap().clone();
                assert!(arns.len() <= 100);
                let task = |arn: &serde_json::Value| {
                    let arn = arn.as_str().unwrap();
                    let created: i64 = arn[arn.len() - 3..].parse().unwrap();
                    serde_json::json!({"taskArn": arn, "lastStatus": "RUNNING", "createdAt": created})
                };
                Reply::json(&serde_json::json!({"tasks": arns.iter().map(task).collect::<Vec<_>>()}).to_string())
            }
        });
        let clients = Clients::over(tiny.client(), "us-east-1");
        let arns = list_tasks(&clients, "prod", "api", false).await.unwrap();
        let tasks = describe_tasks(&clients, "prod", &arns).await.unwrap();
        assert_eq!((tasks.len(), tasks[0].id.as_str(), tasks[149].id.as_str()), (150, "149", "000"));
        assert_eq!(clients.spent().calls, 4);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stopped_task_keeps_why_it_stopped() {
        let tiny = Tiny::new(|operation, body| match operation {
            "ListTasks" if body.contains("STOPPED") => Reply::json(r#"{"taskArns": ["t/prod/b"]}"#),
            "ListTasks" => Reply::json(r#"{"taskArns": []}"#),
            _ => Reply::json(
                r#"{"tasks": [{"taskArn": "t/prod/b", "lastStatus": "STOPPED", "desiredStatus": "STOPPED",
                "stopCode": "EssentialContainerExited", "stoppedReason": "Essential container in task exited",
                "stoppedAt": 1795489845, "healthStatus": "UNHEALTHY", "taskDefinitionArn": "x/api:7",
                "containers": [{"name": "api", "image": "r/api:v1", "imageDigest": "sha256:abc", "lastStatus": "STOPPED",
                "exitCode": 137, "reason": "OutOfMemoryError"}]}], "failures": []}"#,
            ),
        });
        let clients = Clients::over(tiny.client(), "us-east-1");
        let arns = list_tasks(&clients, "prod", "api", true).await.unwrap();
        let tasks = describe_tasks(&clients, "prod", &arns).await.unwrap();
        assert!(tasks[0].failed());
        assert_eq!(tasks[0].health, Health::Unhealthy);
        assert_eq!(tasks[0].containers[0].image.to_string(), "r/api:v1@sha256:abc");
        assert_eq!(
            tasks[0].why_stopped().unwrap(),
            "OutOfMemoryError · api exited with 137 · Essential container in task exited"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn no_tasks_cost_no_second_call_and_a_task_without_an_arn_is_a_bad_answer() {
        let tiny = Tiny::new(|_, _| Reply::json("{}"));
        let clients = Clients::over(tiny.client(), "us-east-1");
        assert_eq!(describe_tasks(&clients, "prod", &[]).await, Ok(Vec::new()));
        assert_eq!(clients.spent().calls, 0);
        // What an answer does not list is not known, rather than gone.
        assert!(list_tasks(&clients, "prod", "api", false).await.unwrap_err().why.starts_with("no taskArns in"));
        let trouble = describe_tasks(&clients, "prod", &["x".to_owned()]).await.unwrap_err();
        assert!(trouble.why.starts_with("no tasks in"), "{trouble}");
        let tiny = Tiny::new(|_, _| Reply::json(r#"{"tasks": [{}]}"#));
        let clients = Clients::over(tiny.client(), "us-east-1");
        let trouble = describe_tasks(&clients, "prod", &["x".to_owned()]).await.unwrap_err();
        assert_eq!((trouble.kind, trouble.why.contains("taskArn")), (TroubleKind::BadAnswer, true));
    }
}
