//! Reads a journal while it is written.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::time::Duration;

use super::verify::{Broken, Chain};
use super::{Record, RunId, Store};

/// How often a follower looks.
const PAUSE: Duration = Duration::from_millis(200);

/// What a run's process said last, where it ended without an end in its journal: that the journal can't be written.
///
/// All processes of a run say it in one log. What is in one that is older than the journal's last record was said by a
/// process before: this one was killed, and said nothing.
pub fn last_words(store: &Store, id: &RunId) -> Option<String> {
    let written = |path: PathBuf| fs::metadata(path).and_then(|file| file.modified());
    if written(store.log(id)).ok()? < written(store.journal(id)).ok()? {
        return None;
    }
    let log = fs::read_to_string(store.log(id)).ok()?;
    log.lines().rev().find_map(|line| line.strip_prefix("plantao: ")).map(str::to_owned)
}

/// A run's process ended before it had a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unopened {
    /// Its exit code.
    pub code: u8,
    /// What its log says.
    pub words: String,
}

/// Waits for the journal of a run that was just started; `exited` gives the exit code of its process once it has one.
///
/// # Errors
/// If the process ends before it has a journal, or the journal can't be read.
pub async fn opened(store: &Store, id: &RunId, mut exited: impl FnMut() -> Option<u8>) -> Result<Follower, Unopened> {
    loop {
        // Asked first: a process that ends may have made its journal just before.
        let over = exited();
        match Follower::open(store, id) {
            Ok(follower) => return Ok(follower),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(Unopened { code: 1, words: format!("run {id} can't be followed: {error}") }),
        }
        if let Some(code) = over {
            let said = fs::read_to_string(store.log(id)).unwrap_or_default();
            let said = said.trim().trim_start_matches("plantao: ");
            let words = if said.is_empty() {
                let folder = store.folder().display();
                format!(
                    "its process ended before it had a journal, and without a word in its log: is there room in {folder}?"
                )
            } else {
                said.to_owned()
            };
            // It is told, and there is no run that it could be the log of. A log that stays is only in the way.
            let _ = fs::remove_file(store.log(id));
            return Err(Unopened { code, words });
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Follows the journal of one run from its first record on. It changes nothing and holds nobody up.
#[derive(Debug)]
pub struct Follower {
    file: File,
    read: u64,
    chain: Chain,
    /// The start of a line whose end is not there yet.
    begun: Vec<u8>,
}

impl Follower {
    /// From the first record of a run.
    pub fn open(store: &Store, id: &RunId) -> io::Result<Follower> {
        let file = File::open(store.journal(id))?;
        Ok(Follower { file, read: 0, chain: Chain::new(id), begun: Vec::new() })
    }

    /// The records that were written since the last call.
    pub fn poll(&mut self) -> io::Result<Vec<Record>> {
        let length = self.file.metadata()?.len();
        if length < self.read {
            // A run that was taken up again cut an unfinished line off.
            self.read -= self.begun.len() as u64;
            self.begun.clear();
        }
        self.file.seek(SeekFrom::Start(self.read))?;
        let mut new = Vec::new();
        self.file.by_ref().take(length.saturating_sub(self.read)).read_to_end(&mut new)?;
        self.read += new.len() as u64;
        self.begun.append(&mut new);
        let mut records = Vec::new();
        let mut from = 0;
        while let Some(length) = self.begun[from..].iter().position(|byte| *byte == b'\n') {
            records.push(self.chain.next(&self.begun[from..from + length]).map_err(damaged)?);
            from += length + 1;
        }
        self.begun.drain(..from);
        Ok(records)
    }

    /// Waits until there is at least one new record.
    pub async fn next(&mut self) -> io::Result<Vec<Record>> {
        loop {
            let records = self.poll()?;
            if !records.is_empty() {
                return Ok(records);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// A process holds the run's journal. `false` and no ending means that it was killed.
    pub fn is_alive(&self) -> bool {
        match self.file.try_lock_shared() {
            Ok(()) => {
                // Can only fail if it is not held, and then there is nothing to let go.
                let _ = self.file.unlock();
                false
            }
            Err(TryLockError::WouldBlock) => true,
            Err(TryLockError::Error(_)) => false,
        }
    }
}

fn damaged(broken: Broken) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, broken)
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn the_words_of_an_earlier_process_are_not_put_in_the_mouth_of_one_that_was_killed() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path());
        let id: RunId = "20261124-031245-scale-x7f2".parse().unwrap();
        fs::write(store.log(&id), "a warning\nplantao: the journal can't be written: no space\n").unwrap();
        for (journal, words) in [(10, Some("the journal can't be written: no space")), (30, None)] {
            let write = File::create(store.journal(&id)).unwrap();
            write.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(journal)).unwrap();
            let log = File::options().append(true).open(store.log(&id)).unwrap();
            log.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(20)).unwrap();
            assert_eq!(last_words(&store, &id).as_deref(), words);
        }
    }
}
