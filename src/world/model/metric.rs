//! CloudWatch's store: a datum a minute for 26 hours, visible a little after its minute has ended.

use std::collections::{HashMap, VecDeque};

use crate::platform::Statistic;

/// How long after a minute's end its datum can be read. AWS takes 5 to 60 s.
pub const PUBLISHED_AFTER: i64 = 8;
/// Minutes kept.
const KEPT: usize = 26 * 60;

/// What names a series: namespace, metric, and dimensions sorted by name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MetricKey {
    pub namespace: String,
    pub metric: String,
    pub dimensions: Vec<(String, String)>,
}

impl MetricKey {
    pub fn new(namespace: &str, metric: &str, dimensions: &[(&str, &str)]) -> MetricKey {
        let mut dimensions: Vec<_> = dimensions.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        dimensions.sort();
        MetricKey { namespace: namespace.to_owned(), metric: metric.to_owned(), dimensions }
    }
}

/// All samples of one minute, folded.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Datum {
    pub sum: f64,
    pub count: f64,
    pub min: f64,
    pub max: f64,
    /// Weighted sum of the samples' medians; over `count` it is the minute's median.
    median: f64,
    /// Weighted sum of the standard deviation of the samples' logarithm (latencies are lognormal).
    spread: f64,
}

impl Datum {
    fn add(&mut self, value: f64, weight: f64, spread: f64) {
        // A lognormal's mean lies above its median, and its extremes three deviations away.
        let (mean, low, high) = if spread > 0.0 {
            (value * (spread * spread / 2.0).exp(), value * (-3.0 * spread).exp(), value * (3.0 * spread).exp())
        } else {
            (value, value, value)
        };
        (self.min, self.max) = if self.count > 0.0 { (self.min.min(low), self.max.max(high)) } else { (low, high) };
        self.sum += mean * weight;
        self.count += weight;
        self.median += value * weight;
        self.spread += spread * weight;
    }

    fn merge(&mut self, other: &Datum) {
        if other.count <= 0.0 {
            return;
        }
        if self.count > 0.0 {
            self.min = self.min.min(other.min);
            self.max = self.max.max(other.max);
        } else {
            (self.min, self.max) = (other.min, other.max);
        }
        self.sum += other.sum;
        self.count += other.count;
        self.median += other.median;
        self.spread += other.spread;
    }

    /// The statistic of these samples.
    pub fn statistic(&self, statistic: Statistic) -> f64 {
        let value = match statistic {
            Statistic::Average => self.sum / self.count,
            Statistic::Minimum => self.min,
            Statistic::Maximum => self.max,
            Statistic::Sum => self.sum,
            Statistic::SampleCount => self.count,
            Statistic::Percentile(p) => {
                let (median, spread) = (self.median / self.count, self.spread / self.count);
                (median * (quantile(p / 100.0) * spread).exp()).clamp(self.min, self.max)
            }
        };
        // Enough digits for every unit here, and none that only floating point put there.
        (value * 1e4).round() / 1e4
    }
}

/// The standard normal distribution's quantile, after Odeh and Evans (1974); the error is below 1.5e-8.
fn quantile(p: f64) -> f64 {
    let tail = p.min(1.0 - p).max(1e-20);
    let y = (-2.0 * tail.ln()).sqrt();
    let above = -(0.322_232_431_088
        + y * (1.0 + y * (0.342_242_088_547 + y * (0.020_423_121_024_5 + y * 0.453_642_210_148e-4))));
    let below = 0.099_348_462_606
        + y * (0.588_581_570_495 + y * (0.531_103_462_366 + y * (0.103_537_752_85 + y * 0.385_607_006_34e-2)));
    let x = y + above / below;
    if p < 0.5 { -x } else { x }
}

#[derive(Debug)]
pub struct Series {
    pub key: MetricKey,
    /// As CloudWatch names it: `Percent`, `Count`, `Bytes`, `Milliseconds`.
    pub unit: &'static str,
    /// Start of the minute and its samples, oldest first.
    minutes: VecDeque<(i64, Datum)>,
}

