//! What lies over a screen: the keys, the palette, one task, one alarm, one finding.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Paragraph, Widget};

use super::alarms::severity;
use super::{plan, run, runbook};
use crate::platform::{AlarmCondition, AlarmState, Health, Severity, Task, Unit, text};
use crate::triage::Finding;
use crate::tui::app::{AlarmDetail, App, Overlay};
use crate::tui::keymap::{BINDINGS, Group};
use crate::tui::palette::Palette;
use crate::tui::text::{fit, pad, wrap};
use crate::tui::theme::{alarm_glyph, glyph};
use crate::tui::widget::{Plot, chart, list, panel};

/// Rows of an alarm's chart, where the body has room for it.
const CHART_ROWS: u16 = 12;

/// Lines of what is open, at the present width.
pub(super) fn length(app: &App) -> usize {
    let columns = usize::from(app.size.0.saturating_sub(4));
    match &app.overlay {
        None => 0,
        Some(Overlay::Plan(page)) => plan::length(app, page, columns),
        Some(Overlay::Run) => app.run.as_ref().map_or(0, |run| run.log.len()),
        Some(Overlay::Runs(rows)) => rows.as_ref().and_then(|rows| rows.as_ref().ok()).map_or(0, Vec::len),
        Some(overlay) => lines(app, overlay, columns).len(),
    }
}

/// Draws what is open, if anything, and says where the cursor stands if text is typed in it.
pub(super) fn draw(app: &App, body: Rect, buffer: &mut Buffer) -> Option<Position> {
    let overlay = app.overlay.as_ref()?;
    match overlay {
        Overlay::Palette(palette) => return draw_palette(app, palette, body, buffer),
        Overlay::Plan(page) => return plan::draw(app, page, body, buffer),
        Overlay::Run => {
            if let Some(followed) = &app.run {
                run::draw(app, followed, body, buffer);
            }
            return None;
        }
        Overlay::Runs(rows) => {
            run::draw_list(app, rows.as_ref(), body, buffer);
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
        Overlay::Text(_) => ("In full".to_owned(), popup(body, 100, wanted.len() as u16 + 2)),
        Overlay::Palette(_) | Overlay::Plan(_) | Overlay::Run | Overlay::Runs(_) => return None,
    };
    Clear.render(area, buffer);
    let mut inner = panel(&title, &Line::styled("esc", app.theme.muted()), true, app.theme, area, buffer);
    let lines = lines(app, overlay, usize::from(inner.width));
    if let Overlay::Alarm(detail) = overlay
        && inner.height > CHART_ROWS + 6
        && let Some(condition) = condition(app, &detail.name)
    {
        let room = Rect { height: CHART_ROWS, ..inner };
        draw_alarm_chart(app, detail, condition, room, buffer);
        inner.y += CHART_ROWS;
        inner.height -= CHART_ROWS;
    }
    let first = app.overlay_scroll.min(lines.len().saturating_sub(usize::from(inner.height)));
    Paragraph::new(lines.into_iter().skip(first).take(usize::from(inner.height)).collect::<Vec<_>>())
        .render(inner, buffer);
    None
}

/// A rectangle of at most this size in the middle of the body.
fn popup(body: Rect, columns: u16, rows: u16) -> Rect {
    let width = columns.min(body.width);
    let height = rows.min(body.height);
    Rect { x: body.x + (body.width - width) / 2, y: body.y + (body.height - height) / 3, width, height }
}

fn lines(app: &App, overlay: &Overlay, columns: usize) -> Vec<Line<'static>> {
    match overlay {
        Overlay::Help => help(app),
        Overlay::Runbook(name) => match app.library.named(name) {
            Some(runbook) => runbook::lines(app.theme, runbook, columns),
            None => vec![Line::from("there is no such runbook")],
        },
        Overlay::Palette(_) | Overlay::Plan(_) | Overlay::Run | Overlay::Runs(_) => Vec::new(),
        Overlay::Task(id) => {
            let tasks = app.picture.services.get(app.service).and_then(|s| s.tasks.value());
            match tasks.and_then(|tasks| tasks.iter().find(|t| t.id == *id)) {
                Some(task) => task_lines(app, task, columns),
                None => vec![Line::from("ECS has forgotten this task: stopped tasks are kept for an hour")],
            }
        }
        Overlay::Alarm(detail) => alarm_lines(app, detail, columns),
        Overlay::Finding(id) => match app.findings.iter().find(|f| f.id == *id) {
            Some(finding) => finding_lines(app, finding, columns),
            None => vec![Line::styled("✓ this is over", app.theme.well())],
        },
        Overlay::Text(text) => wrap(text, columns).into_iter().map(Line::from).collect(),
    }
}

