//! The tables of a database, the most bloated first.

use jiff::Timestamp;
use serde::Serialize;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::connect::{Database, get, get_time};
use super::quote::TableName;
use super::trouble::{DatabaseTrouble, DatabaseTroubleKind};
use crate::platform::text;

/// An ordinary table or a materialized view, with its TOAST table.
///
/// Row counts are the statistics' estimates. Equivalent:
/// `SELECT relname, n_live_tup, n_dead_tup, last_autovacuum FROM pg_stat_user_tables ORDER BY n_dead_tup DESC`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Table {
    /// Schema and name.
    pub name: TableName,
    /// `pg_class.oid`.
    pub oid: u32,
    /// Rows that somebody can see (`n_live_tup`).
    pub live_rows: i64,
    /// Rows that nobody will see again once vacuum has removed them (`n_dead_tup`).
    pub dead_rows: i64,
    /// The main fork, in bytes (`pg_relation_size`).
    pub heap_bytes: i64,
    /// With TOAST, free space map and visibility map, without indexes, in bytes (`pg_table_size`).
    pub table_bytes: i64,
    /// With indexes too, in bytes (`pg_total_relation_size`).
    pub total_bytes: i64,
    /// Sizes are of the last vacuum or analyze, because the table is locked exclusively and asking would wait.
    pub sizes_are_old: bool,
    /// `last_vacuum`.
    pub last_vacuum: Option<Timestamp>,
    /// `last_autovacuum`.
    pub last_autovacuum: Option<Timestamp>,
    /// The later of `last_analyze` and `last_autoanalyze`.
    pub last_analyze: Option<Timestamp>,
    /// How often `VACUUM` (not autovacuum) ran to its end (`vacuum_count`).
    pub vacuum_count: i64,
    /// Transactions since its oldest unfrozen row could have been written: `age(relfrozenxid)`, its TOAST table's if
    /// that is older.
    pub xid_age: i64,
    /// Autovacuum is turned off for it (`autovacuum_enabled=false`).
    pub autovacuum_off: bool,
    /// We may vacuum it: as owner of it or of the database, or by `MAINTAIN` (PostgreSQL 17 and newer).
    pub may_vacuum: bool,
    /// A vacuum of it that runs now.
    pub running: Option<RunningVacuum>,
}

/// A vacuum that runs now (`pg_stat_progress_vacuum`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RunningVacuum {
    /// Its process.
    pub pid: i32,
    /// It is autovacuum's.
    pub automatic: bool,
    /// It prevents wraparound, and so does not give way to others' locks.
    pub against_wraparound: bool,
    /// `scanning heap` …
    pub phase: String,
}

impl Table {
    /// Dead rows of all rows, 0 to 1.
    pub fn dead_share(&self) -> f64 {
        let all = self.live_rows + self.dead_rows;
        if all <= 0 { 0.0 } else { self.dead_rows as f64 / all as f64 }
    }

    /// About how many bytes of the heap dead rows take: its size times their share.
    pub fn dead_bytes(&self) -> i64 {
        (self.heap_bytes as f64 * self.dead_share()) as i64
    }

    /// The later of vacuum and autovacuum.
    pub fn last_vacuumed(&self) -> Option<Timestamp> {
        self.last_vacuum.max(self.last_autovacuum)
    }
}

/// How near a database is to transaction id wraparound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Wraparound {
    /// `age(datfrozenxid)`: transactions since its oldest unfrozen row could have been written.
    pub xid_age: i64,
    /// `mxid_age(datminmxid)`: the same for multixacts.
    pub multixact_age: i64,
    /// `autovacuum_freeze_max_age`: from here on autovacuum freezes whether it is wanted or not.
    pub freeze_max_age: i64,
}

impl Wraparound {
    /// The age at which PostgreSQL takes no more writes: 2^31 less 3 million transactions.
    ///
    /// From `SetTransactionIdLimit` of PostgreSQL 14 and newer; older ones keep 1 million.
    pub const LIMIT: i64 = (1 << 31) - 3_000_000;

    /// How much of the way to the stop is gone, 0 to 1.
    pub fn share(&self) -> f64 {
        self.xid_age.max(self.multixact_age) as f64 / Self::LIMIT as f64
    }
}

const WHAT: &str = "list the tables";

