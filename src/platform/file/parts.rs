//! The parts of a platform file: services, databases, caches, alarms, prices, links.

use std::collections::HashSet;
use std::hash::Hash;
use std::ops::Range;

use super::SHIPPED_RUNBOOKS;
use super::table::{Fields, Word};
use crate::platform::{CacheSpec, DatabaseSpec, ExpectedAlarm, Link, Prices, Secret, ServiceSpec, Severity};

/// A limit for connections where the file gives none: the seed platform's, whose `db.t4g.micro`
/// allows about 85.
const CONNECTIONS_LIMIT: u32 = 80;

/// A service and what only its gauges need.
pub(super) struct ServiceEntry {
    pub(super) spec: ServiceSpec,
}

/// A database and what only its gauges need.
pub(super) struct DatabaseEntry {
    pub(super) spec: DatabaseSpec,
    pub(super) connections_limit: u32,
}

/// Says when a name was there before.
fn once<K: Eq + Hash>(fields: &Fields, seen: &mut HashSet<K>, key: K, span: Range<usize>, message: &str) {
    if !seen.insert(key) {
        fields.report.error(span, message).expected("each one once");
    }
}

/// A name, not an ARN: CloudWatch's dimensions know only names.
fn plain_name(fields: &Fields, key: &'static str) -> Option<Word> {
    let word = fields.need(key)?;
    if word.text.starts_with("arn:") {
        let name = word.text.rsplit(['/', ':']).next().unwrap_or_default();
        word.wrong(fields.report, &format!("{key} is an ARN")).expected(&format!("its name alone: \"{name}\""));
        return None;
    }
    Some(word)
}

pub(super) fn services(top: &Fields) -> Vec<ServiceEntry> {
    let mut seen = HashSet::new();
    let mut services = Vec::new();
    for fields in top.tables("service") {
        let (name, cluster) = (plain_name(&fields, "name"), plain_name(&fields, "cluster"));
        if let (Some(name), Some(cluster)) = (&name, &cluster) {
            let message = format!("there are two services \"{}\" in cluster \"{}\"", name.text, cluster.text);
            let key = (cluster.text.clone(), name.text.clone());
            once(&fields, &mut seen, key, name.span.clone(), &message);
        }
        let spec = ServiceSpec {
            name: name.map(|w| w.text).unwrap_or_default(),
            cluster: cluster.map(|w| w.text).unwrap_or_default(),
            container: fields.text("container").map(|w| w.text),
            health_url: fields.url("health-url", &["http://", "https://"]).map(|w| w.text),
            pool_size: fields.whole("pool-size", 1..=100_000),
            log_group: fields.text("log-group").map(|w| w.text),
            repository: fields.text("repository").map(|w| w.text),
            auto_scaling: fields.boolean("auto-scaling").unwrap_or(true),
        };
        services.push(ServiceEntry { spec });
        fields.finish();
    }
    services
}

pub(super) fn databases(top: &Fields) -> Vec<DatabaseEntry> {
    let mut seen = HashSet::new();
    let mut databases = Vec::new();
    for fields in top.tables("database") {
        let id = plain_name(&fields, "id");
        if let Some(id) = &id {
            let message = format!("there are two databases \"{}\"", id.text);
            once(&fields, &mut seen, id.text.clone(), id.span.clone(), &message);
        }
        let spec = DatabaseSpec {
            id: id.map(|w| w.text).unwrap_or_default(),
            url: fields.url("url", &["postgresql://", "postgres://"]).map(|w| Secret::new(w.text)),
            secret: fields.text("secret").map(|w| w.text),
            database: fields.text("database").map(|w| w.text),
        };
        let connections_limit = fields.whole("connections-limit", 1..=1_000_000).unwrap_or(CONNECTIONS_LIMIT);
        databases.push(DatabaseEntry { spec, connections_limit });
        fields.finish();
    }
    databases
}

pub(super) fn caches(top: &Fields) -> Vec<CacheSpec> {
    let mut seen = HashSet::new();
    let mut caches = Vec::new();
    for fields in top.tables("cache") {
        let name = fields.need("name");
        if let Some(name) = &name {
            let message = format!("there are two caches \"{}\"", name.text);
            once(&fields, &mut seen, name.text.clone(), name.span.clone(), &message);
        }
        let url = fields.url("url", &["redis://", "rediss://"]).map(|w| Secret::new(w.text));
        caches.push(CacheSpec { name: name.map(|w| w.text).unwrap_or_default(), url });
        fields.finish();
    }
    caches
}

const SEVERITIES: [(&str, Severity); 3] =
    [("critical", Severity::Critical), ("warning", Severity::Warning), ("notice", Severity::Notice)];

pub(super) fn alarms(top: &Fields, own_runbooks: &[String]) -> Vec<ExpectedAlarm> {
    let runbooks = || SHIPPED_RUNBOOKS.into_iter().chain(own_runbooks.iter().map(String::as_str));
    let mut seen = HashSet::new();
    let mut alarms = Vec::new();
    for fields in top.tables("alarm") {
        let name = plain_name(&fields, "name");
        if let Some(name) = &name {
            let message = format!("there are two alarms \"{}\"", name.text);
            once(&fields, &mut seen, name.text.clone(), name.span.clone(), &message);
        }
        let severity = fields.need("severity").and_then(|word| {
            let known = SEVERITIES.iter().find(|(name, _)| *name == word.text).map(|(_, severity)| *severity);
            if known.is_none() {
                word.wrong(fields.report, &format!("\"{}\" is no severity", word.text))
                    .one_of(&word.text, SEVERITIES.iter().map(|(name, _)| *name));
            }
            known
        });
        let runbook = fields.text("runbook");
        if let Some(word) = &runbook
            && !runbooks().any(|known| known == word.text)
        {
            word.wrong(fields.report, &format!("there is no runbook \"{}\"", word.text)).one_of(&word.text, runbooks());
        }
        alarms.push(ExpectedAlarm {
            name: name.map(|w| w.text).unwrap_or_default(),
            severity: severity.unwrap_or(Severity::Warning),
            runbook: runbook.map(|w| w.text),
            when: fields.text("when").map(|w| w.text),
        });
        fields.finish();
    }
    alarms
}

pub(super) fn prices(top: &Fields) -> Prices {
    let usual = Prices::default();
    let Some(fields) = top.table("prices") else { return usual };
    let prices = Prices {
        task_month: fields.price("task-month").unwrap_or(usual.task_month),
        vcpu_hour: fields.price("vcpu-hour"),
        gb_hour: fields.price("gb-hour"),
        thousand_metrics: fields.price("thousand-metrics").unwrap_or(usual.thousand_metrics),
    };
    fields.finish();
    prices
}

pub(super) fn links(top: &Fields) -> Vec<Link> {
    let mut links = Vec::new();
    for fields in top.tables("link") {
        let title = fields.need("title").map(|w| w.text).unwrap_or_default();
        let url = fields.url("url", &["http://", "https://"]).map(|w| w.text).unwrap_or_default();
        links.push(Link { title, url });
        fields.finish();
    }
    links
}
