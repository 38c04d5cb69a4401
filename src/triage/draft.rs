//! A finding in the making, and how several about one cause become one.

use std::cmp::Reverse;
use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use super::symptom::Symptom;
use crate::platform::{MetricQuery, Severity, Subject};

/// An alarm looks at whole minutes: less than one apart is no difference.
const A_MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// What a draft is about. Drafts of one topic have one cause and become one finding.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Topic<'a> {
    /// A service's tasks: none runs, too few run, they crash, they are unhealthy.
    Tasks(usize),
    /// A service's deployment.
    Deployment(usize),
    /// Whether a database serves.
    Database(usize),
    /// One CloudWatch metric, whatever the statistic.
    Metric(&'a str, &'a str, &'a [(String, String)]),
    /// The local clock.
    Clock,
    /// Nothing that another draft could be about.
    Own,
}

impl<'a> Topic<'a> {
    /// The topic of a metric.
    pub(super) fn metric(query: &'a MetricQuery) -> Topic<'a> {
        Topic::Metric(&query.namespace, &query.metric, &query.dimensions)
    }
}

/// How well a title is known to people: of drafts that merge, the highest gives title and runbook.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// Adds to others.
    Note,
    /// Says what is wrong.
    Finding,
    /// Says it most plainly.
    Headline,
    /// An alarm, known by its name.
    Alarm,
}

/// A finding in the making.
pub(super) struct Draft<'a> {
    pub(super) topic: Topic<'a>,
    pub(super) rank: Rank,
    pub(super) symptom: Symptom,
    pub(super) id: String,
    pub(super) severity: Severity,
    pub(super) title: String,
    /// The numbers. Of drafts that merge only the best are kept …
    pub(super) evidence: Option<String>,
    /// … by this rank.
    pub(super) evidence_rank: u8,
    /// What is worth saying beside any numbers; kept when drafts merge.
    pub(super) notes: Vec<String>,
    /// Since when the trouble shows, by whatever shows it first: order and cause go by this …
    pub(super) since: Option<Timestamp>,
    /// … and since when the alarm that gives the title is in ALARM: what AWS's console and the pager say.
    pub(super) fired: Option<Timestamp>,
    pub(super) subject: Subject,
    pub(super) runbook: Option<String>,
    /// The gauges that show it, by index.
    pub(super) gauges: Vec<usize>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(
        topic: Topic<'a>,
        severity: Severity,
        subject: Subject,
        id: impl Into<String>,
        title: impl Into<String>,
    ) -> Draft<'a> {
        Draft {
            topic,
            rank: Rank::Finding,
            symptom: Symptom::Other,
            id: id.into(),
            severity,
            title: title.into(),
            evidence: None,
            evidence_rank: 1,
            notes: Vec::new(),
            since: None,
            fired: None,
            subject,
            runbook: None,
            gauges: Vec::new(),
        }
    }

    pub(super) fn rank(mut self, rank: Rank) -> Self {
        self.rank = rank;
        self
    }

    pub(super) fn symptom(mut self, symptom: Symptom) -> Self {
        self.symptom = symptom;
        self
    }

    pub(super) fn evidence(mut self, evidence: impl Into<String>) -> Self {
        self.evidence = Some(evidence.into());
        self
    }

    pub(super) fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    pub(super) fn notes(mut self, notes: impl IntoIterator<Item = String>) -> Self {
        self.notes.extend(notes);
        self
    }

    pub(super) fn since(mut self, since: Option<Timestamp>) -> Self {
        self.since = since;
        self
    }

    /// The age that goes with the title: an alarm's own, wherever one gives the title.
    pub(super) fn told_since(&self) -> Option<Timestamp> {
        self.fired.or(self.since)
    }

    /// When it began, where that is notably before what [`Draft::told_since`] says.
    pub(super) fn began(&self) -> Option<Timestamp> {
        self.since.filter(|began| self.fired.is_some_and(|fired| fired.duration_since(*began) >= A_MINUTE))
    }

    /// The alarm that gives the title, or that will tell of the same thing.
    pub(super) fn alarm(&self) -> Option<&str> {
        match self.rank {
            Rank::Alarm => Some(&self.title),
            _ => self.id.strip_prefix("alarm/"),
        }
    }

    /// Evidence, then notes, in one line.
    pub(super) fn full_evidence(&self) -> String {
        let parts: Vec<&str> = self.evidence.iter().chain(&self.notes).map(String::as_str).collect();
        parts.join(" · ")
    }

    fn absorb(&mut self, other: Draft) {
        self.severity = self.severity.max(other.severity);
        if other.evidence_rank > self.evidence_rank && other.evidence.is_some() || self.evidence.is_none() {
            self.evidence = other.evidence;
            self.evidence_rank = other.evidence_rank;
        }
        for note in other.notes {
            if !self.notes.contains(&note) {
                self.notes.push(note);
            }
        }
        // A gauge shows the trouble before its alarm does; the alarm's state does not move the onset.
        self.since = self.since.into_iter().chain(other.since).min();
        if self.symptom == Symptom::Other {
            self.symptom = other.symptom;
        }
        self.runbook = self.runbook.take().or(other.runbook);
        self.gauges.extend(other.gauges);
    }
}

/// Drafts of one topic become one. Two alarms on one metric stay two: people know each by its name.
pub(super) fn merge(mut drafts: Vec<Draft>) -> Vec<Draft> {
    drafts.sort_by_key(|d| Reverse((d.rank, d.severity)));
    let mut heads: HashMap<Topic, usize> = HashMap::new();
    let mut merged: Vec<Draft> = Vec::with_capacity(drafts.len());
    for draft in drafts {
        let separate = match draft.topic {
            Topic::Own => true,
            Topic::Metric(..) => draft.rank == Rank::Alarm && heads.contains_key(&draft.topic),
            _ => false,
        };
        if separate {
            merged.push(draft);
        } else if let Some(head) = heads.get(&draft.topic) {
            merged[*head].absorb(draft);
        } else {
            heads.insert(draft.topic.clone(), merged.len());
            merged.push(draft);
        }
    }
    merged
}
