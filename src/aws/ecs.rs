//! Elastic Container Service: services, and what an account has of them.

use aws_sdk_ecs::operation::describe_services::DescribeServicesOutput;
use aws_sdk_ecs::types as sdk;

use super::Clients;
use super::convert::{count, instant_of};
use super::lacking::Lacking;
use crate::platform::{
    CircuitBreaker, Controller, Deployment, DeploymentStatus, Revision, Rollout, Service, ServiceEvent, ServiceStatus,
    Stability, TaskSet, TaskSetStatus, Trouble,
};

/// `DescribeServices` takes this many names at once.
pub const SERVICES_AT_ONCE: usize = 10;

const DESCRIBE: &str = "ecs:DescribeServices";

/// Services of one cluster, at most [`SERVICES_AT_ONCE`], each with its own answer, in the order asked.
/// A service that does not exist is a trouble of its own and does not hide the others. Only ECS's word `MISSING`
/// says so: one that the answer does not speak of at all is an answer that lacks it.
///
/// `aws ecs describe-services --cluster CLUSTER --services NAME…`
pub async fn describe_services(
    clients: &Clients,
    cluster: &str,
    names: &[&str],
) -> Result<Vec<Result<Service, Trouble>>, Trouble> {
    let answer = ask(clients, cluster, names).await?;
    Ok(names.iter().map(|name| service(clients, cluster, answer.found(clients, cluster, name)?)).collect())
}

/// What `DescribeServices` answered, and what that lacks.
pub(super) struct Answer {
    output: DescribeServicesOutput,
    lacking: Lacking,
}

pub(super) async fn ask(clients: &Clients, cluster: &str, names: &[&str]) -> Result<Answer, Trouble> {
    let request = clients.ecs.describe_services().cluster(cluster);
    let request = request.set_services(Some(names.iter().map(|name| (*name).to_owned()).collect()));
    let lacking = Lacking::default();
    let output = request.customize().interceptor(lacking.clone()).send().await;
    let output = output.map_err(|error| clients.trouble_in_cluster(DESCRIBE, cluster, &error))?;
    Ok(Answer { output, lacking })
}

impl Answer {
    /// The one of this name, with all of its counts.
    pub(super) fn found(&self, clients: &Clients, cluster: &str, name: &str) -> Result<&sdk::Service, Trouble> {
        let services = self.output.services();
        let at = services.iter().position(|service| service.service_name() == Some(name));
        let at = at.ok_or_else(|| absent(clients, cluster, name, self.output.failures()))?;
        match self.lacking.of(at) {
            Some(count) => Err(clients.lacks(DESCRIBE, &format!("{count} of service \"{name}\""))),
            None => Ok(&services[at]),
        }
    }
}

fn absent(clients: &Clients, cluster: &str, name: &str, failures: &[sdk::Failure]) -> Trouble {
    let failure = failures.iter().find(|failure| failure.arn().is_some_and(|arn| last(arn) == name));
    match failure.and_then(sdk::Failure::reason) {
        None => clients.lacks(DESCRIBE, &format!("service \"{name}\"")),
        Some("MISSING") => {
            let why = format!("service \"{name}\" not found in cluster \"{cluster}\"");
            clients.not_found(DESCRIBE, why, Some("compare it with the platform file".to_owned()))
        }
        Some(reason) => clients.not_found(DESCRIBE, format!("service \"{name}\": {reason}"), None),
    }
}

