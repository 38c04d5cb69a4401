//! CloudWatch metrics.

use std::collections::HashMap;

use aws_sdk_cloudwatch::types as sdk;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;

use super::Clients;
use super::convert::{date_time, instant};
use crate::platform::{MetricQuery, Point, Trouble, TroubleKind};

/// `GetMetricData` takes this many at once, and charges for each.
pub const METRICS_AT_ONCE: usize = 500;
/// Seconds in one point: what `CloudWatch` keeps for fifteen days.
pub const MINUTE: u32 = 60;
/// Batches under way at once.
const BATCHES: usize = 4;
/// Pages of 500 metrics: a big account has hundreds of them.
const MOST_PAGES: usize = 10;
const OPERATION: &str = "cloudwatch:GetMetricData";

/// The points of each metric in `start..end`, a number for each `period` of so many seconds (a multiple of
/// [`MINUTE`]), each metric with its own answer, in the order asked. No points means that CloudWatch has none. `$0.01` for 1,000 metrics (us-east-1).
///
/// `aws cloudwatch get-metric-data --start-time START --end-time END --metric-data-queries …`
pub async fn get_metric_data(
    clients: &Clients,
    queries: &[&MetricQuery],
    period: u32,
    start: Timestamp,
    end: Timestamp,
) -> Result<Vec<Result<Vec<Point>, Trouble>>, Trouble> {
    let batches: Vec<_> =
        queries.chunks(METRICS_AT_ONCE).map(|batch| batch_of(clients, batch, period, start, end)).collect();
    stream::iter(batches).buffered(BATCHES).try_concat().await
}

async fn batch_of(
    clients: &Clients,
    queries: &[&MetricQuery],
    period: u32,
    start: Timestamp,
    end: Timestamp,
) -> Result<Vec<Result<Vec<Point>, Trouble>>, Trouble> {
    let mut answers = vec![Ok(Vec::new()); queries.len()];
    let data_queries: Vec<_> =
        queries.iter().enumerate().map(|(place, query)| data_query(place, query, period)).collect();
    let mut pages = clients
        .cloudwatch
        .get_metric_data()
        .set_metric_data_queries(Some(data_queries))
        .start_time(date_time(start))
        .end_time(date_time(end))
        .scan_by(sdk::ScanBy::TimestampAscending)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        // Each page is a request, and is charged as one.
        clients.known.meter.add_metrics(queries.len());
        let page = page.map_err(|error| clients.trouble(OPERATION, &error))?;
        // No points are no data; no list of metrics says nothing of them.
        let results = page.metric_data_results.as_ref().ok_or_else(|| clients.lacks(OPERATION, "MetricDataResults"))?;
        for result in results {
            let Some(answer) = result.id().and_then(place).and_then(|place| answers.get_mut(place)) else {
                continue;
            };
            match (result.status_code(), &mut *answer) {
                (Some(sdk::StatusCode::Forbidden | sdk::StatusCode::InternalError), answer) => {
                    *answer = Err(refused(clients, result));
                }
                (_, Ok(points)) => points.extend(points_of(result)),
                (_, Err(_)) => {}
            }
        }
    }
    Ok(answers)
}

fn refused(clients: &Clients, result: &sdk::MetricDataResult) -> Trouble {
    let said = result.messages().iter().find_map(|message| message.value()).unwrap_or("CloudWatch does not say why");
    let kind = match result.status_code() {
        Some(sdk::StatusCode::Forbidden) => TroubleKind::Denied,
        _ => TroubleKind::Unavailable,
    };
    clients.trouble_of(OPERATION, kind, format!("no data for this metric: {said}"), None)
}

fn points_of(result: &sdk::MetricDataResult) -> impl Iterator<Item = Point> {
    let pairs = result.timestamps().iter().zip(result.values());
    pairs.filter_map(|(at, &value)| Some(Point { at: instant(at)?, value })).filter(|point| point.value.is_finite())
}

fn data_query(place: usize, query: &MetricQuery, period: u32) -> sdk::MetricDataQuery {
    let dimension = |(name, value): &(String, String)| sdk::Dimension::builder().name(name).value(value).build();
    let metric = sdk::Metric::builder()
        .namespace(&query.namespace)
        .metric_name(&query.metric)
        .set_dimensions(Some(query.dimensions.iter().map(dimension).collect()))
        .build();
    let stat = sdk::MetricStat::builder()
        .metric(metric)
        .period(period.try_into().unwrap_or(i32::MAX))
        .stat(query.statistic.to_string())
        .build();
    sdk::MetricDataQuery::builder().id(format!("m{place}")).metric_stat(stat).return_data(true).build()
}

