//! The local clock held against AWS's.
//!
//! A skew is how far the local clock is ahead. Up to a minute is no trouble; a clock that is further off is not to be
//! trusted with an age: what AWS dates is told by AWS's clock then.

use jiff::{SignedDuration, Timestamp};

use super::text;

const TOLERATED: SignedDuration = SignedDuration::from_secs(60);
/// AWS refuses signatures that are as far off.
const REFUSED: SignedDuration = SignedDuration::from_mins(5);

/// Worth a word.
pub fn is_wrong(skew: SignedDuration) -> bool {
    skew.abs() > TOLERATED
}

/// So wrong that AWS refuses what it signs.
pub fn is_refused(skew: SignedDuration) -> bool {
    skew.abs() >= REFUSED
}

/// `10m ahead of AWS's`.
pub fn words(skew: SignedDuration) -> String {
    let side = if skew.is_negative() { "behind" } else { "ahead of" };
    format!("{} {side} AWS's", text::duration(skew.abs()))
}

/// The present by AWS's clock where the local one is known to be wrong, and by the local one otherwise.
pub fn present(local: Timestamp, skew: Option<SignedDuration>) -> Timestamp {
    correction(skew).and_then(|skew| local.checked_sub(skew).ok()).unwrap_or(local)
}

/// The local clock's time again, which is what a run's journal is dated by.
pub fn local(present: Timestamp, skew: Option<SignedDuration>) -> Timestamp {
    correction(skew).and_then(|skew| present.checked_add(skew).ok()).unwrap_or(present)
}

fn correction(skew: Option<SignedDuration>) -> Option<SignedDuration> {
    skew.filter(|skew| is_wrong(*skew))
}
