//! What a failed task wrote last: often the whole explanation.

use super::Context;
use crate::aws::logs::last_lines;
use crate::aws::task_definition::describe_task_definition;
use crate::platform::text::{printable, shortened};
use crate::platform::{Task, masked};

/// So many lines are enough for a cause, and few enough for a screen.
const LINES: u16 = 4;
/// A longer line is cut.
const WIDTH: usize = 200;

/// In words; `None` if there is nothing yet: `CloudWatch` Logs is a few seconds late.
pub(super) async fn of(context: &Context, task: &Task) -> Option<String> {
    let container = task.failed_container().or_else(|| task.containers.first())?;
    task.revision.number?;
    let definition = match describe_task_definition(&context.clients, &task.revision.name()).await {
        Ok(definition) => definition,
        Err(trouble) => return Some(format!("where {} logs can't be told: {trouble}", container.name)),
    };
    let logs = definition.container(Some(&container.name)).and_then(|c| c.logs.as_ref());
    let Some((group, prefix)) = logs.and_then(|logs| Some((&logs.group, logs.stream_prefix.as_ref()?))) else {
        return Some(format!("{} does not log to CloudWatch Logs under a stream prefix", container.name));
    };
    let stream = format!("{prefix}/{}/{}", container.name, task.id);
    match last_lines(&context.clients, group, &stream, LINES).await {
        Ok(lines) if lines.is_empty() => None,
        Ok(lines) => {
            let lines: Vec<String> = lines.iter().map(|line| fit(line)).collect();
            Some(format!("last log lines of {}: {}", container.name, lines.join(" | ")))
        }
        Err(trouble) => Some(format!("the log {stream} in {group} can't be read: {trouble}")),
    }
}

/// Fit for a screen and for a journal: printable, short, and without what looks like a password.
fn fit(line: &str) -> String {
    let words: Vec<String> = line.split_whitespace().map(|word| printable(word).into_owned()).collect();
    shortened(&masked(&words), WIDTH).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_carries_no_escape_no_password_and_no_page_of_text() {
        assert_eq!(fit("can't connect \u{1b}[31mto postgres://ana:x1@db/app"), "can't connect ·[31mto …");
        assert_eq!(fit(&"x".repeat(500)).chars().count(), WIDTH + 1);
    }
}
