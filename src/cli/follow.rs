//! Follows a run to its end, as text or as the journal's own lines.

use std::process::{Child, ExitCode};
use std::time::Duration;

use super::output::{complain, print, print_json};
use crate::headless;
use crate::platform::text::printable;
use crate::run::{
    Ending, Event, Follower, Halt, JournalError, Record, RunId, Store, Unopened, last_words, opened, told,
};

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
        Err(words) => return unopened(&words, json),
    };
    let mut seen = true;
    loop {
        // Asked first: what a process writes before it dies is then read below.
        // Of its own child it knows: between a journal's making and its locking the lock says nothing. One look is not
        // enough: between the end of a process and the guardian's taking it up nobody holds the journal.
        // One that gave up by itself is not waited for, whoever else has the run.
        let code = exit(&mut child);
        let holds = match code {
            Some(Exit::Gave(_)) => false,
            Some(Exit::Killed) => follower.is_alive(),
            None => child.is_some() || follower.is_alive(),
        };
        let alive = holds || seen;
        seen = holds;
        let records = match follower.poll() {
            Ok(records) => records,
            Err(error) => return super::failed_as(json, &format!("the journal of run {id} is damaged: {error}")),
        };
        for record in &records {
            show(record, json);
            if let Event::Ended { ending, .. } = record.event {
                return ExitCode::from(ending.exit_code());
            }
        }
        if !alive && records.is_empty() {
            if let Some(Exit::Gave(code)) = code
                && code == Ending::Busy.exit_code()
            {
                return unopened(&Unopened { code, words: busy(store, id) }, json);
            }
            let code = exited(&mut child);
            let words = match last_words(store, id) {
                Some(words) => {
                    format!("{}\nplantao runs resume {id} takes it up when that is mended", printable(&words))
                }
                None => gone(store, id, code),
            };
            return unopened(&Unopened { code: code.filter(|code| *code != 0).unwrap_or(1), words }, json);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// What to say of a run whose process left no end and no last words. Where the journal can't be written, neither can they.
fn gone(store: &Store, id: &RunId, code: Option<u8>) -> String {
    let folder = store.folder().display();
    if code == Some(Ending::Unrecorded.exit_code()) {
        return format!(
            "run {id} stopped: its journal can't be written any more (is the disk of {folder} full?). Nothing was sent \
             after its last line; make room, then: plantao runs resume {id}"
        );
    }
    format!("the process of run {id} is gone before its end: plantao runs resume {id}")
}

/// Says why a run can't be followed, or not to its end, with the exit code of its process.
pub(super) fn unopened(Unopened { code, words }: &Unopened, json: bool) -> ExitCode {
    if json {
        let said = match Ending::ALL.into_iter().find(|ending| ending.exit_code() == *code) {
            Some(ending) => {
                let words = words.strip_prefix(&format!("{ending}: ")).unwrap_or(words);
                headless::refusal(&Halt::new(ending, words))
            }
            None => headless::failure(words, *code),
        };
        print_json(&said, 0);
    }
    complain(words);
    ExitCode::from(*code)
}

/// What the process said that found the run, or what it is on, in other hands.
fn busy(store: &Store, id: &RunId) -> String {
    let log = std::fs::read_to_string(store.log(id)).unwrap_or_default();
    let said = log.lines().rev().find_map(|line| line.strip_prefix("plantao: ")).map(str::to_owned);
    said.unwrap_or_else(|| JournalError::Held(id.clone()).to_string())
}

/// How a process ended.
#[derive(Clone, Copy)]
enum Exit {
    /// By itself, with this code.
    Gave(u8),
    Killed,
}

fn exit(child: &mut Option<Child>) -> Option<Exit> {
    let status = child.as_mut()?.try_wait().ok().flatten()?;
    Some(status.code().map_or(Exit::Killed, |code| Exit::Gave(u8::try_from(code).unwrap_or(1))))
}

pub(super) fn exited(child: &mut Option<Child>) -> Option<u8> {
    exit(child).map(|exit| match exit {
        Exit::Gave(code) => code,
        Exit::Killed => 1,
    })
}

/// Prints a record.
pub(super) fn show(record: &Record, json: bool) {
    if json {
        if let Ok(line) = serde_json::to_string(record) {
            print_json(&format!("{line}\n"), 0);
        }
    } else if let Some(line) = told(record) {
        print(&format!("{line}\n"), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_fills_in_the_middle_is_told_from_a_process_that_was_killed() {
        let store = Store::at(std::path::Path::new("/var/lib/plantao"));
        let id = "20261124-031455-scale-abcd".parse().unwrap();
        assert!(gone(&store, &id, Some(20)).contains("is the disk of /var/lib/plantao"));
        assert!(gone(&store, &id, None).contains("gone before its end"));
    }
}
