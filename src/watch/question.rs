//! The questions of each source: every one brings facts about all of its parts, good or bad.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::room::{REMEMBERED, Room, Stopped};
use super::{Source, turn};
use crate::aws::{alarms, autoscaling, cloudwatch, ecs, rds, sts, tasks};
use crate::platform::{Fact, Task, Trouble};

/// A question that is not asked until it is polled.
pub(super) type Question = BoxFuture<'static, Vec<Fact>>;

/// The questions of one round of a source; `focus` is the service that somebody looks at.
pub(super) fn questions(source: Source, room: &Arc<Room>, focus: Option<usize>) -> Vec<Question> {
    match source {
        Source::Services => batches(room).map(|batch| services(room.clone(), batch).boxed()).collect(),
        Source::Tasks => {
            let chosen = turn::choose(room.platform.services.len(), focus, &room.troubled(), &mut room.cursor());
            chosen.into_iter().map(|service| tasks_of(room.clone(), service).boxed()).collect()
        }
        Source::Alarms => vec![all_alarms(room.clone()).boxed()],
        Source::Scaling => {
            let (scaled, fixed): (Vec<usize>, Vec<usize>) =
                (0..room.platform.services.len()).partition(|service| room.platform.services[*service].auto_scaling);
            let mut questions: Vec<Question> = scaled
                .chunks(autoscaling::TARGETS_AT_ONCE)
                .map(|batch| scaling(room.clone(), batch.to_vec()).boxed())
                .collect();
            if !fixed.is_empty() {
                // Nothing to ask: the platform file says that they have none.
                let facts = fixed.into_iter().map(|service| Fact::Scaling(service, Ok(None))).collect();
                questions.push(std::future::ready(facts).boxed());
            }
            questions
        }
        Source::Databases => {
            (0..room.platform.databases.len()).map(|database| one_database(room.clone(), database).boxed()).collect()
        }
        Source::Metrics if room.platform.gauges.is_empty() => Vec::new(),
        Source::Metrics => vec![metrics(room.clone()).boxed()],
        Source::Identity => vec![identity(room.clone()).boxed()],
    }
}

/// Indexes of services that one call can ask for: of one cluster, at most ten.
fn batches(room: &Room) -> impl Iterator<Item = Vec<usize>> {
    let mut clusters: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (place, service) in room.platform.services.iter().enumerate() {
        clusters.entry(&service.cluster).or_default().push(place);
    }
    let batches: Vec<Vec<usize>> = clusters
        .into_values()
        .flat_map(|services| services.chunks(ecs::SERVICES_AT_ONCE).map(<[usize]>::to_vec).collect::<Vec<_>>())
        .collect();
    batches.into_iter()
}

async fn services(room: Arc<Room>, batch: Vec<usize>) -> Vec<Fact> {
    let specs = &room.platform.services;
    let Some(first) = batch.first() else { return Vec::new() };
    let names: Vec<&str> = batch.iter().map(|place| specs[*place].name.as_str()).collect();
    let facts: Vec<Fact> = match ecs::describe_services(&room.clients, &specs[*first].cluster, &names).await {
        Ok(answers) => {
            batch.iter().zip(answers).map(|(place, answer)| Fact::Service(*place, answer.map(Box::new))).collect()
        }
        Err(trouble) => batch.iter().map(|place| Fact::Service(*place, Err(trouble.clone()))).collect(),
    };
    room.note_services(&facts);
    facts
}

async fn tasks_of(room: Arc<Room>, place: usize) -> Vec<Fact> {
    vec![Fact::Tasks(place, running_and_stopped(&room, place).await)]
}

