//! What a run is on: the service, the database or the cache, of the account that the platform names.

use std::fmt::Write as _;

use crate::platform::text::{nearest, printable};
use crate::platform::{DatabaseSpec, Identity, ServiceSpec};
use crate::run::{Context, Halt};
use crate::runbook::{Block, Runbook};

/// What a run has to itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum On {
    Service,
    Database,
    Cache,
}

impl On {
    /// Where all of its steps are; they are on a service if they are not all in one place.
    pub(super) fn of(runbook: &Runbook) -> On {
        let first = runbook.steps.first().map_or(On::Service, |step| On::block(&step.block));
        if runbook.steps.iter().all(|step| On::block(&step.block) == first) { first } else { On::Service }
    }

    /// Where a step is.
    pub(super) fn block(block: &Block) -> On {
        match block {
            Block::Action(call) if call.action.name == "vacuum" => On::Database,
            Block::Action(call) if call.action.name.starts_with("database.") => On::Database,
            Block::Sql(_) => On::Database,
            Block::Redis(_) => On::Cache,
            Block::Action(_) | Block::Sh(_) => On::Service,
        }
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
        (Some(name), _) => match services.iter().filter(|s| s.is_called(name)).collect::<Vec<_>>().as_slice() {
            [one] => Ok(one),
            [] => Err(unknown("service", name, services.iter().map(|s| s.name.as_str()))),
            // Nobody changes the wrong one of two.
            several => {
                let names: Vec<String> = several.iter().map(|s| s.path()).collect();
                Err(Halt::refused(format!("which {}? --service {}", printable(name), names.join(" or "))))
            }
        },
        (None, [only]) => Ok(only),
        (None, []) => Err(Halt::refused("the platform file names no service")),
        (None, several) => {
            let unique = |one: &ServiceSpec| several.iter().filter(|s| s.name == one.name).count() == 1;
            let names = several.iter().map(|s| if unique(s) { s.name.clone() } else { s.path() });
            Err(Halt::refused(format!("which service? --service {}", names.collect::<Vec<_>>().join(" or "))))
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::run::tests::world;

    #[tokio::test(start_paused = true)]
    async fn of_two_services_with_one_name_nobody_changes_the_wrong_one() {
        let (_host, mut context) = world();
        let platform = Arc::make_mut(&mut context.platform);
        platform.services.push(ServiceSpec { cluster: "staging".to_owned(), ..platform.services[0].clone() });
        let found = |name| find_service(&context, name).map(ServiceSpec::path).map_err(|halt| halt.words);
        let both = "which analytics-api? --service analytics-production/analytics-api or staging/analytics-api";
        assert_eq!(found(Some("analytics-api")), Err(both.to_owned()));
        assert_eq!(found(Some("staging/analytics-api")), Ok("staging/analytics-api".to_owned()));
        assert!(found(Some("stagin/analytics-api")).is_err());
        let either = found(None).unwrap_err();
        assert!(either.ends_with("analytics-production/analytics-api or staging/analytics-api"), "{either}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_missing_says_of_which_service() {
        let (_host, mut context) = world();
        let text = "# T\n\n```toml runbook\ndanger = \"safe\"\n[param.to]\nask = \"Back to which?\"\ntype = \"revision\"\n```\n\n\
                    ## S\n\n```toml ecs.rollback\nto = \"{{ to }}\"\n```\n";
        let runbook = crate::runbook::read(text, "t.md").unwrap_or_else(|errors| panic!("{errors}"));
        let answers = std::collections::BTreeMap::new();
        let name = Some("analytics-production/analytics-api");
        let wish = crate::run::Wish { runbook: &runbook, answers: &answers, service: name, database: None };
        let refused = |context: Context| async move { crate::run::Plan::make(&context, wish).await.unwrap_err().words };
        assert_eq!(refused(context.clone()).await, "--to is missing: Back to which?");
        let platform = Arc::make_mut(&mut context.platform);
        platform.services.push(ServiceSpec { cluster: "staging".to_owned(), ..platform.services[0].clone() });
        let said = "--to is missing: Back to which? (service analytics-production/analytics-api)";
        assert_eq!(refused(context).await, said);
    }
}
