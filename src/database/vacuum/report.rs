//! What a vacuum did, table by table.

use std::time::Duration;

use serde::Serialize;

use crate::database::{Connections, DatabaseTrouble, Holdback, Notice, Table, TableName};

/// What a vacuum did, and how it ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VacuumReport {
    /// How it ended as a whole. [`VacuumEnding::Finished`] says that every table was tried, not that all went well.
    pub ending: VacuumEnding,
    /// Tables that were begun, in order.
    pub tables: Vec<TableReport>,
    /// Tables that were not begun.
    pub not_begun: Vec<TableName>,
    /// What kept dead rows alive, if some are still there.
    pub holdback: Option<Holdback>,
    /// From the first table to the last.
    pub took: Duration,
}

/// How a vacuum ended as a whole.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum VacuumEnding {
    /// Every table was tried.
    Finished,
    /// Stopped because we were asked to. What is done stays done; the table in hand is as it was, only less bloated.
    Stopped,
    /// It could not go on.
    Failed(DatabaseTrouble),
}

/// What happened to one table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TableReport {
    /// Which one.
    pub name: TableName,
    /// How it ended.
    pub ending: TableEnding,
    /// As it was; none if it was not there.
    pub before: Option<Table>,
    /// As it is; none if that could not be asked.
    pub after: Option<Table>,
    /// Warnings of the server, and its account of the work (`VERBOSE`).
    pub notices: Vec<Notice>,
    /// How long it took, waiting included.
    pub took: Duration,
}

/// How one table ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TableEnding {
    /// It was vacuumed. [`TableReport::dead_rows_left`] tells whether something held it back.
    Vacuumed,
    /// The server passed it over, and said so in a warning.
    Skipped(Skip),
    /// Stopped in the middle, because we were asked to; with what the server answered to that.
    Stopped(DatabaseTrouble),
    /// It could not be vacuumed.
    Failed(DatabaseTrouble),
}

/// Why the server passed a table over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Skip {
    /// Only its owner, the database's owner or a role with `MAINTAIN` may vacuum it.
    NoRight,
    /// Somebody else has locked it, and the order was not to wait.
    Locked,
    /// It was dropped meanwhile.
    Gone,
    /// In the server's words.
    Other(String),
}

impl Skip {
    /// Why, in a person's words.
    pub fn words(&self) -> &str {
        match self {
            Skip::NoRight => "this role has no right to vacuum it",
            Skip::Locked => "somebody else has locked it",
            Skip::Gone => "it was dropped meanwhile",
            Skip::Other(words) => words,
        }
    }
}

impl TableReport {
    /// Dead rows that vacuum could not remove: somebody may still need to see them. None if it was not vacuumed.
    pub fn dead_rows_left(&self) -> Option<i64> {
        let after = self.after.as_ref()?;
        (self.ending == TableEnding::Vacuumed).then_some(after.dead_rows)
    }
}

impl VacuumReport {
    /// Tables that were vacuumed.
    pub fn vacuumed(&self) -> impl Iterator<Item = &TableReport> {
        self.tables.iter().filter(|table| table.ending == TableEnding::Vacuumed)
    }

    /// Tables that were passed over, and why.
    pub fn skipped(&self) -> impl Iterator<Item = (&TableReport, &Skip)> {
        self.tables.iter().filter_map(|table| match &table.ending {
            TableEnding::Skipped(skip) => Some((table, skip)),
            _ => None,
        })
    }

    /// Tables that failed, and why.
    pub fn failed(&self) -> impl Iterator<Item = (&TableReport, &DatabaseTrouble)> {
        self.tables.iter().filter_map(|table| match &table.ending {
            TableEnding::Failed(trouble) => Some((table, trouble)),
            _ => None,
        })
    }

    /// All tables were vacuumed, and nothing else happened.
    pub fn is_success(&self) -> bool {
        self.ending == VacuumEnding::Finished && self.vacuumed().count() == self.tables.len()
    }

    /// One line: `2 tables vacuumed, 1 skipped, 1 failed, 3 not begun`.
    pub fn words(&self) -> String {
        let vacuumed = self.vacuumed().count();
        let mut words = format!("{vacuumed} table{} vacuumed", if vacuumed == 1 { "" } else { "s" });
        let stopped = self.tables.iter().filter(|table| matches!(table.ending, TableEnding::Stopped(_))).count();
        for (count, what) in [
            (self.skipped().count(), "skipped"),
            (self.failed().count(), "failed"),
            (stopped, "stopped in the middle"),
            (self.not_begun.len(), "not begun"),
        ] {
            if count > 0 {
                words.extend([", ", &count.to_string(), " ", what]);
            }
        }
        words
    }
}

/// Says what the server's answer and warnings mean for a table.
pub(super) fn ending(notices: &[Notice], before: &Table, after: Option<&Table>, full: bool) -> TableEnding {
    let warning = notices.iter().find(|notice| notice.warning);
    let Some(warning) = warning else { return TableEnding::Vacuumed };
    // A full vacuum does not count as one in the statistics.
    let counted = !full && after.is_some_and(|after| after.vacuum_count > before.vacuum_count);
    match warning.sqlstate.as_str() {
        _ if counted => TableEnding::Vacuumed,
        "55P03" => TableEnding::Skipped(Skip::Locked),
        "42P01" => TableEnding::Skipped(Skip::Gone),
        _ if !before.may_vacuum => TableEnding::Skipped(Skip::NoRight),
        // Something else worth a warning happened, but the table was rewritten.
        _ if full && after.is_some_and(|after| after.last_analyze > before.last_analyze) => TableEnding::Vacuumed,
        _ => TableEnding::Skipped(Skip::Other(warning.text.clone())),
    }
}

/// Trouble with the numbers that are known.
pub(super) fn informed(trouble: DatabaseTrouble, connections: Option<&Connections>) -> DatabaseTrouble {
    match connections {
        Some(known) => trouble.with_connections(known),
        None => trouble,
    }
}
