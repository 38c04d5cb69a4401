//! CloudWatch Logs.

use aws_sdk_cloudwatchlogs::operation::get_log_events::GetLogEventsError;

use super::Clients;
use crate::platform::Trouble;

/// Names of the region's log groups.
///
/// `aws logs describe-log-groups`
pub async fn list_log_groups(clients: &Clients) -> Result<Vec<String>, Trouble> {
    let request = clients.logs.describe_log_groups().limit(50);
    let found = request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
    let found = found.map_err(|error| clients.trouble("logs:DescribeLogGroups", &error))?;
    Ok(found.iter().filter_map(|group| group.log_group_name().map(str::to_owned)).collect())
}

/// The last lines of one stream, the oldest first. A stream that is not there yet has none.
///
/// `aws logs get-log-events --log-group-name GROUP --log-stream-name STREAM --limit N`
pub async fn last_lines(clients: &Clients, group: &str, stream: &str, count: u16) -> Result<Vec<String>, Trouble> {
    let request = clients.logs.get_log_events().log_group_name(group).log_stream_name(stream);
    match request.limit(i32::from(count)).start_from_head(false).send().await {
        Ok(answer) => Ok(answer.events().iter().filter_map(|event| event.message().map(str::to_owned)).collect()),
        Err(error) => {
            let trouble = clients.trouble("logs:GetLogEvents", &error);
            let is_missing = error.as_service_error().is_some_and(GetLogEventsError::is_resource_not_found_exception);
            if is_missing { Ok(Vec::new()) } else { Err(trouble) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::{Reply, Tiny};
    use crate::platform::TroubleKind;

    #[tokio::test(start_paused = true)]
    async fn a_stream_that_is_not_there_yet_is_empty_and_one_that_may_not_be_read_is_a_trouble() {
        let missing = Tiny::new(|_, _| Reply::json_error(400, "ResourceNotFoundException", "no such stream"));
        let clients = Clients::over(missing.client(), "us-east-1");
        assert_eq!(last_lines(&clients, "/ecs/api", "api/api/1", 5).await, Ok(Vec::new()));
        let denied = Tiny::new(|_, _| Reply::json_error(400, "AccessDeniedException", "not authorized"));
        let clients = Clients::over(denied.client(), "us-east-1");
        let trouble = last_lines(&clients, "/ecs/api", "api/api/1", 5).await.unwrap_err();
        assert_eq!(trouble.kind, TroubleKind::Denied);
    }
}
