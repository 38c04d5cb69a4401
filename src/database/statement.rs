//! A statement that somebody else wrote: its values bound, its rows as text.

use std::error::Error as StdError;
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::BytesMut;
use futures::TryStreamExt as _;
use serde::{Deserialize, Serialize};
use tokio_postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};

use super::cell::cell;
use super::connect::Database;
use super::reads::is_query;
use super::{DatabaseTrouble, Notice, Patience, Target};

/// A value for `$1`: it goes beside the statement, never into it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bound {
    /// Of the type that the server wants at its place.
    Text(String),
    /// An interval, in seconds.
    Interval(i64),
}

impl Bound {
    fn oid(&self) -> Type {
        match self {
            Bound::Text(_) => Type::UNKNOWN,
            Bound::Interval(_) => Type::INTERVAL,
        }
    }

    /// As a literal, for a person: never sent.
    pub fn literal(&self) -> String {
        match self {
            Bound::Interval(seconds) => format!("interval '{seconds} seconds'"),
            Bound::Text(text) if text.contains('\\') => {
                format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
            }
            Bound::Text(text) => format!("'{}'", text.replace('\'', "''")),
        }
    }
}

impl ToSql for Bound {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match self {
            Bound::Text(text) => out.extend_from_slice(text.as_bytes()),
            Bound::Interval(seconds) => out.extend_from_slice(format!("{seconds} seconds").as_bytes()),
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    // As text, so that the server reads it by the type that it has found.
    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

/// What a statement brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// The names of its columns; none for a statement without rows.
    pub columns: Vec<String>,
    /// The first rows, fit for a screen.
    pub rows: Vec<Vec<String>>,
    /// Rows in all: those that it gave, or those that it changed.
    pub count: u64,
}

impl Database {
    /// A session for statements of a runbook. They may set `statement_timeout` themselves; this one is what they find.
    pub async fn for_statements(
        target: &Target,
        statement: Duration,
        lock: Duration,
    ) -> Result<(Database, tokio::sync::mpsc::UnboundedReceiver<Notice>), DatabaseTrouble> {
        // The client's own patience must not end before the server's, which a statement may change.
        let (session, notices) = Database::connect_with(target, Patience { statement: None, lock: Some(lock) }).await?;
        let limit = format!("SET statement_timeout = {}", statement.as_millis().clamp(1, 2_000_000_000));
        session.run("set the statement's time limit", &limit).await?;
        Ok((session, notices))
    }

    /// Whether the server understands a statement as things are now. Nothing is carried out.
    pub async fn understands(&self, what: &str, sql: &str, values: &[Bound]) -> Result<(), DatabaseTrouble> {
        self.columns(what, sql, values).await.map(|_| ())
    }

    async fn columns(&self, what: &str, sql: &str, values: &[Bound]) -> Result<Vec<String>, DatabaseTrouble> {
        let types: Vec<Type> = values.iter().map(Bound::oid).collect();
        let prepared = self.within(what, self.client().prepare_typed(sql, &types)).await?;
        Ok(prepared.columns().iter().map(|column| column.name().to_owned()).collect())
    }

    /// Sends a statement that only reads, in a session that the server lets only read; keeps so many of its rows.
    pub async fn read(&self, what: &str, sql: &str, values: &[Bound], most: usize) -> Result<Rows, DatabaseTrouble> {
        self.run(what, "SET default_transaction_read_only = on").await?;
        self.only_reads.store(true, Ordering::Relaxed);
        if !is_query(sql) {
            return self.rows(what, sql, values, most).await;
        }
        // The server writes each value as text, as it would for psql. A newline ends a comment at its end.
        let columns = self.columns(what, sql, values).await?;
        let list = |of: &dyn Fn(usize) -> String| (0..columns.len()).map(of).collect::<Vec<_>>().join(", ");
        if columns.is_empty() {
            return self.rows(what, sql, values, most).await;
        }
        let (casts, names) = (list(&|i| format!("plantao.c{i}::text")), list(&|i| format!("c{i}")));
        let wrapped = format!("SELECT {casts} FROM (\n{sql}\n) AS plantao ({names})");
        Ok(Rows { columns, ..self.rows(what, &wrapped, values, most).await? })
    }

    /// Sends a statement that may change something; keeps so many of the rows that it gives.
    pub async fn change(&self, what: &str, sql: &str, values: &[Bound], most: usize) -> Result<Rows, DatabaseTrouble> {
        // As the role or the database has it, not as an earlier question of ours set it.
        if self.only_reads.swap(false, Ordering::Relaxed) {
            self.run(what, "RESET default_transaction_read_only").await?;
        }
        self.rows(what, sql, values, most).await
    }

    async fn rows(&self, what: &str, sql: &str, values: &[Bound], most: usize) -> Result<Rows, DatabaseTrouble> {
        let values = values.iter().map(|value| (value as &(dyn ToSql + Sync), value.oid()));
        let answer = async {
            let stream = self.client().query_typed_raw(sql, values).await?;
            let (mut found, mut given) = (Rows::default(), 0);
            let mut stream = pin!(stream);
            while let Some(row) = stream.try_next().await? {
                if found.columns.is_empty() {
                    found.columns = row.columns().iter().map(|column| column.name().to_owned()).collect();
                }
                if found.rows.len() < most {
                    found.rows.push((0..row.len()).map(|column| cell(&row, column)).collect());
                }
                given += 1;
            }
            found.count = stream.rows_affected().unwrap_or_default().max(given);
            Ok(found)
        };
        self.within(what, answer).await
    }
}

impl DatabaseTrouble {
    /// The server did not say no: the line broke, or the server did.
    pub fn is_in_doubt(&self) -> bool {
        use super::DatabaseTroubleKind as Kind;
        self.kind == Kind::ShuttingDown
            || (self.sqlstate.is_none()
                && matches!(self.kind, Kind::Gone | Kind::TimedOut | Kind::Unreachable | Kind::Other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_is_shown_as_a_literal_does_not_end_before_its_end() {
        assert_eq!(Bound::Text("it's; DROP TABLE x --".into()).literal(), "'it''s; DROP TABLE x --'");
        assert_eq!(Bound::Text("a\\' b".into()).literal(), "E'a\\\\'' b'");
        assert_eq!(Bound::Interval(90).literal(), "interval '90 seconds'");
    }

    #[test]
    fn a_refusal_leaves_no_doubt_and_a_broken_line_does() {
        use super::super::DatabaseTroubleKind as Kind;
        let of = |kind, state: Option<&str>| {
            let mut trouble = DatabaseTrouble::new(kind, "run it", "why");
            trouble.sqlstate = state.map(str::to_owned);
            trouble.is_in_doubt()
        };
        assert!(of(Kind::Gone, None) && of(Kind::ShuttingDown, Some("57P01")) && of(Kind::TimedOut, None));
        assert!(
            !of(Kind::TimedOut, Some("57014")) && !of(Kind::NoRight, Some("42501")) && !of(Kind::Other, Some("22012"))
        );
    }
}
