//! The sessions of the database, as `pg_stat_activity` would list them: those of the tasks, of people, of
//! transactions left open, of vacuums by the database itself, and of clients over the wire.

use super::World;
use super::database::{Database, OTHERS};
use super::server::{Client, Transaction};
use super::task::Task;

/// One row of `pg_stat_activity`.
#[derive(Clone, Debug, Default)]
pub struct Session {
    pub pid: i32,
    pub user: Option<String>,
    pub application: String,
    pub client: Option<String>,
    pub state: Option<&'static str>,
    pub kind: &'static str,
    pub transaction_began: Option<i64>,
    pub statement_began: Option<i64>,
    pub state_since: Option<i64>,
    /// `wait_event_type` and `wait_event`.
    pub wait: Option<(&'static str, &'static str)>,
    pub statement: String,
    /// How old the rows are that it may still need, in transactions.
    pub xid_age: Option<i64>,
    /// The table whose lock it waits for.
    pub waits_for: Option<u32>,
}

const CLIENT: &str = "client backend";
const READING: (&str, &str) = ("Client", "ClientRead");
const LOCKED: (&str, &str) = ("Lock", "relation");
/// The role of the platform's tasks.
pub const ROLE: &str = "analytics";
const SERVICE: &str = "analytics-api";
/// Who else is usually there: role, application, address.
const PEOPLE: [(&str, &str, &str); 9] = [
    ("ana", "psql", "10.0.9.12"),
    ("metabase", "Metabase", "10.0.9.40"),
    ("metabase", "Metabase", "10.0.9.40"),
    ("metabase", "Metabase", "10.0.9.40"),
    ("metabase", "Metabase", "10.0.9.40"),
    ("exporter", "postgres_exporter", "10.0.9.7"),
    ("analytics", "migrations", "10.0.9.21"),
    ("analytics", "migrations", "10.0.9.21"),
    ("rui", "DataGrip", "10.0.9.31"),
];
const READS: &str = "SELECT id, account_id, last_seen_at FROM sessions WHERE token = $1";
const WRITES: &str = "UPDATE sessions SET last_seen_at = now() WHERE token = $1";
/// How many of the tasks' sessions are at work at 100 % CPU.
const AT_WORK: f64 = 6.0;

impl World {
    /// Client sessions of the first database, as it would count them.
    pub fn sessions_counted(&self) -> usize {
        self.sessions().iter().filter(|s| s.kind == CLIENT).count()
    }

    /// What the metric `DatabaseConnections` of the first database last said.
    pub fn connections(&self) -> f64 {
        self.databases.first().map_or(0.0, |d| d.connections.round())
    }

    /// The sessions of the first database.
    pub(crate) fn sessions(&self) -> Vec<Session> {
        let Some(database) = self.databases.first() else { return Vec::new() };
        if !database.serves(self.now) {
            return Vec::new();
        }
        let mut sessions: Vec<Session> = database.server.clients.iter().map(of_client).collect();
        sessions.extend(self.of_the_platform(database));
        sessions.extend(database.server.vacuums.iter().filter(|v| v.automatic).map(|v| {
            let name = database.server.table(v.wish.table).map_or("", |t| t.name);
            Session {
                pid: v.pid,
                kind: "autovacuum worker",
                state: Some("active"),
                transaction_began: Some(v.began),
                statement_began: Some(v.began),
                state_since: Some(v.began),
                wait: Some(("Timeout", "VacuumDelay")),
                statement: format!("autovacuum: VACUUM ANALYZE public.{name}"),
                ..Session::default()
            }
        }));
        sessions
    }

