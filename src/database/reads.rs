//! Whether a statement only reads: by its words, and by what the server says of the functions that it calls.

use tokio_postgres::types::Type;

use super::DatabaseTrouble;
use super::connect::{Database, get};
use super::lexer::{Kind, tokens};

/// Functions that PostgreSQL calls volatile because their answer changes, and that change nothing themselves.
const HARMLESS: [&str; 14] = [
    "clock_timestamp",
    "pg_column_size",
    "pg_database_size",
    "pg_indexes_size",
    "pg_relation_size",
    "pg_table_size",
    "pg_tablespace_size",
    "pg_total_relation_size",
    "pg_current_wal_lsn",
    "pg_last_wal_replay_lsn",
    "random",
    "timeofday",
    "txid_current_if_assigned",
    "pg_current_wal_insert_lsn",
];

/// Words that make more of a query than a question; `UESCAPE` can hide a name without a backslash.
const CHANGING: [&str; 13] = [
    "insert", "update", "delete", "merge", "truncate", "into", "share", "analyze", "create", "drop", "alter",
    "execute", "uescape",
];
/// PostgreSQL cuts longer names off.
const LONGEST_NAME: usize = 63;

/// A statement, as far as it matters here.
#[derive(Default)]
struct Words {
    /// Those outside of text and comments, unquoted ones in lower case, each with whether `(` follows it.
    /// Any other sign is an empty one.
    all: Vec<(String, bool)>,
    /// A quote or a comment stays open: only the server can say what it is.
    open: bool,
}

fn words(sql: &str) -> Words {
    let mut words = Words::default();
    for token in tokens(sql) {
        words.open |= !token.closed;
        match token.kind {
            Kind::Space | Kind::Comment | Kind::Text => {}
            Kind::Word => words.all.push((token.text.to_ascii_lowercase(), false)),
            Kind::Name => words.all.push((name(token.text), false)),
            Kind::Other if token.text == "(" => {
                if let Some(last) = words.all.last_mut() {
                    last.1 = true;
                }
            }
            // Whatever stands between, what comes before is not called.
            Kind::Other => words.all.push((String::new(), false)),
        }
    }
    words
}

/// What is in double quotes.
fn name(quoted: &str) -> String {
    let inside = quoted.strip_prefix('"').unwrap_or(quoted);
    inside.strip_suffix('"').unwrap_or(inside).replace("\"\"", "\"")
}

impl Words {
    fn first(&self) -> &str {
        self.all.iter().map(|(word, _)| word.as_str()).find(|word| !word.is_empty()).unwrap_or_default()
    }

    /// By its words it changes nothing; functions apart.
    fn read(&self) -> bool {
        let changing = |(word, _): &(String, bool)| CHANGING.contains(&word.to_ascii_lowercase().as_str());
        match self.first() {
            _ if self.open => false,
            // FOR UPDATE locks.
            "select" | "values" | "table" | "with" | "explain" => !self.all.iter().any(changing),
            // It sets something of the session alone.
            first => matches!(first, "set" | "reset" | "show"),
        }
    }

    fn called(&self) -> impl Iterator<Item = &str> {
        self.all.iter().filter(|(word, called)| *called && !word.is_empty()).map(|(word, _)| word.as_str())
    }
}

/// A question with rows, which may stand in parentheses.
pub(super) fn is_query(sql: &str) -> bool {
    matches!(words(sql).first(), "select" | "values" | "table" | "with")
}

/// What a statement does, in a word: `UPDATE`.
pub fn verb(sql: &str) -> String {
    words(sql).first().to_uppercase()
}

