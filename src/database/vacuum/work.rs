//! The task that carries a vacuum out.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep};

use super::report::ending;
use super::{Order, Scope, TableEnding, TableReport, VacuumEnding, VacuumEvent, VacuumKind, VacuumReport};
use crate::database::connect::Database;
use crate::database::{Blocked, DatabaseTrouble, DatabaseTroubleKind, Notice, Session, Table, TableName};

/// How often a cancel request is sent again: it gets lost if it comes between two statements.
const CANCEL_AGAIN: Duration = Duration::from_secs(1);

pub(super) struct Worker {
    pub session: Database,
    pub watcher: Option<Database>,
    pub notices: mpsc::UnboundedReceiver<Notice>,
    pub order: Order,
    pub events: mpsc::UnboundedSender<VacuumEvent>,
    pub stopped: watch::Receiver<bool>,
    pub max_wal_bytes: i64,
    /// The watcher did not answer once: it is not asked again.
    pub blind: AtomicBool,
}

/// A table to vacuum: known by its name until it is found.
type Candidate = (TableName, Option<u32>);

impl Worker {
    pub async fn work(mut self) -> VacuumReport {
        let began = Instant::now();
        let mut report = VacuumReport {
            ending: VacuumEnding::Finished,
            tables: Vec::new(),
            not_begun: Vec::new(),
            holdback: None,
            took: Duration::ZERO,
        };
        let candidates = match self.candidates().await {
            Ok(candidates) => candidates,
            Err(trouble) => {
                report.ending = VacuumEnding::Failed(trouble);
                return report;
            }
        };
        let of = candidates.len();
        for (at, (name, oid)) in candidates.iter().enumerate() {
            if *self.stopped.borrow() {
                report.ending = VacuumEnding::Stopped;
            }
            if report.ending != VacuumEnding::Finished {
                report.not_begun.push(name.clone());
                continue;
            }
            self.say(VacuumEvent::Began { table: name.clone(), number: at + 1, of });
            let table = self.table(name, *oid).await;
            self.say(VacuumEvent::Ended(Box::new(table.clone())));
            match &table.ending {
                TableEnding::Stopped(_) => report.ending = VacuumEnding::Stopped,
                // Somebody else wanted it to end: they would not like to see the next table begun.
                TableEnding::Failed(trouble)
                    if trouble.ends_everything() || trouble.kind == DatabaseTroubleKind::Canceled =>
                {
                    report.ending = VacuumEnding::Failed(trouble.clone());
                }
                TableEnding::Vacuumed | TableEnding::Skipped(_) | TableEnding::Failed(_) => {}
            }
            report.tables.push(table);
        }
        if report.tables.iter().any(|table| table.dead_rows_left().is_some_and(|left| left > 0)) {
            report.holdback = self.asker().holdback().await.ok();
        }
        report.took = began.elapsed();
        report
    }

    /// Whoever can ask something while no vacuum runs: a lost watcher must not end the work.
    fn asker(&self) -> &Database {
        self.watcher().unwrap_or(&self.session)
    }

    fn watcher(&self) -> Option<&Database> {
        self.watcher.as_ref().filter(|watcher| !watcher.is_closed() && !self.blind.load(Ordering::Relaxed))
    }

    fn say(&self, event: VacuumEvent) {
        // Nobody has to listen.
        drop(self.events.send(event));
    }

    async fn candidates(&self) -> Result<Vec<Candidate>, DatabaseTrouble> {
        let asker = self.asker();
        let tables = asker.tables().await?;
        let system = asker.system_tables().await?;
        let candidate = |table: &Table| (table.name.clone(), Some(table.oid));
        Ok(match &self.order.scope {
            Scope::Database => {
                tables.iter().chain(system.iter().filter(|table| table.may_vacuum)).map(candidate).collect()
            }
            Scope::Tables(names) => names
                .iter()
                .map(|name| {
                    let found = tables.iter().chain(&system).find(|table| table.name == *name);
                    (name.clone(), found.map(|table| table.oid))
                })
                .collect(),
        })
    }

    async fn table(&mut self, name: &TableName, oid: Option<u32>) -> TableReport {
        let began = Instant::now();
        let what = format!("vacuum {name}");
        let mut report = TableReport {
            name: name.clone(),
            ending: TableEnding::Vacuumed,
            before: None,
            after: None,
            notices: Vec::new(),
            took: Duration::ZERO,
        };
        let result = self.table_into(&mut report, &what, oid).await;
        if let Err(trouble) = result {
            report.ending = match trouble.kind {
                DatabaseTroubleKind::Canceled if *self.stopped.borrow() => TableEnding::Stopped(trouble),
                _ => TableEnding::Failed(trouble),
            };
        }
        report.took = began.elapsed();
        report
    }

