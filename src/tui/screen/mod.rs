//! The screens: what `draw(&App)` puts where.

mod alarm_page;
mod alarms;
mod confirmation;
mod database;
mod now;
mod overlay;
mod overview;
mod plan;
mod questions;
mod run;
mod runbook;
mod service;
mod service_summary;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;

use super::app::{App, Screen};
use super::canvas::{Canvas, Hit};
use super::{layout, widget};
pub use alarm_page::span as alarm_span;

/// Draws one panel of a screen.
pub type Draw = fn(&App, Rect, &mut Canvas<'_>);

/// The panels of the screen shown, each with its natural height (borders included), for a single column.
pub fn stack(app: &App) -> Vec<(u16, Draw)> {
    match app.screen {
        Screen::Overview => overview::stack(app),
        Screen::Service => service::stack(app),
        Screen::Database => database::stack(app),
        Screen::Alarms => alarms::stack(app),
    }
}

/// How far what lies over the screen scrolls.
pub fn overlay_last(app: &App) -> usize {
    overlay::last(app, body(app.size))
}

/// Why what a plan asks can't be answered with yes: what it is for did not come into sight.
pub fn unseen(app: &App) -> Option<&'static str> {
    overlay::unseen(app, body(app.size))
}

/// All between header and footer.
fn body((columns, rows): (u16, u16)) -> Rect {
    Rect { x: 0, y: 1, width: columns, height: layout::body_height((columns, rows)) }
}

/// Draws the whole frame and says where the cursor stands, if text is being typed.
pub fn paint(app: &App, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    paint_on(app, area, &mut Canvas::on(app, buffer))
}

/// What a click there means: the frame is painted anew, and asked.
pub fn hit(app: &App, at: Position) -> Option<Hit> {
    let area = Rect::new(0, 0, app.size.0, app.size.1);
    let mut buffer = Buffer::empty(area);
    let mut canvas = Canvas::on(app, &mut buffer);
    paint_on(app, area, &mut canvas);
    canvas.hit(at)
}

fn paint_on(app: &App, area: Rect, buffer: &mut Canvas<'_>) -> Option<Position> {
    if area.is_empty() {
        return None;
    }
    let line = |y: u16| Rect { y, height: 1, ..area };
    widget::header(app, line(area.y), buffer);
    let body = Rect { y: area.y + 1, height: layout::body_height((area.width, area.height)), ..area };
    let mut caret = None;
    if !body.is_empty() {
        if layout::is_stacked((area.width, area.height)) {
            stacked(app, body, buffer);
        } else {
            match app.screen {
                Screen::Overview => overview::draw(app, body, buffer),
                Screen::Service => service::draw(app, body, buffer),
                Screen::Database => database::draw(app, body, buffer),
                Screen::Alarms => alarms::draw(app, body, buffer),
            }
        }
        caret = overlay::draw(app, body, buffer);
    }
    if area.height > 1 {
        let last = area.bottom() - 1;
        if let Some(x) = widget::footer(app, line(last), buffer) {
            caret = Some(Position { x, y: last });
        }
    }
    app.theme.reduce(buffer);
    caret
}

/// Draws the first line alone, as [`paint`] draws it.
pub fn paint_header(app: &App, line: Rect, buffer: &mut Buffer) {
    if !line.is_empty() {
        widget::header(app, line, buffer);
        app.theme.reduce(buffer);
    }
}

/// All panels below each other, and their lines that can be clicked.
fn column(app: &App, columns: u16) -> (Buffer, Vec<Hit>) {
    let mut cells = Buffer::empty(Rect::new(0, 0, columns, layout::stacked_height(app)));
    let mut canvas = Canvas::on(app, &mut cells);
    let mut y = 0;
    for (height, draw) in stack(app) {
        draw(app, Rect::new(0, y, columns, height), &mut canvas);
        y += height - 1;
    }
    let hits = canvas.hits;
    (cells, hits)
}

/// The first line of the column that is shown: as far as the user has scrolled, or so that the selected line and its
/// neighbour are in sight.
pub fn first_line(app: &App) -> u16 {
    first_of(app, &column(app, app.size.0).0, layout::body_height(app.size))
}

fn first_of(app: &App, column: &Buffer, rows: u16) -> u16 {
    let last = column.area.height.saturating_sub(rows);
    if let Some(scroll) = app.place().scroll {
        return scroll.min(last);
    }
    let middle = column.area.width / 2;
    let is_selected = |y: &u16| column[(middle, *y)].modifier.contains(Modifier::REVERSED);
    let selected = (0..column.area.height).find(|y| column.area.width > 0 && is_selected(y)).unwrap_or_default();
    (selected + 2).saturating_sub(rows).min(last)
}

/// Draws the panels below each other and shows the part that the user has come to.
fn stacked(app: &App, body: Rect, canvas: &mut Canvas<'_>) {
    let (cells, hits) = column(app, body.width);
    let total = cells.area.height;
    let first = first_of(app, &cells, body.height);
    let shown = body.height.min(total - first);
    for row in 0..shown {
        for column in 0..body.width {
            canvas[(body.x + column, body.y + row)] = cells[(column, first + row)].clone();
        }
    }
    let in_sight = hits.into_iter().filter(|hit| (first..first + shown).contains(&hit.area.y));
    canvas.hits.extend(in_sight.map(|hit| {
        let area = Rect { x: body.x + hit.area.x, y: body.y + hit.area.y - first, ..hit.area };
        Hit { area, ..hit }
    }));
    // Nobody may take the part that is shown for the whole.
    let more = [(first > 0, "↑", body.y), (first + body.height < total, "↓", body.bottom() - 1)];
    for (there_is, mark, row) in more {
        if there_is {
            canvas.set_string(body.right() - 1, row, mark, app.theme.key());
        }
    }
}
