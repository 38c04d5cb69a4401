//! Which runbook treats a finding.

use super::before::Before;
use super::draft::Draft;
use super::symptom::Symptom;
use crate::platform::Subject;

/// The runbook of the platform file, unless something new was deployed just before things went wrong.
pub(super) fn choose(draft: &Draft, before: Option<&Before>) -> Option<String> {
    if draft.symptom.suspects_deploy() && before.is_some_and(|b| b.deploy) {
        return Some("rollback".to_owned());
    }
    if draft.runbook.is_some() {
        return draft.runbook.clone();
    }
    // More tasks don't help a database: they take connections from it.
    let more_tasks = matches!(draft.symptom, Symptom::Cpu | Symptom::Memory | Symptom::Queue)
        && !matches!(draft.subject, Subject::Database(_));
    more_tasks.then(|| "scale".to_owned())
}
