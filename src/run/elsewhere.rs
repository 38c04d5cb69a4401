//! Whether what a run was on is what is reached from here: an order for one demo or account never goes to another.

use super::action::Context;
use super::{Halt, Plan, RunId, Target};

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
