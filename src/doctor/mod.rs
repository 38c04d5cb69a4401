//! Whether this machine and these credentials can do the job, check by check.
//!
//! Reads only, and ends within [`DEADLINE`] even if the endpoint accepts and never answers.

mod account;
mod here;
mod probe;
mod show;

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::time::timeout;

use crate::aws::{Clients, Connection};
use crate::clock::Clock;
use crate::platform::{Picture, Platform, Trouble};
use crate::watch;

/// The longest that questions to the network may take, all together.
pub const DEADLINE: Duration = Duration::from_secs(12);

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// As it should be.
    Ok,
    /// Worth knowing; it is neither good nor bad.
    Note,
    /// Something will not work, but the dashboard does.
    Warn,
    /// The dashboard will show holes, or nothing.
    Fail,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// The heading it stands under.
    pub group: &'static str,
    /// What was looked at.
    pub what: String,
    /// How it came out.
    pub outcome: Outcome,
    /// What was found.
    pub found: String,
    /// What to do now, if there is something.
    pub remedy: Option<String>,
}

impl Check {
    fn new(group: &'static str, what: impl Into<String>, outcome: Outcome, found: impl Into<String>) -> Check {
        Check { group, what: what.into(), outcome, found: found.into(), remedy: None }
    }

    fn remedy(mut self, remedy: impl Into<String>) -> Check {
        self.remedy = Some(remedy.into());
        self
    }

    /// A check that a question to AWS failed.
    fn trouble(group: &'static str, what: impl Into<String>, outcome: Outcome, trouble: &Trouble) -> Check {
        let found = format!("{} ({})", trouble.why, trouble.operation);
        Check { remedy: trouble.remedy.clone(), ..Check::new(group, what, outcome, found) }
    }
}

/// All checks, in the order in which to mend things.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Each check.
    pub checks: Vec<Check>,
}

impl Report {
    /// Something must be mended.
    pub fn failed(&self) -> bool {
        self.checks.iter().any(|check| check.outcome == Outcome::Fail)
    }
}

/// Makes every check. `file` is where the platform file is, or what is wrong with it; without a
/// platform, what does not depend on it is checked all the same.
pub async fn examine(file: Result<String, String>, platform: Option<&Platform>, connection: &Connection) -> Report {
    let nothing = Platform::default();
    let described = platform.unwrap_or(&nothing);
    let mut checks = vec![match file {
        Ok(path) => Check::new("configuration", "platform file", Outcome::Ok, path),
        Err(message) => Check::new("configuration", "platform file", Outcome::Fail, message),
    }];
    let (seen, pages, container) =
        tokio::join!(timeout(DEADLINE, ask(described, connection)), here::pages(described), here::container());
    match seen {
        Ok(seen) => checks.extend(account::checks(described, &seen)),
        Err(_) => checks.extend([
            Check::new("AWS", "endpoint", Outcome::Fail, format!("no answer within {} s", DEADLINE.as_secs()))
                .remedy("check the network, the proxy and AWS_ENDPOINT_URL"),
            account::nothing_heard(),
        ]),
    }
    checks.extend(pages);
    checks.push(container);
    checks.extend(here::tools(std::env::var_os("PATH").as_deref()));
    let size = terminal_size::terminal_size().map(|(width, height)| (width.0, height.0));
    checks.extend(here::terminal(|name| std::env::var(name).ok().filter(|value| !value.is_empty()), size));
    Report { checks }
}

/// What AWS said.
struct Seen {
    region: Option<String>,
    profile: Option<String>,
    picture: Picture,
    /// The questions that the watch never asks: each operation, and its trouble if it has one.
    beside: Vec<(&'static str, Option<Trouble>)>,
}

async fn ask(platform: &Platform, connection: &Connection) -> Seen {
    let clients = Clients::connect(connection).await;
    let platform = Arc::new(platform.clone());
    let clock = Clock::system();
    let (mut picture, beside) = tokio::join!(watch::once(&platform, &clients, &clock), probe::probe(&clients));
    picture.clock_skew = clients.clock_skew().or(picture.clock_skew);
    Seen { region: clients.region().map(str::to_owned), profile: clients.profile().map(str::to_owned), picture, beside }
}
