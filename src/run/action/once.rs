//! What must not be done twice and can't be looked up: once sent and not answered, nobody knows.

use serde_json::Value;

use crate::run::past::{Asked, StepPast};
use crate::run::scribe::was_uncertain;
use crate::run::{Answer, Halt};

/// The field of a request that says which of the step's parts it sends, counted from 1.
pub(super) const NUMBER: &str = "number";

/// What is sent, for messages: `statement`, and where to look: `the data`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Noun {
    pub(super) one: &'static str,
    pub(super) look: &'static str,
}

/// The answer to a part of the step, if an earlier process of the run had one.
pub(super) fn accepted(past: &StepPast, number: usize) -> Option<&Value> {
    past.asked.iter().filter(|asked| number_of(asked) == number).find_map(|asked| match &asked.answer {
        Some(Answer::Accepted { details } | Answer::Found { details }) => Some(details),
        _ => None,
    })
}

fn number_of(asked: &Asked) -> usize {
    asked.parameters.get(NUMBER).and_then(Value::as_u64).and_then(|number| usize::try_from(number).ok()).unwrap_or(1)
}

/// What an earlier process of this run came to: where nobody heard an answer nobody knows, and nothing is sent again.
pub(super) fn settled(past: &StepPast, noun: Noun, of: usize) -> Result<(), Halt> {
    for asked in &past.asked {
        if was_uncertain(asked.answer.as_ref()) {
            let why = "the process before this one ended before the answer came";
            return Err(nobody_knows(noun, number_of(asked), of, &asked.operation, why));
        }
        if let Some(Answer::Trouble { why, remedy, .. }) = &asked.answer {
            let remedy = remedy.as_ref().map(|remedy| format!("; {remedy}")).unwrap_or_default();
            return Err(Halt::failed(format!("{} failed: {why}{remedy}", asked.operation)));
        }
    }
    Ok(())
}

/// The end of a run that lost the answer to part `number` of `of`.
pub(super) fn nobody_knows(noun: Noun, number: usize, of: usize, operation: &str, why: &str) -> Halt {
    let Noun { one, look } = noun;
    let name = operation.rsplit(':').next().unwrap_or_default();
    let rest = if number < of { format!("; the {one}s after it were not sent") } else { String::new() };
    Halt::failed(format!(
        "{why}: nobody knows whether {one} {number} ({name}) was carried out, and it is not sent again{rest}; look at \
         {look} before you run it anew"
    ))
}
