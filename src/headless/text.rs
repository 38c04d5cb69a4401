//! The status as text, 80 columns wide, without colours.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::Status;
use crate::platform::lines::{Table, cut, wrap};
use crate::platform::text::{age, date};
use crate::platform::{AlarmState, Database, Level, Part, Pulse, Rollout, Scaling, Service, ServiceStatus, Severity};
use crate::triage::{self, Finding, Verdict};

const WIDTH: usize = 80;

impl Status {
    /// As text: the verdict, what is wrong, then what is known. Every line fits 80 columns, ends in a
    /// newline, and holds nothing that a terminal would obey.
    pub fn text(&self) -> String {
        let mut out = String::new();
        self.header(&mut out);
        for finding in &self.findings {
            out.push('\n');
            out.push_str(&self.finding(finding));
        }
        self.services(&mut out);
        self.databases(&mut out);
        self.gauges(&mut out);
        self.alarms(&mut out);
        out
    }

    fn header(&self, out: &mut String) {
        let mut parts = vec![self.platform.name.clone()];
        parts.extend(self.region.clone());
        if let Some(identity) = self.picture.identity.value() {
            parts.push(identity.account.clone());
            parts.push(identity.who().to_owned());
        }
        parts.push(date(self.at));
        let _ = writeln!(out, "{}", cut(&parts.join("  "), WIDTH));
        let unwatched = match (self.verdict, triage::unwatched(&self.platform).as_slice()) {
            (Verdict::Well, lacking @ [_, ..]) => format!("; not watched: {} (no gauge)", lacking.join(", ")),
            _ => String::new(),
        };
        let _ = writeln!(out, "{}{}{unwatched}", self.verdict.word(), self.counted());
    }

    /// How many findings of each severity, the worst first: one number for all would call a notice critical.
    fn counted(&self) -> String {
        let parts: Vec<String> = [Severity::Critical, Severity::Warning, Severity::Notice]
            .into_iter()
            .map(|severity| (severity, self.findings.iter().filter(|f| f.severity == severity).count()))
            .filter(|(_, count)| *count > 0)
            .map(|(severity, count)| severity.count(count))
            .collect();
        if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) }
    }

    fn finding(&self, finding: &Finding) -> String {
        let since = finding.since.map(|since| format!("  for {}", age(since, self.at))).unwrap_or_default();
        let title = format!("{}{since}", finding.title);
        let mut out = wrap(finding.severity.word(), 10, &title, WIDTH);
        let evidence = Some(finding.evidence.clone());
        let lines = [evidence, finding.advice.clone(), finding.command.clone(), finding.beginning()];
        for line in lines.into_iter().flatten() {
            if !line.trim().is_empty() {
                out.push_str(&wrap("", 10, &line, WIDTH));
            }
        }
        if let Some(runbook) = &finding.runbook {
            out.push_str(&wrap("", 10, &format!("runbook: {runbook}"), WIDTH));
        }
        out
    }

    fn services(&self, out: &mut String) {
        let mut table = Table::default();
        for (spec, service) in self.platform.services.iter().zip(&self.picture.services) {
            let scaling = match service.scaling.value() {
                Some(Some(scaling)) => scaling_bounds(scaling),
                _ => String::new(),
            };
            let name = self.platform.service_name(spec);
            match service.state.value() {
                Some(state) => {
                    table.row([
                        name,
                        tasks(state, service.pulse()),
                        format!("{}{scaling}", deployment(state, self.at)),
                    ]);
                }
                None => table.row([name, not_known(&service.state).to_owned()]),
            }
        }
        section(out, "services", &table);
    }

    fn databases(&self, out: &mut String) {
        let mut table = Table::default();
        for (spec, part) in self.platform.databases.iter().zip(&self.picture.databases) {
            match part.value() {
                Some(database) => table.row([spec.id.clone(), database.status.clone(), kind(database, self.at)]),
                None => table.row([spec.id.clone(), not_known(part).to_owned()]),
            }
        }
        section(out, "databases", &table);
    }

    fn gauges(&self, out: &mut String) {
        let mut table = Table::default();
        let several = self.platform.services.len() + self.platform.databases.len() > 1;
        for (i, gauge) in self.platform.gauges.iter().enumerate() {
            let title = if several {
                format!("{} {}", self.platform.called(gauge.subject), gauge.title)
            } else {
                gauge.title.clone()
            };
            let target = gauge.target.map(|t| t.show(gauge.unit)).unwrap_or_default();
            let outdated = self.picture.outdated(i, gauge, self.at);
            let (value, level) = match (self.picture.reading(i, gauge), self.picture.series.get(i)) {
                // The last number of what stopped says nothing of the present.
                (Some((point, _)), _) if outdated.is_some() => {
                    (gauge.unit.show(point.value), format!("stopped {} ago", age(point.at, self.at)))
                }
                (Some((point, level)), _) => {
                    let apart = gauge.target.map(|target| gauge.unit.show_apart(point.value, target.border()).0);
                    let value = apart.unwrap_or_else(|| gauge.unit.show(point.value));
                    (value, level.map_or("", level_word).to_owned())
                }
                (None, Some(part)) if part.trouble().is_some() => ("?".to_owned(), not_known(part).to_owned()),
                _ => ("no data".to_owned(), String::new()),
            };
            table.row([title, value, target, level]);
        }
        section(out, "gauges", &table);
    }

    fn alarms(&self, out: &mut String) {
        let Some(alarms) = self.picture.alarms.value() else {
            let mut table = Table::default();
            table.row([not_known(&self.picture.alarms).to_owned()]);
            return section(out, "alarms", &table);
        };
        let mut table = Table::default();
        let heeded: Vec<_> = alarms.iter().filter(|alarm| self.platform.heeds(alarm)).collect();
        let wrong: Vec<_> = heeded.iter().filter(|alarm| alarm.state != AlarmState::Ok).collect();
        for alarm in &wrong {
            let since = alarm.since.map(|since| age(since, self.at)).unwrap_or_default();
            table.row([alarm.name.clone(), alarm.state.word().to_owned(), since]);
        }
        let region = self.region.as_deref().unwrap_or("this region");
        let title = if triage::elsewhere(&self.findings).is_some() {
            format!("alarms: none of the platform's in {region}")
        } else if heeded.is_empty() {
            format!("alarms: none in {region}")
        } else if wrong.is_empty() {
            format!("alarms: all {} OK", heeded.len())
        } else {
            format!("alarms: {} of {} not OK", wrong.len(), heeded.len())
        };
        section(out, &title, &table);
    }
}

