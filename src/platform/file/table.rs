//! Reads a TOML table key by key, and knows at the end which keys nobody asked for.

use std::cell::RefCell;
use std::ops::{Range, RangeInclusive};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{FileError, Report};

/// A text and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) span: Range<usize>,
}

impl Word {
    /// Says that the word is wrong.
    pub(super) fn wrong<'r>(&self, report: &'r Report<'_>, message: &str) -> std::cell::RefMut<'r, FileError> {
        report.error(self.span.clone(), message)
    }
}

/// One table of the file.
pub(super) struct Fields<'a> {
    pub(super) report: &'a Report<'a>,
    table: &'a DeTable<'a>,
    /// How the table is called in messages: `[[service]]`.
    name: String,
    /// Where to point when a key is missing.
    pub(super) span: Range<usize>,
    asked: RefCell<Vec<&'static str>>,
}

impl<'a> Fields<'a> {
    pub(super) fn top(report: &'a Report<'a>, table: &'a DeTable<'a>) -> Fields<'a> {
        Fields { report, table, name: "the platform".to_owned(), span: 0..0, asked: RefCell::default() }
    }

    fn get(&self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.asked.borrow_mut().push(key);
        self.table.get(key)
    }

    /// The key is not there, whatever its value.
    pub(super) fn is_absent(&self, key: &str) -> bool {
        !self.table.contains_key(key)
    }

    fn mistyped(&self, key: &str, value: &Spanned<DeValue>, expected: &str) {
        let is = value.get_ref().type_str();
        let article = if matches!(is, "integer" | "array") { "an" } else { "a" };
        self.report.error(value.span(), &format!("{key} is {article} {is}")).expected(expected);
    }

    /// A text that says something.
    pub(super) fn text(&self, key: &'static str) -> Option<Word> {
        let value = self.get(key)?;
        let DeValue::String(text) = value.get_ref() else {
            let hint = if value.get_ref().is_integer() { "text, in quotes" } else { "text" };
            self.mistyped(key, value, hint);
            return None;
        };
        let word = Word { text: text.clone().into_owned(), span: value.span() };
        if text.trim().is_empty() {
            word.wrong(self.report, &format!("{key} is empty")).expected("text, or no such line at all");
            return None;
        }
        Some(word)
    }

    /// A text that must be there.
    pub(super) fn need(&self, key: &'static str) -> Option<Word> {
        if self.is_absent(key) {
            self.asked.borrow_mut().push(key);
            self.report
                .error(self.span.clone(), &format!("{} has no {key}", self.name))
                .expected(&format!("a line {key} = \"…\""));
            return None;
        }
        self.text(key)
    }

    /// An address of a page.
    pub(super) fn url(&self, key: &'static str, schemes: &[&str]) -> Option<Word> {
        let word = if key == "url" && schemes.contains(&"https://") { self.need(key) } else { self.text(key) }?;
        let known = schemes.iter().any(|s| word.text.strip_prefix(s).is_some_and(|rest| !rest.is_empty()));
        if !known || word.text.contains(|c: char| c.is_whitespace() || c.is_control()) {
            word.wrong(self.report, &format!("{key} is no address"))
                .expected(&format!("an address that begins with {}", schemes.join(" or ")));
            return None;
        }
        Some(word)
    }

    pub(super) fn boolean(&self, key: &'static str) -> Option<bool> {
        let value = self.get(key)?;
        let read = value.get_ref().as_bool();
        if read.is_none() {
            self.mistyped(key, value, "true or false, without quotes");
        }
        read
    }

    /// A whole number within a range.
    pub(super) fn whole(&self, key: &'static str, range: RangeInclusive<u32>) -> Option<u32> {
        let value = self.get(key)?;
        let number = value.get_ref().as_integer().and_then(|i| i64::from_str_radix(i.as_str(), i.radix()).ok());
        let read = number.and_then(|n| u32::try_from(n).ok()).filter(|n| range.contains(n));
        if read.is_none() {
            let expected = format!("a whole number from {} to {}", range.start(), range.end());
            if value.get_ref().is_integer() {
                self.report.error(value.span(), &format!("{key} is out of range")).expected(&expected);
            } else {
                self.mistyped(key, value, &expected);
            }
        }
        read
    }

    /// A price: a number that is not negative.
    pub(super) fn price(&self, key: &'static str) -> Option<f64> {
        let value = self.get(key)?;
        let digits = match value.get_ref() {
            DeValue::Float(float) => Some(float.as_str().to_owned()),
            DeValue::Integer(integer) if integer.radix() == 10 => Some(integer.as_str().to_owned()),
            _ => None,
        };
        let read = digits.and_then(|d| d.parse::<f64>().ok()).filter(|n| n.is_finite() && *n >= 0.0);
        if read.is_none() {
            self.report
                .error(value.span(), &format!("{key} is no price"))
                .expected("US dollars as a number, like 7.20, without quotes");
        }
        read
    }

    /// Pairs of text, sorted by name.
    pub(super) fn pairs(&self, key: &'static str) -> Option<Vec<(String, String)>> {
        let value = self.get(key)?;
        let Some(table) = value.get_ref().as_table() else {
            self.mistyped(key, value, "names and values: { Service = \"analytics-api\" }");
            return None;
        };
        let mut pairs = Vec::with_capacity(table.len());
        for (name, value) in table {
            match value.get_ref() {
                DeValue::String(text) => pairs.push((name.get_ref().clone().into_owned(), text.clone().into_owned())),
                _ => self.mistyped(name.get_ref(), value, "text"),
            }
        }
        pairs.sort();
        Some(pairs)
    }

    /// The table `[key]`.
    pub(super) fn table(&self, key: &'static str) -> Option<Fields<'a>> {
        let value = self.get(key)?;
        let Some(table) = value.get_ref().as_table() else {
            self.mistyped(key, value, &format!("a table that begins with [{key}]"));
            return None;
        };
        Some(self.inner(table, value.span(), format!("[{key}]")))
    }

    /// The tables `[[key]]`, in the order of the file.
    pub(super) fn tables(&self, key: &'static str) -> Vec<Fields<'a>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let Some(array) = value.get_ref().as_array() else {
            self.mistyped(key, value, &format!("entries that each begin with [[{key}]], in two brackets"));
            return Vec::new();
        };
        let mut tables = Vec::with_capacity(array.len());
        for entry in array {
            match entry.get_ref().as_table() {
                Some(table) => tables.push(self.inner(table, entry.span(), format!("[[{key}]]"))),
                None => self.mistyped(key, entry, &format!("an entry that begins with [[{key}]]")),
            }
        }
        tables
    }

    fn inner(&self, table: &'a DeTable<'a>, span: Range<usize>, name: String) -> Fields<'a> {
        Fields { report: self.report, table, name, span, asked: RefCell::default() }
    }

    /// Says which keys mean nothing here.
    pub(super) fn finish(self) {
        let asked = self.asked.into_inner();
        for key in self.table.keys() {
            let word = key.get_ref().as_ref();
            if !asked.contains(&word) {
                self.report
                    .error(key.span(), &format!("{} has no key \"{word}\"", self.name))
                    .one_of(word, asked.iter().copied());
            }
        }
    }
}
