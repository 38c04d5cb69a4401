//! What the screen asks the rest of the process to do.

use crate::platform::MetricQuery;
use crate::watch::Attention;

/// Work that [`super::app::App::update`] wants done. It is only said there; [`super::run`] does it.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Leave.
    Quit,
    /// Give the terminal back and stop the process until `fg`.
    Suspend,
    /// Draw every cell again.
    Redraw,
    /// Ring the terminal's bell.
    Bell,
    /// Put text on the clipboard of the user's terminal (OSC 52).
    Copy(String),
    /// Watch faster, slower or not at all.
    Attend(Attention),
    /// Ask every source now.
    Refresh,
    /// Watch the tasks of this service closely.
    Focus(usize),
    /// Ask for an alarm's history, and for its metric if it has one.
    ShowAlarm {
        /// Its name.
        name: String,
        /// Its metric.
        query: Option<MetricQuery>,
        /// Seconds in one point, as the alarm looks at it.
        period: u32,
    },
}
