//! A runbook's questions on the page of its plan.

use std::ops::Range;

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::platform::Severity;
use crate::run::Choice;
use crate::tui::form::{Field, Form};
use crate::tui::text::{fit, pad, typed, width, wrap};
use crate::tui::theme::Theme;
use crate::tui::widget::in_sight;

/// Columns of an answer.
const ANSWER: usize = 22;
/// A page with fewer rows than this shows one question at a time.
const LOW: usize = 12;
/// Most lines of what a question can be answered with.
const CHOICES: usize = 6;

/// The questions as they stand on the page.
#[derive(Default)]
pub(super) struct Asked {
    pub(super) lines: Vec<Line<'static>>,
    /// Where the cursor stands: row and column.
    pub(super) caret: Option<(u16, u16)>,
    /// Which of what can be chosen is in sight, and the row of the first.
    pub(super) offered: (Range<usize>, u16),
}

/// The questions. `clicked` is the row among what can be chosen at which the answer stands, if it was clicked there.
pub(super) fn asked(theme: Theme, form: &Form, columns: usize, rows: usize, clicked: Option<usize>) -> Asked {
    let Asked { mut lines, mut caret, mut offered } = Asked::default();
    let label = columns.saturating_sub(ANSWER + 3);
    // On a low screen only the question that is answered is shown, in one line.
    let low = rows < LOW;
    for (index, field) in form.visible() {
        let here = form.on() == Some(index);
        if low && !here {
            continue;
        }
        let mut ask = wrap(&field.param.ask, label.max(12));
        if low {
            ask = vec![fit(&field.param.ask, label.max(12))];
        }
        let first = lines.len() as u16;
        for (row, part) in ask.iter().enumerate() {
            let mark = if here && row == 0 { "▶ " } else { "  " };
            let mut line = Line::from(vec![
                Span::styled(mark, theme.key()),
                Span::styled(pad(part, label.max(12)), if here { theme.title() } else { Style::new() }),
            ]);
            if row == 0 {
                let (shown, column) = typed(&field.input, ANSWER);
                if here {
                    caret = Some((first, (2 + label.max(12) + 1 + column) as u16));
                }
                line.push_span(" ");
                line.push_span(answer(theme, field, shown));
            }
            lines.push(line);
        }
        if here {
            let room = CHOICES.min(rows.saturating_sub(form.visible().count() + 6));
            let chosen = field.chosen().unwrap_or(0);
            offered = (in_sight(field.offered().len(), chosen, room, clicked), lines.len() as u16);
            lines.extend(offers(theme, field, columns, offered.0.clone()));
        }
    }
    Asked { lines, caret, offered }
}

fn answer(theme: Theme, field: &Field, shown: String) -> Span<'static> {
    if field.touched {
        Span::styled(shown, theme.title())
    } else if !shown.is_empty() {
        Span::raw(shown)
    } else if field.param.optional {
        Span::styled("—", theme.muted())
    } else {
        Span::styled("?", theme.severity(Severity::Warning))
    }
}

/// What a question can be answered with, around the answer that is chosen.
fn offers(theme: Theme, field: &Field, columns: usize, shown: Range<usize>) -> Vec<Line<'static>> {
    if let Some(Err(why)) = &field.choices {
        let words = format!("what there is to choose from is not known: {why}");
        return wrap(&words, columns.saturating_sub(4))
            .into_iter()
            .map(|line| Line::styled(format!("    {line}"), theme.severity(Severity::Warning)))
            .collect();
    }
    let choices = field.offered();
    let chosen = field.chosen();
    let wide = choices.iter().map(|choice| width(&choice.label)).max().unwrap_or_default().min(columns / 3);
    let line = |(index, choice): (usize, &Choice)| {
        let here = chosen == Some(index);
        let mark = if here { "  → " } else { "    " };
        let label = pad(&choice.label, wide);
        let detail = fit(&choice.detail, columns.saturating_sub(wide + 6));
        let style = if here { theme.title() } else { Style::new() };
        Line::from(vec![
            Span::styled(mark, theme.key()),
            Span::styled(label, style),
            Span::styled(format!("  {detail}"), if here { Style::new() } else { theme.muted() }),
        ])
    };
    choices.iter().enumerate().skip(shown.start).take(shown.len()).map(line).collect()
}
