//! A CloudWatch alarm as `DescribeAlarms` tells it, and the alarms that the platform counts on.

use jiff::Timestamp;
use serde::Serialize;

use super::{MetricQuery, Severity};

/// `StateValue`. Ordered from well to wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AlarmState {
    /// The metric is on the right side.
    Ok,
    /// Too few data points to tell.
    InsufficientData,
    /// The metric is on the wrong side.
    Alarm,
}

impl AlarmState {
    /// As the CloudWatch API writes it.
    pub fn word(self) -> &'static str {
        match self {
            AlarmState::Ok => "OK",
            AlarmState::InsufficientData => "INSUFFICIENT_DATA",
            AlarmState::Alarm => "ALARM",
        }
    }
}

/// `ComparisonOperator`, those that compare with one threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Comparison {
    /// `GreaterThanThreshold`.
    Greater,
    /// `GreaterThanOrEqualToThreshold`.
    GreaterOrEqual,
    /// `LessThanThreshold`.
    Less,
    /// `LessThanOrEqualToThreshold`.
    LessOrEqual,
}

impl Comparison {
    /// `>`, `≥`, `<`, `≤`.
    pub fn sign(self) -> &'static str {
        match self {
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => "≥",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "≤",
        }
    }

    /// Whether the comparison holds, which is the bad side.
    pub fn holds(self, value: f64, threshold: f64) -> bool {
        match self {
            Comparison::Greater => value > threshold,
            Comparison::GreaterOrEqual => value >= threshold,
            Comparison::Less => value < threshold,
            Comparison::LessOrEqual => value <= threshold,
        }
    }
}

/// What a metric alarm watches: the condition under which it goes to `ALARM`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AlarmCondition {
    /// The metric and statistic.
    pub query: MetricQuery,
    /// Which side of the threshold is bad.
    pub comparison: Comparison,
    /// In the metric's own unit.
    pub threshold: f64,
    /// Seconds in one data point.
    pub period_seconds: u32,
    /// How many data points are looked at.
    pub evaluation_periods: u32,
    /// How many of them must be bad.
    pub datapoints_to_alarm: u32,
}

/// A CloudWatch alarm.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Alarm {
    /// Its name.
    pub name: String,
    /// Its state.
    pub state: AlarmState,
    /// Why, in CloudWatch's words.
    pub reason: Option<String>,
    /// When the state last changed (`StateTransitionedTimestamp`, or else `StateUpdatedTimestamp`).
    pub since: Option<Timestamp>,
    /// What its owner wrote about it.
    pub description: Option<String>,
    /// `None` for a composite alarm, metric math, or an anomaly band.
    pub condition: Option<AlarmCondition>,
    /// ARNs that are told when it goes to `ALARM`.
    pub actions: Vec<String>,
    /// Actions are carried out.
    pub actions_enabled: bool,
}

impl Alarm {
    /// It is one of auto scaling's levers: all that it does is to change the number of tasks. Target tracking makes two
    /// for each policy, step scaling is given them. The low one is in ALARM whenever all is quiet, the high one whenever
    /// tasks are being added: neither says that anything is wrong.
    pub fn only_scales(&self) -> bool {
        let scales = |arn: &String| arn.contains(":autoscaling:") && arn.contains(":scalingPolicy:");
        self.name.starts_with("TargetTracking-") || !self.actions.is_empty() && self.actions.iter().all(scales)
    }
}

/// One change of an alarm's state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AlarmChange {
    /// Which alarm.
    pub alarm: String,
    /// When.
    pub at: Timestamp,
    /// From what; `None` if that was not seen.
    pub from: Option<AlarmState>,
    /// To what.
    pub to: AlarmState,
    /// CloudWatch's words.
    pub summary: Option<String>,
}

/// An alarm that the platform's team counts on: it should exist, and this is how bad it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExpectedAlarm {
    /// Its name in CloudWatch.
    pub name: String,
    /// How bad it is when it fires.
    pub severity: Severity,
    /// The runbook that treats it, by file name without `.md`.
    pub runbook: Option<String>,
    /// When it fires, in the team's words: `5xx > 5 % for 5 min`.
    pub when: Option<String>,
}
