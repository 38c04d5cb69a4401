//! Picture to findings: what is wrong, since when, what changed just before, which runbook treats it.
//! Pure: same picture and instant, same findings.

use jiff::Timestamp;
use serde::Serialize;

use crate::platform::{Picture, Platform, Severity, Subject};

/// One thing that is wrong now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// Stays the same while the same thing is wrong, so that the bell rings once: `alarm/API-HighErrorRate`.
    pub id: String,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, by the name people know it by: the alarm's name, or a few words.
    pub title: String,
    /// The numbers: `5xx 12.4 % > 5 %`.
    pub evidence: String,
    /// Since when.
    pub since: Option<Timestamp>,
    /// What changed just before: `2 min after deploy :42 a1b2c3d`.
    pub after: Option<String>,
    /// The runbook that treats it, by file name without `.md`: `rollback`.
    pub runbook: Option<String>,
    /// What it is about.
    pub subject: Subject,
}

/// What is wrong now, worst first; of equals, the newest first.
pub fn findings(_platform: &Platform, _picture: &Picture, _now: Timestamp) -> Vec<Finding> {
    Vec::new()
}
