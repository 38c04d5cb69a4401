//! SQL cut into tokens, as PostgreSQL's own scanner cuts it: what is code, and what is text or a comment in it.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// White space.
    Space,
    /// To the end of the line, or between `/*` and `*/`; those may stand within one another.
    Comment,
    /// `'…'`, `E'…'` or `$tag$…$tag$`.
    Text,
    /// `"…"`.
    Name,
    /// A keyword, or a name without quotes.
    Word,
    /// Any other: a sign, digits, `$1`.
    Other,
}

/// One token, at the beginning of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    /// What it is.
    pub kind: Kind,
    /// All of it, with its quotes. Empty only at the text's end.
    pub text: &'a str,
    /// The mark that closes it is there, if it needs one.
    pub closed: bool,
}

/// The first token of what is left of a statement; `rest` begins where the token before it ended.
pub fn token(rest: &str) -> Token<'_> {
    let first = rest.chars().next().unwrap_or(' ');
    let (kind, length) = if is_space(first) {
        (Kind::Space, Some(run(rest, is_space)))
    } else if first == '\'' {
        (Kind::Text, quoted(rest, '\'', false))
    } else if rest.starts_with("E'") || rest.starts_with("e'") {
        (Kind::Text, quoted(&rest[1..], '\'', true).map(|length| length + 1))
    } else if first == '"' {
        (Kind::Name, quoted(rest, '"', false))
    } else if rest.starts_with("--") {
        (Kind::Comment, Some(rest.find(['\n', '\r']).unwrap_or(rest.len())))
    } else if rest.starts_with("/*") {
        (Kind::Comment, comment(rest))
    } else if let Some(tag) = dollar_tag(rest) {
        let body = &rest[tag.len()..];
        (Kind::Text, body.find(tag).map(|at| at + 2 * tag.len()))
    } else if begins_word(first) {
        (Kind::Word, Some(run(rest, |c| begins_word(c) || c.is_ascii_digit() || c == '$')))
    } else if first.is_ascii_digit() {
        // What follows a number without a space is a word: `1a$$` is a number, and a name with two dollars in it.
        (Kind::Other, Some(run(rest, |c| c.is_ascii_digit())))
    } else if first == '$' {
        (Kind::Other, Some(1 + run(&rest[1..], |c| c.is_ascii_digit())))
    } else {
        (Kind::Other, Some(first.len_utf8()))
    };
    Token { kind, text: &rest[..length.unwrap_or(rest.len())], closed: length.is_some() }
}

/// All tokens of a text, one after the other.
pub fn tokens(text: &str) -> impl Iterator<Item = Token<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let token = token(rest);
        rest = &rest[token.text.len()..];
        Some(token)
    })
}

/// PostgreSQL's white space is ASCII's; any other belongs to a word.
fn is_space(c: char) -> bool {
    c.is_ascii_whitespace() || c == '\u{b}'
}

fn begins_word(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || !c.is_ascii()
}

/// The bytes of the characters at the beginning that are so.
fn run(text: &str, is: impl Fn(char) -> bool) -> usize {
    text.find(|c| !is(c)).unwrap_or(text.len())
}

/// The length of a text in quotes, in which two quotes stand for one.
fn quoted(rest: &str, quote: char, escapes: bool) -> Option<usize> {
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((i, c)) = chars.next() {
        if escapes && c == '\\' {
            chars.next();
        } else if c == quote && chars.next_if(|(_, next)| *next == quote).is_none() {
            return Some(i + 1);
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

/// `$$` or `$tag$`. `$1` is no quote.
fn dollar_tag(rest: &str) -> Option<&str> {
    let name = rest.strip_prefix('$')?;
    let end = run(name, |c| begins_word(c) || c.is_ascii_digit());
    let is_tag = name[end..].starts_with('$') && !name.starts_with(|c: char| c.is_ascii_digit());
    is_tag.then(|| &rest[..end + 2])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(sql: &str) -> Vec<(Kind, &str)> {
        tokens(sql).filter(|token| token.kind != Kind::Space).map(|token| (token.kind, token.text)).collect()
    }

    #[test]
    fn text_and_comments_end_where_postgresql_says() {
        use Kind::{Comment, Name, Other, Text, Word};
        assert_eq!(
            cut("SELECT $$ ' $$, f(1) --'"),
            [
                (Word, "SELECT"),
                (Text, "$$ ' $$"),
                (Other, ","),
                (Word, "f"),
                (Other, "("),
                (Other, "1"),
                (Other, ")"),
                (Comment, "--'")
            ]
        );
        assert_eq!(cut("/* a /* b */ c */ x"), [(Comment, "/* a /* b */ c */"), (Word, "x")]);
        assert_eq!(cut("-- a\rb"), [(Comment, "-- a"), (Word, "b")]);
        assert_eq!(cut(r"E'a\'b' 'a\' 'it''s'"), [(Text, r"E'a\'b'"), (Text, r"'a\'"), (Text, "'it''s'")]);
        assert_eq!(cut(r#""a""b"(é$a$b)"#), [(Name, r#""a""b""#), (Other, "("), (Word, "é$a$b"), (Other, ")")]);
        assert_eq!(cut("$a$ $$ $a$$1"), [(Text, "$a$ $$ $a$"), (Other, "$1")]);
        assert_eq!(cut("1a$$"), [(Other, "1"), (Word, "a$$")]);
        for open in ["'a", "\"", "/* /* */", "$$ $", "$a$ $$", r"E'\'"] {
            let token = token(open);
            assert!(!token.closed && token.text == open, "{token:?}");
        }
    }

    proptest! {
        #[test]
        fn the_tokens_of_any_text_are_the_text(text in r#"([ -~]|[$'"/*\\é\n-]){0,60}"#, other in any::<String>()) {
            for text in [text, other] {
                let back: String = tokens(&text).map(|token| token.text).collect();
                prop_assert_eq!(&back, &text);
                prop_assert!(tokens(&text).all(|token| !token.text.is_empty()));
            }
        }
    }
}
