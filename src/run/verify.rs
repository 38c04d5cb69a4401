//! Whether a journal is what was written.

use std::{fmt, fs, io};

use super::head::Head;
use super::{Event, Follower, Record, RunId, Store};

/// The first record that is not what was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Its number, counted from 1.
    pub record: u64,
    /// What is wrong with it.
    pub why: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "record {}: {}", self.record, self.why)
    }
}

impl std::error::Error for Broken {}

/// How far the run of a sound journal has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// Its last record is its ending.
    Ended,
    /// A process carries it out: this one, if its journal says so.
    GoesOn(Option<u32>),
    /// Its process was killed.
    Killed,
    /// It was killed, or its end was cut off: nothing beside the journal tells which.
    KilledOrCut,
}

/// A journal that is what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Records in it.
    pub records: u64,
    /// Its last one is the run's ending; otherwise the run goes on, or its process was killed.
    pub ended: bool,
}

/// Reads all of a journal and says whether each record is the one that was written, in its place.
/// A line without its end is broken too: the process was killed, or something was cut off.
///
/// The chain has no key: it shows damage and careless edits, not the work of somebody who writes the whole file anew.
pub fn verify(id: &RunId, bytes: &[u8]) -> Result<Verified, Broken> {
    let (records, tail) = read(id, bytes)?;
    if !tail.is_empty() {
        let why = format!(
            "its line has no end ({} bytes): whoever wrote it was killed; resuming the run mends it",
            tail.len()
        );
        return Err(Broken { record: records.len() as u64 + 1, why });
    }
    if records.is_empty() {
        let why = "there is none: the run was killed before it began, or what was written is gone".to_owned();
        return Err(Broken { record: 1, why });
    }
    let ended = records.last().is_some_and(|record| matches!(record.event, Event::Ended { .. }));
    Ok(Verified { records: records.len() as u64, ended })
}

/// Verifies a run's journal, also by what stands beside it.
///
/// # Errors
/// If it can't be read, or is not what was written.
pub fn examine(store: &Store, id: &RunId) -> io::Result<(Verified, Reached)> {
    // Asked before the journal is read: what is written meanwhile is then in the journal, and there may be an end.
    let follower = Follower::open(store, id)?;
    let (alive, head) = (follower.is_alive(), Head::of(store, id));
    let bytes = fs::read(store.journal(id))?;
    let broken = |broken: Broken| io::Error::new(io::ErrorKind::InvalidData, broken);
    let verified = verify(id, &bytes).map_err(broken)?;
    let (records, _) = read(id, &bytes).map_err(broken)?;
    if let Some(why) = head.as_ref().and_then(|head| head.contradicts(&records)) {
        return Err(broken(Broken { record: verified.records, why }));
    }
    let pid = records.iter().rev().find_map(|record| match record.event {
        Event::Began { pid, .. } | Event::Resumed { pid, .. } => Some(pid),
        _ => None,
    });
    let reached = match (verified.ended, alive, head) {
        (true, ..) => Reached::Ended,
        (false, true, _) => Reached::GoesOn(pid),
        (false, false, Some(_)) => Reached::Killed,
        (false, false, None) => Reached::KilledOrCut,
    };
    Ok((verified, reached))
}

/// The whole records, each in its place, and the unfinished line after them.
pub(super) fn read<'a>(id: &RunId, bytes: &'a [u8]) -> Result<(Vec<Record>, &'a [u8]), Broken> {
    let mut chain = Chain::new(id);
    let mut records = Vec::new();
    let mut rest = bytes;
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        records.push(chain.next(&rest[..end])?);
        rest = &rest[end + 1..];
    }
    Ok((records, rest))
}

/// Reads records one after the other.
#[derive(Debug)]
pub(super) struct Chain {
    seq: u64,
    prev: String,
}

impl Chain {
    pub(super) fn new(id: &RunId) -> Chain {
        Chain { seq: 0, prev: Record::genesis(id) }
    }

    /// The next line, without its newline.
    pub(super) fn next(&mut self, line: &[u8]) -> Result<Record, Broken> {
        let seq = self.seq + 1;
        let record = Record::read(line, seq, &self.prev).map_err(|why| Broken { record: seq, why })?;
        self.seq = seq;
        self.prev.clone_from(&record.hash);
        Ok(record)
    }
}