fn fact(app: &App, name: &str, value: &str, columns: usize) -> Vec<Line<'static>> {
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

fn help(app: &App) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for (group, name) in [(Group::Screens, "Screens"), (Group::Moving, "Moving"), (Group::Acting, "Acting")] {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.push(Line::styled(name, app.theme.title()));
        for binding in BINDINGS.iter().filter(|b| b.group == group) {
            lines.push(key_line(app, &binding.keys.join(" "), binding.help));
        }
    }
    lines.push(Line::default());
    lines.push(Line::styled("Runbooks", app.theme.title()));
    for runbook in app.library.all() {
        let key = runbook.key.map(String::from).unwrap_or_default();
        lines.push(key_line(app, &key, &runbook.title));
    }
    lines
}

fn key_line(app: &App, keys: &str, help: &str) -> Line<'static> {
    Line::from(vec![Span::styled(format!("  {}", pad(keys, 20)), app.theme.key()), Span::raw(fit(help, 60))])
}

fn finding_lines(app: &App, finding: &Finding, columns: usize) -> Vec<Line<'static>> {
    let style = app.theme.severity(finding.severity);
    let mut lines = vec![Line::styled(
        fit(&format!("{} {} {}", glyph(finding.severity), finding.severity.word(), finding.title), columns),
        style,
    )];
    lines.push(Line::default());
    lines.extend(fact(app, "evidence", &finding.evidence, columns));
    if let Some(since) = finding.since {
        lines.extend(fact(
            app,
            "since",
            &format!("{} ({} ago)", text::date(since), text::age(since, app.now)),
            columns,
        ));
    }
    if let Some(after) = &finding.after {
        lines.extend(fact(app, "just before", after, columns));
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

fn alarm_lines(app: &App, detail: &AlarmDetail, columns: usize) -> Vec<Line<'static>> {
    let theme = app.theme;
    let mut lines = Vec::new();
    let found = app.picture.alarms.value().and_then(|alarms| alarms.iter().find(|a| a.name == detail.name));
    if let Some(alarm) = found {
        let since = alarm.since.map(|at| format!(" since {} ({})", text::date(at), text::age(at, app.now)));
        lines.push(Line::styled(
            format!("{} {}{}", alarm_glyph(alarm.state), alarm.state.word(), since.unwrap_or_default()),
            theme.alarm(alarm.state, severity(app, &alarm.name)),
        ));
        if let Some(reason) = &alarm.reason {
            lines.extend(fact(app, "why", reason, columns));
        }
        if let Some(condition) = &alarm.condition {
            let query = &condition.query;
            lines.extend(fact(
                app,
                "fires when",
                &format!(
                    "{} {} {} {} in {} of {} periods of {} s",
                    query.statistic,
                    query.metric,
                    condition.comparison.sign(),
                    condition.threshold,
                    condition.datapoints_to_alarm,
                    condition.evaluation_periods,
                    condition.period_seconds
                ),
                columns,
            ));
            let dimensions: Vec<String> = query.dimensions.iter().map(|(n, v)| format!("{n}={v}")).collect();
            lines.extend(fact(app, "metric", &format!("{} {}", query.namespace, dimensions.join(" ")), columns));
        }
        let actions = match (alarm.actions_enabled, alarm.actions.as_slice()) {
            (false, _) => "disabled: nobody is told".to_owned(),
            (true, []) => "none: nobody is told".to_owned(),
            (true, actions) => actions.join(" "),
        };
        lines.extend(fact(app, "actions", &actions, columns));
        if let Some(description) = &alarm.description {
            lines.extend(fact(app, "description", description, columns));
        }
    } else {
        lines.push(Line::styled("this alarm does not exist in the region", theme.severity(Severity::Warning)));
    }
    if let Some(expected) = app.platform.expected_alarm(&detail.name) {
        lines.extend(fact(app, "severity", expected.severity.word(), columns));
        if let Some(runbook) = &expected.runbook {
            lines.extend(fact(app, "runbook", runbook, columns));
        }
    }
    lines.push(Line::default());
    lines.push(Line::styled("History", theme.title()));
    match &detail.history {
        None => lines.push(Line::styled("…", theme.muted())),
        Some(Err(trouble)) => lines.extend(wrap(&trouble.to_string(), columns).into_iter().map(Line::from)),
        Some(Ok(changes)) if changes.is_empty() => {
            lines.push(Line::styled("no change in the last 14 days", theme.muted()));
        }
        Some(Ok(changes)) => {
            for change in changes {
                let style = if change.to == AlarmState::Alarm {
                    theme.alarm(change.to, severity(app, &change.alarm))
                } else {
                    Style::new()
                };
                lines.push(Line::from(vec![
                    Span::styled(format!("{}  ", text::date(change.at)), theme.muted()),
                    Span::styled(format!("{} {}", alarm_glyph(change.to), change.to.word()), style),
                ]));
            }
        }
    }
    lines
}

