//! `ecs.wait-steady`: follows the deployment that this run made, by its id, to whichever end it comes.

use std::fmt::Write as _;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::deployment::{AWAITED, Awaited, Followed, Verdict, unhealthy};
use super::service::{Basis, Place};
use super::update::TASK_STARTS;
use super::{Context, Done, last_lines};
use crate::aws::{task_definition, tasks};
use crate::platform::text::{duration, printable, shell_word};
use crate::platform::{Definition, Service, Task, Trouble, TroubleKind};
use crate::run::{Ending, Halt, Scribe, View, Work};

/// Between two looks.
const CADENCE: Duration = Duration::from_secs(5);
/// … when AWS does not answer.
const LONGEST: Duration = Duration::from_mins(1);
/// Stopped tasks are asked for at every so many looks.
const STOPPED_EVERY: u32 = 3;

/// How long to wait, and for whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct WaitSteady {
    /// Which service.
    #[serde(flatten)]
    pub place: Place,
    /// Seconds, after which the run ends and ECS goes on.
    pub timeout_seconds: u64,
}

impl WaitSteady {
    pub(super) async fn plan(&self, context: &Context) -> Result<View, Halt> {
        let service = self.place.look(context).await?;
        Ok(View {
            facts: vec![format!("waits at most {} for the deployment of this run", self.patience())],
            expected_seconds: TASK_STARTS,
            command: Some(format!(
                "aws ecs wait services-stable --cluster {} --services {}",
                shell_word(&self.place.cluster),
                shell_word(&self.place.name)
            )),
            basis: json!(Basis::of(&service)),
            ..View::default()
        })
    }

    fn patience(&self) -> String {
        duration(SignedDuration::from_secs(self.timeout_seconds as i64))
    }

    pub(super) async fn apply(&self, work: &mut Work<'_>) -> Result<Done, Halt> {
        let Work { context, scribe, view, outputs, .. } = work;
        let planned = view.basis::<Basis>()?.deployment;
        let id = outputs.get("deployment").and_then(Value::as_str).unwrap_or(&planned);
        let wanted = outputs.get("desired").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
        let mut followed = Followed::new(id, wanted);
        let awaited: Option<Awaited> =
            outputs.get(AWAITED).and_then(|awaited| serde_json::from_value(awaited.clone()).ok());
        followed.awaited = awaited.filter(|awaited| awaited.after == id);
        followed.only_number = id == planned && followed.awaited.is_none();
        let (began, started) = (context.clock.now(), Instant::now());
        let mut last = String::from("nothing was seen of it");
        let mut told = String::new();
        let (mut looks, mut troubles) = (0_u32, 0_u32);
        loop {
            scribe.hear()?;
            let elapsed = context.elapsed(started);
            let unheard = match self.look(context, &mut followed, looks, began, elapsed).await {
                Ok(Verdict::Over(ending, words)) => {
                    let by = followed.by.filter(|_| ending == Ending::Superseded);
                    return Err(Halt { by, ..Halt::new(ending, words) });
                }
                Ok(Verdict::Steady(words)) => return Ok(Done::new(words)),
                Ok(Verdict::Going { text, fraction, .. }) => {
                    troubles = 0;
                    looks += 1;
                    if let Some(log) = followed.failing_log().filter(|log| *log != told) {
                        log.clone_into(&mut told);
                        scribe.progress(&told, None)?;
                    }
                    scribe.progress(&text, fraction)?;
                    last = text;
                    None
                }
                Err(trouble) => {
                    troubles += 1;
                    survive(scribe, &trouble, &last)?;
                    Some(trouble)
                }
            };
            if elapsed.as_secs() >= self.timeout_seconds {
                let stands = match unheard {
                    Some(trouble) => {
                        format!("nobody can tell how it stands: AWS does not answer ({trouble}); last seen: {last}")
                    }
                    None => format!("it is still going: {last}"),
                };
                let words = format!("after {} {stands}; ECS goes on without this run", self.patience());
                return Err(Halt::new(Ending::TimedOut, followed.with_reasons(&words)));
            }
            let pause = CADENCE.saturating_mul(1 << troubles.min(6)).min(LONGEST);
            context.rest(scribe, pause.mul_f64(0.8 + 0.4 * fastrand::f64())).await?;
        }
    }

