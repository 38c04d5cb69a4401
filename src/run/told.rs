//! A run's journal as text: a line for each record that a person wants to read.

use super::{Answer, Event, Record};
use crate::platform::text::{printable, shortened, time};

/// Longest value that a line shows, in characters.
const LONGEST: usize = 200;

/// The record in a line; `None` where there is nothing to tell.
pub fn told(record: &Record) -> Option<String> {
    let words = match &record.event {
        Event::Began { runbook, who, reason, .. } => {
            let reason = reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            format!("{runbook} begins, for {who}{reason}")
        }
        Event::Resumed { who, torn, guardian, .. } => {
            let torn = if *torn > 0 { format!(" ({torn} bytes were never finished)") } else { String::new() };
            let by = if *guardian { "its guardian, for " } else { "" };
            format!("taken up by {by}{who}{torn}")
        }
        Event::StepBegan { step, title, action } => format!("{}. {title}  ({action})", step + 1),
        Event::Request { operation, parameters, previous, .. } => {
            format!("   {operation} {}, was {}", short(parameters), short(previous))
        }
        Event::Answer { operation, answer, .. } => match answer {
            Answer::Accepted { details } => match details.get("words").and_then(serde_json::Value::as_str) {
                Some(words) => format!("   {operation} accepted; {words}"),
                None => format!("   {operation} accepted"),
            },
            Answer::Found { .. } => format!("   {operation} was carried out: its effect is there"),
            Answer::Trouble { kind, why, remedy, .. } => {
                let remedy = remedy.as_ref().map(|remedy| format!(": {remedy}")).unwrap_or_default();
                let failed = if kind == "canceled" { "was cancelled" } else { "failed" };
                format!("   {operation} {failed}: {why}{remedy}")
            }
        },
        Event::Progress { text, .. } => format!("   {text}"),
        Event::StepEnded { outcome, words, .. } => {
            let outcome = serde_json::to_value(outcome).ok();
            let outcome = outcome.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default();
            format!("   {outcome}: {words}")
        }
        Event::ApprovalAsked { text, .. } => format!("waits for approval: {text}"),
        Event::Approved { by } => format!("approved by {by}"),
        Event::StopAsked { by, undo: true } => format!("{by} asks to undo"),
        Event::StopAsked { by, undo: false } => format!("{by} asks to stop"),
        Event::UndoBegan { by } => format!("taking back what was done: {by}"),
        Event::Ended { ending, words, .. } => format!("{ending}: {words}"),
        Event::Other => return None,
    };
    Some(format!("{}  {}", time(record.at), printable(&words)))
}

/// A value on a line; one that is long is in the journal, whole.
fn short(value: &serde_json::Value) -> String {
    shortened(&value.to_string(), LONGEST).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Ending;
    use jiff::Timestamp;

    #[test]
    fn a_wish_to_undo_is_not_told_as_one_to_stop() {
        let told = |undo| {
            let event = Event::StopAsked { by: "ana".to_owned(), undo };
            let (prev, hash) = (String::new(), String::new());
            super::told(&Record { seq: 1, at: Timestamp::UNIX_EPOCH, event, prev, hash })
        };
        assert_eq!(told(true).as_deref(), Some("00:00:00  ana asks to undo"));
        assert_eq!(told(false).as_deref(), Some("00:00:00  ana asks to stop"));
    }

    #[test]
    fn a_line_tells_the_ending_and_cannot_carry_an_escape() {
        let event = Event::Ended { ending: Ending::RolledBackByEcs, words: "to :41\u{1b}[2J".to_owned(), by: None };
        let line =
            super::told(&Record { seq: 1, at: Timestamp::UNIX_EPOCH, event, prev: String::new(), hash: String::new() });
        assert_eq!(line.as_deref(), Some("00:00:00  rolled back by ECS: to :41·[2J"));
    }
}
