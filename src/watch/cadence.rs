//! How long until a source is asked again. Pure: state in, delay out.

use std::time::Duration;

use jiff::Timestamp;

use super::{Attention, Source};
use crate::platform::TroubleKind;

/// Longest back-off, when somebody looks.
const LONGEST: Duration = Duration::from_mins(2);
/// New credentials are noticed this soon.
const CREDENTIALS: Duration = Duration::from_secs(5);
/// A slow source that fails is tried again sooner than its own cadence, starting from twice this.
const FIRST_BACK_OFF: Duration = Duration::from_secs(10);
/// Each call beyond what is usual adds this, so that a large platform doesn't get its own account throttled.
const PER_CALL: Duration = Duration::from_millis(500);
const IDLE_FACTOR: u32 = 4;
/// After a question the next minute's is not asked sooner than this: AWS charges for each.
const BETWEEN_METRICS: u64 = 30;

/// How a source is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pace {
    /// Rounds that failed since the last one that did not.
    pub(super) failures: u32,
    /// What the last round failed of.
    pub(super) trouble: Option<TroubleKind>,
    /// A deployment rolls, or tasks stop: things change fast.
    pub(super) unsettled: bool,
    /// Calls in one round.
    pub(super) calls: u32,
}

impl Pace {
    /// Takes the outcome of a round: `None` if it brought something.
    pub(super) fn outcome(&mut self, trouble: Option<TroubleKind>) {
        self.trouble = trouble;
        self.failures = if trouble.is_some() { self.failures.saturating_add(1) } else { 0 };
    }
}

/// The delay before the next question, without jitter; `None` while paused.
///
/// For [`Source::Metrics`] this is the delay after failures only; else [`after_the_minute`] says.
pub(super) fn delay(source: Source, pace: Pace, attention: Attention) -> Option<Duration> {
    let slower = match attention {
        Attention::Active => 1,
        Attention::Idle => IDLE_FACTOR,
        Attention::Paused => return None,
    };
    let base = base(source, pace);
    let delay = match pace.trouble {
        None => base,
        Some(TroubleKind::ExpiredCredentials | TroubleKind::NoCredentials) => CREDENTIALS,
        Some(TroubleKind::Throttled) => doubled(base, pace.failures).max(base),
        Some(_) => doubled(base.min(FIRST_BACK_OFF), pace.failures),
    };
    Some(delay * slower)
}

fn base(source: Source, pace: Pace) -> Duration {
    let seconds = match source {
        Source::Services if pace.unsettled => 2,
        Source::Services => 5,
        Source::Tasks if pace.unsettled => 10,
        Source::Tasks | Source::Alarms => 15,
        Source::Scaling | Source::Databases | Source::Metrics => 60,
        Source::Identity => 600,
    };
    Duration::from_secs(seconds).max(PER_CALL * pace.calls)
}

fn doubled(base: Duration, failures: u32) -> Duration {
    base.saturating_mul(1 << failures.min(10)).min(LONGEST)
}

/// The delay to a few seconds (`offset`) into the next minute, when CloudWatch has the last one.
pub(super) fn after_the_minute(now: Timestamp, offset: Duration, attention: Attention) -> Option<Duration> {
    let minutes = match attention {
        Attention::Active => 1,
        Attention::Idle => u64::from(IDLE_FACTOR),
        Attention::Paused => return None,
    };
    let into = now.as_second().rem_euclid(60).unsigned_abs();
    let target = 60 * minutes + offset.as_secs().min(20);
    let wait = target - into;
    Some(Duration::from_secs(if wait < BETWEEN_METRICS { wait + 60 } else { wait }))
}

/// Up to a tenth sooner or later, so that many watches don't ask in step; `random` is 0 to 1.
pub(super) fn jittered(delay: Duration, random: f64) -> Duration {
    delay.mul_f64(0.9 + 0.2 * random.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(source: Source, pace: Pace) -> u64 {
        delay(source, pace, Attention::Active).unwrap().as_secs()
    }

    fn failing(kind: TroubleKind, times: u32) -> Pace {
        let mut pace = Pace::default();
        (0..times).for_each(|_| pace.outcome(Some(kind)));
        pace
    }

    #[test]
    fn services_are_asked_faster_while_a_deployment_rolls_and_slower_when_there_are_many() {
        assert_eq!(seconds(Source::Services, Pace::default()), 5);
        assert_eq!(seconds(Source::Services, Pace { unsettled: true, ..Pace::default() }), 2);
        assert_eq!(seconds(Source::Services, Pace { calls: 100, unsettled: true, ..Pace::default() }), 50);
    }

    #[test]
    fn back_off_doubles_to_two_minutes_and_ends_with_the_first_answer() {
        let waits: Vec<_> = (1..7).map(|n| seconds(Source::Services, failing(TroubleKind::Unreachable, n))).collect();
        assert_eq!(waits, [10, 20, 40, 80, 120, 120]);
        let mut pace = failing(TroubleKind::Throttled, 40);
        assert_eq!(seconds(Source::Services, pace), 120);
        pace.outcome(None);
        assert_eq!(seconds(Source::Services, pace), 5);
    }

    #[test]
    fn a_slow_source_is_tried_again_before_its_turn_but_not_when_throttled() {
        assert_eq!(seconds(Source::Databases, failing(TroubleKind::TimedOut, 1)), 20);
        assert_eq!(seconds(Source::Databases, failing(TroubleKind::Throttled, 1)), 120);
        assert_eq!(seconds(Source::Identity, failing(TroubleKind::Throttled, 1)), 600);
    }

    #[test]
    fn new_credentials_are_noticed_within_seconds_however_long_it_lasted() {
        assert_eq!(seconds(Source::Databases, failing(TroubleKind::ExpiredCredentials, 50)), 5);
        assert_eq!(seconds(Source::Identity, failing(TroubleKind::NoCredentials, 1)), 5);
    }

    #[test]
    fn nobody_looking_makes_it_four_times_slower_and_paused_asks_nothing() {
        let idle = delay(Source::Alarms, Pace::default(), Attention::Idle);
        assert_eq!(idle, Some(Duration::from_mins(1)));
        assert_eq!(delay(Source::Alarms, Pace::default(), Attention::Paused), None);
        assert_eq!(after_the_minute(Timestamp::UNIX_EPOCH, Duration::from_secs(5), Attention::Paused), None);
    }

    #[test]
    fn metrics_are_asked_some_seconds_into_the_minute_and_never_twice_in_one() {
        let wait = |second: i64, attention| {
            let now = Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_secs(second);
            after_the_minute(now, Duration::from_secs(5), attention).unwrap().as_secs()
        };
        assert_eq!(wait(5, Attention::Active), 60);
        assert_eq!(wait(30, Attention::Active), 35);
        assert_eq!(wait(50, Attention::Active), 75);
        assert_eq!(wait(5, Attention::Idle), 240);
        assert_eq!(wait(-10, Attention::Active), 75);
    }

    #[test]
    fn jitter_stays_within_a_tenth() {
        let delay = Duration::from_secs(100);
        assert_eq!((jittered(delay, 0.0).as_secs(), jittered(delay, 1.0).as_secs()), (90, 110));
    }
}
