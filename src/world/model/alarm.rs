//! CloudWatch alarms, evaluated as CloudWatch does: M of the last N periods, missing data treated as told.

use std::collections::VecDeque;
use std::fmt::Write as _;

use jiff::Timestamp;

use super::metric::{MetricKey, Metrics};
use crate::platform::{AlarmState, Comparison, Statistic};

/// `TreatMissingData`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    Breaching,
    NotBreaching,
    Ignore,
    /// `missing`, the default: look further back, and then say that there is too little data.
    Unknown,
}

/// One line of an alarm's history.
#[derive(Clone, Debug)]
pub struct HistoryItem {
    pub at: i64,
    pub from: AlarmState,
    pub to: AlarmState,
    pub reason: String,
}

#[derive(Clone, Debug)]
pub struct Alarm {
    pub name: String,
    pub description: String,
    pub key: MetricKey,
    /// The key's series, once there is one.
    pub series: Option<usize>,
    pub statistic: Statistic,
    pub comparison: Comparison,
    pub threshold: f64,
    pub period: i64,
    pub periods: usize,
    pub bad_needed: usize,
    pub missing: Missing,
    pub actions: Vec<String>,
    pub actions_enabled: bool,
    pub configured: i64,
    pub state: AlarmState,
    pub reason: String,
    /// `StateReasonData`, JSON.
    pub reason_data: String,
    pub updated: i64,
    pub transitioned: i64,
    /// Newest first.
    pub history: VecDeque<HistoryItem>,
}

/// History items kept of an alarm.
const HISTORY_KEPT: usize = 100;
/// CloudWatch looks a little further back when the newest data points are missing.
const FURTHER: usize = 2;

impl Alarm {
    /// Looks at the metric at `now`, as CloudWatch does once a minute.
    pub fn evaluate(&mut self, metrics: &Metrics, now: i64) {
        let end = (now - super::metric::PUBLISHED_AFTER).div_euclid(self.period) * self.period;
        self.series = self.series.or_else(|| metrics.number(&self.key));
        let series = self.series.map(|i| &metrics.series[i]);
        let value = |back: usize| {
            let from = end - (back as i64 + 1) * self.period;
            series.and_then(|s| s.over(from, self.period, now)).map(|d| (from, d.statistic(self.statistic)))
        };
        // The usual case, cheaply: it is OK, and one good minute of the newest is enough for it to stay so.
        let enough = self.periods - self.bad_needed + 1;
        let good = |back: usize| value(back).is_some_and(|(_, v)| !self.comparison.holds(v, self.threshold));
        if self.state == AlarmState::Ok && (0..enough).all(good) {
            return;
        }
        let (state, missing, points) = match self.missing {
            Missing::Unknown | Missing::Ignore => {
                let points: Vec<_> = (0..self.periods + FURTHER).filter_map(value).take(self.periods).collect();
                let missing = self.periods - points.len();
                let bad = self.bad(&points);
                let state = if bad >= self.bad_needed {
                    AlarmState::Alarm
                } else if points.is_empty() {
                    if self.missing == Missing::Ignore { self.state } else { AlarmState::InsufficientData }
                } else if self.missing == Missing::Ignore && missing > 0 {
                    self.state
                } else {
                    AlarmState::Ok
                };
                (state, missing, points)
            }
            Missing::Breaching | Missing::NotBreaching => {
                let points: Vec<_> = (0..self.periods).filter_map(value).collect();
                let missing = self.periods - points.len();
                let counted = if self.missing == Missing::Breaching { missing } else { 0 };
                let bad = self.bad(&points) + counted >= self.bad_needed;
                (if bad { AlarmState::Alarm } else { AlarmState::Ok }, missing, points)
            }
        };
        if state != self.state {
            let reason = self.say(state, missing, &points);
            self.reason_data = self.data(now, &points);
            self.turn(state, reason, now);
        }
    }

    fn bad(&self, points: &[(i64, f64)]) -> usize {
        points.iter().filter(|(_, value)| self.comparison.holds(*value, self.threshold)).count()
    }

    /// Changes the state, as an evaluation or `SetAlarmState` does.
    pub fn turn(&mut self, state: AlarmState, reason: String, now: i64) {
        self.history.push_front(HistoryItem { at: now, from: self.state, to: state, reason: reason.clone() });
        self.history.truncate(HISTORY_KEPT);
        (self.state, self.reason, self.updated, self.transitioned) = (state, reason, now, now);
    }

