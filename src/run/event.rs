//! What a journal tells: the events of a run. Names and fields are a format: they are added to, never changed.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Ending, Who};
use crate::platform::Trouble;

/// One thing that happened in a run. Steps are counted from 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The run was made. Nothing has been asked of anyone yet.
    Began {
        /// The runbook's name.
        runbook: String,
        /// The plan that was shown and confirmed, in full.
        plan: Value,
        /// Who confirmed it.
        who: Who,
        /// Why, in their words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// The process that carries it out.
        pid: u32,
    },
    /// Another process took the run up where the last one left it.
    Resumed {
        /// Who took it up.
        who: Who,
        /// The process that goes on.
        pid: u32,
        /// Bytes of a last line that was never finished; they are in `ID.torn`.
        torn: u64,
        /// Nobody asked for it: the run's guardian did it by itself.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        guardian: bool,
    },
    /// A step begins; its first call comes after this is on the disk.
    StepBegan {
        /// Which.
        step: usize,
        /// Its heading in the runbook.
        title: String,
        /// Its action: `ecs.update-service`.
        action: String,
    },
    /// A request that changes something is about to be sent.
    Request {
        /// The step.
        step: usize,
        /// As IAM names it: `ecs:UpdateService`.
        operation: String,
        /// What is asked for: only what changes.
        parameters: Value,
        /// What it was before.
        previous: Value,
    },
    /// … and this came back.
    Answer {
        /// The step.
        step: usize,
        /// As IAM names it.
        operation: String,
        /// What.
        answer: Answer,
    },
    /// Something to show while it lasts.
    Progress {
        /// The step.
        step: usize,
        /// In a person's words.
        text: String,
        /// From 0 to 1, if it can be told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fraction: Option<f64>,
    },
    /// A step ended.
    StepEnded {
        /// Which.
        step: usize,
        /// How.
        outcome: StepOutcome,
        /// In a person's words.
        words: String,
        /// What later steps and undo need to know of it: `deployment`, `revision`.
        #[serde(default, skip_serializing_if = "Map::is_empty")]
        outputs: Map<String, Value>,
    },
    /// The run waits for a person.
    ApprovalAsked {
        /// The step that waits.
        step: usize,
        /// What is to be approved.
        text: String,
    },
    /// A person approved.
    Approved {
        /// Who.
        by: String,
    },
    /// A person asked to stop.
    StopAsked {
        /// Who.
        by: String,
        /// … and to take back what was done.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        undo: bool,
    },
    /// What was done is being taken back, the last step first.
    UndoBegan {
        /// Who asked for it.
        by: String,
    },
    /// The run is over.
    Ended {
        /// How.
        ending: Ending,
        /// All that there is to say.
        words: String,
        /// What took the place of what was asked for, where that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<Superseder>,
    },
    /// An event of a later version.
    #[serde(other)]
    Other,
}

/// What takes the place of what a run asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Superseder {
    /// Application Auto Scaling, by its policies.
    AutoScaling,
    /// Something of a later version.
    #[serde(other)]
    Other,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Answer {
    /// It was accepted.
    Accepted {
        /// What of the answer matters: a deployment's id, a revision.
        details: Value,
    },
    /// It was not, or nobody knows.
    Trouble {
        /// The kind: `throttled`.
        kind: String,
        /// Why.
        why: String,
        /// What now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remedy: Option<String>,
        /// What had been done by then, if anything had.
        #[serde(default, skip_serializing_if = "Value::is_null")]
        details: Value,
    },
    /// Seen afterwards, by a process that did not send the request: it had taken effect.
    Found {
        /// What of it matters.
        details: Value,
    },
}

impl From<&Trouble> for Answer {
    fn from(trouble: &Trouble) -> Answer {
        let kind = serde_json::to_value(trouble.kind).ok();
        Answer::Trouble {
            kind: kind.as_ref().and_then(Value::as_str).unwrap_or("refused").to_owned(),
            why: trouble.why.clone(),
            remedy: trouble.remedy.clone(),
            details: Value::Null,
        }
    }
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepOutcome {
    /// It did what it says.
    Done,
    /// There was nothing to do.
    Unneeded,
    /// It did not.
    Failed,
    /// It had been done and is taken back.
    Undone,
    /// It had been done until a time, and was taken back then.
    Restored,
}
