//! Screen 1: the whole platform. What is wrong comes first.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Widget};

use super::{Draw, alarms, database, now, service_summary};
use crate::platform::timeline::{Entry, EntryKind};
use crate::platform::{Gauge, Level, SPAN, Severity, Subject, text};
use crate::tui::app::{App, Overlay, Screen};
use crate::tui::canvas::{Canvas, Spot};
use crate::tui::layout::has_charts;
use crate::tui::lists;
use crate::tui::text::{fit, width};
use crate::tui::widget::{Plot, chart, list, overlap, panel};

/// Lines of *Now*, where there is room for them …
const NOW_LINES: usize = 8;
/// … and where there is not: what is wrong comes before all else.
const NOW_LEAST: usize = 5;
/// Gauges of a service, where there is no room for charts.
const GAUGES: usize = 7;
/// Rows of a panel of alarms or events that still says something.
const LIST_ROWS: u16 = 5;

pub(super) fn stack(app: &App) -> Vec<(u16, Draw)> {
    let timeline = lists::timeline(app).len().clamp(1, 12) as u16;
    vec![
        (now::height(app, app.size.0, NOW_LINES * 2), now as Draw),
        (service_height(app, usize::MAX) + 2, services as Draw),
        (database::summary_height(app) + 2, database::summary as Draw),
        (lists::alarms(app).len().clamp(1, 12) as u16 + 2, alarms_panel as Draw),
        (timeline + 2, timeline_panel as Draw),
    ]
}

pub(super) fn draw(app: &App, area: Rect, canvas: &mut Canvas<'_>) {
    let roomy = has_charts((area.width, area.height + 2));
    let most = if roomy { usize::MAX } else { GAUGES };
    let middle = service_height(app, most).max(database::summary_height(app)) + 2;
    // Its borders are shared with the panels below.
    let spare = usize::from(area.height.saturating_sub(middle + LIST_ROWS));
    let now_rows = now::height(app, area.width, spare.clamp(NOW_LEAST, NOW_LINES));
    let left = area.height.saturating_sub(now_rows + middle);
    if roomy && left > 14 {
        let charts_rows = (left / 2).clamp(8, 14);
        let [top, cards, charts_row, bottom] = overlap(
            Layout::vertical([
                Constraint::Length(now_rows),
                Constraint::Length(middle),
                Constraint::Length(charts_rows),
                Constraint::Fill(1),
            ]),
            area,
        );
        now(app, top, canvas);
        pair(app, cards, canvas, services, database::summary);
        charts(app, charts_row, canvas);
        pair(app, bottom, canvas, alarms_panel, timeline_panel);
    } else {
        let [top, cards, bottom] = overlap(
            Layout::vertical([
                Constraint::Length(now_rows),
                // Alarms and timeline keep at least three lines.
                Constraint::Length(middle.min(area.height.saturating_sub(now_rows + 3))),
                Constraint::Fill(1),
            ]),
            area,
        );
        now(app, top, canvas);
        pair(app, cards, canvas, services, database::summary);
        pair(app, bottom, canvas, alarms_panel, timeline_panel);
    }
}

fn pair(app: &App, area: Rect, canvas: &mut Canvas<'_>, left: Draw, right: Draw) {
    // At 80 columns a deployment's line needs 41, a database's 36.
    let [a, b] = overlap(Layout::horizontal([Constraint::Fill(43), Constraint::Fill(38)]), area);
    left(app, a, canvas);
    right(app, b, canvas);
}

fn focused(app: &App, pane: usize) -> bool {
    app.screen == Screen::Overview
        && app.place().pane == pane
        && app.overlay.as_ref().is_none_or(|o| matches!(o, Overlay::Palette(_)))
}

fn now(app: &App, area: Rect, canvas: &mut Canvas<'_>) {
    now::draw(app, focused(app, 0), area, canvas);
}

fn service_height(app: &App, gauges: usize) -> u16 {
    match app.platform.services.len() {
        0 => 1,
        1 => service_summary::summary_height(app, 0, gauges),
        many => many.min(10) as u16 + 1,
    }
}

/// One service in full, or a line for each, worst first.
fn services(app: &App, area: Rect, canvas: &mut Canvas<'_>) {
    match app.platform.services.len() {
        0 => {
            let inner = panel("ECS", &Line::default(), false, app.theme, area, canvas);
            Line::styled("no service in the platform file", app.theme.muted()).render(inner, canvas);
        }
        1 => service_summary::summary(app, 0, area, canvas),
        many => {
            let inner = panel("ECS", &Line::from(format!("{many} services")), false, app.theme, area, canvas);
            let columns = usize::from(inner.width);
            let rows = usize::from(inner.height);
            let lines: Vec<Line<'_>> =
                app.ranking.iter().take(rows).map(|i| service_summary::one_line(app, *i, columns)).collect();
            Paragraph::new(lines).render(inner, canvas);
        }
    }
}

fn alarms_panel(app: &App, area: Rect, canvas: &mut Canvas<'_>) {
    alarms::panel_of(app, 1, focused(app, 1), area, canvas);
}

