//! How much room there is, and what that means.

use super::app::App;
use super::screen;

/// Narrower or lower than this, panels stack in one column that scrolls.
const SIDE_BY_SIDE: (u16, u16) = (80, 20);
/// From here on there is room for charts.
const CHARTS: (u16, u16) = (110, 34);

/// The panels stand below each other.
pub fn is_stacked((columns, rows): (u16, u16)) -> bool {
    columns < SIDE_BY_SIDE.0 || rows < SIDE_BY_SIDE.1
}

/// There is room for charts.
pub fn has_charts((columns, rows): (u16, u16)) -> bool {
    columns >= CHARTS.0 && rows >= CHARTS.1
}

/// Rows between header and footer.
pub fn body_height((_, rows): (u16, u16)) -> u16 {
    rows.saturating_sub(2)
}

/// Rows that the stacked panels of the screen shown take.
pub fn stacked_height(app: &App) -> u16 {
    screen::stack(app).iter().fold(1, |sum: u16, (height, _)| sum.saturating_add(height - 1))
}

/// The first line of the stacked panels that is shown.
pub fn stacked_first(app: &App) -> u16 {
    screen::first_line(app)
}

/// How far what lies over the screen scrolls.
pub fn overlay_last(app: &App) -> usize {
    screen::overlay_last(app)
}

/// Why what a plan asks can't be answered with yes: what it is for did not come into sight.
pub fn unseen(app: &App) -> Option<&'static str> {
    screen::unseen(app)
}
