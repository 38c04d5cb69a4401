//! A command line out of a task definition: compared as it is, shown without what looks like a secret.

use std::fmt;

use super::secret::has_login;

/// Its words. It has no `Serialize`, and what it prints is [`masked`]: only a comparison sees all of it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct CommandLine(Vec<String>);

impl CommandLine {
    /// Takes the words as they are.
    pub fn new(words: &[String]) -> CommandLine {
        CommandLine(words.to_vec())
    }

    /// It has no word.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&masked(&self.0))
    }
}

impl fmt::Debug for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", masked(&self.0))
    }
}

/// What a name says that has a secret after it.
const TELLING: [&str; 6] = ["pass", "secret", "token", "key", "credential", "auth"];
/// Flags that don't say it, by the program that has them.
const FLAGS: [(&str, &str); 10] = [
    ("redis-cli", "-a"),
    ("redis-cli", "auth"),
    ("valkey-cli", "-a"),
    ("valkey-cli", "auth"),
    ("curl", "-u"),
    ("curl", "--user"),
    ("mysql", "-p"),
    ("mysqladmin", "-p"),
    ("mariadb", "-p"),
    ("sshpass", "-p"),
];
const QUOTES: [char; 2] = ['"', '\''];

/// Words of a command line in which what looks like a secret is hidden. A word may be a shell's whole command. In doubt
/// more is hidden than has to be.
pub fn masked(words: &[String]) -> String {
    let mut mask = Mask::default();
    words.iter().map(|word| mask.word(word)).collect::<Vec<_>>().join(" ")
}

/// What the words so far say of the next one.
#[derive(Default)]
struct Mask {
    hides: Hides,
    program: String,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Hides {
    #[default]
    Nothing,
    /// The next word.
    Next,
    /// The next word if it is quoted: `PASSWORD 'x'` of SQL, and not "password authentication failed".
    Quoted,
}

impl Mask {
    /// One word of the list, in which a shell may see many.
    fn word(&mut self, word: &str) -> String {
        if self.hides == Hides::Next {
            self.next_after_hidden(word);
            return "…".to_owned();
        }
        let (mut shown, mut rest) = (String::new(), word);
        loop {
            let text = rest.trim_start();
            shown.push_str(&rest[..rest.len() - text.len()]);
            let Some(piece) = text.split_whitespace().next() else { return shown };
            let begins = text.len() == word.len();
            let end = if let Some(kept) = self.kept(piece, begins && piece.len() < text.len()) {
                shown.push_str(&piece[..kept]);
                shown.push('…');
                // What a list's word begins with has all of the word, spaces too.
                let has_all = begins && (piece.starts_with('-') || piece[..kept].ends_with(':'));
                if has_all { text.len() } else { value_end(text, kept) }
            } else {
                shown.push_str(piece);
                piece.len()
            };
            rest = &text[end..];
        }
    }

    /// How much of a shell's word is shown, if something of it is hidden. `leads`: more follows it in the list's word,
    /// which it begins.
    fn kept(&mut self, piece: &str, leads: bool) -> Option<usize> {
        let bare = piece.trim_matches(['"', '\'', '(', ')', '{', '}', '`', ';']);
        match std::mem::take(&mut self.hides) {
            Hides::Next => {
                self.next_after_hidden(bare);
                return Some(0);
            }
            Hides::Quoted if piece.starts_with(QUOTES) => return Some(0),
            _ if has_login(piece) => return Some(0),
            _ => {}
        }
        let mut from = 0;
        for (i, separator) in piece.match_indices(['=', ':']) {
            // `auth.js:12` is a place, and no secret.
            let parts = separator == "=" || leads || piece[..i].contains(QUOTES);
            if parts && is_telling(&piece[from..i]) {
                let value_is_next = separator == ":" && i + 1 == piece.len() && !leads && !is_open(piece);
                if value_is_next {
                    self.hides = Hides::Next;
                    return None;
                }
                return Some(i + 1);
            }
            from = i + 1;
        }
        for (_, flag) in FLAGS.iter().filter(|(program, _)| *program == self.program) {
            if bare.eq_ignore_ascii_case(flag) {
                self.hides = Hides::Next;
                return None;
            }
            if flag.starts_with('-') && bare.starts_with(flag) {
                return piece.find(flag).map(|at| at + flag.len());
            }
        }
        let name = bare.rsplit('/').next().unwrap_or(bare);
        if FLAGS.iter().any(|(program, _)| *program == name) {
            name.clone_into(&mut self.program);
        }
        let lower = bare.to_ascii_lowercase();
        if (bare.starts_with('-') && is_telling(bare) && !bare.contains('='))
            || ["requirepass", "masterauth"].contains(&lower.as_str())
        {
            self.hides = Hides::Next;
        } else if lower == "password" {
            self.hides = Hides::Quoted;
        }
        None
    }

