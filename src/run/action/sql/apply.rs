//! Carrying statements out: written down, sent once, cancelled when told. One that changes something is never sent
//! again, unless the server said no to it.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::sleep;

use super::{Made, Ready, RunSql, shown};
use crate::database::{Database, DatabaseTrouble, DatabaseTroubleKind, Notice, Rows, verb};
use crate::run::action::Done;
use crate::run::action::once::{self, NUMBER, Noun};
use crate::run::action::reply::Veil;
use crate::run::action::server::same_server;
use crate::run::database::target;
use crate::run::{Answer, Ending, Halt, Scribe, Work};

const NOUN: Noun = Noun { one: "statement", look: "the data" };
/// A statement may say otherwise by `SET statement_timeout`.
const PATIENCE: Duration = Duration::from_mins(5);
const LOCK: Duration = Duration::from_secs(5);
/// How often a wish to stop is listened for.
const EAR: Duration = Duration::from_millis(250);
/// A cancel request gets lost if it comes before the statement.
const CANCEL_AGAIN: Duration = Duration::from_secs(1);
/// Rows that are shown.
const MOST: usize = 20;

pub(super) async fn apply(action: &RunSql, work: &mut Work<'_>) -> Result<Done, Halt> {
    let Work { context, scribe, view, past, .. } = work;
    let made: Made = view.basis()?;
    let target = target(context, &action.database).await?;
    same_server(&made.server, &target.to_string())?;
    // Before any connection: nothing that is asked of the server could tell.
    once::settled(past, NOUN, made.statements.len())?;
    let (session, notices) = Database::for_statements(&target, PATIENCE, LOCK).await?;
    let mut heard = Heard { notices, warnings: Vec::new(), more: 0 };
    let (veil, mut said) = (Veil::of(context), Vec::new());
    for (index, statement) in made.statements.iter().enumerate() {
        let name = verb(&statement.sql);
        if let Some(details) = once::accepted(past, index + 1) {
            let rows = details.get("rows").and_then(Value::as_u64).map(shown::count);
            let rows = rows.map(|rows| format!(" ({rows})")).unwrap_or_default();
            said.push(format!("{name} was carried out before{rows}"));
            continue;
        }
        if index > 0 {
            scribe.hear()?;
        }
        let answer = send(scribe, &session, &mut heard, &made, index, statement).await;
        // What the server warned of is told whatever the statement came to.
        for line in heard.told() {
            match scribe.progress(&veil.over(&line), None) {
                Err(unwritten) if answer.is_ok() => return Err(unwritten),
                _ => {}
            }
        }
        let mut rows = answer?;
        veil.over_rows(&rows.columns, &mut rows.rows);
        for line in shown::lines(&rows) {
            scribe.progress(&line, None)?;
        }
        said.push(words(&name, &rows));
    }
    Ok(Done::new(said.join("; ")))
}

fn words(name: &str, rows: &Rows) -> String {
    let changes = rows.columns.is_empty() && matches!(name, "INSERT" | "UPDATE" | "DELETE" | "MERGE");
    match rows.count {
        count if changes => format!("{name}: {} changed", shown::count(count)),
        0 if rows.columns.is_empty() && name != "SELECT" => format!("{name} is done"),
        count => format!("{name}: {}", shown::count(count)),
    }
}

/// What the server says beside its answers: warnings, the first few.
struct Heard {
    notices: UnboundedReceiver<Notice>,
    warnings: Vec<String>,
    more: usize,
}

impl Heard {
    /// Takes in what there is: a statement may say something of each of its rows, and nothing of that is kept.
    fn listen(&mut self) {
        while let Ok(notice) = self.notices.try_recv() {
            match notice.warning {
                true if self.warnings.len() < MOST => self.warnings.push(notice.text),
                true => self.more += 1,
                false => {}
            }
        }
    }

