//! The process that serves one client: its place among the sessions, and its settings.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pgwire::api::ClientInfo;
use pgwire::error::{PgWireError, PgWireResult};

use super::super::host::Host;
use super::notice::{ended, error_with_hint};
use crate::world::model::database::Database;
use crate::world::model::server::Client;

/// One client's process. Dropping it frees its slot and cuts off what it does.
#[derive(Debug)]
pub struct Backend {
    pub host: Host,
    pub pid: i32,
    pub user: String,
    settings: Mutex<Settings>,
}

/// What `SET` can change here.
#[derive(Clone, Copy, Debug, Default)]
pub struct Settings {
    /// For each lock; none waits as long as it takes.
    pub lock_timeout: Option<Duration>,
    /// For a whole statement; none lets it take as long as it does.
    pub statement_timeout: Option<Duration>,
    /// `vacuum_cost_delay`, in milliseconds.
    pub cost_delay: f64,
}

/// Known, and without effect here.
const IGNORED: [&str; 5] =
    ["client_min_messages", "application_name", "search_path", "client_encoding", "vacuum_cost_limit"];

impl Backend {
    pub fn new(host: Host, pid: i32, user: &str) -> Backend {
        Backend { host, pid, user: user.to_owned(), settings: Mutex::default() }
    }

    /// That of this connection.
    pub fn of<C: ClientInfo>(client: &C) -> PgWireResult<Arc<Backend>> {
        client.session_extensions().get::<Backend>().ok_or(PgWireError::NotReadyForQuery)
    }

    /// Looks at the database, or changes it.
    pub fn with<T>(&self, look: impl FnOnce(&mut Database, i64) -> T) -> PgWireResult<T> {
        self.host.with(|world| {
            let now = world.now;
            match world.databases.first_mut() {
                Some(database) if database.server.clients.iter().any(|c| c.pid == self.pid) => Ok(look(database, now)),
                _ => Err(ended()),
            }
        })
    }

    /// Shows in `pg_stat_activity` what it does, until the answer is dropped.
    pub fn begin(self: &Arc<Backend>, statement: &str) -> PgWireResult<Busy> {
        self.with(|database, now| {
            if let Some(client) = own(database, self.pid) {
                statement.clone_into(&mut client.statement);
                (client.active, client.statement_began, client.state_since) = (true, now, now);
            }
        })?;
        Ok(Busy(Arc::clone(self)))
    }

    /// Says in `pg_stat_activity` whose lock it waits for.
    pub fn wait_for(&self, table: Option<u32>) -> PgWireResult<()> {
        self.with(|database, _| {
            if let Some(client) = own(database, self.pid) {
                client.waits_for = table;
            }
        })
    }

    pub fn settings(&self) -> Settings {
        *self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `SET name = value`.
    pub fn set(&self, name: &str, value: &str) -> PgWireResult<()> {
        let mut settings = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
        let number = || {
            value.trim_end_matches("ms").trim().parse::<f64>().map_err(|_| {
                let message = format!("invalid value for parameter \"{name}\": \"{value}\"");
                error_with_hint("22023", message, "The simulated database takes milliseconds, without a unit.")
            })
        };
        let patience = |limit: f64| (limit >= 1.0).then(|| Duration::from_secs_f64(limit / 1_000.0));
        match name {
            "lock_timeout" => settings.lock_timeout = patience(number()?),
            "statement_timeout" => settings.statement_timeout = patience(number()?),
            "vacuum_cost_delay" => settings.cost_delay = number()?.clamp(0.0, 100.0),
            _ if IGNORED.contains(&name) => {}
            _ => {
                return Err(error_with_hint(
                    "42704",
                    format!("unrecognized configuration parameter \"{name}\""),
                    "The simulated database knows lock_timeout, statement_timeout and vacuum_cost_delay.",
                ));
            }
        }
        Ok(())
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.host.with(|world| {
            if let Some(database) = world.databases.first_mut() {
                database.leave(self.pid);
            }
        });
    }
}

/// A statement is under way.
pub struct Busy(Arc<Backend>);

impl Drop for Busy {
    fn drop(&mut self) {
        // The session may be gone, and then nobody can see it any more.
        let _ = self.0.with(|database, now| {
            database.cancel(self.0.pid);
            if let Some(client) = own(database, self.0.pid) {
                (client.active, client.state_since, client.waits_for) = (false, now, None);
            }
        });
    }
}

fn own(database: &mut Database, pid: i32) -> Option<&mut Client> {
    database.server.clients.iter_mut().find(|c| c.pid == pid)
}
