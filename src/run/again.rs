//! What a run holds for a time is put back when the time has come, however long AWS does not let it.

use std::time::Duration;

use serde_json::Map;

use super::engine::Run;
use super::{Ending, Halt};

/// Until the second try.
const FIRST: Duration = Duration::from_secs(5);
/// Between two tries, at most: the answer may be a person who signs in again.
const LONGEST: Duration = Duration::from_mins(1);

impl Run<'_> {
    /// Puts back what a step holds; in words, `None` if there is nothing to put back. What passes (a throttle, a line
    /// that is down, credentials that expired) is waited for: nobody is there who would do it instead. A wish to stop
    /// that comes meanwhile makes the next try the last one.
    pub(super) async fn put_back_in_the_end(&mut self, step: usize) -> Result<Option<String>, Halt> {
        let (planned, nothing) = (self.plan.steps[step].clone(), Map::new());
        let (mut pause, mut told, mut is_last) = (FIRST, String::new(), false);
        loop {
            let past = self.past.steps.get(step).cloned().unwrap_or_default();
            let halt = match planned.action.undo(&mut self.work(step, &planned, &nothing, &past)).await {
                Ok(words) => return Ok(words),
                Err(halt) => halt,
            };
            let held = planned.action.held(&planned.view);
            let stays = held.map(|held| format!("{} stay, where {} was before", held.what, held.before));
            let stays = stays.unwrap_or_else(|| "it stays".to_owned());
            if matches!(halt.ending, Ending::Unrecorded | Ending::PlanStale) {
                return Err(halt);
            }
            if !halt.passes || is_last {
                return Err(halt.and(&format!("{stays}: plantao runs undo puts it back once that is mended")));
            }
            let words = format!("not put back yet, and tried again: {}; until then {stays}", halt.words);
            if words != told {
                self.scribe(step).progress(&words, None)?;
                told = words;
            }
            let context = self.context;
            match context.rest(&mut self.scribe(step), pause).await {
                Ok(()) => pause = (pause * 2).min(LONGEST),
                Err(halt) if halt.ending == Ending::Stopped && !halt.undo => is_last = true,
                Err(halt) => return Err(halt),
            }
        }
    }
}