    async fn look(
        &self,
        context: &Context,
        followed: &mut Followed,
        looks: u32,
        began: Timestamp,
        elapsed: Duration,
    ) -> Result<Verdict, Trouble> {
        let service = self.place.look(context).await?;
        if looks.is_multiple_of(STOPPED_EVERY) || followed.has_more_failed_than_seen(&service) {
            self.look_at_stopped(context, followed, began).await?;
        }
        let mut verdict = followed.judge(&service, elapsed);
        if let Verdict::Over(ending, _) = &verdict
            && *ending != Ending::Superseded
            && (!followed.knows_why() || followed.wants_log_of().is_some())
            // The ending is certain; only its reasons are not.
            && self.look_at_stopped(context, followed, began).await.is_ok()
        {
            verdict = followed.judge(&service, elapsed);
        }
        if let Verdict::Over(Ending::Superseded, words) = &mut verdict
            && let Some(whose) = whose(context, followed, &service).await
        {
            words.push_str(&whose);
        }
        if let Verdict::Steady(text) = &verdict
            && let Some(why) = unhealthy(&self.tasks(context, false).await?)
        {
            return Ok(Verdict::Going { text: format!("{text}, {why}"), fraction: Some(1.0), waits: None });
        }
        if let Verdict::Going { text, waits: Some(waits), .. } = &mut verdict {
            // Where one of them is not answered it is told as far as the others tell it.
            if followed.checked.is_none() {
                let definition =
                    task_definition::describe_task_definition(&context.clients, &service.revision.name()).await;
                let is_checked =
                    |definition: Definition| definition.containers.iter().any(|c| c.health_check.is_some());
                followed.checked = definition.ok().map(is_checked);
                waits.checked = followed.checked.unwrap_or_default();
            }
            let tasks = self.tasks(context, false).await.unwrap_or_default();
            let _ = write!(text, "; {}", followed.awaits(*waits, &tasks, elapsed));
        }
        Ok(verdict)
    }

    /// Why tasks of the deployment stopped, and what the first failed one wrote.
    async fn look_at_stopped(
        &self,
        context: &Context,
        followed: &mut Followed,
        began: Timestamp,
    ) -> Result<(), Trouble> {
        let mut stopped = self.tasks(context, true).await?;
        // By AWS's clock: this machine's may be ahead of it.
        let skew = context.clients.clock_skew().unwrap_or_default();
        let from = began.checked_sub(skew).unwrap_or(began);
        stopped.retain(|task| task.stopped_at.is_none_or(|at| at >= from));
        followed.stopped(&stopped);
        if let Some(task) = followed.wants_log_of() {
            followed.logged(last_lines::of(context, &task).await);
        }
        Ok(())
    }

    async fn tasks(&self, context: &Context, stopped: bool) -> Result<Vec<Task>, Trouble> {
        let arns = tasks::list_tasks(&context.clients, &self.place.cluster, &self.place.name, stopped).await?;
        tasks::describe_tasks(&context.clients, &self.place.cluster, &arns).await
    }
}

/// Who registered what runs instead: the nearest that ECS comes to telling who deployed it.
async fn whose(context: &Context, followed: &Followed, service: &Service) -> Option<String> {
    let revision = &service.primary().filter(|primary| primary.id != followed.id)?.revision;
    revision.number?;
    let definition = task_definition::describe_task_definition(&context.clients, &revision.name()).await.ok()?;
    let arn = definition.registered_by?;
    let who = arn.splitn(6, ':').last().filter(|who| !who.is_empty())?;
    Some(format!("; {revision} was registered by {}", printable(who)))
}

/// A question that was not answered is asked again, except where no answer can come.
fn survive(scribe: &mut Scribe<'_>, trouble: &Trouble, last: &str) -> Result<(), Halt> {
    if matches!(trouble.kind, TroubleKind::Denied | TroubleKind::NotFound) {
        let words =
            format!("what ECS does can't be followed: {trouble}; last seen: {last}; ECS goes on without this run");
        return Err(Halt::new(Ending::FailedBefore, words));
    }
    scribe.progress(&format!("AWS does not answer, asking again: {trouble}; last seen: {last}"), None)
}
