//! Changing a service and putting it back: sent once, and looked for where nobody heard the answer.

use std::time::Duration;

use futures::{FutureExt as _, TryFutureExt as _};
use serde_json::{Map, Value, json};

use super::{REGISTERED, UpdateService};
use crate::aws::ecs_write::{self, ServiceUpdate};
use crate::platform::{Revision, Service, TroubleKind};
use crate::run::action::deployment::{AWAITED, Awaited};
use crate::run::action::lost::{LOST, Looks};
use crate::run::action::service::Basis;
use crate::run::action::{Context, Done};
use crate::run::past::StepPast;
use crate::run::scribe::{is_uncertain, was_uncertain};
use crate::run::{Answer, Halt, Scribe, View, Work};

const OPERATION: &str = "ecs:UpdateService";
/// How often a throttled request is sent again; a throttled one has not been carried out.
const THROTTLED: u32 = 5;

const AS_IT_WAS: &str = "it is as it was";

/// What comes back to what was before.
enum Back {
    /// Nothing has to be sent, and why.
    Needless(&'static str),
    By(Box<UpdateService>),
}

impl UpdateService {
    pub(in crate::run::action) async fn apply(&self, work: &mut Work<'_>) -> Result<Done, Halt> {
        if self.registered {
            let number =
                work.outputs.get("registered.revision").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
            let Some(number) = number else { return Err(Halt::failed("no step registered a revision")) };
            return self.with_revision(number).carry_out(work).await;
        }
        self.carry_out(work).await
    }

    fn with_revision(&self, number: u32) -> UpdateService {
        UpdateService { task_definition: Some(number), registered: false, ..self.clone() }
    }

    async fn carry_out(&self, work: &mut Work<'_>) -> Result<Done, Halt> {
        let Work { context, scribe, view, outputs, past } = work;
        let basis: Basis = view.basis()?;
        let mut now = self.place.look_to_change(context).await?;
        if let Some(last) = past.asked.iter().rfind(|asked| asked.operation == OPERATION) {
            match &last.answer {
                Some(Answer::Accepted { details } | Answer::Found { details }) => return Ok(self.done(details)),
                answer if was_uncertain(answer.as_ref()) => {
                    if let Some(done) = self.look_for_effect(context, scribe, &basis).await? {
                        return Ok(done);
                    }
                    now = self.place.look_to_change(context).await?;
                }
                _ => {}
            }
        } else if self.is_so(&now, &basis) && !self.force_new_deployment {
            return Ok(Done::unneeded("it is so already").with("deployment", Basis::of(&now).deployment));
        }
        let seen = Basis::of(&now);
        if seen != basis && !own_bounds_did_it(outputs, &basis, &seen) {
            return Err(Halt::stale(format!(
                "since the plan was made {}: nothing was sent; look at the new plan",
                basis.difference(&seen)
            )));
        }
        self.send(context, scribe, outputs, &basis, seen).await
    }

    async fn send(
        &self,
        context: &Context,
        scribe: &mut Scribe<'_>,
        outputs: &Map<String, Value>,
        basis: &Basis,
        mut seen: Basis,
    ) -> Result<Done, Halt> {
        let family = seen.revision.split(':').next().unwrap_or_default();
        let update = ServiceUpdate {
            desired: self.desired_count,
            task_definition: self.task_definition.map(|number| format!("{family}:{number}")),
            force: self.force_new_deployment,
        };
        let pause = |number: u32| Duration::from_secs(1 << number).mul_f64(1.0 + fastrand::f64());
        let mut pauses = (0..THROTTLED).map(pause);
        loop {
            scribe.request(OPERATION, parameters(&update), json!(seen))?;
            let trouble =
                match ecs_write::update_service(&context.clients, &self.place.cluster, &self.place.name, &update).await
                {
                    Ok(service) => {
                        let details = self.details(&seen, &Basis::of(&service));
                        scribe.accepted(OPERATION, details.clone())?;
                        return Ok(self.done(&details));
                    }
                    Err(trouble) => trouble,
                };
            scribe.trouble(OPERATION, &trouble)?;
            if trouble.kind == TroubleKind::Throttled
                && let Some(now) = self.look_again(context, scribe, &mut pauses).await?
            {
                if now != seen && !own_bounds_did_it(outputs, basis, &now) {
                    return Err(Halt::stale(format!(
                        "while AWS throttled the request {}: it was not sent again; look at the new plan",
                        seen.difference(&now)
                    )));
                }
                seen = now;
                continue;
            }
            if !is_uncertain(&trouble) {
                return Err(trouble.into());
            }
            if let Some(done) = self.look_for_effect(context, scribe, basis).await? {
                return Ok(done);
            }
            return Err(Halt::from(trouble).and(LOST));
        }
    }

