//! Application Auto Scaling: the bounds within which it sets a service's desired count.

use std::collections::HashMap;

use aws_sdk_applicationautoscaling::types as sdk;

use super::Clients;
use super::convert::count;
use crate::platform::{Scaling, Suspended, Trouble};

const OPERATION: &str = "application-autoscaling:DescribeScalableTargets";

/// `DescribeScalableTargets` takes this many resources at once.
pub const TARGETS_AT_ONCE: usize = 50;

/// The scalable targets of services (cluster, name), at most [`TARGETS_AT_ONCE`], in the order asked;
/// `None` for a service that has none.
///
/// `aws application-autoscaling describe-scalable-targets --service-namespace ecs --resource-ids service/CLUSTER/NAME…`
pub async fn describe_scalable_targets(
    clients: &Clients,
    services: &[(&str, &str)],
) -> Result<Vec<Option<Scaling>>, Trouble> {
    let ids: Vec<String> = services.iter().map(|(cluster, name)| format!("service/{cluster}/{name}")).collect();
    let mut pages = clients
        .autoscaling
        .describe_scalable_targets()
        .service_namespace(sdk::ServiceNamespace::Ecs)
        .scalable_dimension(sdk::ScalableDimension::EcsServiceDesiredCount)
        .set_resource_ids(Some(ids.clone()))
        .into_paginator()
        .send();
    let mut targets = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| clients.trouble(OPERATION, &error))?;
        // An empty list is services without auto scaling; no list says nothing of them.
        targets.extend(page.scalable_targets.ok_or_else(|| clients.lacks(OPERATION, "ScalableTargets"))?);
    }
    let known: HashMap<&str, Scaling> = targets.iter().map(|t| (t.resource_id(), scaling(t))).collect();
    Ok(ids.iter().map(|id| known.get(id.as_str()).copied()).collect())
}

fn scaling(from: &sdk::ScalableTarget) -> Scaling {
    let suspended = from.suspended_state().map_or_else(Suspended::default, |state| Suspended {
        scale_in: state.dynamic_scaling_in_suspended() == Some(true),
        scale_out: state.dynamic_scaling_out_suspended() == Some(true),
        scheduled: state.scheduled_scaling_suspended() == Some(true),
    });
    Scaling { min: count(from.min_capacity()), max: count(from.max_capacity()), suspended }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::{Reply, Tiny};

    #[tokio::test(start_paused = true)]
    async fn an_answer_without_a_list_does_not_say_that_a_service_has_no_auto_scaling() {
        let answer = |body: &'static str| async move {
            let clients = Clients::over(Tiny::new(move |_, _| Reply::json(body)).client(), "us-east-1");
            describe_scalable_targets(&clients, &[("prod", "a")]).await
        };
        assert!(answer("{}").await.unwrap_err().why.starts_with("no ScalableTargets in the answer of"));
        assert_eq!(answer(r#"{"ScalableTargets": []}"#).await, Ok(vec![None]));
    }

    #[tokio::test(start_paused = true)]
    async fn bounds_come_back_to_the_service_that_they_are_of() {
        let tiny = Tiny::new(|_, _| {
            Reply::json(
                r#"{"ScalableTargets": [{"ServiceNamespace": "ecs", "ResourceId": "service/prod/b", "MinCapacity": 1, "MaxCapacity": 6,
                "ScalableDimension": "ecs:service:DesiredCount", "RoleARN": "r", "CreationTime": 1,
                "SuspendedState": {"DynamicScalingInSuspended": true}}]}"#,
            )
        });
        let clients = Clients::over(tiny.client(), "us-east-1");
        let bounds = describe_scalable_targets(&clients, &[("prod", "a"), ("prod", "b")]).await.unwrap();
        let suspended = Suspended { scale_in: true, ..Suspended::default() };
        assert_eq!(bounds, [None, Some(Scaling { min: 1, max: 6, suspended })]);
    }
}
