//! A plan as text, for a terminal of 80 columns and for logs.

use std::fmt::Write as _;

use jiff::SignedDuration;

use crate::platform::text::{duration, printable};
use crate::run::Plan;

/// All that a plan says.
pub fn plan(plan: &Plan) -> String {
    let mut text = format!("{}\n", printable(&plan.title));
    let simulated = if plan.target.simulated.is_some() { ", simulated" } else { "" };
    let _ = writeln!(text, "on {} of account {} in {}{simulated}", plan.on(), plan.target.account, plan.target.region);
    for (name, value) in &plan.parameters {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let _ = writeln!(text, "  {name} = {}", printable(&value));
    }
    for warning in &plan.warnings {
        let _ = writeln!(text, "! {}", printable(warning));
    }
    for (number, step) in plan.steps.iter().enumerate() {
        let _ = writeln!(text, "\n{}. {}  ({})", number + 1, printable(&step.title), step.action.name());
        let view = &step.view;
        for change in &view.changes {
            let (what, before, after) = (printable(&change.what), printable(&change.before), printable(&change.after));
            let _ = writeln!(text, "   {what}: {before} → {after}");
        }
        for fact in &view.facts {
            let _ = writeln!(text, "   {}", printable(fact));
        }
        if !view.candidates.is_empty() {
            text.push_str("   it can go back to one of these:\n");
        }
        for candidate in &view.candidates {
            let _ = writeln!(text, "     {}", printable(&candidate.to_string()));
        }
        for warning in &view.warnings {
            let _ = writeln!(text, "   ! {}", printable(warning));
        }
        if let Some(undo) = &view.undo {
            let _ = writeln!(text, "   undo: {}", printable(undo));
        }
        if let Some(command) = &view.command {
            let _ = writeln!(text, "   $ {}", printable(command));
        }
    }
    let expected = SignedDuration::from_secs(i64::try_from(plan.expected_seconds()).unwrap_or(i64::MAX));
    if plan.is_so_already() {
        let _ = writeln!(text, "\nIt is so already: there is nothing to do. Danger: {}.", plan.danger);
    } else {
        let _ = writeln!(text, "\nTakes about {} if all goes well. Danger: {}.", duration(expected), plan.danger);
    }
    text
}
