//! Where a falling number is going: the straight line through its last three hours.

use jiff::{SignedDuration, Timestamp};

use crate::platform::{Point, Series};

/// Minutes between the points that the line is laid through: enough for a rate, cheap to compare pairwise.
const STRIDE: usize = 5;
/// Fewer points than this are no trend.
const FEWEST: usize = 4;

/// A number that falls.
pub(super) struct Falling {
    /// When it reaches 0 if nothing changes.
    pub(super) left: SignedDuration,
    /// Since when it has been falling like this; `None` if it did as far back as is known.
    pub(super) since: Option<Timestamp>,
}

/// How a series falls, if it does.
///
/// The rate is the median of the slopes between all pairs of points (Theil and Sen): one table dropped or
/// one dump written moves a mean, but is no trend.
pub(super) fn falling(series: &Series) -> Option<Falling> {
    let latest = series.latest()?;
    let points: Vec<Point> = series.points().rev().step_by(STRIDE).collect();
    if points.len() < FEWEST {
        return None;
    }
    let slope = |newer: &Point, older: &Point| {
        (older.value - newer.value) / newer.at.duration_since(older.at).as_secs_f64().max(1.0)
    };
    let mut slopes: Vec<f64> =
        points.iter().enumerate().flat_map(|(i, newer)| points[i + 1..].iter().map(move |o| slope(newer, o))).collect();
    slopes.sort_by(f64::total_cmp);
    let rate = slopes[slopes.len() / 2];
    // What has stopped falling is no longer on its way, whatever the hours before say.
    let lately = slope(&points[0], &points[FEWEST - 1]);
    if rate <= 0.0 || lately < rate / 2.0 {
        return None;
    }
    let fell = points.windows(2).take_while(|pair| slope(&pair[0], &pair[1]) >= rate / 2.0).count();
    let since = points.get(fell).filter(|_| fell + 1 < points.len()).map(|point| point.at);
    let seconds = latest.value.max(0.0) / rate;
    Some(Falling { left: SignedDuration::try_from_secs_f64(seconds).ok()?, since })
}

/// `about 37 min`, `about 3 h`: a straight line knows no better.
pub(super) fn about(left: SignedDuration) -> String {
    match left.as_mins() {
        minutes @ ..100 => format!("about {} min", minutes.max(1)),
        minutes => format!("about {} h", (minutes + 30) / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(value: impl Fn(i64) -> f64) -> Series {
        (0..180)
            .map(|minute| Point { at: Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute), value: value(minute) })
            .collect()
    }

    #[test]
    fn a_dump_that_was_written_once_is_no_trend() {
        assert!(falling(&series(|minute| if minute < 100 { 8e9 } else { 5e9 })).is_none());
        assert!(falling(&series(|minute| if minute < 20 { 8e9 } else { 5e9 })).is_none());
        assert!(falling(&series(|_| 5e9)).is_none());
        assert!(falling(&series(|minute| 5e9 + minute as f64 * 1e6)).is_none());
    }

    #[test]
    fn what_stopped_falling_is_not_on_its_way_any_more() {
        assert!(falling(&series(|minute| 9e9 - minute.min(150) as f64 * 4e7)).is_none());
    }

    #[test]
    fn a_fall_says_when_it_ends_and_when_it_began() {
        // 3 GB are left after 150 minutes at 40 MB a minute.
        let found = falling(&series(|minute| 9e9 - (minute - 30).max(0) as f64 * 4e7)).unwrap();
        assert!((70..=80).contains(&found.left.as_mins()), "{:?}", found.left);
        let began = found.since.unwrap().duration_since(Timestamp::UNIX_EPOCH).as_mins();
        assert!((25..=35).contains(&began), "{began}");
        let always = falling(&series(|minute| 9e9 - minute as f64 * 4e7)).unwrap();
        assert_eq!(always.since, None, "the window's edge is no beginning");
        assert_eq!(about(SignedDuration::from_mins(74)), "about 74 min");
        assert_eq!(about(SignedDuration::from_mins(170)), "about 3 h");
    }
}