/// A service's name with its cluster's, and a gauge's title, where two services have one name.
const NAME: usize = 48;

fn section(out: &mut String, title: &str, table: &Table) {
    let rows = table.show(2, NAME, WIDTH);
    if !rows.is_empty() || title.contains(':') {
        let _ = write!(out, "\n{title}\n{rows}");
    }
}

/// A value that is not there. Why is among the findings, once for all that one reason hits.
fn not_known<T>(part: &Part<T>) -> &'static str {
    if part.trouble().is_some() { "cannot tell" } else { "no answer yet" }
}

fn tasks(service: &Service, pulse: Pulse) -> String {
    let pending = if service.pending > 0 { format!(", {} pending", service.pending) } else { String::new() };
    let health = pulse.words().map(|words| format!(", {words}")).unwrap_or_default();
    match &service.status {
        ServiceStatus::Active => format!("{} of {} running{pending}{health}", service.running, service.desired),
        ServiceStatus::Draining => format!("draining, {} running", service.running),
        ServiceStatus::Inactive => "INACTIVE".to_owned(),
        ServiceStatus::Other(status) => status.clone(),
    }
}

fn deployment(service: &Service, now: Timestamp) -> String {
    let Some(primary) = service.primary() else { return service.revision.to_string() };
    let rollout = match primary.rollout {
        Rollout::InProgress => format!("deploying {} of {}", primary.running, primary.desired),
        Rollout::Failed => "deployment failed".to_owned(),
        Rollout::Completed => "deployed".to_owned(),
        Rollout::Unknown if service.is_deploying() => "deploying".to_owned(),
        Rollout::Unknown => String::new(),
    };
    let since = primary.created_at.map(|at| format!(" {} ago", age(at, now))).unwrap_or_default();
    format!("{} {rollout}{since}", primary.revision)
}

fn scaling_bounds(scaling: &Scaling) -> String {
    let suspended = match scaling.suspended.word() {
        Some("auto scaling") => " (suspended)".to_owned(),
        Some(what) => format!(" ({what} suspended)"),
        None => String::new(),
    };
    format!("  auto {}-{}{suspended}", scaling.min, scaling.max)
}

fn kind(database: &Database, now: Timestamp) -> String {
    let restorable = database.latest_restorable.map(|at| format!("  restorable to {} ago", age(at, now)));
    format!("{} {}  {}{}", database.engine, database.version, database.class, restorable.unwrap_or_default())
}

fn level_word(level: Level) -> &'static str {
    match level {
        Level::Well => "well",
        Level::Near => "near its target",
        Level::Past => "PAST ITS TARGET",
    }
}
