//! Screen 1: the whole platform. What is wrong comes first.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Widget};

use super::{Draw, alarms, database, service_summary};
use crate::platform::timeline::{Entry, EntryKind};
use crate::platform::{Gauge, Level, Severity, Subject, text};
use crate::triage::Finding;
use crate::tui::app::{App, Overlay, Screen};
use crate::tui::layout::has_charts;
use crate::tui::lists;
use crate::tui::text::{fit, pad, pad_left, width};
use crate::tui::theme::glyph;
use crate::tui::widget::{Plot, chart, list, overlap, panel};

/// Lines of *Now* at 80×24 and where there is more room.
const NOW_LINES: (usize, usize) = (5, 8);

pub(super) fn stack(app: &App) -> Vec<(u16, Draw)> {
    let timeline = lists::timeline(app).len().clamp(1, 12) as u16;
    vec![
        (now_height(app, app.size.0, NOW_LINES.0), now as Draw),
        (service_height(app) + 2, services as Draw),
        (database::summary_height(app) + 2, database::summary as Draw),
        (lists::alarms(app).len().clamp(1, 12) as u16 + 2, alarms_panel as Draw),
        (timeline + 2, timeline_panel as Draw),
    ]
}

pub(super) fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    let roomy = has_charts((area.width, area.height + 2));
    let now_rows = now_height(app, area.width, if roomy { NOW_LINES.1 } else { NOW_LINES.0 });
    let middle = service_height(app).max(database::summary_height(app)) + 2;
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
        now(app, top, buffer);
        pair(app, cards, buffer, services, database::summary);
        charts(app, charts_row, buffer);
        pair(app, bottom, buffer, alarms_panel, timeline_panel);
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
        now(app, top, buffer);
        pair(app, cards, buffer, services, database::summary);
        pair(app, bottom, buffer, alarms_panel, timeline_panel);
    }
}

fn pair(app: &App, area: Rect, buffer: &mut Buffer, left: Draw, right: Draw) {
    // At 80 columns a deployment's line needs 41, a database's 36.
    let [a, b] = overlap(Layout::horizontal([Constraint::Fill(43), Constraint::Fill(38)]), area);
    left(app, a, buffer);
    right(app, b, buffer);
}

fn focused(app: &App, pane: usize) -> bool {
    app.screen == Screen::Overview
        && app.place().pane == pane
        && app.overlay.as_ref().is_none_or(|o| matches!(o, Overlay::Palette(_)))
}

/// A line of *Now*: a finding, or what its own line has no room for.
enum NowLine<'a> {
    Finding(&'a Finding),
    More(String),
}

/// From here on a finding's own line has room for what changed just before.
const ROOM_FOR_AFTER: u16 = 110;
/// Only the worst findings get a second line.
const SECOND_LINES: usize = 2;

fn now_lines(app: &App, columns: u16) -> Vec<NowLine<'_>> {
    let widths = Columns::of(app, usize::from(columns.saturating_sub(2)));
    let mut lines = Vec::new();
    for (number, finding) in lists::findings(app).into_iter().enumerate() {
        lines.push(NowLine::Finding(finding));
        if number >= SECOND_LINES {
            continue;
        }
        let evidence = (width(&finding.evidence) > widths.evidence).then_some(finding.evidence.as_str());
        let after = if columns < ROOM_FOR_AFTER { finding.after.as_deref() } else { None };
        let more: Vec<&str> = evidence.into_iter().chain(after).collect();
        if !more.is_empty() {
            lines.push(NowLine::More(more.join(" · ")));
        }
    }
    lines
}

fn now_height(app: &App, columns: u16, most: usize) -> u16 {
    now_lines(app, columns).len().clamp(1, most) as u16 + 2
}

