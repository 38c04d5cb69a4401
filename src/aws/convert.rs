//! The SDK's types to the domain's.

use aws_smithy_types::DateTime;
use jiff::Timestamp;

/// An instant; `None` if it is outside of what jiff can tell (years −9999 to 9999).
pub(super) fn instant(at: &DateTime) -> Option<Timestamp> {
    Timestamp::new(at.secs(), i32::try_from(at.subsec_nanos()).ok()?).ok()
}

/// An optional instant.
pub(super) fn instant_of(at: Option<&DateTime>) -> Option<Timestamp> {
    at.and_then(instant)
}

/// For the SDK; sub-second parts are kept.
pub(super) fn date_time(at: Timestamp) -> DateTime {
    DateTime::from_nanos(at.as_nanosecond()).unwrap_or(DateTime::from_secs(at.as_second()))
}

/// A count that AWS sends as a signed number.
pub(super) fn count(number: i32) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_survives_the_way_to_the_sdk_and_back() {
        for text in ["2026-11-24T03:12:45.123456789Z", "1969-12-31T23:59:59.5Z"] {
            let at: Timestamp = text.parse().unwrap();
            assert_eq!(instant(&date_time(at)), Some(at));
        }
        assert_eq!(instant(&DateTime::from_secs(i64::MAX)), None);
    }
}
