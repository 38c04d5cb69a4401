//! Who waits for whom.

use serde::Serialize;
use tokio_postgres::types::Type;

use super::connect::{Database, get};
use super::quote::TableName;
use super::session::{COLUMNS, Session, WIDTH};
use super::trouble::DatabaseTrouble;

/// A session that waits for a lock, and those that it waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Blocked {
    /// Who waits.
    pub session: Session,
    /// The table that it wants to lock, if it is one.
    pub table: Option<TableName>,
    /// Who holds it, or stands before it in the queue (`pg_blocking_pids`). A prepared transaction has pid 0.
    pub by: Vec<Session>,
}

impl Blocked {
    /// `pid 12 (api, node), active for 40s, waits for public.events, held by pid 11 (…)`.
    pub fn words(&self) -> String {
        let table = self.table.as_ref().map(|table| format!(" for {table}")).unwrap_or_default();
        let by: Vec<String> = self.by.iter().map(Session::words).collect();
        format!("{} waits{table}, held by {}", self.session.words(), by.join(" and "))
    }
}

const WHAT: &str = "see who blocks whom";

impl Database {
    /// All sessions of this database that wait for a lock.
    ///
    /// Equivalent: `SELECT pid, pg_blocking_pids(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'`.
    pub async fn blocked(&self) -> Result<Vec<Blocked>, DatabaseTrouble> {
        self.blocked_ones(None).await
    }

    /// What one session waits for, if it waits for a lock.
    pub async fn blocked_session(&self, pid: i32) -> Result<Option<Blocked>, DatabaseTrouble> {
        Ok(self.blocked_ones(Some(pid)).await?.into_iter().next())
    }

    async fn blocked_ones(&self, pid: Option<i32>) -> Result<Vec<Blocked>, DatabaseTrouble> {
        // pg_blocking_pids stops the lock manager for a moment: only those are asked for who wait for a lock. Other
        // roles' waits may be hidden, so pg_locks says who they are.
        let sql = format!(
            "/* plantao:blocked */ SELECT {COLUMNS}, n.nspname::text, c.relname::text, pg_blocking_pids(a.pid)
             FROM (SELECT DISTINCT ON (pid) pid, relation FROM pg_locks
                   WHERE NOT granted AND ($1::int4 IS NULL OR pid = $1)) w
             JOIN pg_stat_activity a ON a.pid = w.pid AND a.datname = current_database()
             LEFT JOIN pg_class c ON c.oid = w.relation
             LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
             ORDER BY a.query_start NULLS LAST, a.pid"
        );
        let mut found = Vec::new();
        for row in self.ask(WHAT, &sql, &[(&pid, Type::INT4)]).await? {
            let schema: Option<&str> = get(&row, WIDTH, WHAT)?;
            let name: Option<&str> = get(&row, WIDTH + 1, WHAT)?;
            let mut pids: Vec<i32> = get(&row, WIDTH + 2, WHAT)?;
            // A parallel query blocks once for each of its workers.
            pids.sort_unstable();
            pids.dedup();
            if pids.is_empty() {
                continue;
            }
            found.push(Blocked {
                session: Session::read(&row, 0, WHAT)?,
                table: schema.zip(name).map(|(schema, name)| TableName::new(schema, name)),
                by: self.sessions(&pids).await?,
            });
        }
        Ok(found)
    }

    /// The sessions with these process ids that are still there; 0 is a prepared transaction.
    async fn sessions(&self, pids: &[i32]) -> Result<Vec<Session>, DatabaseTrouble> {
        let sql = format!(
            "/* plantao:sessions */ SELECT {COLUMNS} FROM pg_stat_activity a WHERE a.pid = ANY ($1) ORDER BY a.xact_start"
        );
        let rows = self.ask(WHAT, &sql, &[(&pids, Type::INT4_ARRAY)]).await?;
        let mut sessions = rows.iter().map(|row| Session::read(row, 0, WHAT)).collect::<Result<Vec<_>, _>>()?;
        if pids.contains(&0) {
            sessions.push(Session::default());
        }
        Ok(sessions)
    }
}
