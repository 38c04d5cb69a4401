//! CloudWatch Logs.

use super::super::error::AwsError;
use super::super::value::{Value, list, map, text};
use super::Answer;
use super::page::page;
use crate::world::World;
use crate::world::model::names;

fn groups(world: &World) -> Vec<String> {
    world.services.iter().map(|s| format!("/ecs/{}", s.name)).collect()
}

pub fn describe_groups(world: &World, params: &Value) -> Answer {
    let prefix = params.get("logGroupNamePrefix").text().unwrap_or_default();
    let pattern = params.get("logGroupNamePattern").text().unwrap_or_default();
    let mut found: Vec<String> =
        groups(world).into_iter().filter(|g| g.starts_with(prefix) && g.contains(pattern)).collect();
    found.sort();
    let page = page(found, params.get("nextToken"), params.get("limit"), 50, "InvalidParameterException")?;
    let shown = page.items.into_iter().map(|group| {
        map([
            ("logGroupName", text(&group)),
            ("creationTime", Value::Int((world.now - 390 * 86_400) * 1_000)),
            ("retentionInDays", 30.into()),
            ("arn", text(names::arn("logs", &format!("log-group:{group}:*")))),
            ("storedBytes", 734_003_200.into()),
        ])
    });
    Ok(map([("logGroups", list(shown))]).with("nextToken", page.next))
}

pub fn filter(world: &World, params: &Value) -> Answer {
    let group = params.get("logGroupName").text().unwrap_or_default();
    if !groups(world).iter().any(|g| g == group) {
        return Err(AwsError::new("ResourceNotFoundException", "The specified log group does not exist."));
    }
    let from = params.get("startTime").int().unwrap_or(i64::MIN);
    let to = params.get("endTime").int().unwrap_or(i64::MAX);
    let pattern = params.get("filterPattern").text().unwrap_or_default().trim_matches('"');
    let streams = params.get("logStreamNames").texts();
    let prefix = params.get("logStreamNamePrefix").text().unwrap_or_default();
    let found: Vec<_> = world
        .logs
        .lines
        .iter()
        .enumerate()
        .filter(|(_, l)| l.group == group && l.at * 1_000 >= from && l.at * 1_000 < to)
        .filter(|(_, l)| l.text.contains(pattern) && l.stream.starts_with(prefix))
        .filter(|(_, l)| streams.is_empty() || streams.contains(&l.stream.as_str()))
        .collect();
    let page = page(found, params.get("nextToken"), params.get("limit"), 10_000, "InvalidParameterException")?;
    let events = page.items.into_iter().map(|(i, line)| {
        map([
            ("logStreamName", text(&line.stream)),
            ("timestamp", Value::Int(line.at * 1_000)),
            ("ingestionTime", Value::Int(line.at * 1_000 + 640)),
            ("message", text(&line.text)),
            ("eventId", text(format!("{:056}", line.at * 100_000 + i as i64))),
        ])
    });
    Ok(map([("events", list(events)), ("searchedLogStreams", list(Vec::<Value>::new()))]).with("nextToken", page.next))
}

/// One stream: its end, unless asked for its head.
pub fn get(world: &World, params: &Value) -> Answer {
    let asked = |name: &str| params.get(name).text().unwrap_or_default().to_owned();
    let (group, stream) = (asked("logGroupName"), asked("logStreamName"));
    let all: Vec<_> = world.logs.lines.iter().filter(|l| l.group == group && l.stream == stream).collect();
    if all.is_empty() {
        let what = if groups(world).contains(&group) { "stream" } else { "group" };
        let message = format!("The specified log {what} does not exist.");
        return Err(AwsError::new("ResourceNotFoundException", message));
    }
    let most = params.get("limit").int().map_or(10_000, |n| n.clamp(1, 10_000) as usize);
    let from = if params.get("startFromHead").bool() == Some(true) { 0 } else { all.len().saturating_sub(most) };
    let events = all[from..].iter().take(most).map(|line| {
        map([
            ("timestamp", Value::Int(line.at * 1_000)),
            ("ingestionTime", Value::Int(line.at * 1_000 + 640)),
            ("message", text(&line.text)),
        ])
    });
    Ok(map([
        ("events", list(events)),
        ("nextForwardToken", text(format!("f/{}", all.len()))),
        ("nextBackwardToken", text(format!("b/{from}"))),
    ]))
}
