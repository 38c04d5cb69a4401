//! `ecs.rollback`: puts a revision back. Nothing is ever deregistered.

use std::fmt::Write as _;
use std::time::Duration;

use futures::future::join;
use futures::{FutureExt as _, TryFutureExt as _};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::lost::{LOST, Looks};
use super::registry::{Fit, fits, machine, repository_name};
use super::service::{Basis, Place};
use super::update::UpdateService;
use super::{Context, Done, preview};
use crate::aws::ecr_images::describe_image;
use crate::aws::service_deployments::{
    DeploymentState, ServiceDeployment, list_service_deployments, roll_back_deployment,
};
use crate::platform::text::shell_word;
use crate::platform::{Definition, Image, Rollout, Service, TroubleKind};
use crate::run::scribe::{is_uncertain, was_uncertain};
use crate::run::{Answer, Candidate, Halt, Scribe, Seen, View, Work, history};

const STOP: &str = "ecs:StopServiceDeployment";
/// For the rollback that ECS was asked for.
const LOOKS: Looks = Looks { most: 20, between: Duration::from_secs(3) };
/// ECS has said yes.
const ACCEPTED: &str = "ECS accepted to roll back: look at the service";

/// Back to which revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollback {
    /// Which service.
    #[serde(flatten)]
    pub place: Place,
    /// The revision's number.
    pub to: u32,
    /// When a database migration makes this unsafe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migrations: Option<String>,
}

/// What is known of an image of the revision.
enum Found {
    /// It can be started.
    There(String),
    /// Nobody can tell, and why.
    Doubtful(String),
    /// It is in no ECR repository of this account, and can't be looked for.
    Elsewhere,
}

impl Rollback {
    /// The same as an update of the service: what it is taken back as.
    pub(super) fn update(&self) -> UpdateService {
        UpdateService { place: self.place.clone(), task_definition: Some(self.to), ..UpdateService::default() }
    }

    pub(super) async fn plan(&self, context: &Context, seen: &Seen) -> Result<View, Halt> {
        let (service, controls) = self.place.look_to_plan(context).await?;
        if service.revision.number == Some(self.to) {
            return Err(Halt::refused(format!("{} is what the service is on already", service.revision)));
        }
        let target = match preview::revision(context, &service, self.to).await {
            Err(trouble) if trouble.kind == TroubleKind::NotFound => {
                return Err(self.unknown(context, &service, &self.candidates(context, seen, &service, None).await));
            }
            target => target?,
        };
        let (view, candidates) = join(
            self.update().plan_on(context, &service, &controls, Some(&target)),
            self.candidates(context, seen, &service, Some(&target)),
        )
        .await;
        let mut view = View { candidates, ..view? };
        for container in &target.containers {
            match self.in_registry(context, &container.image, machine(target.architecture.as_deref())).await? {
                Found::There(fact) => view.facts.push(fact),
                Found::Doubtful(why) => view.warnings.push(why),
                Found::Elsewhere => {}
            }
        }
        let now = context.clock.now();
        match seen.ran(context, &self.place, &service).await.iter().find(|ran| ran.number == self.to) {
            Some(ran) => {
                view.facts.push(format!(":{} {}", self.to, ran.when(now)));
                view.warnings.extend(ran.rolled_back.map(|back| {
                    format!(
                        "the service was {} :{}: make sure that what was wrong with it is not any more",
                        back.words(now),
                        self.to
                    )
                }));
            }
            None => view.warnings.push(format!(
                "neither ECS nor this machine's journals show that :{} ran successfully: make sure that it did",
                self.to
            )),
        }
        view.warnings.extend(self.migrations.clone());
        if self.ecs_would_go_back_to_it(&service) {
            view.facts.push("its deployment is in progress: ECS is asked to stop it and roll back".to_owned());
            if let Some(running) = self.in_progress(context).await {
                view.command = Some(format!(
                    "aws ecs stop-service-deployment --service-deployment-arn {} --stop-type ROLLBACK",
                    shell_word(&running.arn)
                ));
            }
        }
        Ok(view)
    }

    async fn candidates(
        &self,
        context: &Context,
        seen: &Seen,
        service: &Service,
        known: Option<&Definition>,
    ) -> Vec<Candidate> {
        let ran = seen.ran(context, &self.place, service).await;
        let candidates = history::of_these(context, None, service, ran, known).await;
        candidates.iter().map(|ran| ran.candidate(context.clock.now())).collect()
    }

    fn unknown(&self, context: &Context, service: &Service, candidates: &[Candidate]) -> Halt {
        let family = &service.revision.family;
        let mut words = format!("{family} has no revision {}", self.to);
        if candidates.is_empty() {
            let place = context.clients.region().unwrap_or("this region");
            let _ = write!(words, " in {place}, and nothing tells of one that ran there before");
        } else {
            words.push_str("; it can go back to one of these:");
        }
        for candidate in candidates {
            let _ = write!(words, "\n  {candidate}");
        }
        let candidates = candidates.iter().filter_map(|candidate| serde_json::to_value(candidate).ok()).collect();
        Halt { candidates, ..Halt::refused(words) }
    }