    /// Why, in CloudWatch's words.
    pub fn say(&self, state: AlarmState, missing: usize, points: &[(i64, f64)]) -> String {
        let (good_or_bad, change, needed) = match state {
            AlarmState::InsufficientData => {
                let s = if missing == 1 { " was" } else { "s were" };
                return format!("Insufficient Data: {missing} datapoint{s} unknown.");
            }
            AlarmState::Alarm => (true, "OK -> ALARM", self.bad_needed),
            AlarmState::Ok => (false, "ALARM -> OK", self.periods - self.bad_needed + 1),
        };
        if points.is_empty() {
            let treated = if good_or_bad { "Breaching" } else { "NonBreaching" };
            let (periods, was) = (plural(missing, "period"), if missing == 1 { "was" } else { "were" });
            return format!(
                "Threshold Crossed: no datapoints were received for {periods} and {} {was} treated as [{treated}].",
                plural(missing, "missing datapoint")
            );
        }
        let told: Vec<_> =
            points.iter().filter(|(_, value)| self.comparison.holds(*value, self.threshold) == good_or_bad).collect();
        let mut list = String::new();
        for (i, (at, value)) in told.iter().enumerate() {
            let _ = write!(list, "{}{value:?} ({})", if i == 0 { "" } else { ", " }, stamp(*at));
        }
        let verb = match (told.len() == 1, good_or_bad) {
            (true, true) => "was",
            (true, false) => "was not",
            (false, true) => "were",
            (false, false) => "were not",
        };
        let side = match self.comparison {
            Comparison::Greater => "greater than",
            Comparison::GreaterOrEqual => "greater than or equal to",
            Comparison::Less => "less than",
            Comparison::LessOrEqual => "less than or equal to",
        };
        format!(
            "Threshold Crossed: {} out of the last {} datapoints [{list}] {verb} {side} the threshold ({:?}) (minimum {} for {change} transition).",
            told.len(),
            self.periods,
            self.threshold,
            plural(needed, "datapoint"),
        )
    }

    fn data(&self, now: i64, points: &[(i64, f64)]) -> String {
        let recent: Vec<f64> = points.iter().rev().map(|(_, value)| *value).collect();
        serde_json::json!({
            "version": "1.0",
            "queryDate": iso(now),
            "startDate": points.last().map(|(at, _)| iso(*at)),
            "statistic": self.statistic.to_string(),
            "period": self.period,
            "recentDatapoints": recent,
            "threshold": self.threshold,
        })
        .to_string()
    }
}

fn plural(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// `24/11/26 03:08:00`, as CloudWatch writes a data point's time in a reason.
fn stamp(at: i64) -> String {
    Timestamp::from_second(at).map(|t| t.strftime("%d/%m/%y %H:%M:%S").to_string()).unwrap_or_default()
}

fn iso(at: i64) -> String {
    Timestamp::from_second(at).map(|t| t.strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alarm(missing: Missing) -> Alarm {
        Alarm {
            name: "errors".into(),
            description: String::new(),
            key: MetricKey::new("n", "m", &[]),
            series: None,
            statistic: Statistic::Average,
            comparison: Comparison::Greater,
            threshold: 5.0,
            period: 60,
            periods: 3,
            bad_needed: 3,
            missing,
            actions: Vec::new(),
            actions_enabled: true,
            configured: 0,
            state: AlarmState::InsufficientData,
            reason: "Unchecked: Initial alarm creation".into(),
            reason_data: String::new(),
            updated: 0,
            transitioned: 0,
            history: VecDeque::new(),
        }
    }

    fn metrics(values: &[f64]) -> Metrics {
        let mut metrics = Metrics::default();
        let series = metrics.open(MetricKey::new("n", "m", &[]), "Percent");
        for (minute, value) in values.iter().enumerate() {
            metrics.record(series, minute as i64 * 60, *value, 1.0, 0.0);
        }
        metrics
    }

    #[test]
    fn an_alarm_says_why_it_rose_in_cloudwatchs_words() {
        let mut alarm = alarm(Missing::Unknown);
        alarm.evaluate(&metrics(&[0.2, 9.5, 10.0, 12.4]), 250);
        assert_eq!(alarm.state, AlarmState::Alarm);
        assert_eq!(
            alarm.reason,
            "Threshold Crossed: 3 out of the last 3 datapoints [12.4 (01/01/70 00:03:00), 10.0 (01/01/70 00:02:00), \
             9.5 (01/01/70 00:01:00)] were greater than the threshold (5.0) (minimum 3 datapoints for OK -> ALARM transition)."
        );
        assert_eq!((alarm.transitioned, alarm.history.len()), (250, 1));
    }

    #[test]
    fn one_good_minute_keeps_an_alarm_of_three_quiet() {
        let mut alarm = alarm(Missing::Unknown);
        alarm.evaluate(&metrics(&[9.5, 10.0, 0.1]), 190);
        assert_eq!(alarm.state, AlarmState::Ok);
        assert!(alarm.reason.contains("1 out of the last 3 datapoints [0.1"), "{}", alarm.reason);
        assert!(
            alarm.reason.ends_with(
                "was not greater than the threshold (5.0) (minimum 1 datapoint for ALARM -> OK transition)."
            )
        );
    }

    #[test]
    fn missing_data_is_treated_as_the_alarm_was_told() {
        let state = |missing| {
            let mut alarm = alarm(missing);
            alarm.evaluate(&Metrics::default(), 600);
            (alarm.state, alarm.reason)
        };
        assert_eq!(state(Missing::NotBreaching).0, AlarmState::Ok);
        assert_eq!(state(Missing::Unknown).0, AlarmState::InsufficientData);
        let (now, why) = state(Missing::Breaching);
        assert_eq!(now, AlarmState::Alarm);
        assert_eq!(
            why,
            "Threshold Crossed: no datapoints were received for 3 periods and 3 missing datapoints were treated as [Breaching]."
        );
    }
}
