//! Operations that only runs ask, beside those of [`super::permissions`]: a second policy, for those who operate.

use super::permissions::{Permission, granted};

/// The policy document, as shipped: what `assets/iam/plantao-read.json` grants is needed too.
pub const OPERATE_POLICY: &str = include_str!("../../assets/iam/plantao-operate.json");
/// Where the document is, for messages.
pub const OPERATE_POLICY_FILE: &str = "assets/iam/plantao-operate.json";

/// All operations of runs that the read policy does not grant.
pub const OPERATIONS: &[Permission] = &[
    granted("update_service", "ecs:UpdateService", "Services", "scale, deploy, roll back"),
    granted("describe_images", "ecr:DescribeImages", "Images", "roll back, emergency deploy: images, by digest"),
    granted("batch_get_image", "ecr:BatchGetImage", "Images", "for which machines an image is built"),
    granted(
        "get_download_url_for_layer",
        "ecr:GetDownloadUrlForLayer",
        "Images",
        "for which machines an image is built, where its manifest does not say",
    ),
    granted("get_authorization_token", "ecr:GetAuthorizationToken", "Push", "emergency deploy: sign in to push"),
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
    granted("get_secret_value", "secretsmanager:GetSecretValue", "Secrets", "vacuum: the database's URL"),
];

/// Permissions that AWS asks for on top of an operation's own: a new revision hands its roles to ECS and is made with
/// the tags of the one before, and a container tool pushes an image with the rights of who signed in.
pub const BESIDES: &[(&str, &str)] = &[
    ("Roles", "iam:PassRole"),
    ("Tags", "ecs:TagResource"),
    ("Push", "ecr:BatchCheckLayerAvailability"),
    ("Push", "ecr:CompleteLayerUpload"),
    ("Push", "ecr:InitiateLayerUpload"),
    ("Push", "ecr:PutImage"),
    ("Push", "ecr:UploadLayerPart"),
];
