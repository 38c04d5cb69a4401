//! What lies over a screen: the keys, the palette, one task, one finding, or a page of its own.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Paragraph, Widget};

use super::{alarm_page, plan, run, runbook};
use crate::platform::{Health, Task, text};
use crate::triage::Finding;
use crate::tui::app::{App, Overlay};
use crate::tui::canvas::{Canvas, Spot};
use crate::tui::keymap::{BINDINGS, Group};
use crate::tui::palette::Palette;
use crate::tui::text::{fit, pad, typed, width, wrap};
use crate::tui::theme::glyph;
use crate::tui::widget::{list, panel};

/// Narrower than this, keys and their help share no line.
const NARROW: usize = 50;

/// The greatest scroll of what is open: further there is nothing to see. In the list of runs, the last line.
pub(super) fn last(app: &App, body: Rect) -> usize {
    let (columns, rows) = (usize::from(body.width.saturating_sub(4)), usize::from(body.height.saturating_sub(2)));
    match &app.overlay {
        None => 0,
        Some(Overlay::Plan(page)) if page.prose.is_none() => plan::last(app, page, body),
        Some(Overlay::Run) => app.run.as_ref().map_or(0, |followed| run::last(app, followed, body)),
        Some(Overlay::Runs(rows)) => {
            let rows = rows.as_ref().and_then(|rows| rows.as_ref().ok());
            rows.map_or(0, |rows| rows.len().saturating_sub(1))
        }
        // Its chart takes more or less of the room.
        Some(overlay @ Overlay::Alarm(_)) => lines(app, overlay, columns).len().saturating_sub(1),
        Some(overlay) => lines(app, overlay, columns).len().saturating_sub(rows),
    }
}

/// Why what a plan asks can't be answered with yes.
pub(super) fn unseen(app: &App, body: Rect) -> Option<&'static str> {
    match &app.overlay {
        Some(Overlay::Plan(page)) => plan::unseen(app, page, body),
        _ => None,
    }
}

/// Draws what is open, if anything, and says where the cursor stands if text is typed in it.
pub(super) fn draw(app: &App, body: Rect, canvas: &mut Canvas<'_>) -> Option<Position> {
    let overlay = app.overlay.as_ref()?;
    canvas.lie_over(app);
    match overlay {
        Overlay::Palette(palette) => return draw_palette(app, palette, body, canvas),
        Overlay::Plan(page) if page.prose.is_none() => return plan::draw(app, page, body, canvas),
        Overlay::Run => {
            return app.run.as_ref().and_then(|followed| run::draw(app, followed, body, canvas));
        }
        Overlay::Runs(rows) => {
            run::draw_list(app, rows.as_ref(), body, canvas);
            return None;
        }
        _ => {}
    }
    let wanted = lines(app, overlay, usize::from(body.width.saturating_sub(4)));
    let (title, area) = match overlay {
        Overlay::Help => ("Keys".to_owned(), popup(body, 72, wanted.len() as u16 + 2)),
        Overlay::Task(id) => (format!("Task {id}"), body),
        Overlay::Alarm(detail) => (detail.name.clone(), body),
        Overlay::Finding(_) => ("Finding".to_owned(), popup(body, 76, wanted.len() as u16 + 2)),
        Overlay::Runbook(name) => (format!("Runbook {name}"), body),
        Overlay::Plan(page) => (format!("Runbook {}", page.runbook().unwrap_or_default()), body),
        Overlay::Text(_) => ("In full".to_owned(), popup(body, 100, wanted.len() as u16 + 2)),
        Overlay::Palette(_) | Overlay::Run | Overlay::Runs(_) => return None,
    };
    Clear.render(area, canvas);
    let inner = panel(&title, &Line::styled("esc", app.theme.muted()), true, app.theme, area, canvas);
    let columns = usize::from(inner.width);
    let page = match overlay {
        Overlay::Alarm(detail) => {
            let below = alarm_page::draw(app, detail, inner, canvas);
            below.map(|below| (below, alarm_page::rest(app, detail, columns)))
        }
        _ => None,
    };
    let (rest, lines) = page.unwrap_or_else(|| (inner, lines(app, overlay, columns)));
    let below = lines.len().saturating_sub(usize::from(rest.height));
    let first = app.overlay_scroll.min(below);
    mark_more(app, first, below - first, area, canvas);
    Paragraph::new(lines.into_iter().skip(first).take(usize::from(rest.height)).collect::<Vec<_>>())
        .render(rest, canvas);
    None
}

