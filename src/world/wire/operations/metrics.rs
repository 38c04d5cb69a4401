//! CloudWatch metrics.

use super::super::error::AwsError;
use super::super::value::{Value, list as rows, map, text};
use super::Answer;
use super::page::page;
use crate::platform::Statistic;
use crate::world::World;
use crate::world::model::metric::{MetricKey, Series};

/// `GetMetricData` takes no more queries, and gives no more data points at once.
const MOST_QUERIES: usize = 500;
const MOST_POINTS: usize = 100_800;
/// `GetMetricStatistics` gives no more.
const MOST_STATISTICS: usize = 1_440;

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::new("ValidationError", message)
}

fn key(metric: &Value) -> MetricKey {
    let dimensions: Vec<(&str, &str)> = metric
        .get("Dimensions")
        .list()
        .iter()
        .filter_map(|d| Some((d.get("Name").text()?, d.get("Value").text()?)))
        .collect();
    let name = |field| metric.get(field).text().unwrap_or_default();
    MetricKey::new(name("Namespace"), name("MetricName"), &dimensions)
}

/// The span that a request asks for, its start pulled back to a whole period as CloudWatch does.
fn span(params: &Value) -> Result<(i64, i64), AwsError> {
    match (params.get("StartTime").time(), params.get("EndTime").time()) {
        (Some(from), Some(to)) if from < to => Ok((from, to)),
        (Some(_), Some(_)) => Err(invalid("The parameter StartTime must be less than the parameter EndTime.")),
        _ => Err(invalid("The parameters StartTime and EndTime are required.")),
    }
}

fn period(value: &Value) -> Result<i64, AwsError> {
    match value.int() {
        Some(period) if period >= 60 && period % 60 == 0 => Ok(period),
        _ => Err(invalid("The parameter Period must be a multiple of 60.")),
    }
}

/// Oldest first.
fn points(
    series: Option<&Series>,
    (from, to): (i64, i64),
    period: i64,
    statistic: Statistic,
    now: i64,
) -> Vec<(i64, f64)> {
    let Some((series, first, last)) = series.and_then(|s| Some((s, s.first()?, s.last()?))) else { return Vec::new() };
    let begin = from.max(first).div_euclid(period) * period;
    let mut found = Vec::new();
    let mut at = begin;
    while at < to && at <= last {
        if let Some(datum) = series.over(at, period, now) {
            found.push((at, datum.statistic(statistic)));
        }
        at += period;
    }
    found
}

/// What one query of `GetMetricData` found, in the order asked for.
struct Found {
    id: String,
    label: String,
    points: Vec<(i64, f64)>,
}

pub fn get_data(world: &World, params: &Value) -> Answer {
    let queries = params.get("MetricDataQueries").list();
    if queries.len() > MOST_QUERIES {
        return Err(invalid(format!(
            "The collection MetricDataQueries must not have a size greater than {MOST_QUERIES}."
        )));
    }
    let span = span(params)?;
    let ascending = params.get("ScanBy").text() == Some("TimestampAscending");
    let mut results = Vec::new();
    for query in queries {
        let id = query.get("Id").text().unwrap_or_default().to_owned();
        if query.has("Expression") {
            return Err(invalid(format!("{id}: plantao's simulated platform does no metric math")));
        }
        let stat = query.get("MetricStat");
        let statistic: Statistic =
            stat.get("Stat").text().unwrap_or_default().parse().map_err(|why| invalid(format!("{id}: Stat: {why}")))?;
        let key = key(stat.get("Metric"));
        let mut found = points(world.metrics.find(&key), span, period(stat.get("Period"))?, statistic, world.now);
        if !ascending {
            found.reverse();
        }
        let label = query.get("Label").text().unwrap_or(&key.metric).to_owned();
        if query.get("ReturnData").bool() != Some(false) {
            results.push(Found { id, label, points: found });
        }
    }
    Ok(paged(&results, params))
}

