//! Screen 2: one service, its tasks, deployments and events.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Widget};

use super::Draw;
use super::service_summary::{deployment_spans, gauges, label, of, tasks_line};
use crate::platform::{Deployment, Health, ServiceEvent, Severity, Task, text};
use crate::tui::app::{App, Screen};
use crate::tui::canvas::{Canvas, Spot};
use crate::tui::lists;
use crate::tui::text::{fit, pad, width};
use crate::tui::widget::{fill, gauge_line, list, overlap, panel, say_trouble};

pub(super) fn stack(app: &App) -> Vec<(u16, Draw)> {
    let lines = |count: usize| count.clamp(1, 20) as u16 + 2;
    vec![
        (facts_height(app, app.size.0), facts_panel as Draw),
        (lines(lists::tasks(app).len() + 1), tasks_panel as Draw),
        (lines(lists::deployments(app).len()), deployments_panel as Draw),
        (lines(lists::events(app).len()), events_panel as Draw),
    ]
}

pub(super) fn draw(app: &App, area: Rect, canvas: &mut Canvas<'_>) {
    let deployments = lists::deployments(app).len().clamp(1, 4) as u16 + 2;
    let wide = area.width >= 110;
    let columns = if wide { area.width * 2 / 3 } else { area.width }.saturating_sub(2);
    let wanted = task_lines(&lists::tasks(app), why_room(usize::from(columns), columns >= 90));
    let tasks = (wanted as u16 + 3).clamp(4, area.height.saturating_sub(deployments + 4).max(4));
    if wide {
        let [left, right] =
            overlap(Layout::horizontal([Constraint::Fill(1), Constraint::Length((area.width / 3).max(45))]), area);
        let facts_rows = facts_height(app, right.width);
        let [tasks_area, deployments_area, events_area] = overlap(
            Layout::vertical([Constraint::Length(tasks), Constraint::Length(deployments), Constraint::Fill(1)]),
            left,
        );
        let [facts_area, charts_area] =
            overlap(Layout::vertical([Constraint::Length(facts_rows), Constraint::Fill(1)]), right);
        facts_panel(app, facts_area, canvas);
        tasks_panel(app, tasks_area, canvas);
        deployments_panel(app, deployments_area, canvas);
        events_panel(app, events_area, canvas);
        charts(app, charts_area, canvas);
    } else {
        let facts_rows = facts_height(app, area.width).min(8);
        let tasks = tasks.min(area.height.saturating_sub(facts_rows + deployments + 2).max(4));
        let [facts_area, tasks_area, deployments_area, events_area] = overlap(
            Layout::vertical([
                Constraint::Length(facts_rows),
                Constraint::Length(tasks),
                Constraint::Length(deployments),
                Constraint::Fill(1),
            ]),
            area,
        );
        facts_panel(app, facts_area, canvas);
        tasks_panel(app, tasks_area, canvas);
        deployments_panel(app, deployments_area, canvas);
        events_panel(app, events_area, canvas);
    }
}

fn charts(app: &App, area: Rect, buffer: &mut Buffer) {
    let shown = usize::from(area.height / 8).clamp(1, 4);
    let gauges: Vec<usize> = gauges(app, app.service).into_iter().take(shown).collect();
    let cells = Layout::vertical(vec![Constraint::Fill(1); gauges.len().max(1)])
        .spacing(ratatui::layout::Spacing::Overlap(1))
        .split(area);
    for (index, cell) in gauges.into_iter().zip(cells.iter()) {
        super::overview::gauge_chart(app, index, &app.platform.gauges[index], *cell, buffer);
    }
}

fn focused(app: &App, pane: usize) -> bool {
    app.screen == Screen::Service && app.place().pane == pane && app.overlay.is_none()
}

/// Rows of the panel of facts, borders included.
fn facts_height(app: &App, columns: u16) -> u16 {
    let columns = columns.saturating_sub(2);
    facts(app, columns.into(), columns).len() as u16 + 2
}

