//! A list with a selected line that is always in sight.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};
use ratatui::text::Line;

use crate::tui::canvas::{Canvas, Hit, Spot};
use crate::tui::theme::Theme;

/// The items in sight, of so many, where there is room for so many rows: the selected one stands in the middle, or where
/// it was clicked, so that no line moves away under the pointer.
pub fn in_sight(items: usize, selected: usize, rows: usize, clicked: Option<usize>) -> Range<usize> {
    let selected = selected.min(items.saturating_sub(1));
    let above = clicked.unwrap_or(rows / 2).min(rows.saturating_sub(1));
    let first = selected.saturating_sub(above).min(items.saturating_sub(rows));
    first..items.min(first + rows)
}

/// Draws as many items as fit around the selected one; only those are turned into lines. `spot` says what a click on an
/// item selects.
pub fn list<T>(
    items: &[T],
    selected: usize,
    focused: bool,
    area: Rect,
    canvas: &mut Canvas<'_>,
    spot: impl Fn(usize) -> Spot,
    line: impl Fn(&T, usize) -> Line<'static>,
) {
    let theme = canvas.theme;
    let height = usize::from(area.height);
    if area.is_empty() || items.is_empty() {
        return;
    }
    let selected = selected.min(items.len() - 1);
    let shown = in_sight(items.len(), selected, height, canvas.row.filter(|_| focused));
    // Nobody may take the part that is shown for the whole.
    let above = (shown.start > 0).then_some((shown.start, "↑"));
    let below = (shown.end < items.len()).then_some((shown.end - 1, "↓"));
    for row in shown.clone() {
        let y = area.y + (row - shown.start) as u16;
        let mark = below.into_iter().chain(above).find(|(at, _)| *at == row).map(|(_, mark)| mark);
        let columns = area.width.saturating_sub(u16::from(mark.is_some()));
        canvas.set_line(area.x, y, &line(&items[row], usize::from(columns)), columns);
        if let Some(mark) = mark {
            canvas.set_string(area.x + columns, y, mark, theme.key());
        }
        let bar = Rect { y, height: 1, ..area };
        if focused && row == selected {
            select(canvas, bar, theme);
        }
        canvas.hits.push(Hit { area: bar, row: row - shown.start, spot: spot(row) });
    }
}

/// Reverses a line as one bar. It keeps the colour that the line begins with if that colour warns: the
/// worst finding is selected at the start and must not look less bad for it.
fn select(buffer: &mut Buffer, line: Rect, theme: Theme) {
    let line = line.intersection(buffer.area);
    if line.is_empty() {
        return;
    }
    let begins = buffer[(line.x, line.y)].fg;
    let colour = if theme.warns(begins) { begins } else { Color::Reset };
    for x in line.left()..line.right() {
        let cell = &mut buffer[(x, line.y)];
        cell.modifier = Modifier::REVERSED;
        cell.fg = colour;
        cell.bg = Color::Reset;
    }
}
