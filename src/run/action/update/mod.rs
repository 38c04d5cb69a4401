//! `ecs.update-service`: desired count, revision, fresh tasks. Only what is given is sent.

mod apply;
mod warnings;

use std::fmt::Write as _;

use futures::future::join;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::service::{Basis, Place};
use super::{Context, preview};
use crate::aws::ecs_write::Controls;
use crate::aws::task_definition::describe_task_definition;
use crate::platform::text::shell_word;
use crate::platform::{Definition, Service};
use crate::run::plan::Change;
use crate::run::{Halt, Seen, View};

pub(super) use warnings::OUTAGE;

/// Seconds that a Fargate task takes from request to healthy.
pub(super) const TASK_STARTS: u64 = 90;

/// The revision that has no number yet.
const REGISTERED: &str = "the revision that this run registers";

/// What is to change; at least one of the three.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct UpdateService {
    /// Which service.
    #[serde(flatten)]
    pub place: Place,
    /// Tasks wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub desired_count: Option<u32>,
    /// A revision's number in the service's family.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_definition: Option<u32>,
    /// The revision that an earlier step of the run registered.
    #[serde(default)]
    pub registered: bool,
    /// Fresh tasks although nothing changes.
    #[serde(default)]
    pub force_new_deployment: bool,
    /// Where an earlier step of the run will have moved auto scaling's bounds.
    #[serde(default, skip_serializing_if = "Moved::is_nowhere")]
    pub moved: Moved,
}

/// Auto scaling's bounds, as far as a run moves them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// Fewest tasks.
    pub min: Option<u32>,
    /// Most tasks.
    pub max: Option<u32>,
}

impl Moved {
    fn is_nowhere(&self) -> bool {
        *self == Moved::default()
    }
}

impl UpdateService {
    pub(super) async fn plan(&self, context: &Context, seen: &Seen) -> Result<View, Halt> {
        let (service, controls) = self.place.look_to_plan(context).await?;
        let wanted = match self.task_definition {
            Some(number) => Some(preview::revision(context, &service, number).await?),
            None => None,
        };
        let mut view = self.plan_on(context, &service, &controls, wanted.as_ref()).await?;
        view.warnings.extend(self.load_on_fewer(context, &service, &seen.picture));
        Ok(view)
    }

    /// … on a service that was looked at, and the revision that is wanted, which was asked for.
    pub(super) async fn plan_on(
        &self,
        context: &Context,
        service: &Service,
        controls: &Controls,
        wanted: Option<&Definition>,
    ) -> Result<View, Halt> {
        self.refuse_what_ecs_would(service, controls)?;
        let basis = Basis::of(service);
        let count = self.desired_count.unwrap_or(service.desired);
        let running = async {
            let is_needed = wanted.is_some() || count != service.desired;
            if is_needed { Some(describe_task_definition(&context.clients, &basis.revision).await) } else { None }
        };
        let (scaling, running) = join(self.place.scaling(context), running).await;
        let scaling = scaling?;
        let mut view = View { basis: json!(basis), ..View::default() };
        if let Some(count) = self.desired_count {
            view.changes.push(Change::of("desired count", service.desired, count));
        }
        if let Some(running) = running {
            if let Some(wanted) = wanted {
                view.changes.push(Change::of("task definition", &basis.revision, wanted.revision.name()));
                preview::compare(&basis.revision, &running, wanted, &mut view)?;
            }
            view.facts.extend(preview::cost(&context.platform.prices, service.desired, count, &running, wanted));
        }
        if self.registered {
            view.changes.push(Change::of("task definition", &basis.revision, REGISTERED));
        }
        if self.force_new_deployment {
            view.changes.push(Change::of("tasks", "as they run", "all replaced by fresh ones"));
        }
        view.warnings.extend(self.warnings(service, scaling.as_ref()));
        // ECS takes a moment; what is so already is not sent.
        view.expected_seconds = if view.changes_something() { 2 } else { 0 };
        view.undo = Some(match (self.desired_count, wanted.is_some() || self.registered) {
            (Some(_), false) => format!("set the desired count back to {}", service.desired),
            (None, true) => format!("go back to {}", basis.revision),
            (Some(_), true) => format!("go back to {} tasks of {}", service.desired, basis.revision),
            (None, false) => "fresh tasks can't be made old again; nothing else changes".to_owned(),
        });
        view.command = Some(self.command(&service.revision.family));
        Ok(view)
    }

    fn refuse_what_ecs_would(&self, service: &Service, controls: &Controls) -> Result<(), Halt> {
        let name = &self.place.name;
        if let Some(other) = service.controller.other() {
            return Err(Halt::refused(format!(
                "service {name} is deployed by {other}: change it there, ECS refuses it here"
            )));
        }
        if controls.is_daemon && self.desired_count.is_some() {
            return Err(Halt::refused(format!(
                "service {name} is a DAEMON: it runs one task on each instance, and has no desired count"
            )));
        }
        Ok(())
    }

    fn command(&self, family: &str) -> String {
        let mut command = format!("aws ecs update-service {}", self.place.flags());
        if let Some(count) = self.desired_count {
            let _ = write!(command, " --desired-count {count}");
        }
        if let Some(number) = self.task_definition {
            let _ = write!(command, " --task-definition {}", shell_word(&format!("{family}:{number}")));
        }
        if self.registered {
            // A revision is never "the newest one": empty, it is refused by the shell.
            command.push_str(" --task-definition \"${REVISION:?the one that was registered before}\"");
        }
        if self.force_new_deployment {
            command.push_str(" --force-new-deployment");
        }
        command
    }

    /// Its undo stops every task.
    pub(super) fn undo_is_an_outage(&self, view: &View) -> bool {
        self.desired_count.is_some() && view.basis::<Basis>().is_ok_and(|before| before.desired == 0)
    }

    /// Its undo brings back the revision that ran, or the number of tasks that did.
    pub(in crate::run::action) fn undo_goes_back_to_what_served(&self) -> bool {
        self.registered || self.task_definition.is_some() || self.desired_count.is_some()
    }
}
