//! A run that takes back what another one did, after that one's end: with a journal and an ending of its own.
//!
//! It reads from the other run's journal what was asked and what was there before, and puts that back if
//! things are still as that run left them.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::action::AWAITED;
use super::engine::Run;
use super::past::Past;
use super::{Action, Answer, Change, Ending, Event, Follower, Halt, Plan, RunId, StepOutcome, Store};
use crate::runbook::Danger;

impl Plan {
    /// The plan that takes back what a run did. Refused where the run is not over or did nothing that can be
    /// taken back.
    pub fn taking_back(store: &Store, id: &RunId, now: Timestamp) -> Result<Plan, Halt> {
        let events = events(store, id)?;
        let Some(Event::Began { plan, .. }) = events.first() else {
            return Err(Halt::refused(format!("run {id} did nothing")));
        };
        let mut plan: Plan = serde_json::from_value(plan.clone())
            .map_err(|error| Halt::refused(format!("the plan of run {id} can't be read by this version: {error}")))?;
        if let Some(other) = &plan.undoes {
            return Err(Halt::refused(format!("run {id} took back {other}: to do it again, run the runbook again")));
        }
        let past = Past::of(&events);
        if past.ended.is_none() {
            return Err(Halt::refused(format!("run {id} is not over: plantao runs resume {id}")));
        }
        // A word of another version is taken for the worst.
        let mut danger = Danger::named(&plan.danger).unwrap_or_default();
        let mut any = false;
        let mut staying = Vec::new();
        for (index, step) in plan.steps.iter_mut().enumerate() {
            let past = past.steps.get(index).cloned().unwrap_or_default();
            let outage = step.action.outage_of_undo(&step.view);
            let view = &mut step.view;
            (view.warnings, view.command) = (Vec::new(), None);
            let back = view.undo.take();
            let may_have_changed = past.is_to_take_back();
            let stays = step.action.stays().filter(|_| may_have_changed);
            any |= may_have_changed && stays.is_none();
            if let Some(words) = stays {
                view.changes.clear();
                (view.expected_seconds, view.facts) = (0, Vec::new());
                view.warnings = vec![words.to_owned()];
                staying.push(words);
            } else if may_have_changed {
                view.facts = back.into_iter().collect();
                view.warnings.extend(outage.map(str::to_owned));
                danger = danger.max(outage.map_or(Danger::Caution, |_| Danger::Danger));
                for Change { before, after, .. } in &mut view.changes {
                    std::mem::swap(before, after);
                }
            } else {
                view.changes.clear();
                view.expected_seconds =
                    if matches!(step.action, Action::WaitSteady(_)) { view.expected_seconds } else { 0 };
                view.facts = vec!["nothing to take back".to_owned()];
            }
            if matches!(step.action, Action::WaitSteady(_)) {
                view.facts = vec!["what was put back is followed until it runs".to_owned()];
            }
        }
        if !any && !staying.is_empty() {
            return Err(Halt::refused(format!("run {id} can't be taken back: {}", staying.join("; "))));
        }
        if !any {
            return Err(Halt::refused(format!("run {id} changed nothing, or all of it was taken back already")));
        }
        danger.word().clone_into(&mut plan.danger);
        plan.title = format!("Take back: {}", plan.title);
        plan.warnings = vec![format!(
            "this takes back what run {id} did, if things are still as it left them; what was there when it began is put back"
        )];
        (plan.made_at, plan.undoes) = (now, Some(id.clone()));
        Ok(plan)
    }
}

impl Plan {
    /// The plan that a run which goes on carries out.
    ///
    /// # Errors
    /// If its journal can't be read, or has no beginning yet.
    pub fn under_way(store: &Store, id: &RunId) -> Result<Plan, Halt> {
        match events(store, id)?.into_iter().next() {
            Some(Event::Began { plan, .. }) => serde_json::from_value(plan)
                .map_err(|error| Halt::refused(format!("the plan of run {id} can't be read by this version: {error}"))),
            _ => Err(Halt::refused(format!("run {id} has not begun yet: there is nothing to take back"))),
        }
    }