// Asking for the size of an exclusively locked table would wait for the lock, and a table is locked just when somebody
// looks: those get the size that the last vacuum or analyze noted.
const SQL: &str = "/* plantao:tables */
WITH locked AS (
    SELECT coalesce(toast.oid, x.indrelid, l.relation) AS oid
    FROM pg_locks l
    LEFT JOIN pg_index x ON x.indexrelid = l.relation
    LEFT JOIN pg_class toast ON toast.reltoastrelid = coalesce(x.indrelid, l.relation) AND toast.reltoastrelid <> 0
    WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.pid IS DISTINCT FROM pg_backend_pid()
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
), vacuums AS (
    SELECT DISTINCT ON (table_oid) coalesce(c.oid, p.relid) AS table_oid, p.pid, p.phase, a.backend_type,
           coalesce(a.query LIKE '%to prevent wraparound%', false) AS wraparound
    FROM pg_stat_progress_vacuum p
    LEFT JOIN pg_stat_activity a ON a.pid = p.pid
    LEFT JOIN pg_class c ON c.reltoastrelid = p.relid AND p.relid <> 0
    WHERE p.datname = current_database()
)
SELECT n.nspname::text, c.relname::text, c.oid,
       coalesce(pg_stat_get_live_tuples(c.oid), 0), coalesce(pg_stat_get_dead_tuples(c.oid), 0),
       CASE WHEN k.is THEN c.relpages::int8 * b.size ELSE coalesce(pg_relation_size(c.oid), 0) END,
       CASE WHEN k.is THEN (c.relpages::int8 + coalesce(t.relpages, 0)) * b.size
            ELSE coalesce(pg_table_size(c.oid), 0) END,
       CASE WHEN k.is THEN (c.relpages::int8 + coalesce(t.relpages, 0) + (
                SELECT coalesce(sum(i.relpages), 0) FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
                WHERE x.indrelid IN (c.oid, c.reltoastrelid))) * b.size
            ELSE coalesce(pg_total_relation_size(c.oid), 0) END::int8,
       k.is,
       (extract(epoch FROM pg_stat_get_last_vacuum_time(c.oid)) * 1000000)::int8,
       (extract(epoch FROM pg_stat_get_last_autovacuum_time(c.oid)) * 1000000)::int8,
       (extract(epoch FROM greatest(pg_stat_get_last_analyze_time(c.oid),
                                    pg_stat_get_last_autoanalyze_time(c.oid))) * 1000000)::int8,
       coalesce(pg_stat_get_vacuum_count(c.oid), 0),
       greatest(age(c.relfrozenxid), age(t.relfrozenxid))::int8,
       coalesce('autovacuum_enabled=false' = ANY (c.reloptions) OR 'autovacuum_enabled=off' = ANY (c.reloptions), false),
       MAY_VACUUM,
       v.pid, v.backend_type = 'autovacuum worker', v.wraparound, v.phase
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN (SELECT current_setting('block_size')::int8 AS size) b
LEFT JOIN pg_class t ON t.oid = c.reltoastrelid AND t.oid <> 0
LEFT JOIN vacuums v ON v.table_oid = c.oid
CROSS JOIN LATERAL (SELECT c.oid IN (SELECT oid FROM locked) AS is) k
WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't' AND n.nspname <> 'information_schema'
  AND ($1::bool IS NULL OR (n.nspname = 'pg_catalog') = $1) AND ($2::oid IS NULL OR c.oid = $2)";

/// `vacuum_is_permitted_for_relation` of the server's source, as SQL.
const OWNS: &str = "(pg_has_role(c.relowner, 'USAGE') OR NOT c.relisshared AND pg_has_role(
    (SELECT datdba FROM pg_database WHERE datname = current_database()), 'USAGE'))";

impl Database {
    /// The user's tables, those with the most dead bytes first, then the oldest in transactions.
    pub async fn tables(&self) -> Result<Vec<Table>, DatabaseTrouble> {
        self.tables_of(Some(false), None).await
    }

    /// The system's tables (`pg_catalog`), in the same order.
    pub async fn system_tables(&self) -> Result<Vec<Table>, DatabaseTrouble> {
        self.tables_of(Some(true), None).await
    }

    /// One table, by its `oid`, as it is now; none if it is gone.
    pub async fn table(&self, oid: u32) -> Result<Option<Table>, DatabaseTrouble> {
        Ok(self.tables_of(None, Some(oid)).await?.into_iter().next())
    }