/// Says on the frame how many lines are out of sight.
fn mark_more(app: &App, above: usize, below: usize, area: Rect, buffer: &mut Buffer) {
    let mut say = |text: String, y: u16| {
        let wide = width(&text) as u16;
        if wide + 4 <= area.width {
            buffer.set_stringn(area.right() - wide - 2, y, text, usize::from(wide), app.theme.key());
        }
    };
    if area.height < 3 {
        return;
    }
    match (above, below) {
        (0, 0) => {}
        (0, below) => say(format!(" ↓ {below} more below "), area.bottom() - 1),
        (above, 0) => say(format!(" ↑ {above} more above "), area.bottom() - 1),
        (above, below) => say(format!(" ↑ {above} above ↓ {below} more below "), area.bottom() - 1),
    }
}

/// A rectangle of at most this size in the middle of the body.
fn popup(body: Rect, columns: u16, rows: u16) -> Rect {
    let width = columns.min(body.width);
    let height = rows.min(body.height);
    Rect { x: body.x + (body.width - width) / 2, y: body.y + (body.height - height) / 3, width, height }
}

fn lines(app: &App, overlay: &Overlay, columns: usize) -> Vec<Line<'static>> {
    match overlay {
        Overlay::Help => help(app, columns),
        Overlay::Runbook(name) => runbook_lines(app, name, columns),
        Overlay::Plan(page) => runbook_lines(app, page.runbook().unwrap_or_default(), columns),
        Overlay::Palette(_) | Overlay::Run | Overlay::Runs(_) => Vec::new(),
        Overlay::Task(id) => {
            let tasks = app.picture.services.get(app.service).and_then(|s| s.tasks.value());
            match tasks.and_then(|tasks| tasks.iter().find(|t| t.id == *id)) {
                Some(task) => task_lines(app, task, columns),
                None => vec![Line::from("ECS has forgotten this task: stopped tasks are kept for an hour")],
            }
        }
        Overlay::Alarm(detail) => alarm_page::lines(app, detail, columns),
        Overlay::Finding(id) => match app.findings.iter().find(|f| f.id == *id) {
            Some(finding) => finding_lines(app, finding, columns),
            None => vec![Line::styled(format!("{} this is over", app.theme.mark("✓")), app.theme.well())],
        },
        Overlay::Text(text) => wrap(text, columns).into_iter().map(Line::from).collect(),
    }
}

fn runbook_lines(app: &App, name: &str, columns: usize) -> Vec<Line<'static>> {
    match app.library.named(name) {
        Some(runbook) => runbook::lines(app.theme, runbook, columns),
        None => vec![Line::from("there is no such runbook")],
    }
}

pub(super) fn fact(app: &App, name: &str, value: &str, columns: usize) -> Vec<Line<'static>> {
    const LABEL: usize = 13;
    wrap(value, columns.saturating_sub(LABEL).max(10))
        .into_iter()
        .enumerate()
        .map(|(i, part)| {
            Line::from(vec![
                Span::styled(pad(if i == 0 { name } else { "" }, LABEL), app.theme.muted()),
                Span::raw(part),
            ])
        })
        .collect()
}

fn help(app: &App, columns: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for (group, name) in [(Group::Screens, "Screens"), (Group::Moving, "Moving"), (Group::Acting, "Acting")] {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.push(Line::styled(name, app.theme.title()));
        for binding in BINDINGS.iter().filter(|b| b.group == group) {
            lines.extend(key_lines(app, binding.keys, binding.help, columns));
        }
        if group == Group::Moving {
            let mouse = "a click selects, a second opens; the wheel moves";
            lines.extend(key_lines(app, &["mouse"], mouse, columns));
        }
    }
    if let Some(address) = &app.address {
        lines.push(Line::default());
        lines.push(Line::styled("This simulated platform, for other AWS clients", app.theme.title()));
        lines.extend(
            wrap(&format!("export AWS_ENDPOINT_URL={address}"), columns.saturating_sub(2))
                .into_iter()
                .map(|part| Line::from(vec![Span::raw("  "), Span::styled(part, app.theme.focus())])),
        );
    }
    lines.push(Line::default());
    lines.push(Line::styled("Runbooks", app.theme.title()));
    for runbook in app.library.all() {
        let key = runbook.key.map(String::from).unwrap_or_default();
        lines.extend(key_lines(app, &[&key], &runbook.title, columns));
    }
    lines
}

/// A binding in a line; where that is too narrow, its first two keys and the help in as many lines as it needs.
fn key_lines(app: &App, keys: &[&str], help: &str, columns: usize) -> Vec<Line<'static>> {
    let (label, keys) = if columns < NARROW { (10, &keys[..keys.len().min(2)]) } else { (20, keys) };
    wrap(help, columns.saturating_sub(label + 2).max(10))
        .into_iter()
        .enumerate()
        .map(|(i, part)| {
            let keys = if i == 0 { keys.join(" ") } else { String::new() };
            Line::from(vec![Span::styled(format!("  {}", pad(&keys, label)), app.theme.key()), Span::raw(part)])
        })
        .collect()
}

