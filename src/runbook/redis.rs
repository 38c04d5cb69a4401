//! A `redis` block: one command a line; a template is always one whole argument.

use std::ops::Range;

use serde::Serialize;

use super::call::absent;
use super::kind::Kind;
use super::template::{Name, Piece, Scope};

/// Commands, in order.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Redis {
    /// Each command: its name and its arguments.
    pub commands: Vec<Vec<Piece>>,
}

/// Reads a block. `range` is where it stands in `source`.
pub(super) fn read(scope: &Scope, source: &str, range: Range<usize>, info: &Range<usize>) -> Redis {
    let mut commands = Vec::new();
    let mut at = range.start;
    for line in source.get(range).unwrap_or_default().split_inclusive('\n') {
        let command = arguments(scope, line, at);
        if !command.is_empty() {
            commands.push(command);
        }
        at += line.len();
    }
    if commands.is_empty() {
        scope.report.error(info.clone(), "the step has no command").expected("Redis commands, one a line");
    }
    Redis { commands }
}

fn arguments(scope: &Scope, line: &str, start: usize) -> Vec<Piece> {
    let report = scope.report;
    let mut arguments = Vec::new();
    let mut at = 0;
    while let Some(rest) = line.get(at..) {
        let blank = rest.len() - rest.trim_start().len();
        at += blank;
        let rest = rest.trim_start();
        if rest.is_empty() || (rest.starts_with('#') && arguments.is_empty()) {
            break;
        }
        let length = if let Some(quoted) = rest.strip_prefix('"') {
            let Some(close) = quoted.find('"') else {
                report.error(start + at..start + at + 1, "a quote without end").expected("\" on the same line");
                break;
            };
            close + 2
        } else if rest.starts_with("{{") {
            let Some(close) = rest.find("}}") else {
                report.error(start + at..start + at + 2, "a template without end").expected("{{ name }}");
                break;
            };
            close + 2
        } else {
            rest.find(char::is_whitespace).unwrap_or(rest.len())
        };
        let (word, span) = (&rest[..length], start + at..start + at + length);
        at += length;
        if rest[length..].starts_with(|c: char| !c.is_whitespace()) {
            report.error(span, "an argument ends here, and another begins").expected("a space between arguments");
            break;
        }
        if let Some(name) = word.strip_prefix("{{").and_then(|w| w.strip_suffix("}}")) {
            arguments.extend(value(scope, name.trim(), span).map(Piece::Value));
        } else if word.contains("{{") {
            report.error(span, "a template within an argument").expected("the template as an argument of its own");
        } else {
            arguments.push(Piece::Text(word.trim_matches('"').to_owned()));
        }
    }
    if let Some(Piece::Text(name)) = arguments.first()
        && let Some((why, expected)) = never(&name.to_ascii_uppercase())
    {
        report.error(start..start + line.len(), why).expected(expected);
    }
    if matches!(arguments.first(), Some(Piece::Value(_))) {
        report.error(start..start + line.len(), "a command can't be a parameter").expected("the command's name");
    }
    arguments
}

/// Why a command can't be a line of a block, and what can.
fn never(name: &str) -> Option<(&'static str, &'static str)> {
    match name {
        "AUTH" | "HELLO" => Some(("a password has no place in a runbook", "user and password in the cache's URL")),
        "SUBSCRIBE" | "PSUBSCRIBE" | "SSUBSCRIBE" | "MONITOR" | "SYNC" | "PSYNC" => {
            Some(("it never ends answering", "redis-cli in a terminal"))
        }
        "SHUTDOWN" | "QUIT" | "RESET" => Some(("no answer comes after it", "a command that answers")),
        "MULTI" | "EXEC" | "DISCARD" | "WATCH" => {
            Some(("each command is sent on its own, so that none is sent twice", "one command, or EVAL"))
        }
        _ => None,
    }
}

fn value(scope: &Scope, word: &str, span: Range<usize>) -> Option<Name> {
    let name = scope.name(word, span.clone())?;
    if scope.kind(&name) == Kind::Tables {
        scope.report.error(span, "tables are no argument of Redis").expected("a single value");
        return None;
    }
    if let Name::Param(index) = name {
        absent(scope, index, None, true, span);
    }
    Some(name)
}
