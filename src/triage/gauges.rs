//! Gauges past their target, and gauges that nothing is published for.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::draft::{Draft, Topic};
use super::scene::Scene;
use super::symptom::Symptom;
use crate::platform::{Gauge, Level, Role, Series, Severity, Subject, Target, text};

/// So many minutes past a target are more than a spike.
const LASTING: usize = 3;
/// How far back the trend of free storage looks.
const TREND: SignedDuration = SignedDuration::from_hours(1);
/// A volume that would be full later than this is not worth the line.
const HORIZON: f64 = 48.0 * 3_600.0;

pub(super) fn look<'a>(scene: &Scene<'a>, drafts: &mut Vec<Draft<'a>>) {
    let mut silent: BTreeMap<Subject, Vec<&Gauge>> = BTreeMap::new();
    for (i, (gauge, part)) in scene.platform.gauges.iter().zip(&scene.picture.series).enumerate() {
        let Some(series) = part.value() else { continue };
        if series.latest().is_none() {
            if part.trouble().is_none() && speaks(scene, gauge.subject) {
                silent.entry(gauge.subject).or_default().push(gauge);
            }
            continue;
        }
        drafts.extend(past(scene, i, gauge, series));
    }
    for (subject, gauges) in silent {
        drafts.push(unpublished(scene, subject, &gauges));
    }
}

/// A subject of which numbers are to be expected: it is there, and something of it runs.
fn speaks(scene: &Scene, subject: Subject) -> bool {
    if scene.is_missing(subject) {
        return false;
    }
    match subject {
        Subject::Service(i) => scene
            .picture
            .services
            .get(i)
            .and_then(|s| s.state.value())
            .is_none_or(|service| service.desired > 0 || service.running > 0),
        _ => true,
    }
}

fn past<'a>(scene: &Scene<'a>, i: usize, gauge: &'a Gauge, series: &Series) -> Option<Draft<'a>> {
    let target = gauge.target?;
    let point = scene.fresh_point(i)?;
    let level = target.level(point.value);
    let limited = matches!(gauge.role, Role::Connections | Role::FreeStorage);
    if level == Level::Well || (level == Level::Near && !limited) {
        return None;
    }
    let minutes = series.points().rev().take_while(|p| target.level(p.value) >= level).count();
    let lasting = minutes >= LASTING;
    let severity = match (gauge.role, level, lasting) {
        // The target of connections is the limit: beyond it new ones are refused.
        (Role::Connections, Level::Past, true) => Severity::Critical,
        (Role::FreeStorage, Level::Past, _) if point.value <= target.border() / 4.0 => Severity::Critical,
        (Role::Connections | Role::FreeStorage, Level::Past, _)
        | (_, Level::Past, true)
        | (Role::Connections, Level::Near, true) => Severity::Warning,
        _ => Severity::Notice,
    };
    let name = whose(scene, gauge);
    let title = match (gauge.role, level) {
        (Role::Connections, Level::Past) => format!("{name} at the limit"),
        (Role::Connections, _) => format!("{name} near the limit"),
        (Role::FreeStorage, _) => format!("{name} is low"),
        _ => format!("{name} past its target"),
    };
    let full = (gauge.role == Role::FreeStorage).then(|| full_in(series)).flatten();
    Some(
        Draft::new(
            Topic::metric(&gauge.query),
            severity,
            gauge.subject,
            format!("gauge/{}/{}/{}", scene.path(gauge.subject), gauge.query.metric, gauge.query.statistic),
            title,
        )
        .symptom(symptom(gauge))
        .evidence(evidence(gauge, target, level, point.value))
        .notes(full.map(|left| format!("full in {} at this rate", text::duration(left))))
        .since(series.since(|value| target.level(value) >= level)),
    )
}

/// A gauge by a name that is plain on this platform: whose it is goes without saying where there is only one.
fn whose(scene: &Scene, gauge: &Gauge) -> String {
    let (services, databases) = (scene.platform.services.len(), scene.platform.databases.len());
    let owner = match (gauge.subject, gauge.role) {
        (Subject::Service(_), Role::Cpu | Role::Memory) if services == 1 => "ECS".to_owned(),
        (Subject::Service(_), _) if services == 1 => String::new(),
        (Subject::Database(_), _) if databases == 1 => "RDS".to_owned(),
        (subject, _) => scene.name(subject),
    };
    if owner.is_empty() { gauge.title.clone() } else { format!("{owner} {}", gauge.title) }
}

fn symptom(gauge: &Gauge) -> Symptom {
    match gauge.role {
        Role::Cpu => Symptom::Cpu,
        Role::Memory => Symptom::Memory,
        Role::Connections => Symptom::Connections,
        Role::FreeStorage => Symptom::Storage,
        Role::Other => Symptom::of_metric(&gauge.query.metric),
    }
}

fn evidence(gauge: &Gauge, target: Target, level: Level, value: f64) -> String {
    let (shown, border) = (gauge.unit.show(value), gauge.unit.show(target.border()));
    let sign = match target {
        Target::Below(_) => ">",
        Target::Above(_) => "<",
    };
    match level {
        Level::Past if shown == border => format!("{} {shown}, target {}", gauge.title, target.show(gauge.unit)),
        Level::Past => format!("{} {shown} {sign} {border}", gauge.title),
        _ => format!("{} {shown}, limit {border}", gauge.title),
    }
}

/// When a falling number reaches 0, by the straight line through the last hour.
fn full_in(series: &Series) -> Option<SignedDuration> {
    let last = series.latest()?;
    let first = series.points().find(|p| last.at.duration_since(p.at) <= TREND)?;
    let seconds = last.at.duration_since(first.at).as_secs_f64();
    let rate = (first.value - last.value) / seconds;
    let left = last.value / rate;
    (seconds >= 600.0 && rate > 0.0 && left <= HORIZON).then(|| SignedDuration::from_secs(left as i64))
}

fn unpublished<'a>(scene: &Scene<'a>, subject: Subject, gauges: &[&Gauge]) -> Draft<'a> {
    let titles: Vec<&str> = gauges.iter().map(|g| g.title.as_str()).collect();
    let name = scene.name(subject);
    let of = if name.is_empty() { String::new() } else { format!(" of {name}") };
    let mut metrics: Vec<String> = gauges.iter().map(|g| format!("{} {}", g.query.namespace, g.query.metric)).collect();
    metrics.dedup();
    Draft::new(
        Topic::Own,
        Severity::Notice,
        subject,
        format!("unpublished/{}", scene.path(subject)),
        format!("no data for {}{of}", titles.join(", ")),
    )
    .evidence(format!("{}: nothing published with these dimensions", metrics.join(", ")))
}
