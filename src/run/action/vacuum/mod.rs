//! `vacuum`: vacuums a database or some of its tables, and says what that gained.

mod apply;
mod before;
mod told;
mod way;

use std::time::Duration;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::tables::{bytes, place, table_line};
use super::{Context, Done};
use crate::database::{Database, Order, Table, TableName, Target, VacuumKind, table_named};
use crate::platform::text::{duration, shell_word};
use crate::platform::{Picture, Role, Subject};
use crate::run::database::open;
use crate::run::plan::Change;
use crate::run::{Halt, View, Work};
use crate::runbook::Kind;
use before::Basis;

/// Why nobody takes a vacuum back.
pub(super) const NO_UNDO: &str = "a vacuum changes no row: there is nothing to take back";
const UNDO: &str = "there is nothing to undo; a cancelled vacuum leaves every row as it was";
/// Tables that a plan shows one by one.
const SHOWN: usize = 10;
/// The system's own tables.
const CATALOG: &str = "pg_catalog";
/// Bytes a second that a small instance's disk reads and writes, for the time that is expected, about.
const READS: i64 = 80_000_000;
const WRITES: i64 = 40_000_000;

/// What to vacuum and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct VacuumTables {
    /// As the platform file names it.
    pub database: String,
    /// As they were typed; none means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<String>,
    /// Renew the planner's statistics too.
    pub analyze: bool,
    /// Rewrite the tables and give their storage back.
    #[serde(default)]
    pub full: bool,
    /// A table that can't be locked by then is left out.
    pub lock_timeout_seconds: u64,
}

/// What dead rows take of a table, about.
fn dead_bytes(table: &Table) -> i64 {
    let rows = table.live_rows.saturating_add(table.dead_rows).max(1);
    (table.heap_bytes as f64 * (table.dead_rows as f64 / rows as f64)) as i64
}

/// About so many seconds: all of it is read, and what held dead rows is written.
fn vacuuming_takes(total_bytes: i64, dead_bytes: i64) -> u64 {
    u64::try_from(total_bytes / READS + dead_bytes / WRITES).unwrap_or(0)
}

/// About so many seconds: all of it is read, and a copy is written, once to its file and once to the log.
fn rewriting_takes(total_bytes: i64, copy_bytes: i64) -> u64 {
    1 + u64::try_from(total_bytes / READS + copy_bytes.saturating_mul(2) / WRITES).unwrap_or(0)
}

impl VacuumTables {
    /// The tables that are meant, those that need it most first. A name is only ever compared with what is there.
    async fn chosen(&self, database: &Database) -> Result<Vec<Table>, Halt> {
        let mut tables = database.tables().await?;
        if self.tables.is_empty() {
            // A rewrite of the catalog stops everybody, and gives little back.
            if !self.full {
                tables.extend(database.system_tables().await?.into_iter().filter(|table| table.may_vacuum));
            }
            return Ok(tables);
        }
        let users = tables.len();
        tables.extend(database.system_tables().await?);
        let mut chosen: Vec<Table> = Vec::new();
        for word in &self.tables {
            // The user's own tables first: a bare name rarely means the catalog.
            let table = table_named(&tables[..users], word)
                .or_else(|trouble| table_named(&tables[users..], word).map_err(|_| trouble))
                .map_err(|trouble| Halt::unknown(Kind::Tables, trouble))?;
            if chosen.iter().all(|other| other.oid != table.oid) {
                chosen.push(table.clone());
            }
        }
        Ok(chosen)
    }

    fn order(&self, tables: Vec<TableName>, free_bytes: Option<u64>) -> Order {
        Order {
            kind: match free_bytes {
                Some(free_bytes) if self.full => VacuumKind::Full { free_bytes },
                _ => VacuumKind::Plain,
            },
            analyze: self.analyze,
            lock_timeout: Duration::from_secs(self.lock_timeout_seconds.max(1)),
            ..Order::tables(tables)
        }
    }

    /// Storage that is free, which a rewrite must know.
    fn free_bytes(&self, context: &Context, picture: &Picture) -> Result<Option<u64>, Halt> {
        if !self.full {
            return Ok(None);
        }
        let platform = &context.platform;
        let database = platform.databases.iter().position(|spec| spec.id == self.database);
        let gauge = database.and_then(|index| platform.gauge(Subject::Database(index), Role::FreeStorage));
        let reading = gauge.and_then(|(index, gauge)| picture.reading(index, gauge));
        match reading {
            Some((point, _)) if point.value >= 0.0 => Ok(Some(point.value as u64)),
            _ => Err(Halt::refused(
                "CloudWatch does not tell how much storage is free, and a full vacuum that fills the disk stops the \
                 database: vacuum plainly",
            )),
        }
    }

