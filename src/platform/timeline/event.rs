//! ECS's own log of a service, put shortly.
//!
//! The messages are those of the Amazon ECS Developer Guide, "Amazon ECS service event messages".

use super::EntryKind;
use super::fold::Churn;
use crate::platform::{Revision, Service, ServiceEvent, ServicePicture, ServiceSpec};

const STEADY: &str = "has reached a steady state";

/// What an event tells that others of its kind tell too.
pub(super) fn churn(message: &str) -> Option<Churn> {
    let number = |word: &str| message.split_once(word)?.1.split(' ').next()?.parse().ok();
    if let Some(started) = number(") has started ") {
        return Some(Churn::Moved { started, stopped: 0 });
    }
    if let Some(stopped) = number(") has stopped ") {
        return Some(Churn::Moved { started: 0, stopped });
    }
    if message.contains("failed container health checks") || message.contains(" is unhealthy in (target-group ") {
        return Some(Churn::Unhealthy);
    }
    message.contains(STEADY).then_some(Churn::Steady)
}

/// The event before this one (`older`) said the same: ECS repeats that a service is steady every
/// six hours, and only the first time tells something.
pub(super) fn repeats(event: &ServiceEvent, older: Option<&ServiceEvent>) -> bool {
    event.message.contains(STEADY) && older.is_some_and(|older| older.message.contains(STEADY))
}

/// Some event says that this deployment failed.
pub(super) fn tells_failure(events: &[ServiceEvent], deployment: &str) -> bool {
    events.iter().any(|e| e.message.contains("deployment failed") && ids(&e.message).any(|id| id == deployment))
}

/// An event in a few words; `None` for those that only accompany others.
pub(super) fn tell(
    event: &ServiceEvent,
    spec: &ServiceSpec,
    picture: &ServicePicture,
    service: &Service,
) -> Option<(EntryKind, String)> {
    let message = event.message.as_str();
    let label = |id: Option<&str>| {
        id.and_then(|id| revision(id, picture, service))
            .map_or_else(String::new, |revision| format!(" {}", picture.label(spec, revision)))
    };
    if message.contains("deployment completed") {
        return Some((EntryKind::Deployment, format!("deploy{} completed", label(ids(message).next()))));
    }
    if let Some((_, why)) = message.split_once("deployment failed") {
        let why = why.trim_end_matches('.');
        return Some((EntryKind::Deployment, format!("deploy{} failed{why}", label(ids(message).next()))));
    }
    if message.contains("rolling back to deployment") {
        let back = label(ids(message).last());
        let to = if back.is_empty() { "" } else { " to" };
        return Some((EntryKind::Deployment, format!("rolled back{to}{back}")));
    }
    // These accompany tasks that start and stop, which have lines of their own.
    if ["has begun draining connections", "registered ", "deregistered "].iter().any(|noise| message.contains(noise)) {
        return None;
    }
    Some((EntryKind::ServiceEvent, scaled(event).unwrap_or_else(|| short(message))))
}

/// What Application Auto Scaling did, and which policy wanted it.
fn scaled(event: &ServiceEvent) -> Option<String> {
    let (count, why) = event.scaled()?;
    Some(format!("auto scaling set {count} tasks: {why}"))
}

/// The revision of a deployment that is listed, or that some task was started by.
fn revision<'a>(id: &str, picture: &'a ServicePicture, service: &'a Service) -> Option<&'a Revision> {
    let listed = service.deployments.iter().find(|d| d.id == id).map(|d| &d.revision);
    listed.or_else(|| {
        let task = picture.tasks.value()?.iter().find(|t| t.started_by.as_deref() == Some(id))?;
        Some(&task.revision)
    })
}

/// Deployment ids in a message, without the dot that may end it.
fn ids(message: &str) -> impl Iterator<Item = &str> {
    message.split([' ', '(', ')', ',']).filter(|w| w.starts_with("ecs-svc/")).map(|w| w.trim_end_matches('.'))
}

/// The message without `(service NAME)`, its task ids shortened.
fn short(message: &str) -> String {
    let message = message.trim();
    let rest = message
        .strip_prefix("(service ")
        .and_then(|rest| rest.split_once(')'))
        .map_or(message, |(_, rest)| rest.trim_start_matches([',', ' ']));
    let words: Vec<&str> = rest
        .split(' ')
        .map(|word| {
            let bare = word.trim_end_matches([')', '.', ',', ':']);
            if bare.len() == 32 && bare.bytes().all(|b| b.is_ascii_hexdigit()) {
                let tail = if word.contains(')') { ")" } else { "" };
                return (short_id(bare), tail);
            }
            (word, "")
        })
        .flat_map(|(word, tail)| [" ", word, tail])
        .collect();
    words.concat().trim().trim_end_matches('.').to_owned()
}

/// Eight characters tell the tasks of a service apart.
pub(super) fn short_id(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_cut_to_what_differs() {
        let id = "0123456789abcdef0123456789abcdef";
        assert_eq!(
            short(&format!("(service analytics-api) has started 1 tasks: (task {id}).")),
            "has started 1 tasks: (task 01234567)"
        );
        assert_eq!(short("(service analytics-api) has reached a steady state."), "has reached a steady state");
        assert_eq!(
            short(&format!("(service a, taskSet ecs-svc/1) stopped (task {id}), then (task {id}).")),
            "stopped (task 01234567) then (task 01234567)"
        );
        assert_eq!(short("(service"), "(service");
        let low = "monitor alarm TargetTracking-service/c/a-AlarmLow-1 in state ALARM triggered policy cpu-65.";
        let set =
            "(service a) Message: Successfully set desired count to 3. Change successfully fulfilled by ecs. Cause: ";
        let scaled = |message: &str| {
            scaled(&ServiceEvent { id: String::new(), at: jiff::Timestamp::UNIX_EPOCH, message: message.to_owned() })
        };
        assert_eq!(scaled(&format!("{set}{low}")).as_deref(), Some("auto scaling set 3 tasks: cpu-65"));
        assert_eq!(
            scaled(&format!("{set}minimum capacity was set")).as_deref(),
            Some("auto scaling set 3 tasks: minimum capacity was set")
        );
        assert_eq!(scaled("(service a) has started 1 tasks"), None);
        assert_eq!(short(""), "");
    }
}
