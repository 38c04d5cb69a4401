//! What `VACUUM FULL` of a table takes: its lock and its disk space.

use serde::Serialize;
use tokio_postgres::types::Type;

use crate::database::connect::{Database, get};
use crate::database::{DatabaseTrouble, DatabaseTroubleKind, Table, TableName};
use crate::platform::Unit;

/// What `VACUUM FULL` of a table takes. It writes table and indexes anew, and only then drops the old ones.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FullEstimate {
    /// Which table.
    pub name: TableName,
    /// Table, TOAST and indexes now, in bytes.
    pub total_bytes: i64,
    /// About what they will take without bloat, in bytes: rows times their average width (`pg_stats`), or the live
    /// share if the table was never analyzed. TOAST and indexes are counted as they are.
    pub copy_bytes: i64,
    /// The most that the copy can take, in bytes: as much as now.
    pub worst_copy_bytes: i64,
    /// The write-ahead log of the copy, which is on the same storage until the next checkpoint, in bytes: as much as
    /// the copy, `max_wal_size` at most. An unread replication slot keeps more.
    pub log_bytes: i64,
}

/// Bytes of a row beside its columns: header (24) and line pointer (4), from the documentation's "Database Page Layout".
const HEADER: f64 = 24.0;
const LINE_POINTER: f64 = 4.0;

impl FullEstimate {
    /// Storage that must be free, in bytes, for the worst case.
    pub fn needed_bytes(&self) -> i64 {
        self.worst_copy_bytes.saturating_add(self.log_bytes)
    }

    /// About what will be free afterwards that is not now, in bytes.
    pub fn gain_bytes(&self) -> i64 {
        (self.total_bytes - self.copy_bytes).max(0)
    }

    /// What it locks and how much storage it needs, in a person's words.
    pub fn words(&self) -> String {
        format!(
            "nobody can read or write {} until it is done (ACCESS EXCLUSIVE lock); it needs about {} of free storage, \
             at worst {} with its write-ahead log, and gives back about {}",
            self.name,
            bytes(self.copy_bytes),
            bytes(self.needed_bytes()),
            bytes(self.gain_bytes())
        )
    }

    /// Why it must not be done with so much free storage; none if it may.
    pub fn refusal(&self, free_bytes: u64) -> Option<DatabaseTrouble> {
        let needed = u64::try_from(self.needed_bytes()).unwrap_or(u64::MAX);
        (needed > free_bytes).then(|| {
            let why = format!(
                "it could need {} of free storage, and there are {}: a full disk stops the database",
                bytes(self.needed_bytes()),
                Unit::Bytes.show(free_bytes as f64)
            );
            DatabaseTrouble::new(DatabaseTroubleKind::NoStorage, &format!("vacuum {} fully", self.name), why)
                .remedy("give the instance more storage first, or vacuum it plainly")
        })
    }
}

fn bytes(count: i64) -> String {
    Unit::Bytes.show(count as f64)
}

impl Database {
    /// What `VACUUM FULL` of a table would take. `max_wal_bytes` is [`crate::database::Server::max_wal_bytes`].
    pub async fn full_estimate(&self, table: &Table, max_wal_bytes: i64) -> Result<FullEstimate, DatabaseTrouble> {
        const WHAT: &str = "estimate what a full vacuum takes";
        let sql = "/* plantao:full */ SELECT (SELECT sum((1 - null_frac) * avg_width)::float8 FROM pg_stats
                           WHERE schemaname = $1 AND tablename = $2 AND NOT inherited),
                          (SELECT option_value::float8 FROM pg_options_to_table(c.reloptions)
                           WHERE option_name = 'fillfactor'),
                          current_setting('block_size')::float8
                   FROM pg_class c WHERE c.oid = $3";
        let name = &table.name;
        let parameters: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 3] =
            [(&name.schema, Type::TEXT), (&name.name, Type::TEXT), (&table.oid, Type::OID)];
        let row = self.ask_one(WHAT, sql, &parameters).await?;
        let width: Option<f64> = get(&row, 0, WHAT)?;
        let fill = get::<Option<f64>>(&row, 1, WHAT)?.unwrap_or(100.0) / 100.0;
        Ok(estimate(table, width, fill, get(&row, 2, WHAT)?, max_wal_bytes))
    }
}

fn estimate(table: &Table, width: Option<f64>, fill: f64, block: f64, max_wal_bytes: i64) -> FullEstimate {
    let heap = match width {
        Some(width) => {
            // Rows begin at multiples of 8 bytes.
            let row = ((HEADER + width) / 8.0).ceil() * 8.0 + LINE_POINTER;
            let per_block = ((block - HEADER) * fill / row).floor().max(1.0);
            (table.live_rows as f64 / per_block).ceil() * block
        }
        None => table.heap_bytes as f64 * (1.0 - table.dead_share()),
    };
    let heap = (heap.round() as i64).min(table.heap_bytes);
    FullEstimate {
        name: table.name.clone(),
        total_bytes: table.total_bytes,
        copy_bytes: heap + (table.total_bytes - table.heap_bytes).max(0),
        worst_copy_bytes: table.total_bytes,
        log_bytes: table.total_bytes.min(max_wal_bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        Table {
            live_rows: 1_000,
            dead_rows: 9_000,
            heap_bytes: 10_000_000,
            table_bytes: 11_000_000,
            total_bytes: 15_000_000,
            ..crate::database::tables::tests::table("public", "events")
        }
    }

    #[test]
    fn the_copy_of_a_bloated_table_is_small_and_the_worst_case_is_not() {
        // 1,000 rows of 100 bytes in the best packing: 8168 / (128 + 4) = 61 a block, 17 blocks.
        let estimate = estimate(&table(), Some(100.0), 1.0, 8_192.0, 1 << 30);
        assert_eq!(estimate.copy_bytes, 17 * 8_192 + 5_000_000);
        assert_eq!((estimate.worst_copy_bytes, estimate.log_bytes), (15_000_000, 15_000_000));
        assert_eq!(estimate.needed_bytes(), 30_000_000);
    }

    #[test]
    fn a_table_that_was_never_analyzed_is_judged_by_its_live_share() {
        let estimate = estimate(&table(), None, 1.0, 8_192.0, 2_000_000);
        assert_eq!((estimate.copy_bytes, estimate.log_bytes), (6_000_000, 2_000_000));
    }

    #[test]
    fn a_full_vacuum_is_refused_when_the_storage_could_not_hold_it() {
        let estimate = estimate(&table(), None, 1.0, 8_192.0, 0);
        assert_eq!(estimate.refusal(15_000_000), None);
        let refusal = estimate.refusal(14_999_999).unwrap();
        assert_eq!(refusal.kind, DatabaseTroubleKind::NoStorage);
        assert!(
            refusal.to_string().starts_with("could not vacuum public.events fully: it could need 15 MB"),
            "{refusal}"
        );
        assert!(estimate.words().contains("nobody can read or write public.events"));
    }
}
