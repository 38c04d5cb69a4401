//! `database.tables`: the tables that need vacuum most.

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Context, Done};
use crate::database::{Database, Holder, Table, Target};
use crate::platform::Unit;
use crate::platform::text::{age, duration};
use crate::run::database::open;
use crate::run::{Halt, View, Work};

/// Of which database, and how many.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ShowTables {
    /// As the platform file names it.
    pub database: String,
    /// How many tables.
    pub show: u32,
}

/// What there is to know of a table, on one line: dead rows, size, last vacuum, the age of its oldest rows.
pub(in crate::run) fn table_line(table: &Table, now: Timestamp) -> String {
    let (dead, all) = (table.dead_rows, table.dead_rows + table.live_rows);
    let mut words = format!(
        "{} dead of {} rows ({:.0} %), {}",
        count(dead),
        count(all),
        table.dead_share() * 100.0,
        bytes(table.total_bytes)
    );
    match (table.last_vacuumed(), table.last_autovacuum) {
        (None, _) => words.push_str(", never vacuumed"),
        (Some(at), automatic) => {
            let by = if Some(at) == automatic { "autovacuumed" } else { "vacuumed" };
            let _ = write!(words, ", {by} {} ago", age(at, now));
        }
    }
    let _ = write!(words, ", XID age {}", count(table.xid_age));
    if table.autovacuum_off {
        words.push_str(", autovacuum is off for it");
    }
    if let Some(running) = &table.running {
        let whose = if running.automatic { "autovacuum" } else { "a vacuum" };
        let _ = write!(words, ", {whose} works on it (pid {})", running.pid);
    }
    if !table.may_vacuum {
        words.push_str(", this role may not vacuum it");
    }
    words
}

pub(super) fn count(number: i64) -> String {
    Unit::Count.show(number as f64)
}

pub(super) fn bytes(number: i64) -> String {
    Unit::Bytes.show(number as f64)
}

/// Where we are, for a plan's first line: `ana@db.example:5432/analytics: PostgreSQL 16.3 over TLS`.
pub(super) fn place(target: &Target, database: &Database) -> String {
    let line = match (database.is_encrypted(), target.is_socket()) {
        (true, _) => " over TLS",
        (false, true) => " over a socket",
        (false, false) => " without TLS",
    };
    format!("{target}: PostgreSQL {}{line}", database.version())
}

impl ShowTables {
    async fn look(&self, context: &Context) -> Result<View, Halt> {
        let (target, database) = open(context, &self.database).await?;
        let (server, tables) = (database.server().await?, database.tables().await?);
        let (wraparound, holdback) = (database.wraparound().await?, database.holdback().await?);
        let mut view = View { expected_seconds: 1, command: Some(command(&target)), ..View::default() };
        let oldest = holdback.holders.iter().filter_map(transaction_age).max();
        let oldest = oldest.map_or("no transaction is open".to_owned(), |age| {
            format!("the oldest transaction is open for {}", duration(age))
        });
        let size = server.database_bytes.map(|size| format!(", {}", bytes(size))).unwrap_or_default();
        view.facts.push(format!(
            "{}{size}, {oldest}, XID age {} ({:.0} % of the way to the stop)",
            place(&target, &database),
            count(wraparound.xid_age),
            wraparound.share() * 100.0
        ));
        let now = context.clock.now();
        let shown = usize::try_from(self.show).unwrap_or(usize::MAX);
        view.facts.extend(tables.iter().take(shown).map(|table| format!("{}: {}", table.name, table_line(table, now))));
        match tables.len().saturating_sub(shown) {
            0 if tables.is_empty() => view.facts.push("there are no tables".to_owned()),
            0 => {}
            more => view.facts.push(format!("and {more} more")),
        }
        if wraparound.share() >= 0.5 {
            view.warnings.push(format!(
                "at an XID age of {} the database takes no more writes, and it is at {}: vacuum its oldest tables",
                count(crate::database::Wraparound::LIMIT),
                count(wraparound.xid_age)
            ));
        }
        if !server.autovacuum {
            view.warnings.push("autovacuum is turned off on this server".to_owned());
        }
        Ok(view)
    }

    pub(super) async fn plan(&self, context: &Context) -> Result<View, Halt> {
        self.look(context).await
    }

    pub(super) async fn apply(&self, work: &mut Work<'_>) -> Result<Done, Halt> {
        let view = self.look(work.context).await?;
        Ok(Done::new(view.facts.iter().take(4).cloned().collect::<Vec<_>>().join("; ")))
    }
}

fn transaction_age(holder: &Holder) -> Option<SignedDuration> {
    match holder {
        Holder::Transaction { session, .. } => session.transaction_age,
        Holder::Prepared { age, .. } => Some(*age),
        Holder::Slot { .. } | Holder::Standby { .. } => None,
    }
}

fn command(target: &Target) -> String {
    format!(
        "{} -c \"SELECT relid::regclass, n_live_tup, n_dead_tup, last_vacuum, last_autovacuum FROM pg_stat_user_tables \
         ORDER BY n_dead_tup DESC LIMIT 10\"",
        target.psql()
    )
}
