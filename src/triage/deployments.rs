//! Deployments that failed, were rolled back, keep losing tasks, or take too long.

use jiff::{SignedDuration, Timestamp};

use super::draft::{Draft, Rank, Topic};
use super::scene::Scene;
use super::stop;
use super::symptom::Symptom;
use crate::platform::{
    Deployment, DeploymentStatus, Rollout, Service, ServiceEvent, ServicePicture, ServiceSpec, ServiceStatus, Severity,
    Subject, Task, text,
};

/// A deployment of a healthy image is done well before this, and what it waits on purpose.
const LONG: SignedDuration = SignedDuration::from_mins(15);
/// How long a rollback that is over stays worth knowing.
const REMEMBERED: SignedDuration = SignedDuration::from_mins(30);
/// A deployment that begins this much later than a rollback is a new try.
const NEW_TRY: SignedDuration = SignedDuration::from_mins(2);

pub(super) fn look<'a>(scene: &Scene<'a>, i: usize, drafts: &mut Vec<Draft<'a>>) {
    let Some((spec, picture)) = scene.service(i) else { return };
    let Some(service) = picture.state.value() else { return };
    if service.status != ServiceStatus::Active {
        return;
    }
    let finder = Finder { scene, spec, picture, service, i };
    let found = finder.rolled_back().or_else(|| finder.primary());
    drafts.extend(found);
}

/// ECS's own words for "the failed deployment is being undone", in a deployment's reason or an event.
pub(super) fn speaks_of_rollback(words: &str) -> bool {
    words.contains("rolling back")
}

/// An event that tells of a rollback, is recent, and was not followed by a new try.
pub(super) fn is_current(event: &ServiceEvent, primary: Option<&Deployment>, now: Timestamp) -> bool {
    speaks_of_rollback(&event.message)
        && now.duration_since(event.at) <= REMEMBERED
        && primary.and_then(|d| d.created_at).is_none_or(|began| began.duration_since(event.at) <= NEW_TRY)
}

struct Finder<'s, 'a> {
    scene: &'s Scene<'a>,
    spec: &'a ServiceSpec,
    picture: &'a ServicePicture,
    service: &'a Service,
    i: usize,
}

