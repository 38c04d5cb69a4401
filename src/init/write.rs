//! What was found, as a commented platform file. Pure.

mod gauges;
mod known;

use std::fmt::Write as _;

use super::found::{Found, FoundService};
use crate::platform::text::printable;
use crate::platform::{Alarm, AlarmCondition, Comparison, Database};

/// More alarms than this, of no service or database of the platform, are other people's.
const OWN_ALARMS: usize = 50;

/// The platform file of what was found. It always reads back.
pub fn write(found: &Found) -> String {
    let mut out = String::from(
        "# Written by `plantao init`, which looked at the account. Read it, and change what is not so.\n\
         # The format, with all that may be written: assets/platform.toml in plantao's repository.\n\
         # After a change: plantao check\n\n",
    );
    for note in &found.notes {
        let _ = writeln!(out, "# Could not be looked at: {}", comment(note));
    }
    line(&mut out, "name", &found.name);
    if let Some(account) = &found.account {
        out.push_str("# The account that it must be: with any other, plantao says so first.\n");
        line(&mut out, "account", account);
    }
    if let Some(region) = &found.region {
        line(&mut out, "region", region);
    }
    if let Some(profile) = &found.profile {
        line(&mut out, "profile", profile);
    }
    for one in &found.services {
        service(&mut out, one);
    }
    for one in &found.databases {
        database(&mut out, one);
    }
    gauges::write(&mut out, found);
    alarms(&mut out, found);
    out.push_str("\n# [[link]]\n# title = \"Dashboard\"\n# url = \"https://…\"\n");
    out
}

fn service(out: &mut String, service: &FoundService) {
    out.push_str("\n[[service]]\n");
    line(out, "name", &service.name);
    line(out, "cluster", &service.cluster);
    let main = service.main_container();
    if let Some(main) = main {
        let others: Vec<_> = service.containers.iter().filter(|c| *c != main).map(|c| c.name.as_str()).collect();
        if !others.is_empty() {
            let _ =
                writeln!(out, "# The container that carries the release; beside it: {}", comment(&others.join(", ")));
        }
        line(out, "container", &main.name);
        if let Some(group) = &main.log_group {
            line(out, "log-group", group);
        }
        if let Some(repository) = main.repository() {
            line(out, "repository", repository);
        }
    }
    match service.scaling {
        Some(scaling) => {
            let _ = writeln!(out, "auto-scaling = true    # {} to {} tasks today", scaling.min, scaling.max);
        }
        None => out.push_str("auto-scaling = false   # it has no scalable target\n"),
    }
    out.push_str(
        "# health-url = \"https://…/health\"\n# Database connections that one task may hold:\n# pool-size = 10\n",
    );
}

fn database(out: &mut String, database: &Database) {
    out.push_str("\n[[database]]\n");
    line(out, "id", &database.id);
    let _ =
        writeln!(out, "# {} {}, {}", comment(&database.engine), comment(&database.version), comment(&database.class));
    match memory_gib(&database.class).filter(|_| database.engine.contains("postgres")) {
        Some(gib) => {
            let _ = writeln!(
                out,
                "# An estimate from the class, below what PostgreSQL allows by default: see SHOW max_connections.\n\
                 connections-limit = {}",
                (gib * 80).min(4_000)
            );
        }
        None => out.push_str("# connections-limit = 80   # four fifths of max_connections is a good limit\n"),
    }
    out.push_str("# How vacuum reaches it; PLANTAO_DATABASE_URL wins over both, and a URL with a password is better kept in a secret.\n# secret = \"…\"             # the Secrets Manager secret that holds its URL\n# url = \"postgresql://USER@HOST:5432/NAME\"\n# database = \"…\"           # its name inside the instance\n");
}

