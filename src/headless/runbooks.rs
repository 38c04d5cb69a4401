//! The list of runbooks as JSON, for programs.

use serde_json::{Value, json};

use crate::runbook::{Library, Runbook, SHIPPED};

/// A document for programs: the runbooks with what they ask, those that can't be used, and keys that clash. Names stay;
/// new ones may be added.
pub fn runbooks(library: &Library) -> String {
    let broken = library.broken().iter().map(|broken| json!({ "name": broken.name, "why": broken.why }));
    let document = json!({
        "runbooks": library.all().iter().map(row).collect::<Vec<_>>(),
        "broken": broken.collect::<Vec<_>>(),
        "warnings": library.warnings().collect::<Vec<_>>(),
    });
    format!("{document:#}\n")
}

fn row(runbook: &Runbook) -> Value {
    let params = runbook.params.iter().map(|param| {
        json!({
            "name": param.name,
            "ask": param.ask,
            "type": param.kind.word(),
            "optional": param.optional,
            "choices": param.choices,
        })
    });
    json!({
        "name": runbook.name,
        "title": runbook.title,
        "key": runbook.key,
        "danger": runbook.danger,
        "treats": runbook.treats,
        "shipped": SHIPPED.iter().any(|(name, text)| *name == runbook.name && is_shipped(text, runbook)),
        "parameters": params.collect::<Vec<_>>(),
        "steps": runbook.steps.iter().map(|step| &step.title).collect::<Vec<_>>(),
    })
}

/// A runbook of the user's may take a shipped one's name.
fn is_shipped(text: &str, runbook: &Runbook) -> bool {
    crate::runbook::read(text, &runbook.name).is_ok_and(|shipped| shipped.steps == runbook.steps)
}
