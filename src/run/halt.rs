//! Why a run does not go on.

use serde_json::Value;

use super::{Ending, JournalError, Superseder};
use crate::platform::{Trouble, TroubleKind};
use crate::runbook::Kind;

/// The end of a run before its last step is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Halt {
    /// How it ends. [`Ending::FailedBefore`] and [`Ending::Refused`] become [`Ending::FailedAfter`] where something had
    /// been changed.
    pub ending: Ending,
    /// What there is to say.
    pub words: String,
    /// The user wants back what was done.
    pub undo: bool,
    /// What took the place of what was asked for, where that is known.
    pub by: Option<Superseder>,
    /// What could be asked for instead, for programs; the words list it for people.
    pub candidates: Vec<Value>,
    /// What was answered to a question of this kind is not there.
    pub(super) unknown: Option<Kind>,
    /// It passes by itself, or once somebody signs in again: the same may be tried later.
    pub(super) passes: bool,
}

impl Halt {
    /// An ending and its words.
    pub fn new(ending: Ending, words: impl Into<String>) -> Halt {
        Halt {
            ending,
            words: words.into(),
            undo: false,
            by: None,
            candidates: Vec::new(),
            unknown: None,
            passes: false,
        }
    }

    /// Something failed.
    pub fn failed(words: impl Into<String>) -> Halt {
        Halt::new(Ending::FailedBefore, words)
    }

    /// What is asked for can't be or must not be done.
    pub fn refused(words: impl Into<String>) -> Halt {
        Halt::new(Ending::Refused, words)
    }

    /// There is no such thing as was answered to a question of this kind.
    pub(super) fn unknown(kind: Kind, halt: impl Into<Halt>) -> Halt {
        Halt { unknown: Some(kind), ..halt.into() }
    }

    /// What the plan was made from is no longer so.
    pub fn stale(words: impl Into<String>) -> Halt {
        Halt::new(Ending::PlanStale, words)
    }

    /// … and what else there is to say.
    #[must_use]
    pub fn and(mut self, more: &str) -> Halt {
        self.words = format!("{}; {more}", self.words);
        self
    }
}

impl From<JournalError> for Halt {
    fn from(error: JournalError) -> Halt {
        let ending = match error {
            JournalError::Held(_) => Ending::Busy,
            _ => Ending::Unrecorded,
        };
        Halt::new(ending, error.to_string())
    }
}

impl From<Trouble> for Halt {
    fn from(trouble: Trouble) -> Halt {
        let passes = passes(&trouble);
        Halt { passes, ..Halt::failed(format!("{}: {trouble}", trouble.operation)) }
    }
}

/// The question may be answered later: nobody said no to it.
pub(super) fn passes(trouble: &Trouble) -> bool {
    !matches!(trouble.kind, TroubleKind::Denied | TroubleKind::NotFound | TroubleKind::Refused)
}
