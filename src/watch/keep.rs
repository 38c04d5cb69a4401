//! The task of one source: waits its turn, asks, reports, and decides when to ask again.

use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt as _, stream};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::cadence::{self, Pace};
use super::question::{Question, questions, trouble};
use super::room::Room;
use super::{Attention, Orders, Source};
use crate::platform::{Fact, Observation, TroubleKind};

/// Questions of one source under way at once.
pub(super) const AT_ONCE: usize = 8;
/// However fast a simulated clock runs, a source is not asked more often than this.
const SHORTEST: Duration = Duration::from_millis(500);

/// Asks until whoever listens is gone.
pub(super) async fn keep(
    source: Source,
    room: Arc<Room>,
    mut orders: watch::Receiver<Orders>,
    observations: mpsc::Sender<Observation>,
) {
    let mut turn = Turn::new(source, room);
    loop {
        let now_ordered = *orders.borrow_and_update();
        if now_ordered.refreshes == turn.refreshes {
            let due = turn.due(now_ordered.attention);
            tokio::select! {
                changed = orders.changed() => match changed {
                    Ok(()) => continue,
                    Err(_) => return,
                },
                () = observations.closed() => return,
                () = turn.room.renewed.notified(), if source == Source::Identity && turn.asked.is_some() => {}
                () = at(due) => {}
            }
        }
        turn.refreshes = now_ordered.refreshes;
        if turn.round(now_ordered, &observations).await.is_none() {
            return;
        }
    }
}

async fn at(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}

/// One source's state between rounds.
struct Turn {
    source: Source,
    room: Arc<Room>,
    pace: Pace,
    /// Which refresh the last round obeyed.
    refreshes: u64,
    /// When the last round ended; `None` before the first.
    asked: Option<Instant>,
    /// How closely the next answer was promised to come: its age is judged by that.
    promised: Attention,
    /// This cycle's part of the jitter, 0 to 1.
    random: f64,
    /// This session's second of the minute, for metrics.
    offset: Duration,
}

impl Turn {
    fn new(source: Source, room: Arc<Room>) -> Turn {
        let offset = Duration::from_secs(fastrand::u64(4..10));
        Turn {
            source,
            room,
            pace: Pace::default(),
            refreshes: 0,
            asked: None,
            promised: Attention::Active,
            random: 0.5,
            offset,
        }
    }

    /// When to ask next; `None` while paused.
    fn due(&self, attention: Attention) -> Option<Instant> {
        // Slower only from the next round on, or a good value would look old before it is asked for again.
        let attention = if attention == Attention::Idle { self.promised } else { attention };
        match self.asked {
            None if attention == Attention::Paused => None,
            None => Some(Instant::now()),
            Some(asked) => Some(asked + self.delay(self.pace, attention)?),
        }
    }

    /// In the runtime's seconds, of which a fast simulated clock makes many.
    fn delay(&self, pace: Pace, attention: Attention) -> Option<Duration> {
        let delay = if self.source == Source::Metrics && pace.trouble.is_none() {
            let since = self.asked.map(|asked| asked.elapsed()).unwrap_or_default();
            let now = self.room.now();
            let then = now.checked_sub(since.mul_f64(self.room.clock.speed())).unwrap_or(now);
            cadence::after_the_minute(then, self.offset, attention)?
        } else {
            cadence::jittered(cadence::delay(self.source, pace, attention)?, self.random)
        };
        Some(delay.div_f64(self.room.clock.speed().max(0.01)).max(SHORTEST.min(delay)))
    }

    /// Asks all questions of a round and reports each answer as it comes; `None` if nobody listens.
    async fn round(&mut self, ordered: Orders, observations: &mpsc::Sender<Observation>) -> Option<()> {
        let asked: Vec<Question> = questions(self.source, &self.room, ordered.focus);
        self.pace.calls = asked.len() as u32;
        let mut outcome = Outcome::default();
        let mut answers = stream::iter(asked).buffer_unordered(AT_ONCE);
        while let Some(facts) = answers.next().await {
            outcome.add(&facts);
            let mut pace = self.pace;
            pace.unsettled = self.unsettled();
            pace.outcome(facts.iter().find_map(trouble).map(|trouble| trouble.kind));
            // Paused after a refresh: as if it went on, so that age is judged by the usual measure.
            let next = self.delay(pace, ordered.attention).or_else(|| self.delay(pace, Attention::Active));
            observations.send(self.room.observation(facts, next.unwrap_or_default())).await.ok()?;
        }
        drop(answers);
        let were_bad = self.pace.trouble.is_some_and(is_about_credentials);
        self.pace.outcome(outcome.trouble());
        self.pace.unsettled = self.unsettled();
        if were_bad && self.pace.trouble.is_none() && self.source != Source::Identity {
            self.room.renewed.notify_one();
        }
        self.random = fastrand::f64();
        self.promised = if ordered.attention == Attention::Idle { Attention::Idle } else { Attention::Active };
        self.asked = Some(Instant::now());
        Some(())
    }

    fn unsettled(&self) -> bool {
        match self.source {
            Source::Services => self.room.is_deploying(),
            Source::Tasks => !self.room.troubled().is_empty(),
            _ => false,
        }
    }
}

fn is_about_credentials(kind: TroubleKind) -> bool {
    matches!(kind, TroubleKind::ExpiredCredentials | TroubleKind::NoCredentials)
}

/// What a round brought, taken together.
#[derive(Default)]
struct Outcome {
    is_any_good: bool,
    worst: Option<TroubleKind>,
}

impl Outcome {
    fn add(&mut self, facts: &[Fact]) {
        for fact in facts {
            match trouble(fact).map(|trouble| trouble.kind) {
                None => self.is_any_good = true,
                // Throttling is told before all else: it asks for slowness.
                Some(kind) if self.worst != Some(TroubleKind::Throttled) => self.worst = Some(kind),
                Some(_) => {}
            }
        }
    }

    /// Why to slow down: everything failed, or something was throttled. One part that fails among others that
    /// don't (a service that is gone) is no reason.
    fn trouble(&self) -> Option<TroubleKind> {
        self.worst.filter(|kind| !self.is_any_good || *kind == TroubleKind::Throttled)
    }
}
