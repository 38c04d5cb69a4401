//! `check.alarms`: whether alarms fire that would stop or confuse what follows.

use serde::{Deserialize, Serialize};

use super::service::Place;
use super::{Context, Done};
use crate::aws::alarms::describe_alarms;
use crate::aws::ecs_write::describe_with_controls;
use crate::platform::AlarmState;
use crate::platform::text::printable;
use crate::run::{Halt, View, Work};

/// What a firing alarm does to the run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CheckAlarms {
    /// It ends it.
    #[serde(default)]
    pub stop_when_firing: bool,
    /// The service whose deployments alarms may end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// Alarms that fire.
struct Firing {
    /// Of those that the platform counts on; of all, if it names none.
    ours: Vec<String>,
    /// Of those that end the service's deployments.
    watching: Vec<String>,
}

impl CheckAlarms {
    async fn firing(&self, context: &Context) -> Result<Firing, Halt> {
        let expected = &context.platform.alarms;
        let firing = describe_alarms(&context.clients).await?;
        let firing: Vec<String> = firing
            .into_iter()
            .filter(|alarm| alarm.state == AlarmState::Alarm && context.platform.heeds(alarm))
            .map(|alarm| printable(&alarm.name).into_owned())
            .collect();
        let mut watching = match &self.place {
            Some(Place { cluster, name }) => describe_with_controls(&context.clients, cluster, name).await?.1.alarms,
            None => Vec::new(),
        };
        watching.retain(|name| firing.contains(name));
        let is_ours = |name: &String| expected.is_empty() || expected.iter().any(|alarm| alarm.name == *name);
        let ours: Vec<String> = firing.into_iter().filter(is_ours).collect();
        if self.stop_when_firing && !(ours.is_empty() && watching.is_empty()) {
            return Err(Halt::refused(format!("alarms are firing: {}", [ours, watching].concat().join(", "))));
        }
        Ok(Firing { ours, watching })
    }

    pub(super) async fn plan(&self, context: &Context) -> Result<View, Halt> {
        let Firing { ours, watching } = self.firing(context).await?;
        let mut view = View { expected_seconds: 1, ..View::default() };
        if ours.is_empty() && watching.is_empty() {
            view.facts.push("no alarm is firing".to_owned());
        }
        if !ours.is_empty() {
            view.warnings.push(format!("alarms are firing: {}", ours.join(", ")));
        }
        if !watching.is_empty() {
            // Documented so: a deployment that begins in an alarm may be the one that mends it.
            view.warnings.push(format!(
                "{} is to end bad deployments of the service and fires already: ECS ignores the service's alarms during a deployment that begins so, and only its circuit breaker ends a bad one",
                watching.join(", ")
            ));
        }
        Ok(view)
    }

    pub(super) async fn apply(&self, work: &mut Work<'_>) -> Result<Done, Halt> {
        let Firing { mut ours, watching } = self.firing(work.context).await?;
        ours.extend(watching);
        ours.sort();
        ours.dedup();
        Ok(Done::new(if ours.is_empty() {
            "no alarm is firing".to_owned()
        } else {
            format!("firing: {}", ours.join(", "))
        }))
    }
}
