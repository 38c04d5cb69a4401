//! CloudWatch alarms, and their history.

use aws_sdk_cloudwatch::types as sdk;

use super::Clients;
use super::cloudwatch::dimensions;
use super::convert::{count, instant_of};
use crate::platform::{Alarm, AlarmChange, AlarmCondition, AlarmState, Comparison, MetricQuery, Statistic, Trouble};

const DESCRIBE: &str = "cloudwatch:DescribeAlarms";

/// Every alarm of the region, metric and composite.
///
/// `aws cloudwatch describe-alarms --alarm-types MetricAlarm CompositeAlarm`
pub async fn describe_alarms(clients: &Clients) -> Result<Vec<Alarm>, Trouble> {
    let mut pages = clients
        .cloudwatch
        .describe_alarms()
        .alarm_types(sdk::AlarmType::MetricAlarm)
        .alarm_types(sdk::AlarmType::CompositeAlarm)
        .max_records(100)
        .into_paginator()
        .send();
    let mut alarms = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| clients.trouble(DESCRIBE, &error))?;
        // Empty lists are a region without alarms; no list is no answer, and would make every expected alarm missing.
        if page.metric_alarms.is_none() && page.composite_alarms.is_none() {
            return Err(clients.lacks(DESCRIBE, "MetricAlarms"));
        }
        for from in page.metric_alarms() {
            alarms.push(metric_alarm(from).map_err(|field| clients.lacks(DESCRIBE, field))?);
        }
        for from in page.composite_alarms() {
            alarms.push(composite_alarm(from).map_err(|field| clients.lacks(DESCRIBE, field))?);
        }
    }
    Ok(alarms)
}

fn metric_alarm(from: &sdk::MetricAlarm) -> Result<Alarm, &'static str> {
    Ok(Alarm {
        name: from.alarm_name().ok_or("AlarmName")?.to_owned(),
        state: state(from.state_value()),
        reason: from.state_reason().map(str::to_owned),
        since: instant_of(from.state_transitioned_timestamp().or(from.state_updated_timestamp())),
        description: from.alarm_description().filter(|text| !text.is_empty()).map(str::to_owned),
        condition: condition(from),
        actions: from.alarm_actions().to_vec(),
        actions_enabled: from.actions_enabled().unwrap_or(true),
    })
}

fn composite_alarm(from: &sdk::CompositeAlarm) -> Result<Alarm, &'static str> {
    Ok(Alarm {
        name: from.alarm_name().ok_or("AlarmName")?.to_owned(),
        state: state(from.state_value()),
        reason: from.state_reason().map(str::to_owned),
        since: instant_of(from.state_transitioned_timestamp().or(from.state_updated_timestamp())),
        description: from.alarm_description().filter(|text| !text.is_empty()).map(str::to_owned),
        condition: None,
        actions: from.alarm_actions().to_vec(),
        actions_enabled: from.actions_enabled().unwrap_or(true),
    })
}

/// A state that is missing or new is one that can't be told.
fn state(from: Option<&sdk::StateValue>) -> AlarmState {
    match from {
        Some(sdk::StateValue::Alarm) => AlarmState::Alarm,
        Some(sdk::StateValue::Ok) => AlarmState::Ok,
        _ => AlarmState::InsufficientData,
    }
}

fn condition(from: &sdk::MetricAlarm) -> Option<AlarmCondition> {
    let statistic = match (from.statistic(), from.extended_statistic()) {
        (Some(statistic), _) => statistic.as_str(),
        (None, extended) => extended?,
    };
    let evaluation_periods = count(from.evaluation_periods()?);
    Some(AlarmCondition {
        query: MetricQuery {
            namespace: from.namespace()?.to_owned(),
            metric: from.metric_name()?.to_owned(),
            dimensions: dimensions(from.dimensions()),
            statistic: statistic.parse::<Statistic>().ok()?,
        },
        comparison: match from.comparison_operator()? {
            sdk::ComparisonOperator::GreaterThanThreshold => Comparison::Greater,
            sdk::ComparisonOperator::GreaterThanOrEqualToThreshold => Comparison::GreaterOrEqual,
            sdk::ComparisonOperator::LessThanThreshold => Comparison::Less,
            sdk::ComparisonOperator::LessThanOrEqualToThreshold => Comparison::LessOrEqual,
            _ => return None,
        },
        threshold: from.threshold()?,
        period_seconds: count(from.period()?),
        evaluation_periods,
        datapoints_to_alarm: from.datapoints_to_alarm().map_or(evaluation_periods, count),
    })
}

/// The newest changes of one alarm's state, newest first, at most 100: CloudWatch keeps 30 days.
///
/// `aws cloudwatch describe-alarm-history --alarm-name NAME --history-item-type StateUpdate`
pub async fn describe_alarm_history(clients: &Clients, name: &str) -> Result<Vec<AlarmChange>, Trouble> {
    let answer = clients
        .cloudwatch
        .describe_alarm_history()
        .alarm_name(name)
        .alarm_types(sdk::AlarmType::MetricAlarm)
        .alarm_types(sdk::AlarmType::CompositeAlarm)
        .history_item_type(sdk::HistoryItemType::StateUpdate)
        .scan_by(sdk::ScanBy::TimestampDescending)
        .max_records(100)
        .send()
        .await;
    let answer = answer.map_err(|error| clients.trouble("cloudwatch:DescribeAlarmHistory", &error))?;
    Ok(answer.alarm_history_items().iter().filter_map(change).collect())
}

