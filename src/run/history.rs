//! Which revisions of a service have run successfully, and when: what a rollback may go back to.
//!
//! "Revision − 1" may never have run. What did is told by ECS's service deployments (90 days), by what
//! the service still shows, and by this machine's journals; any of them may be missing.

use futures::{StreamExt as _, stream};
use jiff::Timestamp;

use super::action::{Action, Context, Place};
use super::kept::{Kept, kept};
use super::left::{Judged, RolledBack, by_journal, judged};
use super::{Candidate, Ending};
use crate::aws::service_deployments::{
    DeploymentState, ServiceRevision, describe_service_revisions, list_service_deployments,
};
use crate::aws::task_definition::describe_task_definition;
use crate::platform::text::{date, duration};
use crate::platform::{Definition, Image, Revision, Rollout, Service, ServiceSpec};

/// So many are offered; who looks further back names the number.
const OFFERED: usize = 10;
/// Task definitions are asked for so many at a time.
const AT_ONCE: usize = 4;

/// A revision that has run successfully.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ran {
    pub(super) number: u32,
    /// With the digest that ran, where ECS says so.
    pub(super) image: Option<Image>,
    /// When it came to run.
    pub(super) from: Option<Timestamp>,
    /// When another one took its place; `None` while it runs, or if nobody knows.
    pub(super) until: Option<Timestamp>,
    /// The service was rolled back from it then.
    pub(super) rolled_back: Option<RolledBack>,
}

impl Ran {
    /// `ran 1d5h, until 2026-11-24 03:12Z`.
    pub(super) fn when(&self, now: Timestamp) -> String {
        match (self.from, self.until) {
            (Some(from), Some(until)) => {
                format!("ran {}, until {}", duration(until.duration_since(from)), date(until))
            }
            (Some(from), None) => format!("has run {}, since {}", duration(now.duration_since(from)), date(from)),
            (None, Some(until)) => format!("ran until {}", date(until)),
            (None, None) => "has run".to_owned(),
        }
    }

    /// With the image of its definition, where nobody knows which one ran.
    fn of(mut self, definition: &Definition, container: Option<&str>) -> Ran {
        if self.image.is_none() {
            self.image = definition.container(container).map(|container| container.image.clone());
        }
        self
    }

    /// As plans tell it.
    pub(super) fn candidate(&self, now: Timestamp) -> Candidate {
        let image = self.image.as_ref();
        Candidate {
            revision: self.number,
            tag: image.and_then(|image| image.tag.clone()),
            digest: image.and_then(|image| image.digest.clone()),
            from: self.from,
            until: self.until,
            seconds: self.from.zip(self.until).map(|(from, until)| until.duration_since(from).as_secs()),
            ran: self.when(now),
            rolled_back: self.rolled_back.map(|back| back.words(now)),
        }
    }
}

/// All that have run, the one that ran last first; the running one too.
pub(super) async fn ran(context: &Context, place: &Place, container: Option<&str>, service: &Service) -> Vec<Ran> {
    // Where ECS can't say (an older endpoint, no permission), the other sources still do.
    let (mut all, judged) = deployed(context, place, container, service).await.unwrap_or_default();
    for shown in service.deployments.iter().filter(|d| d.rollout == Rollout::Completed) {
        if let Some(number) = shown.revision.number
            && !all.iter().any(|ran| ran.number == number)
        {
            all.push(Ran {
                number,
                image: None,
                from: shown.updated_at.or(shown.created_at),
                until: None,
                rolled_back: None,
            });
        }
    }
    all.extend(kept(context, place, &service.revision.family, brought).await);
    let mut all = latest(all, context.clock.now());
    let journaled = kept(context, place, &service.revision.family, by_journal).await;
    for ran in &mut all {
        // ECS has the last word: it also knows who came back to it since.
        ran.rolled_back = match judged.iter().find(|judged| judged.what == ran.number) {
            Some(judged) => judged.back,
            None => journaled.iter().find(|(number, _)| *number == ran.number).map(|(_, at)| RolledBack { at: *at }),
        };
    }
    all
}

/// Each revision once, as it ran last.
fn latest(mut all: Vec<Ran>, now: Timestamp) -> Vec<Ran> {
    // A stint whose end nobody knows is as old as its beginning, unless ECS still shows it.
    all.sort_by_key(|ran| std::cmp::Reverse((ran.until.or(ran.from).unwrap_or(now), ran.from)));
    let mut found: Vec<Ran> = Vec::new();
    for ran in all {
        match found.iter_mut().find(|known| known.number == ran.number) {
            Some(known) => {
                if known.image.is_none() {
                    known.image = ran.image;
                }
            }
            None => found.push(ran),
        }
    }
    found
}

