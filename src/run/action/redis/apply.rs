//! Carrying commands out: each written down before it is sent, and one that may change something sent once.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use super::{Made, RunRedis, shown};
use crate::cache::{Cache, CacheTrouble, only_reads};
use crate::run::action::Done;
use crate::run::action::once::{self, NUMBER, Noun};
use crate::run::action::reply::Veil;
use crate::run::action::server::same_server;
use crate::run::{Answer, Ending, Halt, Scribe, Work};

const NOUN: Noun = Noun { one: "command", look: "the cache" };
/// How often a wish to stop is listened for.
const EAR: Duration = Duration::from_millis(250);

pub(super) async fn apply(action: &RunRedis, work: &mut Work<'_>) -> Result<Done, Halt> {
    let Work { context, scribe, view, past, .. } = work;
    let of = action.commands.len();
    once::settled(past, NOUN, of)?;
    let cache = action.open(context).await?;
    let made: Made = view.basis()?;
    same_server(&made.server, cache.place())?;
    let (veil, mut said) = (Veil::of(context), Vec::new());
    for (index, command) in action.commands.iter().enumerate() {
        let number = index + 1;
        let name = command.first().map(|name| name.to_uppercase()).unwrap_or_default();
        if once::accepted(past, number).is_some() {
            said.push(format!("{name} was carried out before"));
            continue;
        }
        scribe.hear()?;
        let mut lines = send(scribe, &cache, command, number, of, &name).await?;
        veil.over_reply(command, &mut lines);
        match lines.as_slice() {
            [line] => said.push(format!("{name}: {line}")),
            lines => {
                for line in lines {
                    scribe.progress(line, None)?;
                }
                said.push(format!("{name}: {} lines", lines.len()));
            }
        }
    }
    Ok(Done::new(said.join("; ")))
}

async fn send(
    scribe: &mut Scribe<'_>,
    cache: &Cache,
    command: &[String],
    number: usize,
    of: usize,
    name: &str,
) -> Result<Vec<String>, Halt> {
    if only_reads(command) {
        let (answer, halt) = follow(scribe, cache, command).await;
        return halt.map_or_else(|| answer.map_err(Halt::from), Err);
    }
    let operation = format!("redis:{name}");
    scribe.request(&operation, json!({ NUMBER: number, "command": shown(command) }), Value::Null)?;
    let (answer, halt) = follow(scribe, cache, command).await;
    if let Some(halt) = halt.as_ref().filter(|halt| halt.ending == Ending::Unrecorded) {
        return Err(halt.clone());
    }
    match &answer {
        Ok(_) => scribe.accepted(&operation, Value::Null)?,
        Err(trouble) => scribe.answered(&operation, Answer::from(trouble))?,
    }
    match (answer, halt) {
        (Err(trouble), _) if trouble.in_doubt => Err(once::nobody_knows(NOUN, number, of, &operation, &trouble.why)),
        (Err(trouble), _) => Err(trouble.into()),
        (Ok(_), Some(halt)) => Err(halt.and(&format!("{name} was carried out"))),
        (Ok(lines), None) => Ok(lines),
    }
}

/// Waits for the answer. No command can be called back, so that a wish to stop waits for it too.
async fn follow(
    scribe: &mut Scribe<'_>,
    cache: &Cache,
    command: &[String],
) -> (Result<Vec<String>, CacheTrouble>, Option<Halt>) {
    let mut work = std::pin::pin!(cache.send(command));
    let mut halt = None;
    loop {
        tokio::select! {
            answer = &mut work => return (answer, halt),
            () = sleep(EAR), if halt.is_none() => halt = scribe.hear().err(),
        }
    }
}

impl From<&CacheTrouble> for Answer {
    fn from(trouble: &CacheTrouble) -> Answer {
        Answer::Trouble {
            kind: if trouble.in_doubt { "unreachable" } else { "refused" }.to_owned(),
            why: trouble.why.clone(),
            remedy: trouble.remedy.clone(),
            details: serde_json::Value::Null,
        }
    }
}
