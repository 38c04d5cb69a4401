//! A plan on the whole screen: the questions, what is and what will be, and the confirmation.

use jiff::SignedDuration;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget};
use tui_input::Input;

use super::runbook::{broken, danger_style};
use crate::platform::{Image, Severity, text};
use crate::run::{Change, Plan, PlannedStep};
use crate::tui::app::App;
use crate::tui::form::{Field, Form};
use crate::tui::plan_page::{Confirm, PlanPage, Way};
use crate::tui::text::{fit, pad, width, wrap};
use crate::tui::theme::Theme;
use crate::tui::widget::panel;

/// Columns of an answer.
const ANSWER: usize = 22;
/// A page with fewer rows than this shows one question at a time.
const LOW: usize = 12;
/// Most changes that the confirmation repeats.
const TOLD: usize = 4;
/// Most lines of what a question can be answered with.
const CHOICES: usize = 6;

/// Lines of the plan, at this width.
pub(super) fn length(app: &App, page: &PlanPage, columns: usize) -> usize {
    lines(app, page, columns).len()
}

/// Draws the page, and says where the cursor stands if text is typed.
pub(super) fn draw(app: &App, page: &PlanPage, body: Rect, buffer: &mut Buffer) -> Option<Position> {
    let theme = app.theme;
    Clear.render(body, buffer);
    let target = page.plan.as_ref().and_then(|plan| plan.as_ref().ok()).map(|plan| plan.target.to_string());
    let danger = Span::styled(page.danger.clone(), danger_style(theme, &page.danger));
    let mut note = Line::from(vec![Span::styled(target.unwrap_or_default(), theme.muted()), Span::raw("  ")]);
    note.push_span(danger);
    let mut inner = panel(&page.title, &note, true, theme, body, buffer);
    let mut caret = None;
    if let Some(confirm) = &page.confirm {
        let rows = confirmation(app, page, confirm, usize::from(inner.width));
        let height = (rows.lines.len() as u16).min(inner.height);
        let area = Rect { y: inner.bottom() - height, height, ..inner };
        // What is to be pressed stands last, and is what must be seen.
        let hidden = rows.lines.len() as u16 - height;
        write(&rows.lines[usize::from(hidden)..], area, buffer);
        if let Some((row, column)) = rows.caret.and_then(|(row, column)| Some((row.checked_sub(hidden)?, column))) {
            caret = Some(Position { x: area.x + column.min(area.width.saturating_sub(1)), y: area.y + row });
        }
        inner.height -= height;
    } else {
        let (rows, place) = questions(theme, &page.form, usize::from(inner.width), usize::from(inner.height));
        let height = (rows.len() as u16).min(inner.height);
        write(&rows, Rect { height, ..inner }, buffer);
        if let Some((row, column)) = place.filter(|(row, _)| *row < height) {
            caret = Some(Position { x: inner.x + column.min(inner.width.saturating_sub(1)), y: inner.y + row });
        }
        inner.y += height;
        inner.height -= height;
    }
    draw_plan(app, page, inner, buffer);
    caret
}

fn write(lines: &[Line<'_>], area: Rect, buffer: &mut Buffer) {
    for (row, line) in lines.iter().take(usize::from(area.height)).enumerate() {
        buffer.set_line(area.x, area.y + row as u16, line, area.width);
    }
}

/// The plan below its rule, as far as it is scrolled; what lies below the last row is said.
fn draw_plan(app: &App, page: &PlanPage, area: Rect, buffer: &mut Buffer) {
    let Some(room) = area.height.checked_sub(1) else { return };
    let lines = lines(app, page, usize::from(area.width));
    let room = usize::from(room);
    let first = app.overlay_scroll.min(lines.len().saturating_sub(room));
    let below = lines.len().saturating_sub(first + room);
    buffer.set_line(area.x, area.y, &rule(app, page, first, below, usize::from(area.width)), area.width);
    let shown: Vec<Line<'_>> = lines.into_iter().skip(first).take(room).collect();
    write(&shown, Rect { y: area.y + 1, height: area.height - 1, ..area }, buffer);
}

/// `── Plan ── takes about 2 min ── ↓ 12 more ──`
fn rule(app: &App, page: &PlanPage, above: usize, below: usize, columns: usize) -> Line<'static> {
    let theme = app.theme;
    let mut parts = vec!["Plan".to_owned()];
    if page.asking {
        parts.push("asking AWS…".to_owned());
    } else if let Some(Ok(plan)) = &page.plan {
        if page.ready().is_none() {
            parts.push("of other answers: enter makes it anew".to_owned());
        } else {
            let expected = SignedDuration::from_secs(i64::try_from(plan.expected_seconds()).unwrap_or(i64::MAX));
            parts.push(format!("takes about {}", text::duration(expected)));
            parts.push(format!("made {}", text::time(plan.made_at)));
        }
    }
    if above > 0 {
        parts.push(format!("↑ {above} more"));
    }
    if below > 0 {
        parts.push(format!("↓ {below} more"));
    }
    let line = ruled(&format!("── {} ", parts.join(" ── ")), columns);
    let style = if page.form.on().is_none() && page.confirm.is_none() { theme.focus() } else { theme.muted() };
    Line::styled(line, style)
}

