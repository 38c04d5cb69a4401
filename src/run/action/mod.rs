//! What steps do. Each action has a `plan`, which only reads; an `apply`, which looks again before it
//! changes anything and can be taken up after a crash; and an `undo` where there is one.

mod alarms;
mod awaited;
mod blockers;
mod bounds;
mod build;
mod connections;
mod deployment;
mod health;
mod image;
mod last_lines;
mod lost;
mod once;
mod preview;
mod push;
mod redis;
pub(super) mod registry;
mod reply;
mod rollback;
mod server;
mod service;
mod shell;
mod sql;
mod tables;
mod update;
mod vacuum;
mod wait;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::past::StepPast;
use super::{Halt, Held, Scribe, Seen, StepOutcome, Store, View, Work};
use crate::aws::Clients;
use crate::clock::Clock;
use crate::platform::Platform;
use crate::runbook::Danger;

pub use alarms::CheckAlarms;
pub use blockers::ShowBlockers;
pub use bounds::SetBounds;
pub use build::BuildImage;
pub use connections::CheckConnections;
pub(super) use deployment::AWAITED;
pub use health::CheckHealth;
pub use image::{FindImage, RegisterImage};
pub use push::PushImage;
pub use redis::RunRedis;
pub use rollback::Rollback;
pub use service::Place;
pub use shell::RunScript;
pub use sql::{Part, RunSql, Statement};
pub use tables::ShowTables;
pub(super) use tables::table_line;
pub use update::{Moved, UpdateService};
pub use vacuum::VacuumTables;
pub use wait::WaitSteady;

/// How often who rests listens for commands.
const EAR: Duration = Duration::from_secs(1);

/// What a run works with.
#[derive(Clone)]
pub struct Context {
    /// What the file describes.
    pub platform: Arc<Platform>,
    /// AWS.
    pub clients: Clients,
    /// The present.
    pub clock: Clock,
    /// This machine's journals, where there are any: what ran before.
    pub store: Option<Store>,
}

impl Context {
    /// Where on this machine the account is simulated, if it is.
    pub fn simulated(&self) -> Option<String> {
        super::lock::simulated(self.clients.endpoint()?)
    }

    /// Sleeps this long by the run's own clock.
    pub(super) async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration.div_f64(self.clock.speed().max(f64::MIN_POSITIVE))).await;
    }

    /// … and hears commands meanwhile: a wish to stop ends it.
    pub(super) async fn rest(&self, scribe: &mut Scribe<'_>, duration: Duration) -> Result<(), Halt> {
        let mut left = duration;
        while !left.is_zero() {
            scribe.hear()?;
            let slice = left.min(EAR);
            self.sleep(slice).await;
            left -= slice;
        }
        scribe.hear()
    }

    /// How long ago that was by the run's own clock. Nobody sets this one back, or forward.
    pub(super) fn elapsed(&self, since: Instant) -> Duration {
        since.elapsed().mul_f64(self.clock.speed())
    }
}

/// What a step does, with all that it was given. Names and fields are those of the runbook.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", content = "fields")]
pub enum Action {
    /// Looks whether alarms fire.
    #[serde(rename = "check.alarms")]
    CheckAlarms(CheckAlarms),
    /// Looks whether the database has room for so many tasks.
    #[serde(rename = "check.connections")]
    CheckConnections(CheckConnections),
    /// Shows what holds vacuum back.
    #[serde(rename = "database.blockers")]
    ShowBlockers(ShowBlockers),
    /// Shows the tables that need vacuum most.
    #[serde(rename = "database.tables")]
    ShowTables(ShowTables),
    /// Registers a revision with another image.
    #[serde(rename = "ecs.register-image")]
    RegisterImage(RegisterImage),
    /// Puts a revision back.
    #[serde(rename = "ecs.rollback")]
    Rollback(Rollback),
    /// Changes a service.
    #[serde(rename = "ecs.update-service")]
    UpdateService(UpdateService),
    /// Waits for the deployment of this run.
    #[serde(rename = "ecs.wait-steady")]
    WaitSteady(WaitSteady),
    /// Asks the health URL.
    #[serde(rename = "http.check-health")]
    CheckHealth(CheckHealth),
    /// Builds an image on this machine.
    #[serde(rename = "image.build")]
    BuildImage(BuildImage),
    /// Finds an image in ECR.
    #[serde(rename = "image.find")]
    FindImage(FindImage),
    /// Pushes an image that was built.
    #[serde(rename = "image.push")]
    PushImage(PushImage),
    /// Moves auto scaling's bounds.
    #[serde(rename = "scaling.set-bounds")]
    SetBounds(SetBounds),
    /// Runs commands on the cache.
    #[serde(rename = "redis")]
    Redis(RunRedis),
    /// Runs a script on this machine.
    #[serde(rename = "sh")]
    Sh(RunScript),
    /// Runs statements on the database.
    #[serde(rename = "sql")]
    Sql(RunSql),
    /// Vacuums tables.
    #[serde(rename = "vacuum")]
    Vacuum(VacuumTables),
}