    /// How dangerous it is to take back a run of this plan that goes on, and the words if users would be without
    /// service. How far it will have come when it hears the wish is not known: every step counts.
    pub fn danger_of_undo(&self) -> (Danger, Option<&'static str>) {
        let outage = self.steps.iter().find_map(|step| step.action.outage_of_undo(&step.view));
        // A word of another version is taken for the worst.
        let own = Danger::named(&self.danger).unwrap_or_default();
        (own.max(outage.map_or(Danger::Caution, |_| Danger::Danger)), outage)
    }
}

/// What a run starts with: nothing, or what the run that it takes back did.
pub(super) fn inherited(store: &Store, plan: &Plan) -> Result<Past, Halt> {
    match &plan.undoes {
        None => Ok(Past::default()),
        Some(id) => {
            let mut past = Past::of(&events(store, id)?);
            (past.ended, past.undoing, past.changed, past.taking_back) = (None, false, false, true);
            for step in &mut past.steps {
                step.undoing.clear();
            }
            Ok(past)
        }
    }
}

fn events(store: &Store, id: &RunId) -> Result<Vec<Event>, Halt> {
    let records = Follower::open(store, id).and_then(|mut follower| follower.poll());
    let records = records.map_err(|error| Halt::refused(format!("the journal of run {id} can't be read: {error}")))?;
    Ok(records.into_iter().map(|record| record.event).collect())
}

impl Run<'_> {
    /// Takes back what the other run did, and follows what that set going.
    pub(super) async fn take_back(&mut self, other: &RunId) -> Halt {
        let stays = match self.undo(&format!("run {other} is taken back")).await {
            Ok(stays) => stays,
            Err(halt) => return halt,
        };
        let mut words = self.taken_back().unwrap_or_else(|| "there was nothing to take back".to_owned());
        for stays in &stays {
            words = format!("{words}; {stays}");
        }
        if let Some((step, outputs)) = self.to_follow() {
            match self.follow(step, &outputs).await {
                Ok(followed) => words = format!("{words}; {followed}"),
                Err(halt) if halt.ending == Ending::Unrecorded => return halt,
                Err(halt) => return Halt { words: format!("{words}; {}", halt.words), undo: false, ..halt },
            }
        }
        Halt::new(if stays.is_empty() { Ending::Succeeded } else { Ending::FailedAfter }, words)
    }

    /// The step that waits, and the deployment that was made by what was put back before it.
    fn to_follow(&self) -> Option<(usize, Map<String, Value>)> {
        let waits = self.plan.steps.iter().position(|step| matches!(step.action, Action::WaitSteady(_)))?;
        // The last step is taken back first: what was sent last is the first step's.
        let mut sent = self.past.steps.iter().flat_map(|step| step.undoing.iter().rev());
        let details = sent.find_map(|asked| match &asked.answer {
            Some(Answer::Accepted { details } | Answer::Found { details }) => {
                details.get("deployment").is_some().then_some(details)
            }
            _ => None,
        })?;
        let of = |name: &str| Some((name.to_owned(), details.get(name)?.clone()));
        Some((waits, ["deployment", "desired", AWAITED].into_iter().filter_map(of).collect()))
    }

    async fn follow(&mut self, step: usize, outputs: &Map<String, Value>) -> Result<String, Halt> {
        let planned = self.plan.steps[step].clone();
        let (title, action) = (planned.title.clone(), planned.action.name().to_owned());
        self.write(&Event::StepBegan { step, title, action })?;
        let past = super::past::StepPast::default();
        let mut work = self.work(step, &planned, outputs, &past);
        let done = planned.action.apply(&mut work).await;
        let (outcome, words) = match &done {
            Ok(done) => (done.outcome, done.words.clone()),
            Err(halt) if matches!(halt.ending, Ending::Unrecorded | Ending::Stopped) => {
                return Err(halt.clone());
            }
            Err(halt) => (StepOutcome::Failed, halt.words.clone()),
        };
        self.write(&Event::StepEnded { step, outcome, words, outputs: Map::new() })?;
        done.map(|done| done.words)
    }
}
