//! Parts of the picture that cannot be told, one finding for one reason.

use std::collections::BTreeMap;

use super::draft::{Draft, Topic};
use super::scene::Scene;
use crate::platform::{Part, Severity, Subject, Trouble, TroubleKind};

/// What cannot be told for one reason.
struct Group<'a> {
    trouble: &'a Trouble,
    /// What is asked of AWS (`service`), the names of those not told, in the order of asking.
    parts: BTreeMap<Noun, Vec<String>>,
    /// Some value is missing, or older than it should be.
    blind: bool,
    subject: Option<Subject>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Noun {
    Service,
    Task,
    Database,
    Alarm,
    Gauge,
    Scaling,
    Identity,
}

impl Noun {
    fn say(self, names: &[String]) -> String {
        match (self, names) {
            (Noun::Service, [name]) => format!("service {name}"),
            (Noun::Service, names) => format!("{} services", names.len()),
            (Noun::Task, [name]) => format!("tasks of {name}"),
            (Noun::Task, names) => format!("tasks of {} services", names.len()),
            (Noun::Database, [name]) => format!("database {name}"),
            (Noun::Database, names) => format!("{} databases", names.len()),
            (Noun::Alarm, _) => "alarms".to_owned(),
            (Noun::Gauge, [name]) => format!("gauge {name}"),
            (Noun::Gauge, names) => format!("{} gauges", names.len()),
            (Noun::Scaling, [name]) => format!("auto scaling of {name}"),
            (Noun::Scaling, names) => format!("auto scaling of {} services", names.len()),
            (Noun::Identity, _) => "whose account this is".to_owned(),
        }
    }
}

pub(super) fn look<'a>(scene: &Scene<'a>, drafts: &mut Vec<Draft<'a>>) {
    // One permission is one reason; any other kind of trouble is one reason wherever it shows.
    let mut groups: BTreeMap<(TroubleKind, &str), Group> = BTreeMap::new();
    let picture = scene.picture;
    let mut gather = Gather { scene, groups: &mut groups };
    gather.take(&picture.identity, Noun::Identity, Subject::Platform, "");
    for (i, service) in picture.services.iter().enumerate() {
        let subject = Subject::Service(i);
        // That it is not found is a finding of its own, and says all.
        if !scene.is_missing(subject) {
            let name = scene.called(i);
            gather.take(&service.state, Noun::Service, subject, &name);
            gather.take(&service.tasks, Noun::Task, subject, &name);
            gather.take(&service.scaling, Noun::Scaling, subject, &name);
        }
    }
    for (i, (spec, database)) in scene.platform.databases.iter().zip(&picture.databases).enumerate() {
        if !scene.is_missing(Subject::Database(i)) {
            gather.take(database, Noun::Database, Subject::Database(i), &spec.id);
        }
    }
    gather.take(&picture.alarms, Noun::Alarm, Subject::Platform, "");
    for (gauge, series) in scene.platform.gauges.iter().zip(&picture.series) {
        gather.take(series, Noun::Gauge, gauge.subject, &gauge.title);
    }
    let silenced = picture.silenced().map(|trouble| trouble.kind);
    drafts.extend(groups.into_iter().map(|((kind, operation), group)| {
        let draft = draft(kind, operation, &group);
        match nothing(kind).filter(|_| silenced == Some(kind)) {
            Some(title) => Draft { title: title.to_owned(), subject: Subject::Platform, ..draft },
            None => draft,
        }
    }));
}

/// What is said where every part fails so: which ones they are is then no news.
fn nothing(kind: TroubleKind) -> Option<&'static str> {
    match kind {
        TroubleKind::Throttled => Some("AWS throttles every question"),
        TroubleKind::TimedOut => Some("AWS does not answer"),
        TroubleKind::Unreachable => Some("AWS can't be reached"),
        TroubleKind::Unavailable => Some("AWS is in trouble"),
        TroubleKind::BadAnswer => Some("no answer can be read"),
        _ => None,
    }
}

struct Gather<'g, 's, 'a> {
    scene: &'s Scene<'a>,
    groups: &'g mut BTreeMap<(TroubleKind, &'a str), Group<'a>>,
}

impl<'a> Gather<'_, '_, 'a> {
    fn take<T>(&mut self, part: &'a Part<T>, noun: Noun, subject: Subject, name: &str) {
        let Some(trouble) = part.trouble() else { return };
        // No credentials or expired ones: the cure is the same.
        let kind = match trouble.kind {
            TroubleKind::NoCredentials => TroubleKind::ExpiredCredentials,
            kind => kind,
        };
        let operation = if kind == TroubleKind::Denied { trouble.operation.as_str() } else { "" };
        let blind = part.value().is_none() || part.stale_age(self.scene.now).is_some();
        let group = self.groups.entry((kind, operation)).or_insert_with(|| Group {
            trouble,
            parts: BTreeMap::new(),
            blind: false,
            subject: Some(subject),
        });
        group.parts.entry(noun).or_default().push(name.to_owned());
        group.blind |= blind;
        if trouble.since < group.trouble.since {
            group.trouble = trouble;
        }
        if group.subject != Some(subject) {
            group.subject = None;
        }
    }
}

fn draft<'a>(kind: TroubleKind, operation: &str, group: &Group) -> Draft<'a> {
    let trouble = group.trouble;
    let credentials = kind == TroubleKind::ExpiredCredentials;
    let id = match kind {
        TroubleKind::ExpiredCredentials => "credentials".to_owned(),
        TroubleKind::Denied => format!("unknown/{operation}"),
        kind => format!("unknown/{kind:?}"),
    };
    let title = if credentials {
        match trouble.kind {
            TroubleKind::NoCredentials => "no AWS credentials".to_owned(),
            _ => "AWS credentials expired".to_owned(),
        }
    } else {
        let parts: Vec<String> = group.parts.iter().map(|(noun, names)| noun.say(names)).collect();
        format!("cannot tell {}", list(&parts))
    };
    // One question that failed while its last answer is still fresh is no cause for alarm.
    let severity = if group.blind || credentials { Severity::Warning } else { Severity::Notice };
    let topic = if kind == TroubleKind::ClockSkew { Topic::Clock } else { Topic::Own };
    let subject = if credentials { Subject::Platform } else { group.subject.unwrap_or(Subject::Platform) };
    let called = trouble.operation.rsplit(':').next().unwrap_or_default();
    let said = credentials || trouble.why.contains(called);
    let operation = if said { String::new() } else { format!(" ({})", trouble.operation) };
    Draft::new(topic, severity, subject, id, title)
        .evidence(format!("{}{operation}", trouble.why))
        .notes(trouble.remedy.clone())
        .since(Some(trouble.since))
}

/// `a`, `a and b`, `a, b and c`.
fn list(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}
