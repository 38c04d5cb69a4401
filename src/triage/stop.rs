//! Why a task failed, explained.

use crate::platform::{Task, text};

/// Longest text of ECS's own that is repeated.
const LONGEST: usize = 160;

/// Why a task stopped: ECS's own words, and what they usually mean.
pub(super) fn explain(task: &Task) -> String {
    let words = task.why_stopped().unwrap_or_else(|| "ECS gives no reason".to_owned());
    let words = shorten(&words, LONGEST);
    match meaning(task) {
        Some(meaning) => format!("{meaning} ({words})"),
        None => words,
    }
}

/// What a stop reason or an exit code usually means, in a few words.
fn meaning(task: &Task) -> Option<String> {
    let reasons = || task.containers.iter().filter_map(|c| c.reason.as_deref()).chain(task.stopped_reason.as_deref());
    let says = |word: &str| reasons().any(|reason| reason.to_ascii_lowercase().contains(word));
    if says("exec format error") {
        return Some("image built for another CPU architecture".to_owned());
    }
    if says("outofmemory") {
        return Some("out of memory".to_owned());
    }
    if says("cannotpullcontainererror") || says("cannotpullimage") {
        let why = if says("not found") { "no such image" } else { "image can't be pulled" };
        return Some(why.to_owned());
    }
    if says("resourceinitializationerror") {
        return Some("secrets, logs or network could not be set up".to_owned());
    }
    if says("failed container health checks") || says("failed elb health checks") || says("health checks failed") {
        return Some("health check failed".to_owned());
    }
    let code = task.containers.iter().find_map(|c| c.exit_code.filter(|code| *code != 0))?;
    let meaning = match code {
        126 => "the command can't be executed: permissions, or another CPU architecture",
        127 => "the command was not found in the image",
        132 => "illegal instruction: image built for another CPU",
        134 => "the program aborted",
        137 => "killed: out of memory, or it did not stop in time",
        139 => "the program crashed (segmentation fault)",
        _ => return None,
    };
    Some(meaning.to_owned())
}

/// At most so many characters, on one line, with an ellipsis where some are left out.
pub(super) fn shorten(text: &str, longest: usize) -> String {
    let text = text::printable(text.trim());
    match text.char_indices().nth(longest) {
        Some((cut, _)) => format!("{}…", text[..cut].trim_end()),
        None => text.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::fixture;

    fn explained(exit_code: i32, reason: Option<&str>) -> String {
        explain(&fixture::failed_task(0, 42, 1, exit_code, reason))
    }

    #[test]
    fn a_wrong_architecture_is_named_not_left_as_exec_format_error() {
        let text = explained(1, Some("exec /app/server: exec format error"));
        assert!(text.starts_with("image built for another CPU architecture (exec /app/server"), "{text}");
    }

    #[test]
    fn a_kill_by_the_kernel_is_told_apart_from_the_programs_own_exit() {
        assert!(explained(137, Some("OutOfMemoryError: container killed")).starts_with("out of memory ("));
        assert!(explained(137, None).starts_with("killed: out of memory, or"));
        assert_eq!(explained(1, None), "api exited with 1 · Essential container in task exited");
    }

    #[test]
    fn a_reason_of_any_length_and_script_stays_one_short_line() {
        let text = explained(1, Some(&"日本\n".repeat(500)));
        assert!(text.chars().count() <= LONGEST + 1 && !text.contains('\n'), "{text}");
    }
}