/// A rule that begins with words.
pub(super) fn ruled(words: &str, columns: usize) -> String {
    let mut rule = fit(words, columns);
    rule.push_str(&"─".repeat(columns.saturating_sub(width(&rule))));
    rule
}

/// The questions, and where the cursor stands among them: row and column.
fn questions(theme: Theme, form: &Form, columns: usize, rows: usize) -> (Vec<Line<'static>>, Option<(u16, u16)>) {
    let mut lines = Vec::new();
    let mut caret = None;
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
            lines.extend(offers(theme, field, columns, CHOICES.min(rows.saturating_sub(form.visible().count() + 6))));
        }
    }
    (lines, caret)
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

/// The part of a typed line that is in sight, and the cursor's column in it.
fn typed(input: &Input, columns: usize) -> (String, usize) {
    let scroll = input.visual_scroll(columns.saturating_sub(1).max(1));
    let shown: String = input.value().chars().skip(scroll).collect();
    (fit(&shown, columns), input.visual_cursor().saturating_sub(scroll))
}

/// What a question can be answered with, around the answer that is chosen.
fn offers(theme: Theme, field: &Field, columns: usize, rows: usize) -> Vec<Line<'static>> {
    if let Some(Err(why)) = &field.choices {
        let words = format!("what there is to choose from is not known: {why}");
        return wrap(&words, columns.saturating_sub(4))
            .into_iter()
            .map(|line| Line::styled(format!("    {line}"), theme.severity(Severity::Warning)))
            .collect();
    }
    let choices = field.offered();
    let chosen = field.chosen();
    let first = chosen.unwrap_or(0).saturating_sub(rows / 2).min(choices.len().saturating_sub(rows));
    let wide = choices.iter().map(|choice| width(&choice.label)).max().unwrap_or_default().min(columns / 3);
    let line = |(index, choice): (usize, &crate::run::Choice)| {
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
    choices.iter().enumerate().skip(first).take(rows).map(line).collect()
}

/// All that the plan says.
fn lines(app: &App, page: &PlanPage, columns: usize) -> Vec<Line<'static>> {
    let theme = app.theme;
    let mut lines = match &page.plan {
        None => vec![Line::styled("looking at what is, to say what will be…", theme.muted())],
        Some(Err(why)) => why
            .lines()
            .flat_map(|line| wrap(line, columns))
            .map(|line| Line::styled(line, theme.severity(Severity::Critical)))
            .collect(),
        Some(Ok(plan)) => plan_lines(theme, plan, columns),
    };
    if page.plan.as_ref().is_some_and(Result::is_ok) && page.ready().is_none() {
        for line in &mut lines {
            line.style = theme.stale();
            line.spans.iter_mut().for_each(|span| span.style = theme.stale());
        }
    }
    lines
}

fn plan_lines(theme: Theme, plan: &Plan, columns: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for warning in &plan.warnings {
        warn(theme, warning, "", columns, &mut lines);
    }
    for (number, step) in plan.steps.iter().enumerate() {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        step_lines(theme, number, step, columns, &mut lines);
    }
    lines
}

fn step_lines(theme: Theme, number: usize, step: &PlannedStep, columns: usize, lines: &mut Vec<Line<'static>>) {
    let does = step.action.name();
    let title = columns.saturating_sub(width(does) + 2);
    lines.push(Line::from(vec![
        Span::styled(pad(&format!("{}. {}", number + 1, step.title), title), theme.title()),
        Span::styled(format!("  {does}"), theme.muted()),
    ]));
    let view = &step.view;
    let wide = view.changes.iter().map(|change| width(&change.what)).max().unwrap_or_default().min(columns / 3);
    for change in &view.changes {
        let what = pad(&change.what, wide);
        if change.before == change.after {
            let same = format!("  {}, as it is", fit(&change.after, columns.saturating_sub(wide + 16)));
            lines.push(Line::from(vec![Span::raw("   "), Span::styled(what, theme.muted()), Span::raw(same)]));
            continue;
        }
        let room = columns.saturating_sub(wide + 5);
        let Change { before, after, .. } = brief(change);
        let inline = width(&before) + width(&after) + 3 <= room;
        let before = fit(&before, if inline { room } else { room.saturating_sub(3) });
        let mut line =
            Line::from(vec![Span::raw("   "), Span::styled(what, theme.muted()), Span::raw(format!("  {before} →"))]);
        if inline {
            line.push_span(Span::styled(format!(" {}", fit(&after, room)), theme.title()));
            lines.push(line);
        } else {
            lines.push(line);
            lines.extend(
                wrap(&after, room)
                    .into_iter()
                    .map(|part| Line::styled(format!("{}{part}", " ".repeat(wide + 5)), theme.title())),
            );
        }
    }
    let mut say = |text: &str, style: Style| {
        let indented = wrap(text, columns.saturating_sub(3)).into_iter();
        lines.extend(indented.map(|part| Line::styled(format!("   {part}"), style)));
    };
    for fact in &view.facts {
        say(fact, Style::new());
    }
    for warning in &view.warnings {
        warn(theme, warning, "   ", columns, lines);
    }
    if let Some(undo) = &view.undo {
        let words = wrap(&format!("undo: {undo}"), columns.saturating_sub(3)).into_iter();
        lines.extend(words.map(|part| Line::styled(format!("   {part}"), theme.muted())));
    }
    if let Some(command) = &view.command {
        for (row, part) in broken(&text::printable(command), columns.saturating_sub(8).max(10)).into_iter().enumerate()
        {
            let lead = if row == 0 { "   $ " } else { "     " };
            lines.push(Line::styled(format!("{lead}{part}"), theme.focus()));
        }
    }
}