    /// The service as it is when a throttled request may be sent again; `None` if it was tried often enough.
    async fn look_again(
        &self,
        context: &Context,
        scribe: &mut Scribe<'_>,
        pauses: &mut impl Iterator<Item = Duration>,
    ) -> Result<Option<Basis>, Halt> {
        for pause in pauses {
            context.rest(scribe, pause).await?;
            match self.place.look_to_change(context).await {
                Ok(service) => return Ok(Some(Basis::of(&service))),
                Err(halt) if halt.passes => scribe.progress(&format!("AWS does not answer: {}", halt.words), None)?,
                Err(halt) => return Err(halt),
            }
        }
        Ok(None)
    }

    /// Looks a few times whether a request whose answer nobody heard was carried out.
    async fn look_for_effect(
        &self,
        context: &Context,
        scribe: &mut Scribe<'_>,
        basis: &Basis,
    ) -> Result<Option<Done>, Halt> {
        let look = || {
            let now = self.place.look_to_change(context);
            now.map_ok(|now| self.is_so(&now, basis).then(|| json!(Basis::of(&now)))).boxed()
        };
        let Some(details) = Looks::FEW.find(context, scribe, LOST, look).await? else { return Ok(None) };
        scribe.found(OPERATION, details.clone())?;
        Ok(Some(self.done(&details)))
    }

    /// The service is as this step wants it.
    fn is_so(&self, now: &Service, basis: &Basis) -> bool {
        self.desired_count.is_none_or(|count| now.desired == count)
            && self.task_definition.is_none_or(|number| now.revision.number == Some(number))
            && (!self.force_new_deployment || Basis::of(now).deployment != basis.deployment)
    }

    /// What ECS answered, for the journal. The answer can be older than the request: the deployment that it shows
    /// is then the one from before, and that of this run is still awaited.
    fn details(&self, before: &Basis, answered: &Basis) -> Value {
        let mut details = json!(answered);
        if self.makes_a_deployment(before) && answered.deployment == before.deployment {
            let awaited = Awaited { after: answered.deployment.clone(), revision: self.task_definition };
            details[AWAITED] = json!(awaited);
        }
        details
    }

    fn done(&self, details: &Value) -> Done {
        let seen: Basis = serde_json::from_value(details.clone()).unwrap_or_default();
        let awaited = details.get(AWAITED);
        let mut parts = Vec::new();
        if let Some(count) = self.desired_count {
            parts.push(format!("desired count is {count}"));
        }
        if awaited.is_some() {
            parts.push(format!("{} is asked for; ECS does not show its deployment yet", self.wanted(&seen)));
        } else if self.task_definition.is_some() || self.force_new_deployment {
            parts.push(format!("{} is being deployed ({})", seen.revision, seen.deployment));
        }
        let done = Done::new(parts.join(", ")).with("deployment", seen.deployment).with("desired", seen.desired);
        match awaited {
            Some(awaited) => done.with(AWAITED, awaited.clone()),
            None => done,
        }
    }

    /// ECS makes a deployment of it, and does not only change the number of tasks of the one that is there.
    fn makes_a_deployment(&self, before: &Basis) -> bool {
        let runs = Revision::parse(&before.revision).number;
        self.force_new_deployment || self.task_definition.is_some_and(|number| runs != Some(number))
    }

    /// `family:7`.
    fn wanted(&self, seen: &Basis) -> String {
        let family = seen.revision.split(':').next().unwrap_or_default();
        self.task_definition.map_or_else(|| seen.revision.clone(), |number| format!("{family}:{number}"))
    }

    /// Puts back what was there, if what is there is what this run made.
    pub(in crate::run::action) async fn undo(&self, work: &mut Work<'_>) -> Result<String, Halt> {
        match self.as_sent(work.past) {
            Some(sent) => sent.put_back(work).await,
            None => Ok("nothing had been deployed".to_owned()),
        }
    }

