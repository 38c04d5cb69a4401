//! What a vacuum came to, in a person's words.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::super::tables::{bytes, count};
use super::before::Before;
use crate::database::{DatabaseTroubleKind as Kind, Holder, Skip, Table, TableEnding, TableReport, VacuumReport};
use crate::platform::text::duration;

/// Tables that are told one by one.
const TOLD: usize = 5;

/// What one table came to.
pub(super) fn table(report: &TableReport) -> String {
    let name = &report.name;
    match (&report.ending, &report.before, &report.after) {
        (TableEnding::Vacuumed, Some(before), Some(after)) => {
            gain(&name.to_string(), (before.dead_rows, before.total_bytes), after)
        }
        (TableEnding::Vacuumed, _, _) => format!("{name} vacuumed; what it is like now can't be asked"),
        (TableEnding::Skipped(skip), _, _) => format!("{name} left out: {}", skip.words()),
        (TableEnding::Stopped, _, _) => format!("{name} cancelled in the middle: what was cleared stays cleared"),
        (TableEnding::Failed(trouble), _, _) if trouble.kind == Kind::LockTimeout => {
            format!("{name} left out: {}", trouble.why)
        }
        (TableEnding::Failed(trouble), _, _) => format!("{name} failed: {}", trouble.why),
    }
}

fn gain(name: &str, before: (i64, i64), after: &Table) -> String {
    format!(
        "{name} {} dead rows → {}, {} → {}",
        count(before.0),
        count(after.dead_rows),
        bytes(before.1),
        bytes(after.total_bytes)
    )
}

/// What an earlier process of the run, or anybody else since it asked, did.
pub(super) fn found(found: &[(Before, Table)]) -> String {
    let one =
        |(before, now): &(Before, Table)| gain(&before.name().to_string(), (before.dead_rows, before.total_bytes), now);
    let mut words: Vec<String> = found.iter().take(TOLD).map(one).collect();
    if let Some(more @ 1..) = found.len().checked_sub(TOLD) {
        words.push(format!("{more} more"));
    }
    words.join("; ")
}

/// It was begun, or may have been.
pub(super) fn is_begun(report: &TableReport) -> bool {
    match &report.ending {
        TableEnding::Vacuumed | TableEnding::Stopped => true,
        TableEnding::Skipped(_) => false,
        TableEnding::Failed(trouble) => {
            !matches!(trouble.kind, Kind::LockTimeout | Kind::NoRight | Kind::NoTable | Kind::NoStorage)
        }
    }
}

/// It was passed over for a reason that ends no run: somebody else is on it, it is gone, or it is another's.
pub(super) fn is_left_out(report: &TableReport) -> bool {
    match &report.ending {
        TableEnding::Skipped(Skip::Locked | Skip::Gone | Skip::NoRight) => true,
        TableEnding::Failed(trouble) => matches!(trouble.kind, Kind::LockTimeout | Kind::NoTable),
        _ => false,
    }
}

/// Everything: how many, what was left out, what held dead rows back, and the largest gains. What asks for somebody comes
/// first.
pub(super) fn all(report: &VacuumReport, found: &[(Before, Table)]) -> String {
    let took = SignedDuration::try_from(report.took).unwrap_or_default();
    let mut said = vec![format!("{} in {}", report.words(), duration(took))];
    if !found.is_empty() {
        said.push(format!("{} vacuumed before this process took over: {}", found.len(), self::found(found)));
    }
    let others = report.tables.iter().filter(|table| table.ending != TableEnding::Vacuumed);
    said.extend(others.take(TOLD).map(table));
    said.extend(held_back(report));
    let mut vacuumed: Vec<&TableReport> = report.vacuumed().collect();
    vacuumed.sort_by_key(|table| std::cmp::Reverse(table.before.as_ref().map_or(0, |before| before.dead_rows)));
    said.extend(vacuumed.iter().take(TOLD).map(|report| table(report)));
    said.join("; ")
}

fn held_back(report: &VacuumReport) -> Option<String> {
    let left: i64 = report.tables.iter().filter_map(TableReport::dead_rows_left).sum();
    if left <= 0 {
        return None;
    }
    let holder = report.holdback.as_ref()?.holders.iter().find(|holder| !keeps_only_the_catalog(holder))?;
    Some(format!("{} dead rows are held back by {}: {}", count(left), holder.words(), holder.remedy()))
}

fn keeps_only_the_catalog(holder: &Holder) -> bool {
    matches!(holder, Holder::Slot { only_catalog: true, .. })
}

/// The same for the journal.
pub(super) fn details(report: &VacuumReport) -> Value {
    let tables = report.tables.iter().map(|table| {
        let after = table.after.as_ref();
        json!({
            "table": table.name.to_string(),
            "ending": self::table(table),
            "dead-rows": after.map(|after| after.dead_rows),
            "total-bytes": after.map(|after| after.total_bytes),
        })
    });
    json!({ "tables": tables.collect::<Vec<_>>(), "not-begun": report.not_begun.len() })
}
