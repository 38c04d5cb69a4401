//! One gauge in one line: its name, its number, its last hour, its target.

use jiff::SignedDuration;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::sparkline;
use crate::platform::{Gauge, Level, Role, text};
use crate::tui::app::App;
use crate::tui::text::{fit, pad, width};

/// A line shorter than this has no room for a sparkline.
const SPARK_FROM: usize = 26;

/// The newest number of a gauge as it is written, and how to colour it.
pub fn reading(app: &App, index: usize, gauge: &Gauge) -> (String, Style) {
    let Some(part) = app.picture.series.get(index) else { return ("?".to_owned(), app.theme.muted()) };
    let Some(series) = part.value() else {
        let unknown = if part.is_pending() { "…" } else { "?" };
        return (unknown.to_owned(), app.theme.muted());
    };
    let Some(point) = series.latest() else { return ("no data".to_owned(), app.theme.muted()) };
    let value = match (gauge.role, gauge.target) {
        (Role::Connections, Some(limit)) => {
            format!("{} of {}", gauge.unit.show(point.value), gauge.unit.show(limit.border()))
        }
        _ => gauge.unit.show(point.value),
    };
    let style = if part.is_live(app.now) {
        app.theme.level(gauge.target.map(|t| t.level(point.value)))
    } else {
        app.theme.stale()
    };
    (value, style)
}

/// The line.
pub fn gauge_line(app: &App, index: usize, gauge: &Gauge, columns: usize) -> Line<'static> {
    let theme = app.theme;
    let label = pad(&gauge.title, label_width(columns));
    let (value, style) = reading(app, index, gauge);
    let value = pad(&value, 9);
    let level = app.picture.reading(index, gauge).and_then(|(_, level)| level);
    let flag = if level == Some(Level::Past) { "▲" } else { " " };
    let mut spans =
        vec![Span::styled(label, theme.muted()), Span::styled(flag, style), Span::styled(value, style), Span::raw(" ")];
    let part = app.picture.series.get(index);
    let note = match part.and_then(|p| p.stale_age(app.now)) {
        Some(age) => format!("{} old", text::duration(age)),
        None => {
            gauge.target.filter(|_| gauge.role != Role::Connections).map_or_else(String::new, |t| t.show(gauge.unit))
        }
    };
    let used = spans.iter().map(|s| width(&s.content)).sum::<usize>();
    let room = columns.saturating_sub(used);
    let note = pad(&note, 9.min(room));
    let spark = room.saturating_sub(width(&note) + 1);
    if columns >= SPARK_FROM
        && spark >= 4
        && let Some(series) = part.and_then(|p| p.value())
    {
        let line = sparkline(series, gauge.target, app.now, SignedDuration::from_hours(1), spark.min(60));
        spans.push(Span::styled(pad(&line, spark), style));
        spans.push(Span::raw(" "));
    } else if spark > 0 && columns >= SPARK_FROM {
        spans.push(Span::raw(" ".repeat(spark + 1)));
    }
    spans.push(Span::styled(fit(&note, room), theme.muted()));
    Line::from(spans)
}

fn label_width(columns: usize) -> usize {
    if columns < 34 { 8 } else { 12 }
}
