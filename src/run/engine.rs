//! One run: carries its plan out step by step, goes on where another process left it, takes back what was done.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::action::{Context, Done, LEFT_OUT};
use super::container::auth;
use super::past::{Past, StepPast};
use super::{Book, Commands, Ending, Event, Halt, JournalError, Plan, PlannedStep, Scribe, StepOutcome, Who, Work};
use crate::platform::text::date;

/// How often a run that only waits for a time listens for commands.
const EAR: Duration = Duration::from_secs(1);
/// What a step that failed gives: the ending of the run, for a process that has to write it down in its place.
const ENDING: &str = "ending";

/// One run in this process.
pub(super) struct Run<'c> {
    pub(super) context: &'c Context,
    pub(super) book: Box<dyn Book>,
    pub(super) commands: Option<Commands>,
    pub(super) plan: Plan,
    pub(super) past: Past,
    /// Why nobody puts back what it holds if its process is killed, where somebody should.
    pub(super) unguarded: Option<String>,
}

impl Run<'_> {
    /// From the first record to the last.
    pub(super) async fn begin(&mut self, who: Who, reason: Option<String>) -> Halt {
        let plan = match serde_json::to_value(&self.plan) {
            Ok(plan) => plan,
            Err(error) => return JournalError::from(error).into(),
        };
        let pid = std::process::id();
        let undoes = self.plan.undoes.as_ref();
        let runbook = undoes.map_or_else(|| self.plan.runbook.clone(), |_| "undo".to_owned());
        if let Err(halt) = self.write(&Event::Began { runbook, plan, who, reason, pid }) {
            return halt;
        }
        self.go_on().await
    }

    /// From where another process left it.
    pub(super) async fn take_up(&mut self, who: Who, torn: u64, guardian: bool) -> Halt {
        if let Err(halt) = self.write(&Event::Resumed { who, pid: std::process::id(), torn, guardian }) {
            return halt;
        }
        // A process that was killed while it pushed leaves that it is signed in, whether or not the push goes on.
        let place = self.scribe(0).auth_folder();
        if let Err(error) = auth::remove(&place) {
            let words =
                format!("what the process before was signed in with can't be removed: {}: {error}", place.display());
            if let Err(halt) = self.scribe(0).progress(&words, None) {
                return halt;
            }
        }
        self.go_on().await
    }

    async fn go_on(&mut self) -> Halt {
        if let Some(other) = self.plan.undoes.clone() {
            let halt = self.take_back(&other).await;
            return self.end(halt);
        }
        let mut halt = if self.past.undoing {
            Halt { undo: true, ..Halt::new(Ending::Stopped, "undo goes on") }
        } else {
            // Also where all steps are done: what was said to a process that was gone is not lost.
            match self.scribe(0).hear() {
                Ok(()) => self.steps().await.map_or_else(|halt| halt, |words| self.well(words)),
                Err(halt) => halt,
            }
        };
        if halt.ending != Ending::Unrecorded && !halt.undo {
            match self.restore(halt.ending == Ending::Stopped).await {
                Ok(()) => halt = self.held_until(halt),
                // What the run came to is not forgotten over what could not be put back.
                Err(restore) => halt = Halt { words: format!("{}; {}", halt.words, restore.words), ..restore },
            }
        }
        if halt.undo {
            halt = self.put_back(&halt.words, Ending::Undone, "nothing had been changed").await;
        }
        self.end(halt)
    }

    /// … whose time is over, or was cut short.
    fn held_until(&self, halt: Halt) -> Halt {
        let steps = self.plan.steps.iter().zip(&self.past.steps);
        let restored = steps.filter(|(_, past)| past.outcome == Some(StepOutcome::Restored));
        let back: Vec<String> = restored.map(|(step, past)| format!("{}: {}", step.title, past.words)).collect();
        if back.is_empty() {
            return halt;
        }
        let halt = match &self.past.stop_asked {
            Some(by) if matches!(halt.ending, Ending::Succeeded | Ending::Partly) => {
                Halt::new(Ending::Stopped, format!("{by} asked to stop"))
            }
            _ => halt,
        };
        halt.and(&back.join("; "))
    }

    /// The end of a run whose steps are all done: a step that left something out is told, wherever it stands.
    fn well(&self, words: String) -> Halt {
        let left = self.past.steps.iter().filter(|step| step.outputs.get(LEFT_OUT).is_some_and(|left| *left != 0));
        let mut told: Vec<&str> = left.map(|step| step.words.as_str()).collect();
        if told.is_empty() {
            return Halt::new(Ending::Succeeded, words);
        }
        if !told.contains(&words.as_str()) {
            told.push(&words);
        }
        Halt::new(Ending::Partly, told.join("; "))
    }

    /// Writes down how it ended.
    fn end(&mut self, mut halt: Halt) -> Halt {
        // A step that is refused when others have changed something: what was asked for is half done.
        if matches!(halt.ending, Ending::FailedBefore | Ending::Refused) && self.past.changed {
            halt.ending = Ending::FailedAfter;
        }
        if halt.ending == Ending::Stopped {
            let steps = &self.past.steps;
            let outcome = |index: usize| steps.get(index).and_then(|step| step.outcome);
            let done = (0..self.plan.steps.len()).all(|index| outcome(index).is_some());
            let restored = steps.iter().any(|step| step.outcome == Some(StepOutcome::Restored));
            let rest = match (self.past.changed, self.past.goes_on() && !done) {
                (false, _) => "nothing was changed",
                (true, _) if restored && !steps.iter().any(StepPast::is_to_take_back) => "nothing else was changed",
                (true, true) => "what was asked for stays, and goes on",
                (true, false) if restored => "what else was changed stays",
                (true, false) => "what was changed stays",
            };
            halt = halt.and(rest);
        }
        // A journal that can't be written can't tell that it can't.
        if halt.ending != Ending::Unrecorded
            && let Err(unrecorded) =
                self.write(&Event::Ended { ending: halt.ending, words: halt.words.clone(), by: halt.by })
        {
            return Halt::new(unrecorded.ending, format!("{}; and {}", halt.words, unrecorded.words));
        }
        halt
    }

    /// Answers with the words of the last step: what the user wanted to hear.
    async fn steps(&mut self) -> Result<String, Halt> {
        let mut outputs = Map::new();
        for step in 0..self.plan.steps.len() {
            let past = self.past.steps.get(step).cloned().unwrap_or_default();
            match past.outcome {
                Some(StepOutcome::Failed | StepOutcome::Undone) => {
                    let ending =
                        past.outputs.get(ENDING).cloned().and_then(|ending| serde_json::from_value(ending).ok());
                    return Err(Halt::new(ending.unwrap_or(Ending::FailedBefore), past.words));
                }
                Some(StepOutcome::Done | StepOutcome::Unneeded | StepOutcome::Restored) => outputs.extend(past.outputs),
                None => outputs.extend(self.step(step, &past, &outputs).await?),
            }
        }
        Ok(self.past.steps.last().map(|step| step.words.clone()).unwrap_or_default())
    }

    pub(super) async fn step(
        &mut self,
        step: usize,
        past: &StepPast,
        outputs: &Map<String, Value>,
    ) -> Result<Map<String, Value>, Halt> {
        self.scribe(step).hear()?;
        let planned = self.plan.steps[step].clone();
        if !past.begun {
            self.write(&Event::StepBegan {
                step,
                title: planned.title.clone(),
                action: planned.action.name().to_owned(),
            })?;
        }
        let mut work = self.work(step, &planned, outputs, past);
        let answer = planned.action.apply(&mut work).await;
        match answer {
            Ok(Done { outcome, words, outputs }) => {
                self.write(&Event::StepEnded { step, outcome, words, outputs: outputs.clone() })?;
                Ok(outputs)
            }
            // A wish to stop is not a failure of the step; what was asked for goes on.
            Err(halt) if halt.ending == Ending::Unrecorded || halt.ending == Ending::Stopped => Err(halt),
            Err(halt) => {
                let words = halt.words.clone();
                let outputs = Map::from_iter([(ENDING.to_owned(), serde_json::json!(halt.ending))]);
                self.write(&Event::StepEnded { step, outcome: StepOutcome::Failed, words, outputs })?;
                Err(halt)
            }
        }
    }

    /// Waits for the time until which something was done, and takes that back; a wish to stop, whenever it comes,
    /// brings the time forward.
    async fn restore(&mut self, mut stopped: bool) -> Result<(), Halt> {
        for step in 0..self.plan.steps.len() {
            let past = self.past.steps.get(step).cloned().unwrap_or_default();
            let Some(until) = self.plan.steps[step].action.until() else { continue };
            if past.outcome != Some(StepOutcome::Done) {
                continue;
            }
            let context = self.context;
            let unguarded = self
                .unguarded
                .as_ref()
                .map(|why| format!("; if its process is killed, somebody has to take it up: {why}"));
            let mut scribe = self.scribe(step);
            if !stopped {
                let unguarded = unguarded.unwrap_or_default();
                scribe.progress(&format!("stays until {}, then puts it back{unguarded}", date(until)), None)?;
            }
            while !stopped && context.clock.now() < until {
                match scribe.hear() {
                    Ok(()) => context.sleep(EAR).await,
                    Err(halt) if halt.ending == Ending::Stopped && !halt.undo => stopped = true,
                    Err(halt) => return Err(halt),
                }
            }
            if let Some(words) = self.put_back_in_the_end(step).await? {
                let outcome = StepOutcome::Restored;
                self.write(&Event::StepEnded { step, outcome, words, outputs: Map::new() })?;
            }
        }
        Ok(())
    }

    /// Takes back all that was done, the last step first. Answers with what stays of it, whatever anybody does.
    pub(super) async fn undo(&mut self, by: &str) -> Result<Vec<&'static str>, Halt> {
        self.undo_steps(by).await.map_err(|halt| match self.taken_back() {
            Some(back) if halt.ending != Ending::Unrecorded => halt.and(&format!("taken back before that: {back}")),
            _ => halt,
        })
    }

    async fn undo_steps(&mut self, by: &str) -> Result<Vec<&'static str>, Halt> {
        if !self.past.undoing {
            self.write(&Event::UndoBegan { by: by.to_owned() })?;
        }
        let mut stays = Vec::new();
        for step in (0..self.plan.steps.len()).rev() {
            let past = self.past.steps.get(step).cloned().unwrap_or_default();
            if !past.is_to_take_back() {
                continue;
            }
            let (planned, nothing) = (self.plan.steps[step].clone(), Map::new());
            if let Some(words) = planned.action.stays() {
                if !stays.contains(&words) {
                    stays.push(words);
                }
                continue;
            }
            let mut work = self.work(step, &planned, &nothing, &past);
            if let Some(words) = planned.action.undo(&mut work).await? {
                self.write(&Event::StepEnded { step, outcome: StepOutcome::Undone, words, outputs: Map::new() })?;
            }
        }
        Ok(stays)
    }

    /// What was taken back, in words; also by an earlier process of this run.
    pub(super) fn taken_back(&self) -> Option<String> {
        let undone = self.past.steps.iter().rev().filter(|step| step.outcome == Some(StepOutcome::Undone));
        let said: Vec<&str> = undone.map(|step| step.words.as_str()).collect();
        (!said.is_empty()).then(|| said.join("; "))
    }

    pub(super) fn work<'r>(
        &'r mut self,
        step: usize,
        planned: &'r PlannedStep,
        outputs: &'r Map<String, Value>,
        past: &'r StepPast,
    ) -> Work<'r> {
        Work { context: self.context, scribe: self.scribe(step), view: &planned.view, outputs, past }
    }

    pub(super) fn scribe(&mut self, step: usize) -> Scribe<'_> {
        Scribe {
            book: &mut *self.book,
            clock: &self.context.clock,
            commands: &mut self.commands,
            step,
            past: &mut self.past,
            said: String::new(),
        }
    }

    pub(super) fn write(&mut self, event: &Event) -> Result<(), Halt> {
        let at: Timestamp = self.context.clock.now();
        self.book.record(at, event)?;
        self.past.take(event);
        Ok(())
    }
}