/// Memory of the burstable, general and memory-optimised classes, from Amazon RDS's table of
/// "Hardware specifications for DB instance classes".
fn memory_gib(class: &str) -> Option<u32> {
    let mut parts = class.strip_prefix("db.")?.split('.');
    let (family, size) = (parts.next()?, parts.next()?);
    let general = match size {
        "micro" => 1,
        "small" => 2,
        "medium" => 4,
        "large" => 8,
        "xlarge" => 16,
        _ => size.strip_suffix("xlarge")?.parse::<u32>().ok().filter(|n| (1..=64).contains(n))? * 16,
    };
    match family.chars().next()? {
        't' | 'm' => Some(general),
        'r' => Some(general * 2),
        _ => None,
    }
}

fn alarms(out: &mut String, found: &Found) {
    let mut own: Vec<&Alarm> = found.alarms.iter().filter(|alarm| !alarm.only_scales()).collect();
    if own.len() > OWN_ALARMS {
        own.retain(|alarm| alarm.condition.as_ref().is_some_and(|condition| belongs(found, condition)));
    }
    own.sort_by(|a, b| a.name.cmp(&b.name));
    own.dedup_by(|a, b| a.name == b.name);
    if own.is_empty() {
        out.push_str("\n# [[alarm]]\n# name = \"…\"\n# severity = \"critical\"\n# runbook = \"rollback\"\n");
        return;
    }
    out.push_str(
        "\n# The alarms that the team counts on. Severity is a guess from the name: critical (users are hurt now), warning,\n\
         # notice. A runbook stands where the metric leaves no doubt; elsewhere plantao goes by what else is wrong. It may\n\
         # be scale, rollback, emergency-deploy, vacuum, or one of your own.\n",
    );
    for alarm in own {
        if unfit(&alarm.name) {
            let _ = writeln!(out, "\n# Left out, for its name: {}", comment(&alarm.name));
            continue;
        }
        out.push_str("\n[[alarm]]\n");
        line(out, "name", &alarm.name);
        line(out, "severity", if is_critical(&alarm.name) { "critical" } else { "warning" });
        if let Some(runbook) = alarm.condition.as_ref().and_then(runbook) {
            line(out, "runbook", runbook);
        }
        if let Some(when) = description(alarm).or_else(|| alarm.condition.as_ref().map(when)) {
            line(out, "when", &when);
        }
    }
}

fn belongs(found: &Found, condition: &AlarmCondition) -> bool {
    condition.query.dimensions.iter().any(|(_, value)| {
        found.services.iter().any(|s| s.name == *value || s.cluster == *value)
            || found.databases.iter().any(|d| d.id == *value)
    })
}

fn is_critical(name: &str) -> bool {
    let name = name.to_lowercase();
    ["down", "critical", "outage", "unavailable", "unhealthy", "errorrate", "failure"]
        .iter()
        .any(|word| name.contains(word))
}

/// Only where the metric leaves no doubt.
fn runbook(condition: &AlarmCondition) -> Option<&'static str> {
    let high = matches!(condition.comparison, Comparison::Greater | Comparison::GreaterOrEqual);
    match (condition.query.namespace.as_str(), condition.query.metric.as_str()) {
        ("AWS/ECS", "CPUUtilization" | "MemoryUtilization") if high => Some("scale"),
        _ => None,
    }
}

/// The owner's own words, if they are few.
fn description(alarm: &Alarm) -> Option<String> {
    let words = alarm.description.as_deref()?.trim();
    let few = !words.is_empty() && words.chars().count() <= 80 && !words.contains(char::is_control);
    few.then(|| words.to_owned())
}

fn when(condition: &AlarmCondition) -> String {
    let seconds = u64::from(condition.period_seconds) * u64::from(condition.evaluation_periods);
    let lasting = if seconds >= 120 { format!("{} min", seconds / 60) } else { format!("{seconds} s") };
    format!("{} {} {} for {lasting}", condition.query.metric, condition.comparison.sign(), condition.threshold)
}

/// A name that the format refuses. AWS gives none such; a fake one may.
pub(super) fn unfit(name: &str) -> bool {
    name.trim().is_empty() || name.starts_with("arn:")
}

fn line(out: &mut String, key: &str, value: &str) {
    let _ = writeln!(out, "{key} = {}", quoted(value));
}

/// A comment ends with its line and holds no control characters: TOML's rule.
fn comment(text: &str) -> String {
    printable(text).into_owned()
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests;
