//! A question that a runbook asks before it is planned.

use std::ops::Range;

use serde::Serialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::kind::{Kind, Literal};
use super::known::{KNOWN, Known, known};
use super::template::holes;
use super::value::{Limits, in_order, integer, literal};
use super::when::{self, When};
use crate::platform::file::Report;

/// A parameter.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Param {
    /// `desired`: `--desired` on the command line, `{{ desired }}` in a step.
    pub name: String,
    /// The question.
    pub ask: String,
    /// Its type.
    pub kind: Kind,
    /// Smallest and greatest integer, where the file says so.
    pub range: (Option<i64>, Option<i64>),
    /// The words that it may be, for a choice.
    pub choices: Vec<String>,
    /// What holds where nobody answers.
    pub default: Option<Default>,
    /// It may stay without a value.
    pub optional: bool,
    /// It is asked only then.
    pub when: Option<When>,
    /// Where its name stands in the file.
    #[serde(skip)]
    pub span: Range<usize>,
    /// Its type could not be read: it was said once, and nothing that follows from it is said again.
    #[serde(skip)]
    pub(super) doubtful: bool,
}

impl Param {
    /// One of which no more than its name is known.
    pub(super) fn doubtful(name: String) -> Param {
        Param {
            name,
            ask: String::new(),
            kind: Kind::Text,
            range: (None, None),
            choices: Vec::new(),
            default: None,
            optional: false,
            when: None,
            span: 0..0,
            doubtful: true,
        }
    }
}

/// The default of a parameter.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Default {
    /// Always the same.
    Literal(Literal),
    /// What the picture says at the time.
    Known(&'static Known),
}

impl Param {
    /// The environment variable in which `sh` blocks find it: `PLANTAO_DESIRED`.
    pub fn variable(&self) -> String {
        format!("PLANTAO_{}", self.name.to_ascii_uppercase().replace('-', "_"))
    }
}

/// Flags of `plantao plan` and `plantao run` themselves; the command line's own test keeps the list true.
pub const TAKEN: [&str; 16] = [
    "ascii",
    "config",
    "database",
    "detach",
    "endpoint-url",
    "help",
    "json",
    "no-mouse",
    "platform",
    "profile",
    "read-only",
    "reason",
    "region",
    "service",
    "version",
    "yes",
];
/// What a `[param.NAME]` may hold.
const KEYS: [&str; 8] = ["ask", "type", "min", "max", "choices", "default", "optional", "when"];

/// Reads the table `[param]`: every parameter, in the order of the file.
pub(super) fn read(report: &Report, value: &Spanned<DeValue>) -> Vec<Param> {
    let Some(table) = value.get_ref().as_table() else {
        report.error(value.span(), "param is no table").expected("tables that each begin with [param.NAME]");
        return Vec::new();
    };
    let mut params = Vec::new();
    let mut conditions = Vec::new();
    for (name, span, value) in in_order(table) {
        let Some(fields) = value.get_ref().as_table() else {
            report
                .error(value.span(), &format!("the parameter {name} is no table"))
                .expected(&format!("a table that begins with [param.{name}]"));
            continue;
        };
        check_name(report, name, span.clone());
        conditions.extend(fields.get("when").map(|when| (params.len(), when)));
        params.push(one(report, name, span, fields));
    }
    for (index, condition) in conditions {
        // A question can only depend on one that was asked before it.
        let when = when::read(report, &params[..index], condition);
        params[index].when = when;
    }
    params
}

fn check_name(report: &Report, name: &str, span: Range<usize>) {
    let plain = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.len() <= 32
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !plain {
        report
            .error(span, "a parameter can't be called that")
            .expected("small letters, digits and hyphens, a letter first, at most 32");
    } else if TAKEN.contains(&name) {
        report.error(span, &format!("--{name} is a flag of plantao itself")).expected("another name for the parameter");
    }
}

