//! Whether this machine and these credentials can do the job, check by check.
//!
//! Reads only, and ends when [`watch::once`] does even if the endpoint accepts and never answers: what is not heard of by
//! then is a check that says so, and the others keep what they found.

mod account;
mod here;
mod probe;
mod show;

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use crate::aws::{self, Clients, Connection};
use crate::clock::Clock;
use crate::platform::{Picture, Platform, Trouble, skew};
use crate::watch;

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
        let (why, operation) = (&trouble.why, &trouble.operation);
        let found = if why.contains(operation) { why.clone() } else { format!("{why} ({operation})") };
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
    let asked = Box::pin(async { ask(described, &Clients::connect(connection).await).await });
    let (seen, pages, container) = tokio::join!(asked, here::pages(described), here::container());
    checks.extend(account::checks(described, &seen));
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
    /// No file of `~/.aws` has a line that can't be read.
    readable: bool,
    picture: Picture,
    at: Timestamp,
    /// The questions that the watch never asks: each operation, and its trouble if it has one.
    beside: Vec<(&'static str, Option<Trouble>)>,
}

async fn ask(platform: &Platform, clients: &Clients) -> Seen {
    let platform = Arc::new(platform.clone());
    let clock = Clock::system();
    let (mut picture, beside) = tokio::join!(watch::once(&platform, clients, &clock), probe::probe(clients, &clock));
    picture.clock_skew = clients.clock_skew().or(picture.clock_skew);
    Seen {
        region: clients.region().map(str::to_owned),
        profile: clients.profile().map(str::to_owned),
        readable: aws::is_readable(),
        at: skew::present(clock.now(), picture.clock_skew),
        picture,
        beside,
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;
    use crate::aws::testing::{Reply, Tiny};
    use crate::platform::DatabaseSpec;

    fn of(report: &[Check], what: &str) -> Outcome {
        report.iter().find(|check| check.what == what).unwrap_or_else(|| panic!("{what}: {report:#?}")).outcome
    }

    #[tokio::test(start_paused = true)]
    async fn many_databases_that_do_not_answer_hide_no_other_check() {
        let tiny = Tiny::new(|operation, _| match operation {
            "DescribeDBInstances" => Reply::Never,
            "ListClusters" => Reply::json(r#"{"clusterArns": []}"#),
            _ => Reply::error_of(operation, 400, "AccessDeniedException", "because"),
        });
        let databases = (0..30).map(|n| DatabaseSpec { id: format!("db-{n}"), ..DatabaseSpec::default() }).collect();
        let platform = Platform { databases, ..Platform::default() };
        let began = Instant::now();
        let seen = ask(&platform, &Clients::over(tiny.client(), "us-east-1")).await;
        assert!(began.elapsed() <= watch::ONCE_WITHIN, "{:?}", began.elapsed());
        let report = account::checks(&platform, &seen);
        assert_eq!(of(&report, "ecs:ListClusters"), Outcome::Ok);
        assert_eq!(of(&report, "rds:DescribeDBInstances"), Outcome::Fail);
    }

    #[tokio::test(start_paused = true)]
    async fn an_endpoint_that_never_answers_is_one_reason_and_not_fourteen() {
        let tiny = Tiny::new(|_, _| Reply::Never);
        let platform = crate::platform::file::sample();
        let began = Instant::now();
        let seen = ask(&platform, &Clients::over(tiny.client(), "us-east-1")).await;
        assert!(began.elapsed() <= watch::ONCE_WITHIN, "{:?}", began.elapsed());
        let report = account::checks(&platform, &seen);
        let failed: Vec<_> = report.iter().filter(|check| check.outcome == Outcome::Fail).collect();
        assert_eq!(failed.len(), 2, "{failed:#?}");
        assert!(failed[0].remedy.as_ref().unwrap().contains("AWS_ENDPOINT_URL"), "{failed:#?}");
    }
}
