//! Gauges that had numbers and have none any more, though what they measure should be at work.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::draft::{Draft, Topic};
use super::gauges::speaks;
use super::scene::Scene;
use crate::platform::{FRESH, Gauge, Level, Point, Role, Serving, Severity, Statistic, Subject};

/// A gauge that went silent, its last number, and when it was last asked for.
struct Silent<'a> {
    gauge: &'a Gauge,
    last: Point,
    asked: Timestamp,
}

pub(super) fn look<'a>(scene: &Scene<'a>, drafts: &mut Vec<Draft<'a>>) {
    let mut silent: BTreeMap<Subject, Vec<Silent>> = BTreeMap::new();
    for (gauge, part) in scene.platform.gauges.iter().zip(&scene.picture.series) {
        let (Some(series), Some(asked), None) = (part.value(), part.as_of(), part.trouble()) else { continue };
        let Some(last) = series.latest() else { continue };
        // What is counted is often published only while there is something to count.
        let counts = matches!(gauge.query.statistic, Statistic::Sum | Statistic::SampleCount);
        if asked.duration_since(last.at) > FRESH
            && !counts
            && series.is_regular()
            && speaks(scene, gauge.subject)
            && is_at_work(scene, gauge.subject, asked)
        {
            silent.entry(gauge.subject).or_default().push(Silent { gauge, last, asked });
        }
    }
    drafts.extend(silent.into_iter().filter_map(|(subject, gauges)| draft(scene, subject, &gauges)));
}

/// It has been at work for so long that its numbers should be there: what has just started has none yet.
fn is_at_work(scene: &Scene, subject: Subject, at: Timestamp) -> bool {
    let tasks = match subject {
        Subject::Service(i) => scene.service(i).and_then(|(_, service)| service.tasks.value()),
        _ => None,
    };
    let old = |started: Option<Timestamp>| started.is_none_or(|started| at.duration_since(started) > FRESH);
    let serves = match subject {
        Subject::Database(i) => scene.picture.databases.get(i).and_then(|part| part.value()),
        _ => None,
    };
    scene.picture.works(subject)
        && serves.is_none_or(|database| database.serving() == Serving::Yes)
        && tasks.is_none_or(|tasks| tasks.iter().any(|t| !t.is_stopped() && old(t.started_at.or(t.created_at))))
}

fn draft<'a>(scene: &Scene, subject: Subject, gauges: &[Silent]) -> Option<Draft<'a>> {
    let newest = gauges.iter().max_by_key(|silent| silent.last.at)?;
    let past = |silent: &&Silent| silent.gauge.target.is_some_and(|t| t.level(silent.last.value) == Level::Past);
    // These AWS publishes of whatever runs, and what was wrong before the silence is not over because of it.
    let telling = |silent: &Silent| {
        matches!(subject, Subject::Database(_))
            || matches!(silent.gauge.role, Role::Cpu | Role::Memory)
            || past(&silent)
    };
    let severity = if gauges.iter().any(telling) { Severity::Warning } else { Severity::Notice };
    let titles: Vec<&str> = gauges.iter().map(|silent| silent.gauge.title.as_str()).collect();
    let name = scene.name(subject);
    let of = if name.is_empty() { String::new() } else { format!(" of {name}") };
    let last = gauges.iter().find(past).unwrap_or(newest);
    let minutes = newest.asked.duration_since(newest.last.at).as_mins();
    let (id, title) =
        (format!("silent/{}", scene.path(subject)), format!("no more data for {}{of}", titles.join(", ")));
    Some(
        Draft::new(Topic::Own, severity, subject, id, title)
            .evidence(format!("no data for {minutes} min"))
            .note(format!("last: {} {}", last.gauge.title, last.gauge.unit.show(last.last.value)))
            .since(newest.last.at.checked_add(SignedDuration::from_mins(1)).ok()),
    )
}
