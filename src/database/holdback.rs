//! What keeps vacuum from removing dead rows: whoever may still need to see them.

use jiff::SignedDuration;
use serde::Serialize;

use super::connect::{Database, get};
use super::session::{COLUMNS, Session, WIDTH};
use super::trouble::DatabaseTrouble;
use crate::platform::text::{duration, printable};

/// All that holds vacuum back now, and how much of that we can't see.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Holdback {
    /// The oldest first: rows that died after the first one's beginning stay.
    pub holders: Vec<Holder>,
    /// Sessions of other roles that we may not see into. Those that hold vacuum back are among the holders, for their
    /// age everybody may see, but not since when or with what. `GRANT pg_monitor` shows that.
    pub hidden_sessions: usize,
}

/// One that may still need to see rows that are dead to everybody else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "holder", rename_all = "kebab-case")]
pub enum Holder {
    /// An open transaction of this database (`pg_stat_activity`).
    Transaction {
        /// Whose it is.
        session: Session,
        /// The older of `age(backend_xmin)` and `age(backend_xid)`, in transactions.
        xid_age: i64,
    },
    /// A replication slot (`pg_replication_slots`).
    Slot {
        /// Its name.
        name: String,
        /// `physical` or `logical`. A logical slot's age is that of the catalog's rows, which alone it keeps.
        kind: String,
        /// Somebody reads from it now.
        active: bool,
        /// The older of `age(xmin)` and `age(catalog_xmin)`, in transactions.
        xid_age: i64,
        /// It keeps rows of the catalog only.
        only_catalog: bool,
    },
    /// A transaction prepared for two-phase commit (`pg_prepared_xacts`): it outlives its session and a restart.
    Prepared {
        /// The name given to `PREPARE TRANSACTION`.
        name: String,
        /// Whose it is.
        owner: String,
        /// How long ago it was prepared.
        age: SignedDuration,
        /// In transactions.
        xid_age: i64,
    },
    /// A standby with `hot_standby_feedback` and no slot (`pg_stat_replication`).
    Standby {
        /// The process that sends to it.
        pid: i32,
        /// `application_name`.
        name: String,
        /// Where it is.
        client: Option<String>,
        /// `age(backend_xmin)`, in transactions.
        xid_age: i64,
    },
}

impl Holder {
    /// How old it is, in transactions.
    pub fn xid_age(&self) -> i64 {
        match self {
            Holder::Transaction { xid_age, .. }
            | Holder::Slot { xid_age, .. }
            | Holder::Prepared { xid_age, .. }
            | Holder::Standby { xid_age, .. } => *xid_age,
        }
    }

    /// Who it is, in a person's words.
    pub fn words(&self) -> String {
        match self {
            Holder::Transaction { session, .. } => session.words(),
            Holder::Slot { name, kind, active, .. } => {
                let use_of = if *active { "in use" } else { "not in use" };
                format!("replication slot {name} ({kind}, {use_of})")
            }
            Holder::Prepared { name, owner, age, .. } => {
                format!("prepared transaction {name} of {owner}, {} old", duration(*age))
            }
            Holder::Standby { name, client, .. } => {
                let place = client.as_deref().map(|client| format!(" at {client}")).unwrap_or_default();
                format!("standby {name}{place}, by hot_standby_feedback")
            }
        }
    }

    /// What would end it. Somebody has to decide that; plantao never does it on its own.
    pub fn remedy(&self) -> String {
        let literal = |text: &str| format!("'{}'", text.replace('\'', "''"));
        match self {
            Holder::Transaction { session, .. } => format!("SELECT pg_terminate_backend({})", session.pid),
            Holder::Slot { name, active: false, .. } => format!("SELECT pg_drop_replication_slot({})", literal(name)),
            Holder::Slot { name, .. } => format!("let the reader of slot {name} catch up"),
            Holder::Prepared { name, .. } => {
                format!("COMMIT PREPARED {0} or ROLLBACK PREPARED {0}", literal(name))
            }
            Holder::Standby { name, .. } => format!("end the long query on standby {name}"),
        }
    }
}

const WHAT: &str = "see what holds vacuum back";

