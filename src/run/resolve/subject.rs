//! What a run is on: the service, the database or the cache, of the account that the platform names.

use std::fmt::Write as _;

use crate::platform::text::{nearest, printable};
use crate::platform::{DatabaseSpec, Identity, ServiceSpec};
use crate::run::{Context, Halt};
use crate::runbook::{Block, Runbook};

/// What a run has to itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum On {
    Service,
    Database,
    Cache,
}

impl On {
    /// Where all of its steps are; they are on a service if they are not all in one place.
    pub(super) fn of(runbook: &Runbook) -> On {
        let on = |block: &Block| match block {
            Block::Action(call) if call.action.name == "vacuum" => On::Database,
            Block::Action(call) if call.action.name.starts_with("database.") => On::Database,
            Block::Sql(_) => On::Database,
            Block::Redis(_) => On::Cache,
            Block::Action(_) | Block::Sh(_) => On::Service,
        };
        let first = runbook.steps.first().map_or(On::Service, |step| on(&step.block));
        if runbook.steps.iter().all(|step| on(&step.block) == first) { first } else { On::Service }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            On::Service => "service",
            On::Database => "database",
            On::Cache => "cache",
        }
    }
}

pub(in crate::run) fn find_service<'c>(context: &'c Context, name: Option<&str>) -> Result<&'c ServiceSpec, Halt> {
    let services = &context.platform.services;
    match (name, services.as_slice()) {
        (Some(name), _) => services
            .iter()
            .find(|s| s.name == name)
            .ok_or_else(|| unknown("service", name, services.iter().map(|s| s.name.as_str()))),
        (None, [only]) => Ok(only),
        (None, []) => Err(Halt::refused("the platform file names no service")),
        (None, several) => {
            let names: Vec<&str> = several.iter().map(|s| s.name.as_str()).collect();
            Err(Halt::refused(format!("which service? --service {}", names.join(" or "))))
        }
    }
}

pub(in crate::run) fn find_database<'c>(
    context: &'c Context,
    id: Option<&str>,
) -> Result<Option<&'c DatabaseSpec>, Halt> {
    let databases = &context.platform.databases;
    match id {
        Some(id) => databases
            .iter()
            .find(|d| d.id == id)
            .map(Some)
            .ok_or_else(|| unknown("database", id, databases.iter().map(|d| d.id.as_str()))),
        None => Ok(databases.first()),
    }
}

fn unknown<'n>(what: &str, name: &str, known: impl Iterator<Item = &'n str> + Clone) -> Halt {
    let mut words = format!("the platform file names no {what} \"{}\"", printable(name));
    if let Some(near) = nearest(name, known) {
        let _ = write!(words, "; did you mean \"{near}\"?");
    }
    Halt::refused(words)
}

/// Nobody changes the wrong platform.
pub(super) fn check_account(context: &Context, identity: &Identity) -> Result<(), Halt> {
    match &context.platform.account {
        Some(account) if *account != identity.account => Err(Halt::refused(format!(
            "the platform is account {account}, and these credentials ({}) are of account {}",
            identity.arn, identity.account
        ))),
        _ => Ok(()),
    }
}