    /// Why there is nothing to put back as the service is now; `None` if there is something. Only reads.
    ///
    /// # Errors
    /// If it is no longer as the run left it.
    pub(in crate::run::action) async fn look_back(
        &self,
        context: &Context,
        view: &View,
        past: &StepPast,
    ) -> Result<Option<&'static str>, Halt> {
        let Some(sent) = self.as_sent(past) else { return Ok(None) };
        let now = sent.place.look_to_change(context).await?;
        Ok(match sent.back(&view.basis()?, &now, false)? {
            Back::Needless(words) => Some(words),
            Back::By(_) => None,
        })
    }

    /// Names the revision that was registered, in what was planned before it had a number.
    pub(in crate::run::action) fn name_registered(&self, view: &mut View, past: &StepPast) {
        if let Ok(before) = view.basis::<Basis>()
            && let Some(sent) = self.as_sent(past)
        {
            let wanted = sent.wanted(&before);
            let nameless = view.changes.iter_mut().filter(|change| change.after == REGISTERED);
            nameless.for_each(|change| change.after.clone_from(&wanted));
        }
    }

    /// With the revision that was registered, as the request named it; `None` if there was none.
    fn as_sent(&self, past: &StepPast) -> Option<UpdateService> {
        if !self.registered {
            return Some(self.clone());
        }
        let sent = past.asked.last()?.parameters.get("taskDefinition")?.as_str()?;
        Some(self.with_revision(Revision::parse(sent).number?))
    }

    /// The way back from how the service is now. `under_way`: it was sent already, and may have come halfway.
    fn back(&self, before: &Basis, now: &Service, under_way: bool) -> Result<Back, Halt> {
        let back = UpdateService {
            place: self.place.clone(),
            desired_count: self.desired_count.map(|_| before.desired),
            task_definition: self.task_definition.and(before.revision.rsplit(':').next()).and_then(|n| n.parse().ok()),
            ..UpdateService::default()
        };
        if back.desired_count.is_none() && back.task_definition.is_none() {
            return Ok(Back::Needless("fresh tasks stay: there is nothing to put back"));
        }
        if back.is_so(now, before) {
            return Ok(Back::Needless(AS_IT_WAS));
        }
        if !under_way && !self.is_so(now, before) {
            let seen = Basis::of(now);
            return Err(Halt::stale(format!(
                "it is no longer as this run left it ({} tasks of {}): not put back, somebody else has changed it",
                seen.desired, seen.revision
            )));
        }
        Ok(Back::By(Box::new(back)))
    }

    async fn put_back(&self, work: &mut Work<'_>) -> Result<String, Halt> {
        let Work { context, scribe, view, outputs, past } = work;
        let before: Basis = view.basis()?;
        let now = self.place.look_to_change(context).await?;
        let back = match self.back(&before, &now, !past.undoing.is_empty())? {
            Back::By(back) => back,
            Back::Needless(words) => {
                let lost = past.undoing.last().is_some_and(|asked| was_uncertain(asked.answer.as_ref()));
                if lost && words == AS_IT_WAS {
                    scribe.found(OPERATION, json!(Basis::of(&now)))?;
                }
                return Ok(words.to_owned());
            }
        };
        back.send(context, scribe, outputs, &before, Basis::of(&now)).await.map(|done| done.words)
    }
}

fn parameters(update: &ServiceUpdate) -> Value {
    let mut parameters = Map::new();
    if let Some(count) = update.desired {
        parameters.insert("desiredCount".to_owned(), count.into());
    }
    if let Some(definition) = &update.task_definition {
        parameters.insert("taskDefinition".to_owned(), definition.clone().into());
    }
    if update.force {
        parameters.insert("forceNewDeployment".to_owned(), true.into());
    }
    Value::Object(parameters)
}

/// An earlier step of this run moved auto scaling's bounds, and auto scaling moved the number into them.
fn own_bounds_did_it(outputs: &Map<String, Value>, basis: &Basis, seen: &Basis) -> bool {
    let bound = |name: &str| outputs.get(name).and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
    match (bound("bounds-min"), bound("bounds-max")) {
        (Some(min), Some(max)) if min <= max => {
            *seen == Basis { desired: basis.desired.clamp(min, max), ..basis.clone() }
        }
        _ => false,
    }
}