pub(super) fn service(clients: &Clients, cluster: &str, from: &sdk::Service) -> Result<Service, Trouble> {
    let lacks = |field| clients.lacks(DESCRIBE, field);
    let deployments: Vec<Deployment> = from.deployments().iter().filter_map(deployment).collect();
    let task_sets: Vec<TaskSet> = from.task_sets().iter().filter_map(task_set).collect();
    let primary = deployments.iter().find(|d| d.status == DeploymentStatus::Primary).map(|d| d.revision.clone());
    let serving = || task_sets.iter().find(|set| set.status == TaskSetStatus::Primary).map(|set| set.revision.clone());
    let primary = primary.or_else(serving);
    let configured = from.deployment_configuration();
    let mut events: Vec<ServiceEvent> = from.events().iter().filter_map(event).collect();
    events.sort_by_key(|event| std::cmp::Reverse(event.at));
    Ok(Service {
        name: from.service_name().ok_or_else(|| lacks("serviceName"))?.to_owned(),
        cluster: from.cluster_arn().map_or(cluster, last).to_owned(),
        arn: from.service_arn().unwrap_or_default().to_owned(),
        status: match from.status().ok_or_else(|| lacks("status of the service"))? {
            "ACTIVE" => ServiceStatus::Active,
            "DRAINING" => ServiceStatus::Draining,
            "INACTIVE" => ServiceStatus::Inactive,
            other => ServiceStatus::Other(other.to_owned()),
        },
        desired: count(from.desired_count()),
        running: count(from.running_count()),
        pending: count(from.pending_count()),
        revision: primary.or_else(|| from.task_definition().map(Revision::parse)).unwrap_or_default(),
        deployments,
        task_sets,
        events,
        minimum_healthy_percent: configured.and_then(sdk::DeploymentConfiguration::minimum_healthy_percent).map(count),
        maximum_percent: configured.and_then(sdk::DeploymentConfiguration::maximum_percent).map(count),
        circuit_breaker: configured
            .and_then(sdk::DeploymentConfiguration::deployment_circuit_breaker)
            .map(|breaker| CircuitBreaker { enabled: breaker.enable(), rollback: breaker.rollback() }),
        controller: match from.deployment_controller().map(sdk::DeploymentController::r#type) {
            None | Some(sdk::DeploymentControllerType::Ecs) => Controller::Ecs,
            Some(sdk::DeploymentControllerType::CodeDeploy) => Controller::CodeDeploy,
            Some(_) => Controller::External,
        },
        bake_minutes: configured.map_or(0, bake_minutes),
    })
}

/// How long a deployment waits on purpose. Where a step's wait is not said, it is ECS's default (ECS API reference,
/// `CanaryConfiguration` and `LinearConfiguration`: 10 min; 10 % and 6 min, and none after the last).
fn bake_minutes(from: &sdk::DeploymentConfiguration) -> u32 {
    let minutes = |minutes: Option<i32>, default| minutes.map_or(default, count);
    let shift = match from.strategy() {
        Some(sdk::DeploymentStrategy::Canary) => {
            minutes(from.canary_configuration().and_then(sdk::CanaryConfiguration::canary_bake_time_in_minutes), 10)
        }
        Some(sdk::DeploymentStrategy::Linear) => {
            let linear = from.linear_configuration();
            let percent = linear.and_then(sdk::LinearConfiguration::step_percent).unwrap_or(10.0).clamp(1.0, 100.0);
            let steps = (100.0 / percent).ceil() as u32 - 1;
            minutes(linear.and_then(sdk::LinearConfiguration::step_bake_time_in_minutes), 6).saturating_mul(steps)
        }
        _ => 0,
    };
    minutes(from.bake_time_in_minutes(), 0).saturating_add(shift)
}

/// `None` for a deployment without an id or with a status of a later version: there is no saying what it is.
fn deployment(from: &sdk::Deployment) -> Option<Deployment> {
    Some(Deployment {
        id: from.id()?.to_owned(),
        status: match from.status()? {
            "PRIMARY" => DeploymentStatus::Primary,
            "ACTIVE" => DeploymentStatus::Active,
            "INACTIVE" => DeploymentStatus::Inactive,
            _ => return None,
        },
        rollout: match from.rollout_state() {
            Some(sdk::DeploymentRolloutState::Completed) => Rollout::Completed,
            Some(sdk::DeploymentRolloutState::Failed) => Rollout::Failed,
            Some(sdk::DeploymentRolloutState::InProgress) => Rollout::InProgress,
            _ => Rollout::Unknown,
        },
        rollout_reason: from.rollout_state_reason().map(str::to_owned),
        revision: from.task_definition().map(Revision::parse).unwrap_or_default(),
        desired: count(from.desired_count()),
        running: count(from.running_count()),
        pending: count(from.pending_count()),
        failed: count(from.failed_tasks()),
        created_at: instant_of(from.created_at()),
        updated_at: instant_of(from.updated_at()),
    })
}

