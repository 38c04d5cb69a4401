//! An answer to a runbook's question, as it was typed, made into a value.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::platform::Revision;
use crate::platform::text::{nearest, printable};
use crate::runbook::{Kind, LONGEST_HOLD, Literal, Param, duration};

const DAY: i64 = 86_400;
/// How an instant to come is written.
const MOMENT: &str = "a time of day in UTC or a span of at most 7 days from now: 14:30, 2h";
/// Longest answer that is read.
const LONGEST: usize = 1_000;

/// Reads an answer; the error names the parameter and says what was expected.
pub(super) fn read(param: &Param, text: &str) -> Result<Value, String> {
    let name = &param.name;
    let text = text.trim();
    let wrong = |expected: &str| Err(format!("--{name} {}: expected {expected}", printable(text)));
    if text.is_empty() {
        return Err(format!("--{name} has an empty answer: {}", param.ask));
    }
    if text.len() > LONGEST || text.chars().any(char::is_control) {
        return wrong("one short line");
    }
    match param.kind {
        Kind::Integer => {
            let (min, max) = (param.range.0.unwrap_or(i64::MIN), param.range.1.unwrap_or(i64::MAX));
            match text.parse::<i64>() {
                Ok(number) if (min..=max).contains(&number) => Ok(json!(number)),
                _ => wrong(&bounds(param.range)),
            }
        }
        Kind::Boolean => match text {
            "true" | "yes" => Ok(json!(true)),
            "false" | "no" => Ok(json!(false)),
            _ => wrong("true or false"),
        },
        Kind::Choice => {
            if param.choices.iter().any(|choice| choice == text) {
                return Ok(json!(text));
            }
            let near = nearest(text, param.choices.iter().map(String::as_str));
            let near = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
            wrong(&format!("one of {}{near}", param.choices.join(", ")))
        }
        Kind::Duration => match duration(text) {
            Some(span) => Ok(seconds(span)),
            None => wrong("a time span: 90s, 10m, 1h30m"),
        },
        Kind::Revision => {
            let number = text.parse::<u32>().ok().or_else(|| Revision::parse(text).number).filter(|number| *number > 0);
            match number {
                Some(number) => Ok(json!(number)),
                None => wrong("a revision's number: 42"),
            }
        }
        Kind::Tables => Ok(json!(text.split(',').map(str::trim).collect::<Vec<_>>())),
        Kind::Moment => moment(text, Timestamp::UNIX_EPOCH).map(|_| json!(text)).or_else(|_| wrong(MOMENT)),
        Kind::Text | Kind::Image | Kind::Path | Kind::Url => Ok(json!(text)),
    }
}

/// The next instant that `14:30` (UTC) or `2h` means.
pub(super) fn moment(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    let wrong = || format!("{}: expected {MOMENT}", printable(text));
    if let Some(span) = duration(text) {
        if span > LONGEST_HOLD {
            return Err(wrong());
        }
        return now.checked_add(span).map_err(|_| wrong());
    }
    let (hours, minutes) = text.split_once(':').ok_or_else(wrong)?;
    let number = |digits: &str, most: i64| {
        let plain = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit());
        digits.parse::<i64>().ok().filter(|number| plain && *number <= most).ok_or_else(wrong)
    };
    let seconds = number(hours, 23)? * 3_600 + number(minutes, 59)? * 60;
    let midnight = now.as_second() - now.as_second().rem_euclid(DAY);
    let today = midnight + seconds;
    Timestamp::from_second(if today > now.as_second() { today } else { today + DAY }).map_err(|_| wrong())
}

/// The value of a literal in a runbook; a span of time is its seconds.
pub(super) fn literal(value: &Literal) -> Value {
    match value {
        Literal::Integer(number) => json!(number),
        Literal::Text(text) => json!(text),
        Literal::Boolean(is) => json!(is),
        Literal::Duration(span) => seconds(*span),
        Literal::List(list) => json!(list),
    }
}

fn seconds(span: SignedDuration) -> Value {
    json!(span.as_secs())
}

fn bounds(range: (Option<i64>, Option<i64>)) -> String {
    match range {
        (Some(min), Some(max)) => format!("a whole number from {min} to {max}"),
        (Some(min), None) => format!("a whole number of at least {min}"),
        (None, Some(max)) => format!("a whole number of at most {max}"),
        (None, None) => "a whole number".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runbook::shipped;

    #[test]
    fn a_number_out_of_range_says_the_range_and_an_escape_does_not_reach_the_terminal() {
        let runbooks = shipped();
        let desired = runbooks.iter().find(|r| r.name == "scale").unwrap().param("desired").unwrap();
        assert_eq!(read(desired, " 3 "), Ok(json!(3)));
        assert_eq!(read(desired, "101").unwrap_err(), "--desired 101: expected a whole number from 0 to 100");
        assert!(!read(desired, "3\u{1b}[2J").unwrap_err().contains('\u{1b}'));
        assert!(read(desired, "").is_err() && read(desired, "-1").is_err() && read(desired, "3.5").is_err());
    }

    #[test]
    fn a_time_of_day_is_the_next_one_and_never_one_that_is_over_or_weeks_away() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let now = at("2026-11-24T14:30:00Z");
        assert_eq!(moment("14:31", now), Ok(at("2026-11-24T14:31:00Z")));
        assert_eq!(moment("14:30", now), Ok(at("2026-11-25T14:30:00Z")));
        assert_eq!(moment("2h", now), Ok(at("2026-11-24T16:30:00Z")));
        assert_eq!(moment("168h", now), Ok(at("2026-12-01T14:30:00Z")));
        assert!(moment("500h", now).unwrap_err().starts_with("500h: expected ") && moment("168h1s", now).is_err());
        assert!(["24:00", "1:30", "+1:30", "noon", ""].iter().all(|text| moment(text, now).is_err()));
    }

    #[test]
    fn a_revision_is_a_number_and_never_latest() {
        let runbooks = shipped();
        let to = runbooks.iter().find(|r| r.name == "rollback").unwrap().param("to").unwrap();
        assert_eq!((read(to, "41"), read(to, "analytics-api:41")), (Ok(json!(41)), Ok(json!(41))));
        assert!(read(to, "analytics-api:latest").is_err() && read(to, "0").is_err());
    }
}
