//! `VACUUM` and `ANALYZE`: each waits for locks and for the model's time, and says what PostgreSQL says.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use futures::{Sink, SinkExt};
use pgwire::api::ClientInfo;
use pgwire::error::{PgWireError, PgWireResult};
use pgwire::messages::PgWireBackendMessage;
use tokio::time::{Instant, sleep};

use super::backend::Backend;
use super::notice::{error, notice};
use super::statement::Vacuum;
use crate::world::model::server::Begun;
use crate::world::model::table::Table;
use crate::world::model::vacuum::Wish;

/// The longest and the shortest time between two looks at the model.
const LOOKS: (Duration, Duration) = (Duration::from_millis(250), Duration::from_millis(5));

/// Carries it out, table by table. Dropping the future cuts it off.
pub async fn run<C>(backend: &Arc<Backend>, client: &mut C, wanted: &Vacuum) -> PgWireResult<()>
where
    C: ClientInfo + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
    C::Error: Debug,
    PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
{
    let delay = backend.settings().cost_delay;
    let Vacuum { full, analyze, only_analyze, .. } = *wanted;
    let wish = |oid| Wish { table: oid, full, analyze, only_analyze, delay };
    let tables = tables(backend, wanted)?;
    for before in tables {
        if !begin(backend, wish(before.oid), wanted.skip_locked, &before).await? {
            let message = format!("skipping vacuum of \"{}\" --- lock not available", before.name);
            client.send(notice("WARNING", "55P03", message)).await?;
            continue;
        }
        let name = format!("{}.{}.{}", super::NAME, before.schema, before.name);
        if wanted.verbose {
            client.send(notice("INFO", "00000", format!("vacuuming \"{name}\""))).await?;
        }
        let began = backend.host.clock().now();
        while let Some(ends) = backend.with(|database, _| database.vacuum_ends(backend.pid))? {
            let now = backend.host.clock().now().as_duration().as_secs_f64();
            let left = (ends as f64 - now).max(0.0) / backend.host.clock().speed();
            sleep(Duration::from_secs_f64(left.min(3_600.0)).clamp(LOOKS.1, LOOKS.0)).await;
        }
        if wanted.verbose {
            let took = backend.host.clock().now().duration_since(began).as_secs_f64();
            let after = backend.with(|database, _| database.server.table(before.oid).cloned())?;
            for message in account(&name, &before, &after.unwrap_or_else(|| before.clone()), wanted, took) {
                client.send(notice("INFO", "00000", message)).await?;
            }
        }
    }
    Ok(())
}

fn tables(backend: &Backend, wanted: &Vacuum) -> PgWireResult<Vec<Table>> {
    let all = backend.with(|database, _| database.server.tables.clone())?;
    let Some((schema, name)) = &wanted.table else { return Ok(all) };
    let found: Vec<Table> = all.into_iter().filter(|t| t.schema == schema && t.name == name).collect();
    if found.is_empty() {
        return Err(error("42P01", format!("relation \"{schema}.{name}\" does not exist")));
    }
    Ok(found)
}

/// Begins once nobody else has the table locked. False if it is to be skipped.
async fn begin(backend: &Backend, wish: Wish, skip_locked: bool, table: &Table) -> PgWireResult<bool> {
    let patience = backend.settings().lock_timeout;
    let asked = Instant::now();
    loop {
        match backend.with(|database, now| database.vacuum(now, backend.pid, wish))? {
            Begun::Runs => {
                backend.wait_for(None)?;
                return Ok(true);
            }
            Begun::Locked if skip_locked => return Ok(false),
            Begun::Locked if patience.is_some_and(|patience| asked.elapsed() >= patience) => {
                return Err(error("55P03", "canceling statement due to lock timeout"));
            }
            Begun::Locked => {
                backend.wait_for(Some(wish.table))?;
                sleep(LOOKS.1).await;
            }
            Begun::NoTable => {
                return Err(error("42P01", format!("relation \"{}\" does not exist", table.name)));
            }
            Begun::NoStorage => {
                let message = format!("could not extend file \"base/16384/{}\": No space left on device", table.oid);
                return Err(error("53100", message));
            }
        }
    }
}

/// What `VERBOSE` tells at the end, in PostgreSQL 16's words.
fn account(name: &str, before: &Table, after: &Table, wanted: &Vacuum, took: f64) -> Vec<String> {
    let short = format!("{}.{}", before.schema, before.name);
    let removed = (before.dead_rows() - after.dead_rows()).max(0.0).round();
    let (live, held) = (after.live.round(), after.held.round());
    let mut told = Vec::new();
    if wanted.full {
        told.push(format!(
            "\"{short}\": found {removed} removable, {} nonremovable row versions in {} pages\nDETAIL:  {held} dead row \
             versions cannot be removed yet.",
            live + held,
            before.blocks()
        ));
    } else {
        let scans = i32::from(removed > 0.0);
        told.push(format!(
            "finished vacuuming \"{name}\": index scans: {scans}\npages: 0 removed, {0} remain, {0} scanned (100.00% of \
             total)\ntuples: {removed} removed, {live} remain, {held} are dead but not yet removable\nsystem usage: \
             CPU: user: {1:.2} s, system: {2:.2} s, elapsed: {took:.2} s",
            after.blocks(),
            took * 0.3,
            took * 0.1
        ));
    }
    if wanted.analyze || wanted.full {
        told.push(format!("analyzing \"{short}\""));
        let pages = after.blocks();
        told.push(format!(
            "\"{}\": scanned {} of {pages} pages, containing {live} live rows and {} dead rows; 30000 rows in sample, \
             {live} estimated total rows",
            before.name,
            pages.min(30_000),
            after.dead_rows().round()
        ));
    }
    told
}
