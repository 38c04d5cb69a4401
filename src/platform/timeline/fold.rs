//! Happenings of one kind that follow each other become one line, so that what matters stays in sight between them.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use super::{Entry, EntryKind};
use crate::platform::{Subject, text};

/// Further apart than this, two are two stories.
const APART: SignedDuration = SignedDuration::from_mins(30);

/// What may be folded with others of its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Churn {
    /// Tasks started, or stopped because the scheduler wanted so.
    Moved { started: u32, stopped: u32 },
    /// A task failed a health check.
    Unhealthy,
    /// The service is steady.
    Steady,
    /// A task failed: what there is to say of each, after `task 12345678 `.
    Failed(String),
}

/// Lines that others may still be folded into.
#[derive(Default)]
pub(super) struct Fold {
    open: HashMap<(Subject, String), Group>,
}

struct Group {
    entry: usize,
    oldest: Timestamp,
    count: u32,
    started: u32,
    stopped: u32,
}

impl Fold {
    /// Puts a happening, older than all before it, into the line of its kind, with the words that this then has. `false`
    /// where it needs a line of its own, which is `next`.
    pub(super) fn takes(
        &mut self,
        churn: &Churn,
        at: Timestamp,
        subject: Subject,
        entries: &mut [Entry],
        next: usize,
        name: &str,
    ) -> bool {
        let group = self.open.entry((subject, churn.kind())).or_insert_with(|| Group::new(next, at));
        if group.oldest.duration_since(at) > APART {
            *group = Group::new(next, at);
        }
        group.add(churn, at);
        if group.count == 1 {
            return false;
        }
        if let (Some(entry), Some(words)) = (entries.get_mut(group.entry), group.words(churn)) {
            entry.text = text::printable(&format!("{name}{words}")).into_owned();
        }
        true
    }

    /// A deployment, an alarm or a database: what came before it is told apart from what came after.
    pub(super) fn ends_at(&mut self, kind: EntryKind) {
        if !matches!(kind, EntryKind::ServiceEvent | EntryKind::TaskFailed) {
            self.open.clear();
        }
    }
}

impl Churn {
    fn kind(&self) -> String {
        match self {
            Churn::Moved { .. } => "moved".to_owned(),
            Churn::Unhealthy => "unhealthy".to_owned(),
            Churn::Steady => "steady".to_owned(),
            Churn::Failed(words) => format!("failed {words}"),
        }
    }
}

impl Group {
    fn new(entry: usize, at: Timestamp) -> Group {
        Group { entry, oldest: at, count: 0, started: 0, stopped: 0 }
    }

    fn add(&mut self, churn: &Churn, at: Timestamp) {
        self.oldest = at;
        self.count += 1;
        if let Churn::Moved { started, stopped } = churn {
            self.started += started;
            self.stopped += stopped;
        }
    }

    /// `None` where the newest line says it all.
    fn words(&self, churn: &Churn) -> Option<String> {
        let (count, since) = (self.count, text::minute(self.oldest));
        let words = match (churn, self.started, self.stopped) {
            (Churn::Steady, ..) => return None,
            (Churn::Moved { .. }, started, 0) => format!("started {started} tasks since {since}"),
            (Churn::Moved { .. }, 0, stopped) => format!("stopped {stopped} tasks since {since}"),
            (Churn::Moved { .. }, started, stopped) => {
                format!("started {started} and stopped {stopped} tasks since {since}")
            }
            (Churn::Unhealthy, ..) => format!("{count} tasks failed health checks since {since}"),
            (Churn::Failed(words), ..) => format!("{count} tasks {words}, since {since}"),
        };
        Some(words)
    }
}
