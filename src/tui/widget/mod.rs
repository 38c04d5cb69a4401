//! Pieces that screens are made of. Each draws itself into a rectangle of a buffer, however small.

mod chart;
mod footer;
mod gauge;
mod header;
mod list;
mod panel;
mod sparkline;

pub use chart::{Plot, chart};
pub use footer::footer;
pub use gauge::{LABEL, gauge_line, reading};
pub use header::header;
pub use list::{in_sight, list};
pub use panel::{fill, or_span, overlap, panel, say_trouble};
pub use sparkline::sparkline;