/// What ECS remembers: each successful deployment, until the next one was successful; and which were rolled back.
async fn deployed(
    context: &Context,
    place: &Place,
    container: Option<&str>,
    service: &Service,
) -> Option<(Vec<Ran>, Vec<Judged<u32>>)> {
    let clients = &context.clients;
    let deployments = list_service_deployments(clients, &place.cluster, &place.name).await.ok()?;
    let good: Vec<_> = deployments.iter().filter(|d| d.state == DeploymentState::Successful).collect();
    let mut arns: Vec<String> = Vec::new();
    // Others only to say what became of these.
    for arn in good.iter().copied().chain(&deployments).filter_map(|d| d.revision.as_ref()) {
        if !arns.contains(arn) {
            arns.push(arn.clone());
        }
    }
    arns.truncate(crate::aws::service_deployments::REVISIONS_AT_ONCE);
    let revisions = describe_service_revisions(clients, &arns).await.ok()?;
    let mut until = None;
    let mut all = Vec::new();
    for deployment in good {
        let from = deployment.finished_at.or(deployment.created_at);
        let revision = revisions.iter().find(|r| Some(&r.arn) == deployment.revision.as_ref());
        if let Some(revision) = revision.filter(|r| r.definition.family == service.revision.family)
            && let Some(number) = revision.definition.number
        {
            let image = match container {
                Some(name) => revision.images.iter().find(|(container, _)| container == name),
                None => revision.images.first(),
            };
            all.push(Ran { number, image: image.map(|(_, image)| image.clone()), from, until, rolled_back: None });
        }
        until = from;
    }
    let number = |r: &ServiceRevision| r.definition.number.filter(|_| r.definition.family == service.revision.family);
    Some((all, judged(&deployments, &revisions, number)))
}

/// The revision that a run of this machine ended successfully with, if it brought one.
fn brought(Kept { plan, past, family, at }: &Kept<'_>) -> Option<Ran> {
    if plan.undoes.is_some() || past.ended != Some(Ending::Succeeded) {
        return None;
    }
    let mut asked = past.steps.iter().flat_map(|step| &step.asked).rev();
    let sent = asked.find_map(|asked| asked.parameters.get("taskDefinition")?.as_str());
    let number = match sent.map(Revision::parse) {
        Some(sent) => sent.number.filter(|_| sent.family == *family),
        None => plan.steps.iter().find_map(|step| match &step.action {
            Action::Rollback(rollback) => Some(rollback.to),
            _ => None,
        }),
    }?;
    Some(Ran { number, image: None, from: *at, until: None, rolled_back: None })
}

/// What a rollback may go back to, the one that ran last first: ACTIVE, and not what the service is on.
pub(super) async fn candidates(context: &Context, spec: &ServiceSpec, service: &Service) -> Vec<Ran> {
    let container = spec.container.as_deref();
    let ran = ran(context, &Place::from(spec), container, service).await;
    of_these(context, container, service, &ran, None).await
}

/// … of revisions that have run. One whose definition is at hand is not asked for.
pub(super) async fn of_these(
    context: &Context,
    container: Option<&str>,
    service: &Service,
    ran: &[Ran],
    known: Option<&Definition>,
) -> Vec<Ran> {
    let family = &service.revision.family;
    let mut others: Vec<Ran> =
        ran.iter().filter(|ran| Some(ran.number) != service.revision.number).take(OFFERED).cloned().collect();
    let known = known.and_then(|known| {
        let at = others.iter().position(|ran| Some(ran.number) == known.revision.number)?;
        let ran = others.remove(at);
        known.is_active().then(|| (at, ran.of(known, container)))
    });
    // Collected first: a stream that borrows what it asks with is not `Send` for every lifetime.
    let asked: Vec<_> = others.into_iter().map(|ran| check(context, container, family, ran)).collect();
    let mut found: Vec<Option<Ran>> = stream::iter(asked).buffered(AT_ONCE).collect().await;
    if let Some((at, ran)) = known {
        found.insert(at.min(found.len()), Some(ran));
    }
    found.into_iter().flatten().collect()
}

/// Without an answer it stays: whether it can be started is looked at again before it is.
async fn check(context: &Context, container: Option<&str>, family: &str, ran: Ran) -> Option<Ran> {
    let found = describe_task_definition(&context.clients, &format!("{family}:{}", ran.number)).await;
    let Ok(definition) = found else { return Some(ran) };
    definition.is_active().then(|| ran.of(&definition, container))
}

/// The newest revision that ran successfully before the present one. A later number is no way back: after a
/// rollback it is the one that was left.
pub(super) async fn previous(context: &Context, service: &Service, ran: &[Ran]) -> Option<u32> {
    let before = |ran: &&Ran| service.revision.number.is_some_and(|present| ran.number < present);
    // What was rolled back from is a way back only where there is no other.
    let (left, well): (Vec<&Ran>, Vec<&Ran>) = ran.iter().filter(before).partition(|ran| ran.rolled_back.is_some());
    for ran in well.into_iter().chain(left).take(OFFERED) {
        if let Some(ran) = check(context, None, &service.revision.family, ran.clone()).await {
            return Some(ran.number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ran(number: u32, from: i64, until: Option<i64>) -> Ran {
        let at = |second| Timestamp::from_second(second).unwrap();
        Ran { number, image: None, from: Some(at(from)), until: until.map(at), rolled_back: None }
    }

    #[test]
    fn a_revision_that_ran_twice_is_offered_once_where_it_ran_last() {
        let all = vec![ran(41, 500, None), ran(42, 400, Some(500)), ran(41, 100, Some(400)), ran(40, 0, Some(100))];
        let found = latest(all, Timestamp::from_second(900).unwrap());
        assert_eq!(found.iter().map(|ran| ran.number).collect::<Vec<_>>(), [41, 42, 40]);
        assert_eq!(found[0].until, None);
    }

    #[test]
    fn when_a_revision_ran_and_how_long_can_be_read() {
        let now = Timestamp::from_second(7_200).unwrap();
        assert_eq!(ran(41, 0, Some(3_600)).when(now), "ran 1h00m, until 1970-01-01 01:00Z");
        assert_eq!(ran(41, 3_600, None).when(now), "has run 1h00m, since 1970-01-01 01:00Z");
    }
}