    pub(super) async fn plan(&self, context: &Context, picture: &Picture) -> Result<View, Halt> {
        let (target, database) = open(context, &self.database).await?;
        let server = database.server().await?;
        if server.is_standby {
            return Err(Halt::refused(format!("{target} is a standby: use the endpoint of the instance that writes")));
        }
        let (ours, others): (Vec<Table>, Vec<Table>) =
            self.chosen(&database).await?.into_iter().partition(|table| table.may_vacuum);
        let mut view = View { undo: Some(UNDO.to_owned()), ..View::default() };
        self.check_rights(&mut view, &server.user, &ours, &others)?;
        view.facts.push(place(&target, &database));
        self.show(&mut view, context, &ours);
        if let Some(free) = self.free_bytes(context, picture)? {
            for table in &ours {
                let estimate = database.full_estimate(table, server.max_wal_bytes).await?;
                if let Some(trouble) = estimate.refusal(free) {
                    return Err(trouble.into());
                }
                let seconds = rewriting_takes(table.total_bytes, estimate.copy_bytes);
                let takes = duration(SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX)));
                view.warnings.push(format!("{}; it takes about {takes}", estimate.words()));
                view.expected_seconds += seconds;
            }
            view.facts.push(format!("{} of storage are free", bytes(i64::try_from(free).unwrap_or(i64::MAX))));
        }
        if !self.full {
            view.expected_seconds =
                1 + ours.iter().map(|table| vacuuming_takes(table.total_bytes, dead_bytes(table))).sum::<u64>();
        }
        view.command = Some(self.command(&target, &ours));
        let chosen = if self.tables.is_empty() { &[][..] } else { &ours };
        view.basis = json!(Basis::of(&target, chosen));
        Ok(view)
    }

    fn check_rights(&self, view: &mut View, user: &str, ours: &[Table], others: &[Table]) -> Result<(), Halt> {
        let names: Vec<String> = others.iter().take(SHOWN).map(|table| table.name.to_string()).collect();
        let names = names.join(", ");
        let refused = |what: String| {
            Halt::refused(format!(
                "the role {} may not vacuum {what}: log in as the owner, or with MAINTAIN (PostgreSQL 17 and newer)",
                crate::platform::text::printable(user)
            ))
        };
        match (others.len(), self.tables.is_empty()) {
            (0, true) if ours.is_empty() => Err(Halt::refused("there are no tables")),
            (0, _) => Ok(()),
            (_, false) => Err(refused(names)),
            (_, true) if ours.is_empty() || ours.iter().all(|table| table.name.schema == CATALOG) => {
                Err(refused("any of the tables".to_owned()))
            }
            (count, true) => {
                view.warnings.push(format!("{count} tables of other owners are left out: {names}"));
                Ok(())
            }
        }
    }

    fn show(&self, view: &mut View, context: &Context, tables: &[Table]) {
        let after = match (self.full, self.analyze) {
            (true, _) => "rewritten and analyzed",
            (false, true) => "vacuumed and analyzed",
            (false, false) => "vacuumed",
        };
        let now = context.clock.now();
        let is_shown = |table: &&Table| !self.tables.is_empty() || table.name.schema != CATALOG;
        let (shown, system): (Vec<&Table>, Vec<&Table>) = tables.iter().partition(is_shown);
        for table in shown.iter().take(SHOWN) {
            view.changes.push(Change::of(&table.name.to_string(), table_line(table, now), after));
        }
        if let Some(more @ 1..) = shown.len().checked_sub(SHOWN) {
            view.facts.push(format!("and {more} more, each {after}"));
        }
        if !system.is_empty() {
            view.facts.push(format!("and {} tables of the catalog, each {after}", system.len()));
        }
        for table in tables.iter().filter(|table| table.sizes_are_old) {
            view.warnings.push(format!(
                "{} is locked by somebody: it is left out if it still is after {} s",
                table.name, self.lock_timeout_seconds
            ));
        }
    }

    /// By hand; all of a database is one statement.
    fn command(&self, target: &Target, tables: &[Table]) -> String {
        let mut command = format!("{} -c \"SET lock_timeout = '{}s'\"", target.psql(), self.lock_timeout_seconds);
        let order = self.order(Vec::new(), Some(0));
        if self.tables.is_empty() && !self.full {
            command.push_str(if self.analyze { " -c 'VACUUM (ANALYZE)'" } else { " -c VACUUM" });
        } else {
            for table in tables.iter().take(SHOWN) {
                command.push_str(" -c ");
                command.push_str(&shell_word(&order.statement(&table.name)));
            }
        }
        command
    }

    pub(super) async fn apply(&self, work: &mut Work<'_>) -> Result<Done, Halt> {
        apply::apply(self, work).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rewrite_is_never_expected_to_be_as_quick_as_a_vacuum_of_the_same_table() {
        let gigabyte = 1_000_000_000;
        let (vacuum, rewrite) = (vacuuming_takes(gigabyte, gigabyte / 5), rewriting_takes(gigabyte, gigabyte * 4 / 5));
        assert_eq!((vacuum, rewrite), (17, 53));
        assert_eq!(vacuuming_takes(gigabyte, 0), 12);
    }
}
