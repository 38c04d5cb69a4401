//! What the tasks of one watch share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, watch};

use super::minutes::Minutes;
use crate::aws::Clients;
use crate::clock::Clock;
use crate::platform::{Fact, Observation, Platform, Service, Task, skew};

/// How long one source waits for what another learns first.
const PATIENCE: Duration = Duration::from_secs(11);
const MOMENT: Duration = Duration::from_secs(2);
/// ECS remembers stopped tasks about this long.
pub(super) const REMEMBERED: SignedDuration = SignedDuration::from_hours(1);
const LAG: SignedDuration = SignedDuration::from_mins(1);

/// What a service's own answer says about its tasks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Hint {
    /// A deployment is under way.
    pub(super) deploying: bool,
    /// Tasks stop, start or are missing: things change fast.
    pub(super) unsettled: bool,
    /// When ECS's log last told, within the hour that it remembers them, that tasks stopped.
    pub(super) told: Option<Timestamp>,
}

impl Hint {
    pub(super) fn of(service: &Service, now: Timestamp) -> Hint {
        let deploying = service.is_deploying();
        let failed = service.primary().is_some_and(|deployment| deployment.failed > 0);
        let says = |message: &str| {
            ["has stopped", "unhealthy", "failed", "unable to"].iter().any(|word| message.contains(word))
        };
        let recent = service.events.iter().filter(|event| now.duration_since(event.at) < REMEMBERED);
        Hint {
            deploying,
            unsettled: deploying || failed || service.running < service.desired,
            told: recent.filter(|event| says(&event.message)).map(|event| event.at).max(),
        }
    }

    /// Stopped tasks are to be listed, having last been listed when ECS's log had told up to `known`.
    ///
    /// Right after an event they are listed again: the list may lag behind the log.
    pub(super) fn wants_stopped(&self, known: Option<Timestamp>, now: Timestamp) -> bool {
        let is_news = self.told.is_some_and(|told| known.is_none_or(|known| told > known));
        self.unsettled || is_news || self.told.is_some_and(|told| now.duration_since(told) < LAG)
    }
}

/// The stopped tasks of a service, as they were last listed.
#[derive(Clone, Debug, Default)]
pub(super) struct Stopped {
    /// Up to when ECS's log had told of stopped tasks by then.
    pub(super) known: Option<Timestamp>,
    pub(super) tasks: Vec<Task>,
}

/// What the tasks of one watch share.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) platform: Arc<Platform>,
    pub(super) clients: Clients,
    pub(super) clock: Clock,
    /// For each service; `None` until it was asked for once.
    hints: watch::Sender<Vec<Option<Hint>>>,
    minutes: Mutex<Minutes>,
    cursor: Mutex<usize>,
    /// For each service.
    stopped: Mutex<Vec<Stopped>>,
    /// Credentials were no good, and are good again: they may be somebody else's.
    pub(super) renewed: Notify,
}

impl Room {
    pub(super) fn new(platform: Arc<Platform>, clients: Clients, clock: Clock) -> Room {
        clients.tell_time_by(&clock);
        Room {
            hints: watch::Sender::new(vec![None; platform.services.len()]),
            minutes: Mutex::new(Minutes::of(platform.gauges.len())),
            cursor: Mutex::new(0),
            stopped: Mutex::new(vec![Stopped::default(); platform.services.len()]),
            renewed: Notify::new(),
            platform,
            clients,
            clock,
        }
    }

    /// The present that answers are dated by.
    pub(super) fn now(&self) -> Timestamp {
        skew::present(self.clock.now(), self.clients.clock_skew())
    }

    /// Notes what a services question brought; a failed one leaves what was known.
    pub(super) fn note_services(&self, facts: &[Fact]) {
        let now = self.now();
        self.hints.send_modify(|hints| {
            for fact in facts {
                if let Fact::Service(place, answer) = fact
                    && let Some(hint) = hints.get_mut(*place)
                {
                    match answer {
                        Ok(service) => *hint = Some(Hint::of(service, now)),
                        Err(_) => *hint = Some(hint.unwrap_or_default()),
                    }
                }
            }
        });
    }

    /// What a service says about its tasks; waits, but not for ever, until it was asked for the first time.
    pub(super) async fn hint(&self, service: usize) -> Hint {
        self.heard(PATIENCE, |hints| hints.get(service).is_none_or(Option::is_some)).await;
        self.hints.borrow().get(service).copied().flatten().unwrap_or_default()
    }

    /// Waits a moment until something was heard of the services.
    pub(super) async fn first_answer(&self) {
        self.heard(MOMENT, |hints| hints.is_empty() || hints.iter().any(Option::is_some)).await;
    }

    async fn heard(&self, patience: Duration, what: impl FnMut(&Vec<Option<Hint>>) -> bool) {
        let mut hints = self.hints.subscribe();
        let _ = tokio::time::timeout(patience, hints.wait_for(what)).await;
    }

    pub(super) fn is_deploying(&self) -> bool {
        self.hints.borrow().iter().flatten().any(|hint| hint.deploying)
    }

    /// Services whose tasks stop, start or are missing, by index.
    pub(super) fn troubled(&self) -> Vec<usize> {
        let hints = self.hints.borrow();
        hints.iter().enumerate().filter(|(_, hint)| hint.is_some_and(|hint| hint.unsettled)).map(|(i, _)| i).collect()
    }

    pub(super) fn minutes(&self) -> MutexGuard<'_, Minutes> {
        self.minutes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn stopped(&self) -> MutexGuard<'_, Vec<Stopped>> {
        self.stopped.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn cursor(&self) -> MutexGuard<'_, usize> {
        self.cursor.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was learned, stamped with the present.
    pub(super) fn observation(&self, facts: Vec<Fact>, next: Duration) -> Observation {
        let next = next.mul_f64(self.clock.speed().max(0.0));
        Observation {
            at: self.now(),
            next: SignedDuration::try_from(next).unwrap_or(SignedDuration::MAX),
            facts,
            spent: self.clients.spent(),
            clock_skew: self.clients.clock_skew(),
        }
    }
}
