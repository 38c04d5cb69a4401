//! Alarms that fire, and those that would not be heard.

use std::collections::{HashMap, HashSet};

use super::draft::{Draft, Rank, Topic};
use super::scene::Scene;
use super::stop::shorten;
use super::symptom::Symptom;
use crate::platform::{
    Alarm, AlarmCondition, AlarmState, ExpectedAlarm, Gauge, Level, MetricQuery, Severity, Statistic, Subject, Unit,
};

pub(super) fn look<'a>(scene: &Scene<'a>, drafts: &mut Vec<Draft<'a>>) {
    let Some(alarms) = scene.picture.alarms.value() else { return };
    let expected: HashMap<&str, &ExpectedAlarm> = scene.platform.alarms.iter().map(|a| (a.name.as_str(), a)).collect();
    for alarm in alarms.iter().filter(|a| a.state == AlarmState::Alarm && scene.platform.heeds(a)) {
        drafts.push(firing(scene, alarm, expected.get(alarm.name.as_str()).copied()));
    }
    unheard(scene, alarms, &expected, drafts);
}

fn firing<'a>(scene: &Scene<'a>, alarm: &'a Alarm, expected: Option<&ExpectedAlarm>) -> Draft<'a> {
    let symptom = Symptom::of_alarm(alarm);
    let subject = scene.owner(alarm);
    let own = || format!("alarm/{}", alarm.name);
    let (topic, id) = match (symptom, subject, &alarm.condition) {
        (Symptom::TasksDown, Subject::Service(i), _) => (Topic::Tasks(i), format!("tasks/{}", scene.path(subject))),
        (Symptom::DatabaseDown, Subject::Database(i), _) => {
            (Topic::Database(i), format!("database/{}", scene.path(subject)))
        }
        (_, _, Some(condition)) => (Topic::metric(&condition.query), own()),
        _ => (Topic::Own, own()),
    };
    let severity = expected.map_or(Severity::Warning, |e| e.severity);
    let mut draft = Draft::new(topic, severity, subject, id, alarm.name.as_str())
        .rank(Rank::Alarm)
        .symptom(symptom)
        .evidence(evidence(scene, alarm))
        .since(alarm.since);
    draft.fired = alarm.since;
    draft.evidence_rank = 3;
    draft.gauges = shown_by(scene, alarm);
    draft.runbook = scene.platform.treats(&alarm.name).cloned();
    draft
}

/// The gauges whose number of now is on the alarm's bad side, or past its target: an alarm outlasts what it tells of.
fn shown_by(scene: &Scene, alarm: &Alarm) -> Vec<usize> {
    let Some(condition) = &alarm.condition else { return Vec::new() };
    let bad = |(i, gauge): &&(usize, &Gauge)| {
        scene.fresh_point(*i).is_some_and(|point| {
            let same = gauge.query.statistic == condition.query.statistic;
            (same && condition.comparison.holds(point.value, condition.threshold))
                || gauge.target.is_some_and(|target| target.level(point.value) == Level::Past)
        })
    };
    scene.subjects.gauges(&condition.query).iter().filter(bad).map(|(i, _)| *i).collect()
}

/// The current number beside the threshold, in the unit of the gauge that shows the metric.
fn evidence(scene: &Scene, alarm: &Alarm) -> String {
    let words = alarm.reason.as_deref().map_or_else(|| "CloudWatch gives no reason".to_owned(), shorten_reason);
    let Some(condition) = &alarm.condition else { return words };
    let gauges = scene.subjects.gauges(&condition.query);
    let exact = gauges.iter().find(|(_, g)| g.query.statistic == condition.query.statistic);
    // The reason's number is that of the minute in which the alarm rose: a near one of now says more.
    let near = gauges.iter().find(|(i, g)| {
        let past = |value| condition.comparison.holds(value, condition.threshold);
        ![&g.query, &condition.query].into_iter().any(is_percentile)
            && scene.fresh_point(*i).is_some_and(|point| past(point.value))
    });
    if let Some((index, gauge)) = exact.or(near)
        && let Some(point) = scene.fresh_point(*index)
    {
        return compared(&gauge.title, gauge.unit, point.value, condition);
    }
    let unit = gauges.first().map_or_else(|| guess_unit(&condition.query.metric), |(_, g)| g.unit);
    match alarm.reason.as_deref().and_then(datapoint) {
        Some(value) => {
            let name = match (exact, gauges) {
                (Some((_, gauge)), _) => gauge.title.clone(),
                // Lowest, mean and highest of one metric go by one name; its percentiles have their own.
                (None, [(_, gauge)]) if ![&gauge.query, &condition.query].into_iter().any(is_percentile) => {
                    gauge.title.clone()
                }
                (None, _) => format!("{} {}", condition.query.metric, condition.query.statistic),
            };
            compared(&name, unit, value, condition)
        }
        None => words,
    }
}

