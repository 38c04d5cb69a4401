//! An answer to a runbook's question, as it was typed, made into a value.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::platform::Revision;
use crate::platform::text::{nearest, printable};
use crate::runbook::{Kind, Literal, Param, duration};

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
        Kind::Text | Kind::Moment | Kind::Image | Kind::Path | Kind::Url => Ok(json!(text)),
    }
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
    fn a_revision_is_a_number_and_never_latest() {
        let runbooks = shipped();
        let to = runbooks.iter().find(|r| r.name == "rollback").unwrap().param("to").unwrap();
        assert_eq!((read(to, "41"), read(to, "analytics-api:41")), (Ok(json!(41)), Ok(json!(41))));
        assert!(read(to, "analytics-api:latest").is_err() && read(to, "0").is_err());
    }
}
