//! What each operation answers: a tree of parameters in, a tree or an AWS error out.

mod alarms;
mod autoscaling;
mod deployments;
mod ecr;
mod ecs;
mod logs;
mod metrics;
mod page;
mod rds;
mod secrets;
mod services;
mod task_definitions;
mod tasks;

use super::error::AwsError;
use super::route::Api;
use super::value::{Value, map, text};
use crate::world::World;
use crate::world::model::names;

pub use ecr::layer;

type Answer = Result<Value, AwsError>;

/// Carries out one operation.
pub fn perform(world: &mut World, api: Api, operation: &str, params: &Value) -> Answer {
    match (api, operation) {
        (Api::Ecs, "ListClusters") => ecs::list_clusters(world, params),
        (Api::Ecs, "DescribeClusters") => Ok(ecs::describe_clusters(world, params)),
        (Api::Ecs, "ListServices") => services::list(world, params),
        (Api::Ecs, "DescribeServices") => services::describe(world, params),
        (Api::Ecs, "UpdateService") => services::update(world, params),
        (Api::Ecs, "ListServiceDeployments") => deployments::list(world, params),
        (Api::Ecs, "DescribeServiceDeployments") => deployments::describe(world, params),
        (Api::Ecs, "DescribeServiceRevisions") => deployments::describe_revisions(world, params),
        (Api::Ecs, "StopServiceDeployment") => deployments::stop(world, params),
        (Api::Ecs, "ListTasks") => tasks::list(world, params),
        (Api::Ecs, "DescribeTasks") => tasks::describe(world, params),
        (Api::Ecs, "ListTaskDefinitions") => task_definitions::list(world, params),
        (Api::Ecs, "DescribeTaskDefinition") => task_definitions::describe(world, params),
        (Api::Ecs, "RegisterTaskDefinition") => task_definitions::register(world, params),
        (Api::Ecr, "DescribeRepositories") => ecr::describe_repositories(world, params),
        (Api::Ecr, "DescribeImages") => ecr::describe_images(world, params),
        (Api::Ecr, "ListImages") => ecr::list_images(world, params),
        (Api::Ecr, "BatchGetImage") => ecr::batch_get_image(world, params),
        (Api::Ecr, "GetDownloadUrlForLayer") => ecr::get_download_url(world, params),
        (Api::Ecr, "GetAuthorizationToken") => ecr::get_authorization_token(world),
        (Api::Logs, "DescribeLogGroups") => logs::describe_groups(world, params),
        (Api::Logs, "GetLogEvents") => logs::get(world, params),
        (Api::Logs, "FilterLogEvents") => logs::filter(world, params),
        (Api::AutoScaling, "DescribeScalableTargets") => autoscaling::targets(world, params),
        (Api::AutoScaling, "DescribeScalingPolicies") => autoscaling::policies(world, params),
        (Api::AutoScaling, "DescribeScalingActivities") => autoscaling::activities(world, params),
        (Api::AutoScaling, "RegisterScalableTarget") => autoscaling::register(world, params),
        (Api::CloudWatch, "GetMetricData") => metrics::get_data(world, params),
        (Api::CloudWatch, "GetMetricStatistics") => metrics::get_statistics(world, params),
        (Api::CloudWatch, "ListMetrics") => metrics::list(world, params),
        (Api::CloudWatch, "DescribeAlarms") => alarms::describe(world, params),
        (Api::CloudWatch, "DescribeAlarmHistory") => alarms::history(world, params),
        (Api::CloudWatch, "EnableAlarmActions") => Ok(alarms::set_actions(world, params, true)),
        (Api::CloudWatch, "DisableAlarmActions") => Ok(alarms::set_actions(world, params, false)),
        (Api::Rds, "DescribeDBInstances") => rds::describe(world, params),
        (Api::Rds, "DescribeEvents") => rds::events(world, params),
        (Api::SecretsManager, "GetSecretValue") => secrets::get(world, params),
        (Api::Sts, "GetCallerIdentity") => Ok(map([
            ("UserId", text("AIDAEXAMPLEANA000001")),
            ("Account", text(names::ACCOUNT)),
            ("Arn", text(names::CALLER)),
        ])),
        _ => Err(AwsError::unknown_operation(&format!("{}:{operation}", api.prefix()))),
    }
}