/// Lines of so many columns, on a panel that has so many inside.
fn facts(app: &App, columns: usize, panel: u16) -> Vec<Line<'static>> {
    let Some((_, picture)) = of(app, app.service) else {
        return vec![Line::styled("no service in the platform file", app.theme.muted())];
    };
    let mut lines = vec![tasks_line(app, picture, columns)];
    if let Some(service) = picture.state.value() {
        let mut line = Line::from(label(app, "rolling"));
        let breaker = match service.circuit_breaker {
            Some(b) if b.enabled && b.rollback => "circuit breaker with rollback",
            Some(b) if b.enabled => "circuit breaker, no rollback",
            _ => "no circuit breaker: a bad deployment fails for ever",
        };
        let percent = |p: Option<u32>| p.map_or("?".to_owned(), |p| p.to_string());
        line.push_span(fit(
            &format!(
                "{}–{} % healthy, {breaker}",
                percent(service.minimum_healthy_percent),
                percent(service.maximum_percent)
            ),
            columns,
        ));
        lines.push(line);
    }
    let gauges = gauges(app, app.service);
    let line = |i: &usize, columns| gauge_line(app, *i, &app.platform.gauges[*i], columns);
    if panel < TWO_GAUGES {
        lines.extend(gauges.iter().map(|i| line(i, columns)));
        return lines;
    }
    let half = columns / 2 - 1;
    lines.extend(gauges.chunks(2).map(|pair| {
        let mut both = line(&pair[0], half);
        if let Some(second) = pair.get(1) {
            both.push_span(" ".repeat((half + 2).saturating_sub(both.width())));
            both.extend(line(second, half).spans);
        }
        both
    }));
    lines
}

fn facts_panel(app: &App, area: Rect, canvas: &mut Canvas<'_>) {
    let Some((spec, picture)) = of(app, app.service) else {
        let inner = panel("Service", &Line::default(), false, app.theme, area, canvas);
        Paragraph::new(facts(app, 80, 80)).render(inner, canvas);
        return;
    };
    let mut note = say_trouble(&picture.state, app.now, app.theme);
    let many = app.platform.services.len();
    if many > 1 && note.width() == 0 {
        note = Line::styled(format!("{} of {many}  [ ]", app.service + 1), app.theme.muted());
    }
    let title = format!("{} in {}", spec.name, spec.cluster);
    let inner = panel(&title, &note, false, app.theme, area, canvas);
    fill(app.theme, inner, canvas, |columns| facts(app, columns, inner.width));
}

fn tasks_panel(app: &App, area: Rect, canvas: &mut Canvas<'_>) {
    let theme = app.theme;
    let tasks = lists::tasks(app);
    let (note, all) = match of(app, app.service) {
        Some((_, picture)) => (say_trouble(&picture.tasks, app.now, theme), picture.tasks.value().map(Vec::len)),
        None => (Line::default(), None),
    };
    let stopped = tasks.iter().filter(|t| t.is_stopped()).count();
    let title = if all.is_none() {
        // What is not known is no number.
        "Tasks".to_owned()
    } else if let Some(all) = all.filter(|all| tasks.len() < *all) {
        format!("Tasks: {} of {all} match the filter", tasks.len())
    } else if stopped > 0 {
        format!("Tasks {} and {stopped} stopped", tasks.len() - stopped)
    } else {
        format!("Tasks {}", tasks.len())
    };
    let inner = panel(&title, &note, focused(app, 0), theme, area, canvas);
    if inner.height == 0 {
        return;
    }
    let head = Rect { height: 1, ..inner };
    let wide = inner.width >= 90;
    let widths = Widths::of(wide);
    let mut titles = String::new();
    for (title, columns) in [
        ("task", widths.id),
        ("rev", widths.revision),
        ("status", STATUS),
        ("health", HEALTH),
        ("age", AGE),
        ("zone", widths.zone),
    ] {
        titles.push_str(&pad(title, columns));
        titles.push(' ');
    }
    titles.push_str("image / why it stopped");
    Line::styled(fit(&titles, usize::from(inner.width)), theme.muted()).render(head, canvas);
    let rest = Rect { y: inner.y + 1, height: inner.height - 1, ..inner };
    let rows = task_rows(&tasks, usize::from(rest.height), why_room(usize::from(rest.width), wide));
    if tasks.is_empty() {
        none_matches(app, "task", rest, canvas);
    }
    let is_own = |row: &&TaskRow<'_>| matches!(row, TaskRow::Task(..));
    let own = rows.iter().enumerate().filter(|(_, row)| is_own(row));
    let selected = own.map(|(at, _)| at).nth(app.place().cursors[0]).unwrap_or(usize::MAX);
    let spot = |row: usize| Spot::Line(0, rows[..=row].iter().filter(is_own).count().saturating_sub(1));
    list(&rows, selected, focused(app, 0), rest, canvas, spot, |row, columns| match row {
        TaskRow::Task(task, more) => task_line(app, task, columns, wide, *more),
        TaskRow::More(why) => Line::from(vec![
            Span::raw(" ".repeat(widths.id + 1)),
            Span::styled(fit(&format!("└ {why}"), columns.saturating_sub(widths.id + 1)), theme.muted()),
        ]),
    });
}

