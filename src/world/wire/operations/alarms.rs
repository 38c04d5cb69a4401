//! CloudWatch alarms.

use super::super::value::{Value, list, map, text};
use super::Answer;
use super::metrics::dimensions;
use super::page::page;
use crate::platform::{Comparison, Statistic};
use crate::world::World;
use crate::world::model::alarm::{Alarm, HistoryItem, Missing};
use crate::world::model::{Change, names};

pub fn describe(world: &World, params: &Value) -> Answer {
    let asked = params.get("AlarmNames").texts();
    let prefix = params.get("AlarmNamePrefix").text().unwrap_or_default();
    let state = params.get("StateValue").text();
    let action = params.get("ActionPrefix").text().unwrap_or_default();
    let kinds = params.get("AlarmTypes").texts();
    let mut found: Vec<&Alarm> = world
        .alarms
        .iter()
        .filter(|a| asked.is_empty() || asked.contains(&a.name.as_str()))
        .filter(|a| a.name.starts_with(prefix) && state.is_none_or(|s| a.state.word() == s))
        .filter(|a| action.is_empty() || a.actions.iter().any(|to| to.starts_with(action)))
        .filter(|_| kinds.is_empty() || kinds.contains(&"MetricAlarm"))
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    // DescribeAlarms gives 50 a page unless told otherwise.
    let wanted = if params.has("MaxRecords") { params.get("MaxRecords") } else { &Value::Int(50) };
    let page = page(found, params.get("NextToken"), wanted, 100, "InvalidNextToken")?;
    let shown = page.items.into_iter().map(show);
    Ok(map([("CompositeAlarms", list(Vec::<Value>::new())), ("MetricAlarms", list(shown))])
        .with("NextToken", page.next))
}

fn show(alarm: &Alarm) -> Value {
    let comparison = match alarm.comparison {
        Comparison::Greater => "GreaterThanThreshold",
        Comparison::GreaterOrEqual => "GreaterThanOrEqualToThreshold",
        Comparison::Less => "LessThanThreshold",
        Comparison::LessOrEqual => "LessThanOrEqualToThreshold",
    };
    let missing = match alarm.missing {
        Missing::Breaching => "breaching",
        Missing::NotBreaching => "notBreaching",
        Missing::Ignore => "ignore",
        Missing::Unknown => "missing",
    };
    let statistic = if matches!(alarm.statistic, Statistic::Percentile(_)) { "ExtendedStatistic" } else { "Statistic" };
    map([
        ("AlarmName", text(&alarm.name)),
        ("AlarmArn", text(names::arn("cloudwatch", &format!("alarm:{}", alarm.name)))),
        ("AlarmDescription", text(&alarm.description)),
        ("AlarmConfigurationUpdatedTimestamp", Value::Time(alarm.configured)),
        ("ActionsEnabled", alarm.actions_enabled.into()),
        ("OKActions", list(&alarm.actions)),
        ("AlarmActions", list(&alarm.actions)),
        ("InsufficientDataActions", list(Vec::<Value>::new())),
        ("StateValue", text(alarm.state.word())),
        ("StateReason", text(&alarm.reason)),
        ("StateReasonData", text(&alarm.reason_data)),
        ("StateUpdatedTimestamp", Value::Time(alarm.updated)),
        ("StateTransitionedTimestamp", Value::Time(alarm.transitioned)),
        ("MetricName", text(&alarm.key.metric)),
        ("Namespace", text(&alarm.key.namespace)),
        (statistic, text(alarm.statistic.to_string())),
        ("Dimensions", dimensions(&alarm.key)),
        ("Period", Value::Int(alarm.period)),
        ("EvaluationPeriods", alarm.periods.into()),
        ("DatapointsToAlarm", alarm.bad_needed.into()),
        ("Threshold", alarm.threshold.into()),
        ("ComparisonOperator", text(comparison)),
        ("TreatMissingData", text(missing)),
    ])
}

pub fn history(world: &World, params: &Value) -> Answer {
    let name = params.get("AlarmName").text();
    let kind = params.get("HistoryItemType").text();
    let (from, to) = (params.get("StartDate").time(), params.get("EndDate").time());
    let mut found: Vec<(&Alarm, &HistoryItem)> = world
        .alarms
        .iter()
        .filter(|a| name.is_none_or(|n| a.name == n) && kind.is_none_or(|k| k == "StateUpdate"))
        .flat_map(|alarm| alarm.history.iter().map(move |item| (alarm, item)))
        .filter(|(_, item)| from.is_none_or(|f| item.at >= f) && to.is_none_or(|t| item.at <= t))
        .collect();
    found.sort_by_key(|(_, item)| std::cmp::Reverse(item.at));
    if params.get("ScanBy").text() == Some("TimestampAscending") {
        found.reverse();
    }
    let page = page(found, params.get("NextToken"), params.get("MaxRecords"), 100, "InvalidNextToken")?;
    let shown = page.items.into_iter().map(|(alarm, item)| {
        let state = |value: &str, reason: &str| serde_json::json!({"stateValue": value, "stateReason": reason});
        let data = serde_json::json!({
            "version": "1.0",
            "oldState": state(item.from.word(), ""),
            "newState": state(item.to.word(), &item.reason),
        });
        map([
            ("AlarmName", text(&alarm.name)),
            ("AlarmType", text("MetricAlarm")),
            ("Timestamp", Value::Time(item.at)),
            ("HistoryItemType", text("StateUpdate")),
            ("HistorySummary", text(format!("Alarm updated from {} to {}", item.from.word(), item.to.word()))),
            ("HistoryData", text(data.to_string())),
        ])
    });
    Ok(map([("AlarmHistoryItems", list(shown))]).with("NextToken", page.next))
}

pub fn set_actions(world: &mut World, params: &Value, enabled: bool) -> Value {
    for name in params.get("AlarmNames").texts() {
        world.apply(Change::AlarmActions { alarm: name.to_owned(), enabled });
    }
    Value::Map(Vec::new())
}
