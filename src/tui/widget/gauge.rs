//! One gauge in one line: its name, its number, its last three hours, its target.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::sparkline;
use crate::platform::{Gauge, Level, SPAN, Severity, text};
use crate::tui::app::App;
use crate::tui::text::{fit, pad, width};
use crate::tui::theme::glyph;

/// Columns of the name that begins a line of a panel, and the mark or space behind it.
pub const LABEL: usize = 12;
/// Columns of the number.
const VALUE: usize = 8;
/// Columns of the target or age at the end.
const NOTE: usize = 8;
/// A sparkline shorter than this says nothing.
const SPARK: std::ops::RangeInclusive<usize> = 4..=60;

/// The newest number of a gauge as it is written, and how to colour it.
pub fn reading(app: &App, index: usize, gauge: &Gauge) -> (String, Style) {
    let Some(part) = app.picture.series.get(index) else { return ("?".to_owned(), app.theme.muted()) };
    let Some(series) = part.value() else {
        let unknown = if part.is_pending() { "…" } else { "?" };
        return (unknown.to_owned(), app.theme.muted());
    };
    let Some(point) = series.latest() else { return ("no data".to_owned(), app.theme.muted()) };
    let value = match gauge.target {
        // Just past its target it must not read as its target, as far as there is room to tell.
        Some(target) => {
            let apart = gauge.unit.show_apart(point.value, target.border()).0;
            if width(&apart) <= VALUE { apart } else { gauge.unit.show(point.value) }
        }
        None => gauge.unit.show(point.value),
    };
    let style = if part.is_live(app.now) && app.picture.outdated(index, gauge, app.now).is_none() {
        match (worst(app, index), gauge.target.map(|t| t.level(point.value))) {
            (Some(severity), _) => app.theme.severity(severity),
            (None, level) => app.theme.level(level),
        }
    } else {
        app.theme.stale()
    };
    (value, style)
}

/// How bad the worst finding about a gauge is: a number is as loud as what it means, not as far as it is past a target.
fn worst(app: &App, index: usize) -> Option<Severity> {
    app.findings.iter().filter(|finding| finding.gauges.contains(&index)).map(|finding| finding.severity).max()
}

/// The line.
pub fn gauge_line(app: &App, index: usize, gauge: &Gauge, columns: usize) -> Line<'static> {
    let theme = app.theme;
    let label = pad(&gauge.title, LABEL - 1);
    let (value, style) = reading(app, index, gauge);
    let value = pad(&value, VALUE);
    let gap = app.picture.outdated(index, gauge, app.now);
    let level = app.picture.reading(index, gauge).and_then(|(_, level)| level).filter(|_| gap.is_none());
    let flag = match worst(app, index).filter(|_| gap.is_none()) {
        Some(severity) => glyph(severity),
        None if level == Some(Level::Past) => glyph(Severity::Notice),
        None => " ",
    };
    let mut spans =
        vec![Span::styled(label, theme.muted()), Span::styled(flag, style), Span::styled(value, style), Span::raw(" ")];
    let part = app.picture.series.get(index);
    let note = match part.and_then(|p| p.stale_age(app.now)).max(gap) {
        Some(age) => format!("{} old", text::rough_age(app.now - age, app.now)),
        None => gauge.target.map_or_else(String::new, |t| t.show(gauge.unit)),
    };
    let used = spans.iter().map(|s| width(&s.content)).sum::<usize>();
    let room = columns.saturating_sub(used);
    let note = fit(&note, NOTE.min(room));
    let spark = room.saturating_sub(NOTE + 1);
    if spark >= *SPARK.start() {
        let drawn = part
            .and_then(|p| p.value())
            .map(|series| sparkline(series, gauge.target, app.now, SPAN, spark.min(*SPARK.end())));
        spans.push(Span::styled(pad(&drawn.unwrap_or_default(), spark), style));
        spans.push(Span::raw(" "));
    }
    spans.push(Span::styled(note, theme.muted()));
    Line::from(spans)
}