/// A step that is done.
#[derive(Clone, Debug, PartialEq)]
pub struct Done {
    /// [`StepOutcome::Done`], or [`StepOutcome::Unneeded`].
    pub outcome: StepOutcome,
    /// In a person's words.
    pub words: String,
    /// What later steps need of it.
    pub outputs: Map<String, Value>,
}

/// What a step gives that is done, but for so many things that it had to leave out, or as they were.
pub const LEFT_OUT: &str = "left-out";

impl Done {
    fn new(words: impl Into<String>) -> Done {
        Done { outcome: StepOutcome::Done, words: words.into(), outputs: Map::new() }
    }

    fn unneeded(words: impl Into<String>) -> Done {
        Done { outcome: StepOutcome::Unneeded, ..Done::new(words) }
    }

    fn with(mut self, name: &str, value: impl Into<Value>) -> Done {
        self.outputs.insert(name.to_owned(), value.into());
        self
    }
}

impl Action {
    /// Its name in runbooks.
    pub fn name(&self) -> &'static str {
        match self {
            Action::CheckAlarms(_) => "check.alarms",
            Action::CheckConnections(_) => "check.connections",
            Action::ShowBlockers(_) => "database.blockers",
            Action::ShowTables(_) => "database.tables",
            Action::RegisterImage(_) => "ecs.register-image",
            Action::Rollback(_) => "ecs.rollback",
            Action::CheckHealth(_) => "http.check-health",
            Action::BuildImage(_) => "image.build",
            Action::FindImage(_) => "image.find",
            Action::PushImage(_) => "image.push",
            Action::UpdateService(_) => "ecs.update-service",
            Action::WaitSteady(_) => "ecs.wait-steady",
            Action::SetBounds(_) => "scaling.set-bounds",
            Action::Redis(_) => "redis",
            Action::Sh(_) => "sh",
            Action::Sql(_) => "sql",
            Action::Vacuum(_) => "vacuum",
        }
    }

    /// What a step does sets a floor that no runbook can lower.
    pub(super) fn least_danger(&self, view: &View) -> Danger {
        match self {
            Action::UpdateService(action) if action.desired_count == Some(0) => Danger::Danger,
            Action::SetBounds(action) if action.max == Some(0) => Danger::Danger,
            Action::Vacuum(action) if action.full => Danger::Danger,
            Action::CheckConnections(_) if CheckConnections::is_short(view) => Danger::Danger,
            Action::Sql(_) | Action::Redis(_) | Action::Sh(_) if view.undo.is_some() => Danger::Caution,
            Action::UpdateService(_)
            | Action::SetBounds(_)
            | Action::Rollback(_)
            | Action::RegisterImage(_)
            | Action::PushImage(_)
            | Action::Vacuum(_) => Danger::Caution,
            _ => Danger::Safe,
        }
    }

    /// Users would be without service if it were taken back, in words: a floor under that plan's danger.
    pub(super) fn outage_of_undo(&self, view: &View) -> Option<&'static str> {
        match self {
            Action::UpdateService(action) if action.undo_is_an_outage(view) => Some(update::OUTAGE),
            Action::SetBounds(action) if action.undo_is_an_outage(view) => Some(bounds::OUTAGE),
            _ => None,
        }
    }

    /// To take it back is to come back to what served before, and nothing else: to the revision that ran, to as many
    /// tasks and to the bounds that there were. A step that changes nothing is no other way.
    pub(super) fn goes_back_to_what_served(&self) -> bool {
        match self {
            Action::UpdateService(action) => action.undo_goes_back_to_what_served(),
            Action::Rollback(_) | Action::Sql(_) | Action::Redis(_) | Action::Sh(_) | Action::Vacuum(_) => false,
            _ => true,
        }
    }

    /// When the run takes it back by itself.
    pub(super) fn until(&self) -> Option<Timestamp> {
        match self {
            Action::SetBounds(action) => action.until,
            _ => None,
        }
    }

    /// What it changed for a time only.
    pub(super) fn held(&self, view: &View) -> Option<Held> {
        match self {
            Action::SetBounds(action) => action.held(view),
            _ => None,
        }
    }

    /// What it would do now. Only reads.
    pub async fn plan(&self, context: &Context, seen: &Seen) -> Result<View, Halt> {
        match self {
            Action::CheckAlarms(action) => action.plan(context).await,
            Action::CheckConnections(action) => action.plan(context, &seen.picture),
            Action::ShowBlockers(action) => action.plan(context).await,
            Action::ShowTables(action) => action.plan(context).await,
            Action::RegisterImage(action) => action.plan(context, seen).await,
            Action::Rollback(action) => action.plan(context, seen).await,
            Action::CheckHealth(action) => Ok(action.plan()),
            Action::BuildImage(action) => action.plan(context, seen).await,
            Action::FindImage(action) => action.plan(context, seen).await,
            Action::PushImage(action) => action.plan(context, seen).await,
            Action::UpdateService(action) => action.plan(context, seen).await,
            Action::WaitSteady(action) => action.plan(context).await,
            Action::SetBounds(action) => action.plan(context).await,
            Action::Redis(action) => action.plan(context).await,
            Action::Sh(action) => action.plan(),
            Action::Sql(action) => action.plan(context).await,
            Action::Vacuum(action) => action.plan(context, &seen.picture).await,
        }
    }

    /// Does it, or finds that an earlier process of this run did.
    pub(super) async fn apply(&self, work: &mut Work<'_>) -> Result<Done, Halt> {
        match self {
            Action::CheckAlarms(action) => action.apply(work).await,
            Action::CheckConnections(action) => action.apply(work.context, work.view).await,
            Action::ShowBlockers(action) => action.apply(work).await,
            Action::ShowTables(action) => action.apply(work).await,
            Action::RegisterImage(action) => action.apply(work).await,
            Action::Rollback(action) => action.apply(work).await,
            Action::CheckHealth(action) => action.apply(work).await,
            Action::BuildImage(action) => action.apply(work).await,
            Action::FindImage(action) => action.apply(work).await,
            Action::PushImage(action) => action.apply(work).await,
            Action::UpdateService(action) => action.apply(work).await,
            Action::WaitSteady(action) => action.apply(work).await,
            Action::SetBounds(action) => action.apply(work).await,
            Action::Redis(action) => action.apply(work).await,
            Action::Sh(action) => action.apply(work).await,
            Action::Sql(action) => action.apply(work).await,
            Action::Vacuum(action) => action.apply(work).await,
        }
    }

    /// What no undo brings back, in words, if what it changes is of that kind.
    pub(super) fn stays(&self) -> Option<&'static str> {
        match self {
            Action::Redis(_) => Some(redis::STAYS),
            Action::Sh(_) => Some(shell::STAYS),
            Action::Sql(_) => Some(sql::STAYS),
            _ => None,
        }
    }

    /// It can change something, wherever that is; a block of its own language always may.
    pub(super) fn changes(&self) -> bool {
        crate::runbook::action(self.name()).is_none_or(|action| action.changes)
    }

    /// What nobody has to take back although it wrote something, in words, if that is all that it does.
    pub(super) fn needs_no_undo(&self) -> Option<&'static str> {
        match self {
            Action::RegisterImage(_) => Some("the new revision is left where it is; nothing runs it"),
            Action::PushImage(_) => Some("the image is left in ECR; no service runs it"),
            Action::Vacuum(_) => Some(vacuum::NO_UNDO),
            _ => None,
        }
    }

    /// Says what the plan could not: what came of the step, where that is what is taken back.
    pub(super) fn tell_what_was_made(&self, view: &mut View, past: &StepPast) {
        if let Action::UpdateService(action) = self {
            action.name_registered(view, past);
        }
    }

    /// Why there is nothing to put back of it as things are now; `None` if there is, or nobody can tell. Only reads.
    ///
    /// # Errors
    /// If things are no longer as the run left them.
    pub(super) async fn look_back(
        &self,
        context: &Context,
        view: &View,
        past: &StepPast,
    ) -> Result<Option<&'static str>, Halt> {
        match self {
            Action::UpdateService(action) => action.look_back(context, view, past).await,
            Action::SetBounds(action) => action.look_back(context, view).await,
            Action::Rollback(action) => action.update().look_back(context, view, past).await,
            _ => Ok(None),
        }
    }

    /// Takes it back; `None` if there is nothing to take back.
    pub(super) async fn undo(&self, work: &mut Work<'_>) -> Result<Option<String>, Halt> {
        match self {
            Action::UpdateService(action) => action.undo(work).await.map(Some),
            Action::SetBounds(action) => action.undo(work).await.map(Some),
            Action::Rollback(action) => action.undo(work).await.map(Some),
            Action::RegisterImage(_) | Action::Vacuum(_) | Action::PushImage(_) => {
                Ok(self.needs_no_undo().map(str::to_owned))
            }
            Action::Redis(_)
            | Action::Sh(_)
            | Action::Sql(_)
            | Action::BuildImage(_)
            | Action::CheckAlarms(_)
            | Action::ShowBlockers(_)
            | Action::ShowTables(_)
            | Action::CheckConnections(_)
            | Action::CheckHealth(_)
            | Action::FindImage(_)
            | Action::WaitSteady(_) => Ok(None),
        }
    }
}