impl Series {
    /// The samples of `[from, from + period)` that are published at `now`.
    pub fn over(&self, from: i64, period: i64, now: i64) -> Option<Datum> {
        // Mostly the newest minutes are asked for, and mostly there is no hole: that is where to look first.
        let guess = self.minutes.back().map_or(0, |(last, _)| self.minutes.len() as i64 - 1 - (last - from) / 60).max(0)
            as usize;
        let is_first = |i: usize| {
            self.minutes.get(i).is_some_and(|(m, _)| *m >= from)
                && (i == 0 || self.minutes.get(i - 1).is_some_and(|(m, _)| *m < from))
        };
        let first = if is_first(guess) { guess } else { self.minutes.partition_point(|(minute, _)| *minute < from) };
        let mut all = Datum::default();
        for (minute, datum) in self.minutes.range(first..) {
            if *minute >= from + period || minute + 60 + PUBLISHED_AFTER > now {
                break;
            }
            all.merge(datum);
        }
        (all.count > 0.0).then_some(all)
    }

    /// The first minute that there is something of.
    pub fn first(&self) -> Option<i64> {
        self.minutes.front().map(|(minute, _)| *minute)
    }

    /// The last minute that there is something of.
    pub fn last(&self) -> Option<i64> {
        self.minutes.back().map(|(minute, _)| *minute)
    }
}

/// All series.
#[derive(Debug, Default)]
pub struct Metrics {
    pub series: Vec<Series>,
    index: HashMap<MetricKey, usize>,
}

impl Metrics {
    /// The series' number, to record by.
    pub fn open(&mut self, key: MetricKey, unit: &'static str) -> usize {
        if let Some(found) = self.index.get(&key) {
            return *found;
        }
        self.index.insert(key.clone(), self.series.len());
        self.series.push(Series { key, unit, minutes: VecDeque::new() });
        self.series.len() - 1
    }

    pub fn find(&self, key: &MetricKey) -> Option<&Series> {
        self.index.get(key).map(|i| &self.series[*i])
    }

    /// The series' number, if there is such a series.
    pub fn number(&self, key: &MetricKey) -> Option<usize> {
        self.index.get(key).copied()
    }

    /// Records samples of one value that were taken at `at`. Time never goes back.
    pub fn record(&mut self, series: usize, at: i64, value: f64, weight: f64, spread: f64) {
        let minute = at.div_euclid(60) * 60;
        let minutes = &mut self.series[series].minutes;
        if minutes.back().is_none_or(|(last, _)| *last < minute) {
            minutes.push_back((minute, Datum::default()));
            if minutes.len() > KEPT {
                minutes.pop_front();
            }
        }
        if let Some((_, datum)) = minutes.back_mut() {
            datum.add(value, weight, spread);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_ordered_and_match_the_distribution() {
        let mut metrics = Metrics::default();
        let series = metrics.open(MetricKey::new("n", "m", &[]), "Milliseconds");
        metrics.record(series, 0, 100.0, 10.0, 0.5);
        let datum = metrics.series[series].over(0, 60, 1_000).unwrap();
        let p = |p| datum.statistic(Statistic::Percentile(p));
        assert!((p(50.0) - 100.0).abs() < 0.01, "{}", p(50.0));
        assert!((p(95.0) - 227.6).abs() < 0.5, "{}", p(95.0));
        assert!(p(99.0) > p(95.0) && p(5.0) < p(50.0));
    }

    #[test]
    fn a_minute_cannot_be_read_before_it_has_ended() {
        let mut metrics = Metrics::default();
        let series = metrics.open(MetricKey::new("n", "m", &[]), "Count");
        metrics.record(series, 59, 1.0, 1.0, 0.0);
        let series = &metrics.series[series];
        assert!(series.over(0, 60, 60 + PUBLISHED_AFTER - 1).is_none());
        assert!(series.over(0, 60, 60 + PUBLISHED_AFTER).is_some());
    }

    #[test]
    fn a_period_of_five_minutes_folds_five_minutes() {
        let mut metrics = Metrics::default();
        let series = metrics.open(MetricKey::new("n", "m", &[]), "Count");
        for minute in 0..5 {
            metrics.record(series, minute * 60, minute as f64, 1.0, 0.0);
        }
        let datum = metrics.series[series].over(0, 300, 10_000).unwrap();
        let all = [Statistic::Average, Statistic::Minimum, Statistic::Maximum, Statistic::Sum, Statistic::SampleCount];
        assert_eq!(format!("{:?}", all.map(|s| datum.statistic(s))), "[2.0, 0.0, 4.0, 10.0, 5.0]");
    }
}
