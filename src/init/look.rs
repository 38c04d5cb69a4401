//! Looks at an account: what there is, and what becomes of the chosen ones.

use futures::stream::{self, StreamExt};

use super::found::{FoundContainer, FoundService};
use crate::aws::{Clients, autoscaling, ecs, task_definition};
use crate::platform::{Revision, Scaling, Trouble};

/// Questions under way at once: ECS allows few `Describe…` and `List…` calls a second.
const AT_ONCE: usize = 4;

/// Clusters and the services of each, as (cluster, service), in the order of the clusters. A cluster
/// that does not answer leaves a note.
pub(super) async fn services(clients: &Clients, clusters: &[String], notes: &mut Vec<String>) -> Vec<(String, String)> {
    let answers: Vec<_> = stream::iter(clusters)
        .map(|cluster| async move { (cluster, ecs::list_services(clients, cluster).await) })
        .buffered(AT_ONCE)
        .collect()
        .await;
    let mut services = Vec::new();
    for (cluster, answer) in answers {
        match answer {
            Ok(mut names) => {
                names.sort();
                services.extend(names.into_iter().map(|name| (cluster.clone(), name)));
            }
            Err(trouble) => notes.push(note(&format!("services of {cluster}"), &trouble)),
        }
    }
    services
}

/// Containers and auto scaling of each service. What does not answer leaves a note and a service
/// without it.
pub(super) async fn details(
    clients: &Clients,
    services: &[(String, String)],
    notes: &mut Vec<String>,
) -> Vec<FoundService> {
    let (scaling, containers) = tokio::join!(scaling(clients, services), containers(clients, services));
    let mut found = Vec::new();
    for (((cluster, name), scaling), containers) in services.iter().zip(scaling).zip(containers) {
        let mut service = FoundService { name: name.clone(), cluster: cluster.clone(), ..FoundService::default() };
        match containers {
            Ok(containers) => service.containers = containers,
            Err(trouble) => notes.push(note(&format!("containers of {name}"), &trouble)),
        }
        match scaling {
            Ok(scaling) => service.scaling = scaling,
            Err(trouble) => notes.push(note(&format!("auto scaling of {name}"), &trouble)),
        }
        found.push(service);
    }
    found
}

async fn scaling(clients: &Clients, services: &[(String, String)]) -> Vec<Result<Option<Scaling>, Trouble>> {
    let mut answers = Vec::with_capacity(services.len());
    for batch in services.chunks(autoscaling::TARGETS_AT_ONCE) {
        let asked: Vec<_> = batch.iter().map(|(cluster, name)| (cluster.as_str(), name.as_str())).collect();
        match autoscaling::describe_scalable_targets(clients, &asked).await {
            Ok(found) => answers.extend(found.into_iter().map(Ok)),
            Err(trouble) => answers.extend(batch.iter().map(|_| Err(trouble.clone()))),
        }
    }
    answers
}

async fn containers(clients: &Clients, services: &[(String, String)]) -> Vec<Result<Vec<FoundContainer>, Trouble>> {
    let batches =
        services.chunk_by(|one, next| one.0 == next.0).flat_map(|of_cluster| of_cluster.chunks(ecs::SERVICES_AT_ONCE));
    let revisions: Vec<Result<Revision, Trouble>> = stream::iter(batches)
        .map(|batch| revisions(clients, batch))
        .buffered(AT_ONCE)
        .flat_map(stream::iter)
        .collect()
        .await;
    stream::iter(revisions)
        .map(|revision| async move {
            let definition = task_definition::describe_task_definition(clients, &revision?.name()).await?;
            let containers = definition.containers.into_iter();
            let found = containers.map(|c| FoundContainer {
                name: c.name,
                image: c.image,
                log_group: c.logs.map(|logs| logs.group),
            });
            Ok(found.collect())
        })
        .buffered(AT_ONCE)
        .collect()
        .await
}

/// What each service of one cluster runs, in the order asked.
async fn revisions(clients: &Clients, batch: &[(String, String)]) -> Vec<Result<Revision, Trouble>> {
    let cluster = batch.first().map_or("", |(cluster, _)| cluster.as_str());
    let names: Vec<&str> = batch.iter().map(|(_, name)| name.as_str()).collect();
    match ecs::describe_services(clients, cluster, &names).await {
        Ok(answers) => answers.into_iter().map(|answer| answer.map(|service| service.revision)).collect(),
        Err(trouble) => batch.iter().map(|_| Err(trouble.clone())).collect(),
    }
}

/// What could not be looked at, in a line.
pub(super) fn note(what: &str, trouble: &Trouble) -> String {
    format!("{what}: {trouble} ({})", trouble.operation)
}
