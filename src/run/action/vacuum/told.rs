//! What a vacuum came to, in a person's words.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::super::tables::{bytes, count};
use super::before::Before;
use crate::database::{DatabaseTroubleKind as Kind, Holder, Skip, Table, TableEnding, TableReport, VacuumReport};
use crate::platform::text::duration;

/// Tables that are told one by one.
const TOLD: usize = 5;
/// As many dead rows as autovacuum itself comes for: `autovacuum_vacuum_threshold` 50, and
/// `autovacuum_vacuum_scale_factor` 0.2 of the live ones. Fewer are there again in a minute.
const BLOAT_ROWS: i64 = 50;
const BLOAT_SHARE: i64 = 5;

/// What one table came to.
pub(super) fn table(report: &TableReport) -> String {
    let name = &report.name;
    match (&report.ending, &report.before, &report.after) {
        (TableEnding::Vacuumed, Some(before), Some(after)) => {
            gain(&name.to_string(), (before.dead_rows, before.total_bytes), after)
        }
        (TableEnding::Vacuumed, _, _) => format!("{name} vacuumed; what it is like now can't be asked"),
        (TableEnding::Skipped(skip), _, _) => format!("{name} left out: {}", skip.words()),
        (TableEnding::Stopped(_), _, _) => format!("{name} cancelled in the middle: what was cleared stays cleared"),
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
        TableEnding::Vacuumed | TableEnding::Stopped(_) => true,
        TableEnding::Skipped(_) => false,
        TableEnding::Failed(trouble) => {
            !matches!(trouble.kind, Kind::LockTimeout | Kind::NoRight | Kind::NoTable | Kind::NoStorage)
        }
    }
}

/// Why it was passed over, in a word, where that ends no run: somebody else is on it, it is gone, or it is another's.
fn why_left_out(report: &TableReport) -> Option<&'static str> {
    match &report.ending {
        TableEnding::Skipped(Skip::Locked) => Some("locked"),
        TableEnding::Skipped(Skip::Gone) => Some("gone"),
        TableEnding::Skipped(Skip::NoRight) => Some("of other owners"),
        TableEnding::Failed(trouble) if trouble.kind == Kind::LockTimeout => Some("locked"),
        TableEnding::Failed(trouble) if trouble.kind == Kind::NoTable => Some("gone"),
        _ => None,
    }
}

/// It was not vacuumed, and not for a reason that ends no run.
pub(super) fn failed(report: &TableReport) -> bool {
    report.ending != TableEnding::Vacuumed && why_left_out(report).is_none()
}

/// `3 tables were left out: 2 locked, 1 gone`; `1 table was left out: locked`.
fn left_out(report: &VacuumReport) -> Option<String> {
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    report.tables.iter().filter_map(why_left_out).for_each(|why| *reasons.entry(why).or_default() += 1);
    let all: usize = reasons.values().sum();
    let whys: Vec<String> = match reasons.len() {
        0 => return None,
        1 => reasons.keys().map(|why| (*why).to_owned()).collect(),
        _ => reasons.iter().map(|(why, count)| format!("{count} {why}")).collect(),
    };
    let were = if all == 1 { " was" } else { "s were" };
    Some(format!("{all} table{were} left out: {}", whys.join(", ")))
}

/// `2 tables vacuumed, 1 failed, 3 not begun`: without those that were left out.
fn outcome(report: &VacuumReport) -> String {
    let tables = report.tables.iter().filter(|table| why_left_out(table).is_none()).cloned().collect();
    VacuumReport { tables, ..report.clone() }.words()
}

/// All of it in numbers.
pub(super) fn numbers(report: &VacuumReport) -> String {
    let left_out = left_out(report).map(|words| format!("{words}; ")).unwrap_or_default();
    format!("{left_out}{}", outcome(report))
}

/// Everything: what held dead rows back, how many, what was left out, and the largest gains. What asks for somebody comes
/// first.
pub(super) fn all(report: &VacuumReport, found: &[(Before, Table)]) -> String {
    let took = SignedDuration::try_from(report.took).unwrap_or_default();
    let held_back = held_back(report);
    let mut said: Vec<String> = held_back.clone().filter(|_| still_bloated(report) > 0).into_iter().collect();
    said.push(format!("{} in {}", numbers(report), duration(took)));
    if !found.is_empty() {
        said.push(format!("{} vacuumed before this process took over: {}", found.len(), self::found(found)));
    }
    let others = report.tables.iter().filter(|table| table.ending != TableEnding::Vacuumed);
    said.extend(others.take(TOLD).map(table));
    said.extend(held_back.filter(|_| still_bloated(report) == 0));
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
    let holder = holder(report)?;
    let then = if still_bloated(report) > 0 { ", then vacuum again" } else { "" };
    Some(format!("{} dead rows are held back by {}: {}{then}", count(left), holder.words(), holder.remedy()))
}

/// Who holds rows of the user's tables back.
fn holder(report: &VacuumReport) -> Option<&Holder> {
    report.holdback.as_ref()?.holders.iter().find(|holder| !keeps_only_the_catalog(holder))
}

/// Tables that need a vacuum as before, because somebody holds their dead rows back: what was asked for is not done there.
pub(super) fn still_bloated(report: &VacuumReport) -> usize {
    let is_bloated = |table: &&TableReport| {
        let after = table.after.as_ref().filter(|_| table.ending == TableEnding::Vacuumed);
        after.is_some_and(|after| after.dead_rows > BLOAT_ROWS.saturating_add(after.live_rows / BLOAT_SHARE))
    };
    if holder(report).is_some() { report.tables.iter().filter(is_bloated).count() } else { 0 }
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
    let mut details = json!({ "tables": tables.collect::<Vec<_>>(), "not-begun": report.not_begun.len() });
    if let Some(words) = left_out(report) {
        details["words"] = words.into();
    }
    details
}
