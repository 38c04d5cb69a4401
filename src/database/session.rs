//! A session of the server, as `pg_stat_activity` shows it.

use jiff::SignedDuration;
use serde::Serialize;
use tokio_postgres::Row;

use super::connect::get;
use super::trouble::DatabaseTrouble;
use crate::platform::text::{duration, printable, shortened};

/// Longest statement that is shown, in characters.
const STATEMENT_LENGTH: usize = 120;

/// A session of the server. Ages are measured by the server's clock, at the time of asking.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Session {
    /// The process that serves it; 0 for a prepared transaction, which has none.
    pub pid: i32,
    /// Its role.
    pub user: Option<String>,
    /// `application_name`, as the client gave it.
    pub application: String,
    /// The client's address; none for a Unix socket or a process of the server.
    pub client: Option<String>,
    /// `active`, `idle in transaction` …; none if we may not see it or it is a process of the server.
    pub state: Option<String>,
    /// `client backend`, `autovacuum worker`, `walsender` …
    pub kind: Option<String>,
    /// How long its transaction is open.
    pub transaction_age: Option<SignedDuration>,
    /// How long ago its latest statement began.
    pub statement_age: Option<SignedDuration>,
    /// How long it is in its state.
    pub state_age: Option<SignedDuration>,
    /// What it waits for: `Lock: relation`.
    pub wait: Option<String>,
    /// The first line of its latest statement, fit for a screen; nothing if it could hold a password.
    pub statement: String,
    /// We lack the right to see what it does (`pg_read_all_stats`, part of `pg_monitor`).
    pub hidden: bool,
}

/// How many columns [`COLUMNS`] has.
pub(super) const WIDTH: usize = 13;

/// The columns of a [`Session`], of `pg_stat_activity` as `a`.
pub(super) const COLUMNS: &str = "a.pid, a.usename::text, a.application_name, host(a.client_addr), a.state, a.backend_type, \
     (extract(epoch FROM clock_timestamp() - a.xact_start) * 1000000)::int8, \
     (extract(epoch FROM clock_timestamp() - a.query_start) * 1000000)::int8, \
     (extract(epoch FROM clock_timestamp() - a.state_change) * 1000000)::int8, \
     a.wait_event_type, a.wait_event, a.query, \
     coalesce(NOT (pg_has_role(a.usesysid, 'USAGE') OR pg_has_role('pg_read_all_stats', 'USAGE')), false)";

impl Session {
    /// Reads [`COLUMNS`] that begin at column `from`.
    pub(super) fn read(row: &Row, from: usize, what: &str) -> Result<Session, DatabaseTrouble> {
        let text = |column: usize| -> Result<Option<String>, DatabaseTrouble> {
            Ok(get::<Option<&str>>(row, from + column, what)?.map(|text| printable(text).into_owned()))
        };
        let age = |column: usize| -> Result<Option<SignedDuration>, DatabaseTrouble> {
            let microseconds: Option<i64> = get(row, from + column, what)?;
            Ok(microseconds.map(|age| SignedDuration::from_micros(age.max(0))))
        };
        let hidden = get(row, from + 12, what)?;
        let statement: Option<&str> = get(row, from + 11, what)?;
        Ok(Session {
            pid: get::<Option<i32>>(row, from, what)?.unwrap_or_default(),
            user: text(1)?,
            application: text(2)?.unwrap_or_default(),
            client: text(3)?,
            state: text(4)?,
            kind: text(5)?,
            transaction_age: age(6)?,
            statement_age: age(7)?,
            state_age: age(8)?,
            wait: text(9)?.map(|kind| Ok(format!("{kind}: {}", text(10)?.unwrap_or_default()))).transpose()?,
            statement: if hidden { String::new() } else { first_line(statement.unwrap_or_default()) },
            hidden,
        })
    }

    /// Who it is and what it does: `pid 4711 (ana, psql from 10.0.0.5), idle in transaction for 8m`.
    pub fn words(&self) -> String {
        if self.pid == 0 {
            return "a prepared transaction".to_owned();
        }
        let mut who: Vec<&str> = self.user.iter().map(String::as_str).collect();
        who.extend(Some(self.application.as_str()).filter(|name| !name.is_empty()));
        if self.user.is_none() {
            who.extend(self.kind.as_deref());
        }
        let from = self.client.as_deref().map(|client| format!(" from {client}")).unwrap_or_default();
        let mut words = format!("pid {} ({}{from})", self.pid, who.join(", "));
        if self.hidden {
            return words + ", whose doings this role may not see";
        }
        // In a transaction, its age is what matters; a state alone says nothing about it.
        let age = self.transaction_age.or(self.state_age);
        let state = self.state.as_deref().or(self.kind.as_deref()).unwrap_or("running");
        words.extend([", ", state]);
        if let Some(age) = age {
            words.extend([" for ", &duration(age)]);
        }
        words
    }
}

/// The first line of a statement that says something, cut to a cell's length. A statement that sets a password shows
/// nothing of itself.
fn first_line(statement: &str) -> String {
    if statement.to_ascii_lowercase().contains("password") {
        return "(not shown: it names a password)".to_owned();
    }
    let line = statement.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    shortened(&printable(line), STATEMENT_LENGTH).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_cut_to_one_safe_line_and_never_shows_a_password() {
        assert_eq!(first_line("\n  SELECT 1\u{1b}[2J\n FROM x"), "SELECT 1·[2J");
        assert_eq!(first_line("ALTER ROLE ana PassWord 'hunter2'"), "(not shown: it names a password)");
        assert_eq!(first_line(&"é".repeat(500)).chars().count(), STATEMENT_LENGTH + 1);
    }

    #[test]
    fn a_session_is_told_as_a_person_would() {
        let session = Session {
            pid: 4711,
            user: Some("ana".into()),
            application: "psql".into(),
            client: Some("10.0.0.5".into()),
            state: Some("idle in transaction".into()),
            transaction_age: Some(SignedDuration::from_mins(8)),
            ..Session::default()
        };
        assert_eq!(session.words(), "pid 4711 (ana, psql from 10.0.0.5), idle in transaction for 8m");
        let hidden = Session { hidden: true, ..session };
        assert_eq!(hidden.words(), "pid 4711 (ana, psql from 10.0.0.5), whose doings this role may not see");
        assert_eq!(Session::default().words(), "a prepared transaction");
    }
}
