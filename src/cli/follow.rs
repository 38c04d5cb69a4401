//! Follows a run to its end, as text or as the journal's own lines.

use std::process::{Child, ExitCode};
use std::time::Duration;

use super::output::{complain, print};
use crate::platform::text::printable;
use crate::run::{Event, Follower, Record, RunId, Store, Unopened, last_words, opened, told};

const PAUSE: Duration = Duration::from_millis(200);

/// Prints a run's records until it is over. `child` is its host, if this process started it.
pub(super) async fn until_ended(store: &Store, id: &RunId, json: bool, mut child: Option<Child>) -> ExitCode {
    let opening = match &mut child {
        Some(_) => opened(store, id, || exited(&mut child)).await,
        None => Follower::open(store, id).map_err(|error| Unopened {
            code: 1,
            words: format!("run {id} can't be followed: {}", super::locate::why(&error)),
        }),
    };
    let mut follower = match opening {
        Ok(follower) => follower,
        Err(Unopened { code, words }) => {
            complain(&words);
            return ExitCode::from(code);
        }
    };
    loop {
        // Asked first: what a process writes before it dies is then read below.
        // Of its own child it knows: between a journal's making and its locking the lock says nothing.
        let alive = if child.is_some() { exited(&mut child).is_none() } else { follower.is_alive() };
        let records = match follower.poll() {
            Ok(records) => records,
            Err(error) => return super::failed(&format!("the journal of run {id} is damaged: {error}")),
        };
        for record in &records {
            show(record, json);
            if let Event::Ended { ending, .. } = record.event {
                return ExitCode::from(ending.exit_code());
            }
        }
        if !alive && records.is_empty() {
            if let Some(words) = last_words(store, id) {
                complain(&format!("{}\nplantao runs resume {id} takes it up when that is mended", printable(&words)));
                return ExitCode::from(exited(&mut child).unwrap_or(1));
            }
            return super::failed(&format!("the process of run {id} is gone before its end: plantao runs resume {id}"));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

pub(super) fn exited(child: &mut Option<Child>) -> Option<u8> {
    let status = child.as_mut()?.try_wait().ok().flatten()?;
    Some(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

/// Prints a record.
pub(super) fn show(record: &Record, json: bool) {
    let line = if json { serde_json::to_string(record).ok() } else { told(record) };
    if let Some(line) = line {
        print(&format!("{line}\n"), 0);
    }
}
