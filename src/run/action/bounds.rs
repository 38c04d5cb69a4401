//! `scaling.set-bounds`: moves auto scaling's bounds, for good or until a time.

use futures::{FutureExt as _, TryFutureExt as _};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::lost::{LOST, Looks};
use super::service::Place;
use super::{Context, Done};
use crate::aws::autoscaling_write::register_scalable_target;
use crate::platform::Scaling;
use crate::platform::text::{date, duration, shell_word};
use crate::run::plan::Change;
use crate::run::scribe::{is_uncertain, was_uncertain};
use crate::run::{Answer, Halt, Held, Scribe, View, Work};

pub(super) const OUTAGE: &str = "auto scaling then stops every task: this is an outage";
const OPERATION: &str = "application-autoscaling:RegisterScalableTarget";

/// The bounds that are to be; at least one of the two.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetBounds {
    /// Which service's.
    #[serde(flatten)]
    pub place: Place,
    /// Fewest tasks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<u32>,
    /// Most tasks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<u32>,
    /// When the run moves them back by itself; it stays until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Bounds {
    min: u32,
    max: u32,
}

impl SetBounds {
    async fn look(&self, context: &Context) -> Result<Bounds, Halt> {
        match self.place.scaling(context).await? {
            Some(Scaling { min, max, .. }) => Ok(Bounds { min, max }),
            None => Err(Halt::refused(format!(
                "service {} has no scalable target: there are no bounds to move",
                self.place.name
            ))),
        }
    }

    fn wanted(&self, now: Bounds) -> Bounds {
        Bounds { min: self.min.unwrap_or(now.min), max: self.max.unwrap_or(now.max) }
    }

    pub(super) async fn plan(&self, context: &Context) -> Result<View, Halt> {
        let now = self.look(context).await?;
        let wanted = self.wanted(now);
        if wanted.min > wanted.max {
            return Err(Halt::refused(format!(
                "a minimum of {} is more than the maximum of {}: give both",
                wanted.min, wanted.max
            )));
        }
        let mut view = View { basis: json!(now), expected_seconds: 1, ..View::default() };
        if wanted.min != now.min {
            view.changes.push(Change::of("auto scaling's minimum", now.min, wanted.min));
        }
        if wanted.max != now.max {
            view.changes.push(Change::of("auto scaling's maximum", now.max, wanted.max));
        }
        if wanted.max == 0 && now.max > 0 {
            view.warnings.push(OUTAGE.to_owned());
        } else if wanted.min == 0 && now.min > 0 {
            view.warnings.push(
                "auto scaling may then stop the last task, and with none there is no CPU or memory to measure by which it would start one again".to_owned(),
            );
        }
        if let Some(until) = self.until {
            let left = until.duration_since(context.clock.now());
            view.facts.push(format!(
                "the run stays, and moves them back to {}–{} in {}, at {}, also if its process is killed",
                now.min,
                now.max,
                duration(left),
                date(until)
            ));
        }
        view.undo = Some(format!("move them back to {}–{}", now.min, now.max));
        let flag =
            |name: &str, bound: Option<u32>| bound.map(|n| format!(" --{name}-capacity {n}")).unwrap_or_default();
        view.command = Some(format!(
            "aws application-autoscaling register-scalable-target --service-namespace ecs --resource-id {} --scalable-dimension ecs:service:DesiredCount{}{}",
            shell_word(&format!("service/{}/{}", self.place.cluster, self.place.name)),
            flag("min", self.min),
            flag("max", self.max)
        ));
        Ok(view)
    }

    /// What it leaves behind if nobody is there when its time comes.
    pub(super) fn held(&self, view: &View) -> Option<Held> {
        let before: Bounds = view.basis().ok()?;
        let wanted = self.wanted(before);
        Some(Held {
            what: format!("bounds {}–{}", wanted.min, wanted.max),
            before: format!("{}–{}", before.min, before.max),
            until: self.until?,
        })
    }

    /// Its undo lets auto scaling stop every task.
    pub(super) fn undo_is_an_outage(&self, view: &View) -> bool {
        self.max.is_some() && view.basis::<Bounds>().is_ok_and(|before| before.max == 0)
    }

