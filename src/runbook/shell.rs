//! A `sh` block: a script that nothing is ever pasted into; parameters arrive as environment variables.

use std::ops::Range;

use serde::Serialize;

use super::template::{Scope, holes};

/// A script for `sh -eu`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shell {
    /// Exactly as it stands in the file.
    pub script: String,
}

/// Reads a block. `range` is where it stands in `source`.
pub(super) fn read(scope: &Scope, source: &str, range: Range<usize>, info: &Range<usize>) -> Shell {
    let script = source.get(range.clone()).unwrap_or_default();
    if script.trim().is_empty() {
        scope.report.error(info.clone(), "the step has no script").expected("commands between the fences");
    }
    // A brace pair that is not ours, as in `--format '{{.State}}'`, is none of our business.
    for hole in holes(script).unwrap_or_default() {
        let ours = hole.word.starts_with(|c: char| c.is_ascii_lowercase())
            && hole.word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_'));
        if ours {
            let span = range.start + hole.range.start..range.start + hole.range.end;
            let param = scope.params.iter().find(|p| p.name == hole.word);
            let expected = match param {
                Some(param) => format!("\"${}\"", param.variable()),
                None => "a parameter's variable, like \"$PLANTAO_DESIRED\"".to_owned(),
            };
            scope
                .report
                .error(span, "a script is never templated: parameters arrive as environment variables")
                .expected(&expected);
        }
    }
    variables(scope, script, range.start);
    Shell { script: script.to_owned() }
}

/// `$PLANTAO_…` that is no parameter's would be empty, and with `-u` an error in the middle of a run.
fn variables(scope: &Scope, script: &str, start: usize) {
    let known: Vec<String> = scope.params.iter().map(super::Param::variable).collect();
    for (at, _) in script.match_indices("PLANTAO_") {
        let before = script[..at].chars().next_back();
        if !matches!(before, Some('$' | '{')) {
            continue;
        }
        let rest = &script[at..];
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
        let name = &rest[..end];
        if scope.params_known && !known.iter().any(|k| k == name) {
            scope
                .report
                .error(start + at..start + at + end, &format!("no parameter arrives as {name}"))
                .one_of(name, known.iter().map(String::as_str));
        }
    }
}
