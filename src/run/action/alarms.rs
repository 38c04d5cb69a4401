//! `check.alarms`: whether alarms fire that would stop or confuse what follows.

use serde::{Deserialize, Serialize};

use super::{Context, Done};
use crate::aws::alarms::describe_alarms;
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
}

impl CheckAlarms {
    /// The names of the alarms that fire, of those that the platform counts on; of all, if it names none.
    async fn firing(&self, context: &Context) -> Result<Vec<String>, Halt> {
        let expected = &context.platform.alarms;
        let alarms = describe_alarms(&context.clients).await?;
        let ours = |name: &str| expected.is_empty() || expected.iter().any(|alarm| alarm.name == name);
        let firing = alarms.into_iter().filter(|alarm| alarm.state == AlarmState::Alarm && ours(&alarm.name));
        let firing: Vec<String> = firing.map(|alarm| printable(&alarm.name).into_owned()).collect();
        if self.stop_when_firing && !firing.is_empty() {
            return Err(Halt::refused(format!("alarms are firing: {}", firing.join(", "))));
        }
        Ok(firing)
    }

    pub(super) async fn plan(&self, context: &Context) -> Result<View, Halt> {
        let firing = self.firing(context).await?;
        let mut view = View { expected_seconds: 1, ..View::default() };
        if firing.is_empty() {
            view.facts.push("no alarm is firing".to_owned());
        } else {
            view.warnings.push(format!("alarms are firing: {}", firing.join(", ")));
        }
        Ok(view)
    }

    pub(super) async fn apply(&self, work: &mut Work<'_>) -> Result<Done, Halt> {
        let firing = self.firing(work.context).await?;
        Ok(Done::new(if firing.is_empty() {
            "no alarm is firing".to_owned()
        } else {
            format!("firing: {}", firing.join(", "))
        }))
    }
}
