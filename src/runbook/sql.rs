//! A `sql` block: statements in which values are bound and names of tables are quoted, never pasted.

use std::ops::Range;

use serde::Serialize;

use super::call::absent;
use super::kind::Kind;
use super::template::{Piece, Scope};
use crate::database::lexer::{Kind as TokenKind, token, tokens};

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
            } else {
                self.token(at, rest)
            };
            at += step;
        }
        self.end_statement(self.end, self.end);
    }

    /// The length of a token, and a complaint about templates in text, in a quoted name or in a comment.
    fn token(&self, at: usize, rest: &str) -> usize {
        let token = token(rest);
        let length = token.text.len();
        let what = match token.kind {
            TokenKind::Text => "quoted text",
            TokenKind::Name => "a quoted name",
            TokenKind::Comment => "a comment",
            TokenKind::Space | TokenKind::Word | TokenKind::Other => return length,
        };
        if !token.closed {
            let mark = at + usize::from(rest.starts_with(['e', 'E']));
            self.scope.report.error(mark..mark + 1, &format!("{what} without end")).expected("the mark that closes it");
        } else if let Some(open) = token.text.find("{{") {
            let span = at + open..at + length;
            let hint = if what == "quoted text" { "the template alone, without quotes" } else { "no template here" };
            self.scope
                .report
                .error(span, &format!("a template in {what} would not be replaced: values are bound, not pasted"))
                .expected(hint);
        }
        length
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
    let is_code = |kind: TokenKind| !matches!(kind, TokenKind::Space | TokenKind::Comment);
    let before: usize = tokens(text).take_while(|token| !is_code(token.kind)).map(|token| token.text.len()).sum();
    &text[before..]
}
