//! A `sql` block: statements in which values are bound and names of tables are quoted, never pasted.

use std::ops::Range;

use serde::Serialize;

use super::call::absent;
use super::kind::Kind;
use super::template::{Piece, Scope};

/// Statements, each sent on its own.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sql {
    /// Each statement: its text, and the values that are bound in it. A value of
    /// [`Kind::Tables`] stands for quoted identifiers.
    pub statements: Vec<Vec<Piece>>,
}

/// Reads a block. `range` is where it stands in `source`.
pub(super) fn read(scope: &Scope, source: &str, range: Range<usize>, info: &Range<usize>) -> Sql {
    let mut reader =
        Reader { scope, source, end: range.end, statements: Vec::new(), pieces: Vec::new(), from: range.start };
    reader.run(range.start);
    if reader.statements.is_empty() {
        scope.report.error(info.clone(), "the step has no statement").expected("SQL between the fences");
    }
    Sql { statements: reader.statements }
}

struct Reader<'r, 'a> {
    scope: &'r Scope<'a>,
    source: &'r str,
    end: usize,
    statements: Vec<Vec<Piece>>,
    pieces: Vec<Piece>,
    /// Where the text that is not yet a piece begins.
    from: usize,
}

impl Reader<'_, '_> {
    fn run(&mut self, start: usize) {
        let mut at = start;
        while let Some(rest) = self.source.get(at..self.end).filter(|rest| !rest.is_empty()) {
            let step = if rest.starts_with("{{") {
                self.template(at, rest)
            } else if rest.starts_with(';') {
                self.end_statement(at, at + 1);
                1
            } else if let Some(length) = self.quoted(at, rest) {
                length
            } else {
                rest.chars().next().map_or(1, char::len_utf8)
            };
            at += step;
        }
        self.end_statement(self.end, self.end);
    }

    /// A quoted text, a quoted name or a comment: its length, and a complaint about templates in it.
    fn quoted(&self, at: usize, rest: &str) -> Option<usize> {
        let (length, what) = if rest.starts_with('\'') {
            let before = self.source.get(self.from..at).unwrap_or_default();
            let mut tail = before.chars().rev();
            let escapes = matches!(tail.next(), Some('e' | 'E')) && !tail.next().is_some_and(char::is_alphanumeric);
            (text(rest, '\'', escapes), "quoted text")
        } else if rest.starts_with('"') {
            (text(rest, '"', false), "a quoted name")
        } else if rest.starts_with("--") {
            (Some(rest.find('\n').unwrap_or(rest.len())), "a comment")
        } else if rest.starts_with("/*") {
            (comment(rest), "a comment")
        } else if let Some(name) = rest.strip_prefix('$') {
            let tag_end = name.find(|c: char| !(c.is_alphanumeric() || c == '_')).map(|i| i + 1)?;
            // `$1` is no quote, and neither is a `$` within a name.
            if !rest[tag_end..].starts_with('$') || name.starts_with(|c: char| c.is_ascii_digit()) {
                return None;
            }
            let tag = &rest[..=tag_end];
            let body = &rest[tag.len()..];
            (body.find(tag).map(|i| tag.len() + i + tag.len()), "quoted text")
        } else {
            return None;
        };
        let Some(length) = length else {
            self.scope.report.error(at..at + 1, &format!("{what} without end")).expected("the mark that closes it");
            return Some(rest.len());
        };
        if let Some(open) = rest[..length].find("{{") {
            let span = at + open..at + length;
            let hint = if what == "quoted text" { "the template alone, without quotes" } else { "no template here" };
            self.scope
                .report
                .error(span, &format!("a template in {what} would not be replaced: values are bound, not pasted"))
                .expected(hint);
        }
        Some(length)
    }

