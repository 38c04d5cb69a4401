//! What the team's own metrics measure, where that is beyond doubt: CloudWatch lists names, neither units nor targets.
//!
//! A metric's name says what it counts, its own unit or the threshold of an alarm on it (500, not 0.5) in what, and
//! the seed's targets or that threshold what it should be. Whatever is in doubt is left for a person to choose: a
//! gauge in a wrong unit would be well for ever.

use super::super::found::Found;
use crate::aws::cloudwatch::Listed as Metric;
use crate::platform::{Alarm, AlarmCondition, Comparison, Statistic};

/// A gauge that needs no question.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Known {
    pub(super) title: String,
    pub(super) statistic: String,
    pub(super) unit: &'static str,
    pub(super) target: Option<String>,
    /// An alarm is on the metric: of two that would have one title, it is this one that people mean.
    pub(super) alarmed: bool,
}

/// What users feel first: the seed's p95 of requests, its p95 of webhooks, in milliseconds …
const REQUESTS: f64 = 300.0;
const WEBHOOKS: f64 = 2_000.0;
/// … its percentage of failed requests, and its jobs that wait.
const ERRORS: f64 = 1.0;
const JOBS: f64 = 50.0;
/// An alarm on a time below this many of its unit means seconds, above it milliseconds.
const SECONDS_BELOW: f64 = 20.0;

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Time,
    Share,
    Queue,
    Other,
}

/// The gauges of a metric; none where a person has to choose.
pub(super) fn gauges(found: &Found, metric: &Metric) -> Vec<Known> {
    let name = plain(&metric.1);
    let conditions: Vec<&AlarmCondition> = conditions(found).filter(|c| is_on(c, metric)).collect();
    let alarmed = !conditions.is_empty();
    let gauge = |title: String, statistic: &str, unit, target| Known {
        title,
        statistic: statistic.to_owned(),
        unit,
        target,
        alarmed,
    };
    // Neither the seed's target nor one beyond the threshold at which somebody is woken.
    let below = |seed: f64, statistic: &str, unit: &str| {
        let same = conditions.iter().filter(|c| c.query.statistic.to_string() == statistic && is_upper(c));
        let least = same.map(|c| c.threshold).fold(seed, f64::min);
        Some(format!("< {}", with_unit(least, unit)))
    };
    match (kind(&name), unit(found, metric, &name)) {
        (Kind::Time, Some(unit)) if is_about(&name, &["webhook"]) => {
            let seed = if unit == "seconds" { WEBHOOKS / 1e3 } else { WEBHOOKS };
            vec![gauge("webhook p95".to_owned(), "p95", unit, below(seed, "p95", unit))]
        }
        (Kind::Time, Some(unit)) if is_about(&name, &[]) => {
            let seed = if unit == "seconds" { REQUESTS / 1e3 } else { REQUESTS };
            ["p50", "p95", "p99"]
                .into_iter()
                .map(|p| gauge(p.to_owned(), p, unit, (p == "p95").then(|| below(seed, p, unit)).flatten()))
                .collect()
        }
        (Kind::Share, Some(unit)) if is_about(&name, &[]) => {
            vec![gauge("errors".to_owned(), "Average", unit, below(ERRORS, "Average", unit))]
        }
        (Kind::Queue, Some(unit)) if is_about(&name, &["bullmq", "jobs", "job"]) || is_about(&name, &[]) => {
            vec![gauge("queue".to_owned(), "Maximum", unit, below(JOBS, "Maximum", unit))]
        }
        (_, unit) => conditions.first().map(|c| of_alarm(metric, c, unit)).into_iter().collect(),
    }
}

/// The series that an alarm watches: well while the alarm has no reason to fire.
fn of_alarm(metric: &Metric, condition: &AlarmCondition, unit: Option<&'static str>) -> Known {
    let statistic = condition.query.statistic.to_string();
    let sign = if is_upper(condition) { '<' } else { '>' };
    // A percentile has its metric's unit, a number of samples none.
    let unit = unit.filter(|_| condition.query.statistic != Statistic::SampleCount).unwrap_or("count");
    let percentile = matches!(condition.query.statistic, Statistic::Percentile(_));
    let words = super::comment(&words(&metric.1));
    let title = if percentile { format!("{words} {statistic}") } else { words };
    let target = Some(format!("{sign} {}", with_unit(condition.threshold, unit)));
    Known { title, statistic, unit, target, alarmed: true }
}

