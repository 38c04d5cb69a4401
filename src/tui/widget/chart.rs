//! A series over three hours, with the line that it should not cross.

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::symbols::Marker;
use ratatui::text::Line;
use ratatui::widgets::{Axis, Chart, Dataset, GraphType, Widget};

use crate::platform::{Point, SPAN, Unit, text};
use crate::tui::theme::Theme;

/// What a chart shows.
pub struct Plot {
    /// Oldest first.
    pub points: Vec<Point>,
    /// What the numbers count.
    pub unit: Unit,
    /// The border of the target, or an alarm's threshold.
    pub line: Option<f64>,
    /// Of the curve.
    pub style: Style,
}

/// Draws the last [`SPAN`] of the points. Needs about 20 by 5 cells to say something.
pub fn chart(plot: &Plot, now: Timestamp, theme: Theme, area: Rect, buffer: &mut Buffer) {
    if area.width < 16 || area.height < 4 {
        return;
    }
    let minutes = |at: Timestamp| at.duration_since(now).as_secs_f64() / 60.0;
    let span = SPAN.as_secs_f64() / 60.0;
    let data: Vec<(f64, f64)> = plot
        .points
        .iter()
        .filter(|p| p.value.is_finite())
        .map(|p| (minutes(p.at), p.value))
        .filter(|(x, _)| *x >= -span)
        .collect();
    if data.is_empty() {
        Line::styled("no data in the last 3 hours", theme.muted()).render(area, buffer);
        return;
    }
    let highest = data.iter().map(|(_, y)| *y).chain(plot.line).fold(0.0, f64::max);
    let top = if highest > 0.0 { highest * 1.1 } else { 1.0 };
    let line: Vec<(f64, f64)> =
        plot.line.map(|y| (0..=180).map(|i| (-span * f64::from(i) / 180.0, y)).collect()).unwrap_or_default();
    let threshold =
        Dataset::default().marker(Marker::Dot).graph_type(GraphType::Scatter).style(theme.muted()).data(&line);
    let curve = Dataset::default().marker(Marker::Braille).graph_type(GraphType::Line).style(plot.style).data(&data);
    let times = [now - SPAN, now - SPAN / 2, now].map(|at| Line::styled(text::minute(at), theme.muted()));
    let mut levels = vec![Line::styled("0", theme.muted())];
    if area.height >= 8 {
        levels.push(Line::styled(plot.unit.show(top / 2.0), theme.muted()));
    }
    levels.push(Line::styled(plot.unit.show(top), theme.muted()));
    Chart::new(vec![threshold, curve])
        .x_axis(Axis::default().bounds([-span, 0.0]).labels(times).style(theme.muted()))
        .y_axis(Axis::default().bounds([0.0, top]).labels(levels).style(theme.muted()))
        .legend_position(None)
        .render(area, buffer);
}