    /// The warnings since the last call.
    fn told(&mut self) -> Vec<String> {
        self.listen();
        let mut told: Vec<String> =
            std::mem::take(&mut self.warnings).iter().map(|text| format!("the server warns: {text}")).collect();
        match std::mem::take(&mut self.more) {
            0 => {}
            more => told.push(format!("… and {more} more warnings")),
        }
        told
    }
}

async fn send(
    scribe: &mut Scribe<'_>,
    session: &Database,
    heard: &mut Heard,
    made: &Made,
    index: usize,
    statement: &Ready,
) -> Result<Rows, Halt> {
    let of = made.statements.len();
    let what = if of == 1 { "run the statement".to_owned() } else { format!("run statement {} of {of}", index + 1) };
    let Ready { sql, values, reads } = statement;
    if *reads {
        let (answer, halt) = follow(scribe, session, heard, session.read(&what, sql, values, MOST)).await;
        return halt.map_or_else(|| answer.map_err(|trouble| failed(&trouble)), Err);
    }
    let operation = format!("postgresql:{}", verb(sql));
    scribe.request(&operation, json!({ NUMBER: index + 1, "sql": sql, "values": values }), Value::Null)?;
    let (answer, halt) = follow(scribe, session, heard, session.change(&what, sql, values, MOST)).await;
    if let Some(halt) = halt.as_ref().filter(|halt| halt.ending == Ending::Unrecorded) {
        return Err(halt.clone());
    }
    match &answer {
        Ok(rows) => scribe.accepted(&operation, json!({ "rows": rows.count }))?,
        Err(trouble) => scribe.answered(&operation, told_to_the_journal(trouble))?,
    }
    match (answer, halt) {
        (Err(trouble), _) if trouble.is_in_doubt() => {
            Err(once::nobody_knows(NOUN, index + 1, of, &operation, &trouble.why))
        }
        (Err(trouble), Some(halt)) if trouble.kind == DatabaseTroubleKind::Canceled => {
            Err(halt.and(&format!("{} was cancelled at the server", verb(sql))))
        }
        (Ok(rows), Some(halt)) => Err(halt.and(&format!("it came too late to cancel {}", words(&verb(sql), &rows)))),
        (Err(trouble), _) => Err(failed(&trouble)),
        (Ok(rows), None) => Ok(rows),
    }
}

fn failed(trouble: &DatabaseTrouble) -> Halt {
    Halt::failed(trouble.to_string())
}

/// Doubt is a word of its own in the journal; a server that gave up in time leaves none.
fn told_to_the_journal(trouble: &DatabaseTrouble) -> Answer {
    let answer = Answer::from(trouble);
    match answer {
        Answer::Trouble { why, remedy, details, .. } if trouble.is_in_doubt() => {
            Answer::Trouble { kind: "unreachable".to_owned(), why, remedy, details }
        }
        Answer::Trouble { why, remedy, details, .. } if trouble.kind == DatabaseTroubleKind::TimedOut => {
            Answer::Trouble { kind: "canceled".to_owned(), why, remedy, details }
        }
        answer => answer,
    }
}

/// Waits for the answer; a wish to stop, or a journal that can't be written any more, cancels it at the server.
async fn follow(
    scribe: &mut Scribe<'_>,
    session: &Database,
    heard: &mut Heard,
    work: impl Future<Output = Result<Rows, DatabaseTrouble>>,
) -> (Result<Rows, DatabaseTrouble>, Option<Halt>) {
    let mut work = std::pin::pin!(work);
    let halt = loop {
        tokio::select! {
            answer = &mut work => return (answer, None),
            () = sleep(EAR) => {
                heard.listen();
                if let Err(halt) = scribe.hear() { break halt }
            }
        }
    };
    let canceler = session.canceler();
    loop {
        // A request that can't be sent is sent again; the statement's own end tells how it went.
        let cancel = async {
            drop(canceler.cancel().await);
            sleep(CANCEL_AGAIN).await;
        };
        tokio::select! {
            answer = &mut work => return (answer, Some(halt)),
            () = cancel => {}
        }
    }
}
