//! plantao's questions (`src/database`), each known by its comment, and their answers from the model.

use std::collections::BTreeMap;

use pgwire::api::Type;

use super::VERSION;
use super::cell::{Cell, IntoCell};
use crate::world::World;
use crate::world::model::database::{Database, MAX_CONNECTIONS, RESERVED};
use crate::world::model::session::Session;
use crate::world::model::table::Table;

/// `/* plantao:NAME */`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    Hello,
    Tables,
    Wraparound,
    Transactions,
    Slots,
    Prepared,
    Standbys,
    Blocked,
    Sessions,
    Connections,
    Groups,
    Server,
    Progress,
    Full,
}

const ALL: [(&str, Question); 14] = [
    ("hello", Question::Hello),
    ("tables", Question::Tables),
    ("wraparound", Question::Wraparound),
    ("transactions", Question::Transactions),
    ("slots", Question::Slots),
    ("prepared", Question::Prepared),
    ("standbys", Question::Standbys),
    ("blocked", Question::Blocked),
    ("sessions", Question::Sessions),
    ("connections", Question::Connections),
    ("groups", Question::Groups),
    ("server", Question::Server),
    ("progress", Question::Progress),
    ("full", Question::Full),
];

/// The columns of a session (`src/database/session.rs`).
const SESSION: [Type; 13] = [
    Type::INT4,
    Type::TEXT,
    Type::TEXT,
    Type::TEXT,
    Type::TEXT,
    Type::TEXT,
    Type::INT8,
    Type::INT8,
    Type::INT8,
    Type::TEXT,
    Type::TEXT,
    Type::TEXT,
    Type::BOOL,
];

/// `max_wal_size`, and the age of multixacts, which nothing here makes.
const MAX_WAL: i64 = 1 << 30;
const MULTIXACTS: i64 = 1_204;
const FREEZE_MAX_AGE: i64 = 200_000_000;

/// What goes with a question, apart from its text.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Who asks.
    pub pid: i32,
    pub user: String,
    /// The first parameter of `tables`: only those of the system, or only others.
    pub system: Option<bool>,
    pub table: Option<u32>,
    /// The first parameter of `blocked` and `progress`.
    pub of: Option<i32>,
    /// That of `sessions`.
    pub pids: Vec<i32>,
}

impl Question {
    pub fn named(name: &str) -> Option<Question> {
        ALL.iter().find(|(n, _)| *n == name).map(|(_, question)| *question)
    }

    /// The types of the answer's columns.
    pub fn columns(self) -> Vec<Type> {
        let session = |more: &[Type]| SESSION.iter().chain(more).cloned().collect();
        match self {
            Question::Hello => vec![Type::INT4, Type::TEXT, Type::INT4],
            Question::Tables => {
                let mut columns = vec![Type::TEXT, Type::TEXT, Type::OID];
                columns.extend([Type::INT8; 5]);
                columns.push(Type::BOOL);
                columns.extend([Type::INT8; 5]);
                columns.extend([Type::BOOL, Type::BOOL, Type::INT4, Type::BOOL, Type::BOOL, Type::TEXT]);
                columns
            }
            Question::Wraparound => vec![Type::INT8; 3],
            Question::Transactions => session(&[Type::INT8]),
            Question::Slots => vec![Type::TEXT, Type::TEXT, Type::BOOL, Type::INT8, Type::BOOL],
            Question::Prepared => vec![Type::TEXT, Type::TEXT, Type::INT8, Type::INT8],
            Question::Standbys => vec![Type::INT4, Type::TEXT, Type::TEXT, Type::INT8],
            Question::Blocked => session(&[Type::TEXT, Type::TEXT, Type::INT4_ARRAY]),
            Question::Sessions => session(&[]),
            Question::Connections => vec![Type::INT4; 3],
            Question::Groups => vec![Type::TEXT, Type::TEXT, Type::TEXT, Type::INT8],
            Question::Server => vec![Type::BOOL, Type::TEXT, Type::BOOL, Type::BOOL, Type::INT8, Type::INT8],
            Question::Progress => {
                let mut columns = vec![Type::BOOL, Type::INT4, Type::OID, Type::TEXT];
                columns.extend([Type::INT8; 5]);
                columns.extend([Type::FLOAT8, Type::INT8, Type::INT8]);
                columns
            }
            Question::Full => vec![Type::FLOAT8; 3],
        }
    }

