//! Keeps the picture fresh: when to ask whom, back-off, cost.
//!
//! One tokio task for each [`Source`]; each has its own cadence and its own back-off, so that one that
//! fails or hangs leaves the others as fresh as they were. What is learned goes, as an
//! [`Observation`], through one bounded channel to whoever holds the picture.
//!
//! | source | asked every | note |
//! |---|---|---|
//! | services | 5 s; 2 s while a deployment rolls | 10 a call; past 100 services half a second more for each call |
//! | tasks | 15 s; 10 s while something is unsettled | stopped ones only when the service hints at some; see [`Watch::focus`] |
//! | alarms | 15 s | |
//! | scaling, databases | 60 s | |
//! | metrics | the minute, a few seconds into it | one batch, only minutes not yet seen: AWS charges by the metric |
//! | identity | 10 min, and when credentials were renewed | after the first answer: it is about the session, not the picture |
//!
//! All of these ±10 %, four times slower when nobody looks. A source that fails waits twice as long each time,
//! 2 min at most; one without valid credentials asks again every 5 s, so that new ones are picked up.

mod cadence;
mod keep;
mod minutes;
mod once;
mod question;
mod room;
mod source;
mod turn;

use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::aws::Clients;
use crate::clock::Clock;
use crate::platform::{Observation, Platform};

pub use once::{ONCE_WITHIN, late, once};
use room::Room;
pub use source::Source;

/// Whether somebody looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Attention {
    /// Somebody does.
    #[default]
    Active,
    /// Nobody has touched a key for 15 minutes: everything four times slower.
    Idle,
    /// Nothing is asked, but what [`Watch::refresh`] asks.
    Paused,
}

/// What the holder of a watch wants of its tasks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Orders {
    attention: Attention,
    /// How often a refresh was ordered.
    refreshes: u64,
    focus: Option<usize>,
}

/// The watch under way. Dropping it stops all its tasks.
#[derive(Debug)]
pub struct Watch {
    orders: watch::Sender<Orders>,
    _tasks: JoinSet<()>,
}

/// Starts to watch. Must be called within a tokio runtime.
#[expect(clippy::needless_pass_by_value, reason = "the channel is to close when the watch is dropped")]
pub fn start(
    platform: Arc<Platform>,
    clients: Clients,
    clock: Clock,
    observations: mpsc::Sender<Observation>,
) -> Watch {
    let (orders, seen_orders) = watch::channel(Orders::default());
    let room = Arc::new(Room::new(platform, clients, clock));
    let mut tasks = JoinSet::new();
    for source in Source::ALL {
        tasks.spawn(keep::keep(source, room.clone(), seen_orders.clone(), observations.clone()));
    }
    Watch { orders, _tasks: tasks }
}

impl Watch {
    /// Slows down, speeds up, pauses. What is overdue by the new cadence is asked at once.
    pub fn attend(&self, attention: Attention) {
        self.orders.send_if_modified(|orders| std::mem::replace(&mut orders.attention, attention) != attention);
    }

    /// Asks everything now, paused or not.
    pub fn refresh(&self) {
        self.orders.send_modify(|orders| orders.refreshes += 1);
    }

    /// The service that somebody looks at, by its index. Only platforms with more than 20 services need
    /// it: there, each round asks for the tasks of 20 services, this one first, then those in
    /// trouble, then the others in turn.
    pub fn focus(&self, service: Option<usize>) {
        self.orders.send_if_modified(|orders| std::mem::replace(&mut orders.focus, service) != service);
    }
}

#[cfg(test)]
mod bench;
#[cfg(test)]
mod tests;
