//! The gauges of a platform: the standard ones of each service and database, and the file's own.

use std::collections::HashSet;

use super::parts::{DatabaseEntry, ServiceEntry};
use super::table::{Fields, Word};
use crate::platform::{Gauge, MetricQuery, Role, Statistic, Subject, Target, Unit};

const ECS: &str = "AWS/ECS";
const RDS: &str = "AWS/RDS";

const UNITS: [(&str, Unit); 6] = [
    ("percent", Unit::Percent),
    ("count", Unit::Count),
    ("bytes", Unit::Bytes),
    ("milliseconds", Unit::Milliseconds),
    ("seconds", Unit::Seconds),
    ("per-second", Unit::PerSecond),
];

const STATISTICS: [&str; 8] = ["Average", "Minimum", "Maximum", "Sum", "SampleCount", "p50", "p95", "p99"];

/// What every service is measured by: CloudWatch's own ECS metrics, and the seed's targets.
const OF_SERVICE: [Standard; 2] = [
    Standard("CPU", Role::Cpu, "CPUUtilization", Statistic::Average, Unit::Percent, Target::Below(65.0)),
    Standard("memory", Role::Memory, "MemoryUtilization", Statistic::Average, Unit::Percent, Target::Below(75.0)),
];

struct Standard(&'static str, Role, &'static str, Statistic, Unit, Target);

impl Standard {
    fn gauge(&self, subject: Subject, namespace: &str, dimensions: &[(String, String)]) -> Gauge {
        let &Standard(title, role, metric, statistic, unit, target) = self;
        let query = MetricQuery {
            namespace: namespace.to_owned(),
            metric: metric.to_owned(),
            dimensions: dimensions.to_vec(),
            statistic,
        };
        Gauge { title: title.to_owned(), subject, role, query, unit, target: Some(target) }
    }
}

/// What every database is measured by. Connections are counted at their peak: the minute's average
/// hides the moment at which the last slot was taken.
fn of_database(limit: u32) -> [Standard; 3] {
    let limit = Target::Below(f64::from(limit));
    [
        Standard("connections", Role::Connections, "DatabaseConnections", Statistic::Maximum, Unit::Count, limit),
        Standard("CPU", Role::Cpu, "CPUUtilization", Statistic::Average, Unit::Percent, Target::Below(70.0)),
        Standard(
            "free space",
            Role::FreeStorage,
            "FreeStorageSpace",
            Statistic::Minimum,
            Unit::Bytes,
            Target::Above(2e9),
        ),
    ]
}

/// The dimensions that CloudWatch gives the standard metrics of a subject.
fn standard_dimensions(
    subject: Subject,
    services: &[ServiceEntry],
    databases: &[DatabaseEntry],
) -> Option<(&'static str, Vec<(String, String)>)> {
    match subject {
        Subject::Service(i) => {
            let spec = &services.get(i)?.spec;
            let of = |name: &str, value: &str| (name.to_owned(), value.to_owned());
            Some((ECS, vec![of("ClusterName", &spec.cluster), of("ServiceName", &spec.name)]))
        }
        Subject::Database(i) => {
            let id = databases.get(i)?.spec.id.clone();
            Some((RDS, vec![("DBInstanceIdentifier".to_owned(), id)]))
        }
        Subject::Platform => None,
    }
}

/// The standard gauges, then the file's own; one that reads the metric of a standard one takes its
/// place and role.
pub(super) fn read(top: &Fields, services: &[ServiceEntry], databases: &[DatabaseEntry]) -> Vec<Gauge> {
    let mut gauges = Vec::new();
    for subject in (0..services.len()).map(Subject::Service).chain((0..databases.len()).map(Subject::Database)) {
        let Some((namespace, dimensions)) = standard_dimensions(subject, services, databases) else { continue };
        if let Subject::Database(i) = subject {
            let limit = databases.get(i).map_or(0, |d| d.connections_limit);
            gauges.extend(of_database(limit).iter().map(|s| s.gauge(subject, namespace, &dimensions)));
        } else {
            gauges.extend(OF_SERVICE.iter().map(|s| s.gauge(subject, namespace, &dimensions)));
        }
    }
    let standard = gauges.len();
    let mut replaced = HashSet::new();
    for fields in top.tables("gauge") {
        let (title, read) = one(&fields, services, databases);
        fields.finish();
        let (Some(title), Some(mut gauge)) = (title, read) else { continue };
        let place = gauges[..standard]
            .iter()
            .position(|known| known.query.same_metric(&gauge.query))
            .filter(|place| !replaced.contains(place));
        let taken = |known: &Gauge| known.subject == gauge.subject && known.title == gauge.title;
        let others = || gauges.iter().enumerate().filter(|(i, _)| Some(*i) != place).map(|(_, known)| known);
        if others().any(|known| known.query == gauge.query) {
            title.wrong(top.report, "another gauge reads the same statistic of the same metric").expected("it once");
        } else if others().any(taken) {
            title
                .wrong(top.report, &format!("two gauges of one thing are called \"{}\"", title.text))
                .expected("a title of its own; CPU, memory, connections and free storage are there without asking");
        }
        if let Some(place) = place {
            replaced.insert(place);
            gauge.subject = gauges[place].subject;
            gauge.role = gauges[place].role;
            gauges[place] = gauge;
        } else {
            gauges.push(gauge);
        }
    }
    gauges
}

