//! The present: the system's, or the simulated platform's.

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// Tells the time. Cheap to clone; clones agree.
#[derive(Clone, Debug, Default)]
pub struct Clock(Option<Simulated>);

#[derive(Clone, Copy, Debug)]
struct Simulated {
    start: Timestamp,
    began: Instant,
    speed: f64,
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Clock {
        Clock(None)
    }

    /// A clock that stands at `start` now and runs `speed` times as fast as tokio's, so that a test
    /// with a paused runtime passes hours in no time. Must be called within a runtime if it is paused.
    pub fn simulated(start: Timestamp, speed: f64) -> Clock {
        Clock(Some(Simulated { start, began: Instant::now(), speed }))
    }

    /// The present instant.
    pub fn now(&self) -> Timestamp {
        match self.0 {
            None => Timestamp::now(),
            Some(Simulated { start, began, speed }) => {
                let elapsed = began.elapsed().as_secs_f64() * speed;
                SignedDuration::try_from_secs_f64(elapsed)
                    .ok()
                    .and_then(|elapsed| start.checked_add(elapsed).ok())
                    .unwrap_or(Timestamp::MAX)
            }
        }
    }

    /// How many seconds pass here while one passes in the runtime.
    pub fn speed(&self) -> f64 {
        self.0.map_or(1.0, |simulated| simulated.speed)
    }
}
