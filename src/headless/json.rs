//! The status as JSON. The shape is a promise: fields are added, none is renamed or taken away
//! without a new number in `format`.
//!
//! | field | what it is |
//! |---|---|
//! | `format` | 1 |
//! | `platform`, `region`, `account`, `caller` | whose picture it is; `null` when not known |
//! | `at` | when, RFC 3339; all instants are |
//! | `status`, `exit` | `well`, `warning`, `critical`, `unknown`; the exit code |
//! | `findings` | worst first: `id`, `severity`, `title`, `evidence`, `since`, `began`, `after`, `runbook`, `advice`, `command`, `about` |
//! | `could_not_tell` | `what`, `operation`, `kind`, `why`, `remedy` |
//! | `not_watched` | what users feel and no gauge of the file measures: `latency`, `errors` |
//! | `services`, `databases` | `name`, `as_of`, `trouble`, and `value` as the domain has it |
//! | `gauges` | `title`, `about`, `value`, `at`, `unit`, `target`, `level`, `trouble` |
//! | `alarms` | `as_of`, `trouble`, `value`: every alarm of the region; `missing`: those of the file that are not there |
//! | `spent` | `calls`, `metrics`, `dollars` |

use serde_json::{Value, json};

use super::Status;
use crate::platform::lines::escape;
use crate::platform::{Part, Trouble};
use crate::triage;

impl Status {
    /// As JSON, indented, with a newline at the end.
    pub fn json(&self) -> String {
        let platform = &self.platform;
        let identity = self.picture.identity.value();
        let services: Vec<Value> = platform
            .services
            .iter()
            .zip(&self.picture.services)
            .map(|(spec, service)| {
                let mut value = part(&spec.name, &service.state);
                value["cluster"] = json!(spec.cluster);
                value["tasks"] = json!(service.tasks);
                value["scaling"] = json!(service.scaling);
                value
            })
            .collect();
        let databases: Vec<Value> = platform
            .databases
            .iter()
            .zip(&self.picture.databases)
            .map(|(spec, database)| part(&spec.id, database))
            .collect();
        let document = json!({
            "format": 1,
            "platform": platform.name,
            "region": self.region,
            "account": identity.map(|i| &i.account),
            "caller": identity.map(|i| &i.arn),
            "at": self.at,
            "status": self.verdict,
            "exit": self.verdict.exit_code(),
            "findings": self.findings.iter().map(|finding| json!({
                "id": finding.id,
                "severity": finding.severity,
                "title": finding.title,
                "evidence": finding.evidence,
                "since": finding.since,
                "began": finding.began,
                "after": finding.after,
                "runbook": finding.runbook,
                "advice": finding.advice,
                "command": finding.command,
                "about": self.platform.called(finding.subject),
            })).collect::<Vec<_>>(),
            "could_not_tell": self.troubles().iter().map(|(what, trouble)| json!({
                "what": what,
                "operation": trouble.operation,
                "kind": trouble.kind,
                "why": trouble.why,
                "remedy": trouble.remedy,
            })).collect::<Vec<_>>(),
            "not_watched": triage::unwatched(platform),
            "services": services,
            "databases": databases,
            "gauges": self.gauge_values(),
            "alarms": self.alarm_values(),
            "spent": {
                "calls": self.picture.spent.calls,
                "metrics": self.picture.spent.metrics,
                "dollars": self.picture.spent.dollars(&platform.prices),
            },
        });
        escape(&format!("{document:#}\n"))
    }

    fn gauge_values(&self) -> Vec<Value> {
        self.platform
            .gauges
            .iter()
            .enumerate()
            .map(|(i, gauge)| {
                let reading = self.picture.reading(i, gauge);
                json!({
                    "title": gauge.title,
                    "about": self.platform.called(gauge.subject),
                    "value": reading.map(|(point, _)| point.value),
                    "at": reading.map(|(point, _)| point.at),
                    "unit": gauge.unit,
                    "target": gauge.target.map(|target| target.show(gauge.unit)),
                    // What stopped is neither well nor past its target; "at" says since when.
                    "level": reading
                        .filter(|_| self.picture.outdated(i, gauge, self.at).is_none())
                        .and_then(|(_, level)| level),
                    "trouble": self.picture.series.get(i).and_then(Part::trouble),
                })
            })
            .collect()
    }

    fn alarm_values(&self) -> Value {
        let mut alarms = json!(self.picture.alarms);
        alarms["missing"] = json!(self.picture.alarms.value().map(|known| {
            let expected = self.platform.alarms.iter().map(|expected| &expected.name);
            expected.filter(|name| !known.iter().any(|alarm| alarm.name == **name)).collect::<Vec<_>>()
        }));
        alarms
    }

    /// Every question that was not answered: what about, and why. The same answer to the same
    /// operation is said once.
    pub(super) fn troubles(&self) -> Vec<(String, &Trouble)> {
        let mut found: Vec<(String, Option<&Trouble>)> = vec![("who asks".to_owned(), self.picture.identity.trouble())];
        for (spec, service) in self.platform.services.iter().zip(&self.picture.services) {
            let name = self.platform.service_name(spec);
            found.push((format!("service {name}"), service.state.trouble()));
            found.push((format!("tasks of {name}"), service.tasks.trouble()));
            found.push((format!("auto scaling of {name}"), service.scaling.trouble()));
        }
        for (spec, database) in self.platform.databases.iter().zip(&self.picture.databases) {
            found.push((format!("database {}", spec.id), database.trouble()));
        }
        found.push(("alarms".to_owned(), self.picture.alarms.trouble()));
        for (gauge, series) in self.platform.gauges.iter().zip(&self.picture.series) {
            found.push((format!("{} of {}", gauge.title, self.platform.called(gauge.subject)), series.trouble()));
        }
        let mut said: Vec<(String, usize, &Trouble)> = Vec::new();
        for (what, trouble) in found.into_iter().filter_map(|(what, trouble)| Some((what, trouble?))) {
            match said.iter_mut().find(|(_, _, t)| t.operation == trouble.operation && t.why == trouble.why) {
                Some((_, more, _)) => *more += 1,
                None => said.push((what, 0, trouble)),
            }
        }
        said.into_iter()
            .map(|(what, more, trouble)| (if more > 0 { format!("{what} and {more} more") } else { what }, trouble))
            .collect()
    }
}

fn part<T: serde::Serialize>(name: &str, part: &Part<T>) -> Value {
    json!({ "name": name, "as_of": part.as_of(), "trouble": part.trouble(), "value": part.value() })
}