fn one(report: &Report, name: &str, span: Range<usize>, fields: &DeTable) -> Param {
    for (key, span, _) in in_order(fields) {
        if !KEYS.contains(&key) {
            report.error(span, &format!("a parameter has no key \"{key}\"")).one_of(key, KEYS.into_iter());
        }
    }
    let text = |key: &str| {
        let limits = Limits { kind: Kind::Text, range: None, choices: &[] };
        match fields.get(key).map(|value| literal(report, key, value, &limits)) {
            Some(Some(Literal::Text(text))) => Some(text),
            _ => None,
        }
    };
    let missing = |key: &str, expected: &str| {
        if !fields.contains_key(key) {
            report.error(span.clone(), &format!("the parameter {name} has no {key}")).expected(expected);
        }
    };
    missing("ask", "a line ask = \"How many tasks?\"");
    missing("type", "a line type = \"integer\", or another type");
    let kind = kind(report, fields);
    let choices = choices(report, fields, kind, &span);
    let range = (bound(report, fields, "min", kind), bound(report, fields, "max", kind));
    if let (Some(min), Some(max), Some(value)) = (range.0, range.1, fields.get("max"))
        && min > max
    {
        report.error(value.span(), "max is less than min").expected(&format!("at least {min}"));
    }
    let kind_or_text = kind.unwrap_or(Kind::Text);
    let default = fields.get("default").filter(|_| kind.is_some()).and_then(|value| {
        let words: Vec<&str> = choices.iter().map(String::as_str).collect();
        let range = (range != (None, None)).then(|| (range.0.unwrap_or(i64::MIN), range.1.unwrap_or(i64::MAX)));
        default(report, value, &Limits { kind: kind_or_text, range, choices: &words })
    });
    let optional = fields.get("optional").is_some_and(|value| {
        let limits = Limits { kind: Kind::Boolean, range: None, choices: &[] };
        literal(report, "optional", value, &limits) == Some(Literal::Boolean(true))
    });
    Param {
        name: name.to_owned(),
        ask: text("ask").unwrap_or_default(),
        kind: kind_or_text,
        range,
        choices,
        default,
        optional,
        when: None,
        span,
        doubtful: kind.is_none(),
    }
}

fn kind(report: &Report, fields: &DeTable) -> Option<Kind> {
    let value = fields.get("type")?;
    let word = value.get_ref().as_str();
    let kind = word.and_then(|word| Kind::OF_PARAMS.into_iter().find(|k| k.word() == word));
    if kind.is_none() {
        report
            .error(value.span(), "there is no such type")
            .one_of(word.unwrap_or_default(), Kind::OF_PARAMS.iter().map(|k| k.word()));
    }
    kind
}

fn choices(report: &Report, fields: &DeTable, kind: Option<Kind>, span: &Range<usize>) -> Vec<String> {
    let example = "several words: choices = [\"existing\", \"build\"]";
    let Some(value) = fields.get("choices") else {
        if kind == Some(Kind::Choice) {
            report.error(span.clone(), "a choice needs choices").expected(example);
        }
        return Vec::new();
    };
    if kind.is_some_and(|k| k != Kind::Choice) {
        report.error(value.span(), "only a choice has choices").expected("type = \"choice\"");
        return Vec::new();
    }
    let words: Option<Vec<String>> = value.get_ref().as_array().and_then(|array| {
        array
            .iter()
            .map(|v| v.get_ref().as_str().filter(|w| !w.trim().is_empty() && !w.contains(char::is_control)))
            .map(|word| word.map(str::to_owned))
            .collect()
    });
    match words {
        Some(words) if !words.is_empty() => words,
        _ => {
            report.error(value.span(), "these are no choices").expected(example);
            Vec::new()
        }
    }
}

fn bound(report: &Report, fields: &DeTable, key: &str, kind: Option<Kind>) -> Option<i64> {
    let value = fields.get(key)?;
    if kind.is_some_and(|k| k != Kind::Integer) {
        report.error(value.span(), &format!("only an integer has {key}")).expected("no such line");
        return None;
    }
    let read = integer(value.get_ref());
    if read.is_none() {
        report.error(value.span(), &format!("{key} is no whole number")).expected(Kind::Integer.example());
    }
    read
}

fn default(report: &Report, value: &Spanned<DeValue>, limits: &Limits) -> Option<Default> {
    let text = value.get_ref().as_str().unwrap_or_default();
    if !text.contains("{{") {
        return literal(report, "default", value, limits).map(Default::Literal);
    }
    let facts = || KNOWN.iter().filter(|k| !k.made && k.kind.fits(limits.kind)).map(|k| k.name);
    let holes = holes(text).unwrap_or_default();
    let [hole] = holes.as_slice() else {
        report.error(value.span(), "a default is one value").one_of("", facts().collect::<Vec<_>>().into_iter());
        return None;
    };
    match known(hole.word).filter(|k| !k.made && k.kind.fits(limits.kind)) {
        Some(known) if hole.range == (0..text.len()) => Some(Default::Known(known)),
        _ => {
            report
                .error(value.span(), &format!("a default can't be \"{text}\""))
                .one_of(hole.word, facts().collect::<Vec<_>>().into_iter());
            None
        }
    }
}
