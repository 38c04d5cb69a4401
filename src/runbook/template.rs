//! `{{ name }}` in a text.

use std::ops::Range;

use serde::Serialize;

use super::kind::Kind;
use super::known::{KNOWN, Known, known};
use super::param::Param;
use crate::platform::file::Report;

/// What a template names.
#[derive(Clone, Debug, PartialEq)]
pub enum Name {
    /// A parameter of the runbook, by its index in [`super::Runbook::params`].
    Param(usize),
    /// What is known without asking.
    Known(&'static Known),
}

impl Serialize for Name {
    /// A parameter is its index, anything else its name.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Name::Param(index) => serializer.serialize_u64(*index as u64),
            Name::Known(known) => serializer.serialize_str(known.name),
        }
    }
}

/// A part of a text with templates in it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Piece {
    /// As it stands.
    Text(String),
    /// The value of this name.
    Value(Name),
}

/// A raw piece: where a template stands in the text, and the word between its braces.
pub(super) struct Hole<'t> {
    pub(super) range: Range<usize>,
    pub(super) word: &'t str,
}

/// Templates of a text, in order; the error is where one begins that never ends.
pub(super) fn holes(text: &str) -> Result<Vec<Hole<'_>>, usize> {
    let mut holes = Vec::new();
    let mut from = 0;
    while let Some(open) = text[from..].find("{{") {
        let open = from + open;
        let Some(close) = text[open + 2..].find("}}") else { return Err(open) };
        let close = open + 2 + close;
        holes.push(Hole { range: open..close + 2, word: text[open + 2..close].trim() });
        from = close + 2;
    }
    Ok(holes)
}

/// What names may be used at one place of a runbook.
pub(super) struct Scope<'a> {
    pub(super) report: &'a Report<'a>,
    pub(super) params: &'a [Param],
    /// They could be read: without a head every name would be a mistake.
    pub(super) params_known: bool,
    /// What earlier steps gave.
    pub(super) made: Vec<&'static str>,
}

impl Scope<'_> {
    /// What a word names; says what is wrong if it names nothing.
    pub(super) fn name(&self, word: &str, span: Range<usize>) -> Option<Name> {
        if let Some(index) = self.params.iter().position(|p| p.name == word) {
            return Some(Name::Param(index));
        }
        if let Some(known) = known(word) {
            if known.made && !self.made.contains(&known.name) {
                let by: Vec<&str> =
                    super::ACTIONS.iter().filter(|a| a.gives == Some(known.name)).map(|a| a.name).collect();
                self.report
                    .error(span, &format!("no earlier step gives {word}"))
                    .expected(&format!("a step with {} before this one", by.join(" or ")));
                return None;
            }
            return Some(Name::Known(known));
        }
        if !self.params_known {
            return None;
        }
        let facts = KNOWN.iter().filter(|k| !k.made || self.made.contains(&k.name)).map(|k| k.name);
        let names: Vec<&str> = self.params.iter().map(|p| p.name.as_str()).chain(facts).collect();
        self.report.error(span, &format!("there is no parameter \"{word}\"")).one_of(word, names.iter().copied());
        None
    }

    /// A parameter whose type is not known: what is wrong with it has been said.
    pub(super) fn is_doubtful(&self, name: &Name) -> bool {
        matches!(name, Name::Param(index) if self.params.get(*index).is_some_and(|p| p.doubtful))
    }

    /// The type of what a name stands for.
    pub(super) fn kind(&self, name: &Name) -> Kind {
        match name {
            Name::Param(index) => self.params.get(*index).map_or(Kind::Text, |p| p.kind),
            Name::Known(known) => known.kind,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_found_with_or_without_spaces_and_one_without_end_is_told() {
        let words = |text| holes(text).map(|h| h.iter().map(|h| h.word.to_owned()).collect::<Vec<_>>());
        assert_eq!(words("a {{ b }}{{c}} {d}"), Ok(vec!["b".to_owned(), "c".to_owned()]));
        assert_eq!(words("a {{ b }"), Err(2));
        assert_eq!(words(""), Ok(vec![]));
    }
}
