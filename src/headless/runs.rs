//! The list of runs as JSON: how each stands, for programs.

use serde_json::{Value, json};

use crate::run::{Halt, RunId, Standing, Store};

/// A document for programs: one object a run, in the order given. Names stay; new ones may be added.
pub fn runs(store: &Store, ids: &[RunId]) -> String {
    let rows: Vec<Value> = ids.iter().map(|id| row(store, id)).collect();
    format!("{:#}\n", json!({ "runs": rows }))
}

/// Why nothing was done, for programs; what could be asked for instead, where that is known.
pub fn refusal(halt: &Halt) -> String {
    let Halt { ending, words, candidates, .. } = halt;
    let mut said = json!({ "ending": ending, "exit_code": ending.exit_code(), "words": words });
    if !candidates.is_empty() {
        said["candidates"] = json!(candidates);
    }
    format!("{said:#}\n")
}

/// Why a command came to nothing, as [`refusal`] has it: no run ended so.
pub fn failure(words: &str, exit_code: u8) -> String {
    format!("{:#}\n", json!({ "ending": null, "exit_code": exit_code, "words": words }))
}

/// A journal that can't be read is a run too: whoever counts runs must not miss it.
fn row(store: &Store, id: &RunId) -> Value {
    let standing = match Standing::of(store, id) {
        Ok(standing) => standing,
        Err(error) => return json!({ "id": id, "state": "unreadable", "words": error.to_string() }),
    };
    let state = match &standing.ended {
        Some(_) => "ended",
        None if standing.alive => "going-on",
        None => "killed",
    };
    json!({
        "id": id,
        "state": state,
        "runbook": standing.runbook,
        "target": standing.target,
        "who": standing.who,
        "reason": standing.reason,
        "began": standing.began,
        "step": standing.step.map(|step| step + 1),
        "ending": standing.ended.as_ref().map(|(ending, _)| ending),
        "exit_code": standing.ended.as_ref().map(|(ending, _)| ending.exit_code()),
        "ended": standing.ended_at,
        "words": standing.words(),
    })
}