    pub(super) async fn apply(&self, work: &mut Work<'_>) -> Result<Done, Halt> {
        let Work { context, scribe, view, past, .. } = work;
        let basis: Bounds = view.basis()?;
        let wanted = self.wanted(basis);
        let now = self.look(context).await?;
        let last = past.asked.iter().rfind(|asked| asked.operation == OPERATION);
        if let Some(last) = last {
            if matches!(last.answer, Some(Answer::Accepted { .. } | Answer::Found { .. })) {
                return Ok(done(wanted));
            }
            if was_uncertain(last.answer.as_ref()) && now == wanted {
                scribe.found(OPERATION, json!(now))?;
                return Ok(done(wanted));
            }
        }
        if now == wanted {
            return Ok(Done::unneeded(format!("they are {}–{} already", now.min, now.max)));
        }
        if now != basis {
            return Err(Halt::stale(format!(
                "since the plan was made auto scaling's bounds were moved from {}–{} to {}–{}: nothing was sent",
                basis.min, basis.max, now.min, now.max
            )));
        }
        self.send(context, scribe, now, wanted).await?;
        Ok(done(wanted))
    }

    async fn send(&self, context: &Context, scribe: &mut Scribe<'_>, now: Bounds, wanted: Bounds) -> Result<(), Halt> {
        let (min, max) = ((wanted.min != now.min).then_some(wanted.min), (wanted.max != now.max).then_some(wanted.max));
        let mut parameters = Map::new();
        for (name, bound) in [("MinCapacity", min), ("MaxCapacity", max)] {
            if let Some(bound) = bound {
                parameters.insert(name.to_owned(), bound.into());
            }
        }
        scribe.request(OPERATION, Value::Object(parameters), json!(now))?;
        match register_scalable_target(&context.clients, &self.place.cluster, &self.place.name, min, max).await {
            Ok(()) => scribe.accepted(OPERATION, json!(wanted)),
            Err(trouble) => {
                scribe.trouble(OPERATION, &trouble)?;
                if !is_uncertain(&trouble) {
                    return Err(trouble.into());
                }
                let look = || self.look(context).map_ok(|now| (now == wanted).then_some(())).boxed();
                match Looks::FEW.find(context, scribe, LOST, look).await? {
                    Some(()) => scribe.found(OPERATION, json!(wanted)),
                    None => Err(Halt::from(trouble).and(LOST)),
                }
            }
        }
    }

    /// Why there is nothing to put back as the bounds are now; `None` if there is something. Only reads.
    ///
    /// # Errors
    /// If they are no longer as the run left them.
    pub(super) async fn look_back(&self, context: &Context, view: &View) -> Result<Option<&'static str>, Halt> {
        self.needless(view.basis()?, self.look(context).await?, false)
    }

    /// `under_way`: it was sent already.
    fn needless(&self, before: Bounds, now: Bounds, under_way: bool) -> Result<Option<&'static str>, Halt> {
        if now == before {
            return Ok(Some("they are as they were"));
        }
        if !under_way && now != self.wanted(before) {
            return Err(Halt::stale(format!(
                "auto scaling's bounds are no longer as this run left them ({}–{}): not moved back",
                now.min, now.max
            )));
        }
        Ok(None)
    }

    pub(super) async fn undo(&self, work: &mut Work<'_>) -> Result<String, Halt> {
        let Work { context, scribe, view, past, .. } = work;
        let before: Bounds = view.basis()?;
        let now = self.look(context).await?;
        if let Some(words) = self.needless(before, now, !past.undoing.is_empty())? {
            return Ok(words.to_owned());
        }
        self.send(context, scribe, now, before).await?;
        Ok(format!("they are {}–{} again", before.min, before.max))
    }
}

fn done(bounds: Bounds) -> Done {
    Done::new(format!("auto scaling keeps {} to {} tasks", bounds.min, bounds.max))
        .with("bounds-min", bounds.min)
        .with("bounds-max", bounds.max)
}
