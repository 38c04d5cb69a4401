//! A plan on the whole screen: the questions, what is and what will be, and the confirmation.

use jiff::SignedDuration;
use ratatui::buffer::Buffer;
use ratatui::layout::{Margin, Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget};

use super::runbook::{broken, danger_style};
use super::{confirmation, questions};
use crate::platform::{Image, Severity, text};
use crate::run::{Change, Plan, PlannedStep};
use crate::tui::app::App;
use crate::tui::canvas::{Canvas, Hit, Spot};
use crate::tui::plan_page::PlanPage;
use crate::tui::text::{fit, pad, width, wrap};
use crate::tui::theme::Theme;
use crate::tui::widget::panel;

/// How far the plan scrolls.
pub(super) fn last(app: &App, page: &PlanPage, body: Rect) -> usize {
    let inner = body.inner(Margin::new(1, 1));
    let (columns, rows) = (usize::from(inner.width), usize::from(inner.height));
    let taken = if let Some(confirm) = &page.confirm {
        let confirmation = confirmation::rows(app, page, confirm, columns);
        if let Some(room) = confirmation.room(rows) {
            return confirmation.told.len().saturating_sub(room);
        }
        confirmation.height()
    } else {
        let refused = refused_rows(app.theme, page, columns).len();
        refused + questions::asked(app.theme, &page.form, columns, rows.saturating_sub(refused), None).lines.len()
    };
    // One more is the rule above the plan.
    lines(app, page, columns).len().saturating_sub(rows.saturating_sub(taken + 1))
}

/// Why a yes can't be taken yet: what it is for did not come into sight.
pub(super) fn unseen(app: &App, page: &PlanPage, body: Rect) -> Option<&'static str> {
    let inner = body.inner(Margin::new(1, 1));
    let rows = confirmation::rows(app, page, page.confirm.as_ref()?, usize::from(inner.width));
    match rows.room(usize::from(inner.height))? {
        0 => Some("no room to show what it is for: enlarge the window"),
        room if app.overlay_scroll + room < rows.must => Some("first see what it is for: pgdn"),
        _ => None,
    }
}

/// Draws the page, and says where the cursor stands if text is typed.
pub(super) fn draw(app: &App, page: &PlanPage, body: Rect, canvas: &mut Canvas<'_>) -> Option<Position> {
    let theme = app.theme;
    Clear.render(body, canvas);
    let target = page.plan.as_ref().and_then(|plan| plan.as_ref().ok()).map(|plan| plan.target.to_string());
    let danger = Span::styled(page.danger.clone(), danger_style(theme, &page.danger));
    let mut note = Line::from(vec![Span::styled(target.unwrap_or_default(), theme.muted()), Span::raw("  ")]);
    note.push_span(danger);
    let mut inner = panel(&page.title, &note, true, theme, body, canvas);
    let mut caret = None;
    if let Some(confirm) = &page.confirm {
        let columns = usize::from(inner.width);
        let rows = confirmation::rows(app, page, confirm, columns);
        let room = rows.room(usize::from(inner.height)).unwrap_or(rows.told.len());
        let all = rows.told.len() - room;
        let above = if all > 0 { app.overlay_scroll.min(all) } else { 0 };
        let mut lines = vec![confirmation::rule(theme, page, above, all - above, columns)];
        lines.extend(rows.told.into_iter().skip(above).take(room));
        lines.extend(rows.asked);
        let height = (lines.len() as u16).min(inner.height);
        let area = Rect { y: inner.bottom() - height, height, ..inner };
        // What is to be pressed stands last, and is what must be seen.
        let hidden = lines.len() as u16 - height;
        write(&lines[usize::from(hidden)..], area, canvas);
        let caret_at = rows.caret.map(|(row, column)| (row + 1 + room as u16, column));
        if let Some((row, column)) = caret_at.and_then(|(row, column)| Some((row.checked_sub(hidden)?, column))) {
            caret = Some(Position { x: area.x + column.min(area.width.saturating_sub(1)), y: area.y + row });
        }
        inner.height -= height;
    } else {
        let refused = refused_rows(theme, page, usize::from(inner.width));
        let height = (refused.len() as u16).min(inner.height);
        write(&refused, Rect { y: inner.bottom() - height, height, ..inner }, canvas);
        inner.height -= height;
        let (columns, rows) = (usize::from(inner.width), usize::from(inner.height));
        let asked = questions::asked(theme, &page.form, columns, rows, canvas.row);
        let height = (asked.lines.len() as u16).min(inner.height);
        write(&asked.lines, Rect { height, ..inner }, canvas);
        if let Some((row, column)) = asked.caret.filter(|(row, _)| *row < height) {
            caret = Some(Position { x: inner.x + column.min(inner.width.saturating_sub(1)), y: inner.y + row });
        }
        let (offered, first) = asked.offered;
        canvas.hits.extend(offered.zip(first..height).enumerate().map(|(row, (choice, y))| Hit {
            area: Rect { y: inner.y + y, height: 1, ..inner },
            row,
            spot: Spot::Item(choice),
        }));
        inner.y += height;
        inner.height -= height;
    }
    draw_plan(app, page, inner, canvas);
    // On a screen of a few cells the answer itself may have no room.
    caret.filter(|caret| body.contains(*caret))
}

/// Why the run of it did not begin.
pub(super) fn refused_rows(theme: Theme, page: &PlanPage, columns: usize) -> Vec<Line<'static>> {
    let Some(why) = &page.refused else { return Vec::new() };
    let style = theme.severity(Severity::Critical);
    let mut lines = vec![Line::styled(ruled("── No run began ", columns), style)];
    lines.extend(wrap(why, columns).into_iter().map(|line| Line::styled(line, style)));
    lines
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
            parts.push(if plan.is_so_already() {
                "nothing to do".to_owned()
            } else {
                format!("takes about {}", text::duration(expected))
            });
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

/// All that the plan says.
fn lines(app: &App, page: &PlanPage, columns: usize) -> Vec<Line<'static>> {
    let theme = app.theme;
    let mut lines = match &page.plan {
        None if page.form.missing().is_some() => {
            let ask = page.form.missing().map(|param| param.ask.clone()).unwrap_or_default();
            wrap(&format!("the plan needs an answer: {ask}"), columns)
                .into_iter()
                .map(|line| Line::styled(line, theme.title()))
                .collect()
        }
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
pub(super) fn brief(change: &Change) -> Change {
    let (before, after) = (Image::parse(&change.before), Image::parse(&change.after));
    if !change.what.starts_with("image") || before.repository != after.repository {
        return change.clone();
    }
    let name = before.repository.rsplit('/').next().unwrap_or_default();
    Change::of(&change.what, format!("{name}:{}", before.short()), format!("{name}:{}", after.short()))
}

pub(super) fn warn(theme: Theme, warning: &str, indent: &str, columns: usize, lines: &mut Vec<Line<'static>>) {
    let style = theme.severity(Severity::Warning);
    for (row, part) in wrap(warning, columns.saturating_sub(indent.len() + 2)).into_iter().enumerate() {
        let mark = if row == 0 { "! " } else { "  " };
        lines.push(Line::styled(format!("{indent}{mark}{part}"), style));
    }
}
