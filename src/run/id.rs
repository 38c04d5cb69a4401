//! The name of a run: sorts by time, says what it is, can be typed.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Longest part of a runbook's name that an id repeats.
const NAME: usize = 40;
/// Without letters and digits that are taken for one another.
const ALPHABET: &[u8] = b"23456789abcdefghjkmnpqrstuvwxyz";

/// `20261124-031245-scale-x7f2`: when it was made (UTC), the runbook, and four letters that make it unique.
/// It is a file's name, so it holds nothing but lower-case letters, digits and `-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunId(String);

impl RunId {
    /// A new id for a run of a runbook.
    pub fn new(runbook: &str, at: Timestamp) -> RunId {
        let mut name: String = runbook
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
            .take(NAME)
            .collect();
        if name.is_empty() {
            "run".clone_into(&mut name);
        }
        let unique: String =
            (0..4).map(|_| fastrand::choice(ALPHABET).map_or('x', |letter| char::from(*letter))).collect();
        RunId(format!("{}-{name}-{unique}", at.strftime("%Y%m%d-%H%M%S")))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text that is no run id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not the id of a run: one looks like 20261124-031245-scale-x7f2; `plantao runs` lists them")]
pub struct NotAnId(String);

impl FromStr for RunId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<RunId, NotAnId> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let mut parts = text.splitn(3, '-');
        let digits =
            |part: Option<&str>, count| part.is_some_and(|p| p.len() == count && p.bytes().all(|b| b.is_ascii_digit()));
        let is_id = text.len() <= 80
            && text.chars().all(fits)
            && digits(parts.next(), 8)
            && digits(parts.next(), 6)
            && parts.next().is_some_and(|rest| rest.rsplit('-').next().is_some_and(|unique| unique.len() == 4));
        if is_id {
            Ok(RunId(text.to_owned()))
        } else {
            Err(NotAnId(crate::platform::text::printable(text).into_owned()))
        }
    }
}

impl TryFrom<String> for RunId {
    type Error = NotAnId;

    fn try_from(text: String) -> Result<RunId, NotAnId> {
        text.parse()
    }
}

impl From<RunId> for String {
    fn from(id: RunId) -> String {
        id.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_sorts_by_time_and_reads_back() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let id = RunId::new("scale", at("2026-11-24T03:12:45Z"));
        assert!(id.as_str().starts_with("20261124-031245-scale-"), "{id}");
        assert!(id < RunId::new("a", at("2026-11-24T03:12:46Z")));
        assert_eq!(id.as_str().parse(), Ok(id.clone()));
        assert_ne!(id, RunId::new("scale", at("2026-11-24T03:12:45Z")));
    }

    #[test]
    fn a_runbooks_name_cannot_leave_the_folder() {
        let id = RunId::new("../../etc/Passwd é", Timestamp::UNIX_EPOCH);
        assert!(id.as_str().starts_with("19700101-000000-------etc-passwd---"), "{id}");
        assert_eq!(id.as_str().parse(), Ok(id));
        for text in [
            "",
            "../x",
            "20261124-031245-scale-x7f2/..",
            "20261124-031245-scale",
            "scale-x7f2",
            "20261124-031245-SCALE-x7f2",
        ] {
            assert!(text.parse::<RunId>().is_err(), "{text}");
        }
    }
}