impl<'a> Finder<'_, 'a> {
    fn draft(&self, deployment: &str, severity: Severity, title: String) -> Draft<'a> {
        let id = format!("deployment/{}/{deployment}", self.scene.path(Subject::Service(self.i)));
        Draft::new(Topic::Deployment(self.i), severity, Subject::Service(self.i), id, title)
            .rank(Rank::Headline)
            .symptom(Symptom::Other)
    }

    /// Enough tasks run for the service's own minimum: users are served by the older revision.
    fn severity(&self) -> Severity {
        if self.service.has_its_minimum() { Severity::Warning } else { Severity::Critical }
    }

    /// ECS gave up on a deployment and put the last good one back.
    fn rolled_back(&self) -> Option<Draft<'a>> {
        let primary = self.service.primary();
        let event = self.service.events.iter().find(|e| is_current(e, primary, self.scene.now));
        let says = primary.and_then(|d| d.rollout_reason.as_deref()).is_some_and(speaks_of_rollback);
        let in_progress = says && primary.is_some_and(|d| d.rollout == Rollout::InProgress);
        if event.is_none() && !in_progress {
            return None;
        }
        let failed = self
            .service
            .deployments
            .iter()
            .find(|d| d.status != DeploymentStatus::Primary && d.rollout == Rollout::Failed);
        let label = failed.map_or_else(
            || "deployment".to_owned(),
            |d| format!("deploy {}", self.picture.label(self.spec, &d.revision)),
        );
        let back = primary.map_or_else(String::new, |d| {
            let state = if d.rollout == Rollout::Completed { "back on" } else { "going back to" };
            format!("{state} {}, {} of {} running", self.picture.label(self.spec, &d.revision), d.running, d.desired)
        });
        let over = primary.is_none_or(|d| d.rollout == Rollout::Completed);
        let ending = if over { "rolled back by ECS" } else { "ECS is rolling it back" };
        let id = failed.map_or_else(|| "rolled-back".to_owned(), |d| d.id.clone());
        let since = event.map(|e| e.at).or_else(|| primary.and_then(|d| d.created_at));
        let reason =
            failed.and_then(|d| self.first_failure(d)).or_else(|| failed.and_then(|d| d.rollout_reason.clone()));
        Some(
            self.draft(&id, self.severity(), format!("{label} of {} failed, {ending}", self.scene.called(self.i)))
                .evidence(back)
                .notes(reason)
                .since(since),
        )
    }

    fn primary(&self) -> Option<Draft<'a>> {
        let deployment = self.service.primary()?;
        let name = self.scene.called(self.i);
        let label = self.picture.label(self.spec, &deployment.revision);
        let progress = format!("{} of {} running", deployment.running, deployment.desired);
        let lost = deployment.failed.max(self.failed_tasks(deployment).count() as u32);
        match deployment.rollout {
            Rollout::Failed => {
                let mut draft = self.draft(&deployment.id, self.severity(), format!("deploy {label} of {name} failed"));
                draft.runbook = Some("rollback".to_owned());
                let reason = deployment.rollout_reason.as_deref().map(|r| stop::shorten(r, 120));
                Some(
                    draft
                        .evidence(progress)
                        .notes(self.first_failure(deployment).or(reason))
                        .note("not rolled back")
                        .since(deployment.updated_at.or(deployment.created_at)),
                )
            }
            Rollout::InProgress | Rollout::Unknown if lost >= 2 && self.is_young_or_rolling(deployment) => {
                let mut draft =
                    self.draft(&deployment.id, self.severity(), format!("deploy {label} of {name} keeps losing tasks"));
                draft.runbook = Some("rollback".to_owned());
                Some(
                    draft
                        .evidence(format!("{progress}, {lost} failed"))
                        .notes(self.first_failure(deployment))
                        .note(self.breaker())
                        .since(deployment.created_at),
                )
            }
            Rollout::InProgress => {
                let took = self.scene.now.duration_since(deployment.created_at?);
                let bakes = SignedDuration::from_mins(i64::from(self.service.bake_minutes));
                (took > LONG + bakes).then(|| {
                    let title = format!("deploy {label} of {name} takes unusually long");
                    let mut draft = self.draft(&deployment.id, Severity::Warning, title);
                    draft.runbook = Some("rollback".to_owned());
                    draft.evidence(format!("{progress} after {}", text::duration(took))).since(deployment.created_at)
                })
            }
            Rollout::Completed | Rollout::Unknown => None,
        }
    }

    /// Without a rollout state, only a deployment that still replaces another counts as rolling.
    fn is_young_or_rolling(&self, deployment: &Deployment) -> bool {
        deployment.rollout == Rollout::InProgress || self.service.deployments.len() > 1
    }

    /// What ECS will do about it: it may be nothing, for ever.
    fn breaker(&self) -> &'static str {
        match self.service.circuit_breaker {
            Some(breaker) if breaker.enabled && breaker.rollback => "the circuit breaker will roll it back",
            Some(breaker) if breaker.enabled => "the circuit breaker will stop it, but not roll it back",
            _ => "no circuit breaker: ECS will try for ever",
        }
    }

    fn failed_tasks(&self, deployment: &Deployment) -> impl Iterator<Item = &'a Task> {
        let (id, revision) = (deployment.id.clone(), deployment.revision.clone());
        self.picture.tasks.value().into_iter().flatten().filter(move |task| {
            task.failed()
                && match &task.started_by {
                    Some(by) => *by == id,
                    None => task.revision == revision,
                }
        })
    }

    /// The first failure is the telling one: later ones may be its consequences.
    fn first_failure(&self, deployment: &Deployment) -> Option<String> {
        self.failed_tasks(deployment).min_by_key(|task| task.stopped_at).map(stop::explain)
    }
}
