//! A runbook as a page to read.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::platform::Severity;
use crate::platform::text::printable;
use crate::runbook::{Block, Runbook};
use crate::tui::text::{fit, width, wrap};
use crate::tui::theme::Theme;

/// The page, in lines of at most `columns`.
pub(super) fn lines(theme: Theme, runbook: &Runbook, columns: usize) -> Vec<Line<'static>> {
    let danger = danger_style(theme, runbook.danger.word());
    let mut lines = vec![Line::from(vec![
        Span::styled(fit(&runbook.title, columns.saturating_sub(12)), theme.title()),
        Span::raw("  "),
        Span::styled(runbook.danger.word(), danger),
    ])];
    let how = format!("enter shows what it would do now; in a shell: plantao plan {0}, plantao run {0}", runbook.name);
    lines.extend(wrap(&how, columns).into_iter().map(|line| Line::styled(line, theme.muted())));
    if !runbook.treats.is_empty() {
        let treats = format!("treats {}", runbook.treats.join(", "));
        lines.extend(wrap(&treats, columns).into_iter().map(|line| Line::styled(line, theme.muted())));
    }
    for warning in &runbook.warn {
        lines.extend(wrap(&format!("! {warning}"), columns).into_iter().map(|line| Line::styled(line, danger)));
    }
    lines.push(Line::default());
    prose(theme, &runbook.intro, columns, &mut lines);
    for (number, step) in runbook.steps.iter().enumerate() {
        lines.push(Line::default());
        let does = match &step.block {
            Block::Action(call) => call.action.name,
            Block::Sql(_) => "sql",
            Block::Redis(_) => "redis",
            Block::Sh(_) => "sh",
        };
        lines.push(Line::from(vec![
            Span::styled(fit(&format!("{}. {}", number + 1, step.title), columns.saturating_sub(24)), theme.title()),
            Span::styled(format!("  {does}"), theme.muted()),
        ]));
        prose(theme, &step.prose, columns, &mut lines);
    }
    lines
}

/// The colour of a danger.
pub(super) fn danger_style(theme: Theme, danger: &str) -> Style {
    match danger {
        "safe" => theme.well(),
        "caution" => theme.severity(Severity::Warning),
        _ => theme.severity(Severity::Critical),
    }
}

/// Paragraphs are filled; commands keep their lines, so that they can be copied.
fn prose(theme: Theme, markdown: &str, columns: usize, lines: &mut Vec<Line<'static>>) {
    let mut paragraph = String::new();
    let mut in_code = false;
    for line in markdown.lines() {
        let fence = line.trim_start().starts_with("```");
        if fence || in_code || line.trim().is_empty() {
            fill(&mut paragraph, columns, lines);
        }
        if fence {
            in_code = !in_code;
        } else if in_code {
            // Broken rather than cut: a command is of no use without its end.
            let pieces = broken(&printable(line), columns.saturating_sub(6).max(10));
            for (i, piece) in pieces.into_iter().enumerate() {
                let indent = if i == 0 { "  " } else { "    " };
                lines.push(Line::styled(format!("{indent}{piece}"), theme.focus()));
            }
        } else if line.trim().is_empty() {
            if lines.last().is_some_and(|last| last.width() > 0) {
                lines.push(Line::default());
            }
        } else {
            if !paragraph.is_empty() {
                paragraph.push(' ');
            }
            paragraph.push_str(&line.trim().replace("**", ""));
        }
    }
    fill(&mut paragraph, columns, lines);
}

fn fill(paragraph: &mut String, columns: usize, lines: &mut Vec<Line<'static>>) {
    if !paragraph.is_empty() {
        lines.extend(wrap(paragraph, columns).into_iter().map(Line::from));
        paragraph.clear();
    }
}

/// A command broken between its words only, as a shell reads it; a word too long for a line is broken anywhere.
pub(super) fn broken(command: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut quotes = Quotes::default();
    for word in command.split(' ') {
        let Some(line) = lines.last_mut() else { break };
        if line.is_empty() || width(line) + 1 + width(word) <= columns {
            // The indent that the runbook gives a continued line is kept.
            if !line.is_empty() || word.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        } else {
            // Within single quotes a backslash would be one of what is quoted.
            if !quotes.single {
                line.push_str(" \\");
            }
            lines.push(word.to_owned());
        }
        quotes.read(word);
    }
    lines.into_iter().flat_map(|line| wrap(&line, columns + 2)).collect()
}

/// Whether a shell is within quotes after what it has read.
#[derive(Default)]
struct Quotes {
    single: bool,
    double: bool,
}

impl Quotes {
    fn read(&mut self, word: &str) {
        let mut letters = word.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '\\' if !self.single => drop(letters.next()),
                '\'' if !self.double => self.single = !self.single,
                '"' if !self.single => self.double = !self.double,
                _ => {}
            }
        }
    }
}
