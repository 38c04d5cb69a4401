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

impl Asked {
    /// It was carried out, or nobody knows.
    fn may_have_changed(&self) -> bool {
        super::scribe::was_uncertain(self.answer.as_ref())
            || match &self.answer {
                Some(Answer::Accepted { .. } | Answer::Found { .. }) => true,
                Some(Answer::Trouble { details, .. }) => !details.is_null(),
                None => false,
            }
    }
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
    /// Who asked to stop it, and no more than that.
    pub stop_asked: Option<String>,
    /// Things are being taken back.
    pub undoing: bool,
    /// What was asked is another run's; this one takes it back.
    pub taking_back: bool,
    /// How often its guardians took it up.
    pub guarded: usize,
    /// It is over.
    pub ended: Option<Ending>,
}

/// What AWS goes on with by itself once it was asked for.
const GOES_ON: [&str; 2] = ["ecs:UpdateService", "ecs:StopServiceDeployment"];
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

    /// Something was asked for that AWS goes on with by itself; all else is over when its answer is there.
    pub(super) fn goes_on(&self) -> bool {
        let goes_on = |asked: &Asked| GOES_ON.contains(&asked.operation.as_str()) && asked.may_have_changed();
        self.steps.iter().flat_map(|step| step.own(self.taking_back)).any(goes_on)
    }

    /// Takes the next one in.
    pub fn take(&mut self, event: &Event) {
        match event {
            Event::Resumed { guardian: true, .. } => self.guarded += 1,
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
            Event::StopAsked { by, undo: false } => self.stop_asked = Some(by.clone()),
            Event::UndoBegan { .. } => self.undoing = true,
            Event::Ended { ending, .. } => self.ended = Some(*ending),
            _ => {}
        }
    }
}

impl StepPast {
    /// It may have changed something that was not put back yet.
    pub(super) fn is_to_take_back(&self) -> bool {
        self.asked.iter().any(Asked::may_have_changed)
            && !matches!(self.outcome, Some(StepOutcome::Undone | StepOutcome::Restored))
    }

    /// The requests of this run: what a run takes back was another's.
    fn own(&self, taking_back: bool) -> impl Iterator<Item = &Asked> {
        self.asked.iter().filter(move |_| !taking_back).chain(&self.undoing)
    }

    fn changed(&self, taking_back: bool) -> bool {
        self.own(taking_back).any(Asked::may_have_changed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn past(operation: &str, answer: Option<Answer>) -> Past {
        let request =
            Event::Request { step: 0, operation: operation.to_owned(), parameters: json!({}), previous: Value::Null };
        let answer = answer.map(|answer| Event::Answer { step: 0, operation: operation.to_owned(), answer });
        Past::of([request].iter().chain(answer.as_ref()))
    }

    fn refused() -> Answer {
        Answer::Trouble { kind: "denied".to_owned(), why: String::new(), remedy: None, details: Value::Null }
    }

    #[test]
    fn only_a_deployment_that_may_be_under_way_is_said_to_go_on() {
        let accepted = || Some(Answer::Accepted { details: Value::Null });
        for (operation, answer, goes_on) in [
            ("ecs:UpdateService", accepted(), true),
            ("ecs:StopServiceDeployment", accepted(), true),
            ("ecs:UpdateService", None, true),
            ("ecs:UpdateService", Some(refused()), false),
            ("ecs:RegisterTaskDefinition", accepted(), false),
            ("application-autoscaling:RegisterScalableTarget", accepted(), false),
            ("ecr:PutImage", accepted(), false),
            ("postgresql:VACUUM", accepted(), false),
        ] {
            assert_eq!(past(operation, answer).goes_on(), goes_on, "{operation}");
        }
        let mut other = past("ecs:UpdateService", accepted());
        other.taking_back = true;
        assert!(!other.goes_on(), "what another run asked for is not this one's");
    }

    #[test]
    fn a_vacuum_that_was_cancelled_in_the_middle_has_changed_something_and_one_that_never_began_has_not() {
        let canceled =
            |details| Answer::Trouble { kind: "canceled".to_owned(), why: String::new(), remedy: None, details };
        assert!(past("postgresql:VACUUM", Some(canceled(json!({ "tables": [] })))).changed);
        assert!(!past("postgresql:VACUUM", Some(canceled(Value::Null))).changed);
    }

    #[test]
    fn a_request_that_was_refused_left_nothing_to_take_back() {
        assert!(!past("ecs:UpdateService", Some(refused())).steps[0].is_to_take_back());
        assert!(past("ecs:UpdateService", None).steps[0].is_to_take_back());
        let found = Some(Answer::Found { details: Value::Null });
        assert!(past("ecs:UpdateService", found).steps[0].is_to_take_back());
    }
}
