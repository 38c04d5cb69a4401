//! The last three hours of one gauge, a number a minute.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

/// How far back charts go.
pub const SPAN: SignedDuration = SignedDuration::from_hours(3);
/// A minute is published within two minutes of its end; a number this old means that none came since.
pub const STOPPED_AFTER: SignedDuration = SignedDuration::from_mins(6);

const MINUTE: SignedDuration = SignedDuration::from_mins(1);
/// Points that are more than so many periods apart do not belong together: one may be late or lost.
const GAP: i32 = 2;

/// A point older than this does not speak of the present.
pub const FRESH: SignedDuration = SignedDuration::from_mins(15);

/// The start of the minute that `at` is in. What is drawn of minutes moves with it, and not each second.
pub fn minute_of(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second().div_euclid(60) * 60).unwrap_or(at)
}

/// One number and the start of the minute it is for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Point {
    /// Start of the minute, as CloudWatch stamps it.
    pub at: Timestamp,
    /// In the gauge's unit.
    pub value: f64,
}

/// Points in order of time, at most one for a minute, none older than [`SPAN`].
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Series {
    points: VecDeque<Point>,
}

impl Series {
    /// Takes new points. A later number for the same minute replaces the earlier one: CloudWatch
    /// revises a minute until all of its samples are in.
    pub fn extend(&mut self, points: impl IntoIterator<Item = Point>) {
        for point in points {
            match self.points.binary_search_by_key(&point.at, |p| p.at) {
                Ok(same) => self.points[same] = point,
                Err(place) => self.points.insert(place, point),
            }
        }
        if let Some(newest) = self.points.back() {
            let oldest = newest.at.checked_sub(SPAN).unwrap_or(Timestamp::MIN);
            while self.points.front().is_some_and(|p| p.at < oldest) {
                self.points.pop_front();
            }
        }
    }

    /// The newest point.
    pub fn latest(&self) -> Option<Point> {
        self.points.back().copied()
    }

    /// All points, oldest first.
    pub fn points(&self) -> impl DoubleEndedIterator<Item = Point> + ExactSizeIterator + '_ {
        self.points.iter().copied()
    }

    /// The newest points that have all satisfied a condition without a gap, newest first. What is published only when
    /// there is something to count leaves gaps: of those minutes nothing is known, and the condition ended there.
    pub fn run(&self, holds: impl Fn(f64) -> bool) -> impl Iterator<Item = Point> {
        let most = self.period() * GAP;
        let mut newer: Option<Point> = None;
        self.points().rev().take_while(move |point| {
            let near = newer.is_none_or(|newer| newer.at.duration_since(point.at) <= most);
            newer = Some(*point);
            near && holds(point.value)
        })
    }

    /// How long the newest points have all satisfied a condition: since when, if they do now.
    pub fn since(&self, holds: impl Fn(f64) -> bool) -> Option<Timestamp> {
        self.run(holds).last().map(|p| p.at)
    }

    /// It had a number in most minutes of the hour before its newest one: that it has none now says something.
    pub fn is_regular(&self) -> bool {
        let Some(newest) = self.latest() else { return false };
        let hour = SignedDuration::from_hours(1);
        let lately = self.points().rev().take_while(|p| newest.at.duration_since(p.at) < hour).count();
        self.period() * i32::try_from(lately).unwrap_or(i32::MAX) >= hour / 2
    }

    /// How far apart its points are where none is missing: a minute, or up to five for a metric that is published so.
    fn period(&self) -> SignedDuration {
        let newest = || self.points.iter().rev().take(20);
        let gaps = newest().zip(newest().skip(1)).map(|(newer, older)| newer.at.duration_since(older.at));
        gaps.min().unwrap_or(MINUTE).clamp(MINUTE, MINUTE * 5)
    }
}

impl FromIterator<Point> for Series {
    fn from_iter<I: IntoIterator<Item = Point>>(points: I) -> Self {
        let mut series = Series::default();
        series.extend(points);
        series
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute)
    }

    fn series(values: &[f64]) -> Series {
        values.iter().enumerate().map(|(i, &value)| Point { at: at(i as i64), value }).collect()
    }

    #[test]
    fn a_revised_minute_replaces_the_first_number() {
        let mut s = series(&[1.0, 2.0]);
        s.extend([Point { at: at(1), value: 5.0 }]);
        assert_eq!(s.points().map(|p| p.value).collect::<Vec<_>>(), [1.0, 5.0]);
    }

    #[test]
    fn what_is_drawn_of_minutes_stands_still_within_one() {
        let second = |second| at(7) + SignedDuration::from_secs(second);
        assert_eq!([0, 1, 59].map(|s| minute_of(second(s))), [at(7); 3]);
        assert_eq!((minute_of(second(60)), minute_of(Timestamp::MIN)), (at(8), Timestamp::MIN));
    }

    #[test]
    fn only_three_hours_are_kept() {
        let s = series(&vec![1.0; 400]);
        assert_eq!(s.points().len(), 181);
        assert_eq!(s.latest().map(|p| p.at), Some(at(399)));
    }

    #[test]
    fn since_says_when_the_present_condition_began() {
        let s = series(&[9.0, 1.0, 9.0, 9.0]);
        assert_eq!(s.since(|v| v > 5.0), Some(at(2)));
        assert_eq!(s.since(|v| v < 5.0), None);
    }

    #[test]
    fn spikes_an_hour_apart_are_not_one_trouble_of_hours() {
        let sparse = |minutes: &[i64]| -> Series { minutes.iter().map(|m| Point { at: at(*m), value: 9.0 }).collect() };
        assert_eq!(sparse(&[0, 60, 165]).since(|v| v > 5.0), Some(at(165)));
        assert_eq!(sparse(&[0, 1, 60, 62, 63]).since(|v| v > 5.0), Some(at(60)), "a minute may be lost");
        assert_eq!(sparse(&[0, 5, 10, 15]).since(|v| v > 5.0), Some(at(0)), "one that is published every five minutes");
    }
}
