//! How far a vacuum is, seen from another session.

use serde::Serialize;
use tokio_postgres::types::Type;

use crate::database::connect::{Database, get};
use crate::database::{Blocked, DatabaseTrouble};

/// How far one backend is with a vacuum, from `pg_stat_progress_vacuum`, `_analyze` and `_cluster`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Progress {
    /// What it does now.
    pub work: Work,
    /// PostgreSQL's own name of the phase: `scanning heap`, `vacuuming indexes` …
    pub phase: String,
    /// It works on the TOAST table, which comes after the table itself.
    pub toast: bool,
    /// Blocks of the table, of the sample while it analyzes. A block is 8 KiB.
    pub blocks: i64,
    /// Blocks looked at.
    pub scanned: i64,
    /// Blocks from which dead rows were removed.
    pub vacuumed: i64,
    /// How often all indexes were cleaned; more than once means that memory for dead rows ran full
    /// (`maintenance_work_mem`). Of a full vacuum: indexes built anew.
    pub index_rounds: i64,
    /// Indexes cleaned in this round, and all of them; PostgreSQL 17 and newer.
    pub indexes: Option<(i64, i64)>,
    /// Dead rows collected in this round.
    pub dead_collected: i64,
    /// How full the memory for dead rows is, 0 to 1. PostgreSQL 16 and older count rows, 17 and newer bytes.
    pub memory: f64,
    /// It waits for a lock, and who holds it.
    pub blocked: Option<Blocked>,
}

/// What a vacuum does now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Work {
    /// Nothing that can be seen: it begins, ends, or waits for a lock.
    #[default]
    Waiting,
    /// Removes dead rows.
    Vacuum,
    /// Gathers statistics.
    Analyze,
    /// Writes the table anew (`VACUUM FULL`).
    Rewrite,
}

impl Progress {
    /// How far it is with what it does now, 0 to 1; none if that can't be told.
    pub fn share(&self) -> Option<f64> {
        let of = |done: i64| (self.blocks > 0).then(|| (done as f64 / self.blocks as f64).clamp(0.0, 1.0));
        match (self.work, self.phase.as_str()) {
            (Work::Vacuum, "vacuuming heap") => of(self.vacuumed),
            (Work::Vacuum, "scanning heap") | (Work::Analyze | Work::Rewrite, _) => of(self.scanned),
            (Work::Vacuum, "vacuuming indexes" | "cleaning up indexes") => {
                self.indexes.filter(|(_, all)| *all > 0).map(|(done, all)| done as f64 / all as f64)
            }
            _ => None,
        }
    }
}

const WHAT: &str = "see how far the vacuum is";

impl Database {
    /// How far another session of the same role is with its vacuum of a table; none if that session is gone.
    ///
    /// Equivalent: `SELECT * FROM pg_stat_progress_vacuum WHERE pid = …`.
    pub async fn vacuum_progress(&self, pid: i32, table: u32) -> Result<Option<Progress>, DatabaseTrouble> {
        let (dead, memory, indexes) = if self.version().major() >= 17 {
            (
                "num_dead_item_ids",
                "dead_tuple_bytes::float8 / nullif(max_dead_tuple_bytes, 0)",
                "indexes_processed, indexes_total",
            )
        } else {
            ("num_dead_tuples", "num_dead_tuples::float8 / nullif(max_dead_tuples, 0)", "NULL::int8, NULL::int8")
        };
        let sql = format!(
            "/* plantao:progress */ SELECT a.wait_event_type IS NOT DISTINCT FROM 'Lock', p.*
             FROM pg_stat_activity a
             LEFT JOIN (
                 SELECT 1, relid, phase, heap_blks_total, heap_blks_scanned, heap_blks_vacuumed, index_vacuum_count,
                        {dead}, {memory}, {indexes} FROM pg_stat_progress_vacuum WHERE pid = $1
                 UNION ALL
                 SELECT 2, relid, phase, sample_blks_total, sample_blks_scanned, 0, 0, 0, 0, NULL, NULL
                 FROM pg_stat_progress_analyze WHERE pid = $1
                 UNION ALL
                 SELECT 3, relid, phase, heap_blks_total, heap_blks_scanned, 0, index_rebuild_count, 0, 0, NULL, NULL
                 FROM pg_stat_progress_cluster WHERE pid = $1
             ) p ON true
             WHERE a.pid = $1"
        );
        let rows = self.ask(WHAT, &sql, &[(&pid, Type::INT4)]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let mut progress = Progress::default();
        if get::<bool>(row, 0, WHAT)? {
            progress.blocked = self.blocked_session(pid).await?;
        }
        if let Some(work) = get::<Option<i32>>(row, 1, WHAT)? {
            progress.work = match work {
                1 => Work::Vacuum,
                2 => Work::Analyze,
                _ => Work::Rewrite,
            };
            progress.toast = get::<u32>(row, 2, WHAT)? != table;
            progress.phase = get(row, 3, WHAT)?;
            progress.blocks = get(row, 4, WHAT)?;
            progress.scanned = get(row, 5, WHAT)?;
            progress.vacuumed = get(row, 6, WHAT)?;
            progress.index_rounds = get(row, 7, WHAT)?;
            progress.dead_collected = get(row, 8, WHAT)?;
            progress.memory = get::<Option<f64>>(row, 9, WHAT)?.unwrap_or_default();
            progress.indexes = get::<Option<i64>>(row, 10, WHAT)?.zip(get(row, 11, WHAT)?);
        }
        Ok(Some(progress))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_is_of_the_phase_that_runs() {
        let scanning = Progress {
            work: Work::Vacuum,
            phase: "scanning heap".into(),
            blocks: 200,
            scanned: 50,
            ..Progress::default()
        };
        assert_eq!(scanning.share(), Some(0.25));
        let heap = Progress { phase: "vacuuming heap".into(), vacuumed: 100, ..scanning.clone() };
        assert_eq!(heap.share(), Some(0.5));
        let indexes = Progress { phase: "vacuuming indexes".into(), ..scanning.clone() };
        assert_eq!(indexes.share(), None, "PostgreSQL 16 does not tell");
        assert_eq!(Progress { indexes: Some((1, 4)), ..indexes }.share(), Some(0.25));
        assert_eq!(Progress { blocks: 0, ..scanning }.share(), None);
    }
}
