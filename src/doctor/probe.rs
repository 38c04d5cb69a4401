//! Questions that the watch never asks, but a screen or `plantao init` does.

use std::future::Future;

use tokio::time::{Instant, timeout_at};

use crate::aws::{Clients, alarms, cloudwatch, ecr, ecs, logs, task_definition};
use crate::clock::Clock;
use crate::platform::{Trouble, TroubleKind};
use crate::watch;

/// Asks each as cheaply as can be: the operation, and its trouble if it has one. It is back when
/// [`watch::once`] is, whatever does not answer.
pub(super) async fn probe(clients: &Clients, clock: &Clock) -> Vec<(&'static str, Option<Trouble>)> {
    let end = Instant::now() + watch::ONCE_WITHIN;
    let services = async {
        match within(end, clock, "ecs:ListClusters", ecs::list_clusters(clients)).await {
            Ok(clusters) => match clusters.first() {
                Some(cluster) => {
                    let services = ecs::list_services(clients, cluster);
                    (None, Some(within(end, clock, "ecs:ListServices", services).await.err()))
                }
                None => (None, None),
            },
            Err(trouble) => (Some(trouble), None),
        }
    };
    // Nothing is called that: "not there" is an answer, and so the call is allowed.
    let nothing = "plantao-doctor";
    let ((clusters, services), definition, history, metrics, repositories, groups) = tokio::join!(
        services,
        task_definition::describe_task_definition(clients, nothing),
        alarms::describe_alarm_history(clients, nothing),
        within(end, clock, "cloudwatch:ListMetrics", cloudwatch::list_own_metrics(clients)),
        within(end, clock, "ecr:DescribeRepositories", ecr::list_repositories(clients)),
        within(end, clock, "logs:DescribeLogGroups", logs::list_log_groups(clients)),
    );
    let answered = |trouble: &Trouble| matches!(trouble.kind, TroubleKind::NotFound | TroubleKind::Refused);
    let mut asked = vec![
        ("cloudwatch:DescribeAlarmHistory", history.err().filter(|trouble| !answered(trouble))),
        ("ecs:ListClusters", clusters),
        ("ecs:DescribeTaskDefinition", definition.err().filter(|trouble| !answered(trouble))),
        ("cloudwatch:ListMetrics", metrics.err()),
        ("ecr:DescribeRepositories", repositories.err()),
        ("logs:DescribeLogGroups", groups.err()),
    ];
    if let Some(services) = services {
        asked.push(("ecs:ListServices", services));
    }
    asked
}

/// Lists are of many pages.
async fn within<T>(
    end: Instant,
    clock: &Clock,
    operation: &str,
    asked: impl Future<Output = Result<T, Trouble>>,
) -> Result<T, Trouble> {
    timeout_at(end, asked).await.unwrap_or_else(|_| Err(watch::late(operation, clock.now())))
}
