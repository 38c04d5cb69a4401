//! All that can happen to the screen, on one queue in one order.

use crossterm::event::{KeyEvent, MouseEvent};
use jiff::Timestamp;

use crate::platform::{AlarmChange, Observation, Point, Trouble};

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Message {
    /// A key was pressed.
    Key(KeyEvent),
    /// Text was pasted.
    Paste(String),
    /// The mouse did something.
    Mouse(MouseEvent),
    /// The terminal has a new size: columns and rows.
    Resize(u16, u16),
    /// A second has begun.
    Tick(Timestamp),
    /// The clients are there.
    Connected {
        /// The region they speak to.
        region: Option<String>,
        /// The profile they use.
        profile: Option<String>,
    },
    /// A source answered.
    Observed(Box<Observation>),
    /// [`super::effect::Effect::ShowAlarm`] was answered.
    Alarm {
        /// Which alarm was asked for; a late answer for another one is dropped.
        name: String,
        /// Its history, newest first.
        history: Result<Vec<AlarmChange>, Trouble>,
        /// The last 3 hours of its metric, if it has one.
        points: Option<Result<Vec<Point>, Trouble>>,
    },
    /// The process was stopped and continues, or something else wrote on the screen.
    Resumed,
    /// A signal, by its number, wants the end; a terminal that is gone counts as SIGHUP.
    Hangup(i32),
}