/// All points in the order of the queries, cut into pages. A query's part on a page says `PartialData` if more follows.
fn paged(results: &[Found], params: &Value) -> Value {
    let limit = params.get("MaxDatapoints").int().map_or(MOST_POINTS, |n| n.clamp(1, MOST_POINTS as i64) as usize);
    let from = params.get("NextToken").text().and_then(|t| t.strip_prefix("page-")?.parse().ok()).unwrap_or(0_usize);
    let to = from + limit;
    let total: usize = results.iter().map(|found| found.points.len()).sum();
    let mut shown = Vec::new();
    let mut place = 0;
    for Found { id, label, points } in results {
        let (begin, end) = (place, place + points.len());
        place = end;
        let part = &points[from.clamp(begin, end) - begin..to.clamp(begin, end) - begin];
        // On later pages only what is left is told.
        if part.is_empty() && (from > 0 || begin >= to) && !points.is_empty() {
            continue;
        }
        if points.is_empty() && from > 0 {
            continue;
        }
        shown.push(map([
            ("Id", text(id)),
            ("Label", text(label)),
            ("Timestamps", rows(part.iter().map(|(at, _)| Value::Time(*at)))),
            ("Values", rows(part.iter().map(|(_, value)| *value))),
            ("StatusCode", text(if end > to { "PartialData" } else { "Complete" })),
        ]));
    }
    let next = (to < total).then(|| format!("page-{to}"));
    map([("MetricDataResults", rows(shown)), ("Messages", rows(Vec::<Value>::new()))]).with("NextToken", next)
}

pub fn get_statistics(world: &World, params: &Value) -> Answer {
    let (span, period) = (span(params)?, period(params.get("Period"))?);
    let key = key(params);
    let series = world.metrics.find(&key);
    let mut asked = Vec::new();
    for name in params.get("Statistics").texts() {
        asked.push((name, false, name.parse().map_err(|why| invalid(format!("Statistics: {why}")))?));
    }
    for name in params.get("ExtendedStatistics").texts() {
        asked.push((name, true, name.parse().map_err(|why| invalid(format!("ExtendedStatistics: {why}")))?));
    }
    let times = points(series, span, period, Statistic::SampleCount, world.now);
    if times.len() > MOST_STATISTICS {
        return Err(AwsError::new(
            "InvalidParameterCombination",
            format!(
                "You have requested up to {} datapoints, which exceeds the limit of {MOST_STATISTICS}.",
                times.len()
            ),
        ));
    }
    let data = times.iter().filter_map(|(at, _)| {
        let datum = series?.over(*at, period, world.now)?;
        let mut shown = map([("Timestamp", Value::Time(*at)), ("Unit", text(series?.unit))]);
        let mut extended = Vec::new();
        for (name, is_extended, statistic) in &asked {
            let value = Value::Float(datum.statistic(*statistic));
            if *is_extended {
                extended.push(((*name).to_owned(), value));
            } else {
                shown = shown.with(name, Some(value));
            }
        }
        Some(shown.with("ExtendedStatistics", (!extended.is_empty()).then_some(Value::Map(extended))))
    });
    Ok(map([("Label", text(&key.metric)), ("Datapoints", rows(data))]))
}

pub fn list(world: &World, params: &Value) -> Answer {
    let (namespace, metric) = (params.get("Namespace").text(), params.get("MetricName").text());
    let wanted = params.get("Dimensions").list();
    let matches = |s: &&Series| {
        s.first().is_some()
            && namespace.is_none_or(|n| s.key.namespace == n)
            && metric.is_none_or(|m| s.key.metric == m)
            && wanted.iter().all(|d| {
                let value = d.get("Value").text();
                s.key
                    .dimensions
                    .iter()
                    .any(|(n, v)| Some(n.as_str()) == d.get("Name").text() && value.is_none_or(|w| w == v))
            })
    };
    let found: Vec<&Series> = world.metrics.series.iter().filter(matches).collect();
    let page = page(found, params.get("NextToken"), &Value::Map(Vec::new()), 500, "InvalidParameterValue")?;
    let shown = page.items.into_iter().map(|series| {
        map([
            ("Namespace", text(&series.key.namespace)),
            ("MetricName", text(&series.key.metric)),
            ("Dimensions", dimensions(&series.key)),
        ])
    });
    Ok(map([("Metrics", rows(shown))]).with("NextToken", page.next))
}

pub fn dimensions(key: &MetricKey) -> Value {
    rows(key.dimensions.iter().map(|(name, value)| map([("Name", text(name)), ("Value", text(value))])))
}
