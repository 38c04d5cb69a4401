//! Questions that the watch never asks, but a screen or `plantao init` does.

use crate::aws::{Clients, alarms, ecr, ecs, logs, task_definition};
use crate::platform::{Trouble, TroubleKind};

/// Asks each as cheaply as can be: the operation, and its trouble if it has one.
pub(super) async fn probe(clients: &Clients) -> Vec<(&'static str, Option<Trouble>)> {
    let services = async {
        match ecs::list_clusters(clients).await {
            Ok(clusters) => match clusters.first() {
                Some(cluster) => (None, Some(ecs::list_services(clients, cluster).await.err())),
                None => (None, None),
            },
            Err(trouble) => (Some(trouble), None),
        }
    };
    // Nothing is called that: "not there" is an answer, and so the call is allowed.
    let nothing = "plantao-doctor";
    let ((clusters, services), definition, history, repositories, groups) = tokio::join!(
        services,
        task_definition::describe_task_definition(clients, nothing),
        alarms::describe_alarm_history(clients, nothing),
        ecr::list_repositories(clients),
        logs::list_log_groups(clients),
    );
    let answered = |trouble: &Trouble| matches!(trouble.kind, TroubleKind::NotFound | TroubleKind::Refused);
    let mut asked = vec![
        ("cloudwatch:DescribeAlarmHistory", history.err().filter(|trouble| !answered(trouble))),
        ("ecs:ListClusters", clusters),
        ("ecs:DescribeTaskDefinition", definition.err().filter(|trouble| !answered(trouble))),
        ("ecr:DescribeRepositories", repositories.err()),
        ("logs:DescribeLogGroups", groups.err()),
    ];
    if let Some(services) = services {
        asked.push(("ecs:ListServices", services));
    }
    asked
}
