//! What a frame is drawn on: its cells, and what a click on them means. Whoever draws a line says what it is, so that
//! the mouse can't point at another one than the eye sees.

use std::ops::{Deref, DerefMut};

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::app::App;
use super::theme::Theme;

/// What a click selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spot {
    /// A line of a panel: the panel, and the item.
    Line(usize, usize),
    /// An item of what lies over the screen: of the palette, the runs, what a question can be answered with.
    Item(usize),
}

/// A line that can be clicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Where it stands.
    pub area: Rect,
    /// Its row in its list.
    pub row: usize,
    /// What a click on it selects.
    pub spot: Spot,
}

/// The cells of a frame and the lines on them that can be clicked.
pub struct Canvas<'b> {
    cells: &'b mut Buffer,
    /// How it looks.
    pub theme: Theme,
    /// The row at which the selected line stands in its list, since it was clicked there.
    pub row: Option<usize>,
    /// The lines that can be clicked.
    pub hits: Vec<Hit>,
}

impl Canvas<'_> {
    /// On these cells.
    pub fn on<'b>(app: &App, cells: &'b mut Buffer) -> Canvas<'b> {
        Canvas { cells, theme: app.theme, row: app.clicked.filter(|_| app.overlay.is_none()), hits: Vec::new() }
    }

    /// What is drawn from here on lies over what there is, which can be clicked no more.
    pub fn lie_over(&mut self, app: &App) {
        self.row = app.clicked;
        self.hits.clear();
    }

    /// What stands there.
    pub fn hit(&self, at: Position) -> Option<Hit> {
        self.hits.iter().find(|hit| hit.area.contains(at)).copied()
    }
}

impl Deref for Canvas<'_> {
    type Target = Buffer;

    fn deref(&self) -> &Buffer {
        self.cells
    }
}

impl DerefMut for Canvas<'_> {
    fn deref_mut(&mut self) -> &mut Buffer {
        self.cells
    }
}
