//! What stands beside a journal: how many records were written, and the hash of the last. A journal that is cut at a
//! record's end looks whole; beside this it does not.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};

use super::{Record, RunId, Store};

/// It is this long at most.
const LONGEST: u64 = 200;

/// The end of a journal as its process left it. It is written after each record, and not synced: after a power cut it
/// may stand at an earlier record, never at a later one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) records: u64,
    pub(super) hash: String,
}

impl Head {
    /// `None` where there is none: an earlier version wrote none.
    pub(super) fn of(store: &Store, id: &RunId) -> Option<Head> {
        let mut text = String::new();
        File::open(store.head(id)).ok()?.take(LONGEST).read_to_string(&mut text).ok()?;
        let (records, hash) = text.trim_end().split_once(' ')?;
        Some(Head { records: records.parse().ok()?, hash: hash.to_owned() })
    }

    /// Why a journal of these records is not the one that it stood beside.
    pub(super) fn contradicts(&self, records: &[Record]) -> Option<String> {
        let there = records.len() as u64;
        let at = usize::try_from(self.records).ok()?.checked_sub(1)?;
        match records.get(at) {
            None => Some(format!("it was cut: {} records were written, {there} are there", self.records)),
            Some(record) if record.hash != self.hash => {
                Some("it was written anew: this is not the record that was written then".to_owned())
            }
            Some(_) => None,
        }
    }
}

/// Opens the file for writing.
pub(super) fn open(store: &Store, id: &RunId) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(store.head(id))
}

/// A line of one length, so that one write is all of it.
pub(super) fn write(file: &File, records: u64, hash: &str) -> io::Result<()> {
    file.write_all_at(format!("{records:010} {hash}\n").as_bytes(), 0)
}