/// What is wrong, worst first, and the runbook that treats it.
fn now(app: &App, area: Rect, buffer: &mut Buffer) {
    let theme = app.theme;
    let lines = now_lines(app, area.width);
    let hidden = lines.len().saturating_sub(usize::from(area.height.saturating_sub(2)));
    let note = if hidden > 0 { Line::styled(format!("{hidden} more"), theme.muted()) } else { Line::default() };
    let inner = panel("Now", &note, focused(app, 0), theme, area, buffer);
    if lines.is_empty() {
        let (text, style) = if app.findings.is_empty() {
            nothing_wrong(app)
        } else {
            ("no finding matches the filter".to_owned(), theme.muted())
        };
        Line::styled(text, style).render(inner, buffer);
        return;
    }
    let columns = Columns::of(app, usize::from(inner.width));
    let findings = lines.iter().enumerate().filter(|(_, line)| matches!(line, NowLine::Finding(_)));
    let selected = findings.map(|(row, _)| row).nth(app.place().cursors[0]).unwrap_or(lines.len() - 1);
    list(&lines, selected, focused(app, 0), theme, inner, buffer, |line, room| match line {
        NowLine::Finding(finding) => finding_line(app, finding, room, &columns),
        NowLine::More(more) => {
            let text = fit(&format!("└ {more}"), room.saturating_sub(HEAD));
            Line::from(vec![Span::raw(" ".repeat(HEAD)), Span::styled(text, theme.severity(Severity::Warning))])
        }
    });
}

/// Columns of the glyph and the severity.
const HEAD: usize = 11;
const SINCE: usize = 6;

/// Widths that all lines of *Now* share, so that the eye can run down.
struct Columns {
    title: usize,
    /// What is left for evidence and what changed just before.
    evidence: usize,
    /// Zero where no finding has one.
    runbook: usize,
}

impl Columns {
    fn of(app: &App, room: usize) -> Columns {
        let seen = || app.findings.iter().take(NOW_LINES.1);
        let title = seen().map(|f| width(&f.title)).max().unwrap_or(0).min(room * 9 / 25).max(8);
        let runbook = seen().filter_map(|f| f.runbook.as_deref()).map(|r| width(r) + 2).max().unwrap_or(0).min(20);
        let runbook = if room >= 60 { runbook } else { 0 };
        let tail = SINCE + 2 + if runbook > 0 { runbook + 2 } else { 0 };
        Columns { title, evidence: room.saturating_sub(HEAD + title + 2 + tail), runbook }
    }
}

fn nothing_wrong(app: &App) -> (String, ratatui::style::Style) {
    let pending = app.picture.services.iter().any(|s| s.state.is_pending())
        || app.picture.databases.iter().any(crate::platform::Part::is_pending)
        || app.picture.alarms.is_pending();
    if pending {
        ("… asking AWS".to_owned(), app.theme.muted())
    } else {
        let alarms = app.picture.alarms.value().map_or(0, Vec::len);
        (format!("✓ nothing is wrong: {alarms} alarms quiet, every gauge within its target"), app.theme.well())
    }
}

fn finding_line(app: &App, finding: &Finding, room: usize, columns: &Columns) -> Line<'static> {
    let theme = app.theme;
    let style = theme.severity(finding.severity);
    let mut line = Line::from(vec![
        Span::styled(format!("{} {} ", glyph(finding.severity), pad(finding.severity.word(), 8)), style),
        Span::styled(pad(&finding.title, columns.title), style),
        Span::raw("  "),
    ]);
    let evidence = width(&finding.evidence);
    match &finding.after {
        Some(after) if room >= usize::from(ROOM_FOR_AFTER) - 2 && columns.evidence > evidence + 16 => {
            let rest = columns.evidence - evidence - 2;
            line.push_span(format!("{}  ", fit(&finding.evidence, evidence)));
            line.push_span(Span::styled(pad(after, rest), theme.severity(Severity::Warning)));
        }
        _ => line.push_span(pad(&finding.evidence, columns.evidence)),
    }
    let since = finding.since.map(|since| text::rough_age(since, app.now)).unwrap_or_default();
    line.push_span(Span::styled(format!("  {}", pad_left(&since, SINCE)), theme.muted()));
    if columns.runbook > 0 {
        let runbook = finding.runbook.as_deref().map(|name| format!("→ {name}")).unwrap_or_default();
        line.push_span(Span::styled(format!("  {}", pad(&runbook, columns.runbook)), theme.key()));
    }
    line
}

fn service_height(app: &App) -> u16 {
    match app.platform.services.len() {
        0 => 1,
        1 => service_summary::summary_height(app, 0),
        many => many.min(10) as u16 + 1,
    }
}

