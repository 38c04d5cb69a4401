//! `VACUUM (VERBOSE, ANALYZE)`, table by table, watched from a second session, and stopped on request.

mod full;
mod order;
mod progress;
mod report;
mod work;

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use serde::Serialize;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

pub use full::FullEstimate;
pub use order::{Order, Scope, VacuumKind};
pub use progress::{Progress, Work};
pub use report::{Skip, TableEnding, TableReport, VacuumEnding, VacuumReport};

use super::connect::{Database, Patience};
use super::{DatabaseTrouble, DatabaseTroubleKind, Notice, TableName, Target};

impl Database {
    /// Renews the planner's statistics of a table: what a vacuum that was cut off after its work had still to do.
    ///
    /// Equivalent: `ANALYZE public.events`.
    pub async fn analyze(&self, table: &TableName) -> Result<(), DatabaseTrouble> {
        self.run(&format!("analyze {table}"), &format!("ANALYZE {}", table.sql())).await
    }
}

/// A vacuum that runs in a task of its own. Dropping this does not stop it: a [`Stopper`] does.
#[derive(Debug)]
pub struct Vacuum {
    events: mpsc::UnboundedReceiver<VacuumEvent>,
    stopper: Stopper,
    task: JoinHandle<VacuumReport>,
}

/// What happens while a vacuum runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum VacuumEvent {
    /// A table is begun: the `number`th `of` all, counted from 1.
    Began {
        /// Which one.
        table: TableName,
        /// Counted from 1.
        number: usize,
        /// How many there are.
        of: usize,
    },
    /// How far the table is.
    Progress {
        /// Which one.
        table: TableName,
        /// How far.
        progress: Box<Progress>,
    },
    /// Progress can't be seen; the vacuum goes on all the same. Said once.
    Unseen(DatabaseTrouble),
    /// The server said something.
    Said(Notice),
    /// A table is done.
    Ended(Box<TableReport>),
}

/// Asks a vacuum to stop. Clones stop the same one.
#[derive(Clone, Debug)]
pub struct Stopper(watch::Sender<bool>);

impl Stopper {
    /// Sends a cancel request for the table in hand, again every second until it is heard, and begins no other table.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Vacuum {
    /// Connects twice, once to work and once to watch, and begins.
    ///
    /// Fails before anything is changed, if there is no way in or it is a standby. Storage for a full vacuum is looked
    /// at table by table. If only the second connection can't be had, the vacuum runs unseen and says so.
    pub async fn start(target: &Target, order: Order) -> Result<Vacuum, DatabaseTrouble> {
        let patience = Patience { statement: None, lock: Some(order.lock_timeout.max(Duration::from_millis(1))) };
        let (session, notices) = Database::connect_with(target, patience).await?;
        if let Some(settings) = order.settings() {
            session.run("set the pace of the vacuum", &settings).await?;
        }
        let connections = session.connections().await.ok();
        let server = session.server().await?;
        if server.is_standby {
            let why = "it is a standby, which can't be written to";
            return Err(DatabaseTrouble::new(DatabaseTroubleKind::Standby, "vacuum", why)
                .remedy("use the endpoint of the instance that writes"));
        }
        let watcher = Database::connect(target).await;
        let (said, events) = mpsc::unbounded_channel();
        let (stop, stopped) = watch::channel(false);
        let watcher = match watcher {
            Ok(watcher) => Some(watcher),
            Err(trouble) => {
                drop(said.send(VacuumEvent::Unseen(report::informed(trouble, connections.as_ref()))));
                None
            }
        };
        let (max_wal_bytes, blind) = (server.max_wal_bytes, AtomicBool::new(false));
        let worker = work::Worker { session, watcher, notices, order, events: said, stopped, max_wal_bytes, blind };
        Ok(Vacuum { events, stopper: Stopper(stop), task: tokio::spawn(worker.work()) })
    }

    /// What happens next; none when all is over.
    pub async fn next(&mut self) -> Option<VacuumEvent> {
        self.events.recv().await
    }

    /// Stops it from anywhere.
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }

    /// Waits for the end. Events that were not taken are in the report too, progress apart.
    pub async fn report(self) -> VacuumReport {
        self.task.await.unwrap_or_else(|why| VacuumReport {
            ending: VacuumEnding::Failed(DatabaseTrouble::new(
                DatabaseTroubleKind::Other,
                "go on with the vacuum",
                why.to_string(),
            )),
            tables: Vec::new(),
            not_begun: Vec::new(),
            holdback: None,
            took: Duration::ZERO,
        })
    }
}