    /// The rows of the answer.
    pub fn rows(self, world: &World, database: &Database, asked: &Asked) -> Vec<Vec<Cell>> {
        let server = &database.server;
        let age = |xid: f64| Cell::Int8((server.xids - xid) as i64);
        match self {
            Question::Hello => vec![vec![Cell::Int4(VERSION.0), Cell::text(VERSION.1), Cell::Int4(asked.pid)]],
            Question::Tables => {
                let wanted = |t: &&Table| {
                    asked.system.is_none_or(|system| system == (t.schema == "pg_catalog"))
                        && asked.table.is_none_or(|oid| oid == t.oid)
                };
                server.tables.iter().filter(wanted).map(|t| table(database, t, age(t.frozen))).collect()
            }
            Question::Wraparound => {
                let oldest = server.tables.iter().map(|t| t.frozen).fold(server.xids, f64::min);
                vec![vec![age(oldest), Cell::Int8(MULTIXACTS), Cell::Int8(FREEZE_MAX_AGE)]]
            }
            Question::Transactions => {
                let vacuums = |s: &Session| server.vacuums.iter().any(|v| v.pid == s.pid);
                let others = world.sessions().into_iter().filter(|s| s.pid != asked.pid && !vacuums(s));
                others.map(|s| with(session(&s, world.now), [s.xid_age.into_cell(Cell::Int8)])).collect()
            }
            // There are no replicas, and nothing asks for two-phase commit.
            Question::Slots | Question::Prepared | Question::Standbys => Vec::new(),
            Question::Blocked => {
                let waits = |s: &Session| s.waits_for.is_some() && asked.of.is_none_or(|pid| pid == s.pid);
                world.sessions().into_iter().filter(waits).map(|s| blocked(world, database, &s)).collect()
            }
            Question::Sessions => {
                let wanted = |s: &Session| asked.pids.contains(&s.pid);
                world.sessions().iter().filter(|s| wanted(s)).map(|s| session(s, world.now)).collect()
            }
            Question::Connections => {
                vec![vec![Cell::Int4(MAX_CONNECTIONS as i32), Cell::Int4(RESERVED as i32), Cell::Int4(0)]]
            }
            Question::Groups => groups(world),
            Question::Server => {
                let bytes = server.tables.iter().map(Table::total_bytes).sum();
                let user = Cell::text(&asked.user);
                // RDS's master and the platform's role are both in pg_monitor.
                let (sees_all, autovacuum) = (Cell::Bool(true), Cell::Bool(true));
                vec![vec![Cell::Bool(false), user, sees_all, autovacuum, Cell::Int8(bytes), Cell::Int8(MAX_WAL)]]
            }
            Question::Progress => progress(world, database, asked.of.unwrap_or_default()),
            Question::Full => {
                let width = asked.table.and_then(|oid| server.table(oid)).map(|t| t.row - 28.0);
                vec![vec![width.into_cell(Cell::Float8), Cell::Null, Cell::Float8(crate::world::model::table::BLOCK)]]
            }
        }
    }
}

fn with<const N: usize>(mut row: Vec<Cell>, more: [Cell; N]) -> Vec<Cell> {
    row.extend(more);
    row
}

fn table(database: &Database, table: &Table, age: Cell) -> Vec<Cell> {
    let server = &database.server;
    let vacuum = server.vacuums.iter().find(|v| v.wish.table == table.oid && !v.wish.full && !v.wish.only_analyze);
    let now = database.answered.max(vacuum.map_or(0, |v| v.began));
    vec![
        Cell::text(table.schema),
        Cell::text(table.name),
        Cell::Oid(table.oid),
        Cell::Int8(table.live.round() as i64),
        Cell::Int8(table.dead_rows().round() as i64),
        Cell::Int8(table.heap_bytes()),
        Cell::Int8(table.table_bytes()),
        Cell::Int8(table.total_bytes()),
        Cell::Bool(server.is_rewritten(table.oid)),
        Cell::micros(table.last_vacuum),
        Cell::micros(table.last_autovacuum),
        Cell::micros(table.last_analyze),
        Cell::Int8(table.vacuums),
        age,
        Cell::Bool(table.autovacuum_off),
        Cell::Bool(true),
        vacuum.into_cell(|v| Cell::Int4(v.pid)),
        vacuum.into_cell(|v| Cell::Bool(v.automatic)),
        vacuum.into_cell(|_| Cell::Bool(false)),
        vacuum.into_cell(|v| Cell::text(v.progress(now).phase)),
    ]
}

