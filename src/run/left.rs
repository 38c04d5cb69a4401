//! Images that the service was rolled back from: by ECS, by a run, by hand. They are in the registry as before, and
//! whoever chooses one in a hurry should know.

use futures::future::join;
use jiff::Timestamp;

use super::Ending;
use super::action::{Context, Place};
use super::kept::{Kept, kept};
use crate::aws::service_deployments::{
    DeploymentState, REVISIONS_AT_ONCE, ServiceDeployment, ServiceRevision, describe_service_revisions,
    list_service_deployments,
};
use crate::aws::task_definition::describe_task_definition;
use crate::platform::text::rough_age;
use crate::platform::{Image, Revision};

/// So many that only journals tell of are asked for by their definition.
const ASKED: usize = 5;

/// An image that was rolled back from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Left {
    /// The revision that ran it, or was to.
    pub(super) revision: Revision,
    pub(super) image: Image,
    pub(super) back: RolledBack,
}

/// That and when it was rolled back from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RolledBack {
    pub(super) at: Option<Timestamp>,
}

impl RolledBack {
    /// `rolled back from 12m ago`.
    pub(super) fn words(self, now: Timestamp) -> String {
        let age = self.at.map(|at| format!(" {} ago", rough_age(at, now))).unwrap_or_default();
        format!("rolled back from{age}")
    }
}

impl Left {
    /// It is the image of this digest, or the one of these tags where nobody knows the digest.
    pub(super) fn is(&self, digest: &str, tags: &[String]) -> bool {
        match &self.image.digest {
            Some(own) => own == digest,
            None => self.image.tag.as_ref().is_some_and(|own| tags.contains(own)),
        }
    }

    /// `rolled back from 12m ago (:43)`.
    pub(super) fn words(&self, now: Timestamp) -> String {
        format!("{} ({})", self.back.words(now), self.revision)
    }
}

/// The images of a container that the service was rolled back from, the newest first. Where nobody can say, none.
pub(super) async fn left(context: &Context, place: &Place, container: &str, runs: &str) -> Vec<Left> {
    let running = Revision::parse(runs);
    let (mut all, journaled) =
        join(by_history(context, place, container), kept(context, place, &running.family, by_journal)).await;
    for (number, at) in journaled.into_iter().take(ASKED) {
        let revision = Revision { family: running.family.clone(), number: Some(number) };
        if all.iter().any(|left| left.revision == revision) {
            continue;
        }
        if let Ok(definition) = describe_task_definition(&context.clients, &revision.name()).await
            && let Some(found) = definition.container(Some(container))
        {
            all.push(Left { revision, image: found.image.clone(), back: RolledBack { at } });
        }
    }
    // Who came back to it since has judged anew.
    all.retain(|left| left.revision != running);
    all
}

async fn by_history(context: &Context, place: &Place, container: &str) -> Vec<Left> {
    let clients = &context.clients;
    let Ok(mut deployments) = list_service_deployments(clients, &place.cluster, &place.name).await else {
        return Vec::new();
    };
    let mut arns: Vec<String> = Vec::new();
    deployments.retain(|deployment| {
        let Some(arn) = &deployment.revision else { return false };
        if !arns.contains(arn) && arns.len() < REVISIONS_AT_ONCE {
            arns.push(arn.clone());
        }
        arns.contains(arn)
    });
    let revisions = describe_service_revisions(clients, &arns).await.unwrap_or_default();
    let image =
        |revision: &ServiceRevision| Some(revision.images.iter().find(|(name, _)| name == container)?.1.clone());
    let judged = judged(&deployments, &revisions, image).into_iter();
    judged.filter_map(|Judged { revision, what, back }| Some(Left { revision, image: what, back: back? })).collect()
}

/// What became of something that was deployed when it was deployed last.
pub(super) struct Judged<T> {
    /// The revision that brought it then.
    pub(super) revision: Revision,
    pub(super) what: T,
    pub(super) back: Option<RolledBack>,
}

