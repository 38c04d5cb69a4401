//! A run that takes back what another one did, after that one's end: with a journal and an ending of its own.
//!
//! It reads from the other run's journal what was asked and what was there before, and puts that back if
//! things are still as that run left them.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::action::AWAITED;
use super::beginning::{Beginning, events, going_back};
use super::engine::Run;
use super::past::{Past, StepPast};
use super::{Action, Answer, Change, Context, Ending, Halt, Plan, PlannedStep, RunId, Store, View};
use crate::runbook::Danger;

impl Plan {
    /// The plan that takes back what a run did. Refused where the run is not over or did nothing that can be
    /// taken back.
    pub fn taking_back(store: &Store, id: &RunId, now: Timestamp) -> Result<Plan, Halt> {
        let events = events(store, id)?;
        let Some(Beginning { mut plan, .. }) = Beginning::of(id, &events)? else {
            return Err(Halt::refused(format!("run {id} did nothing")));
        };
        let past = Past::of(&events);
        if past.ended.is_none() {
            let words = format!("run {id} was killed before its end: plantao runs undo {id} takes it up, and back");
            return Err(Halt::refused(words));
        }
        if let Some(why) = plan.nothing_to_take_back(&past) {
            return Err(Halt::refused(format!("run {id}: {why}")));
        }
        let nothing = StepPast::default();
        let fate = |(index, step)| Fate::of(step, past.steps.get(index).unwrap_or(&nothing));
        let fates: Vec<Fate> = plan.steps.iter().enumerate().map(fate).collect();
        let touched = plan.steps.iter().zip(&fates).filter(|(_, fate)| fate.is_touched()).map(|(step, _)| step);
        let (danger, _) = way_back(&plan, touched);
        for (index, (step, fate)) in plan.steps.iter_mut().zip(fates).enumerate() {
            step.action.tell_what_was_made(&mut step.view, past.steps.get(index).unwrap_or(&nothing));
            fate.show(&mut step.view);
        }
        danger.word().clone_into(&mut plan.danger);
        plan.title = format!("Take back: {}", plan.title);
        plan.warnings = vec![format!(
            "this takes back what run {id} did, if things are still as it left them; what was there when it began is put back"
        )];
        (plan.made_at, plan.undoes) = (now, Some(id.clone()));
        Ok(plan)
    }

    /// The plan that takes back what a run did, as things are now: what is as it was already is not shown as a change.
    ///
    /// # Errors
    /// If something is no longer as that run left it, or all of it is as it was.
    pub async fn as_things_are(mut self, context: &Context, store: &Store) -> Result<Plan, Halt> {
        let past = inherited(store, &self)?;
        let mut changes = false;
        for (step, past) in self.steps.iter_mut().zip(&past.steps).filter(|(_, past)| past.is_to_take_back()) {
            match step.action.look_back(context, &step.view, past).await? {
                Some(words) => {
                    step.view =
                        View { basis: step.view.basis.take(), facts: vec![words.to_owned()], ..View::default() };
                }
                None => changes = true,
            }
        }
        if changes { Ok(self) } else { Err(Halt::refused("there is nothing to take back: all is as it was")) }
    }

    /// Why there is nothing to take back of what a run of this plan did; `None` if there is something.
    pub fn nothing_to_take_back(&self, past: &Past) -> Option<String> {
        if let Some(other) = &self.undoes {
            return Some(format!("it took back {other}: to do it again, run the runbook again"));
        }
        let (mut stays, mut needless) = (Vec::new(), Vec::new());
        for (step, past) in self.steps.iter().zip(&past.steps) {
            match Fate::of(step, past) {
                Fate::IsPutBack { .. } => return None,
                Fate::Stays(words) => stays.push(words),
                Fate::NeedsNone(words) => needless.push(words),
                Fate::IsFollowed | Fate::HasNothing => {}
            }
        }
        Some(match (stays.is_empty(), needless.is_empty()) {
            (false, _) => format!("it can't be taken back: {}", stays.join("; ")),
            (true, false) => needless.join("; "),
            (true, true) => "it changed nothing, or all of it was taken back already".to_owned(),
        })
    }

    /// What the steps of a run of this plan, as far as they are, would put back: the last one first.
    pub fn put_back(&self, past: &Past) -> String {
        let begun = self.steps.iter().zip(&past.steps).filter(|(_, past)| past.begun).rev();
        let undo = begun.filter(|(step, _)| step.view.changes_something());
        undo.filter_map(|(step, _)| step.view.undo.as_deref()).collect::<Vec<_>>().join(", ")
    }

    /// Why no run of this plan has anything to take back, however far it comes; `None` if one may have.
    pub fn never_taken_back(&self) -> Option<&'static str> {
        let may = |step: &PlannedStep| step.action.changes() && step.action.needs_no_undo().is_none();
        if self.steps.iter().any(may) {
            return None;
        }
        self.steps.iter().find_map(|step| step.action.needs_no_undo())
    }
}

