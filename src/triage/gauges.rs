//! Gauges past their target, and gauges that nothing is published for.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::draft::{Draft, Topic};
use super::scene::Scene;
use super::symptom::Symptom;
use super::trend::{about, falling};
use crate::platform::{Alarm, AlarmCondition, Comparison, Gauge, Level, Role, Series, Severity, Subject, Target};

/// So many minutes past a target are more than a spike.
const LASTING: usize = 3;
/// So many times its target is far past it.
const FAR: f64 = 10.0;
/// A volume that would be full later than this is not worth the line …
const HORIZON: SignedDuration = SignedDuration::from_hours(48);
/// … and one that will be full before the shift is over is more than a notice.
const SHIFT: SignedDuration = SignedDuration::from_hours(12);

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
pub(super) fn speaks(scene: &Scene, subject: Subject) -> bool {
    if scene.is_missing(subject) || scene.is_elsewhere() {
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
    let falling = if gauge.role == Role::FreeStorage { falling(series) } else { None };
    let falling = falling.filter(|f| f.left <= HORIZON);
    let limited = matches!(gauge.role, Role::Connections | Role::FreeStorage);
    if falling.is_none() && (level == Level::Well || (level == Level::Near && !limited)) {
        return None;
    }
    let alarms = || scene.alarms_on(&gauge.query).iter().filter(|alarm| is_on_that_side(alarm, target));
    let minutes = series.run(|value| target.level(value) >= level).count();
    let lasting = minutes >= LASTING;
    let severity = match (gauge.role, level, lasting) {
        // What the file allows leaves little to the server's own limit, where new connections are refused.
        (Role::Connections, Level::Past, true) => Severity::Critical,
        (Role::FreeStorage, Level::Past, _) if point.value <= target.border() / 4.0 => Severity::Critical,
        (_, Level::Past, _) if grave(scene, gauge, target, series) => Severity::Critical,
        (Role::Connections | Role::FreeStorage, Level::Past, _)
        | (_, Level::Past, true)
        | (Role::Connections, Level::Near, true) => Severity::Warning,
        _ if falling.as_ref().is_some_and(|f| f.left <= SHIFT) => Severity::Warning,
        _ => Severity::Notice,
    };
    let name = whose(scene, gauge);
    let title = match (gauge.role, level) {
        (Role::Connections, Level::Past) => format!("{name} past their target"),
        (Role::Connections, _) => format!("{name} near their target"),
        (Role::FreeStorage, Level::Well) => format!("{name} runs out"),
        (Role::FreeStorage, _) => format!("{name} is low"),
        _ => format!("{name} past its target"),
    };
    let onset = if level == Level::Well { None } else { series.since(|value| target.level(value) >= level) };
    // The alarm on this metric will tell of the same thing: one id, so that the bell rings once for both.
    let id = match alarms().next() {
        Some(alarm) => format!("alarm/{}", alarm.name),
        None => format!("gauge/{}/{}/{}", scene.path(gauge.subject), gauge.query.metric, gauge.query.statistic),
    };
    let mut draft = Draft::new(Topic::metric(&gauge.query), severity, gauge.subject, id, title)
        .symptom(symptom(gauge))
        .evidence(evidence(gauge, target, level, point.value))
        .notes(falling.as_ref().map(|f| format!("full in {}", about(f.left))))
        .since(onset.or_else(|| falling.and_then(|f| f.since)));
    // What treats the alarm on this metric treats what it will tell of.
    draft.gauges = vec![i];
    draft.runbook = alarms().find_map(|alarm| scene.platform.treats(&alarm.name)).cloned();
    Some(draft)
}

/// An alarm that fires on what is past this target: one on a lack of connections has nothing to do with too many.
fn is_on_that_side(alarm: &Alarm, target: Target) -> bool {
    alarm.condition.as_ref().is_some_and(|condition| match condition.comparison {
        Comparison::Greater | Comparison::GreaterOrEqual => matches!(target, Target::Below(_)),
        Comparison::Less | Comparison::LessOrEqual => matches!(target, Target::Above(_)),
    })
}

/// So far past its target that nobody should wait for an alarm.
///
/// Where the team has a critical alarm on the same series, its threshold says how far that is. Where no
/// alarm says anything, a multiple of the target does, but only of what users feel.
fn grave<'a>(scene: &Scene<'a>, gauge: &'a Gauge, target: Target, series: &Series) -> bool {
    let alarms = scene.alarms_on(&gauge.query);
    let same = |c: &&AlarmCondition| c.query.statistic == gauge.query.statistic;
    let critical = |name: &str| scene.platform.expected_alarm(name).is_some_and(|e| e.severity == Severity::Critical);
    let conditions = alarms.iter().filter(|a| critical(&a.name)).filter_map(|a| a.condition.as_ref());
    if let Some(condition) = conditions.clone().find(same) {
        // As far again as the threshold at once; the threshold itself when it is more than a spike.
        let holds = |value: f64, times: f64| match condition.comparison {
            Comparison::Greater | Comparison::GreaterOrEqual => {
                condition.comparison.holds(value, condition.threshold * times)
            }
            Comparison::Less | Comparison::LessOrEqual => {
                condition.comparison.holds(value, condition.threshold / times)
            }
        };
        let lasting = series.run(|value| holds(value, 1.0)).count() >= LASTING;
        return lasting || series.latest().is_some_and(|p| holds(p.value, 2.0));
    }
    let far = match target {
        Target::Below(border) => border > 0.0 && series.latest().is_some_and(|p| p.value >= border * FAR),
        Target::Above(border) => series.latest().is_some_and(|p| p.value <= border / FAR),
    };
    far && conditions.count() == 0 && symptom(gauge).hurts_users()
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

pub(super) fn symptom(gauge: &Gauge) -> Symptom {
    match gauge.role {
        Role::Cpu => Symptom::Cpu,
        Role::Memory => Symptom::Memory,
        Role::Connections => Symptom::Connections,
        Role::FreeStorage => Symptom::Storage,
        Role::Other => Symptom::of_metric(&gauge.query.metric, gauge.target),
    }
}

fn evidence(gauge: &Gauge, target: Target, level: Level, value: f64) -> String {
    let (shown, border) = gauge.unit.show_apart(value, target.border());
    let sign = match target {
        Target::Below(_) => ">",
        Target::Above(_) => "<",
    };
    match level {
        Level::Past if shown == border => format!("{} {shown}, target {}", gauge.title, target.show(gauge.unit)),
        Level::Past => format!("{} {shown} {sign} {border}", gauge.title),
        Level::Well => format!("{} {shown}", gauge.title),
        Level::Near => format!("{} {shown}, target {}", gauge.title, target.show(gauge.unit)),
    }
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
