//! Carrying a vacuum out: written down, sent, watched, stopped when told, and taken up by looking at the server.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{MissedTickBehavior, sleep};

use super::before::{Basis, Before};
use super::way::Way;
use super::{VacuumTables, told};
use crate::database::{Database, Table, TableEnding, Target, Vacuum, VacuumEnding, VacuumEvent, VacuumReport};
use crate::run::action::{Done, LEFT_OUT};
use crate::run::database::open;
use crate::run::{Answer, Context, Ending, Halt, Scribe, Work};
use crate::watch;

const OPERATION: &str = "postgresql:VACUUM";
/// How often a wish to stop is listened for.
const EAR: Duration = Duration::from_millis(250);
/// Up to PostgreSQL 14 statistics come half a second late.
const LATE: Duration = Duration::from_secs(1);

/// Tables with what they were like before, and what the server says of them now.
type Found = Vec<(Before, Table)>;

pub(super) async fn apply(action: &VacuumTables, work: &mut Work<'_>) -> Result<Done, Halt> {
    let Work { context, scribe, view, past, .. } = work;
    let (target, database) = open(context, &action.database).await?;
    let basis: Basis = view.basis()?;
    basis.check_server(&target)?;
    let (wanted, found) = if let Some(first) = past.asked.iter().find(|asked| asked.operation == OPERATION) {
        // The first request knows each table as it was before the run.
        let asked = Before::read(&first.previous)?;
        let (wanted, found) = look(action, scribe, &database, asked).await?;
        if past.asked.last().is_some_and(|last| last.answer.is_none()) && !found.is_empty() {
            scribe.found(OPERATION, json!({ "tables": told::found(&found) }))?;
        }
        if action.analyze {
            renew(scribe, &database, &found).await?;
        }
        (wanted, found)
    } else {
        let chosen = action.chosen(&database).await?;
        basis.check_tables(&chosen)?;
        (chosen.iter().filter(|table| table.may_vacuum).map(Before::of).collect(), Found::new())
    };
    drop(database);
    if wanted.is_empty() {
        return Ok(nothing_left(&found));
    }
    let free = free_now(action, context).await?;
    send(action, scribe, &target, &wanted, &found, free).await
}

/// What is still to do of what an earlier process asked for, and what is done: by the server's word alone.
async fn look(
    action: &VacuumTables,
    scribe: &mut Scribe<'_>,
    database: &Database,
    asked: Vec<Before>,
) -> Result<(Vec<Before>, Found), Halt> {
    if database.version().major() < 15 {
        sleep(LATE).await;
    }
    let (mut wanted, mut found) = (Vec::new(), Found::new());
    for before in asked {
        match settled(scribe, database, &before, action.full).await? {
            Some(now) if before.is_vacuumed(&now, action.full) => found.push((before, now)),
            Some(_) => wanted.push(before),
            None => {}
        }
    }
    Ok((wanted, found))
}

/// Renews the statistics that the end of an earlier process left out.
async fn renew(scribe: &mut Scribe<'_>, database: &Database, found: &[(Before, Table)]) -> Result<(), Halt> {
    const OPERATION: &str = "postgresql:ANALYZE";
    for (before, _) in found.iter().filter(|(before, now)| before.lacks_statistics(now)) {
        let name = before.name();
        scribe.request(OPERATION, json!({ "table": name.to_string() }), Value::Null)?;
        match database.analyze(&name).await {
            Ok(()) => scribe.answered(OPERATION, Answer::Accepted { details: Value::Null })?,
            Err(trouble) => {
                scribe.answered(OPERATION, Answer::from(&trouble))?;
                return Err(trouble.into());
            }
        }
    }
    Ok(())
}

fn nothing_left(found: &[(Before, Table)]) -> Done {
    if found.is_empty() {
        return Done::unneeded("none of its tables is there any more");
    }
    Done::new(format!("the server says that all was vacuumed: {}", told::found(found))).with("vacuumed", found.len())
}

/// The table once no vacuum that an earlier process began works on it any more; none if it is gone.
async fn settled(
    scribe: &mut Scribe<'_>,
    database: &Database,
    before: &Before,
    full: bool,
) -> Result<Option<Table>, Halt> {
    loop {
        let Some(table) = database.table(before.oid).await? else { return Ok(None) };
        let by = match &table.running {
            Some(running) if !running.automatic => format!("pid {} still vacuums {}", running.pid, table.name),
            // A rewrite shows by its lock alone.
            _ if full && table.sizes_are_old => format!("{} is still locked", table.name),
            _ => return Ok(Some(table)),
        };
        if let Err(halt) = scribe.hear() {
            return Err(halt.and(&format!("{by}, and goes on")));
        }
        scribe.progress(&by, None)?;
        sleep(EAR).await;
    }
}

/// A rewrite looks at the free storage again: the plan's number may be old.
async fn free_now(action: &VacuumTables, context: &Context) -> Result<Option<u64>, Halt> {
    if !action.full {
        return Ok(None);
    }
    let picture = watch::once(&context.platform, &context.clients, &context.clock).await;
    action.free_bytes(context, &picture)
}

