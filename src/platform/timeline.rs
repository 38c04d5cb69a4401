//! What happened, in one order: deployments, service events, stopped tasks, alarm changes.

use jiff::Timestamp;
use serde::Serialize;

use super::{Picture, Platform, Subject};

/// What kind of thing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryKind {
    /// A deployment began, ended or failed.
    Deployment,
    /// A line of a service's own log.
    ServiceEvent,
    /// A task stopped because something failed.
    TaskFailed,
    /// An alarm went to `ALARM`.
    AlarmRaised,
    /// An alarm left `ALARM`.
    AlarmCleared,
}

/// One line of the timeline.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// What kind.
    pub kind: EntryKind,
    /// Whose.
    pub subject: Subject,
    /// What happened, one line.
    pub text: String,
}

/// The timeline, newest first.
pub fn timeline(_platform: &Platform, _picture: &Picture) -> Vec<Entry> {
    Vec::new()
}
