//! What runs inside the database: its clients' sessions, vacuums, open transactions, and the age of ids.

use super::database::{Database, MAX_CONNECTIONS, RESERVED};
use super::table::Table;
use super::vacuum::{Vacuum, Wish};

/// A client that came over the wire.
#[derive(Clone, Debug)]
pub struct Client {
    pub pid: i32,
    pub user: String,
    pub application: String,
    pub address: String,
    /// Its latest statement.
    pub statement: String,
    pub statement_began: i64,
    pub active: bool,
    pub state_since: i64,
    /// The table whose lock it waits for.
    pub waits_for: Option<u32>,
}

/// Somebody's transaction that stays open: rows that die meanwhile stay.
#[derive(Clone, Debug)]
pub struct Transaction {
    pub pid: i32,
    pub user: String,
    pub application: String,
    pub began: i64,
    /// The newest transaction id when it began.
    pub xid: f64,
    /// The table that it has locked.
    pub locks: Option<u32>,
}

/// Everything that the database process knows beside the instance.
#[derive(Clone, Debug)]
pub struct Server {
    pub tables: Vec<Table>,
    pub vacuums: Vec<Vacuum>,
    pub clients: Vec<Client>,
    pub transactions: Vec<Transaction>,
    /// The newest transaction id, epochs included.
    pub xids: f64,
    last_pid: i32,
}

/// Why nobody else gets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoSlot {
    /// The last slots are for superusers.
    Reserved,
    None,
}

/// What a vacuum does when it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    /// It runs.
    Runs,
    /// Somebody has locked the table.
    Locked,
    /// The table is not there.
    NoTable,
    /// The copy has no room.
    NoStorage,
}

/// A role that may take the slots that are reserved for superusers.
pub const MASTER: &str = "postgres";
/// The oldest row that a vacuum leaves unfrozen (`vacuum_freeze_min_age`).
const FREEZE_AGE: f64 = 50e6;
/// Autovacuum looks once a minute (`autovacuum_naptime`), and pauses 2 ms (`autovacuum_vacuum_cost_delay`).
const NAP: i64 = 60;
const PAUSE: f64 = 2.0;
/// What each transaction adds to the CPU of a vacuum by hand, in percent.
const VACUUM_CPU: f64 = 5.0;

impl Server {
    pub fn new(now: i64) -> Server {
        let xids = 412e6;
        Server {
            tables: super::table::seed(now, xids),
            vacuums: Vec::new(),
            clients: Vec::new(),
            transactions: Vec::new(),
            xids,
            last_pid: 21_400,
        }
    }

    pub fn table(&self, oid: u32) -> Option<&Table> {
        self.tables.iter().find(|t| t.oid == oid)
    }

    pub fn table_named(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|t| t.name == name)
    }

    pub fn next_pid(&mut self) -> i32 {
        self.last_pid += 1 + self.last_pid % 7;
        self.last_pid
    }

    /// The table is locked so that nobody can read it.
    pub fn is_rewritten(&self, oid: u32) -> bool {
        self.vacuums.iter().any(|v| v.wish.full && v.wish.table == oid)
    }

    /// Who holds a lock on the table that a vacuum has to wait for.
    pub fn holders(&self, oid: u32, but: i32) -> Vec<i32> {
        let vacuums = self.vacuums.iter().filter(|v| v.wish.table == oid && !v.automatic).map(|v| v.pid);
        let open = self.transactions.iter().filter(|t| t.locks == Some(oid)).map(|t| t.pid);
        vacuums.chain(open).filter(|pid| *pid != but).collect()
    }

    /// How many times as dear as without bloat a request is.
    pub fn scans(&self) -> f64 {
        1.075 + self.tables.iter().map(Table::drag).sum::<f64>()
    }

    /// What vacuums cost, in percent of CPU. Autovacuum's pauses make it too small to see.
    pub fn upkeep(&self) -> f64 {
        self.vacuums.iter().filter(|v| !v.automatic).count() as f64 * VACUUM_CPU
    }

    /// The share of requests that wait in vain for a table that is rewritten.
    pub fn locked_out(&self) -> f64 {
        let hot = |t: &&Table| self.is_rewritten(t.oid) && t.schema == "public";
        let most = self.tables.iter().filter(hot).map(|t| t.heat / 22.0).fold(0.0, f64::max);
        most.min(0.97)
    }
}

impl Database {
    /// Client sessions now, those over the wire too.
    pub fn used(&self) -> usize {
        self.application.round() as usize + self.server.clients.len()
    }

    /// A client logs in. Fails when all slots that it may have are taken.
    pub fn enter(&mut self, now: i64, user: &str, application: &str, address: &str) -> Result<i32, NoSlot> {
        let used = self.used() as f64;
        if used >= MAX_CONNECTIONS {
            return Err(NoSlot::None);
        }
        if used >= MAX_CONNECTIONS - RESERVED && user != MASTER {
            return Err(NoSlot::Reserved);
        }
        let pid = self.server.next_pid();
        self.server.clients.push(Client {
            pid,
            user: user.to_owned(),
            application: application.to_owned(),
            address: address.to_owned(),
            statement: String::new(),
            statement_began: now,
            active: false,
            state_since: now,
            waits_for: None,
        });
        Ok(pid)
    }

    /// A client is gone, and with it what it did.
    pub fn leave(&mut self, pid: i32) {
        self.cancel(pid);
        self.server.clients.retain(|c| c.pid != pid);
    }