/// The running tasks are listed while the service itself is asked for; its answer says whether stopped ones are
/// to be listed anew, or are known already.
async fn running_and_stopped(room: &Room, place: usize) -> Result<Vec<Task>, Trouble> {
    let Some(spec) = room.platform.services.get(place) else { return Ok(Vec::new()) };
    let (clients, cluster) = (&room.clients, spec.cluster.as_str());
    let mut arns = tasks::list_tasks(clients, cluster, &spec.name, false).await?;
    let hint = room.hint(place).await;
    let now = room.now();
    let mut stopped = room.stopped().get(place).cloned().unwrap_or_default();
    let is_listed = hint.wants_stopped(stopped.known, now);
    if is_listed {
        arns.extend(tasks::list_tasks(clients, cluster, &spec.name, true).await?);
        arns.sort_unstable();
        arns.dedup();
    }
    let mut found = tasks::describe_tasks(clients, cluster, &arns).await?;
    if is_listed {
        stopped = Stopped { known: hint.told, tasks: found.iter().filter(|task| task.is_stopped()).cloned().collect() };
        if let Some(kept) = room.stopped().get_mut(place) {
            *kept = stopped;
        }
    } else {
        let is_recent = |task: &Task| task.stopped_at.is_none_or(|at| now.duration_since(at) < REMEMBERED);
        let is_new = |task: &Task| !found.iter().any(|known| known.id == task.id);
        let kept: Vec<Task> = stopped.tasks.into_iter().filter(|task| is_recent(task) && is_new(task)).collect();
        found.extend(kept);
        found.sort_by(|a, b| b.created_at.cmp(&a.created_at).then_with(|| a.id.cmp(&b.id)));
    }
    Ok(found)
}

async fn all_alarms(room: Arc<Room>) -> Vec<Fact> {
    vec![Fact::Alarms(alarms::describe_alarms(&room.clients).await)]
}

async fn scaling(room: Arc<Room>, batch: Vec<usize>) -> Vec<Fact> {
    let specs = &room.platform.services;
    let names: Vec<(&str, &str)> =
        batch.iter().map(|place| (specs[*place].cluster.as_str(), specs[*place].name.as_str())).collect();
    match autoscaling::describe_scalable_targets(&room.clients, &names).await {
        Ok(answers) => batch.iter().zip(answers).map(|(place, answer)| Fact::Scaling(*place, Ok(answer))).collect(),
        Err(trouble) => batch.iter().map(|place| Fact::Scaling(*place, Err(trouble.clone()))).collect(),
    }
}

async fn one_database(room: Arc<Room>, place: usize) -> Vec<Fact> {
    let Some(spec) = room.platform.databases.get(place) else { return Vec::new() };
    vec![Fact::Database(place, rds::describe_db_instance(&room.clients, &spec.id).await.map(Box::new))]
}

async fn metrics(room: Arc<Room>) -> Vec<Fact> {
    let gauges = &room.platform.gauges;
    let (start, end) = room.minutes().window(room.now());
    let queries: Vec<_> = gauges.iter().map(|gauge| &gauge.query).collect();
    match cloudwatch::get_metric_data(&room.clients, &queries, cloudwatch::MINUTE, start, end).await {
        Ok(answers) => {
            let mut minutes = room.minutes();
            minutes.answered(end);
            for (gauge, answer) in answers.iter().enumerate() {
                if let Ok(points) = answer {
                    minutes.seen(gauge, points);
                }
            }
            answers.into_iter().enumerate().map(|(gauge, answer)| Fact::Points(gauge, answer)).collect()
        }
        Err(trouble) => (0..gauges.len()).map(|gauge| Fact::Points(gauge, Err(trouble.clone()))).collect(),
    }
}

/// After the first answer about the platform: who asks is about the session, and can wait that long.
async fn identity(room: Arc<Room>) -> Vec<Fact> {
    room.first_answer().await;
    let region = room.clients.region().map(|region| Fact::Region(region.to_owned()));
    let identity = Fact::Identity(sts::get_caller_identity(&room.clients).await);
    region.into_iter().chain([identity]).collect()
}

/// What went wrong, if a fact is bad news.
pub(super) fn trouble(fact: &Fact) -> Option<&Trouble> {
    match fact {
        Fact::Identity(Err(trouble))
        | Fact::Service(_, Err(trouble))
        | Fact::Tasks(_, Err(trouble))
        | Fact::Scaling(_, Err(trouble))
        | Fact::Database(_, Err(trouble))
        | Fact::Alarms(Err(trouble))
        | Fact::Points(_, Err(trouble)) => Some(trouble),
        _ => None,
    }
}
