//! How a run ends: each ending has its own words and its own exit code.

use std::fmt;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

/// The ending of a run. The names are those of the journal and of `--json`, and stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// All steps are done.
    Succeeded,
    /// The circuit breaker or an alarm put the last good deployment back.
    RolledBackByEcs,
    /// A rollback did not come to run either.
    RollbackFailed,
    /// Somebody else's deployment took this one's place, or another number that of the tasks.
    Superseded,
    /// Out of patience, not out of luck: what was asked for is still going on.
    TimedOut,
    /// The user said stop.
    Stopped,
    /// Something failed, and nothing had been changed.
    FailedBefore,
    /// Something failed after something had been changed.
    FailedAfter,
    /// What was asked for can't be or must not be done.
    Refused,
    /// What the plan was made from is no longer so.
    PlanStale,
    /// What this run had done was taken back.
    Undone,
    /// The journal could not be written.
    Unrecorded,
    /// ECS gave the deployment up and put nothing in its place.
    DeploymentFailed,
    /// Tasks keep failing and nothing will end it: there is no circuit breaker.
    KeepsFailing,
    /// Another run is on the same service or database.
    Busy,
    /// All steps are done, but one of them had to leave something out, or as it was.
    Partly,
}

impl Ending {
    /// All of them, in the order of their exit codes.
    pub const ALL: [Ending; 16] = [
        Ending::Succeeded,
        Ending::RolledBackByEcs,
        Ending::RollbackFailed,
        Ending::Superseded,
        Ending::TimedOut,
        Ending::Stopped,
        Ending::FailedBefore,
        Ending::FailedAfter,
        Ending::Refused,
        Ending::PlanStale,
        Ending::Undone,
        Ending::Unrecorded,
        Ending::DeploymentFailed,
        Ending::KeepsFailing,
        Ending::Busy,
        Ending::Partly,
    ];

    /// What the process answers. 1 and 2 are left to troubles of the command line itself.
    pub fn exit_code(self) -> u8 {
        match self {
            Ending::Succeeded => 0,
            Ending::RolledBackByEcs => 10,
            Ending::RollbackFailed => 11,
            Ending::Superseded => 12,
            Ending::TimedOut => 13,
            Ending::Stopped => 14,
            Ending::FailedBefore => 15,
            Ending::FailedAfter => 16,
            Ending::Refused => 17,
            Ending::PlanStale => 18,
            Ending::Undone => 19,
            Ending::Unrecorded => 20,
            Ending::DeploymentFailed => 21,
            Ending::KeepsFailing => 22,
            Ending::Busy => 23,
            Ending::Partly => 24,
        }
    }

    /// In a few words.
    pub fn words(self) -> &'static str {
        match self {
            Ending::Succeeded => "succeeded",
            Ending::RolledBackByEcs => "rolled back by ECS",
            Ending::RollbackFailed => "rollback failed",
            Ending::Superseded => "superseded by another change",
            Ending::TimedOut => "timed out, still going",
            Ending::Stopped => "stopped by the user",
            Ending::FailedBefore => "failed, nothing was changed",
            Ending::FailedAfter => "failed after a change",
            Ending::Refused => "refused",
            Ending::PlanStale => "the plan is out of date, nothing was changed by this step",
            Ending::Undone => "undone",
            Ending::Unrecorded => "stopped: the journal can't be written",
            Ending::DeploymentFailed => "the deployment failed and was not rolled back",
            Ending::KeepsFailing => "tasks keep failing and no circuit breaker will end it",
            Ending::Busy => "another run is on it",
            Ending::Partly => "succeeded in part",
        }
    }

    /// The table of exit codes, for the README and the manual.
    pub fn table() -> String {
        let mut table = "| exit code | ending | in words |\n|---|---|---|\n".to_owned();
        for ending in Ending::ALL {
            let name = serde_json::to_value(ending).ok();
            let name = name.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default();
            let _ = writeln!(table, "| {} | `{name}` | {} |", ending.exit_code(), ending.words());
        }
        table
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_script_can_tell_every_ending_from_every_other_and_from_a_usage_error() {
        let codes: BTreeSet<u8> = Ending::ALL.iter().map(|ending| ending.exit_code()).collect();
        let words: BTreeSet<&str> = Ending::ALL.iter().map(|ending| ending.words()).collect();
        assert_eq!((codes.len(), words.len()), (Ending::ALL.len(), Ending::ALL.len()));
        assert!(!codes.contains(&1) && !codes.contains(&2) && codes.iter().all(|code| *code < 126));
    }

    #[test]
    fn the_table_names_endings_as_the_journal_does() {
        assert!(Ending::table().contains("| 10 | `rolled-back-by-ecs` | rolled back by ECS |"), "{}", Ending::table());
    }
}