impl Database {
    /// Whether a statement only reads. In doubt it does not.
    pub async fn only_reads(&self, sql: &str) -> Result<bool, DatabaseTrouble> {
        let words = words(sql);
        // A backslash may escape a quote or hide a name: that is not worth following.
        if sql.contains('\\') || !words.read() {
            return Ok(false);
        }
        // How the server folds letters that are not ASCII's depends on its locale.
        if words.called().any(|name| !name.is_ascii() || name.len() > LONGEST_NAME) {
            return Ok(false);
        }
        let asked: Vec<&str> = words.called().filter(|name| !HARMLESS.contains(name)).collect();
        if asked.is_empty() {
            return Ok(true);
        }
        let question =
            "/* plantao:volatile */ SELECT count(*)::int8 FROM pg_proc WHERE proname = ANY($1) AND provolatile = 'v'";
        let what = "see what the statement calls";
        let row = self.ask_one(what, question, &[(&asked, Type::TEXT_ARRAY)]).await?;
        Ok(get::<i64>(&row, 0, what)? == 0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn called(sql: &str) -> Vec<String> {
        words(sql).called().map(str::to_owned).collect()
    }

    fn reads(sql: &str) -> bool {
        words(sql).read()
    }

    #[test]
    fn what_could_change_something_is_not_called_a_question() {
        for sql in [
            "SELECT 'delete' || \"a\"",
            "-- drop it\nselect 1",
            "(VALUES (1))",
            "TABLE x",
            "SHOW work_mem",
            "WITH a AS (SELECT 1) SELECT * FROM a",
            "EXPLAIN SELECT 1",
            "SET lock_timeout = '1s'",
        ] {
            assert!(reads(sql), "{sql}");
        }
        for sql in [
            "UPDATE x SET a = 1",
            "WITH a AS (DELETE FROM x RETURNING *) SELECT * FROM a",
            "SELECT 1 INTO y",
            "SELECT * FROM x FOR UPDATE",
            "EXPLAIN (ANALYZE) DELETE FROM x",
            "DO $$ BEGIN END $$",
            "VACUUM",
            "CALL p()",
            "SELECT * FROM x FOR NO KEY UPDATE",
            "",
            "SELECT * FROM x FOR SHARE",
        ] {
            assert!(!reads(sql), "{sql}");
        }
        assert_eq!(called("SELECT Pg_Terminate_Backend (1), count(*)"), ["pg_terminate_backend", "count"]);
        assert_eq!(called("SELECT \"Odd\"(1), pg_catalog.\"lo_unlink\"(3)"), ["Odd", "lo_unlink"]);
        assert_eq!(verb(" /* x */ (select 1)"), "SELECT");
    }

    #[test]
    fn a_call_in_no_text_and_no_comment_is_seen() {
        for sql in [
            "SELECT $$ ' $$, pg_terminate_backend(1) --'",
            "SELECT /* /* */ ' */ pg_terminate_backend(1) --'",
            "SELECT 1 -- '\rpg_terminate_backend(1) --'",
            "SELECT 1a$$, pg_terminate_backend(1) --$$",
            "SELECT pg_terminate_backend/* ( */(1)",
            "SELECT \"pg_terminate_backend\" (1)",
        ] {
            assert!(called(sql).iter().any(|name| name == "pg_terminate_backend"), "{sql}");
        }
        for sql in ["SELECT 'f(1)'", "SELECT $a$ f(1) $$ f(1) $a$", "SELECT 1 /* f(1) /* */ f(1) */ -- f(1)"] {
            assert_eq!(called(sql), [""; 0], "{sql}");
            assert!(reads(sql), "{sql}");
        }
    }

    #[test]
    fn what_only_the_server_can_read_is_not_called_a_question() {
        for sql in [
            "SELECT $$\"$$ AS é, \"",
            "SELECT 'a",
            "SELECT 1 /* /* */",
            "SELECT $a$ $$",
            "SELECT U&\"pg!005fterminate_backend\" UESCAPE '!' (1)",
        ] {
            assert!(!reads(sql), "{sql}");
        }
        assert!(reads("SELECT $$\"$$ AS é"));
    }

    proptest! {
        #[test]
        fn any_text_can_be_looked_at(text in r#"([ -~]|[$'"/*\\é\n-]){0,60}"#, other in any::<String>()) {
            for text in [text, other] {
                let (read, called) = (reads(&text), called(&text));
                prop_assert!(!read || called.iter().all(|name| text.to_ascii_lowercase().contains(&name.replace('"', "\"\"").to_ascii_lowercase())));
                verb(&text);
            }
        }

        #[test]
        fn a_call_after_any_closed_text_is_seen(inside in "[a-z'\" (/*-]{0,12}") {
            let sql = format!("SELECT $q${inside}$q$, pg_terminate_backend(1)");
            prop_assert_eq!(called(&sql), ["pg_terminate_backend"]);
        }
    }
}
