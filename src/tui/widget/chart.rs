//! A series over time, with the line that it should not cross.

use jiff::{SignedDuration, Timestamp};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::symbols::Marker;
use ratatui::text::Line;
use ratatui::widgets::{Axis, Chart, Dataset, GraphType, Widget};

use crate::platform::{Point, Unit, minute_of, text};
use crate::tui::theme::Theme;

/// What a chart shows.
pub struct Plot {
    /// Oldest first.
    pub points: Vec<Point>,
    /// What the numbers count.
    pub unit: Unit,
    /// The border of the target, or an alarm's threshold.
    pub line: Option<f64>,
    /// How far back it goes.
    pub span: SignedDuration,
    /// Of the curve.
    pub style: Style,
}

/// Draws the points of the span. Needs about 20 by 5 cells to say something.
pub fn chart(plot: &Plot, now: Timestamp, theme: Theme, area: Rect, buffer: &mut Buffer) {
    if area.width < 16 || area.height < 4 {
        return;
    }
    let now = minute_of(now);
    let minutes = |at: Timestamp| at.duration_since(now).as_secs_f64() / 60.0;
    let span = plot.span.as_secs_f64() / 60.0;
    let data: Vec<(f64, f64)> = plot
        .points
        .iter()
        .filter(|p| p.value.is_finite())
        .map(|p| (minutes(p.at), p.value))
        .filter(|(x, _)| *x >= -span)
        .collect();
    if data.is_empty() {
        Line::styled(format!("no data in the last {}", text::duration(plot.span)), theme.muted()).render(area, buffer);
        return;
    }
    let highest = data.iter().map(|(_, y)| *y).chain(plot.line).fold(0.0, f64::max);
    let top = top_of(highest, plot.unit);
    let line: Vec<(f64, f64)> =
        plot.line.map(|y| (0..=180).map(|i| (-span * f64::from(i) / 180.0, y)).collect()).unwrap_or_default();
    let threshold =
        Dataset::default().marker(Marker::Dot).graph_type(GraphType::Scatter).style(theme.muted()).data(&line);
    let curve = Dataset::default().marker(Marker::Braille).graph_type(GraphType::Line).style(plot.style).data(&data);
    let times =
        [now - plot.span, now - plot.span / 2, now].map(|at| Line::styled(text::moment(at, now), theme.muted()));
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

/// The end of the axis: a round number that the curve does not touch. Percent have an end of their own.
fn top_of(highest: f64, unit: Unit) -> f64 {
    if highest <= 0.0 || !highest.is_finite() {
        return 1.0;
    }
    let least = highest * 1.02;
    let scale = 10_f64.powf(least.log10().floor());
    let round = [1.0, 1.2, 1.6, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0].map(|step| step * scale);
    let top = round.into_iter().find(|top| *top >= least).unwrap_or(scale * 10.0);
    if unit == Unit::Percent && highest <= 100.0 { top.min(100.0) } else { top }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_ends_on_a_round_number_and_percent_never_beyond_a_hundred() {
        let shown = |highest, unit: Unit| unit.show(top_of(highest, unit));
        assert_eq!(shown(97.0, Unit::Percent), "100 %");
        assert_eq!(shown(72.0, Unit::Percent), "80 %");
        assert_eq!(shown(130.0, Unit::Percent), "160 %");
        assert_eq!(shown(11.6e9, Unit::Bytes), "12 GB");
        assert_eq!(shown(1_430.0, Unit::Milliseconds), "1.6 s");
        assert_eq!(shown(0.0, Unit::Count), "1");
        for highest in [0.003, 1.0, 7.9, 99.0, 100.0, 1e12] {
            assert!((highest..=highest * 2.1).contains(&top_of(highest, Unit::Count)), "{highest}");
        }
    }
}
