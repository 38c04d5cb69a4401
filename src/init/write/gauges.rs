//! Gauges of the team's own metrics: those that leave no doubt are watched, the others are commented blocks to choose
//! from.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::super::found::Found;
use super::known::{self, Known};
use super::{OWN_ALARMS, comment, quoted, unfit};
use crate::aws::cloudwatch::Listed as Metric;

/// More blocks than this nobody reads.
const MOST: usize = 30;
/// So many of each namespace before any has more.
const OF_EACH: usize = 5;
/// More than these is not one platform's handful.
const MOST_WATCHED: usize = 20;
/// What the standard gauges are called.
const TAKEN: [&str; 4] = ["CPU", "memory", "connections", "free space"];

/// Those about what the platform has come first; what each counts is guessed from its name.
pub(super) fn write(out: &mut String, found: &Found) {
    out.push_str("\n# CPU, memory, connections and free storage are measured without asking.\n");
    let fit: Vec<&Metric> = found.metrics.iter().filter(|(_, name, _)| !unfit(name)).collect();
    if fit.is_empty() {
        return example(out, found);
    }
    let (mut shown, others): (Vec<&Metric>, Vec<&Metric>) = fit.into_iter().partition(|m| owner(found, m).is_some());
    shown.extend(others);
    let watched = watched(found, &shown);
    if !watched.is_empty() {
        out.push_str(
            "# Your own metrics whose names, or the thresholds of alarms on them, say what they count. Targets are\n\
             # plantao's, or the threshold where that is stricter or all that is known: change what is not so.\n",
        );
    }
    for (metric, gauge) in &watched {
        block(out, found, metric, gauge);
    }
    shown.retain(|metric| !watched.iter().any(|(known, _)| known == metric));
    if shown.is_empty() {
        return;
    }
    out.push_str(
        "\n# Your own metrics that had data in the last three hours. Take the # away from those to watch, and\n\
         # check what was guessed from the name: statistic and unit. A target colours the gauge: \"< 300 ms\".\n",
    );
    let left = shown.len().saturating_sub(MOST);
    for metric in chosen(shown) {
        one(out, found, metric);
    }
    if left > 0 {
        let _ = writeln!(out, "# … and {left} more: aws cloudwatch list-metrics --recently-active PT3H");
    }
}

/// What is watched without a question, in the order given. Of several with one title (the latency of each endpoint)
/// it is the one with an alarm, else the broadest; where that does not decide, none.
pub(super) fn watched<'a>(found: &Found, metrics: &[&'a Metric]) -> Vec<(&'a Metric, Known)> {
    let candidates: Vec<(&Metric, Known)> = metrics
        .iter()
        .flat_map(|metric| known::gauges(found, metric).into_iter().map(move |gauge| (*metric, gauge)))
        .filter(|(metric, gauge)| !TAKEN.contains(&gauge.title.as_str()) && is_ours(found, metric, gauge))
        .filter(|(metric, gauge)| {
            !unfit(&gauge.title)
                && !unfit(&metric.0)
                && metric.2.iter().all(|(name, value)| !unfit(name) && !unfit(value))
        })
        .collect();
    let mut best: HashMap<_, Vec<(bool, usize)>> = HashMap::new();
    for (metric, gauge) in &candidates {
        best.entry((owner(found, metric), gauge.title.as_str())).or_default().push((!gauge.alarmed, metric.2.len()));
    }
    let stands_out = |(metric, gauge): &&(&'a Metric, Known)| {
        let rank = (!gauge.alarmed, metric.2.len());
        let rivals = best.get(&(owner(found, metric), gauge.title.as_str())).map_or(&[][..], Vec::as_slice);
        rivals.iter().filter(|rival| **rival <= rank).count() == 1
    };
    candidates.iter().filter(stands_out).take(MOST_WATCHED).cloned().collect()
}

/// A metric of what the file is about: of one service or database by its dimensions, or of nobody in particular
/// where there is one service, or where the team has an alarm on it.
fn is_ours(found: &Found, metric: &Metric, gauge: &Known) -> bool {
    match owner(found, metric) {
        Some(name) => {
            let services = found.services.iter().filter(|s| s.name == name).count();
            services + found.databases.iter().filter(|d| d.id == name).count() == 1
        }
        None if gauge.alarmed => found.alarms.len() <= OWN_ALARMS,
        None => metric.2.is_empty() && found.services.len() == 1,
    }
}

fn block(out: &mut String, found: &Found, metric: &Metric, gauge: &Known) {
    let (namespace, name, dimensions) = metric;
    let _ = writeln!(out, "\n[[gauge]]\ntitle = {}", quoted(&gauge.title));
    if let Some(owner) = owner(found, metric) {
        let _ = writeln!(out, "of = {}", quoted(owner));
    }
    let _ = writeln!(out, "namespace = {}\nmetric = {}", quoted(namespace), quoted(name));
    if !dimensions.is_empty() {
        let _ = writeln!(out, "dimensions = {{ {} }}", pairs(dimensions));
    }
    let _ = writeln!(out, "statistic = \"{}\"\nunit = \"{}\"", gauge.statistic, gauge.unit);
    if let Some(target) = &gauge.target {
        let _ = writeln!(out, "target = {}", quoted(target));
    }
}

fn pairs(dimensions: &[(String, String)]) -> String {
    let pairs: Vec<String> = dimensions.iter().map(|(n, v)| format!("{} = {}", quoted(n), quoted(v))).collect();
    pairs.join(", ")
}

