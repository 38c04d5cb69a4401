//! What the server allows, and who uses it.

use serde::Serialize;

use super::connect::{Database, get};
use super::trouble::{DatabaseTrouble, DatabaseTroubleKind};
use crate::platform::text::printable;

/// Connection slots: how many there are, and who has them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Connections {
    /// `max_connections`.
    pub max: i32,
    /// `superuser_reserved_connections`: the last ones, which only superusers get.
    pub reserved_for_superusers: i32,
    /// `reserved_connections` (PostgreSQL 16 and newer) and RDS's own reserve for `rdsadmin`: for roles with the right.
    pub reserved_for_others: i32,
    /// Client sessions of the whole server, by state and application, the largest group first.
    pub groups: Vec<ConnectionGroup>,
}

/// Sessions that are alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConnectionGroup {
    /// `active`, `idle`, `idle in transaction` …; none if we may not see it.
    pub state: Option<String>,
    /// `application_name`.
    pub application: String,
    /// Their role.
    pub user: Option<String>,
    /// How many.
    pub count: i64,
}

impl Connections {
    /// Client sessions of the whole server.
    pub fn used(&self) -> i64 {
        self.groups.iter().map(|group| group.count).sum()
    }

    /// Slots that an ordinary role can still get.
    pub fn left(&self) -> i64 {
        let ordinary = self.max - self.reserved_for_superusers - self.reserved_for_others;
        (i64::from(ordinary) - self.used()).max(0)
    }
}

impl DatabaseTrouble {
    /// [`DatabaseTroubleKind::TooManyConnections`] with the numbers that are known from before; others stay as they
    /// are.
    #[must_use]
    pub fn with_connections(mut self, known: &Connections) -> DatabaseTrouble {
        if self.kind == DatabaseTroubleKind::TooManyConnections {
            self.why = format!(
                "all connection slots are taken: {} in all, of which {} are reserved for superusers and {} for roles with the right",
                known.max, known.reserved_for_superusers, known.reserved_for_others
            );
        }
        self
    }
}

/// The server as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Server {
    /// It takes no writes: `pg_is_in_recovery()`.
    pub is_standby: bool,
    /// The role that asks.
    pub user: String,
    /// The role sees into other roles' sessions (`pg_read_all_stats`, part of `pg_monitor`).
    pub sees_all_sessions: bool,
    /// The setting `autovacuum`.
    pub autovacuum: bool,
    /// All of this database, in bytes (`pg_database_size`); none if the role may not ask.
    pub database_bytes: Option<i64>,
    /// Most write-ahead log that normally stays between two checkpoints, in bytes (`max_wal_size`).
    pub max_wal_bytes: i64,
}

impl Database {
    /// Connection slots and who has them.
    ///
    /// Equivalent: `SHOW max_connections` and
    /// `SELECT state, application_name, count(*) FROM pg_stat_activity GROUP BY 1, 2`.
    pub async fn connections(&self) -> Result<Connections, DatabaseTrouble> {
        const WHAT: &str = "count the connections";
        let sql = "/* plantao:connections */ SELECT current_setting('max_connections')::int4,
                          current_setting('superuser_reserved_connections')::int4,
                          coalesce(nullif(current_setting('reserved_connections', true), '')::int4, 0)
                        + coalesce(nullif(current_setting('rds.rds_superuser_reserved_connections', true), '')::int4, 0)";
        let row = self.ask_one(WHAT, sql, &[]).await?;
        let groups =
            "/* plantao:groups */ SELECT state, application_name, usename::text, count(*) FROM pg_stat_activity
                      WHERE backend_type = 'client backend' OR backend_type IS NULL AND datname IS NOT NULL
                      GROUP BY 1, 2, 3 ORDER BY 4 DESC, 2, 1";
        let groups = self.ask(WHAT, groups, &[]).await?;
        let printed = |text: &str| printable(text).into_owned();
        Ok(Connections {
            max: get(&row, 0, WHAT)?,
            reserved_for_superusers: get(&row, 1, WHAT)?,
            reserved_for_others: get(&row, 2, WHAT)?,
            groups: groups
                .iter()
                .map(|row| {
                    Ok(ConnectionGroup {
                        state: get(row, 0, WHAT)?,
                        application: printed(get::<Option<&str>>(row, 1, WHAT)?.unwrap_or_default()),
                        user: get::<Option<&str>>(row, 2, WHAT)?.map(printed),
                        count: get(row, 3, WHAT)?,
                    })
                })
                .collect::<Result<_, DatabaseTrouble>>()?,
        })
    }

    /// What the server is and what we are on it.
    pub async fn server(&self) -> Result<Server, DatabaseTrouble> {
        const WHAT: &str = "ask the server about itself";
        let sql = "/* plantao:server */ SELECT pg_is_in_recovery(), current_user::text, pg_has_role('pg_read_all_stats', 'USAGE'), current_setting('autovacuum') = 'on',
                          CASE WHEN has_database_privilege(current_database(), 'CONNECT')
                                 OR pg_has_role('pg_read_all_stats', 'USAGE')
                               THEN pg_database_size(current_database()) END,
                          pg_size_bytes(current_setting('max_wal_size'))";
        let row = self.ask_one(WHAT, sql, &[]).await?;
        Ok(Server {
            is_standby: get(&row, 0, WHAT)?,
            user: get(&row, 1, WHAT)?,
            sees_all_sessions: get(&row, 2, WHAT)?,
            autovacuum: get(&row, 3, WHAT)?,
            database_bytes: get(&row, 4, WHAT)?,
            max_wal_bytes: get(&row, 5, WHAT)?,
        })
    }
}