/// `None` for one without an id.
fn task_set(from: &sdk::TaskSet) -> Option<TaskSet> {
    Some(TaskSet {
        id: from.id()?.to_owned(),
        status: match from.status() {
            Some("PRIMARY") => TaskSetStatus::Primary,
            Some("ACTIVE") => TaskSetStatus::Active,
            Some("DRAINING") => TaskSetStatus::Draining,
            _ => TaskSetStatus::Unknown,
        },
        stability: match from.stability_status() {
            Some(sdk::StabilityStatus::SteadyState) => Stability::Steady,
            Some(sdk::StabilityStatus::Stabilizing) => Stability::Stabilizing,
            _ => Stability::Unknown,
        },
        revision: from.task_definition().map(Revision::parse).unwrap_or_default(),
        created_at: instant_of(from.created_at()),
    })
}

fn event(from: &sdk::ServiceEvent) -> Option<ServiceEvent> {
    Some(ServiceEvent {
        id: from.id().unwrap_or_default().to_owned(),
        at: instant_of(from.created_at())?,
        message: from.message()?.to_owned(),
    })
}

/// Names of the region's clusters.
///
/// `aws ecs list-clusters`
pub async fn list_clusters(clients: &Clients) -> Result<Vec<String>, Trouble> {
    let arns = clients.ecs.list_clusters().into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
    let arns = arns.map_err(|error| clients.trouble("ecs:ListClusters", &error))?;
    Ok(arns.iter().map(|arn| last(arn).to_owned()).collect())
}

/// Names of a cluster's services.
///
/// `aws ecs list-services --cluster CLUSTER`
pub async fn list_services(clients: &Clients, cluster: &str) -> Result<Vec<String>, Trouble> {
    let request = clients.ecs.list_services().cluster(cluster).max_results(100);
    let arns = request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
    let arns = arns.map_err(|error| clients.trouble_in_cluster("ecs:ListServices", cluster, &error))?;
    Ok(arns.iter().map(|arn| last(arn).to_owned()).collect())
}