/// At most [`MOST`], in their order, and some of each namespace: an agent's or Container Insights' must not be
/// crowded out by an application with many.
fn chosen(metrics: Vec<&Metric>) -> Vec<&Metric> {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let mut ranked: Vec<(bool, usize, &Metric)> = metrics
        .into_iter()
        .enumerate()
        .map(|(order, metric)| {
            let before = seen.entry(metric.0.as_str()).or_default();
            *before += 1;
            (*before > OF_EACH, order, metric)
        })
        .collect();
    ranked.sort_by_key(|(beyond, order, _)| (*beyond, *order));
    ranked.truncate(MOST);
    ranked.sort_by_key(|(_, order, _)| *order);
    ranked.into_iter().map(|(.., metric)| metric).collect()
}

fn one(out: &mut String, found: &Found, metric: &Metric) {
    let (namespace, name, dimensions) = metric;
    let (statistic, unit) = guess(name);
    let _ = writeln!(out, "#\n# [[gauge]]\n# title = {}", quoted(&comment(name)));
    if let Some(owner) = owner(found, metric) {
        let _ = writeln!(out, "# of = {}", quoted(owner));
    }
    let _ = writeln!(out, "# namespace = {}\n# metric = {}", quoted(namespace), quoted(name));
    if !dimensions.is_empty() {
        let _ = writeln!(out, "# dimensions = {{ {} }}", pairs(dimensions));
    }
    let _ = writeln!(out, "# statistic = \"{statistic}\"\n# unit = \"{unit}\"");
}

/// The service or database that a dimension names.
fn owner<'a>(found: &'a Found, (_, _, dimensions): &Metric) -> Option<&'a str> {
    let is = |name: &str| dimensions.iter().any(|(_, value)| value == name);
    let service = found.services.iter().map(|s| s.name.as_str()).find(|name| is(name));
    service.or_else(|| found.databases.iter().map(|d| d.id.as_str()).find(|id| is(id)))
}

/// Statistic and unit.
fn guess(name: &str) -> (&'static str, &'static str) {
    let name = name.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    if has(&["latency", "duration", "responsetime", "elapsed"]) {
        ("p95", "milliseconds")
    } else if has(&["rate", "percent", "utilization", "ratio"]) {
        ("Average", "percent")
    } else if has(&["bytes", "memory", "size"]) && !has(&["queue"]) {
        ("Average", "bytes")
    } else if has(&["error", "fail", "5xx", "count", "requests"]) {
        ("Sum", "count")
    } else {
        ("Maximum", "count")
    }
}

fn example(out: &mut String, found: &Found) {
    out.push_str("# Your own series:\n# [[gauge]]\n# title = \"p95\"\n");
    if let Some(service) = found.services.first() {
        let _ = writeln!(out, "# of = {}", quoted(&service.name));
    }
    out.push_str(
        "# namespace = \"…\"\n# metric = \"Latency\"\n# dimensions = { Service = \"…\" }\n# statistic = \"p95\"\n\
         # unit = \"milliseconds\"\n# target = \"< 300 ms\"\n",
    );
}

#[cfg(test)]
mod tests {
    use super::super::super::found::FoundService;
    use crate::init::{Found, write};
    use crate::platform::{Subject, Unit, file};

    #[test]
    fn container_insights_and_the_agent_are_offered_beside_an_application_with_many_metrics() {
        let metric = |namespace: &str, name: &str, value: &str| {
            (namespace.to_owned(), name.to_owned(), vec![("ServiceName".to_owned(), value.to_owned())])
        };
        let service = FoundService { name: "api".into(), cluster: "c".into(), ..FoundService::default() };
        let mut metrics: Vec<_> = (0..60).map(|i| metric("App", &format!("A{i}"), "api")).collect();
        metrics.push(metric("ECS/ContainerInsights", "MemoryUtilized", "api"));
        metrics.push(metric("CWAgent", "mem_used_percent", "ip-10-0-0-1"));
        let text = write(&Found { name: "p".into(), services: vec![service], metrics, ..Found::default() });
        for wanted in ["ECS/ContainerInsights", "CWAgent"] {
            assert!(text.contains(&format!("# namespace = \"{wanted}\"")), "{text}");
        }
        assert_eq!(text.matches("# namespace = ").count(), super::MOST, "{text}");
    }

    #[test]
    fn a_gauge_whose_marks_are_taken_away_is_one_that_can_be_read() {
        let service = FoundService { name: "api".into(), cluster: "c".into(), ..FoundService::default() };
        let metric = |name: &str, value: &str| {
            ("My \"own\"".to_owned(), name.to_owned(), vec![("Service".to_owned(), value.to_owned())])
        };
        let mut metrics: Vec<_> = (0..40).map(|i| metric(&format!("A{i}"), "other")).collect();
        metrics.push(metric("Latency", "api"));
        let found = Found { name: "p".into(), services: vec![service], metrics, ..Found::default() };
        let text = write(&found);
        assert!(text.contains("# … and 11 more"), "{text}");
        let plain = |line: &str| {
            let inner = line.strip_prefix("# ").unwrap_or(line);
            let block =
                ["[[gauge]]", "title =", "of =", "namespace =", "metric =", "dimensions =", "statistic =", "unit ="];
            if block.iter().any(|start| inner.starts_with(start)) { inner.to_owned() } else { line.to_owned() }
        };
        let (head, tail) = text.split_once("# Your own metrics").unwrap();
        let (tail, _) = tail.split_once("\n# [[alarm]]").unwrap();
        let opened: Vec<String> = tail.lines().map(plain).collect();
        let platform = file::read(&format!("{head}# {}", opened.join("\n")), "f").unwrap();
        let latency = platform.gauges.iter().find(|g| g.title == "Latency").unwrap();
        assert_eq!((latency.unit, latency.subject), (Unit::Milliseconds, Subject::Service(0)));
        assert_eq!(latency.query.namespace, "My \"own\"");
    }
}