fn place(id: &str) -> Option<usize> {
    id.strip_prefix('m')?.parse().ok()
}

/// A metric that CloudWatch has: namespace, name, dimensions sorted by name.
pub type Listed = (String, String, Vec<(String, String)>);

/// Metrics outside AWS's own namespaces that had data in the last three hours; of a big account only those
/// on the first pages.
///
/// `aws cloudwatch list-metrics --recently-active PT3H`
pub async fn list_own_metrics(clients: &Clients) -> Result<Vec<Listed>, Trouble> {
    let request = clients.cloudwatch.list_metrics().recently_active(sdk::RecentlyActive::Pt3H);
    let mut pages = request.into_paginator().send();
    let mut found = Vec::new();
    for _ in 0..MOST_PAGES {
        let Some(page) = pages.next().await else { break };
        let page = page.map_err(|error| clients.trouble("cloudwatch:ListMetrics", &error))?;
        found.extend(page.metrics().iter().filter_map(|metric| {
            let namespace = metric.namespace().filter(|name| !name.starts_with("AWS/"))?;
            Some((namespace.to_owned(), metric.metric_name()?.to_owned(), dimensions(metric.dimensions())))
        }));
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// Dimensions of the SDK's kind as the domain has them: sorted by name.
pub(super) fn dimensions(from: &[sdk::Dimension]) -> Vec<(String, String)> {
    let pairs: HashMap<_, _> =
        from.iter().filter_map(|d| Some((d.name()?.to_owned(), d.value()?.to_owned()))).collect();
    let mut pairs: Vec<_> = pairs.into_iter().collect();
    pairs.sort();
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::{Reply, Tiny, cbor, cbor_values::at as cbor_at};
    use crate::platform::Statistic;

    fn query(metric: &str) -> MetricQuery {
        MetricQuery {
            namespace: "AWS/ECS".to_owned(),
            metric: metric.to_owned(),
            dimensions: vec![("ClusterName".to_owned(), "prod".to_owned())],
            statistic: Statistic::Percentile(95.0),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn each_metric_gets_its_own_points_over_all_pages_and_is_counted_once_a_request() {
        let page = std::sync::atomic::AtomicUsize::new(0);
        let tiny = Tiny::new(move |_, _| {
            let result = |id: &str, at: i64, value: f64, status: &str| cbor!({ "Id" => id, "StatusCode" => status, "Timestamps" => [cbor_at(at)], "Values" => [value] });
            Reply::cbor(&match page.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
                0 => cbor!({ "MetricDataResults" => [result("m1", 60, 2.5, "PartialData")], "NextToken" => "more" }),
                _ => {
                    cbor!({ "MetricDataResults" => [result("m1", 120, 3.5, "Complete"), result("m0", 60, 0.0, "Forbidden"), result("m9", 60, 0.0, "Complete")] })
                }
            })
        });
        let clients = Clients::over(tiny.client(), "us-east-1");
        let (cpu, memory) = (query("CPUUtilization"), query("MemoryUtilization"));
        let start = Timestamp::UNIX_EPOCH;
        let answers =
            get_metric_data(&clients, &[&cpu, &memory], MINUTE, start, start + jiff::SignedDuration::from_mins(3))
                .await;
        let answers = answers.unwrap();
        assert_eq!(answers[0].clone().unwrap_err().kind, TroubleKind::Denied);
        let points: Vec<_> = answers[1].clone().unwrap().iter().map(|p| (p.at.as_second(), p.value)).collect();
        assert_eq!(points, [(60, 2.5), (120, 3.5)]);
        assert_eq!((clients.spent().calls, clients.spent().metrics), (2, 4));
    }

    #[tokio::test(start_paused = true)]
    async fn more_than_five_hundred_metrics_are_asked_in_batches() {
        let tiny = Tiny::new(|_, _| Reply::cbor(&cbor!({ "MetricDataResults" => Vec::<ciborium::Value>::new() })));
        let clients = Clients::over(tiny.client(), "us-east-1");
        let queries: Vec<_> = (0..1_001).map(|n| query(&format!("m{n}"))).collect();
        let queries: Vec<_> = queries.iter().collect();
        let start = Timestamp::UNIX_EPOCH;
        let answers = get_metric_data(&clients, &queries, MINUTE, start, start).await.unwrap();
        assert_eq!((answers.len(), clients.spent().calls, clients.spent().metrics), (1_001, 3, 1_001));
    }
}
