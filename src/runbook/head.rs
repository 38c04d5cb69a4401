//! A runbook's head: its key, its danger, what it treats, what it asks.

use serde::Serialize;
use toml::de::{DeTable, DeValue};

use super::kind::{Kind, Literal};
use super::param::{self, Param};
use super::value::{Limits, in_order, literal};
use crate::platform::file::Report;

/// How much a runbook can hurt, and so how it is confirmed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Danger {
    /// It can't hurt: confirmed with `enter`.
    Safe,
    /// It can hurt, and be undone: confirmed with `y`.
    Caution,
    /// It can hurt users at once: confirmed by typing the service's name, with a reason.
    #[default]
    Danger,
}

impl Danger {
    const ALL: [Danger; 3] = [Danger::Safe, Danger::Caution, Danger::Danger];

    pub(super) fn read(report: &Report, value: &toml::Spanned<DeValue>) -> Option<Danger> {
        let words = Danger::ALL.map(Danger::word);
        let limits = Limits { kind: Kind::Choice, range: None, choices: &words };
        match literal(report, "danger", value, &limits)? {
            Literal::Text(word) => Danger::named(&word),
            _ => None,
        }
    }

    /// The one that is written so.
    pub fn named(word: &str) -> Option<Danger> {
        Danger::ALL.into_iter().find(|danger| danger.word() == word)
    }

    /// As it is written in a runbook.
    pub fn word(self) -> &'static str {
        match self {
            Danger::Safe => "safe",
            Danger::Caution => "caution",
            Danger::Danger => "danger",
        }
    }
}

/// What the head says.
#[derive(Default)]
pub(super) struct Head {
    pub(super) key: Option<char>,
    pub(super) danger: Danger,
    pub(super) treats: Vec<String>,
    pub(super) warn: Vec<String>,
    pub(super) params: Vec<Param>,
}

const KEYS: [&str; 5] = ["key", "danger", "treats", "warn", "param"];
/// Keys that the screen itself uses everywhere (issue 2 and DESIGN.md §3).
const TAKEN: &str = "bcghjklnopquxy";

pub(super) fn read(report: &Report, table: &DeTable, info: std::ops::Range<usize>) -> Head {
    let mut head = Head::default();
    for (name, span, value) in in_order(table) {
        match name {
            "key" => head.key = key(report, value),
            "danger" => {
                head.danger = Danger::read(report, value).unwrap_or_default();
            }
            "treats" => head.treats = texts(report, "treats", value, "names of alarms: [\"ECS-HighCPU\"]"),
            "warn" => head.warn = texts(report, "warn", value, "sentences: [\"Migrations are not undone.\"]"),
            "param" => head.params = param::read(report, value),
            _ => {
                report.error(span, &format!("a runbook's head has no key \"{name}\"")).one_of(name, KEYS.into_iter());
            }
        }
    }
    if !table.contains_key("danger") {
        report
            .error(info, "the head does not say how dangerous the runbook is")
            .expected("a line danger = \"safe\", \"caution\" or \"danger\"");
    }
    head
}

fn key(report: &Report, value: &toml::Spanned<DeValue>) -> Option<char> {
    let text = value.get_ref().as_str().unwrap_or_default();
    match text.as_bytes() {
        [letter] if letter.is_ascii_lowercase() && !TAKEN.as_bytes().contains(letter) => Some(char::from(*letter)),
        [letter] if letter.is_ascii_lowercase() => {
            report
                .error(value.span(), &format!("the key {text} has a meaning on every screen"))
                .expected(&format!("a small letter other than {TAKEN}"));
            None
        }
        _ => {
            report.error(value.span(), "this is no key").expected("one small letter, in quotes");
            None
        }
    }
}

fn texts(report: &Report, key: &str, value: &toml::Spanned<DeValue>, example: &str) -> Vec<String> {
    let Some(array) = value.get_ref().as_array() else {
        report.error(value.span(), &format!("{key} is no list")).expected(example);
        return Vec::new();
    };
    let limits = Limits { kind: Kind::Text, range: None, choices: &[] };
    let texts = array.iter().filter_map(|entry| match literal(report, "this", entry, &limits)? {
        Literal::Text(text) => Some(text),
        _ => None,
    });
    texts.collect()
}
