//! CloudWatch Logs.

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