/// A task, or why it stopped where its own line has no room for that.
enum TaskRow<'a> {
    /// A task, and whether the next row is its reason.
    Task(&'a Task, bool),
    More(String),
}

/// From here on two gauges stand beside each other.
const TWO_GAUGES: u16 = 72;
const STATUS: usize = 14;
const HEALTH: usize = 10;
const AGE: usize = 6;

/// Columns of what is shortened where there is little room: the timeline's eight characters of an id, and a zone without
/// its region.
struct Widths {
    id: usize,
    revision: usize,
    zone: usize,
}

impl Widths {
    fn of(wide: bool) -> Widths {
        if wide { Widths { id: 12, revision: 5, zone: 12 } } else { Widths { id: 8, revision: 4, zone: 4 } }
    }
}

/// Columns for the reason on a task's own line. Where that is below, it begins under the revision.
fn why_room(columns: usize, wide: bool) -> usize {
    let Widths { id, revision, zone } = Widths::of(wide);
    columns.saturating_sub(id + revision + STATUS + HEALTH + AGE + zone + 6)
}

/// Each task has a line; the newest that stopped have a second one for a long reason, while there is room.
fn task_rows<'a>(tasks: &[&'a Task], rows: usize, room: usize) -> Vec<TaskRow<'a>> {
    let mut spare = rows.saturating_sub(tasks.len());
    let mut found = Vec::with_capacity(tasks.len());
    for task in tasks {
        let why = if task.is_stopped() && spare > 0 { task.why_stopped() } else { None };
        let why = why.filter(|why| width(why) > room);
        found.push(TaskRow::Task(task, why.is_some()));
        if let Some(why) = why {
            spare -= 1;
            found.push(TaskRow::More(why));
        }
    }
    found
}

/// Lines of tasks with all their reasons.
fn task_lines(tasks: &[&Task], room: usize) -> usize {
    task_rows(tasks, usize::MAX, room).len()
}