    /// A table bloats, and autovacuum does not come for it.
    pub fn bloat(&mut self, table: Option<&str>, dead: Option<f64>, per_minute: f64) {
        let held = !self.server.transactions.is_empty();
        let named = |t: &&mut Table| table.is_none_or(|name| t.name == name);
        let Some(table) = self.server.tables.iter_mut().find(named) else { return };
        table.autovacuum_off = true;
        table.bloating = per_minute;
        let rows = dead.unwrap_or(0.0) / table.row;
        self.free_bytes -= table.die(rows, held);
    }

    /// A session of a scenario begins a transaction and leaves it open.
    pub fn open_transaction(&mut self, now: i64, user: &str, application: &str, locks: Option<&str>) {
        let locks = locks.and_then(|name| self.server.table_named(name)).map(|t| t.oid);
        let (pid, xid) = (self.server.next_pid(), self.server.xids);
        let (user, application) = (user.to_owned(), application.to_owned());
        self.server.transactions.push(Transaction { pid, user, application, began: now, xid, locks });
    }

    /// Transactions end: what they held back can be removed.
    pub fn close_transactions(&mut self, which: impl Fn(&Transaction) -> bool) {
        self.server.transactions.retain(|t| !which(t));
        if self.server.transactions.is_empty() {
            for table in &mut self.server.tables {
                table.dead += std::mem::take(&mut table.held);
            }
        }
    }

    /// Begins a vacuum, unless the table is locked. Autovacuum gives way.
    pub fn vacuum(&mut self, now: i64, pid: i32, wish: Wish) -> Begun {
        let Some(table) = self.server.table(wish.table) else { return Begun::NoTable };
        if !self.server.holders(wish.table, pid).is_empty() {
            return Begun::Locked;
        }
        let vacuum = Vacuum::new(pid, wish, false, table, now);
        if vacuum.copy > self.free_bytes {
            return Begun::NoStorage;
        }
        self.free_bytes -= vacuum.copy;
        self.server.vacuums.retain(|v| v.wish.table != wish.table);
        self.server.vacuums.push(vacuum);
        self.settle(now);
        Begun::Runs
    }

    /// When this process's vacuum will be done; nothing if none is under way.
    pub fn vacuum_ends(&self, pid: i32) -> Option<i64> {
        self.server.vacuums.iter().find(|v| v.pid == pid).map(Vacuum::ends)
    }

    /// Cuts a process's vacuum off. The table is as it was.
    pub fn cancel(&mut self, pid: i32) {
        for vacuum in self.server.vacuums.iter().filter(|v| v.pid == pid) {
            self.free_bytes += vacuum.copy;
        }
        self.server.vacuums.retain(|v| v.pid != pid);
    }

    /// Everything ends: the instance stopped or restarted.
    pub fn end_sessions(&mut self) {
        let pids: Vec<i32> = self.server.vacuums.iter().map(|v| v.pid).collect();
        for pid in pids {
            self.cancel(pid);
        }
        self.server.clients.clear();
        self.close_transactions(|_| true);
    }

    /// Finishes the vacuums whose time has come.
    pub fn settle(&mut self, now: i64) {
        let (done, rest) = std::mem::take(&mut self.server.vacuums).into_iter().partition(|v| v.ends() <= now);
        self.server.vacuums = rest;
        let done: Vec<Vacuum> = done;
        for vacuum in done {
            self.finish(&vacuum);
        }
    }

    fn finish(&mut self, vacuum: &Vacuum) {
        let ends = vacuum.ends();
        let xids = self.server.xids;
        let Some(table) = self.server.tables.iter_mut().find(|t| t.oid == vacuum.wish.table) else { return };
        if vacuum.wish.full {
            let before = table.heap + table.indexes;
            table.indexes = table.packed_indexes();
            table.dead = 0.0;
            table.heap = (table.live + table.held) * table.row;
            self.free_bytes += vacuum.copy + before - (table.heap + table.indexes);
        } else if !vacuum.wish.only_analyze {
            table.dead = (table.dead - vacuum.removes).max(0.0);
            if vacuum.automatic {
                table.last_autovacuum = Some(ends);
            } else {
                table.last_vacuum = Some(ends);
                table.vacuums += 1;
            }
        }
        if vacuum.wish.renews_statistics() {
            table.last_analyze = Some(ends);
        }
        if !vacuum.wish.only_analyze {
            table.frozen = table.frozen.max(xids - FREEZE_AGE);
        }
    }

    /// One tick of what requests do to the tables.
    pub fn churn(&mut self, now: i64, seconds: i64, requests: f64, inserted: f64) {
        self.settle(now);
        let asked = requests * seconds as f64;
        let held = !self.server.transactions.is_empty();
        self.server.xids += asked * 1.2 + seconds as f64;
        for (i, table) in self.server.tables.iter_mut().enumerate() {
            if i == 0 {
                table.live += inserted / table.row;
                table.heap += inserted;
            }
            let bloat = table.bloating * seconds as f64 / 60.0 / table.row;
            self.free_bytes -= table.die(asked * table.churn + bloat, held);
        }
        let rested = |t: &Table| t.last_autovacuum.is_none_or(|at| now - at >= NAP);
        let busy: Vec<u32> = self.server.vacuums.iter().map(|v| v.wish.table).collect();
        let due = |t: &&Table| t.is_due() && rested(t) && !busy.contains(&t.oid);
        let due: Vec<Table> = self.server.tables.iter().filter(due).cloned().collect();
        for table in due {
            let wish = Wish { table: table.oid, analyze: true, delay: PAUSE, ..Wish::default() };
            let pid = self.server.next_pid();
            self.server.vacuums.push(Vacuum::new(pid, wish, true, &table, now));
        }
    }
}
