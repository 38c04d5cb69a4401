//! Screen 3: RDS and its gauges. Also its summary on the overview.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Widget};

use super::Draw;
use crate::platform::{Database, Serving, Severity, Subject, text};
use crate::tui::app::App;
use crate::tui::canvas::Canvas;
use crate::tui::text::{fit, pad, width};
use crate::tui::widget::{LABEL, fill, gauge_line, or_span, overlap, panel, say_trouble};

fn gauges(app: &App, index: usize) -> Vec<usize> {
    let own = app.platform.gauges.iter().enumerate().filter(|(_, g)| g.subject == Subject::Database(index));
    own.map(|(i, _)| i).collect()
}

/// Lines of the summary without its frame.
pub(super) fn summary_height(app: &App) -> u16 {
    match app.platform.databases.len() {
        0 => 1,
        1 => 3 + gauges(app, 0).len() as u16,
        many => many.min(10) as u16 + 1,
    }
}

/// One database in full, or a line for each.
pub(super) fn summary(app: &App, area: Rect, canvas: &mut Canvas<'_>) {
    match app.platform.databases.len() {
        0 => {
            let inner = panel("RDS", &Line::default(), false, app.theme, area, canvas);
            Line::styled("no database in the platform file", app.theme.muted()).render(inner, canvas);
        }
        1 => detail(app, 0, area, canvas),
        many => {
            let inner = panel("RDS", &Line::from(format!("{many} instances")), false, app.theme, area, canvas);
            let columns = usize::from(inner.width);
            let lines: Vec<Line<'_>> = app
                .platform
                .databases
                .iter()
                .zip(&app.picture.databases)
                .take(usize::from(inner.height))
                .map(|(spec, part)| {
                    let mut line = Line::from(pad(&spec.id, columns.saturating_sub(22).clamp(6, 32)) + " ");
                    match (part.value(), part.trouble()) {
                        (None, Some(trouble)) => {
                            let why = fit(&trouble.why, columns.saturating_sub(line.width()));
                            line.push_span(Span::styled(why, app.theme.muted()));
                        }
                        (database, _) => line.extend(status(app, database)),
                    }
                    line
                })
                .collect();
            Paragraph::new(lines).render(inner, canvas);
        }
    }
}

fn status(app: &App, database: Option<&Database>) -> Vec<Span<'static>> {
    let theme = app.theme;
    match database {
        None => vec![Span::styled("…", theme.muted())],
        Some(d) if d.status == "available" => vec![Span::styled(d.status.clone(), theme.well())],
        Some(d) => {
            let severity = match d.serving() {
                Serving::Yes => Severity::Notice,
                Serving::Perhaps => Severity::Warning,
                Serving::No => Severity::Critical,
            };
            vec![Span::styled(fit(&d.status, 30), theme.severity(severity))]
        }
    }
}

fn facts(app: &App, index: usize, columns: usize) -> Vec<Line<'static>> {
    let theme = app.theme;
    let label = |text: &str| Span::styled(pad(text, LABEL), theme.muted());
    let Some(part) = app.picture.databases.get(index) else {
        return vec![Line::styled("no database in the platform file", theme.muted())];
    };
    let mut status_line = Line::from(label("status"));
    let Some(database) = part.value() else {
        let why = part.trouble().map_or("…".to_owned(), |t| t.why.clone());
        status_line.push_span(Span::styled(fit(&why, columns), theme.muted()));
        return vec![status_line];
    };
    status_line.extend(status(app, Some(database)));
    let zones = if database.multi_az { "  Multi-AZ, now" } else { "  single-AZ" };
    let zone = database.zone.as_deref().unwrap_or("?");
    let zone =
        if status_line.width() + width(zones) + 1 + width(zone) <= columns { zone } else { text::zone_in_region(zone) };
    status_line.push_span(Span::styled(format!("{zones} {zone}"), theme.muted()));
    let mut machine = Line::from(label(engine(&database.engine)));
    let storage = database.storage_bytes.map(|b| format!(" {:.0} GiB", b as f64 / f64::from(1 << 30)));
    machine.push_span(format!(
        "{} {}{} {}",
        database.version,
        database.class,
        storage.unwrap_or_default(),
        database.storage_type.as_deref().unwrap_or_default()
    ));
    let mut restorable = Line::from(label("restorable"));
    match database.latest_restorable {
        Some(at) => {
            restorable.push_span(format!("{} ago", text::age(at, app.now)));
            let days = database.backup_days.map(|d| format!("  {d} days kept")).unwrap_or_default();
            restorable.push_span(Span::styled(days, theme.muted()));
        }
        None => restorable.push_span(Span::styled("no automated backups known", theme.muted())),
    }
    vec![status_line, machine, restorable]
}

fn engine(name: &str) -> &str {
    if name == "postgres" { "PostgreSQL" } else { name }
}

fn detail(app: &App, index: usize, area: Rect, buffer: &mut Buffer) {
    let spec = app.platform.databases.get(index);
    let mut note = app.picture.databases.get(index).map(|p| say_trouble(p, app.now, app.theme)).unwrap_or_default();
    let many = app.platform.databases.len();
    if many > 1 && note.width() == 0 {
        note = Line::styled(format!("{} of {many}  [ ]", index + 1), app.theme.muted());
    }
    let note = or_span(note, app.theme);
    let title = spec.map_or("RDS".to_owned(), |s| format!("RDS {}", s.id));
    let inner = panel(&title, &note, false, app.theme, area, buffer);
    fill(app.theme, inner, buffer, |columns| {
        let mut lines = facts(app, index, columns);
        lines.extend(gauges(app, index).into_iter().map(|i| gauge_line(app, i, &app.platform.gauges[i], columns)));
        lines
    });
}

fn detail_panel(app: &App, area: Rect, canvas: &mut Canvas<'_>) {
    detail(app, app.database, area, canvas);
}

pub(super) fn stack(app: &App) -> Vec<(u16, Draw)> {
    let charts = gauges(app, app.database).len().max(1) as u16;
    vec![(gauges(app, app.database).len() as u16 + 5, detail_panel as Draw), (charts * 8 + 1, charts_panel as Draw)]
}

pub(super) fn draw(app: &App, area: Rect, canvas: &mut Canvas<'_>) {
    let rows = gauges(app, app.database).len() as u16 + 5;
    let [top, rest] = overlap(Layout::vertical([Constraint::Length(rows), Constraint::Fill(1)]), area);
    detail_panel(app, top, canvas);
    charts_panel(app, rest, canvas);
}

/// A chart for each gauge, as many side by side as are readable.
fn charts_panel(app: &App, area: Rect, canvas: &mut Canvas<'_>) {
    let gauges = gauges(app, app.database);
    if gauges.is_empty() || area.is_empty() {
        return;
    }
    let across = usize::from(area.width / 40).clamp(1, gauges.len());
    let down = gauges.len().div_ceil(across);
    let fitting = usize::from(area.height / 6).max(1).min(down);
    let spacing = || ratatui::layout::Spacing::Overlap(1);
    let rows = Layout::vertical(vec![Constraint::Fill(1); fitting]).spacing(spacing()).split(area);
    for (row, gauges) in rows.iter().zip(gauges.chunks(across)) {
        let cells = Layout::horizontal(vec![Constraint::Fill(1); gauges.len()]).spacing(spacing()).split(*row);
        for (cell, index) in cells.iter().zip(gauges) {
            super::overview::gauge_chart(app, *index, &app.platform.gauges[*index], *cell, canvas);
        }
    }
}