    fn template(&mut self, at: usize, rest: &str) -> usize {
        let Some(close) = rest.find("}}") else {
            self.scope.report.error(at..at + 2, "a template without end").expected("{{ name }}");
            return rest.len();
        };
        let span = at..at + close + 2;
        let word = rest[2..close].trim();
        if let Some(name) = self.scope.name(word, span.clone()) {
            let kind = self.scope.kind(&name);
            let bindable = matches!(
                kind,
                Kind::Integer | Kind::Text | Kind::Boolean | Kind::Choice | Kind::Duration | Kind::Tables
            );
            if bindable {
                if let super::template::Name::Param(index) = name {
                    absent(self.scope, index, None, true, span.clone());
                }
                self.text_until(at);
                self.pieces.push(Piece::Value(name));
                self.from = span.end;
            } else {
                self.scope
                    .report
                    .error(span.clone(), &format!("{} can't be bound in SQL", kind.with_article()))
                    .expected("an integer, text, a boolean, a choice, a duration, or tables");
            }
        }
        span.end - at
    }

    /// A first word that only means something together with what is not sent with it.
    fn sent_apart(pieces: &[Piece]) -> Option<&str> {
        const WORDS: [&str; 10] =
            ["begin", "start", "commit", "end", "rollback", "abort", "savepoint", "release", "prepare", "copy"];
        let Some(Piece::Text(text)) = pieces.first() else { return None };
        let word = code(text).split(|c: char| !c.is_ascii_alphabetic()).next()?;
        WORDS.iter().any(|known| word.eq_ignore_ascii_case(known)).then_some(word)
    }

    fn text_until(&mut self, at: usize) {
        if let Some(text) = self.source.get(self.from..at).filter(|t| !t.is_empty()) {
            self.pieces.push(Piece::Text(text.to_owned()));
        }
        self.from = at;
    }

    fn end_statement(&mut self, at: usize, next: usize) {
        self.text_until(at);
        self.from = next;
        let mut pieces = std::mem::take(&mut self.pieces);
        if let Some(Piece::Text(text)) = pieces.first_mut() {
            *text = text.trim_start().to_owned();
        }
        if let Some(Piece::Text(text)) = pieces.last_mut() {
            *text = text.trim_end().to_owned();
        }
        pieces.retain(|p| !matches!(p, Piece::Text(text) if text.is_empty()));
        if let Some(Piece::Text(text)) = pieces.first()
            && text.starts_with('\\')
        {
            let start = self.source[..at].rfind(text.as_str()).unwrap_or(at);
            self.scope
                .report
                .error(start..start + 1, "psql's own commands mean nothing here")
                .expected("SQL that the server understands");
        }
        if let Some(word) = Self::sent_apart(&pieces) {
            let start = self.source[..at].rfind(word).unwrap_or(at);
            let (why, expected) = if word.eq_ignore_ascii_case("copy") {
                ("COPY wants files, which only psql has", "psql in a ```sh block")
            } else {
                ("each statement is sent on its own, so that none is sent twice", "one statement, or a DO block")
            };
            self.scope.report.error(start..start + word.len(), why).expected(expected);
        }
        let only_comment = pieces.iter().all(|p| matches!(p, Piece::Text(text) if is_comment(text)));
        if !only_comment {
            self.statements.push(pieces);
        }
    }
}

/// Nothing but comments and white space.
fn is_comment(text: &str) -> bool {
    code(text).is_empty()
}

/// The text from its first character on that is in no comment.
fn code(text: &str) -> &str {
    let mut rest = text.trim_start();
    loop {
        let length = if rest.starts_with("--") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            comment(rest).unwrap_or(rest.len())
        } else {
            return rest;
        };
        rest = rest[length..].trim_start();
    }
}

/// The length of a text in quotes, in which two quotes stand for one.
fn text(rest: &str, quote: char, escapes: bool) -> Option<usize> {
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((i, c)) = chars.next() {
        if escapes && c == '\\' {
            chars.next();
        } else if c == quote {
            if chars.peek().is_some_and(|(_, next)| *next == quote) {
                chars.next();
            } else {
                return Some(i + 1);
            }
        }
    }
    None
}

/// The length of a comment; PostgreSQL's may stand within one another.
fn comment(rest: &str) -> Option<usize> {
    let bytes = rest.as_bytes();
    let (mut depth, mut i) = (0_usize, 0);
    while i + 1 < bytes.len() {
        match &bytes[i..i + 2] {
            b"/*" => {
                depth += 1;
                i += 2;
            }
            b"*/" => {
                depth -= 1;
                i += 2;
                if depth == 0 {
                    return Some(i);
                }
            }
            _ => i += 1,
        }
    }
    None
}