async fn send(
    action: &VacuumTables,
    scribe: &mut Scribe<'_>,
    target: &Target,
    wanted: &[Before],
    found: &[(Before, Table)],
    free: Option<u64>,
) -> Result<Done, Halt> {
    let order = action.order(wanted.iter().map(Before::name).collect(), free);
    scribe.request(OPERATION, parameters(action, wanted), json!(wanted))?;
    let vacuum = match Vacuum::start(target, order).await {
        Ok(vacuum) => vacuum,
        Err(trouble) => {
            scribe.answered(OPERATION, Answer::from(&trouble))?;
            return Err(trouble.into());
        }
    };
    let (report, halt) = follow(scribe, vacuum).await;
    if let Some(halt) = halt.as_ref().filter(|halt| halt.ending == Ending::Unrecorded) {
        return Err(halt.clone());
    }
    scribe.answered(OPERATION, answer(&report))?;
    conclude(&report, found, halt)
}

fn parameters(action: &VacuumTables, wanted: &[Before]) -> Value {
    let tables: Vec<String> = wanted.iter().map(|table| table.name().to_string()).collect();
    json!({
        "tables": tables,
        "analyze": action.analyze || action.full,
        "full": action.full,
        "lock-timeout-seconds": action.lock_timeout_seconds,
    })
}

/// Tells what happens, and stops it when somebody says so or nothing can be written any more.
async fn follow(scribe: &mut Scribe<'_>, mut vacuum: Vacuum) -> (VacuumReport, Option<Halt>) {
    let stopper = vacuum.stopper();
    let (mut halt, mut way) = (None, Way::default());
    // One for all turns: a sleep that each event begins anew never ends where events are many.
    let mut ear = tokio::time::interval(EAR);
    ear.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let answer = tokio::select! {
            event = vacuum.next() => match event {
                None => break,
                Some(event) if halt.is_none() => tell(scribe, event, &mut way),
                Some(_) => Ok(()),
            },
            _ = ear.tick(), if halt.is_none() => scribe.hear(),
        };
        if let Err(why) = answer {
            stopper.stop();
            halt = Some(why);
        }
    }
    (vacuum.report().await, halt)
}

fn tell(scribe: &mut Scribe<'_>, event: VacuumEvent, way: &mut Way) -> Result<(), Halt> {
    match event {
        VacuumEvent::Began { number, of, .. } => {
            way.begin(number, of);
            Ok(())
        }
        VacuumEvent::Progress { table, progress } => {
            let fraction = way.go(&progress);
            scribe.progress(&way.words(&table, &progress), Some(fraction))
        }
        VacuumEvent::Unseen(trouble) => scribe.progress(&format!("it goes on, but can't be watched: {trouble}"), None),
        VacuumEvent::Ended(report) => scribe.progress(&told::table(&report), Some(way.end())),
        VacuumEvent::Said(notice) if notice.warning => scribe.progress(&notice.text, None),
        VacuumEvent::Said(_) => Ok(()),
    }
}

/// What came back, in the server's own words where it said no; with what was done by then.
fn answer(report: &VacuumReport) -> Answer {
    let stopped = report.tables.iter().find_map(|table| match &table.ending {
        TableEnding::Stopped(said) => Some(format!("{}: {}", table.name, said.for_the_record())),
        _ => None,
    });
    let first_failure = report.tables.iter().find_map(|table| match &table.ending {
        TableEnding::Failed(trouble) if told::failed(table) || report.vacuumed().next().is_none() => Some(trouble),
        _ => None,
    });
    let refused = |kind: &str, why| Answer::Trouble { kind: kind.to_owned(), why, remedy: None, details: Value::Null };
    let mut answer = match (&report.ending, first_failure) {
        (VacuumEnding::Stopped, _) => {
            let why = stopped.unwrap_or_else(|| "between two tables".to_owned());
            refused("canceled", format!("{why}; {}", told::numbers(report)))
        }
        (VacuumEnding::Failed(trouble), _) | (VacuumEnding::Finished, Some(trouble)) => Answer::from(trouble),
        (VacuumEnding::Finished, None) if report.vacuumed().next().is_some() => {
            return Answer::Accepted { details: told::details(report) };
        }
        (VacuumEnding::Finished, None) => refused("refused", told::numbers(report)),
    };
    if let Answer::Trouble { details, .. } = &mut answer
        && report.tables.iter().any(told::is_begun)
    {
        *details = told::details(report);
    }
    answer
}

fn conclude(report: &VacuumReport, found: &[(Before, Table)], halt: Option<Halt>) -> Result<Done, Halt> {
    let words = told::all(report, found);
    if let Some(halt) = halt {
        return Err(halt.and(&words));
    }
    match &report.ending {
        VacuumEnding::Failed(trouble) => {
            return Err(Halt::from(trouble.clone()).and(&words));
        }
        VacuumEnding::Stopped => return Err(Halt::failed(words)),
        VacuumEnding::Finished => {}
    }
    let vacuumed = report.vacuumed().count() + found.len();
    if vacuumed == 0 || report.tables.iter().any(told::failed) {
        return Err(Halt::failed(words));
    }
    let left_out = report.tables.len() - report.vacuumed().count() + told::still_bloated(report);
    Ok(Done::new(words).with("vacuumed", vacuumed).with(LEFT_OUT, left_out))
}
