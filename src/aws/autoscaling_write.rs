//! Application Auto Scaling: moving the bounds.

use aws_sdk_applicationautoscaling::config::Builder;
use aws_sdk_applicationautoscaling::config::retry::RetryConfig;
use aws_sdk_applicationautoscaling::types as sdk;

use super::Clients;
use crate::platform::Trouble;

/// Moves the bounds of a service; one that is `None` is not sent and stays. Sent once.
///
/// `aws application-autoscaling register-scalable-target --service-namespace ecs --resource-id service/CLUSTER/NAME
/// --scalable-dimension ecs:service:DesiredCount [--min-capacity N] [--max-capacity N]`
pub async fn register_scalable_target(
    clients: &Clients,
    cluster: &str,
    name: &str,
    min: Option<u32>,
    max: Option<u32>,
) -> Result<(), Trouble> {
    let number = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
    let once = Builder::new().retry_config(RetryConfig::disabled());
    let answer = clients
        .autoscaling
        .register_scalable_target()
        .service_namespace(sdk::ServiceNamespace::Ecs)
        .resource_id(format!("service/{cluster}/{name}"))
        .scalable_dimension(sdk::ScalableDimension::EcsServiceDesiredCount)
        .set_min_capacity(min.map(number))
        .set_max_capacity(max.map(number))
        .customize()
        .config_override(once)
        .send()
        .await;
    answer.map(drop).map_err(|error| clients.trouble("application-autoscaling:RegisterScalableTarget", &error))
}
