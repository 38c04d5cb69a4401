//! An action's documentation as text: what `plantao explain` prints.

use std::fmt::Write as _;

use super::action::{ACTIONS, Action, Field};
use super::blocks::{BLOCKS, BlockKind, block_kind};
use super::known;
use crate::platform::text::{nearest, printable};

/// What an action does and takes, for a screen of 80 columns.
///
/// # Errors
/// A line that says that there is no such action, and which one was probably meant.
pub fn explain(name: &str) -> Result<String, String> {
    if let Some(block) = block_kind(name) {
        return Ok(of_block(block));
    }
    let Some(action) = super::action(name) else {
        let all: Vec<&str> = ACTIONS.iter().map(|a| a.name).chain(BLOCKS.iter().map(|b| b.name)).collect();
        let near = nearest(name, all.iter().copied());
        let hint = near.map_or_else(String::new, |near| format!("; did you mean \"{near}\"?"));
        return Err(format!("there is no action \"{}\"{hint}\nactions: {}", printable(name), all.join(", ")));
    };
    let mut text = format!("{}\n", action.name);
    paragraph(&mut text, "  ", action.does);
    if !action.notes.is_empty() {
        text.push('\n');
        paragraph(&mut text, "  ", action.notes);
    }
    text.push_str("\nFields\n");
    for field in action.fields {
        let _ = writeln!(text, "  {}  {}", field.name, describe(field));
        paragraph(&mut text, "      ", field.doc);
    }
    if !action.needs_one_of.is_empty() {
        let _ = writeln!(text, "  at least one of: {}", action.needs_one_of.join(", "));
    }
    text.push_str("  when  on any step: run it only if a parameter is given (when = \"name\"),\n");
    text.push_str("      any of several is (when = [\"one\", \"other\"]),\n");
    text.push_str("      or has a value (when = { name = \"value\" })\n");
    text.push_str("  danger  on any step: confirm a plan that carries it out at least so:\n");
    text.push_str("      safe, caution, danger\n");
    if let Some(gives) = action.gives.and_then(known) {
        let _ = write!(text, "\nGives\n  {{{{ {} }}}}  {}\n", gives.name, gives.kind.word());
        paragraph(&mut text, "      ", gives.doc);
    }
    text.push_str("\nUndo\n");
    let undo = match (action.changes, action.undo) {
        (false, _) => "it only looks: nothing to undo",
        (true, Some(undo)) => undo,
        (true, None) => "none",
    };
    paragraph(&mut text, "  ", undo);
    let _ = write!(text, "\nExample\n{}", example(action));
    Ok(text)
}

fn of_block(block: &BlockKind) -> String {
    let mut text = format!("{}\n", block.name);
    paragraph(&mut text, "  ", block.does);
    for note in block.notes {
        text.push('\n');
        paragraph(&mut text, "  ", note);
    }
    text.push_str("\nUndo\n");
    paragraph(&mut text, "  ", block.undo);
    let _ = write!(text, "\nExample\n  ```{}\n", block.name);
    for line in block.example.lines() {
        let _ = writeln!(text, "  {line}");
    }
    text.push_str("  ```\n");
    text
}

fn describe(field: &Field) -> String {
    let mut text = field.kind.word().to_owned();
    if let Some((min, max)) = field.range {
        let _ = write!(text, " from {min} to {max}");
    }
    if !field.choices.is_empty() {
        let _ = write!(text, ": {}", field.choices.join(", "));
    }
    if field.required {
        text.push_str(", required");
    } else {
        let _ = write!(text, ", default: {}", field.default);
    }
    text
}

fn example(action: &Action) -> String {
    let mut text = format!("  ```toml {}\n", action.name);
    let shown = action.fields.iter().filter(|f| f.required || Some(&f.name) == action.needs_one_of.first());
    for field in shown {
        let _ = writeln!(text, "  {} = {}", field.name, super::call::sample(field));
    }
    text.push_str("  ```\n");
    text
}

/// Wraps a text at 78 columns.
fn paragraph(out: &mut String, indent: &str, text: &str) {
    let mut width = 0;
    for word in text.split_whitespace() {
        if width > 0 && width + 1 + word.chars().count() > 78 {
            out.push('\n');
            width = 0;
        }
        if width == 0 {
            out.push_str(indent);
            width = indent.len();
        } else {
            out.push(' ');
            width += 1;
        }
        out.push_str(word);
        width += word.chars().count();
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_explained_within_80_columns_and_a_slip_finds_its_neighbour() {
        for action in &ACTIONS {
            let text = explain(action.name).unwrap();
            assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
            assert!(action.fields.iter().all(|f| text.contains(f.name)), "{text}");
        }
        let error = explain("ecs.updat-service").unwrap_err();
        assert!(error.starts_with("there is no action \"ecs.updat-service\"; did you mean \"ecs.update-service\"?"));
    }

    #[test]
    fn every_kind_of_block_is_explained_and_its_example_checks_clean() {
        for block in &BLOCKS {
            let text = explain(block.name).unwrap();
            assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
            let head = "danger = \"danger\"\n[param.age]\nask = \"?\"\ntype = \"duration\"\n[param.cluster]\nask = \"?\"\ntype = \"text\"";
            let file =
                format!("# T\n\n```toml runbook\n{head}\n```\n\n## S\n```{}\n{}\n```\n", block.name, block.example);
            super::super::read(&file, "t.md").unwrap_or_else(|errors| panic!("{errors}"));
        }
        assert!(explain("sqll").unwrap_err().contains("did you mean \"sql\"?"));
    }

    #[test]
    fn every_example_is_a_step_that_checks_clean() {
        for action in &ACTIONS {
            let text = explain(action.name).unwrap();
            let lines = text.lines().skip_while(|l| !l.starts_with("  ```")).map(str::trim_start);
            let block = lines.collect::<Vec<_>>().join("\n");
            let file = format!("# T\n\n```toml runbook\ndanger = \"danger\"\n```\n\n## S\n{block}\n");
            super::super::read(&file, "t.md").unwrap_or_else(|errors| panic!("{errors}"));
        }
    }
}
