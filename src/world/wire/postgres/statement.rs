//! What a statement asks for.

use super::question::Question;

/// A statement that the world's database understands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Statement {
    /// One of plantao's questions.
    Question(Question),
    /// `SET name = value`.
    Set(String, String),
    Vacuum(Vacuum),
    /// `SELECT pg_terminate_backend(pid)`: what plantao tells a person to do about an open transaction.
    Terminate(i32),
}

/// `VACUUM (FULL, VERBOSE, ANALYZE, SKIP_LOCKED) "public"."events"`.
#[expect(clippy::struct_excessive_bools, reason = "they are the statement's own options")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vacuum {
    pub full: bool,
    pub verbose: bool,
    pub analyze: bool,
    /// It is `ANALYZE "public"."events"`.
    pub only_analyze: bool,
    pub skip_locked: bool,
    /// Schema and name; all tables if there is none.
    pub table: Option<(String, String)>,
}

impl Statement {
    /// Reads one statement. `None` if it is none of those.
    pub fn read(text: &str) -> Option<Statement> {
        let (tag, text) = tag(text);
        if let Some(tag) = tag
            && !text.to_ascii_uppercase().starts_with("SET ")
        {
            return Question::named(tag).map(Statement::Question);
        }
        let words = words(text)?;
        match words.first()?.keyword()?.as_str() {
            "SET" => set(&words[1..]),
            "VACUUM" => vacuum(&words[1..]).map(Statement::Vacuum),
            "ANALYZE" => {
                let analyze = Vacuum { only_analyze: true, ..Vacuum::default() };
                of_table(analyze, &words[1..]).map(Statement::Vacuum)
            }
            "SELECT" => match &words[1..] {
                [Word::Bare(name), Word::Sign('('), Word::Bare(pid), Word::Sign(')')]
                    if name == "pg_terminate_backend" =>
                {
                    pid.parse().ok().map(Statement::Terminate)
                }
                _ => None,
            },
            _ => None,
        }
    }
}

/// The statements of a text, apart.
pub fn split(text: &str) -> Vec<&str> {
    let (mut quoted, mut from, mut found) = (None, 0, Vec::new());
    for (i, c) in text.char_indices() {
        match (quoted, c) {
            (None, '\'' | '"') => quoted = Some(c),
            (Some(mark), c) if mark == c => quoted = None,
            (None, ';') => {
                found.push(text[from..i].trim());
                from = i + 1;
            }
            _ => {}
        }
    }
    found.push(text[from..].trim());
    found.retain(|statement| !statement.is_empty());
    found
}

/// What `/* plantao:tables */` says, and the rest.
fn tag(text: &str) -> (Option<&str>, &str) {
    let text = text.trim();
    let Some((comment, rest)) = text.strip_prefix("/*").and_then(|rest| rest.split_once("*/")) else {
        return (None, text);
    };
    (comment.trim().strip_prefix("plantao:"), rest.trim())
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Word {
    Bare(String),
    /// In quotes, which are taken off.
    Quoted(String),
    Sign(char),
}

impl Word {
    fn keyword(&self) -> Option<String> {
        match self {
            Word::Bare(word) => Some(word.to_ascii_uppercase()),
            _ => None,
        }
    }

    fn name(&self) -> Option<String> {
        match self {
            Word::Bare(word) => Some(word.to_ascii_lowercase()),
            Word::Quoted(word) => Some(word.clone()),
            Word::Sign(_) => None,
        }
    }
}

/// `None` if a quote stays open.
fn words(text: &str) -> Option<Vec<Word>> {
    let mut words = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            c if c.is_whitespace() => {}
            '"' | '\'' => {
                let mut word = String::new();
                loop {
                    match chars.next()? {
                        // A doubled quote is one of the name's own.
                        q if q == c && chars.next_if_eq(&c).is_some() => word.push(c),
                        q if q == c => break,
                        other => word.push(other),
                    }
                }
                words.push(Word::Quoted(word));
            }
            c if c.is_alphanumeric() || c == '_' => {
                let mut word = String::from(c);
                // A point belongs to a number, and parts a name.
                let number = c.is_ascii_digit();
                while let Some(c) = chars.next_if(|c| c.is_alphanumeric() || *c == '_' || (number && *c == '.')) {
                    word.push(c);
                }
                words.push(Word::Bare(word));
            }
            sign => words.push(Word::Sign(sign)),
        }
    }
    Some(words)
}

