//! Whether what a run was on is what is reached from here: an order for one demo or account never goes to another, and
//! nobody looks back at what another one did.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader};

use super::action::Context;
use super::{Event, Halt, Plan, Record, RunId, Store, Target};

/// The newest journals whose first record is looked at.
const JOURNALS: usize = 1_000;
/// Runs of one place that are looked at, the newest.
const RUNS: usize = 200;

/// The account, region or simulation that is reached from here. What is not known is any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Here {
    account: Option<String>,
    region: Option<String>,
    simulated: Option<String>,
}

impl Here {
    /// What a context reaches.
    pub fn of(context: &Context) -> Here {
        Here {
            account: context.platform.account.clone(),
            region: context.clients.region().map(str::to_owned),
            simulated: context.simulated(),
        }
    }

    /// Where a target is.
    pub(super) fn at(target: &Target) -> Here {
        let Target { account, region, simulated, .. } = target.clone();
        Here { account: Some(account), region: Some(region), simulated }
    }

    fn is(&self, target: &Target) -> bool {
        differs(target, self.account.as_deref(), self.region.as_deref(), self.simulated.as_deref()).is_none()
    }

    /// The newest runs here, and what they were on; one whose journal doesn't say that may be.
    ///
    /// # Errors
    /// If the folder can't be read.
    pub fn runs(&self, store: &Store) -> io::Result<impl Iterator<Item = (RunId, Option<Target>)>> {
        let told = store.runs()?.into_iter().take(JOURNALS).map(|id| {
            let target = target(store, &id);
            (id, target)
        });
        Ok(told.filter(|(_, target)| target.as_ref().is_none_or(|target| self.is(target))).take(RUNS))
    }
}

/// What a run is on, as its first record tells; the rest is not read.
fn target(store: &Store, id: &RunId) -> Option<Target> {
    let mut line = Vec::new();
    BufReader::new(File::open(store.journal(id)).ok()?).read_until(b'\n', &mut line).ok()?;
    let line = line.strip_suffix(b"\n")?;
    let Event::Began { mut plan, .. } = Record::read(line, 1, &Record::genesis(id)).ok()?.event else { return None };
    serde_json::from_value(plan.get_mut("target")?.take()).ok()
}

impl Plan {
    /// Refuses to go on with, or to take back, what was done in another account, region or simulation than this
    /// context's. An account that is not known, or empty, is any.
    pub fn refuse_elsewhere(&self, run: &RunId, context: &Context, account: Option<&str>) -> Result<(), Halt> {
        let simulated = context.simulated();
        let Some(words) = differs(&self.target, account, context.clients.region(), simulated.as_deref()) else {
            return Ok(());
        };
        Err(Halt::refused(format!("run {run} was on {}: {words}: nothing was done", self.target)))
    }
}

/// What makes the present another place than the target's, in words.
fn differs(then: &Target, account: Option<&str>, region: Option<&str>, simulated: Option<&str>) -> Option<String> {
    match (then.simulated.as_deref(), simulated) {
        (Some(then), Some(now)) if then != now => {
            return Some(format!(
                "the one that {then} simulates, and not that of {now}; --endpoint-url {then} is the way there"
            ));
        }
        (Some(then), None) => {
            return Some(format!(
                "one that {then} simulates, and this is a real account; --endpoint-url {then} is the way there"
            ));
        }
        (None, Some(now)) => return Some(format!("a real account's, and this is the simulation of {now}")),
        _ => {}
    }
    for (what, then, now) in [("account", &then.account, account), ("region", &then.region, region)] {
        if let Some(now) = now.filter(|now| !now.is_empty() && !then.is_empty() && now != then) {
            return Some(format!("in {what} {then}, and this is {what} {now}"));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Who;
    use jiff::Timestamp;

    #[test]
    fn runs_of_demos_neither_hide_those_of_a_real_platform_nor_are_taken_for_them() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path());
        let write = |id: &str, simulated: Option<String>| {
            let id: RunId = id.parse().unwrap();
            let target = Target {
                kind: "service".to_owned(),
                account: "123456789012".to_owned(),
                region: "us-east-1".to_owned(),
                name: "c/api".to_owned(),
                simulated,
            };
            let (runbook, who) = ("scale".to_owned(), Who::default());
            let plan = serde_json::json!({ "target": target });
            let event = Event::Began { runbook, plan, who, reason: None, pid: 1 };
            let line = Record::line(1, Timestamp::UNIX_EPOCH, &event, &Record::genesis(&id)).unwrap().0;
            std::fs::write(store.journal(&id), line).unwrap();
            (id, target)
        };
        let (real, target) = write("20261124-031245-scale-aaaa", None);
        for number in 0..RUNS {
            write(&format!("20261125-{number:06}-scale-bbbb"), Some("http://127.0.0.1:1".to_owned()));
        }
        let (demo, other) = write("20261126-000000-scale-cccc", Some("http://127.0.0.1:2".to_owned()));
        let unreadable: RunId = "20261127-000000-scale-dddd".parse().unwrap();
        std::fs::write(store.journal(&unreadable), "nonsense\n").unwrap();
        let runs = |here: &Here| here.runs(&store).unwrap().map(|(id, _)| id).collect::<Vec<_>>();
        assert_eq!(runs(&Here::at(&target)), [unreadable.clone(), real]);
        assert_eq!(runs(&Here::at(&other)), [unreadable, demo]);
    }

    #[test]
    fn another_simulation_account_or_region_is_another_place_and_the_words_say_which() {
        let then = |simulated: Option<&str>| Target {
            kind: "service".to_owned(),
            account: "1".to_owned(),
            region: "us-east-1".to_owned(),
            name: "c/api".to_owned(),
            simulated: simulated.map(str::to_owned),
        };
        let (real, demo) = (then(None), then(Some("http://127.0.0.1:1")));
        let (account, region) = (Some("1"), Some("us-east-1"));
        assert_eq!(differs(&real, account, region, None), None);
        assert_eq!(differs(&demo, account, region, Some("http://127.0.0.1:1")), None);
        assert_eq!(differs(&real, None, None, None), None, "what nobody knows is no other place");
        for (then, account, region, simulated, says) in [
            (
                &demo,
                account,
                region,
                Some("http://127.0.0.1:2"),
                "http://127.0.0.1:1 simulates, and not that of http://127.0.0.1:2",
            ),
            (&demo, account, region, None, "this is a real account"),
            (&real, account, region, Some("http://127.0.0.1:2"), "the simulation of http://127.0.0.1:2"),
            (&real, Some("2"), region, None, "in account 1, and this is account 2"),
            (&real, account, Some("eu-west-1"), None, "in region us-east-1, and this is region eu-west-1"),
        ] {
            let words = differs(then, account, region, simulated).unwrap_or_default();
            assert!(words.contains(says), "{says}: {words}");
        }
    }
}
