//! Which minutes to ask CloudWatch for: only those not yet seen, and the few that it may still revise. Pure.

use jiff::{SignedDuration, Timestamp};

use crate::platform::{Point, SPAN, minute_of};

/// CloudWatch goes on revising a minute for about this long, while late samples come in.
const REVISED: SignedDuration = SignedDuration::from_mins(2);
/// A gauge that lags behind, or has nothing, is looked for this far back.
const LATE: SignedDuration = SignedDuration::from_mins(15);

/// What has been seen of each gauge.
#[derive(Clone, Debug, Default)]
pub(super) struct Minutes {
    /// The newest point of each gauge.
    newest: Vec<Option<Timestamp>>,
    /// The end of the last window that was answered.
    asked_until: Option<Timestamp>,
}

impl Minutes {
    pub(super) fn of(gauges: usize) -> Minutes {
        Minutes { newest: vec![None; gauges], asked_until: None }
    }

    /// The window to ask for now, its end excluded. The minute under way is left out: it is not full.
    pub(super) fn window(&self, now: Timestamp) -> (Timestamp, Timestamp) {
        let end = minute_of(now);
        let first = end - SPAN;
        let Some(asked_until) = self.asked_until else {
            return (first, end);
        };
        let late = asked_until - LATE;
        let unseen = |newest: &Option<Timestamp>| newest.map_or(late, |newest| (newest - REVISED).max(late));
        let start = self.newest.iter().map(unseen).min().unwrap_or(late);
        // A clock that was set back must not make the window end before it starts.
        (start.max(first).min(end - REVISED), end)
    }

    /// A window was answered.
    pub(super) fn answered(&mut self, end: Timestamp) {
        self.asked_until = Some(end);
    }

    /// Points of a gauge came.
    pub(super) fn seen(&mut self, gauge: usize, points: &[Point]) {
        if let (Some(newest), Some(last)) = (self.newest.get_mut(gauge), points.iter().map(|p| p.at).max()) {
            *newest = Some(newest.map_or(last, |newest| newest.max(last)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute)
    }

    fn seen(newest: &[Option<i64>], until: i64) -> Minutes {
        let mut minutes = Minutes::of(newest.len());
        minutes.answered(at(until));
        for (gauge, newest) in newest.iter().enumerate() {
            if let Some(newest) = newest {
                minutes.seen(gauge, &[Point { at: at(*newest), value: 1.0 }]);
            }
        }
        minutes
    }

    #[test]
    fn the_first_question_is_for_three_hours_up_to_the_last_full_minute() {
        let now = at(1_000) + SignedDuration::from_millis(7_500);
        assert_eq!(Minutes::of(2).window(now), (at(820), at(1_000)));
    }

    #[test]
    fn later_ones_are_for_what_is_new_and_what_may_be_revised() {
        assert_eq!(seen(&[Some(999), Some(999)], 1_000).window(at(1_001)), (at(997), at(1_001)));
    }

    #[test]
    fn a_gauge_that_lags_is_not_left_behind_and_one_that_is_silent_does_not_drag_the_window_back_for_ever() {
        assert_eq!(seen(&[Some(999), Some(993)], 1_000).window(at(1_001)).0, at(991));
        assert_eq!(seen(&[Some(999), None], 1_000).window(at(1_001)).0, at(985));
    }

    #[test]
    fn a_pause_leaves_no_hole_and_asks_for_no_more_than_is_kept() {
        assert_eq!(seen(&[Some(999)], 1_000).window(at(1_040)).0, at(997));
        assert_eq!(seen(&[Some(999)], 1_000).window(at(2_000)).0, at(1_820));
    }

    #[test]
    fn a_clock_set_back_still_makes_a_window() {
        let (start, end) = seen(&[Some(999)], 1_000).window(at(900));
        assert!(start < end);
    }
}