fn conditions(found: &Found) -> impl Iterator<Item = &AlarmCondition> {
    let own = found.alarms.iter().filter(|alarm: &&Alarm| !alarm.only_scales());
    own.filter_map(|alarm| alarm.condition.as_ref()).filter(|condition| condition.threshold.is_finite())
}

fn is_on(condition: &AlarmCondition, (namespace, name, dimensions): &Metric) -> bool {
    let mut sorted = dimensions.clone();
    sorted.sort();
    condition.query.namespace == *namespace && condition.query.metric == *name && condition.query.dimensions == sorted
}

fn is_upper(condition: &AlarmCondition) -> bool {
    matches!(condition.comparison, Comparison::Greater | Comparison::GreaterOrEqual)
}

fn kind(name: &str) -> Kind {
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    if has(&["rate", "percent", "ratio"]) && has(&["error", "fail", "5xx", "fault"]) {
        Kind::Share
    } else if has(&["latency", "duration", "responsetime"]) {
        Kind::Time
    } else if has(&["queue", "backlog", "bullmq"]) && has(&["depth", "length", "size", "waiting", "backlog"]) {
        Kind::Queue
    } else {
        Kind::Other
    }
}

/// The name says nothing beyond what its kind is called, that it is the service's requests, and these words.
fn is_about(name: &str, words: &[&str]) -> bool {
    const SAID: [&str; 24] = [
        "milliseconds",
        "millis",
        "seconds",
        "requestduration",
        "responsetime",
        "latency",
        "percentage",
        "percent",
        "requests",
        "request",
        "response",
        "http",
        "server",
        "errors",
        "error",
        "5xx",
        "rate",
        "queue",
        "depth",
        "length",
        "size",
        "backlog",
        "waiting",
        "api",
    ];
    let mut rest = name.to_owned();
    if !words.is_empty() && !words.iter().any(|word| rest.contains(word)) {
        return false;
    }
    for word in words.iter().chain(&SAID) {
        rest = rest.replace(word, "");
    }
    rest.is_empty() || rest == "ms"
}

/// What a metric's numbers count. Times by their name's ending, else by a threshold on it or on a time beside it; a
/// share in percent or as a fraction of one, likewise.
fn unit(found: &Found, metric: &Metric, name: &str) -> Option<&'static str> {
    let own = conditions(found).filter(|c| is_on(c, metric));
    let beside = conditions(found).filter(|c| c.query.namespace == metric.0);
    let mut told = own.chain(beside).filter(|c| c.query.statistic != Statistic::SampleCount);
    match kind(name) {
        Kind::Time if name.ends_with("ms") || name.contains("milli") => Some("milliseconds"),
        Kind::Time if name.ends_with("seconds") => Some("seconds"),
        Kind::Time => told
            .find(|c| kind(&plain(&c.query.metric)) == Kind::Time)
            .map(|c| if c.threshold < SECONDS_BELOW { "seconds" } else { "milliseconds" }),
        Kind::Share if name.contains("percent") => Some("percent"),
        // Nobody is woken for half a percent, or lets all fail: 1 and less is a fraction, which has no gauge.
        Kind::Share => {
            told.find(|c| kind(&plain(&c.query.metric)) == Kind::Share && c.threshold > 1.0).map(|_| "percent")
        }
        Kind::Queue => Some("count"),
        Kind::Other if name.ends_with("percent") => Some("percent"),
        Kind::Other if name.ends_with("bytes") => Some("bytes"),
        Kind::Other => None,
    }
}

fn with_unit(value: f64, unit: &str) -> String {
    match unit {
        "percent" => format!("{value} %"),
        "milliseconds" => format!("{value} ms"),
        "seconds" => format!("{value} s"),
        _ => value.to_string(),
    }
}

/// Letters and digits only, in lower case.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// `webhook failure rate` of `WebhookFailureRate`; a name in another style stays as it is.
fn words(name: &str) -> String {
    if !name.chars().all(|c| c.is_ascii_alphanumeric()) {
        return name.to_owned();
    }
    let mut words = String::with_capacity(name.len() + 4);
    let mut small = false;
    for c in name.chars() {
        if c.is_ascii_uppercase() && small {
            words.push(' ');
        }
        small = c.is_ascii_lowercase();
        words.push(c.to_ascii_lowercase());
    }
    words
}

#[cfg(test)]
#[path = "known_tests.rs"]
mod tests;
