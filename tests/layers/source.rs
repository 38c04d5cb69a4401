//! Just enough of Rust to see which paths a file uses: comments, texts and test modules blanked, `use` trees spread out.

/// One path that a file names, `std::fs::File`, and the line it stands on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path {
    /// Counted from 1.
    pub line: usize,
    /// Its parts.
    pub parts: Vec<String>,
}

/// The paths that a file's product code names; what only its tests use is left out.
pub fn paths(source: &str) -> Vec<Path> {
    let code: Vec<char> = without_test_modules(&without_text(source)).chars().collect();
    let mut found = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < code.len() {
        if starts_word(code[at]) {
            read_path(&code, &mut at, &mut line, &[], &mut found);
        } else {
            line += usize::from(code[at] == '\n');
            at += 1;
        }
    }
    found
}

/// Names of modules that exist only in tests: `#[cfg(test)] mod NAME;`.
pub fn test_files(source: &str) -> Vec<String> {
    let code = without_text(source);
    code.split("#[cfg(test)]")
        .skip(1)
        .filter_map(|rest| {
            let rest = rest.trim_start();
            let rest = rest.strip_prefix("pub ").unwrap_or(rest).strip_prefix("mod ")?;
            let (name, _) = rest.split_once(';')?;
            name.chars().all(is_word).then(|| name.to_owned())
        })
        .collect()
}

/// Reads a path with all that a `::{…}` group adds to it.
fn read_path(code: &[char], at: &mut usize, line: &mut usize, before: &[String], found: &mut Vec<Path>) {
    let mut parts = before.to_vec();
    let started = *line;
    loop {
        let from = *at;
        while *at < code.len() && is_word(code[*at]) {
            *at += 1;
        }
        if *at > from {
            parts.push(code[from..*at].iter().collect());
        }
        if code.get(*at..*at + 2) != Some(&[':', ':']) {
            break;
        }
        *at += 2;
        match code.get(*at) {
            Some('{') => {
                *at += 1;
                read_group(code, at, line, &parts, found);
                return;
            }
            Some(c) if starts_word(*c) => {}
            _ => break,
        }
    }
    if parts.len() > 1 {
        found.push(Path { line: started, parts });
    }
}

fn read_group(code: &[char], at: &mut usize, line: &mut usize, before: &[String], found: &mut Vec<Path>) {
    while *at < code.len() && code[*at] != '}' {
        if starts_word(code[*at]) {
            read_path(code, at, line, before, found);
            // `as other` renames; it is no path.
            while *at < code.len() && !matches!(code[*at], ',' | '}') {
                *line += usize::from(code[*at] == '\n');
                *at += 1;
            }
        } else {
            *line += usize::from(code[*at] == '\n');
            *at += 1;
        }
    }
    *at += 1;
}

/// The source with comments, string and character literals blanked; lines stay where they are.
fn without_text(source: &str) -> String {
    let code: Vec<char> = source.chars().collect();
    let mut out = String::with_capacity(source.len());
    let mut at = 0;
    while at < code.len() {
        let end = match (code[at], code.get(at + 1)) {
            ('/', Some('/')) => end_of_line(&code, at),
            ('/', Some('*')) => end_of_comment(&code, at),
            ('r', Some('"' | '#')) if at == 0 || !is_word(code[at - 1]) => end_of_raw(&code, at),
            ('"', _) => end_of_quoted(&code, at, '"'),
            ('\'', Some('\\')) => end_of_quoted(&code, at, '\''),
            // A lifetime has no second quote right after its first letter.
            ('\'', Some(_)) if code.get(at + 2) == Some(&'\'') => at + 3,
            (c, _) => {
                out.push(c);
                at += 1;
                continue;
            }
        };
        out.extend(code[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
        at = end;
    }
    out
}

fn end_of_line(code: &[char], at: usize) -> usize {
    code[at..].iter().position(|c| *c == '\n').map_or(code.len(), |n| at + n)
}

fn end_of_comment(code: &[char], at: usize) -> usize {
    let (mut depth, mut end) = (0, at);
    while end < code.len() {
        match code.get(end..end + 2) {
            Some(['/', '*']) => depth += 1,
            Some(['*', '/']) => depth -= 1,
            _ => {
                end += 1;
                continue;
            }
        }
        end += 2;
        if depth == 0 {
            break;
        }
    }
    end
}

fn end_of_raw(code: &[char], at: usize) -> usize {
    let hashes = code[at + 1..].iter().take_while(|c| **c == '#').count();
    let opening = at + 1 + hashes;
    if code.get(opening) != Some(&'"') {
        return at + 1;
    }
    let closing: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
    code[opening + 1..]
        .windows(closing.len())
        .position(|w| w == closing)
        .map_or(code.len(), |n| opening + 1 + n + closing.len())
}

fn end_of_quoted(code: &[char], at: usize, quote: char) -> usize {
    let mut end = at + 1;
    while end < code.len() && code[end] != quote {
        end += if code[end] == '\\' { 2 } else { 1 };
    }
    (end + 1).min(code.len())
}

/// Blanks `#[cfg(test)] mod … { … }`; needs code without text, so that braces match.
fn without_test_modules(code: &str) -> String {
    let mut out = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(start) = rest.find("#[cfg(test)]") {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        let item = rest.find(['{', ';']).unwrap_or(rest.len());
        let end = if rest[item..].starts_with('{') { item + end_of_block(&rest[item..]) } else { item };
        out.extend(rest[..end].chars().filter(|c| *c == '\n'));
        rest = &rest[end..];
    }
    out + rest
}

fn end_of_block(code: &str) -> usize {
    let mut depth = 0;
    for (at, c) in code.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    code.len()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn starts_word(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(source: &str) -> Vec<String> {
        paths(source).into_iter().map(|p| format!("{}:{}", p.line, p.parts.join("::"))).collect()
    }

    #[test]
    fn a_use_tree_hides_nothing() {
        let source =
            "use std::{fmt,\n    fs::{self, File as F},\n    collections::*};\nfn f() { tokio::net::lookup(); }\n";
        assert_eq!(
            shown(source),
            ["1:std::fmt", "2:std::fs::self", "2:std::fs::File", "3:std::collections", "4:tokio::net::lookup"]
        );
    }

    #[test]
    fn comments_and_texts_name_nothing() {
        let source = "//! std::fs\n/* a /* b */ std::net */\nlet a = \"std::fs \\\" std::net\"; let b = r#\"a\" std::fs\"#;\n\
                      let c: &'a std::path::Path = '\"'; let d = '\\''; std::env::args();";
        assert_eq!(shown(source), ["4:std::path::Path", "4:std::env::args"]);
    }

    #[test]
    fn tests_may_use_what_they_test_with() {
        let source = "use a::b;\n#[cfg(test)]\nmod tests {\n    use std::fs;\n    fn f() { {} }\n}\nuse c::d;\n";
        assert_eq!(shown(source), ["1:a::b", "7:c::d"]);
        assert_eq!(test_files("#[cfg(test)]\nmod proof;\nmod other;"), ["proof"]);
    }
}
