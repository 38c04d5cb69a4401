//! A table of the database: live rows, dead rows, and the bytes that they take.

/// A table. Row counts are fractions, because ticks are short.
#[derive(Clone, Debug)]
pub struct Table {
    pub schema: &'static str,
    pub name: &'static str,
    pub oid: u32,
    /// Bytes of a row with its header.
    pub row: f64,
    pub live: f64,
    /// Dead rows that a vacuum can remove.
    pub dead: f64,
    /// Dead rows that an open transaction may still need to see.
    pub held: f64,
    /// Bytes of the main fork. Only a full vacuum makes it smaller.
    pub heap: f64,
    /// Bytes of all indexes.
    pub indexes: f64,
    /// Rows that a request leaves dead here.
    pub churn: f64,
    /// How much each dead row costs, times that of a table that is seldom read.
    pub heat: f64,
    /// Bytes of dead rows that come a minute beside the usual.
    pub bloating: f64,
    pub autovacuum_off: bool,
    pub last_vacuum: Option<i64>,
    pub last_autovacuum: Option<i64>,
    pub last_analyze: Option<i64>,
    /// Vacuums by people.
    pub vacuums: i64,
    /// The transaction id that its oldest row could be of.
    pub frozen: f64,
}

pub const BLOCK: f64 = 8_192.0;
/// `autovacuum_vacuum_threshold` and RDS's `autovacuum_vacuum_scale_factor`.
const THRESHOLD: f64 = 50.0;
const SCALE: f64 = 0.1;
/// Bytes of dead rows that cost no more than what the usual load always had.
const UNNOTICED: f64 = 0.264e9;
/// Bytes of dead rows of an ordinary table that make each request twice as dear.
const DOUBLING: f64 = 4e9;

impl Table {
    /// All dead rows, as the statistics count them.
    pub fn dead_rows(&self) -> f64 {
        self.dead + self.held
    }

    /// Bytes of the main fork, in whole blocks.
    pub fn heap_bytes(&self) -> i64 {
        self.blocks() * BLOCK as i64
    }

    pub fn blocks(&self) -> i64 {
        (self.heap / BLOCK).ceil() as i64
    }

    /// With free space map and visibility map.
    pub fn table_bytes(&self) -> i64 {
        self.heap_bytes() + ((self.heap / 1_500.0 / BLOCK).ceil() as i64 + 3) * BLOCK as i64
    }

    pub fn index_bytes(&self) -> i64 {
        (self.indexes / BLOCK).ceil() as i64 * BLOCK as i64
    }

    pub fn total_bytes(&self) -> i64 {
        self.table_bytes() + self.index_bytes()
    }

    /// Autovacuum has reason to come.
    pub fn is_due(&self) -> bool {
        !self.autovacuum_off && self.dead > THRESHOLD + SCALE * self.live
    }

    /// Rows die. Returns the bytes by which the file grows: holes are used first.
    pub fn die(&mut self, rows: f64, held: bool) -> f64 {
        *(if held { &mut self.held } else { &mut self.dead }) += rows;
        let needed = (self.live + self.dead_rows()) * self.row;
        let grown = (needed - self.heap).max(0.0);
        self.heap += grown;
        grown
    }

    /// What its dead rows add to the cost of each request; 1 is as much again.
    pub fn drag(&self) -> f64 {
        let noticed = self.dead_rows() * self.row - UNNOTICED;
        self.heat * noticed.max(0.0) / DOUBLING
    }

    /// What a full vacuum leaves of it: heap and indexes without holes.
    pub fn packed(&self) -> f64 {
        let share = ((self.live + self.held) * self.row / self.heap.max(BLOCK)).min(1.0);
        self.heap * share + self.packed_indexes()
    }

    pub fn packed_indexes(&self) -> f64 {
        // An index entry takes about a sixth of its row here.
        ((self.live + self.held) * self.row / 6.0).min(self.indexes)
    }
}

/// What distinguishes a table of the seed: name, bytes of a row, rows, dead share, churn, heat.
struct Sort(&'static str, f64, f64, f64, f64, f64);

/// The tables of the seed, and the system's that are worth a line.
pub fn seed(now: i64, xids: f64) -> Vec<Table> {
    let sorts = [
        Sort("events", 250.0, 14e6, 0.075, 0.000_5, 1.0),
        Sort("webhooks", 420.0, 1.3e6, 0.03, 0.06, 2.0),
        Sort("sessions", 250.0, 62_000.0, 0.04, 1.0, 20.0),
        Sort("users", 310.0, 48_000.0, 0.02, 0.002, 6.0),
        Sort("reports", 1_900.0, 9_000.0, 0.05, 0.000_5, 1.0),
    ];
    let system = [
        Sort("pg_class", 220.0, 460.0, 0.02, 0.0, 1.0),
        Sort("pg_attribute", 170.0, 3_300.0, 0.01, 0.0, 1.0),
        Sort("pg_statistic", 900.0, 420.0, 0.08, 0.0, 1.0),
    ];
    let oids = [16_402, 16_411, 16_419, 16_427, 16_436, 1_259, 1_249, 2_619];
    let schemas = sorts.iter().map(|_| "public").chain(system.iter().map(|_| "pg_catalog"));
    sorts
        .iter()
        .chain(&system)
        .zip(oids)
        .zip(schemas)
        .enumerate()
        .map(|(i, ((sort, oid), schema))| {
            let Sort(name, row, live, dead, churn, heat) = *sort;
            let ago = |hours: i64| Some(now - hours * 3_600 - i as i64 * 437);
            Table {
                schema,
                name,
                oid,
                row,
                live,
                dead: (live * dead).round(),
                held: 0.0,
                // Holes in the busy ones: room for what dies between two autovacuums.
                heap: live * row * if i == 0 { 1.0 + dead } else { 1.5 },
                indexes: live * row * 0.3,
                churn,
                heat,
                bloating: 0.0,
                autovacuum_off: false,
                last_vacuum: (schema == "public").then_some(now - 19 * 86_400),
                last_autovacuum: ago(if churn > 0.5 { 1 } else { 30 }),
                last_analyze: ago(if churn > 0.5 { 1 } else { 28 }),
                vacuums: i64::from(schema == "public"),
                frozen: (xids - 61e6 + i as f64 * 7.3e6).max(3.0),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sessions() -> Table {
        seed(0, 100e6).into_iter().find(|t| t.name == "sessions").unwrap()
    }

    #[test]
    fn dead_rows_fill_holes_before_the_file_grows() {
        let mut table = sessions();
        let before = table.heap;
        assert_eq!(table.die(1_000.0, false).to_bits(), 0.0_f64.to_bits());
        assert!(table.die(1e6, false) > 200e6);
        assert!(table.heap > before + 200e6);
    }

    #[test]
    fn the_usual_dead_rows_cost_nothing_and_a_bloated_busy_table_costs_much() {
        let mut table = sessions();
        assert_eq!((table.drag() * 1e6) as i64, 0);
        table.die(4e6, false);
        assert!((3.0..4.0).contains(&table.drag()), "{}", table.drag());
    }
}
