//! What is to be vacuumed, and how.

use std::time::Duration;

use serde::Serialize;

use crate::database::TableName;

/// What to vacuum and how. [`Order::database`] and [`Order::tables`] have sensible defaults for the rest.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Order {
    /// Which tables.
    pub scope: Scope,
    /// Plain or full.
    pub kind: VacuumKind,
    /// Gather the planner's statistics too (`ANALYZE`). A full vacuum always does, or its rows would look dead still.
    pub analyze: bool,
    /// Longest wait for each table's lock; the table is given up after it, and the next one begun.
    pub lock_timeout: Duration,
    /// Don't wait at all: a locked table is skipped (`SKIP_LOCKED`).
    pub skip_locked: bool,
    /// `vacuum_cost_delay`: a pause after each bit of work, to leave the disk to others. None leaves the server's own,
    /// which is no pause.
    pub cost_delay: Option<Duration>,
    /// How often progress is looked at.
    pub look_every: Duration,
}

/// Which tables.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// The user's tables, the most bloated first, then those of the system that we may vacuum.
    Database,
    /// These, in this order.
    Tables(Vec<TableName>),
}

/// Plain or full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum VacuumKind {
    /// Makes dead rows' space free for new rows. Reads and writes go on. The file seldom shrinks.
    Plain,
    /// `VACUUM FULL`: writes the table anew, without holes. Nobody can read or write it meanwhile.
    Full {
        /// Storage that is free, in bytes (CloudWatch's `FreeStorageSpace`). A table whose copy could not fit in it is
        /// refused.
        free_bytes: u64,
    },
}

impl Order {
    /// All tables of the database.
    pub fn database() -> Order {
        Order {
            scope: Scope::Database,
            kind: VacuumKind::Plain,
            analyze: true,
            lock_timeout: Duration::from_secs(5),
            skip_locked: false,
            cost_delay: None,
            look_every: Duration::from_millis(500),
        }
    }

    /// Some tables.
    pub fn tables(tables: impl IntoIterator<Item = TableName>) -> Order {
        Order { scope: Scope::Tables(tables.into_iter().collect()), ..Order::database() }
    }

    /// The statement for one table: `VACUUM (VERBOSE, ANALYZE) "public"."events"`.
    pub fn statement(&self, table: &TableName) -> String {
        let full = matches!(self.kind, VacuumKind::Full { .. });
        let options =
            [(full, "FULL"), (true, "VERBOSE"), (self.analyze || full, "ANALYZE"), (self.skip_locked, "SKIP_LOCKED")];
        let options: Vec<&str> = options.into_iter().filter_map(|(wanted, name)| wanted.then_some(name)).collect();
        format!("VACUUM ({}) {}", options.join(", "), table.sql())
    }

    /// What a session is told before it begins.
    pub(super) fn settings(&self) -> Option<String> {
        let delay = self.cost_delay?;
        // 100 ms is the most that PostgreSQL takes.
        Some(format!("SET vacuum_cost_delay = {}", (delay.as_secs_f64() * 1_000.0).clamp(0.0, 100.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_what_a_person_would_type_with_the_name_quoted() {
        let table = TableName::new("public", "a\"; DROP TABLE b; --");
        let order = Order::tables([table.clone()]);
        assert_eq!(order.statement(&table), r#"VACUUM (VERBOSE, ANALYZE) "public"."a""; DROP TABLE b; --""#);
        let full = Order { kind: VacuumKind::Full { free_bytes: 1 }, analyze: false, skip_locked: true, ..order };
        assert!(full.statement(&table).starts_with("VACUUM (FULL, VERBOSE, ANALYZE, SKIP_LOCKED) "));
    }

    #[test]
    fn a_delay_is_never_more_than_postgresql_takes() {
        let order = |ms| Order { cost_delay: Some(Duration::from_millis(ms)), ..Order::database() };
        assert_eq!(order(2).settings().as_deref(), Some("SET vacuum_cost_delay = 2"));
        assert_eq!(order(5_000).settings().as_deref(), Some("SET vacuum_cost_delay = 100"));
        assert_eq!(Order::database().settings(), None);
    }
}
