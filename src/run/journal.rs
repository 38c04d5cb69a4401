//! The append-only record of a run. A record is there once it is on the disk, and not before.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;

use super::head::{self, Head};
use super::lock::let_go;
use super::verify::{self, Broken};
use super::{Event, Record, RunId, Store};

/// How often, and how long apart, a lock is tried: a reader that looks whether a run is alive holds it for microseconds.
const LOCK_TRIES: u32 = 5;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// What records the events of a run: the journal, or a test's that dies when told.
pub trait Book: Send {
    /// Puts an event on the disk, or says why it is not there; then nothing may be sent.
    fn record(&mut self, at: Timestamp, event: &Event) -> Result<(), JournalError>;

    /// Where what the run's programs print goes, if anywhere: beside the journal, not into it.
    fn log(&self) -> Option<PathBuf> {
        None
    }
}

/// The journal of one run, held by the one process that carries it out.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
    /// Bytes that are whole records.
    length: u64,
    seq: u64,
    prev: String,
    /// Where it is said how far it has come; what can't be written there holds nothing up.
    head: Option<File>,
    /// Half a record is at the end and could not be cut off: nothing can follow it.
    spoilt: bool,
}

/// A journal taken up again.
#[derive(Debug)]
pub struct Resumed {
    /// To go on with.
    pub journal: Journal,
    /// All that it held.
    pub records: Vec<Record>,
    /// Bytes of an unfinished last line, moved to `ID.torn`.
    pub torn: u64,
}

/// Why a journal can't be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The disk or the system says no.
    #[error(
        "the journal {path} can't be {what}: {why}. Nothing was sent after that; free space or mend its permissions, then go on"
    )]
    Io {
        /// The file or folder.
        path: String,
        /// `written`, `made`, `read`.
        what: &'static str,
        /// The system's words.
        why: io::Error,
    },
    /// Another process holds it.
    #[error("run {0} is being carried out by another process: plantao follow {0}")]
    Held(RunId),
    /// There is no such run.
    #[error("there is no run {0}: `plantao runs` lists them")]
    Unknown(RunId),
    /// It is not what was written.
    #[error(
        "the journal of {id} is damaged: {broken}. It is not safe to go on from it; look at the service, and start a new run"
    )]
    Damaged {
        /// The run.
        id: RunId,
        /// Where and how.
        broken: Broken,
    },
    /// The event can't be told in JSON, which is a defect.
    #[error("an event could not be written down: {0}. Nothing was sent after that")]
    Form(#[from] serde_json::Error),
}

impl Journal {
    /// A new run's journal, made and synced, for its owner only. It is empty until its first record.
    pub fn create(store: &Store, id: &RunId) -> Result<Journal, JournalError> {
        let path = store.journal(id);
        store.prepare().map_err(|why| io_error(store.folder(), "made", why))?;
        let file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(&path);
        let file = file.map_err(|why| io_error(&path, "made", why))?;
        hold(&file, &path, id)?;
        store.sync().map_err(|why| io_error(store.folder(), "made", why))?;
        let head = head::open(store, id).ok();
        Ok(Journal { file, path, length: 0, seq: 0, prev: Record::genesis(id), head, spoilt: false })
    }

    /// Waits for the end of the process that holds a run's journal.
    pub(super) fn wait(store: &Store, id: &RunId) -> Result<(), JournalError> {
        let path = store.journal(id);
        let waited = File::open(&path).and_then(|file| let_go(&file));
        waited.map_err(|why| io_error(&path, "waited for", why))
    }

    /// Takes up the journal of a run whose process is gone. A last line that was never finished is
    /// moved to `ID.torn`: what it says had not been considered written, so nothing came of it.
    pub fn resume(store: &Store, id: &RunId) -> Result<Resumed, JournalError> {
        let path = store.journal(id);
        let mut file = match OpenOptions::new().read(true).append(true).open(&path) {
            Ok(file) => file,
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Err(JournalError::Unknown(id.clone())),
            Err(why) => return Err(io_error(&path, "opened", why)),
        };
        hold(&file, &path, id)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|why| io_error(&path, "read", why))?;
        let (records, tail) =
            verify::read(id, &bytes).map_err(|broken| JournalError::Damaged { id: id.clone(), broken })?;
        // To go on from a journal that was cut would be to do again what stood in it.
        if let Some(why) = Head::of(store, id).and_then(|head| head.contradicts(&records)) {
            let broken = Broken { record: records.len() as u64, why };
            return Err(JournalError::Damaged { id: id.clone(), broken });
        }
        let length = bytes.len() - tail.len();
        if !tail.is_empty() {
            let torn = store.torn(id);
            save_torn(&torn, tail).map_err(|why| io_error(&torn, "written", why))?;
            file.set_len(length as u64)
                .and_then(|()| file.sync_all())
                .map_err(|why| io_error(&path, "written", why))?;
        }
        let torn = tail.len() as u64;
        let (seq, prev) = match records.last() {
            Some(last) => (last.seq, last.hash.clone()),
            None => (0, Record::genesis(id)),
        };
        let head = head::open(store, id).ok();
        let journal = Journal { file, path, length: length as u64, seq, prev, head, spoilt: false };
        Ok(Resumed { journal, records, torn })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// One write and one sync. After a failure what was written of the record is cut off again.
    fn append(&mut self, line: &[u8]) -> io::Result<()> {
        if self.spoilt {
            return Err(io::Error::other("half a record is at its end"));
        }
        let wrote = match self.file.write(line) {
            Ok(count) if count == line.len() => self.file.sync_data(),
            Ok(count) => Err(io::Error::new(
                io::ErrorKind::StorageFull,
                format!("only {count} of {} bytes were taken: the disk is full", line.len()),
            )),
            Err(error) => Err(error),
        };
        if wrote.is_err() {
            self.spoilt = self.file.set_len(self.length).is_err();
        }
        wrote
    }
}

impl Book for Journal {
    fn log(&self) -> Option<PathBuf> {
        Some(self.path.with_extension("log"))
    }

    fn record(&mut self, at: Timestamp, event: &Event) -> Result<(), JournalError> {
        let (line, hash) = Record::line(self.seq + 1, at, event, &self.prev)?;
        self.append(&line).map_err(|why| io_error(&self.path, "written", why))?;
        self.length += line.len() as u64;
        self.seq += 1;
        self.prev = hash;
        if let Some(head) = &self.head {
            let _ = head::write(head, self.seq, &self.prev);
        }
        Ok(())
    }
}

/// One process at a time; the system lets go when that process dies.
fn hold(file: &File, path: &Path, id: &RunId) -> Result<(), JournalError> {
    for _ in 1..LOCK_TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            Err(TryLockError::Error(why)) => return Err(io_error(path, "locked", why)),
        }
    }
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(JournalError::Held(id.clone())),
        Err(TryLockError::Error(why)) => Err(io_error(path, "locked", why)),
    }
}

fn save_torn(path: &Path, tail: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
    file.write_all(tail)?;
    file.write_all(b"\n")?;
    file.sync_all()
}

fn io_error(path: &Path, what: &'static str, why: io::Error) -> JournalError {
    JournalError::Io { path: path.display().to_string(), what, why }
}

#[cfg(test)]
#[path = "journal_tests.rs"]
mod tests;