fn task_line(app: &App, task: &Task, columns: usize, wide: bool, below: bool) -> Line<'static> {
    let theme = app.theme;
    let ((health, health_style), status_style) = if task.is_stopped() {
        let style = if task.failed() { theme.severity(Severity::Warning) } else { theme.muted() };
        (("", style), style)
    } else {
        let checked = of(app, app.service).is_some_and(|(_, picture)| picture.pulse().checked);
        let word = match task.health {
            // Its health is what was heard last.
            _ if task.is_cut_off() => ("▲ cut off", theme.severity(Severity::Critical)),
            Health::Healthy if theme.ascii => ("ok healthy", theme.well()),
            Health::Healthy => ("✓ healthy", theme.well()),
            Health::Unhealthy => ("▲ UNHEALTHY", theme.severity(Severity::Critical)),
            Health::Unknown if checked => ("… not yet", theme.severity(Severity::Warning)),
            Health::Unknown => ("no check", theme.muted()),
        };
        (word, Style::new())
    };
    let widths = Widths::of(wide);
    let zone = task.zone.as_deref().unwrap_or_default();
    let zone = if wide { zone } else { text::zone_in_region(zone) };
    let since = if task.is_stopped() { task.stopped_at } else { task.started_at.or(task.created_at) };
    let age = since.map(|at| text::rough_age(at, app.now)).unwrap_or_default();
    let container = of(app, app.service).and_then(|(spec, _)| spec.container.clone());
    let image = container.and_then(|name| task.container(&name)).or_else(|| task.containers.first());
    let last = if below {
        String::new()
    } else if task.is_stopped() {
        task.why_stopped().unwrap_or_default()
    } else {
        image
            .map(|c| {
                let digest = c.image.digest.as_deref().map(|d| d.strip_prefix("sha256:").unwrap_or(d));
                format!("{} {}", c.image.short(), digest.and_then(|d| d.get(..12)).unwrap_or_default())
            })
            .unwrap_or_default()
    };
    let mut spans = vec![
        Span::raw(pad(task.id.get(..widths.id).unwrap_or(&task.id), widths.id) + " "),
        Span::raw(pad(&task.revision.to_string(), widths.revision) + " "),
        Span::styled(pad(&task.last_status, STATUS) + " ", status_style),
        Span::styled(pad(health, HEALTH) + " ", health_style),
        Span::styled(pad(&age, AGE) + " ", theme.muted()),
        Span::styled(pad(zone, widths.zone) + " ", theme.muted()),
    ];
    let used: usize = spans.iter().map(|s| width(&s.content)).sum();
    spans.push(Span::styled(fit(&last, columns.saturating_sub(used)), status_style));
    Line::from(spans)
}

fn deployments_panel(app: &App, area: Rect, canvas: &mut Canvas<'_>) {
    let theme = app.theme;
    let inner = panel("Deployments", &Line::default(), focused(app, 1), theme, area, canvas);
    let deployments: Vec<&Deployment> = lists::deployments(app).iter().collect();
    let Some((spec, picture)) = of(app, app.service) else { return };
    let spot = |at| Spot::Line(1, at);
    list(&deployments, app.place().cursors[1], focused(app, 1), inner, canvas, spot, |deployment, columns| {
        let mut line = Line::from(deployment_spans(app, spec, picture, deployment));
        let used = line.width();
        let reason = deployment.rollout_reason.as_deref().unwrap_or_default();
        line.push_span(Span::styled(format!("  {}", fit(reason, columns.saturating_sub(used + 2))), theme.muted()));
        line
    });
}

fn events_panel(app: &App, area: Rect, canvas: &mut Canvas<'_>) {
    let theme = app.theme;
    let events = lists::events(app);
    let inner = panel("Events", &Line::styled("UTC", theme.muted()), focused(app, 2), theme, area, canvas);
    if events.is_empty() {
        none_matches(app, "event", inner, canvas);
    }
    let line = |event: &&ServiceEvent, columns| event_line(app, event, columns);
    list(&events, app.place().cursors[2], focused(app, 2), inner, canvas, |at| Spot::Line(2, at), line);
}

/// An empty list that a filter has emptied says so.
fn none_matches(app: &App, what: &str, area: Rect, buffer: &mut Buffer) {
    if !app.filter().is_empty() {
        let text = format!("no {what} matches the filter: esc clears it");
        Line::styled(fit(&text, usize::from(area.width)), app.theme.muted()).render(area, buffer);
    }
}

fn event_line(app: &App, event: &ServiceEvent, columns: usize) -> Line<'static> {
    // Every event begins with "(service NAME)", which the panel's title says already.
    let message = event
        .message
        .strip_prefix("(service ")
        .and_then(|rest| rest.split_once(") "))
        .map_or(event.message.as_str(), |(_, rest)| rest);
    let at = format!("{} ", text::moment_in_full(event.at, app.now));
    let message = fit(message, columns.saturating_sub(width(&at)));
    Line::from(vec![Span::styled(at, app.theme.muted()), Span::raw(message)])
}
