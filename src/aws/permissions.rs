//! Every operation that plantao asks, with the IAM action that allows it and the statement of
//! `assets/iam/plantao-read.json` that grants it. A test keeps code, list and policy the same.

/// The policy document, as shipped.
pub const READ_POLICY: &str = include_str!("../../assets/iam/plantao-read.json");
/// Where the document is, for messages.
pub const READ_POLICY_FILE: &str = "assets/iam/plantao-read.json";

/// One operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permission {
    /// The SDK's method: `describe_services`.
    pub method: &'static str,
    /// The IAM action: `ecs:DescribeServices`.
    pub action: &'static str,
    /// The policy statement's `Sid`; `None` if everyone may (`sts:GetCallerIdentity` needs no permission).
    pub sid: Option<&'static str>,
    /// What plantao shows with it.
    pub purpose: &'static str,
}

pub(super) const fn granted(
    method: &'static str,
    action: &'static str,
    sid: &'static str,
    purpose: &'static str,
) -> Permission {
    Permission { method, action, sid: Some(sid), purpose }
}

/// All operations that plantao asks.
pub const PERMISSIONS: &[Permission] = &[
    Permission {
        method: "get_caller_identity",
        action: "sts:GetCallerIdentity",
        sid: None,
        purpose: "who asks, and in which account",
    },
    granted("describe_services", "ecs:DescribeServices", "Services", "services, deployments, events"),
    granted("list_tasks", "ecs:ListTasks", "Tasks", "which tasks run"),
    granted("describe_tasks", "ecs:DescribeTasks", "Tasks", "tasks, their health, why they stopped"),
    granted(
        "describe_scalable_targets",
        "application-autoscaling:DescribeScalableTargets",
        "Scaling",
        "auto scaling bounds",
    ),
    granted("get_metric_data", "cloudwatch:GetMetricData", "Metrics", "gauges"),
    granted("describe_alarms", "cloudwatch:DescribeAlarms", "Alarms", "alarms"),
    granted("describe_alarm_history", "cloudwatch:DescribeAlarmHistory", "Alarms", "an alarm's history"),
    granted("describe_db_instances", "rds:DescribeDBInstances", "Databases", "databases"),
    granted("list_clusters", "ecs:ListClusters", "Init", "clusters, for plantao init"),
    granted("list_services", "ecs:ListServices", "Init", "services, for plantao init"),
    granted("describe_task_definition", "ecs:DescribeTaskDefinition", "Init", "containers, for plantao init"),
    granted("list_metrics", "cloudwatch:ListMetrics", "Init", "gauges of your own, for plantao init"),
    granted("describe_repositories", "ecr:DescribeRepositories", "Init", "repositories, for plantao init"),
    granted("describe_log_groups", "logs:DescribeLogGroups", "Init", "log groups, for plantao init"),
];

/// The permission for an IAM action.
pub fn permission(action: &str) -> Option<&'static Permission> {
    PERMISSIONS.iter().find(|permission| permission.action == action)
}
