//! Values as they are written in a runbook's TOML.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::kind::{Kind, Literal, duration, is_moment, is_table};
use crate::platform::file::Report;

/// A table in the order of the file: TOML itself knows no order, but people who are asked questions do.
pub(super) fn in_order<'t>(table: &'t DeTable<'t>) -> Vec<(&'t str, Range<usize>, &'t Spanned<DeValue<'t>>)> {
    let mut entries: Vec<_> = table.iter().map(|(k, v)| (k.get_ref().as_ref(), k.span(), v)).collect();
    entries.sort_by_key(|(_, span, _)| span.start);
    entries
}

/// What a literal has to keep to.
pub(super) struct Limits<'l> {
    pub(super) kind: Kind,
    pub(super) range: Option<(i64, i64)>,
    pub(super) choices: &'l [&'l str],
}

/// A whole number, as TOML writes it.
pub(super) fn integer(value: &DeValue) -> Option<i64> {
    value.as_integer().and_then(|i| i64::from_str_radix(i.as_str(), i.radix()).ok())
}

/// Reads a value; says what is wrong with it.
pub(super) fn literal(report: &Report, label: &str, value: &Spanned<DeValue>, limits: &Limits) -> Option<Literal> {
    let mistyped = || {
        let is = value.get_ref().type_str();
        let article = if matches!(is, "integer" | "array") { "an" } else { "a" };
        report.error(value.span(), &format!("{label} is {article} {is}")).expected(limits.kind.example());
    };
    match (limits.kind, value.get_ref()) {
        (Kind::Integer, DeValue::Integer(_)) => {
            let (min, max) = limits.range.unwrap_or((i64::MIN, i64::MAX));
            let number = integer(value.get_ref()).filter(|n| (min..=max).contains(n));
            if number.is_none() {
                let expected = match limits.range {
                    Some((min, i64::MAX)) => format!("a whole number from {min} on"),
                    Some((i64::MIN, max)) => format!("a whole number up to {max}"),
                    Some((min, max)) => format!("a whole number from {min} to {max}"),
                    None => "a whole number of at most 18 digits".to_owned(),
                };
                report.error(value.span(), &format!("{label} is out of range")).expected(&expected);
            }
            number.map(Literal::Integer)
        }
        (Kind::Boolean, DeValue::Boolean(is)) => Some(Literal::Boolean(*is)),
        (Kind::Tables, DeValue::Array(array)) => {
            let mut tables = Vec::with_capacity(array.len());
            for entry in array {
                match entry.get_ref() {
                    DeValue::String(name) if is_table(name) => tables.push(name.clone().into_owned()),
                    _ => {
                        report.error(entry.span(), "this is no table's name").expected(Kind::Tables.example());
                        return None;
                    }
                }
            }
            Some(Literal::List(tables))
        }
        (Kind::Integer | Kind::Boolean | Kind::Tables, _) => {
            mistyped();
            None
        }
        (_, DeValue::String(text)) => single(report, label, text, value.span(), limits),
        _ => {
            mistyped();
            None
        }
    }
}

fn single(report: &Report, label: &str, text: &str, span: Range<usize>, limits: &Limits) -> Option<Literal> {
    let wrong = |message: &str| {
        report.error(span.clone(), message).expected(limits.kind.example());
    };
    if text.trim().is_empty() {
        wrong(&format!("{label} is empty"));
        return None;
    }
    let well = match limits.kind {
        Kind::Choice => {
            if !limits.choices.contains(&text) {
                report
                    .error(span, &format!("{label} can't be \"{text}\""))
                    .one_of(text, limits.choices.iter().copied());
                return None;
            }
            true
        }
        Kind::Duration => match duration(text) {
            Some(duration) => return Some(Literal::Duration(duration)),
            None => false,
        },
        Kind::Moment => is_moment(text),
        Kind::Revision => text.parse::<u32>().is_ok_and(|n| n > 0),
        Kind::Url => ["https://", "http://"].iter().any(|s| text.len() > s.len() && text.starts_with(s)),
        _ => true,
    };
    if !well {
        wrong(&format!("{label} is no {}", limits.kind.word()));
        return None;
    }
    if text.chars().any(char::is_control) {
        wrong(&format!("{label} has a control character in it"));
        return None;
    }
    Some(Literal::Text(text.to_owned()))
}
