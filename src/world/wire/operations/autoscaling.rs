//! Application Auto Scaling, of ECS services.

use super::super::error::AwsError;
use super::super::value::{Value, list, map, text};
use super::Answer;
use super::page::page;
use crate::platform::Suspended;
use crate::world::World;
use crate::world::model::service::Service;
use crate::world::model::{Change, names, resource_id};

const NAMESPACE: &str = "ecs";
const DIMENSION: &str = "ecs:service:DesiredCount";

/// The scaled services that a request is about, by resource id.
fn asked<'a>(world: &'a World, params: &Value) -> Result<Vec<&'a Service>, AwsError> {
    let Some(namespace) = params.get("ServiceNamespace").text() else {
        return Err(AwsError::new("ValidationException", "ServiceNamespace must not be null"));
    };
    let mut ids = params.get("ResourceIds").texts();
    ids.extend(params.get("ResourceId").text());
    let wanted =
        |s: &&Service| s.scaling.is_some() && s.active && (ids.is_empty() || ids.contains(&resource_id(s).as_str()));
    Ok(if namespace == NAMESPACE { world.services.iter().filter(wanted).collect() } else { Vec::new() })
}

pub fn targets(world: &World, params: &Value) -> Answer {
    let services = asked(world, params)?;
    let page = page(services, params.get("NextToken"), params.get("MaxResults"), 50, "InvalidNextTokenException")?;
    let targets = page.items.into_iter().filter_map(|service| {
        let scaling = service.scaling.as_ref()?;
        let suspended = map([
            ("DynamicScalingInSuspended", scaling.suspended.scale_in.into()),
            ("DynamicScalingOutSuspended", scaling.suspended.scale_out.into()),
            ("ScheduledScalingSuspended", scaling.suspended.scheduled.into()),
        ]);
        let role = "aws-service-role/ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService";
        Some(map([
            ("ServiceNamespace", text(NAMESPACE)),
            ("ResourceId", text(resource_id(service))),
            ("ScalableDimension", text(DIMENSION)),
            ("MinCapacity", scaling.min.into()),
            ("MaxCapacity", scaling.max.into()),
            ("RoleARN", text(format!("arn:aws:iam::{}:role/{role}", names::ACCOUNT))),
            ("CreationTime", Value::Time(scaling.created)),
            ("SuspendedState", suspended),
            ("ScalableTargetARN", text(names::arn("application-autoscaling", &format!("scalable-target/{}", service.name)))),
        ]))
    });
    Ok(map([("ScalableTargets", list(targets))]).with("NextToken", page.next))
}

pub fn policies(world: &World, params: &Value) -> Answer {
    let mut found = Vec::new();
    for service in asked(world, params)? {
        let Some(scaling) = &service.scaling else { continue };
        for policy in &scaling.policies {
            let predefined = format!("ECSServiceAverage{}", policy.metric);
            let configuration = map([
                ("TargetValue", policy.target.into()),
                ("PredefinedMetricSpecification", map([("PredefinedMetricType", text(predefined))])),
                ("ScaleOutCooldown", 60.into()),
                ("ScaleInCooldown", 300.into()),
                ("DisableScaleIn", false.into()),
            ]);
            found.push(map([
                (
                    "PolicyARN",
                    text(names::arn(
                        "autoscaling",
                        &format!("scalingPolicy:{}:policyName/{}", service.name, policy.name),
                    )),
                ),
                ("PolicyName", text(&policy.name)),
                ("ServiceNamespace", text(NAMESPACE)),
                ("ResourceId", text(resource_id(service))),
                ("ScalableDimension", text(DIMENSION)),
                ("PolicyType", text("TargetTrackingScaling")),
                ("TargetTrackingScalingPolicyConfiguration", configuration),
                ("CreationTime", Value::Time(scaling.created)),
            ]));
        }
    }
    let page = page(found, params.get("NextToken"), params.get("MaxResults"), 50, "InvalidNextTokenException")?;
    Ok(map([("ScalingPolicies", list(page.items))]).with("NextToken", page.next))
}

pub fn activities(world: &World, params: &Value) -> Answer {
    let mut found = Vec::new();
    for service in asked(world, params)? {
        for activity in service.scaling.iter().flat_map(|s| &s.activities) {
            found.push(map([
                ("ActivityId", text(&activity.id)),
                ("ServiceNamespace", text(NAMESPACE)),
                ("ResourceId", text(resource_id(service))),
                ("ScalableDimension", text(DIMENSION)),
                ("Description", text(&activity.description)),
                ("Cause", text(&activity.cause)),
                ("StartTime", Value::Time(activity.at)),
                ("EndTime", Value::Time(activity.at + 22)),
                ("StatusCode", text("Successful")),
                (
                    "StatusMessage",
                    text(format!(
                        "Successfully {}. Change successfully fulfilled by ecs.",
                        activity.description.replacen("Setting", "set", 1).trim_end_matches('.')
                    )),
                ),
            ]));
        }
    }
    let page = page(found, params.get("NextToken"), params.get("MaxResults"), 50, "InvalidNextTokenException")?;
    Ok(map([("ScalingActivities", list(page.items))]).with("NextToken", page.next))
}

pub fn register(world: &mut World, params: &Value) -> Answer {
    let id = params.get("ResourceId").text().unwrap_or_default().to_owned();
    let service = world
        .services
        .iter()
        .find(|s| resource_id(s) == id && s.active)
        .ok_or_else(|| AwsError::new("ValidationException", format!("ECS service doesn't exist: {id}")))?;
    let before = service.scaling.as_ref();
    let bound = |name: &str, old: Option<u32>| {
        let given = params.get(name).int().and_then(|n| u32::try_from(n).ok());
        given
            .or(old)
            .ok_or_else(|| AwsError::new("ValidationException", format!("{name} is required for a new target")))
    };
    let min = bound("MinCapacity", before.map(|s| s.min))?;
    let max = bound("MaxCapacity", before.map(|s| s.max))?;
    if min > max {
        return Err(AwsError::new("ValidationException", "Maximum capacity cannot be less than minimum capacity"));
    }
    let before = before.map(|scaling| scaling.suspended).unwrap_or_default();
    let said = |name: &str, before: bool| params.get("SuspendedState").get(name).bool().unwrap_or(before);
    let suspended = Suspended {
        scale_in: said("DynamicScalingInSuspended", before.scale_in),
        scale_out: said("DynamicScalingOutSuspended", before.scale_out),
        scheduled: said("ScheduledScalingSuspended", before.scheduled),
    };
    let (service, arn) =
        (service.name.clone(), names::arn("application-autoscaling", &format!("scalable-target/{}", service.name)));
    world.apply(Change::Scalable { service, min, max, suspended });
    Ok(map([("ScalableTargetARN", text(arn))]))
}