fn finding_lines(app: &App, finding: &Finding, columns: usize) -> Vec<Line<'static>> {
    let style = app.theme.severity(finding.severity);
    let mut lines = vec![Line::styled(
        fit(&format!("{} {} {}", glyph(finding.severity), finding.severity.word(), finding.title), columns),
        style,
    )];
    lines.push(Line::default());
    lines.extend(fact(app, "evidence", &finding.evidence, columns));
    let when = |at| format!("{} ({} ago)", text::date(at), text::age(at, app.now));
    for (name, at) in [("since", finding.since), ("began", finding.began)] {
        if let Some(at) = at {
            lines.extend(fact(app, name, &when(at), columns));
        }
    }
    if let Some(after) = &finding.after {
        lines.extend(fact(app, "it came", after, columns));
    }
    if let Some(advice) = &finding.advice {
        lines.extend(fact(app, "what now", advice, columns));
    }
    if let Some(command) = &finding.command {
        lines.extend(fact(app, "by hand (c)", command, columns));
    }
    if let Some(runbook) = &finding.runbook {
        let key = app.library.named(runbook).and_then(|r| r.key).map(|key| format!("  (key {key})"));
        lines.extend(fact(app, "runbook", &format!("{runbook}{}", key.unwrap_or_default()), columns));
    }
    lines
}

fn task_lines(app: &App, task: &Task, columns: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let when =
        |at: Option<jiff::Timestamp>| at.map(|at| format!("{} ({} ago)", text::date(at), text::age(at, app.now)));
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            lines.extend(fact(app, name, &value, columns));
        }
    };
    add("status", Some(format!("{} (wanted: {})", task.last_status, task.desired_status)));
    if task.is_cut_off() {
        let cut_off = "DISCONNECTED: ECS does not hear from it; its status and health are what was heard last";
        add("connectivity", Some(cut_off.to_owned()));
    }
    add("health", Some(health_word(task.health).to_owned()));
    add("revision", Some(format!("{}{}", task.revision.family, task.revision)));
    add("deployment", task.started_by.clone());
    add("created", when(task.created_at));
    add("started", when(task.started_at));
    add("stopped", when(task.stopped_at));
    add("stop code", task.stop_code.clone());
    add("why", task.stopped_reason.clone());
    add("zone", task.zone.clone());
    add(
        "size",
        task.cpu.as_ref().zip(task.memory.as_ref()).map(|(cpu, memory)| format!("{cpu} CPU units, {memory} MiB")),
    );
    for container in &task.containers {
        lines.push(Line::default());
        lines.push(Line::styled(fit(&format!("container {}", container.name), columns), app.theme.title()));
        lines.extend(fact(app, "status", &container.status, columns));
        lines.extend(fact(app, "health", health_word(container.health), columns));
        lines.extend(fact(app, "image", &container.image.to_string(), columns));
        if let Some(code) = container.exit_code {
            lines.extend(fact(app, "exit code", &code.to_string(), columns));
        }
        if let Some(reason) = &container.reason {
            lines.extend(fact(app, "reason", reason, columns));
        }
    }
    lines
}

fn health_word(health: Health) -> &'static str {
    match health {
        Health::Healthy => "healthy",
        Health::Unhealthy => "UNHEALTHY",
        Health::Unknown => "unknown: no health check, or no answer yet",
    }
}

fn draw_palette(app: &App, palette: &Palette, body: Rect, canvas: &mut Canvas<'_>) -> Option<Position> {
    let theme = app.theme;
    let area = popup(body, 72, 16);
    Clear.render(area, canvas);
    let (found, cursor) = palette.found();
    let note = Line::styled(format!("{} found", found.len()), theme.muted());
    let inner = panel("Go to anything", &note, true, theme, area, canvas);
    if inner.is_empty() {
        return None;
    }
    let columns = usize::from(inner.width);
    let (shown, caret) = typed(palette.input(), columns.saturating_sub(3));
    let line = Line::from(vec![Span::styled(": ", theme.key()), Span::raw(shown)]);
    canvas.set_line(inner.x, inner.y, &line, inner.width);
    let rest = Rect { y: inner.y + 1, height: inner.height - 1, ..inner };
    let found: Vec<_> = found.collect();
    if found.is_empty() {
        let hint = "nothing has these letters in this order: take some back, or esc";
        Line::styled(fit(hint, columns), theme.muted()).render(rest, canvas);
    }
    list(&found, cursor, true, rest, canvas, Spot::Item, |item, columns| {
        // The name is what is read; where there is little room it has it all.
        let kind = if columns < NARROW { 0 } else { 10 };
        Line::from(vec![
            Span::styled(pad(item.kind, kind), theme.muted()),
            Span::raw(pad(&item.name, columns.saturating_sub(kind + 5))),
            Span::styled(format!(" {}", pad(&item.key, 4)), theme.key()),
        ])
    });
    let x = inner.x + 2 + caret as u16;
    Some(Position { x: x.min(inner.right() - 1), y: inner.y })
}
