//! How a run began: what the first record of its journal tells.

use super::past::Past;
use super::{Event, Follower, Halt, Plan, RunId, Store};

/// What was confirmed, and why.
pub struct Beginning {
    /// The plan that it carries out.
    pub plan: Plan,
    /// Why, in the words of whoever confirmed it.
    pub reason: Option<String>,
    /// What was done since.
    pub did: Past,
}

impl Beginning {
    /// From a run's events; `None` if it was killed before it wrote down what it was to do.
    pub(super) fn of(id: &RunId, events: &[Event]) -> Result<Option<Beginning>, Halt> {
        let Some(Event::Began { plan, reason, .. }) = events.first() else { return Ok(None) };
        let plan = serde_json::from_value(plan.clone())
            .map_err(|error| Halt::refused(format!("the plan of run {id} can't be read by this version: {error}")))?;
        Ok(Some(Beginning { plan, reason: reason.clone(), did: Past::of(events) }))
    }

    /// Of a run that goes on.
    ///
    /// # Errors
    /// If its journal can't be read, or has no beginning yet.
    pub fn under_way(store: &Store, id: &RunId) -> Result<Beginning, Halt> {
        Beginning::of(id, &events(store, id)?)?
            .ok_or_else(|| Halt::refused(format!("run {id} has not begun yet: there is nothing to take back")))
    }
}

/// All that a journal tells so far.
pub(super) fn events(store: &Store, id: &RunId) -> Result<Vec<Event>, Halt> {
    let records = Follower::open(store, id).and_then(|mut follower| follower.poll());
    let records = records.map_err(|error| Halt::refused(format!("the journal of run {id} can't be read: {error}")))?;
    Ok(records.into_iter().map(|record| record.event).collect())
}

/// Why a run is taken back, where nobody says more: the run that is taken back has its reason.
pub fn going_back(id: &RunId, reason: &str) -> String {
    format!("going back from {id}: {reason}")
}