/// The last part of an ARN: `analytics-api` of `…:service/analytics-production/analytics-api`.
pub(super) fn last(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::{Reply, Tiny};
    use crate::platform::TroubleKind;

    const COUNTS: &str = r#""desiredCount": 1, "runningCount": 1"#;

    fn answering(body: &'static str) -> Clients {
        Clients::over(Tiny::new(move |_, _| Reply::json(body)).client(), "us-east-1")
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_is_read_in_full_and_a_missing_one_beside_it_is_named() {
        let clients = answering(
            r#"{"services": [{
              "serviceName": "api", "serviceArn": "arn:aws:ecs:us-east-1:1:service/prod/api",
              "clusterArn": "arn:aws:ecs:us-east-1:1:cluster/prod", "status": "ACTIVE",
              "desiredCount": 3, "runningCount": 2, "pendingCount": 1,
              "taskDefinition": "arn:aws:ecs:us-east-1:1:task-definition/api:42",
              "deployments": [
                {"id": "ecs-svc/2", "status": "PRIMARY", "rolloutState": "IN_PROGRESS", "rolloutStateReason": "under way",
                 "taskDefinition": "api:42", "desiredCount": 3, "runningCount": 1, "pendingCount": 1, "failedTasks": 2,
                 "createdAt": 1795489845.5},
                {"id": "ecs-svc/1", "status": "ACTIVE", "rolloutState": "COMPLETED", "taskDefinition": "api:41"},
                {"status": "PRIMARY"}],
              "deploymentConfiguration": {"maximumPercent": 200, "minimumHealthyPercent": 50,
                "deploymentCircuitBreaker": {"enable": true, "rollback": true}},
              "events": [{"id": "a", "createdAt": 1, "message": "old"}, {"id": "b", "createdAt": 2, "message": "new"}, {"id": "c"}]
            }], "failures": [{"arn": "arn:aws:ecs:us-east-1:1:service/prod/gone", "reason": "MISSING"}]}"#,
        );
        let answers = describe_services(&clients, "prod", &["gone", "api"]).await.unwrap();
        let gone = answers[0].clone().unwrap_err();
        assert_eq!(
            (gone.kind, gone.why.as_str()),
            (TroubleKind::NotFound, "service \"gone\" not found in cluster \"prod\"")
        );
        let api = answers[1].clone().unwrap();
        assert_eq!((api.desired, api.running, api.pending, api.revision.number), (3, 2, 1, Some(42)));
        assert_eq!(
            (api.deployments.len(), api.deployments[0].failed, api.deployments[0].rollout),
            (2, 2, Rollout::InProgress)
        );
        assert_eq!(api.deployments[0].created_at.unwrap().to_string(), "2026-11-24T03:10:45.5Z");
        assert_eq!(api.circuit_breaker, Some(CircuitBreaker { enabled: true, rollback: true }));
        assert_eq!(api.events.iter().map(|e| e.message.as_str()).collect::<Vec<_>>(), ["new", "old"]);
    }

    #[tokio::test(start_paused = true)]
    async fn who_deploys_and_how_long_it_waits_on_purpose_is_read() {
        let read = |more: &'static str| async move {
            let tiny = Tiny::new(move |_, _| {
                Reply::json(&format!(
                    r#"{{"services": [{{"serviceName": "api", "status": "ACTIVE", {COUNTS}, {more}}}]}}"#
                ))
            });
            let clients = Clients::over(tiny.client(), "us-east-1");
            let api = describe_services(&clients, "prod", &["api"]).await.unwrap().remove(0).unwrap();
            (api.controller, api.bake_minutes)
        };
        assert_eq!(read(r#""enableECSManagedTags": true"#).await, (Controller::Ecs, 0));
        let other = read(r#""deploymentController": {"type": "CODE_DEPLOY"}"#).await;
        assert_eq!(other, (Controller::CodeDeploy, 0));
        let blue = r#""deploymentConfiguration": {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 15}"#;
        assert_eq!(read(blue).await, (Controller::Ecs, 15));
        let canary = r#""deploymentConfiguration": {"strategy": "CANARY", "bakeTimeInMinutes": 5}"#;
        assert_eq!(read(canary).await.1, 15);
        let linear = r#""deploymentConfiguration": {"strategy": "LINEAR", "bakeTimeInMinutes": 5,
            "linearConfiguration": {"stepPercent": 25.0, "stepBakeTimeInMinutes": 10}}"#;
        assert_eq!(read(linear).await.1, 35);
    }

    #[tokio::test(start_paused = true)]
    async fn what_code_deploy_deployed_is_read_and_what_serves_is_told() {
        let clients = answering(
            r#"{"services": [{"serviceName": "api", "status": "ACTIVE", "deploymentController": {"type": "CODE_DEPLOY"},
              "desiredCount": 1, "runningCount": 1,
              "taskSets": [
                {"id": "ecs-svc/2", "status": "ACTIVE", "stabilityStatus": "STABILIZING", "taskDefinition": "api:42",
                 "createdAt": 1795489845.5},
                {"id": "ecs-svc/1", "status": "PRIMARY", "stabilityStatus": "STEADY_STATE", "taskDefinition": "api:41"},
                {"id": "ecs-svc/0", "status": "LATER"}, {}]}]}"#,
        );
        let api = describe_services(&clients, "prod", &["api"]).await.unwrap().remove(0).unwrap();
        assert_eq!(api.revision.number, Some(41));
        let told: Vec<_> = api.task_sets.iter().map(|set| (set.status, set.stability)).collect();
        let statuses = [TaskSetStatus::Active, TaskSetStatus::Primary, TaskSetStatus::Unknown];
        assert_eq!(
            told,
            statuses
                .into_iter()
                .zip([Stability::Stabilizing, Stability::Steady, Stability::Unknown])
                .collect::<Vec<_>>()
        );
        assert_eq!(api.task_sets[0].created_at.unwrap().to_string(), "2026-11-24T03:10:45.5Z");
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_without_a_status_names_the_field() {
        let clients = answering(r#"{"services": [{"serviceName": "api", "desiredCount": 1, "runningCount": 1}]}"#);
        let trouble = describe_services(&clients, "prod", &["api"]).await.unwrap().remove(0).unwrap_err();
        assert_eq!(trouble.kind, TroubleKind::BadAnswer);
        assert_eq!(trouble.why, "no status of the service in the answer of ecs.us-east-1.amazonaws.com");
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_paged_for_tasks_that_an_answer_only_does_not_count() {
        for count in ["desiredCount", "runningCount"] {
            for instead in [String::new(), format!(r#""{count}": null, "#)] {
                let rest = COUNTS.split(", ").filter(|other| !other.contains(count)).collect::<Vec<_>>().join(", ");
                let tiny = Tiny::new(move |_, _| {
                    let web = format!(r#"{{"serviceName": "web", "status": "ACTIVE", {COUNTS}}}"#);
                    let api = format!(r#"{{"serviceName": "api", "status": "ACTIVE", {instead}{rest}}}"#);
                    Reply::json(&format!(r#"{{"services": [{web}, {api}]}}"#))
                });
                let clients = Clients::over(tiny.client(), "us-east-1");
                let answers = describe_services(&clients, "prod", &["api", "web"]).await.unwrap();
                let trouble = answers[0].clone().unwrap_err();
                assert_eq!(trouble.kind, TroubleKind::BadAnswer);
                let why = format!("no {count} of service \"api\" in the answer of ecs.us-east-1.amazonaws.com");
                assert_eq!(trouble.why, why);
                assert!(answers[1].is_ok(), "one beside it is told: {answers:?}");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_does_not_speak_of_a_service_does_not_say_that_it_was_deleted() {
        for body in ["{}", r#"{"services": [], "failures": []}"#, r#"{"failures": [{"arn": "x/prod/api"}]}"#] {
            let trouble = describe_services(&answering(body), "prod", &["api"]).await.unwrap().remove(0).unwrap_err();
            assert_eq!(trouble.kind, TroubleKind::BadAnswer, "{body}");
            assert_eq!(trouble.why, "no service \"api\" in the answer of ecs.us-east-1.amazonaws.com");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_missing_cluster_is_named_with_region_and_account() {
        let tiny = Tiny::new(|_, _| Reply::json_error(400, "ClusterNotFoundException", "Cluster not found."));
        let clients = Clients::over(tiny.client(), "us-east-1");
        let trouble = describe_services(&clients, "prod", &["api"]).await.unwrap_err();
        assert_eq!(trouble.why, "cluster \"prod\" not found in us-east-1");
        clients.known.learn_account("123456789012");
        let trouble = list_services(&clients, "prod").await.unwrap_err();
        assert_eq!(trouble.why, "cluster \"prod\" not found in us-east-1 of account 123456789012");
    }

    #[tokio::test(start_paused = true)]
    async fn all_pages_of_a_list_are_read() {
        let tiny = Tiny::new(|_, body| {
            Reply::json(if body.contains("nextToken") {
                r#"{"serviceArns": ["arn:aws:ecs:us-east-1:1:service/prod/b"]}"#
            } else {
                r#"{"serviceArns": ["arn:aws:ecs:us-east-1:1:service/prod/a"], "nextToken": "more"}"#
            })
        });
        let clients = Clients::over(tiny.client(), "us-east-1");
        assert_eq!(list_services(&clients, "prod").await.unwrap(), ["a", "b"]);
        assert_eq!(clients.spent().calls, 2);
    }
}