/// `None` for an item that does not say when or to what.
fn change(from: &sdk::AlarmHistoryItem) -> Option<AlarmChange> {
    let data: serde_json::Value = serde_json::from_str(from.history_data()?).ok()?;
    let state = |side: &str| match data.get(side)?.get("stateValue")?.as_str()? {
        "ALARM" => Some(AlarmState::Alarm),
        "OK" => Some(AlarmState::Ok),
        "INSUFFICIENT_DATA" => Some(AlarmState::InsufficientData),
        _ => None,
    };
    let reason = data.get("newState").and_then(|new| new.get("stateReason")).and_then(|reason| reason.as_str());
    Some(AlarmChange {
        alarm: from.alarm_name()?.to_owned(),
        at: instant_of(from.timestamp())?,
        from: state("oldState"),
        to: state("newState")?,
        summary: reason.or(from.history_summary()).map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::{Reply, Tiny, cbor, cbor_values::at as cbor_at};

    fn answering(value: ciborium::Value) -> Clients {
        Clients::over(Tiny::new(move |_, _| Reply::cbor(&value)).client(), "us-east-1")
    }

    #[tokio::test(start_paused = true)]
    async fn metric_and_composite_alarms_are_read_and_percentiles_too() {
        let clients = answering(cbor!({
            "MetricAlarms" => [
                cbor!({ "AlarmName" => "slow", "StateValue" => "ALARM", "StateReason" => "Threshold Crossed",
                        "StateUpdatedTimestamp" => cbor_at(100), "StateTransitionedTimestamp" => cbor_at(50),
                        "Namespace" => "Analytics/API", "MetricName" => "Latency", "ExtendedStatistic" => "p95",
                        "Dimensions" => [cbor!({ "Name" => "Service", "Value" => "api" })],
                        "Threshold" => 500.0, "ComparisonOperator" => "GreaterThanThreshold", "Period" => 60,
                        "EvaluationPeriods" => 10, "ActionsEnabled" => true, "AlarmActions" => ["arn:aws:sns:x"] }),
                cbor!({ "AlarmName" => "math", "StateValue" => "OK" }),
            ],
            "CompositeAlarms" => [cbor!({ "AlarmName" => "any", "StateValue" => "INSUFFICIENT_DATA" })]
        }));
        let alarms = describe_alarms(&clients).await.unwrap();
        let slow = &alarms[0];
        assert_eq!((slow.state, slow.since.unwrap().as_second()), (AlarmState::Alarm, 50));
        let condition = slow.condition.as_ref().unwrap();
        assert_eq!(condition.query.statistic, Statistic::Percentile(95.0));
        assert_eq!((condition.datapoints_to_alarm, condition.threshold), (10, 500.0));
        assert_eq!((alarms[1].condition.is_none(), alarms[2].state), (true, AlarmState::InsufficientData));
    }

    #[tokio::test(start_paused = true)]
    async fn an_alarm_without_a_name_is_a_bad_answer_and_no_panic() {
        let clients = answering(cbor!({ "MetricAlarms" => [cbor!({ "StateValue" => "OK" })] }));
        let trouble = describe_alarms(&clients).await.unwrap_err();
        assert_eq!(trouble.why, "no AlarmName in the answer of monitoring.us-east-1.amazonaws.com");
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_without_a_list_does_not_say_that_there_are_no_alarms() {
        let trouble = describe_alarms(&answering(cbor!({}))).await.unwrap_err();
        assert_eq!(trouble.why, "no MetricAlarms in the answer of monitoring.us-east-1.amazonaws.com");
        assert_eq!(
            describe_alarms(&answering(cbor!({ "MetricAlarms" => Vec::<ciborium::Value>::new() }))).await,
            Ok(Vec::new())
        );
    }

    #[tokio::test(start_paused = true)]
    async fn history_tells_from_what_to_what_and_skips_what_it_cannot_read() {
        let data = r#"{"version":"1.0","oldState":{"stateValue":"OK"},"newState":{"stateValue":"ALARM","stateReason":"crossed"}}"#;
        let clients = answering(cbor!({ "AlarmHistoryItems" => [
            cbor!({ "AlarmName" => "slow", "Timestamp" => cbor_at(50), "HistoryData" => data, "HistorySummary" => "updated" }),
            cbor!({ "AlarmName" => "slow", "Timestamp" => cbor_at(40), "HistoryData" => "{" })
        ]}));
        let changes = describe_alarm_history(&clients, "slow").await.unwrap();
        assert_eq!(changes.len(), 1);
        assert_eq!((changes[0].from, changes[0].to), (Some(AlarmState::Ok), AlarmState::Alarm));
        assert_eq!(changes[0].summary.as_deref(), Some("crossed"));
    }
}