/// What becomes of a step when its run is taken back.
#[derive(Clone, Copy)]
enum Fate {
    /// What it changed is put back, which may leave users without service.
    IsPutBack { outage: Option<&'static str> },
    /// What it changed can't be taken back, and why.
    Stays(&'static str),
    /// It wrote something that nobody has to take back, and why.
    NeedsNone(&'static str),
    /// It waits, now for what was put back.
    IsFollowed,
    /// It changed nothing.
    HasNothing,
}

impl Fate {
    fn of(step: &PlannedStep, past: &StepPast) -> Fate {
        let action = &step.action;
        match (action.stays(), action.needs_no_undo()) {
            _ if matches!(action, Action::WaitSteady(_)) => Fate::IsFollowed,
            _ if !past.is_to_take_back() => Fate::HasNothing,
            (Some(words), _) => Fate::Stays(words),
            (None, Some(words)) => Fate::NeedsNone(words),
            (None, None) => Fate::IsPutBack { outage: action.outage_of_undo(&step.view) },
        }
    }

    /// The step changed something, whether or not that is put back.
    fn is_touched(self) -> bool {
        matches!(self, Fate::IsPutBack { .. } | Fate::Stays(_))
    }

    /// The step as the plan of taking back shows it. Its basis stays: that is what is put back.
    fn show(self, view: &mut View) {
        let seen = std::mem::take(view);
        view.basis = seen.basis;
        match self {
            Fate::IsPutBack { outage } => {
                view.expected_seconds = seen.expected_seconds;
                view.facts.extend(seen.undo);
                view.warnings.extend(outage.map(str::to_owned));
                let back = |Change { what, before, after }| Change { what, before: after, after: before };
                view.changes.extend(seen.changes.into_iter().map(back));
            }
            Fate::Stays(words) => view.warnings.push(words.to_owned()),
            Fate::NeedsNone(words) => view.facts.push(words.to_owned()),
            Fate::IsFollowed => {
                view.expected_seconds = seen.expected_seconds;
                view.facts.push("what was put back is followed until it runs".to_owned());
            }
            Fate::HasNothing => view.facts.push("nothing to take back".to_owned()),
        }
    }
}

impl Plan {
    /// How dangerous it is to take back a run of this plan that goes on, and the words if users would be without
    /// service. How far it will have come when it hears the wish is not known: every step counts.
    pub fn danger_of_undo(&self) -> (Danger, Option<&'static str>) {
        way_back(self, self.steps.iter())
    }
}

/// How dangerous it is to take these steps of a plan back. What made the way there dangerous (an image past all
/// tests, no tasks at all) is what the way back ends, where it ends at what served before: to hesitate is the
/// danger then.
fn way_back<'p>(plan: &Plan, steps: impl Iterator<Item = &'p PlannedStep>) -> (Danger, Option<&'static str>) {
    let (mut outage, mut to_what_served) = (None, true);
    for PlannedStep { action, view, .. } in steps {
        outage = outage.or_else(|| action.outage_of_undo(view));
        to_what_served &= action.goes_back_to_what_served();
    }
    match (outage, to_what_served) {
        (Some(_), _) => (Danger::Danger, outage),
        (None, true) => (Danger::Caution, None),
        // A word of another version is taken for the worst.
        (None, false) => (Danger::named(&plan.danger).unwrap_or_default().max(Danger::Caution), None),
    }
}

/// Why a run is carried out, where nobody says: the run that it takes back has its reason.
pub(super) fn inherited_reason(store: &Store, plan: &Plan) -> Option<String> {
    let id = plan.undoes.as_ref()?;
    Some(going_back(id, &Beginning::of(id, &events(store, id).ok()?).ok()??.reason?))
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

impl Run<'_> {
    /// Takes back what the other run did.
    pub(super) async fn take_back(&mut self, other: &RunId) -> Halt {
        let by = format!("run {other} is taken back");
        self.put_back(&by, Ending::Succeeded, "there was nothing to take back").await
    }

    /// Takes all back that was done, and follows what that set going: nothing is undone before it runs again. Ends
    /// `well`, unless something of it stays whatever anybody does.
    pub(super) async fn put_back(&mut self, by: &str, well: Ending, nothing: &str) -> Halt {
        // What was said before its process was lost is why this is put back: it is no wish to stop that.
        if let Some(commands) = self.commands.as_mut().filter(|_| self.past.undoing) {
            let _ = commands.poll();
        }
        let stays = match self.undo(by).await {
            Ok(stays) => stays,
            Err(halt) => return halt,
        };
        let mut words = self.taken_back().unwrap_or_else(|| nothing.to_owned());
        for stays in &stays {
            words = format!("{words}; {stays}");
        }
        if let Some((step, outputs)) = self.to_follow() {
            match self.step(step, &StepPast::default(), &outputs).await {
                Ok(_) => words = format!("{words}; {}", self.past.steps[step].words),
                Err(halt) if halt.ending == Ending::Unrecorded => return halt,
                Err(halt) => return Halt { words: format!("{words}; {}", halt.words), undo: false, ..halt },
            }
        }
        Halt::new(if stays.is_empty() { well } else { Ending::FailedAfter }, words)
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
}
