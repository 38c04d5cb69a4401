//! What a step writes in the journal and hears from people while it is carried out.

use std::path::PathBuf;

use serde_json::Value;

use super::past::Past;
use super::{Answer, Book, Command, Commands, Ending, Event, Halt, Said};
use crate::clock::Clock;
use crate::platform::Trouble;

/// The hand that writes. It knows the step, so that no action can write in another's name.
pub struct Scribe<'a> {
    pub(super) book: &'a mut dyn Book,
    pub(super) clock: &'a Clock,
    pub(super) commands: &'a mut Option<Commands>,
    pub(super) step: usize,
    /// What is in the journal so far.
    pub(super) past: &'a mut Past,
    /// The last thing that was said of progress.
    pub(super) said: String,
}

impl Scribe<'_> {
    /// A request that changes something is about to be sent. If this fails it must not be.
    pub fn request(&mut self, operation: &str, parameters: Value, previous: Value) -> Result<(), Halt> {
        self.write(&Event::Request { step: self.step, operation: operation.to_owned(), parameters, previous })
    }

    /// The request was accepted.
    pub fn accepted(&mut self, operation: &str, details: Value) -> Result<(), Halt> {
        self.answered(operation, Answer::Accepted { details })
    }

    /// Nobody heard the answer, but the request has had its effect.
    pub fn found(&mut self, operation: &str, details: Value) -> Result<(), Halt> {
        self.answered(operation, Answer::Found { details })
    }

    /// The request failed, or nobody knows.
    pub fn trouble(&mut self, operation: &str, trouble: &Trouble) -> Result<(), Halt> {
        self.answered(operation, Answer::from(trouble))
    }

    /// What came back.
    pub fn answered(&mut self, operation: &str, answer: Answer) -> Result<(), Halt> {
        self.write(&Event::Answer { step: self.step, operation: operation.to_owned(), answer })
    }

    /// Something to show; said again only when it is something else.
    pub fn progress(&mut self, text: &str, fraction: Option<f64>) -> Result<(), Halt> {
        if self.said == text {
            return Ok(());
        }
        text.clone_into(&mut self.said);
        self.write(&Event::Progress { step: self.step, text: text.to_owned(), fraction })
    }

    /// What people said meanwhile: a wish to stop or to undo ends the step.
    pub fn hear(&mut self) -> Result<(), Halt> {
        let Some(commands) = self.commands else { return Ok(()) };
        // A file that can't be read now is read the next time.
        let said = commands.poll().unwrap_or_default();
        let mut halt: Option<Halt> = None;
        for Said { by, command, reason, .. } in said {
            match command {
                Command::Approve => self.write(&Event::Approved { by })?,
                Command::Stop => {
                    self.write(&Event::StopAsked { by: by.clone(), undo: false })?;
                    halt.get_or_insert_with(|| Halt::new(Ending::Stopped, format!("{by} asked to stop")));
                }
                // It is more than a wish to stop, whichever came first.
                Command::Undo => {
                    self.write(&Event::StopAsked { by: by.clone(), undo: true })?;
                    let why = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
                    let words = format!("{by} asked to undo{why}");
                    halt = Some(Halt { undo: true, ..Halt::new(Ending::Stopped, words) });
                }
            }
        }
        halt.map_or(Ok(()), Err)
    }

    /// Where what the step's programs print goes.
    pub(super) fn log(&self) -> Option<PathBuf> {
        self.book.log()
    }

    /// The same in words, for the end of a message.
    pub(super) fn where_all_is(&self) -> String {
        self.log().map(|log| format!("; all that it said: {}", log.display())).unwrap_or_default()
    }

    /// A folder of this run alone, for what must be gone when the step is done.
    pub(super) fn auth_folder(&self) -> PathBuf {
        let process = || std::env::temp_dir().join(format!("plantao-{}.auth", std::process::id()));
        self.log().map_or_else(process, |log| log.with_extension("auth"))
    }

    fn write(&mut self, event: &Event) -> Result<(), Halt> {
        self.book.record(self.clock.now(), event)?;
        self.past.take(event);
        Ok(())
    }
}

/// The request may have been carried out all the same.
pub fn is_uncertain(trouble: &Trouble) -> bool {
    use crate::platform::TroubleKind as Kind;
    matches!(trouble.kind, Kind::Unreachable | Kind::TimedOut | Kind::BadAnswer | Kind::Unavailable)
}

/// The same of an answer in the journal.
pub fn was_uncertain(answer: Option<&Answer>) -> bool {
    match answer {
        None => true,
        Some(Answer::Trouble { kind, .. }) => {
            matches!(kind.as_str(), "unreachable" | "timed-out" | "bad-answer" | "unavailable")
        }
        Some(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::TroubleKind;
    use jiff::Timestamp;

    #[test]
    fn doubt_survives_the_journal() {
        for kind in [
            TroubleKind::Unreachable,
            TroubleKind::TimedOut,
            TroubleKind::BadAnswer,
            TroubleKind::Unavailable,
            TroubleKind::Denied,
            TroubleKind::Throttled,
            TroubleKind::Refused,
            TroubleKind::NotFound,
        ] {
            let trouble = Trouble {
                kind,
                operation: "ecs:UpdateService".to_owned(),
                why: String::new(),
                remedy: None,
                since: Timestamp::UNIX_EPOCH,
            };
            assert_eq!(is_uncertain(&trouble), was_uncertain(Some(&Answer::from(&trouble))), "{kind:?}");
        }
    }
}