fn is_percentile(query: &MetricQuery) -> bool {
    matches!(query.statistic, Statistic::Percentile(_))
}

fn compared(name: &str, unit: Unit, value: f64, condition: &AlarmCondition) -> String {
    let (shown, border) = unit.show_apart(value, condition.threshold);
    let sign = condition.comparison.sign();
    if !condition.comparison.holds(value, condition.threshold) {
        format!("{name} {shown} now, alarm at {sign} {border}")
    } else if shown == border {
        format!("{name} just {sign} {border}")
    } else {
        format!("{name} {shown} {sign} {border}")
    }
}

/// The unit of AWS's own metrics, by the way they are named.
fn guess_unit(metric: &str) -> Unit {
    if metric.ends_with("Utilization") || metric.ends_with("Percent") {
        Unit::Percent
    } else if metric.ends_with("StorageSpace") || metric.ends_with("Memory") || metric.ends_with("Bytes") {
        Unit::Bytes
    } else {
        Unit::Count
    }
}

/// The newest number in `Threshold Crossed: 1 datapoint [12.4 (24/11/26 03:05:00)] was …`.
fn datapoint(reason: &str) -> Option<f64> {
    let (_, rest) = reason.split_once('[')?;
    let number: f64 = rest.split([' ', ',', ']']).next()?.parse().ok()?;
    number.is_finite().then_some(number)
}

/// CloudWatch's reason without its preamble, its dates and its small print.
pub fn shorten_reason(reason: &str) -> String {
    let text = reason.trim().strip_prefix("Threshold Crossed: ").unwrap_or(reason);
    let text = text.split(" (minimum ").next().unwrap_or(text);
    let mut short = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find(" (") {
        let (before, from) = rest.split_at(open);
        short.push_str(before);
        let close = from.find(')').map_or(from.len(), |c| c + 1);
        let bracket = &from[..close];
        if bracket.matches('/').count() != 2 || bracket.matches(':').count() != 2 {
            short.push_str(bracket);
        }
        rest = &from[close..];
    }
    short.push_str(rest);
    shorten(&short, 120)
}

/// Expected alarms that are not there, tell nobody, or have nothing to go by.
fn unheard<'a>(
    scene: &Scene<'a>,
    alarms: &[Alarm],
    expected: &HashMap<&str, &ExpectedAlarm>,
    drafts: &mut Vec<Draft<'a>>,
) {
    let present: HashSet<&str> = alarms.iter().map(|a| a.name.as_str()).collect();
    let missing: Vec<&str> =
        scene.platform.alarms.iter().map(|a| a.name.as_str()).filter(|name| !present.contains(name)).collect();
    let ours = || alarms.iter().filter(|a| expected.contains_key(a.name.as_str()));
    let silent: Vec<&str> =
        ours().filter(|a| !a.actions_enabled || a.actions.is_empty()).map(|a| a.name.as_str()).collect();
    let blind: Vec<&str> =
        ours().filter(|a| a.state == AlarmState::InsufficientData).map(|a| a.name.as_str()).collect();
    let mut say = |severity, id: &str, names: &[&str], one: &str, many: &str, meaning: &str| {
        let title = match names {
            [] => return,
            [name] => format!("{name} {one}"),
            names => format!("{} expected alarms {many}", names.len()),
        };
        let list = if names.len() > 1 { format!("{}: ", names.join(", ")) } else { String::new() };
        drafts
            .push(Draft::new(Topic::Own, severity, Subject::Platform, id, title).evidence(format!("{list}{meaning}")));
    };
    // Where nothing of the platform is, its alarms are not either.
    let missing = if scene.is_elsewhere() { Vec::new() } else { missing };
    say(Severity::Warning, "alarms/missing", &missing, "does not exist", "do not exist", "nobody would be told");
    say(Severity::Notice, "alarms/silent", &silent, "tells nobody", "tell nobody", "actions disabled, or none set");
    say(Severity::Notice, "alarms/blind", &blind, "has no data", "have no data", "INSUFFICIENT_DATA");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cloudwatchs_reason_is_cut_to_what_a_person_reads() {
        let reason = "Threshold Crossed: 2 out of the last 2 datapoints [12.4 (24/11/26 03:05:00), 11.0 (24/11/26 \
                      03:04:00)] were greater than the threshold (5.0) (minimum 2 datapoints for OK -> ALARM transition).";
        assert_eq!(
            shorten_reason(reason),
            "2 out of the last 2 datapoints [12.4, 11.0] were greater than the threshold (5.0)"
        );
        assert_eq!(datapoint(reason), Some(12.4));
        assert_eq!(datapoint("Unchecked: Initial alarm creation"), None);
        assert_eq!(shorten_reason("odd (unclosed"), "odd (unclosed");
    }
}
