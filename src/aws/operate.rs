//! Operations that only runs ask, beside those of [`super::permissions`]: a second policy, for those who operate.

use super::permissions::Permission;

/// The policy document, as shipped: what `assets/iam/plantao-read.json` grants is needed too.
pub const OPERATE_POLICY: &str = include_str!("../../assets/iam/plantao-operate.json");
/// Where the document is, for messages.
pub const OPERATE_POLICY_FILE: &str = "assets/iam/plantao-operate.json";

const fn granted(method: &'static str, action: &'static str, sid: &'static str, purpose: &'static str) -> Permission {
    Permission { method, action, sid: Some(sid), purpose }
}

/// All operations of runs that the read policy does not grant.
pub const OPERATIONS: &[Permission] = &[
    granted("update_service", "ecs:UpdateService", "Services", "scale, deploy, roll back"),
    granted("describe_images", "ecr:DescribeImages", "Images", "roll back, emergency deploy: images, by digest"),
    granted("register_task_definition", "ecs:RegisterTaskDefinition", "Deploy", "emergency deploy: a new revision"),
    granted("list_service_deployments", "ecs:ListServiceDeployments", "Rollback", "roll back: what ran before"),
    granted("describe_service_revisions", "ecs:DescribeServiceRevisions", "Rollback", "roll back: images that ran"),
    granted("get_log_events", "logs:GetLogEvents", "Logs", "deployments: what a failed task wrote last"),
    granted("stop_service_deployment", "ecs:StopServiceDeployment", "Rollback", "roll back a deployment in progress"),
    granted(
        "register_scalable_target",
        "application-autoscaling:RegisterScalableTarget",
        "Scaling",
        "move auto scaling's bounds",
    ),
];

/// A permission that AWS asks for on top of an operation's own: a new revision hands its roles to ECS.
pub const BESIDES: &[(&str, &str)] = &[("Roles", "iam:PassRole")];