    async fn tables_of(&self, system: Option<bool>, oid: Option<u32>) -> Result<Vec<Table>, DatabaseTrouble> {
        let may = if self.version().major() >= 17 {
            format!("({OWNS} OR has_table_privilege(c.oid, 'MAINTAIN'))")
        } else {
            OWNS.to_owned()
        };
        let sql = SQL.replace("MAY_VACUUM", &may);
        let rows = self.ask(WHAT, &sql, &[(&system, Type::BOOL), (&oid, Type::OID)]).await?;
        let mut tables = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        tables.sort_by(|a, b| {
            (b.dead_bytes(), b.xid_age).cmp(&(a.dead_bytes(), a.xid_age)).then_with(|| a.name.cmp(&b.name))
        });
        Ok(tables)
    }

    /// How near the database is to transaction id wraparound.
    ///
    /// Equivalent: `SELECT age(datfrozenxid), mxid_age(datminmxid) FROM pg_database WHERE datname = current_database()`.
    pub async fn wraparound(&self) -> Result<Wraparound, DatabaseTrouble> {
        const WHAT: &str = "ask for the age of the oldest transaction id";
        let sql = "/* plantao:wraparound */ SELECT age(datfrozenxid)::int8, mxid_age(datminmxid)::int8, \
                   current_setting('autovacuum_freeze_max_age')::int8 \
                   FROM pg_database WHERE datname = current_database()";
        let row = self.ask_one(WHAT, sql, &[]).await?;
        Ok(Wraparound {
            xid_age: get(&row, 0, WHAT)?,
            multixact_age: get(&row, 1, WHAT)?,
            freeze_max_age: get(&row, 2, WHAT)?,
        })
    }
}

fn read(row: &Row) -> Result<Table, DatabaseTrouble> {
    let running = match get::<Option<i32>>(row, 16, WHAT)? {
        None => None,
        Some(pid) => Some(RunningVacuum {
            pid,
            automatic: get::<Option<bool>>(row, 17, WHAT)?.unwrap_or_default(),
            against_wraparound: get::<Option<bool>>(row, 18, WHAT)?.unwrap_or_default(),
            phase: get::<Option<String>>(row, 19, WHAT)?.unwrap_or_default(),
        }),
    };
    Ok(Table {
        name: TableName::new(get(row, 0, WHAT)?, get(row, 1, WHAT)?),
        oid: get(row, 2, WHAT)?,
        live_rows: get(row, 3, WHAT)?,
        dead_rows: get(row, 4, WHAT)?,
        heap_bytes: get(row, 5, WHAT)?,
        table_bytes: get(row, 6, WHAT)?,
        total_bytes: get(row, 7, WHAT)?,
        sizes_are_old: get(row, 8, WHAT)?,
        last_vacuum: get_time(row, 9, WHAT)?,
        last_autovacuum: get_time(row, 10, WHAT)?,
        last_analyze: get_time(row, 11, WHAT)?,
        vacuum_count: get(row, 12, WHAT)?,
        xid_age: get(row, 13, WHAT)?,
        autovacuum_off: get(row, 14, WHAT)?,
        may_vacuum: get(row, 15, WHAT)?,
        running,
    })
}

/// The table that a person means by `events` or `public.events`: only a name that is there, so nothing else can be
/// meant. A bare name must be in one schema only.
pub fn table_named<'a>(tables: &'a [Table], word: &str) -> Result<&'a Table, DatabaseTrouble> {
    let what = format!("find the table {word}");
    let trouble = |why: &str| DatabaseTrouble::new(DatabaseTroubleKind::NoTable, &what, why);
    let full = |table: &Table| format!("{}.{}", table.name.schema, table.name.name);
    if let Some(table) = tables.iter().find(|table| full(table) == word) {
        return Ok(table);
    }
    let bare: Vec<&Table> = tables.iter().filter(|table| table.name.name == word).collect();
    match bare.as_slice() {
        [table] => Ok(table),
        [] => {
            let names: Vec<String> = tables.iter().flat_map(|table| [table.name.name.clone(), full(table)]).collect();
            let nearest = text::nearest(word, names.iter().map(String::as_str));
            let trouble = trouble("there is no such table");
            Err(nearest.map_or(trouble.clone(), |name| trouble.remedy(format!("probably {name}"))))
        }
        several => {
            let names: Vec<String> = several.iter().map(|table| full(table)).collect();
            Err(trouble("it is in several schemas").remedy(format!("write one of {}", names.join(", "))))
        }
    }
}

#[cfg(test)]
#[path = "tables_tests.rs"]
pub(super) mod tests;