    async fn table_into(
        &mut self,
        report: &mut TableReport,
        what: &str,
        oid: Option<u32>,
    ) -> Result<(), DatabaseTrouble> {
        let gone = || DatabaseTrouble::new(DatabaseTroubleKind::NoTable, what, "there is no such table");
        let oid = oid.ok_or_else(gone)?;
        let before = self.asker().table(oid).await?.ok_or_else(gone)?;
        report.before = Some(before.clone());
        self.look_at_storage(&before).await?;

        let result = self.statement(&before, what).await;
        while let Ok(notice) = self.notices.try_recv() {
            self.say(VacuumEvent::Said(notice.clone()));
            report.notices.push(notice);
        }
        // What a vacuum did before it was cut off stays done: that is told as well.
        report.after = self.after(&before, result.is_ok()).await;
        result?;
        let full = matches!(self.order.kind, VacuumKind::Full { .. });
        report.ending = ending(&report.notices, &before, report.after.as_ref(), full);
        if let (VacuumKind::Full { free_bytes }, Some(after)) = (&mut self.order.kind, &report.after) {
            *free_bytes = free_bytes.saturating_add_signed(before.total_bytes - after.total_bytes);
        }
        Ok(())
    }

    async fn look_at_storage(&self, before: &Table) -> Result<(), DatabaseTrouble> {
        let VacuumKind::Full { free_bytes } = self.order.kind else { return Ok(()) };
        let estimate = self.asker().full_estimate(before, self.max_wal_bytes).await?;
        estimate.refusal(free_bytes).map_or(Ok(()), Err)
    }

    /// Runs the statement, and meanwhile watches it and listens for the wish to stop.
    async fn statement(&mut self, table: &Table, what: &str) -> Result<(), DatabaseTrouble> {
        let sql = self.order.statement(&table.name);
        let mut blocked = None;
        let result = tokio::select! {
            result = self.session.run(what, &sql) => result,
            never = self.watch(table, &mut blocked) => match never {},
            never = self.cancel_when_told() => match never {},
        };
        result.map_err(|trouble| match (trouble.kind, blocked) {
            (DatabaseTroubleKind::LockTimeout, Some(blocked)) => self.lock_trouble(trouble, &blocked),
            _ => trouble,
        })
    }

    fn lock_trouble(&self, mut trouble: DatabaseTrouble, blocked: &Blocked) -> DatabaseTrouble {
        let by: Vec<String> = blocked.by.iter().map(Session::words).collect();
        trouble.why = format!(
            "it is locked by {}, and lock_timeout ({} s) has passed",
            by.join(" and "),
            self.order.lock_timeout.as_secs_f64()
        );
        trouble
    }

    async fn watch(&self, table: &Table, blocked: &mut Option<Blocked>) -> std::convert::Infallible {
        let Some(watcher) = self.watcher() else { return std::future::pending().await };
        let every = self.order.look_every.max(Duration::from_millis(10));
        // Not at once: a question's snapshot, at the moment at which the vacuum decides what nobody can see any more,
        // would keep all that died since the oldest transaction of any database began.
        let mut ticks = interval_at(Instant::now() + every, every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            match watcher.vacuum_progress(self.session.pid(), table.oid).await {
                Ok(Some(progress)) => {
                    if progress.blocked.is_some() {
                        blocked.clone_from(&progress.blocked);
                    }
                    self.say(VacuumEvent::Progress { table: table.name.clone(), progress: Box::new(progress) });
                }
                Ok(None) => {}
                Err(trouble) => {
                    self.blind.store(true, Ordering::Relaxed);
                    self.say(VacuumEvent::Unseen(trouble));
                    return std::future::pending().await;
                }
            }
        }
    }

    async fn cancel_when_told(&self) -> std::convert::Infallible {
        let mut stopped = self.stopped.clone();
        if stopped.wait_for(|stop| *stop).await.is_err() {
            // Every Stopper is gone, and nobody can want it any more.
            return std::future::pending().await;
        }
        let canceler = self.session.canceler();
        loop {
            // A request that can't be sent is sent again; the statement's own end tells how it went.
            drop(canceler.cancel().await);
            sleep(CANCEL_AGAIN).await;
        }
    }

    /// The table as it is now.
    async fn after(&self, before: &Table, done: bool) -> Option<Table> {
        let asker = self.asker();
        let mut after = asker.table(before.oid).await.ok()??;
        // Up to PostgreSQL 14 another process gathers the statistics, and has them half a second later.
        let mut tries = if done && asker.version().major() < 15 { 20 } else { 0 };
        while tries > 0 && after.vacuum_count == before.vacuum_count {
            sleep(Duration::from_millis(100)).await;
            after = asker.table(before.oid).await.ok()??;
            tries -= 1;
        }
        Some(after)
    }
}