/// Of deployments, newest first: what ECS rolled back, and what gave way to an older revision. The newest
/// deployment of a thing (an image, a revision) decides.
pub(super) fn judged<T: PartialEq + Clone>(
    deployments: &[ServiceDeployment],
    revisions: &[ServiceRevision],
    what: impl Fn(&ServiceRevision) -> Option<T>,
) -> Vec<Judged<T>> {
    let of = |deployment: &ServiceDeployment| revisions.iter().find(|r| Some(&r.arn) == deployment.revision.as_ref());
    let was_rolled_back = |deployment: &ServiceDeployment| deployment.state == DeploymentState::RolledBack;
    let mut all: Vec<Judged<T>> = Vec::new();
    for (index, deployment) in deployments.iter().enumerate() {
        let Some(revision) = of(deployment) else { continue };
        let Some(what) = what(revision) else { continue };
        if all.iter().any(|known| known.what == what) {
            continue;
        }
        // One that ECS rolled back took no other's place for good.
        let next = deployments[..index].iter().rfind(|newer| !was_rolled_back(newer));
        let older_came = next.and_then(of).is_some_and(|next| {
            next.definition.family == revision.definition.family && next.definition.number < revision.definition.number
        });
        let back = if was_rolled_back(deployment) {
            Some(RolledBack { at: deployment.finished_at.or(deployment.created_at) })
        } else if older_came {
            Some(RolledBack { at: next.and_then(|next| next.created_at) })
        } else {
            None
        };
        all.push(Judged { revision: revision.definition.clone(), what, back });
    }
    all
}

/// The revision that a run left for an older one, or brought and lost.
pub(super) fn by_journal(Kept { past, family, at, .. }: &Kept<'_>) -> Option<(u32, Option<Timestamp>)> {
    let number = |revision: &str| Some(Revision::parse(revision)).filter(|r| r.family == *family)?.number;
    let asked = past.steps.iter().flat_map(|step| step.asked.iter().chain(&step.undoing));
    let mut sent = None;
    for asked in asked {
        let before = asked.previous.get("revision").and_then(|before| number(before.as_str()?));
        let wanted = asked.parameters.get("taskDefinition").and_then(|wanted| number(wanted.as_str()?));
        let back = match (before, wanted) {
            (Some(before), Some(wanted)) => wanted < before,
            (Some(_), None) => asked.operation == "ecs:StopServiceDeployment",
            _ => false,
        };
        if back {
            return Some((before?, *at));
        }
        sent = wanted.or(sent);
    }
    let lost = [Ending::RolledBackByEcs, Ending::RollbackFailed, Ending::DeploymentFailed];
    lost.contains(&past.ended?).then_some((sent?, *at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use DeploymentState::{RolledBack, Successful};

    fn deployment(state: DeploymentState, number: u32, minute: i64) -> ServiceDeployment {
        let at = Timestamp::from_second(minute * 60).unwrap();
        ServiceDeployment {
            arn: format!("deployment/{minute}"),
            state,
            reason: None,
            created_at: Some(at),
            finished_at: Some(at),
            revision: Some(format!("revision/{number}")),
        }
    }

    fn revision(number: u32, digest: &str) -> ServiceRevision {
        ServiceRevision {
            arn: format!("revision/{number}"),
            definition: Revision { family: "api".to_owned(), number: Some(number) },
            images: vec![("api".to_owned(), Image::parse(&format!("host/api@sha256:{digest}")))],
        }
    }

    #[test]
    fn an_image_that_ecs_or_a_person_rolled_back_is_known_until_it_is_deployed_again_and_stays() {
        let revisions = [revision(41, "a"), revision(42, "b"), revision(43, "c"), revision(44, "b")];
        let numbers = |deployments: &[ServiceDeployment]| {
            let judged = judged(deployments, &revisions, |revision| Some(revision.images[0].1.clone()));
            let left = judged.into_iter().filter(|judged| judged.back.is_some());
            left.map(|left| left.revision.number.unwrap()).collect::<Vec<_>>()
        };
        let mut told = vec![
            deployment(Successful, 41, 5),
            deployment(Successful, 43, 4),
            deployment(RolledBack, 42, 3),
            deployment(Successful, 41, 1),
        ];
        assert_eq!(numbers(&told), [43, 42]);
        told.insert(0, deployment(Successful, 44, 6));
        assert_eq!(numbers(&told), [43], "the same image, under a new number, came to stay");
    }

    #[test]
    fn a_revision_that_was_left_after_a_newer_one_had_failed_is_known_even_where_the_next_has_its_image() {
        let revisions = [revision(41, "a"), revision(42, "a"), revision(43, "c")];
        let told = [
            deployment(Successful, 41, 5),
            deployment(RolledBack, 43, 4),
            deployment(Successful, 42, 3),
            deployment(Successful, 41, 1),
        ];
        let judged = judged(&told, &revisions, |revision| revision.definition.number);
        let told: Vec<_> = judged.iter().map(|it| (it.what, it.back.is_some())).collect();
        assert_eq!(told, [(41, false), (43, true), (42, true)]);
    }
}
