//! What is told first: the worst, and of one incident its cause.

use std::cmp::Reverse;
use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use super::draft::Draft;
use super::symptom::Symptom;
use super::{Finding, INCIDENT, identity};
use crate::platform::{Severity, Subject};

/// A cause may show so much later than what it brings about: each is measured by the minute, against a target of its
/// own, and requests are slow before the mean of a minute's CPU is high.
const SLACK: SignedDuration = SignedDuration::from_mins(3);

/// Of one incident the cause comes first, and what began first is the likeliest. What serves nobody at all explains
/// the rest, and a gauge's minute began before the instant at which an alarm or RDS says so. What has lasted for
/// longer than an incident is known, and comes after.
pub(super) fn sort(drafts: &mut [Draft], now: Timestamp) {
    let effects = Effects::of(drafts);
    drafts.sort_by_cached_key(|draft| {
        let lasting = draft.since.is_some_and(|since| now.duration_since(since) > INCIDENT);
        let began = draft.since.unwrap_or(now);
        let effect = draft.since.and_then(|since| effects.first(draft, since));
        (
            Reverse(draft.severity),
            draft.id != identity::ACCOUNT,
            // A volume that is full stops its database, however long it took and whatever else that suffers from.
            lasting && draft.symptom != Symptom::Storage,
            !draft.symptom.is_down(),
            draft.symptom != Symptom::Storage,
            effect.map_or(began, |effect| effect.min(began)),
            effect.is_none(),
            // Load takes both: a service that waits for its database is idle.
            effect.is_some() && matches!(draft.subject, Subject::Database(_)),
            began,
            Reverse(draft.symptom.hurts_users()),
        )
    });
}

/// What is to be seen to first stands above what waits for it, however bad each is. Each comes with the title of what it
/// waits for.
pub(super) fn causes_first(mut found: Vec<(Finding, Option<String>)>) -> Vec<Finding> {
    for i in 0..found.len() {
        let Some(first) = &found[i].1 else { continue };
        let cause = found.iter().position(|(finding, _)| finding.title == *first);
        if let Some(cause) = cause.filter(|cause| *cause > i) {
            found[i..=cause].rotate_right(1);
        }
    }
    found.into_iter().map(|(finding, _)| finding).collect()
}

/// When findings began that another may be the cause of, in order of time.
struct Effects {
    of_service: HashMap<usize, Vec<Timestamp>>,
    of_platform: Vec<Timestamp>,
    all: Vec<Timestamp>,
}

impl Effects {
    fn of(drafts: &[Draft]) -> Effects {
        let mut effects = Effects { of_service: HashMap::new(), of_platform: Vec::new(), all: Vec::new() };
        for draft in drafts.iter().filter(|d| matches!(d.symptom, Symptom::Latency | Symptom::Errors | Symptom::Queue))
        {
            let Some(since) = draft.since else { continue };
            effects.all.push(since);
            match draft.subject {
                Subject::Service(i) => effects.of_service.entry(i).or_default().push(since),
                Subject::Platform => effects.of_platform.push(since),
                Subject::Database(_) => {}
            }
        }
        effects.all.sort_unstable();
        effects.of_platform.sort_unstable();
        effects.of_service.values_mut().for_each(|times| times.sort_unstable());
        effects
    }

    /// The first of what a draft may have brought about, if it is of the kind that does.
    fn first(&self, cause: &Draft, since: Timestamp) -> Option<Timestamp> {
        let causes = matches!(cause.symptom, Symptom::Cpu | Symptom::Memory | Symptom::Connections);
        if !causes || cause.severity < Severity::Warning {
            return None;
        }
        let after = |times: &[Timestamp]| {
            let start = times.partition_point(|at| since.duration_since(*at) > SLACK);
            times.get(start).copied()
        };
        match cause.subject {
            Subject::Database(_) => after(&self.all),
            Subject::Service(i) => {
                let own = self.of_service.get(&i).and_then(|times| after(times));
                own.into_iter().chain(after(&self.of_platform)).min()
            }
            Subject::Platform => None,
        }
    }
}
