//! Which runbook treats a finding.

use super::before::Before;
use super::draft::Draft;
use super::symptom::Symptom;
use crate::platform::Subject;

/// The runbook of the platform file, unless something new was deployed just before things went wrong.
/// `deployed` is whether anything was deployed of late: where nothing was, going back treats nothing.
pub(super) fn choose(draft: &Draft, before: Option<&Before>, deployed: bool) -> Option<String> {
    if draft.symptom.suspects_deploy() && before.is_some_and(|b| b.deploy) {
        return Some("rollback".to_owned());
    }
    if let Some(runbook) = &draft.runbook {
        return (runbook != "rollback" || deployed).then(|| runbook.clone());
    }
    // More tasks don't help a database: they take connections from it.
    let more_tasks = matches!(draft.symptom, Symptom::Cpu | Symptom::Memory | Symptom::Queue)
        && !matches!(draft.subject, Subject::Database(_));
    more_tasks.then(|| "scale".to_owned())
}