fn session(session: &Session, now: i64) -> Vec<Cell> {
    let text = |text: &Option<String>| text.clone().into_cell(Cell::Text);
    let age = |since: Option<i64>| Cell::micros(since.map(|since| (now - since).max(0)));
    vec![
        Cell::Int4(session.pid),
        text(&session.user),
        Cell::text(&session.application),
        text(&session.client),
        session.state.into_cell(Cell::text),
        Cell::text(session.kind),
        age(session.transaction_began),
        age(session.statement_began),
        age(session.state_since),
        session.wait.into_cell(|(kind, _)| Cell::text(kind)),
        session.wait.into_cell(|(_, event)| Cell::text(event)),
        Cell::text(&session.statement),
        Cell::Bool(false),
    ]
}

fn blocked(world: &World, database: &Database, waiting: &Session) -> Vec<Cell> {
    let table = waiting.waits_for.and_then(|oid| database.server.table(oid));
    let by = table.map(|t| database.server.holders(t.oid, waiting.pid)).unwrap_or_default();
    let name = |of: fn(&Table) -> &'static str| table.into_cell(|t| Cell::text(of(t)));
    with(session(waiting, world.now), [name(|t| t.schema), name(|t| t.name), Cell::Int4s(by)])
}

fn groups(world: &World) -> Vec<Vec<Cell>> {
    let mut groups: BTreeMap<(Option<&str>, String, Option<String>), i64> = BTreeMap::new();
    for session in world.sessions().into_iter().filter(|s| s.kind == "client backend") {
        *groups.entry((session.state, session.application, session.user)).or_default() += 1;
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|((state, application, _), count)| (-count, application.clone(), *state));
    groups
        .into_iter()
        .map(|((state, application, user), count)| {
            vec![state.into_cell(Cell::text), Cell::Text(application), user.into_cell(Cell::Text), Cell::Int8(count)]
        })
        .collect()
}

fn progress(world: &World, database: &Database, pid: i32) -> Vec<Vec<Cell>> {
    let Some(session) = world.sessions().into_iter().find(|s| s.pid == pid) else { return Vec::new() };
    let mut row = vec![Cell::Bool(session.waits_for.is_some())];
    match database.server.vacuums.iter().find(|v| v.pid == pid) {
        None => row.extend(std::iter::repeat_n(Cell::Null, 11)),
        Some(vacuum) => {
            let now = vacuum.progress(world.now);
            row.extend([
                Cell::Int4(now.work),
                Cell::Oid(vacuum.wish.table),
                Cell::text(now.phase),
                Cell::Int8(now.blocks),
                Cell::Int8(now.scanned),
                Cell::Int8(now.vacuumed),
                Cell::Int8(now.index_rounds),
                Cell::Int8(now.dead),
                Cell::Float8(now.memory),
                // PostgreSQL 17 and newer count indexes.
                Cell::Null,
                Cell::Null,
            ]);
        }
    }
    vec![row]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::Scenario;

    #[test]
    fn every_answer_has_the_columns_that_were_announced() {
        let mut world = World::new(&Scenario::named("bloat").unwrap(), 1, "2026-11-24T15:12:37Z".parse().unwrap());
        let oid = world.databases[0].server.table_named("sessions").unwrap().oid;
        let now = world.now;
        let me = world.databases[0].enter(now, "analytics", "test", "127.0.0.1").unwrap();
        let wish = crate::world::model::vacuum::Wish { table: oid, full: true, ..Default::default() };
        world.databases[0].vacuum(now, me, wish);
        let asked = Asked { pid: 1, of: Some(me), pids: vec![me], ..Asked::default() };
        for (name, question) in ALL {
            let columns = question.columns().len();
            let asked = if question == Question::Blocked { Asked { of: None, ..asked.clone() } } else { asked.clone() };
            let rows = question.rows(&world, &world.databases[0], &asked);
            assert!(rows.iter().all(|row| row.len() == columns), "{name}");
            let none = matches!(question, Question::Slots | Question::Prepared | Question::Standbys);
            assert_eq!(rows.is_empty(), none, "{name}");
        }
    }
}