/// Images of one registry are told apart by what differs.
fn brief(change: &Change) -> Change {
    let (before, after) = (Image::parse(&change.before), Image::parse(&change.after));
    if !change.what.starts_with("image") || before.repository != after.repository {
        return change.clone();
    }
    let name = before.repository.rsplit('/').next().unwrap_or_default();
    Change::of(&change.what, format!("{name}:{}", before.short()), format!("{name}:{}", after.short()))
}

fn warn(theme: Theme, warning: &str, indent: &str, columns: usize, lines: &mut Vec<Line<'static>>) {
    let style = theme.severity(Severity::Warning);
    for (row, part) in wrap(warning, columns.saturating_sub(indent.len() + 2)).into_iter().enumerate() {
        let mark = if row == 0 { "! " } else { "  " };
        lines.push(Line::styled(format!("{indent}{mark}{part}"), style));
    }
}

/// What the confirmation takes of the page.
struct Rows {
    lines: Vec<Line<'static>>,
    caret: Option<(u16, u16)>,
}

/// What is about to happen, in a few lines, and what has to be typed for it.
fn confirmation(app: &App, page: &PlanPage, confirm: &Confirm, columns: usize) -> Rows {
    let theme = app.theme;
    let danger = danger_style(theme, &page.danger);
    let mut lines = vec![Line::styled(ruled("── Confirm ", columns), danger)];
    let mut caret = None;
    if let Some(Ok(plan)) = &page.plan {
        let on = format!("on {} of account {} in {}", plan.target, plan.target.account, plan.target.region);
        lines.extend(wrap(&on, columns).into_iter().map(|line| Line::styled(line, theme.title())));
        let changes: Vec<&Change> = plan.steps.iter().flat_map(|step| &step.view.changes).collect();
        for change in changes.iter().take(TOLD) {
            let Change { what, before, after } = brief(change);
            let line = if before == after {
                format!("  {what}  {after}, as it is")
            } else {
                format!("  {what}  {before} → {after}")
            };
            lines.push(Line::raw(fit(&line, columns)));
        }
        if changes.len() > TOLD {
            lines.push(Line::raw(format!("  and {} more", changes.len() - TOLD)));
        }
        for warning in plan.all_warnings() {
            warn(theme, warning, "", columns, &mut lines);
        }
    }
    if confirm.starting {
        lines.push(Line::styled("starting the run…", theme.title()));
        return Rows { lines, caret };
    }
    let key = |keys: &'static str, does: String| {
        Line::from(vec![Span::styled(keys, theme.key()), Span::raw(format!(" {does}"))])
    };
    match &confirm.way {
        Way::Enter => lines.push(key("enter", "carries it out; esc does not".to_owned())),
        Way::Yes => lines.push(key("y", "carries it out; n or esc does not".to_owned())),
        Way::Name(name) => {
            let ask = format!("Type {name} to go on: ");
            let rows = [("Why? (kept in the journal) ", &confirm.reason, false), (&ask, &confirm.name, true)];
            let wide = rows.iter().map(|(ask, _, _)| width(ask)).max().unwrap_or_default().min(columns / 2);
            for (ask, input, is_name) in rows {
                let (shown, column) = typed(input, columns.saturating_sub(wide + 3));
                let here = confirm.on_name == is_name;
                if here {
                    caret = Some((lines.len() as u16, (2 + wide + column) as u16));
                }
                lines.push(Line::from(vec![
                    Span::styled(if here { "▶ " } else { "  " }, theme.key()),
                    Span::raw(pad(ask, wide)),
                    Span::styled(shown, theme.title()),
                ]));
            }
        }
    }
    if let Some(said) = &confirm.said {
        lines
            .extend(wrap(said, columns).into_iter().map(|line| Line::styled(line, theme.severity(Severity::Critical))));
    }
    Rows { lines, caret }
}