fn timeline_panel(app: &App, area: Rect, canvas: &mut Canvas<'_>) {
    let theme = app.theme;
    let inner = panel("Timeline", &Line::styled("UTC", theme.muted()), focused(app, 2), theme, area, canvas);
    let entries = lists::timeline(app);
    if entries.is_empty() {
        let text = match app.timeline.len() {
            0 if app.picture.services.iter().any(|s| s.state.value().is_none()) => "nothing is known yet".to_owned(),
            0 => "nothing happened yet".to_owned(),
            hidden => format!("none of {hidden} matches: esc clears it"),
        };
        Line::styled(text, theme.muted()).render(inner, canvas);
    }
    let line = |entry: &&Entry, columns| entry_line(app, entry, columns);
    list(&entries, app.place().cursors[2], focused(app, 2), inner, canvas, |at| Spot::Line(2, at), line);
}

fn entry_line(app: &App, entry: &Entry, columns: usize) -> Line<'static> {
    let theme = app.theme;
    let (mark, style) = match entry.kind {
        EntryKind::Deployment => ("▶", theme.focus()),
        EntryKind::ServiceEvent => ("·", theme.muted()),
        EntryKind::TaskFailed => ("●", theme.severity(Severity::Warning)),
        EntryKind::AlarmRaised => {
            let name = entry.text.strip_suffix(" ALARM").unwrap_or_default();
            let severity = app.platform.expected_alarm(name).map_or(Severity::Warning, |e| e.severity);
            ("▲", theme.severity(severity))
        }
        EntryKind::DatabaseDown => ("▲", theme.severity(Severity::Critical)),
        EntryKind::AlarmCleared | EntryKind::DatabaseBack => ("✓", theme.well()),
    };
    let mark = theme.mark(mark);
    Line::from(vec![
        Span::styled(format!("{} ", text::moment(entry.at, app.now)), theme.muted()),
        Span::styled(format!("{mark} "), style),
        Span::raw(fit(&entry.text, columns.saturating_sub(7 + width(&mark)))),
    ])
}

/// Charts of the gauges that matter most: those in which what is wrong can be seen, worst first, then those past their
/// target.
fn charts(app: &App, area: Rect, buffer: &mut Buffer) {
    let count = usize::from(area.width / 38).clamp(1, 6);
    let mut gauges: Vec<(usize, &Gauge)> = app.platform.gauges.iter().enumerate().collect();
    if app.platform.services.len() > 1 {
        let first = app.ranking.first().copied().unwrap_or(0);
        gauges.retain(|(_, g)| !matches!(g.subject, Subject::Service(i) if i != first));
    }
    let past = |(i, g): &(usize, &Gauge)| app.picture.reading(*i, g).and_then(|(_, level)| level) == Some(Level::Past);
    let finding = |i: usize| app.findings.iter().position(|f| f.gauge == Some(i)).unwrap_or(usize::MAX);
    gauges.sort_by_cached_key(|g| (finding(g.0), !past(g)));
    gauges.truncate(count);
    let cells = Layout::horizontal(vec![Constraint::Fill(1); gauges.len().max(1)])
        .spacing(ratatui::layout::Spacing::Overlap(1))
        .split(area);
    for ((index, gauge), cell) in gauges.into_iter().zip(cells.iter()) {
        gauge_chart(app, index, gauge, *cell, buffer);
    }
}

/// A framed chart of one gauge, its target as the line.
pub(super) fn gauge_chart(app: &App, index: usize, gauge: &Gauge, area: Rect, buffer: &mut Buffer) {
    let theme = app.theme;
    let (value, style) = crate::tui::widget::reading(app, index, gauge);
    let (services, databases) = (&app.platform.services, &app.platform.databases);
    let owner = match gauge.subject {
        Subject::Service(i) if services.len() > 1 => services.get(i).map(|s| app.platform.service_name(s)),
        Subject::Database(i) if databases.len() > 1 => databases.get(i).map(|d| d.id.clone()),
        Subject::Database(_) => Some("RDS".to_owned()),
        Subject::Service(_) | Subject::Platform => None,
    };
    let target = match app.picture.outdated(index, gauge, app.now) {
        Some(age) => format!("  {} old", text::rough_age(app.now - age, app.now)),
        None => gauge.target.map(|t| format!("  {}", t.show(gauge.unit))).unwrap_or_default(),
    };
    let note = Line::from(vec![Span::styled(value, style), Span::styled(target, theme.muted())]);
    // The number keeps its place.
    let room = usize::from(area.width).saturating_sub(8 + note.width() + width(&gauge.title));
    let owner = owner.map(|owner| format!("{} ", fit(&owner, room))).filter(|_| room > 3).unwrap_or_default();
    let inner = panel(&format!("{owner}{}", gauge.title), &note, false, theme, area, buffer);
    let Some(series) = app.picture.series.get(index).and_then(|p| p.value()) else { return };
    let plot = Plot {
        points: series.points().collect(),
        unit: gauge.unit,
        line: gauge.target.map(crate::platform::Target::border),
        span: SPAN,
        style,
    };
    chart(&plot, app.now, theme, inner, buffer);
}