fn set(words: &[Word]) -> Option<Statement> {
    let words = match words {
        [first, rest @ ..] if first.keyword().as_deref() == Some("SESSION") => rest,
        other => other,
    };
    match words {
        [name, equals, value] if *equals == Word::Sign('=') || equals.keyword().as_deref() == Some("TO") => {
            Some(Statement::Set(name.name()?, value.name()?))
        }
        _ => None,
    }
}

fn vacuum(words: &[Word]) -> Option<Vacuum> {
    let mut vacuum = Vacuum::default();
    let mut option = |word: &Word| -> Option<()> {
        match word.keyword()?.as_str() {
            "FULL" => vacuum.full = true,
            "VERBOSE" => vacuum.verbose = true,
            "ANALYZE" => vacuum.analyze = true,
            "SKIP_LOCKED" => vacuum.skip_locked = true,
            _ => return None,
        }
        Some(())
    };
    let mut rest = words;
    if let [Word::Sign('('), inside @ ..] = rest {
        let end = inside.iter().position(|w| *w == Word::Sign(')'))?;
        for word in inside[..end].iter().filter(|w| **w != Word::Sign(',')) {
            option(word)?;
        }
        rest = &inside[end + 1..];
    } else {
        while let [word, more @ ..] = rest {
            if option(word).is_none() {
                break;
            }
            rest = more;
        }
    }
    of_table(vacuum, rest)
}

/// … of the one table that is named, if any is. `None` if the words are something else.
fn of_table(mut vacuum: Vacuum, words: &[Word]) -> Option<Vacuum> {
    vacuum.table = match words {
        [] => None,
        [name] => Some(("public".to_owned(), name.name()?)),
        [schema, Word::Sign('.'), name] => Some((schema.name()?, name.name()?)),
        _ => return None,
    };
    Some(vacuum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vacuum_is_read_as_plantao_and_as_people_write_it() {
        let events = Some(("public".to_owned(), "events".to_owned()));
        let wished = Vacuum { verbose: true, analyze: true, table: events.clone(), ..Vacuum::default() };
        let read = Statement::read("VACUUM (VERBOSE, ANALYZE) \"public\".\"events\"").unwrap();
        assert_eq!(read, Statement::Vacuum(wished));
        let wished = Vacuum { analyze: true, table: events, ..Vacuum::default() };
        assert_eq!(Statement::read("vacuum analyze Events").unwrap(), Statement::Vacuum(wished));
        assert_eq!(Statement::read("VACUUM").unwrap(), Statement::Vacuum(Vacuum::default()));
        let odd = Statement::read("VACUUM \"a\"\"b\".\"x; DROP TABLE y\"").unwrap();
        let table = Some(("a\"b".to_owned(), "x; DROP TABLE y".to_owned()));
        assert_eq!(odd, Statement::Vacuum(Vacuum { table, ..Vacuum::default() }));
        for other in ["VACUUM events, users", "VACUUM (SPEEDILY) events", "VACUUM \"open"] {
            assert_eq!(Statement::read(other), None, "{other}");
        }
    }

    #[test]
    fn settings_come_in_one_text_and_apart() {
        let text =
            "/* plantao:settings */ SET statement_timeout = 0; SET lock_timeout = 5000; SET vacuum_cost_delay = 1.5";
        let read: Vec<_> = split(text).into_iter().filter_map(Statement::read).collect();
        let set = |name: &str, value: &str| Statement::Set(name.to_owned(), value.to_owned());
        assert_eq!(read, [set("statement_timeout", "0"), set("lock_timeout", "5000"), set("vacuum_cost_delay", "1.5")]);
    }

    #[test]
    fn only_plantaos_questions_are_known() {
        assert_eq!(Statement::read("/* plantao:tables */ SELECT 1"), Some(Statement::Question(Question::Tables)));
        for other in ["SELECT 1", "/* plantao:secrets */ SELECT 1", "DROP TABLE events", "", "/* plantao:tables"] {
            assert_eq!(Statement::read(other), None, "{other}");
        }
        assert_eq!(Statement::read("SELECT pg_terminate_backend(17)"), Some(Statement::Terminate(17)));
    }
}
