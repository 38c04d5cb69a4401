//! What a journal says has happened so far: all that a process needs to take a run up.

use serde_json::{Map, Value};

use super::{Answer, Ending, Event, StepOutcome};

/// A request of a step, with what came back.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// As IAM names it.
    pub operation: String,
    /// What was asked for.
    pub parameters: Value,
    /// What it was before.
    pub previous: Value,
    /// `None` if nothing came back before the process was gone.
    pub answer: Option<Answer>,
}

/// One step so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepPast {
    /// It began.
    pub begun: bool,
    /// How it ended, if it did.
    pub outcome: Option<StepOutcome>,
    /// How it ended, in words.
    pub words: String,
    /// What it gave.
    pub outputs: Map<String, Value>,
    /// Its requests, the oldest first.
    pub asked: Vec<Asked>,
    /// Requests that were sent to take it back.
    pub undoing: Vec<Asked>,
}

/// A run so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Past {
    /// By the step's place in the plan.
    pub steps: Vec<StepPast>,
    /// Something was changed, or may have been.
    pub changed: bool,
    /// Things are being taken back.
    pub undoing: bool,
    /// What was asked is another run's; this one takes it back.
    pub taking_back: bool,
    /// It is over.
    pub ended: Option<Ending>,
}

/// No runbook has more steps.
const MOST_STEPS: usize = 10_000;

impl Past {
    /// Reads events in their order.
    pub fn of<'e>(events: impl IntoIterator<Item = &'e Event>) -> Past {
        let mut past = Past::default();
        for event in events {
            past.take(event);
        }
        past
    }

    fn step(&mut self, index: usize) -> &mut StepPast {
        // A number that no runbook has is not worth the memory.
        let index = index.min(MOST_STEPS);
        if self.steps.len() <= index {
            self.steps.resize_with(index + 1, StepPast::default);
        }
        &mut self.steps[index]
    }

    /// Something was asked for that AWS goes on with by itself; a statement, a command or a script is over.
    pub(super) fn goes_on(&self) -> bool {
        let over =
            |operation: &str| ["sh:", "redis:", "postgresql:"].iter().any(|prefix| operation.starts_with(prefix));
        self.steps.iter().flat_map(|step| &step.asked).any(|asked| !over(&asked.operation))
    }

    /// Takes the next one in.
    pub(super) fn take(&mut self, event: &Event) {
        match event {
            Event::StepBegan { step, .. } => self.step(*step).begun = true,
            Event::Request { step, operation, parameters, previous } => {
                let asked = Asked {
                    operation: operation.clone(),
                    parameters: parameters.clone(),
                    previous: previous.clone(),
                    answer: None,
                };
                let undoing = self.undoing;
                let step = self.step(*step);
                if undoing {
                    step.undoing.push(asked);
                } else {
                    step.asked.push(asked);
                }
                // Until an answer says otherwise.
                self.changed = true;
            }
            Event::Answer { step, answer, .. } => {
                let undoing = self.undoing;
                let step = self.step(*step);
                let asked = if undoing { step.undoing.last_mut() } else { step.asked.last_mut() };
                if let Some(asked) = asked {
                    asked.answer = Some(answer.clone());
                }
                let taking_back = self.taking_back;
                self.changed = self.steps.iter().any(|step| step.changed(taking_back));
            }
            Event::StepEnded { step, outcome, words, outputs } => {
                let step = self.step(*step);
                step.outcome = Some(*outcome);
                step.words.clone_from(words);
                if !matches!(outcome, StepOutcome::Undone | StepOutcome::Restored) {
                    step.outputs.clone_from(outputs);
                }
            }
            Event::UndoBegan { .. } => self.undoing = true,
            Event::Ended { ending, .. } => self.ended = Some(*ending),
            _ => {}
        }
    }
}

impl StepPast {
    /// It may have changed something that was not put back yet.
    pub(super) fn is_to_take_back(&self) -> bool {
        !self.asked.is_empty() && !matches!(self.outcome, Some(StepOutcome::Undone | StepOutcome::Restored))
    }

    fn changed(&self, taking_back: bool) -> bool {
        let own = self.asked.iter().filter(|_| !taking_back);
        own.chain(&self.undoing).any(|asked| {
            super::scribe::was_uncertain(asked.answer.as_ref())
                || matches!(asked.answer, Some(Answer::Accepted { .. } | Answer::Found { .. }))
        })
    }
}
