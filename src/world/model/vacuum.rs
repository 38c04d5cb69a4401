//! A vacuum that runs in the database: it takes its time, and only its end removes dead rows.

use super::table::{BLOCK, Table};

/// What is vacuumed and how.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Wish {
    /// The table's `oid`.
    pub table: u32,
    pub full: bool,
    pub analyze: bool,
    /// `ANALYZE` alone: no row is removed.
    pub only_analyze: bool,
    /// `vacuum_cost_delay`, in milliseconds.
    pub delay: f64,
}

impl Wish {
    pub fn renews_statistics(&self) -> bool {
        self.analyze || self.only_analyze || self.full
    }
}

/// A vacuum under way.
#[derive(Clone, Debug)]
pub struct Vacuum {
    /// The process that does it.
    pub pid: i32,
    pub wish: Wish,
    /// It is autovacuum's.
    pub automatic: bool,
    pub began: i64,
    /// Rows that it will remove.
    pub removes: f64,
    /// Bytes that a full vacuum's copy takes meanwhile.
    pub copy: f64,
    /// Each phase and its seconds.
    phases: Vec<(Phase, f64)>,
    blocks: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Scan,
    Indexes,
    Heap,
    Copy,
    Rebuild,
    Analyze,
}

/// How far it is, as `pg_stat_progress_vacuum`, `_analyze` and `_cluster` tell.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// 1 vacuum, 2 analyze, 3 rewrite.
    pub work: i32,
    pub phase: &'static str,
    pub blocks: i64,
    pub scanned: i64,
    pub vacuumed: i64,
    pub index_rounds: i64,
    pub dead: i64,
    /// How full the memory for dead rows is.
    pub memory: f64,
}

/// Bytes a second that the storage reads and writes in this way (gp3, a small instance).
const SCANNING: f64 = 80e6;
const INDEXING: f64 = 100e6;
const WRITING: f64 = 45e6;
/// Bytes of work between two pauses of `vacuum_cost_delay`.
const BETWEEN_PAUSES: f64 = 80e3;
/// Blocks that ANALYZE looks at: 300 times the statistics target.
const SAMPLE: i64 = 30_000;
/// Dead rows for which there is memory (`maintenance_work_mem` of 64 MB, 6 bytes each).
const MEMORY: f64 = 11_184_810.0;

impl Vacuum {
    pub fn new(pid: i32, wish: Wish, automatic: bool, table: &Table, now: i64) -> Vacuum {
        let pause = wish.delay / 1_000.0 / BETWEEN_PAUSES;
        let takes = |bytes: f64, rate: f64| bytes * (1.0 / rate + pause);
        let mut phases = Vec::new();
        if wish.full {
            phases.push((Phase::Copy, takes(table.heap, SCANNING) + takes(table.packed(), WRITING)));
            phases.push((Phase::Rebuild, takes(table.packed_indexes(), WRITING)));
        } else if !wish.only_analyze {
            phases.push((Phase::Scan, takes(table.heap, SCANNING)));
            if table.dead >= 1.0 {
                phases.push((Phase::Indexes, takes(table.indexes, INDEXING)));
                phases.push((Phase::Heap, takes(table.dead * table.row, WRITING)));
            }
        }
        if wish.renews_statistics() {
            phases.push((Phase::Analyze, takes((SAMPLE as f64 * BLOCK).min(table.heap), SCANNING)));
        }
        let copy = if wish.full { table.packed() } else { 0.0 };
        let removes = if wish.only_analyze { 0.0 } else { table.dead };
        Vacuum { pid, wish, automatic, began: now, removes, copy, phases, blocks: table.blocks() }
    }

    /// When it is done.
    pub fn ends(&self) -> i64 {
        self.began + self.phases.iter().map(|(_, seconds)| seconds).sum::<f64>().round() as i64
    }

    /// Where it is at `now`.
    pub fn progress(&self, now: i64) -> Progress {
        let mut left = (now - self.began) as f64;
        let mut at = (Phase::Analyze, 1.0);
        for (phase, seconds) in &self.phases {
            at = (*phase, if *seconds > 0.0 { (left / seconds).min(1.0) } else { 1.0 });
            if left < *seconds {
                break;
            }
            left -= seconds;
        }
        let (phase, share) = at;
        let of = |blocks: i64| (blocks as f64 * share) as i64;
        let past = |p: Phase| phase != p;
        let (work, words, blocks) = match phase {
            Phase::Scan => (1, "scanning heap", self.blocks),
            Phase::Indexes => (1, "vacuuming indexes", self.blocks),
            Phase::Heap => (1, "vacuuming heap", self.blocks),
            Phase::Copy => (3, "seq scanning heap", self.blocks),
            Phase::Rebuild => (3, "rebuilding index", self.blocks),
            Phase::Analyze => (2, "acquiring sample rows", self.blocks.min(SAMPLE)),
        };
        let scanned =
            if matches!(phase, Phase::Scan | Phase::Copy | Phase::Analyze) { of(blocks) } else { self.blocks };
        let collected = if work == 1 { self.removes * if past(Phase::Scan) { 1.0 } else { share } } else { 0.0 };
        Progress {
            work,
            phase: words,
            blocks,
            scanned,
            vacuumed: if phase == Phase::Heap { of(self.blocks) } else { 0 },
            index_rounds: i64::from(phase == Phase::Heap),
            dead: collected as i64,
            memory: (collected / MEMORY).min(1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::model::table;

    #[test]
    fn a_vacuum_goes_through_postgresqls_phases_and_never_back() {
        let mut events = table::seed(0, 100e6).remove(0);
        events.die(4e6, false);
        let wish = Wish { table: events.oid, analyze: true, ..Wish::default() };
        let vacuum = Vacuum::new(1, wish, false, &events, 1_000);
        assert!((60..200).contains(&(vacuum.ends() - 1_000)), "{}", vacuum.ends());
        let seen: Vec<Progress> = (1_000..vacuum.ends()).map(|now| vacuum.progress(now)).collect();
        let mut phases: Vec<_> = seen.iter().map(|p| p.phase).collect();
        phases.dedup();
        assert_eq!(phases, ["scanning heap", "vacuuming indexes", "vacuuming heap", "acquiring sample rows"]);
        let scanning: Vec<_> = seen.iter().filter(|p| p.phase == "scanning heap").collect();
        assert!(scanning.is_sorted_by_key(|p| p.scanned) && scanning.len() > 3);
        assert!(seen.iter().all(|p| p.scanned <= p.blocks && p.vacuumed <= p.blocks && p.memory <= 1.0));
        let slow = Vacuum::new(1, Wish { delay: 10.0, ..wish }, false, &events, 1_000);
        assert!(slow.ends() > vacuum.ends() * 2 - 1_000, "its pauses make it longer");
    }
}