    /// `Bearer` is hidden with what it stands before.
    fn next_after_hidden(&mut self, word: &str) {
        let scheme = ["bearer", "basic"].iter().any(|scheme| word.eq_ignore_ascii_case(scheme));
        self.hides = if scheme { Hides::Next } else { Hides::Nothing };
    }
}

fn is_telling(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    // `db0:keys=1`: how many there are.
    name != "keys" && TELLING.iter().any(|part| name.contains(part))
}

/// Where a shell's word that begins the text ends, at `from` at the earliest.
fn value_end(text: &str, from: usize) -> usize {
    let mut quotes = Quotes::default();
    text.char_indices()
        .find(|(i, c)| quotes.are_past(*c) && c.is_whitespace() && *i >= from)
        .map_or(text.len(), |f| f.0)
}

/// A quote in it stays open.
fn is_open(piece: &str) -> bool {
    let mut quotes = Quotes::default();
    piece.chars().for_each(|c| {
        quotes.are_past(c);
    });
    quotes.open.is_some()
}

/// A shell's quotes, character by character.
#[derive(Default)]
struct Quotes {
    open: Option<char>,
    escaped: bool,
}

impl Quotes {
    /// Takes the next character: it is outside of them, and means what it is.
    fn are_past(&mut self, c: char) -> bool {
        if std::mem::take(&mut self.escaped) {
            return false;
        }
        self.escaped = c == '\\' && self.open != Some('\'');
        match self.open {
            Some(mark) if mark == c => self.open = None,
            None if QUOTES.contains(&c) => self.open = Some(c),
            open => return open.is_none() && !self.escaped,
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(words: &[&str]) -> String {
        masked(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_password_on_a_command_line_is_hidden() {
        let words =
            ["run", "--db-password", "x1", "--api-key=x2", "postgres://ana:x3@db/app", "--port=80", "PGPASSWORD=x4"];
        assert_eq!(shown(&words), "run --db-password … --api-key=… … --port=80 PGPASSWORD=…");
    }

    #[test]
    fn a_password_in_a_shells_command_is_hidden_and_the_rest_is_told() {
        for (words, expected) in [
            (&["CMD-SHELL", "redis-cli --pass hunter2 ping"][..], "CMD-SHELL redis-cli --pass … ping"),
            (&["CMD-SHELL", "redis-cli -a hunter2 ping || exit 1"], "CMD-SHELL redis-cli -a … ping || exit 1"),
            (&["redis-cli", "AUTH", "hunter2"], "redis-cli AUTH …"),
            (&["CMD-SHELL", "pg_isready -d postgres://ana:w/rd@db/x -p 5432"], "CMD-SHELL pg_isready -d … -p 5432"),
            (&["serve", "postgres://ana:w/rd@db/x"], "serve …"),
            (&["clone", "https://hunter2@example.com/x"], "clone …"),
            (&["CMD-SHELL", "PGPASSWORD='hun ter2' psql -h db"], "CMD-SHELL PGPASSWORD=… psql -h db"),
            (&["sh", "-c", "mysqladmin ping -u root -phunter2 -h db"], "sh -c mysqladmin ping -u root -p… -h db"),
            (&["sh", "-c", "curl -f -u ana:hunter2 http://h/"], "sh -c curl -f -u … http://h/"),
            (
                &["sh", "-c", "curl -H 'Authorization: Bearer hunter2' http://h/"],
                "sh -c curl -H 'Authorization:… http://h/",
            ),
            (&["curl", "-H", "Authorization: Bearer hunter2"], "curl -H Authorization:…"),
            (&["curl", "http://h/?a=1&token=hunter2"], "curl http://h/?a=1&token=…"),
            (&["--db-password", "hunter2 and more", "serve"], "--db-password … serve"),
            (&["--db-password=hunter2 and more", "serve"], "--db-password=… serve"),
            (&["psql", "-c", "ALTER ROLE ana PASSWORD 'hun ter2' LOGIN"], "psql -c ALTER ROLE ana PASSWORD … LOGIN"),
            (
                &["CMD-SHELL", "curl -f http://localhost:3000/health || exit 1"],
                "CMD-SHELL curl -f http://localhost:3000/health || exit 1",
            ),
        ] {
            assert_eq!(shown(words), expected);
        }
    }

    #[test]
    fn a_line_of_a_log_keeps_what_it_says() {
        for line in [
            r#"FATAL: password authentication failed for user "ana""#,
            "at login (/app/src/auth/index.js:12:5)",
            "GET http://localhost:3000/health 200",
        ] {
            assert_eq!(shown(&line.split(' ').collect::<Vec<_>>()), line);
        }
        let words = [r#"{"level":"error","token":"hunter2"}"#, r#"{"token":"#, r#""hunter2"}"#, "Authorization=", "x"];
        assert_eq!(shown(&words), r#"{"level":"error","token":… {"token": … Authorization=… x"#);
    }

    #[test]
    fn it_can_be_compared_and_not_be_printed() {
        let line = |words: &[&str]| CommandLine::new(&words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>());
        let (one, other) = (line(&["--pass", "hunter2"]), line(&["--pass", "hunter3"]));
        assert!(one != other && one.to_string() == other.to_string());
        assert!(!format!("{one:?} {one}").contains("hunter"));
    }

    proptest! {
        #[test]
        fn no_secret_is_shown_wherever_it_stands(secret in r#"z[a-z0-9/@:=#?&'"\\-]{0,8}Q"#, plain in "z[a-z0-9/@:=#?&-]{0,8}Q") {
            for words in [
                vec!["--password".to_owned(), secret.clone()],
                vec![format!("--password={secret}"), "serve".to_owned()],
                vec![format!("postgres://ana:{secret}@db/x")],
                vec!["CMD-SHELL".to_owned(), format!("redis-cli --pass {secret} ping")],
                vec!["CMD-SHELL".to_owned(), format!("serve redis://:{secret}@h:6379 fast")],
                vec!["sh".to_owned(), "-c".to_owned(), format!("TOKEN={secret} serve")],
                vec!["sh".to_owned(), "-c".to_owned(), format!("curl -H 'X-Auth: {plain}' h")],
            ] {
                let shown = masked(&words);
                let hidden = if words.iter().any(|w| w.contains("X-Auth")) { &plain } else { &secret };
                prop_assert!(!shown.contains(hidden.as_str()), "{shown}");
            }
        }

        #[test]
        fn any_text_can_be_masked(words in proptest::collection::vec(any::<String>(), 0..4)) {
            masked(&words);
        }
    }
}