/// What an alarm fires on, if it is one metric against one threshold.
fn condition<'a>(app: &'a App, name: &str) -> Option<&'a AlarmCondition> {
    app.picture.alarms.value()?.iter().find(|alarm| alarm.name == name)?.condition.as_ref()
}

fn draw_alarm_chart(app: &App, detail: &AlarmDetail, condition: &AlarmCondition, area: Rect, buffer: &mut Buffer) {
    let theme = app.theme;
    let gauge = app.platform.gauges.iter().find(|g| g.query.same_metric(&condition.query));
    match &detail.points {
        None => Line::styled("…", theme.muted()).render(area, buffer),
        Some(Err(trouble)) => {
            Line::styled(fit(&trouble.to_string(), usize::from(area.width)), theme.muted()).render(area, buffer);
        }
        Some(Ok(points)) => {
            let now_bad = points.last().is_some_and(|p| condition.comparison.holds(p.value, condition.threshold));
            let plot = Plot {
                points: points.clone(),
                unit: gauge.map_or(Unit::Count, |g| g.unit),
                line: Some(condition.threshold),
                style: if now_bad { theme.severity(Severity::Critical) } else { theme.well() },
            };
            chart(&plot, app.now, theme, area, buffer);
        }
    }
}

fn draw_palette(app: &App, palette: &Palette, body: Rect, buffer: &mut Buffer) -> Option<Position> {
    let theme = app.theme;
    let area = popup(body, 72, 16);
    Clear.render(area, buffer);
    let (found, cursor) = palette.found();
    let note = Line::styled(format!("{} found", found.len()), theme.muted());
    let inner = panel("Go to anything", &note, true, theme, area, buffer);
    if inner.is_empty() {
        return None;
    }
    let columns = usize::from(inner.width);
    let line =
        Line::from(vec![Span::styled(": ", theme.key()), Span::raw(fit(palette.text(), columns.saturating_sub(3)))]);
    buffer.set_line(inner.x, inner.y, &line, inner.width);
    let rest = Rect { y: inner.y + 1, height: inner.height - 1, ..inner };
    let found: Vec<_> = found.collect();
    list(&found, cursor, true, theme, rest, buffer, |item, columns| {
        Line::from(vec![
            Span::styled(pad(item.kind, 10), theme.muted()),
            Span::raw(pad(&item.name, columns.saturating_sub(14))),
            Span::styled(pad(&item.key, 4), theme.key()),
        ])
    });
    let x = inner.x + 2 + palette.caret() as u16;
    Some(Position { x: x.min(inner.right() - 1), y: inner.y })
}
