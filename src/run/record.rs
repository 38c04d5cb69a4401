//! One line of a journal, chained to the line before.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Event, RunId};

/// What ends every line, around 64 hexadecimal digits.
const BEFORE_HASH: &[u8] = b",\"hash\":\"";
const AFTER_HASH: &[u8] = b"\"}";
const HASH: usize = 64;

/// One record: an event, when it was written, and its place in the chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Counted from 1.
    pub seq: u64,
    /// When it was written.
    pub at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
    /// The hash of the record before; of the first one, the hash of the run's id.
    pub prev: String,
    /// SHA-256 of this line up to the comma before `"hash"`.
    #[serde(default, skip_serializing)]
    pub hash: String,
}

impl Record {
    /// What the first record is chained to, so that a journal can't pass for another run's.
    pub(super) fn genesis(id: &RunId) -> String {
        hex(&Sha256::digest(id.as_str().as_bytes()))
    }

    /// The line, newline included, and its hash.
    pub(super) fn line(
        seq: u64,
        at: Timestamp,
        event: &Event,
        prev: &str,
    ) -> Result<(Vec<u8>, String), serde_json::Error> {
        let record = Record { seq, at, event: event.clone(), prev: prev.to_owned(), hash: String::new() };
        let mut line = serde_json::to_vec(&record)?;
        line.pop();
        let hash = hex(&Sha256::digest(&line));
        line.extend_from_slice(BEFORE_HASH);
        line.extend_from_slice(hash.as_bytes());
        line.extend_from_slice(AFTER_HASH);
        line.push(b'\n');
        Ok((line, hash))
    }

    /// Reads a line (without its newline) that must follow `prev` as number `seq`; or says what is wrong with it.
    pub(super) fn read(line: &[u8], seq: u64, prev: &str) -> Result<Record, String> {
        let body = line
            .len()
            .checked_sub(BEFORE_HASH.len() + HASH + AFTER_HASH.len())
            .filter(|at| line[*at..].starts_with(BEFORE_HASH) && line.ends_with(AFTER_HASH));
        let Some(body) = body else { return Err("it does not end with a hash".to_owned()) };
        let said = &line[body + BEFORE_HASH.len()..line.len() - AFTER_HASH.len()];
        if hex(&Sha256::digest(&line[..body])).as_bytes() != said {
            return Err("it is not what was written: its hash does not fit".to_owned());
        }
        let record: Record =
            serde_json::from_slice(line).map_err(|error| format!("it can't be read by this version: {error}"))?;
        if record.prev != prev {
            return Err("it does not follow the record before it".to_owned());
        }
        if record.seq != seq {
            return Err(format!("it is number {}, not {seq}", record.seq));
        }
        Ok(record)
    }
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]])
        .map(char::from)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_reads_back_and_an_event_of_a_later_version_does_not_stop_the_reader() {
        let event = Event::Progress { step: 1, text: "2 of 3 \u{1b}[2J".to_owned(), fraction: Some(0.5) };
        let (line, hash) = Record::line(7, Timestamp::UNIX_EPOCH, &event, "p").unwrap();
        assert!(!line.contains(&0x1b), "a terminal that prints the file must not obey it");
        let record = Record::read(&line[..line.len() - 1], 7, "p").unwrap();
        assert_eq!((record.event, record.hash), (event, hash));

        let later = br#"{"seq":1,"at":"1970-01-01T00:00:00Z","event":"teleported","to":"mars","prev":"p""#;
        let mut line = later.to_vec();
        line.extend_from_slice(format!(",\"hash\":\"{}\"}}", hex(&Sha256::digest(later))).as_bytes());
        assert_eq!(Record::read(&line, 1, "p").unwrap().event, Event::Other);
    }
}
