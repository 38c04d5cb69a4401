//! What is wrong with a file, where, and what was expected instead.

use std::cell::{RefCell, RefMut};
use std::fmt;
use std::ops::Range;

use unicode_width::UnicodeWidthStr;

use crate::platform::text::{nearest, printable};
use crate::platform::without_passwords;

/// Columns of the offending line that are shown; a longer one is cut around the fault.
const SHOWN: usize = 100;
/// Errors that are printed in full; a file that is broken throughout need not fill the screen.
const PRINTED: usize = 20;

/// One thing that is wrong with a file.
///
/// `Display` prints it over several lines: what is wrong, `file:line:column`, the offending line
/// with a caret, what was expected, and the nearest valid name. It holds no control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileError {
    file: String,
    line: usize,
    column: usize,
    /// Byte offset, for the order.
    at: usize,
    message: String,
    expected: Option<String>,
    help: Option<String>,
    excerpt: String,
    /// Columns before the caret, and under it.
    caret: (usize, usize),
}

impl FileError {
    /// Counted from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// Counted from 1, in characters; one past the line's last character when something is missing there.
    pub fn column(&self) -> usize {
        self.column
    }

    /// What is wrong, one line.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to write instead, if it can be told: `did you mean "cluster"?`
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// Adds what was expected.
    pub(crate) fn expected(&mut self, what: &str) -> &mut FileError {
        self.expected = Some(printable(what).into_owned());
        self
    }

    /// Adds the valid names as what was expected, and the nearest one as help.
    pub(crate) fn one_of<'n>(&mut self, word: &str, names: impl Iterator<Item = &'n str> + Clone) -> &mut FileError {
        if let Some(near) = nearest(word, names.clone()) {
            self.help = Some(format!("did you mean \"{}\"?", printable(near)));
        }
        let names: Vec<&str> = names.collect();
        match names.as_slice() {
            [] => self,
            [name] => self.expected(name),
            names => self.expected(&format!("one of {}", names.join(", "))),
        }
    }

    fn new(file: &str, text: &str, span: Range<usize>, message: &str) -> FileError {
        let at = floor(text, span.start);
        let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let line = text[start..].split('\n').next().unwrap_or_default();
        let line = without_passwords(line.strip_suffix('\r').unwrap_or(line));
        let at = at.min(start + line.len());
        let (before, rest) = line.split_at(at - start);
        let under = &rest[..floor(rest, span.end.saturating_sub(at))];

        // The window: enough before the fault to see the key, the fault, and what follows.
        let skipped = before.chars().count().saturating_sub(SHOWN / 2);
        let mut shown: String = if skipped == 0 { String::new() } else { "…".to_owned() };
        shown.extend(before.chars().skip(skipped));
        let before_width = printable(&shown).width();
        let room = SHOWN.saturating_sub(before_width);
        shown.extend(rest.chars().take(room));
        if rest.chars().nth(room).is_some() {
            shown.push('…');
        }
        FileError {
            file: printable(file).into_owned(),
            line: text[..start].matches('\n').count() + 1,
            column: before.chars().count() + 1,
            at,
            message: printable(message).into_owned(),
            expected: None,
            help: None,
            excerpt: printable(&shown).into_owned(),
            caret: (before_width, printable(under).width().clamp(1, room.max(1))),
        }
    }
}

/// The nearest character boundary at or before an offset, within the text.
fn floor(text: &str, offset: usize) -> usize {
    let mut at = offset.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        writeln!(f, "error: {}", self.message)?;
        writeln!(f, "{margin}--> {}:{}:{}", self.file, self.line, self.column)?;
        writeln!(f, "{margin} |")?;
        writeln!(f, "{number} | {}", self.excerpt)?;
        write!(f, "{margin} | {}{}", " ".repeat(self.caret.0), "^".repeat(self.caret.1))?;
        if let Some(expected) = &self.expected {
            write!(f, "\n{margin} = expected {expected}")?;
        }
        if let Some(help) = &self.help {
            write!(f, "\n{margin} = help: {help}")?;
        }
        Ok(())
    }
}

impl std::error::Error for FileError {}

/// All that is wrong with a file: at least one error, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileErrors(Vec<FileError>);

impl FileErrors {
    /// Each error.
    pub fn iter(&self) -> std::slice::Iter<'_, FileError> {
        self.0.iter()
    }

    /// These and others of the same file.
    pub(super) fn and(mut self, more: FileErrors) -> FileErrors {
        self.0.extend(more.0);
        self.0.sort_by_key(|error| error.at);
        self
    }
}

impl<'a> IntoIterator for &'a FileErrors {
    type Item = &'a FileError;
    type IntoIter = std::slice::Iter<'a, FileError>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for FileErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, error) in self.0.iter().take(PRINTED).enumerate() {
            if i > 0 {
                f.write_str("\n\n")?;
            }
            write!(f, "{error}")?;
        }
        match self.0.len().checked_sub(PRINTED) {
            None | Some(0) => Ok(()),
            Some(more) => write!(f, "\n\nand {more} more"),
        }
    }
}

impl std::error::Error for FileErrors {}

/// Gathers what is wrong while a file is read.
pub(crate) struct Report<'a> {
    text: &'a str,
    file: &'a str,
    errors: RefCell<Vec<FileError>>,
}

impl<'a> Report<'a> {
    pub(crate) fn new(text: &'a str, file: &'a str) -> Report<'a> {
        Report { text, file, errors: RefCell::default() }
    }

    /// Adds an error; the answer takes what was expected. It must be let go before the next error.
    pub(crate) fn error(&self, span: Range<usize>, message: &str) -> RefMut<'_, FileError> {
        let mut errors = self.errors.borrow_mut();
        errors.push(FileError::new(self.file, self.text, span, message));
        RefMut::map(errors, |errors| {
            let last = errors.len() - 1;
            &mut errors[last]
        })
    }

    /// What was read, if nothing was wrong.
    pub(crate) fn finish<T>(self, read: T) -> Result<T, FileErrors> {
        let mut errors = self.errors.into_inner();
        errors.sort_by_key(|error| error.at);
        if errors.is_empty() { Ok(read) } else { Err(FileErrors(errors)) }
    }
}
