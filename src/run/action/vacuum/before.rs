//! What a vacuum was planned and asked for on, as the journal keeps it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::database::{Table, TableName, Target};
use crate::run::Halt;
use crate::run::action::server::same_server;

/// What a plan is made on: the server, and the tables if some were chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Basis {
    server: String,
    tables: Vec<(String, String, u32)>,
}

impl Basis {
    pub(super) fn of(target: &Target, tables: &[Table]) -> Basis {
        let tables = tables.iter().map(|t| (t.name.schema.clone(), t.name.name.clone(), t.oid)).collect();
        Basis { server: target.to_string(), tables }
    }

    /// Nothing is sent to another server than was shown.
    pub(super) fn check_server(&self, target: &Target) -> Result<(), Halt> {
        same_server(&self.server, &target.to_string())
    }

    /// Nor to another table of the same name.
    pub(super) fn check_tables(&self, chosen: &[Table]) -> Result<(), Halt> {
        let other = |table: &&Table| !self.tables.is_empty() && self.tables.iter().all(|(_, _, oid)| *oid != table.oid);
        match chosen.iter().find(other) {
            None => Ok(()),
            Some(table) => Err(Halt::stale(format!(
                "since the plan was made {} was dropped and made anew: nothing was sent",
                table.name
            ))),
        }
    }
}

/// A table as it was when it was asked for: what tells, also to another process, whether it was vacuumed since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Before {
    schema: String,
    name: String,
    pub(super) oid: u32,
    vacuum_count: i64,
    last_analyze: Option<Timestamp>,
    pub(super) dead_rows: i64,
    pub(super) total_bytes: i64,
}

impl Before {
    pub(super) fn of(table: &Table) -> Before {
        Before {
            schema: table.name.schema.clone(),
            name: table.name.name.clone(),
            oid: table.oid,
            vacuum_count: table.vacuum_count,
            last_analyze: table.last_analyze,
            dead_rows: table.dead_rows,
            total_bytes: table.total_bytes,
        }
    }

    /// What a request of the journal was made on.
    pub(super) fn read(previous: &Value) -> Result<Vec<Before>, Halt> {
        serde_json::from_value(previous.clone())
            .map_err(|error| Halt::failed(format!("the journal can't be read by this version: {error}")))
    }

    pub(super) fn name(&self) -> TableName {
        TableName::new(&self.schema, &self.name)
    }

    /// Its statistics were not renewed since: a server that loses its client after the vacuum's work leaves that out.
    pub(super) fn lacks_statistics(&self, now: &Table) -> bool {
        now.last_analyze <= self.last_analyze
    }

    /// The server says that a vacuum came to its end since. It counts no full vacuum: that one shows by a smaller file
    /// and new statistics.
    pub(super) fn is_vacuumed(&self, now: &Table, full: bool) -> bool {
        if full {
            now.last_analyze > self.last_analyze && now.total_bytes < self.total_bytes
        } else {
            now.vacuum_count > self.vacuum_count
        }
    }
}