    /// As many as the metric counts: those of the tasks last.
    fn of_the_platform(&self, database: &Database) -> Vec<Session> {
        let wanted = database.application.round() as usize;
        let (now, xids) = (self.now, database.server.xids);
        let open: Vec<Session> = database.server.transactions.iter().map(|t| of_transaction(t, xids)).collect();
        let people = PEOPLE.iter().enumerate().skip(open.len()).take(OTHERS as usize);
        let mut sessions = open.clone();
        sessions.extend(people.map(|(i, (user, application, client))| Session {
            pid: 900 + i as i32 * 11,
            user: Some((*user).to_owned()),
            application: (*application).to_owned(),
            client: Some((*client).to_owned()),
            statement: "SELECT 1".to_owned(),
            ..idle(now - 240 - i as i64 * 97)
        }));
        let tasks: Vec<&Task> =
            self.services.iter().filter(|s| s.uses_database).flat_map(|s| &s.tasks).filter(|t| t.can_serve()).collect();
        let rate = self.services.iter().map(|s| s.traffic.leak_per_minute).fold(0.0, f64::max);
        // The lost ones were there before those that the pools ask for now.
        for task in &tasks {
            let lost = task.leaked_connections.round() as i32;
            sessions.extend((0..lost).map(|i| {
                let minutes = if rate > 0.0 { f64::from(lost - i) / rate } else { 60.0 };
                let statement = READS.to_owned();
                Session { statement, ..of_task(task, 20 + i, idle(now - (minutes * 60.0) as i64)) }
            }));
        }
        sessions.truncate(wanted);
        let mut slot = 0;
        while sessions.len() < wanted && !tasks.is_empty() {
            let task = tasks[slot % tasks.len()];
            sessions.push(of_task(task, (slot / tasks.len()) as i32, self.pooled(database, slot)));
            slot += 1;
        }
        // The tasks are gone, and the server has not noticed yet.
        let gone = (sessions.len()..wanted).map(|i| {
            let client = Some("10.0.1.4".to_owned());
            let (user, application) = (Some(ROLE.to_owned()), SERVICE.to_owned());
            Session { pid: 30_000 + i as i32, user, application, client, ..idle(now - 30) }
        });
        let gone: Vec<Session> = gone.collect();
        sessions.extend(gone);
        sessions
    }

    /// What the pool's session number `slot` does.
    fn pooled(&self, database: &Database, slot: usize) -> Session {
        let locked = database.server.tables.iter().find(|t| t.heat > 1.0 && database.server.is_rewritten(t.oid));
        let statement = if slot % 3 == 1 { WRITES } else { READS }.to_owned();
        let at_work = (AT_WORK * database.cpu / 100.0).ceil() as usize;
        let now = self.now;
        if let Some(table) = locked {
            let since = database.server.vacuums.iter().find(|v| v.wish.full).map_or(now, |v| v.began);
            let since = since.max(now - 30);
            return Session { wait: Some(LOCKED), waits_for: Some(table.oid), statement, ..active(since) };
        }
        if slot < at_work {
            return Session { statement, ..active(now) };
        }
        Session { statement, ..idle(now - (slot % 4) as i64) }
    }
}

fn idle(since: i64) -> Session {
    Session {
        kind: CLIENT,
        state: Some("idle"),
        statement_began: Some(since),
        state_since: Some(since),
        wait: Some(READING),
        ..Session::default()
    }
}

fn active(since: i64) -> Session {
    Session {
        kind: CLIENT,
        state: Some("active"),
        transaction_began: Some(since),
        statement_began: Some(since),
        state_since: Some(since),
        ..Session::default()
    }
}

fn of_task(task: &Task, slot: i32, session: Session) -> Session {
    let place = task.id.bytes().fold(7_u32, |h, b| h.wrapping_mul(31).wrapping_add(u32::from(b))) % 9_000;
    Session {
        pid: 40_000 + place as i32 * 200 + slot,
        user: Some(ROLE.to_owned()),
        application: SERVICE.to_owned(),
        client: Some(task.address.clone()),
        ..session
    }
}

fn of_transaction(open: &Transaction, xids: f64) -> Session {
    Session {
        pid: open.pid,
        user: Some(open.user.clone()),
        application: open.application.clone(),
        client: Some("10.0.9.12".to_owned()),
        state: Some("idle in transaction"),
        transaction_began: Some(open.began),
        statement: "SELECT count(*) FROM events WHERE created_at > now() - interval '1 day'".to_owned(),
        xid_age: Some((xids - open.xid) as i64),
        ..idle(open.began)
    }
}

fn of_client(client: &Client) -> Session {
    let base = if client.active { active(client.statement_began) } else { idle(client.state_since) };
    Session {
        pid: client.pid,
        user: Some(client.user.clone()),
        application: client.application.clone(),
        client: Some(client.address.clone()),
        statement: client.statement.clone(),
        statement_began: Some(client.statement_began),
        wait: if client.waits_for.is_some() { Some(LOCKED) } else { base.wait },
        waits_for: client.waits_for,
        ..base
    }
}