/// One service in full, or a line for each, worst first.
fn services(app: &App, area: Rect, buffer: &mut Buffer) {
    match app.platform.services.len() {
        0 => {
            let inner = panel("ECS", &Line::default(), false, app.theme, area, buffer);
            Line::styled("no service in the platform file", app.theme.muted()).render(inner, buffer);
        }
        1 => service_summary::summary(app, 0, area, buffer),
        many => {
            let inner = panel("ECS", &Line::from(format!("{many} services")), false, app.theme, area, buffer);
            let columns = usize::from(inner.width);
            let rows = usize::from(inner.height);
            let lines: Vec<Line<'_>> =
                app.ranking.iter().take(rows).map(|i| service_summary::one_line(app, *i, columns)).collect();
            Paragraph::new(lines).render(inner, buffer);
        }
    }
}

fn alarms_panel(app: &App, area: Rect, buffer: &mut Buffer) {
    alarms::panel_of(app, focused(app, 1), app.place().cursors[1], area, buffer);
}

fn timeline_panel(app: &App, area: Rect, buffer: &mut Buffer) {
    let theme = app.theme;
    let inner = panel("Timeline", &Line::styled("UTC", theme.muted()), focused(app, 2), theme, area, buffer);
    let entries = lists::timeline(app);
    if entries.is_empty() {
        Line::styled("nothing happened yet", theme.muted()).render(inner, buffer);
    }
    list(&entries, app.place().cursors[2], focused(app, 2), theme, inner, buffer, |entry, columns| {
        entry_line(app, entry, columns)
    });
}

fn entry_line(app: &App, entry: &Entry, columns: usize) -> Line<'static> {
    let theme = app.theme;
    let (mark, style) = match entry.kind {
        EntryKind::Deployment => ("▶", theme.focus()),
        EntryKind::ServiceEvent => ("·", theme.muted()),
        EntryKind::TaskFailed => ("●", theme.severity(Severity::Warning)),
        EntryKind::AlarmRaised => ("▲", theme.severity(Severity::Critical)),
        EntryKind::AlarmCleared => ("✓", theme.well()),
    };
    Line::from(vec![
        Span::styled(format!("{} ", text::moment(entry.at, app.now)), theme.muted()),
        Span::styled(format!("{mark} "), style),
        Span::raw(fit(&entry.text, columns.saturating_sub(8))),
    ])
}

/// Charts of the gauges that matter most: those past their target first.
fn charts(app: &App, area: Rect, buffer: &mut Buffer) {
    let count = usize::from(area.width / 38).clamp(1, 6);
    let mut gauges: Vec<(usize, &Gauge)> = app.platform.gauges.iter().enumerate().collect();
    if app.platform.services.len() > 1 {
        let first = app.ranking.first().copied().unwrap_or(0);
        gauges.retain(|(_, g)| !matches!(g.subject, Subject::Service(i) if i != first));
    }
    let past = |(i, g): &(usize, &Gauge)| app.picture.reading(*i, g).and_then(|(_, level)| level) == Some(Level::Past);
    gauges.sort_by_key(|g| !past(g));
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
    let owner = match gauge.subject {
        Subject::Service(i) if app.platform.services.len() > 1 => {
            app.platform.services.get(i).map(|s| format!("{} ", s.name)).unwrap_or_default()
        }
        Subject::Database(_) => "RDS ".to_owned(),
        Subject::Service(_) | Subject::Platform => String::new(),
    };
    let target = gauge.target.map(|t| format!("  {}", t.show(gauge.unit))).unwrap_or_default();
    let note = Line::from(vec![Span::styled(value, style), Span::styled(target, theme.muted())]);
    let inner = panel(&format!("{owner}{}", gauge.title), &note, false, theme, area, buffer);
    let Some(series) = app.picture.series.get(index).and_then(|p| p.value()) else { return };
    let plot = Plot {
        points: series.points().collect(),
        unit: gauge.unit,
        line: gauge.target.map(crate::platform::Target::border),
        style,
    };
    chart(&plot, app.now, theme, inner, buffer);
}