    /// Refused where the image is no longer in ECR, or is built for other machines.
    async fn in_registry(&self, context: &Context, image: &Image, machine: &str) -> Result<Found, Halt> {
        let Some(name) = image.digest.as_ref().or(image.tag.as_ref()) else { return Ok(Found::Elsewhere) };
        let doubt = |why: String| Found::Doubtful(format!("can't tell whether {image} can still start: {why}"));
        let repository = match repository_name(context, &image.repository).await {
            Ok(Some(repository)) => repository,
            Ok(None) => return Ok(Found::Elsewhere),
            Err(halt) => return Ok(doubt(halt.words)),
        };
        let found = match describe_image(&context.clients, &repository, name).await {
            Ok(found) => found,
            Err(trouble) if trouble.kind == TroubleKind::NotFound => {
                return Err(Halt::refused(format!("{image} is no longer in ECR: :{} can't start", self.to)));
            }
            Err(trouble) => return Ok(doubt(trouble.to_string())),
        };
        let pushed = found.pushed_at.map(|at| format!(", pushed {}", crate::platform::text::date(at)));
        let there = format!("{repository}:{} is in ECR{}", image.short(), pushed.unwrap_or_default());
        Ok(match fits(context, &repository, &found.digest, machine).await? {
            Fit::Fits(words) => Found::There(format!("{there}, {words}")),
            Fit::Unknown(why) => Found::Doubtful(format!("{there}, but {why}")),
        })
    }

    /// A deployment is in progress, and the one before it, to which ECS would roll back, is the one wanted.
    fn ecs_would_go_back_to_it(&self, service: &Service) -> bool {
        service.primary().is_some_and(|primary| primary.rollout == Rollout::InProgress)
            && service
                .deployments
                .iter()
                .find(|d| d.rollout == Rollout::Completed)
                .is_some_and(|d| d.revision.number == Some(self.to))
    }

    pub(super) async fn apply(&self, work: &mut Work<'_>) -> Result<Done, Halt> {
        let Work { context, scribe, view, past, .. } = work;
        let asked = &past.asked;
        let stopped = asked.iter().rfind(|asked| asked.operation == STOP);
        let updated = asked.iter().any(|asked| asked.operation != STOP);
        if let Some(stopped) = stopped.filter(|_| !updated) {
            if matches!(stopped.answer, Some(Answer::Accepted { .. } | Answer::Found { .. })) {
                return self.find_rollback(context, scribe, ACCEPTED).await?.ok_or_else(|| self.not_seen());
            }
            if was_uncertain(stopped.answer.as_ref())
                && let Some(done) = self.find_rollback(context, scribe, LOST).await?
            {
                scribe.found(STOP, json!(done.outputs))?;
                return Ok(done);
            }
        }
        let now = self.place.look_to_change(context).await?;
        let fresh = asked.is_empty() && Basis::of(&now) == view.basis()?;
        if fresh
            && self.ecs_would_go_back_to_it(&now)
            && let Some(done) = self.ask_ecs(context, scribe, &now).await?
        {
            return Ok(done);
        }
        self.update().apply(work).await
    }

    /// The deployment that ECS can be asked to stop; `None` if it can't: then the service is updated.
    async fn in_progress(&self, context: &Context) -> Option<ServiceDeployment> {
        let Place { cluster, name } = &self.place;
        let deployments = list_service_deployments(&context.clients, cluster, name).await.ok()?;
        deployments.into_iter().find(|d| d.state == DeploymentState::InProgress)
    }

    /// Asks ECS to roll the deployment in progress back. `None` if ECS can't: then the service is updated.
    async fn ask_ecs(&self, context: &Context, scribe: &mut Scribe<'_>, now: &Service) -> Result<Option<Done>, Halt> {
        let Some(running) = self.in_progress(context).await else { return Ok(None) };
        let parameters = json!({"serviceDeploymentArn": running.arn, "stopType": "ROLLBACK"});
        scribe.request(STOP, parameters, json!(Basis::of(now)))?;
        match roll_back_deployment(&context.clients, &running.arn).await {
            Ok(()) => {
                scribe.accepted(STOP, json!({"serviceDeploymentArn": running.arn}))?;
                self.find_rollback(context, scribe, ACCEPTED).await?.map(Some).ok_or_else(|| self.not_seen())
            }
            Err(trouble) => {
                scribe.trouble(STOP, &trouble)?;
                if is_uncertain(&trouble)
                    && let Some(done) = self.find_rollback(context, scribe, LOST).await?
                {
                    scribe.found(STOP, json!(done.outputs))?;
                    return Ok(Some(done));
                }
                Ok(None)
            }
        }
    }

    /// The deployment that puts the revision back, once ECS shows it.
    async fn find_rollback(
        &self,
        context: &Context,
        scribe: &mut Scribe<'_>,
        words: &str,
    ) -> Result<Option<Done>, Halt> {
        let look = || {
            let service = self.place.look_to_change(context);
            service.map_ok(|now| (now.revision.number == Some(self.to)).then(|| Basis::of(&now))).boxed()
        };
        let seen = LOOKS.find(context, scribe, words, look).await?;
        Ok(seen.map(|seen| {
            let words = format!("ECS is rolling back to {} ({})", seen.revision, seen.deployment);
            Done::new(words).with("deployment", seen.deployment)
        }))
    }

    fn not_seen(&self) -> Halt {
        Halt::failed(format!("ECS accepted to roll back, and :{} does not show: look at the service", self.to))
    }

    pub(super) async fn undo(&self, work: &mut Work<'_>) -> Result<String, Halt> {
        self.update().undo(work).await
    }
}
