//! A series in one line of block characters.

use jiff::{SignedDuration, Timestamp};

use crate::platform::{Series, Target, minute_of};

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The last `span` of a series in `columns` characters. Each shows the worst minute that it stands
/// for, so that a spike is never averaged away; a gap in the data is a gap.
pub fn sparkline(
    series: &Series,
    target: Option<Target>,
    now: Timestamp,
    span: SignedDuration,
    columns: usize,
) -> String {
    if columns == 0 {
        return String::new();
    }
    let from = minute_of(now) - span;
    let lowest_is_worst = matches!(target, Some(Target::Above(_)));
    let mut cells: Vec<Option<f64>> = vec![None; columns];
    let mut top = target.map_or(0.0, |t| match t {
        Target::Below(border) => border,
        Target::Above(border) => border * 2.0,
    });
    for point in series.points().filter(|p| p.at > from && p.value.is_finite()) {
        let along = point.at.duration_since(from).as_secs_f64() / span.as_secs_f64();
        let column = ((along * columns as f64) as usize).min(columns - 1);
        top = top.max(point.value);
        let cell = &mut cells[column];
        *cell = Some(match *cell {
            Some(value) if lowest_is_worst => value.min(point.value),
            Some(value) => value.max(point.value),
            None => point.value,
        });
    }
    cells
        .into_iter()
        .map(|cell| match cell {
            None => ' ',
            Some(value) if top > 0.0 => {
                BARS[((value.max(0.0) / top * (BARS.len() - 1) as f64).round() as usize).min(BARS.len() - 1)]
            }
            Some(_) => BARS[0],
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::Point;

    fn drawn(values: &[f64], target: Option<Target>, columns: usize) -> String {
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_mins(values.len() as i64);
        let series = values
            .iter()
            .enumerate()
            .map(|(i, value)| Point {
                at: Timestamp::UNIX_EPOCH + SignedDuration::from_secs(i as i64 * 60 + 30),
                value: *value,
            })
            .collect();
        sparkline(&series, target, now, SignedDuration::from_mins(values.len() as i64), columns)
    }

    #[test]
    fn a_spike_of_one_minute_is_seen() {
        let mut values = vec![10.0; 60];
        values[30] = 100.0;
        assert_eq!(drawn(&values, None, 6), "▂▂▂█▂▂");
    }

    #[test]
    fn where_low_is_bad_the_lowest_minute_is_shown() {
        assert_eq!(drawn(&[8.0, 1.0, 8.0, 8.0], Some(Target::Above(4.0)), 2), "▂█");
    }

    #[test]
    fn quiet_series_stay_low_against_their_target() {
        assert_eq!(drawn(&[1.0, 1.0], Some(Target::Below(100.0)), 2), "▁▁");
    }
}