/// One `[[gauge]]`: its title, for messages, and the gauge if it is sound.
fn one(fields: &Fields, services: &[ServiceEntry], databases: &[DatabaseEntry]) -> (Option<Word>, Option<Gauge>) {
    let title = fields.need("title");
    let subject = match fields.text("of") {
        Some(word) => subject(fields, &word, services, databases),
        None => Some(Subject::Platform),
    };
    let (namespace, metric) = (fields.need("namespace"), fields.need("metric"));
    let dimensions = fields.pairs("dimensions");
    let statistic = statistic(fields);
    let unit = unit(fields);
    let target = fields.text("target").and_then(|word| target(fields, &word, unit));
    let gauge = (|| {
        let (subject, namespace, metric) = (subject?, namespace?.text, metric?.text);
        let dimensions = match (dimensions, standard_dimensions(subject, services, databases)) {
            (Some(given), _) => given,
            (None, Some((of, standard))) if namespace == of => standard,
            (None, _) => Vec::new(),
        };
        let query = MetricQuery { namespace, metric, dimensions, statistic: statistic? };
        let title = title.clone()?.text;
        Some(Gauge { title, subject, role: Role::Other, query, unit: unit.unwrap_or_default(), target })
    })();
    (title, gauge)
}

fn statistic(fields: &Fields) -> Option<Statistic> {
    let Some(word) = fields.text("statistic") else {
        return fields.is_absent("statistic").then_some(Statistic::Average);
    };
    match word.text.parse() {
        Ok(statistic) => Some(statistic),
        Err(expected) => {
            let expected: String = expected;
            word.wrong(fields.report, &format!("\"{}\" is no statistic of CloudWatch", word.text))
                .one_of(&word.text, STATISTICS.into_iter())
                .expected(expected.strip_prefix("expected ").unwrap_or(&expected));
            None
        }
    }
}

/// Where the unit is none, a target that would be one of some unit is not complained of.
fn target(fields: &Fields, word: &Word, unit: Option<Unit>) -> Option<Target> {
    let read = |unit| Target::read(&word.text, unit).filter(|target| target.border().is_finite());
    let target = match unit {
        Some(unit) => read(unit),
        None => UNITS.into_iter().find_map(|(_, unit)| read(unit)),
    };
    if target.is_none() {
        let (whose, like) = unit.map_or(("", "50".to_owned()), |unit| (" for this unit", unit.show(50.0)));
        word.wrong(fields.report, &format!("\"{}\" is no target{whose}", word.text))
            .expected(&format!("\"<\" or \">\" and a value, like \"< {like}\""));
    }
    target
}

fn unit(fields: &Fields) -> Option<Unit> {
    let Some(word) = fields.text("unit") else { return fields.is_absent("unit").then_some(Unit::Count) };
    let known = UNITS.iter().find(|(name, _)| *name == word.text).map(|(_, unit)| *unit);
    if known.is_none() {
        word.wrong(fields.report, &format!("\"{}\" is no unit", word.text))
            .one_of(&word.text, UNITS.iter().map(|(name, _)| *name));
    }
    known
}

/// Whose gauge it is: a service by its name or `cluster/name`, a database by its id or `rds/id`.
fn subject(fields: &Fields, word: &Word, services: &[ServiceEntry], databases: &[DatabaseEntry]) -> Option<Subject> {
    let names: Vec<(Subject, &str, String)> = services
        .iter()
        .enumerate()
        .map(|(i, s)| (Subject::Service(i), s.spec.name.as_str(), format!("{}/{}", s.spec.cluster, s.spec.name)))
        .chain(databases.iter().enumerate().map(|(i, d)| {
            let id = d.spec.id.as_str();
            (Subject::Database(i), id, format!("rds/{id}"))
        }))
        .filter(|(_, name, _)| !name.is_empty())
        .collect();
    let meant: Vec<_> = names.iter().filter(|(_, short, long)| *short == word.text || *long == word.text).collect();
    match meant.as_slice() {
        [(subject, ..)] => Some(*subject),
        [] => {
            let quoted: Vec<String> = names.iter().map(|(_, short, _)| format!("\"{short}\"")).collect();
            let these = if quoted.is_empty() { String::new() } else { format!(": {}", quoted.join(", ")) };
            word.wrong(fields.report, &format!("there is no service or database \"{}\" in this file", word.text))
                .one_of(&word.text, names.iter().map(|(_, short, _)| *short))
                .expected(&format!(
                    "the name of a [[service]] or the id of a [[database]]{these}; without this line it is the platform's"
                ));
            None
        }
        many => {
            word.wrong(fields.report, &format!("\"{}\" may mean several things", word.text))
                .one_of("", many.iter().map(|(_, _, long)| long.as_str()));
            None
        }
    }
}