impl Database {
    /// What holds vacuum back in this database now.
    ///
    /// Equivalent: `SELECT pid, state, age(backend_xmin), age(backend_xid) FROM pg_stat_activity`, and
    /// `SELECT * FROM pg_replication_slots`, `pg_prepared_xacts`, `pg_stat_replication`.
    pub async fn holdback(&self) -> Result<Holdback, DatabaseTrouble> {
        let (mut holders, hidden_sessions) = self.transactions().await?;
        holders.extend(self.slots().await?);
        holders.extend(self.prepared().await?);
        holders.extend(self.standbys().await?);
        holders.sort_by_key(|holder| std::cmp::Reverse(holder.xid_age()));
        Ok(Holdback { holders, hidden_sessions })
    }

    async fn transactions(&self) -> Result<(Vec<Holder>, usize), DatabaseTrouble> {
        // A vacuum's own snapshot holds no other vacuum back; neither does another database's transaction.
        let sql = format!(
            "/* plantao:transactions */ SELECT {COLUMNS}, greatest(age(a.backend_xmin), age(a.backend_xid))::int8
             FROM pg_stat_activity a
             WHERE a.pid <> pg_backend_pid() AND a.datname = current_database()
               AND a.backend_type IS DISTINCT FROM 'walsender'
               AND NOT EXISTS (SELECT FROM pg_stat_progress_vacuum p WHERE p.pid = a.pid)"
        );
        let mut holders = Vec::new();
        let mut hidden = 0;
        for row in self.ask(WHAT, &sql, &[]).await? {
            let session = Session::read(&row, 0, WHAT)?;
            hidden += usize::from(session.hidden);
            if let Some(xid_age) = get(&row, WIDTH, WHAT)? {
                holders.push(Holder::Transaction { session, xid_age });
            }
        }
        Ok((holders, hidden))
    }

    async fn slots(&self) -> Result<Vec<Holder>, DatabaseTrouble> {
        let sql =
            "/* plantao:slots */ SELECT slot_name::text, slot_type, active, greatest(age(xmin), age(catalog_xmin))::int8, xmin IS NULL
                   FROM pg_replication_slots WHERE xmin IS NOT NULL OR catalog_xmin IS NOT NULL";
        let rows = self.ask(WHAT, sql, &[]).await?;
        rows.iter()
            .map(|row| {
                Ok(Holder::Slot {
                    name: printable(get(row, 0, WHAT)?).into_owned(),
                    kind: get(row, 1, WHAT)?,
                    active: get(row, 2, WHAT)?,
                    xid_age: get(row, 3, WHAT)?,
                    only_catalog: get(row, 4, WHAT)?,
                })
            })
            .collect()
    }

    async fn prepared(&self) -> Result<Vec<Holder>, DatabaseTrouble> {
        let sql = "/* plantao:prepared */ SELECT gid, owner::text, (extract(epoch FROM clock_timestamp() - prepared) * 1000000)::int8,
                   age(transaction)::int8 FROM pg_prepared_xacts WHERE database = current_database()";
        let rows = self.ask(WHAT, sql, &[]).await?;
        rows.iter()
            .map(|row| {
                Ok(Holder::Prepared {
                    name: printable(get(row, 0, WHAT)?).into_owned(),
                    owner: printable(get(row, 1, WHAT)?).into_owned(),
                    age: SignedDuration::from_micros(get(row, 2, WHAT)?),
                    xid_age: get(row, 3, WHAT)?,
                })
            })
            .collect()
    }

    async fn standbys(&self) -> Result<Vec<Holder>, DatabaseTrouble> {
        let sql = "/* plantao:standbys */ SELECT pid, application_name, host(client_addr), age(backend_xmin)::int8
                   FROM pg_stat_replication WHERE backend_xmin IS NOT NULL";
        let rows = self.ask(WHAT, sql, &[]).await?;
        rows.iter()
            .map(|row| {
                Ok(Holder::Standby {
                    pid: get(row, 0, WHAT)?,
                    name: printable(get::<Option<&str>>(row, 1, WHAT)?.unwrap_or_default()).into_owned(),
                    client: get(row, 2, WHAT)?,
                    xid_age: get(row, 3, WHAT)?,
                })
            })
            .collect()
    }
}
