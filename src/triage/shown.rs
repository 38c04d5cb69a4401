//! In which gauge a finding can be seen.

use std::collections::HashMap;

use super::draft::{Draft, Topic};
use super::gauges::symptom;
use super::scene::Scene;
use super::symptom::Symptom;
use crate::platform::{Level, Subject};

/// Gauges by what they count: of several the first that is past its target, or else the first.
pub(super) struct Shown<'a> {
    of_topic: HashMap<Topic<'a>, Seen>,
    of_symptom: HashMap<(Subject, Symptom), Seen>,
}

#[derive(Clone, Copy)]
struct Seen {
    gauge: usize,
    past: bool,
}

impl<'a> Shown<'a> {
    pub(super) fn of(scene: &Scene<'a>) -> Shown<'a> {
        let mut shown = Shown { of_topic: HashMap::new(), of_symptom: HashMap::new() };
        for (i, gauge) in scene.platform.gauges.iter().enumerate() {
            let past = scene.picture.reading(i, gauge).is_some_and(|(_, level)| level == Some(Level::Past));
            let seen = Seen { gauge: i, past };
            let better = |known: &mut Seen| {
                if past && !known.past {
                    *known = seen;
                }
            };
            shown.of_topic.entry(Topic::metric(&gauge.query)).and_modify(better).or_insert(seen);
            shown.of_symptom.entry((gauge.subject, symptom(gauge))).and_modify(better).or_insert(seen);
        }
        shown
    }

    /// What an alarm watches may be no gauge, and no gauge counts tasks: then the one that tells of the same thing.
    pub(super) fn gauge(&self, draft: &Draft<'a>) -> Option<usize> {
        let of_symptom = || match draft.symptom {
            Symptom::Other => None,
            symptom => self.of_symptom.get(&(draft.subject, symptom)),
        };
        self.of_topic.get(&draft.topic).or_else(of_symptom).map(|seen| seen.gauge)
    }
}

#[cfg(test)]
mod tests {
    use crate::platform::fixture;
    use crate::triage::findings;

    #[test]
    fn the_chart_that_comes_first_is_of_what_is_wrong() {
        let (mut platform, mut picture) = (fixture::platform(), fixture::picture());
        let errors = platform.gauges.iter().position(|gauge| gauge.title == "5xx").unwrap();
        picture.series[errors] = fixture::last(&[40.0; 10]);
        let shows = |platform: &_, picture: &_| findings(platform, picture, fixture::now())[0].gauge;
        assert_eq!(shows(&platform, &picture), Some(errors), "its own metric");

        platform.gauges.push(platform.gauges[errors].clone());
        picture.series.push(fixture::last(&[40.0; 10]));
        picture.series[errors] = fixture::last(&[0.0; 10]);
        assert_eq!(shows(&platform, &picture), Some(platform.gauges.len() - 1), "of two the one past its target");
    }
}
