//! Whether a statement only reads: by its words, and by what the server says of the functions that it calls.

use tokio_postgres::types::Type;

use super::DatabaseTrouble;
use super::connect::{Database, get};

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

/// Words that make more of a query than a question.
const CHANGING: [&str; 12] = [
    "insert", "update", "delete", "merge", "truncate", "into", "share", "analyze", "create", "drop", "alter", "execute",
];

/// The words of a statement outside of quotes and comments, in lower case, each with whether `(` follows it.
/// A name in double quotes counts as a word too.
fn words(sql: &str) -> Vec<(String, bool)> {
    let (mut words, mut rest) = (Vec::new(), sql);
    while let Some(first) = rest.chars().next() {
        let length = if first == '\'' || first == '"' {
            let end = rest[1..].find(first).map_or(rest.len(), |i| i + 2);
            if first == '"' {
                words.push((rest[1..end.max(2) - 1].to_owned(), false));
            }
            end
        } else if rest.starts_with("--") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |i| i + 2)
        } else if first.is_alphanumeric() || first == '_' {
            let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).unwrap_or(rest.len());
            words.push((rest[..end].to_lowercase(), false));
            end
        } else {
            if first == '('
                && let Some(last) = words.last_mut()
            {
                last.1 = true;
            } else if !first.is_whitespace() {
                // Whatever stands between, what comes before is not called.
                words.push((String::new(), false));
            }
            first.len_utf8()
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    words
}

fn first(words: &[(String, bool)]) -> &str {
    words.iter().map(|(word, _)| word.as_str()).find(|word| !word.is_empty()).unwrap_or_default()
}

/// A question with rows, which may stand in parentheses.
pub(super) fn is_query(sql: &str) -> bool {
    matches!(first(&words(sql)), "select" | "values" | "table" | "with")
}

/// It sets something of the session alone.
fn is_setting(words: &[(String, bool)]) -> bool {
    matches!(first(words), "set" | "reset" | "show")
}

/// By its words it changes nothing; functions apart.
fn reads_by_its_words(words: &[(String, bool)]) -> bool {
    let changing = |(word, _): &(String, bool)| CHANGING.contains(&word.as_str());
    match first(words) {
        // FOR UPDATE locks.
        "select" | "values" | "table" | "with" | "explain" => !words.iter().any(changing),
        _ => is_setting(words),
    }
}

/// What a statement does, in a word: `UPDATE`.
pub fn verb(sql: &str) -> String {
    first(&words(sql)).to_uppercase()
}

impl Database {
    /// Whether a statement only reads. In doubt it does not.
    pub async fn only_reads(&self, sql: &str) -> Result<bool, DatabaseTrouble> {
        let words = words(sql);
        // A backslash may escape a quote or hide a name: that is not worth following.
        if sql.contains('\\') || !reads_by_its_words(&words) {
            return Ok(false);
        }
        let called: Vec<&str> = words.iter().filter(|(_, called)| *called).map(|(word, _)| word.as_str()).collect();
        let asked: Vec<&str> = called.into_iter().filter(|name| !HARMLESS.contains(name)).collect();
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
    use super::*;

    fn reads(sql: &str) -> bool {
        reads_by_its_words(&words(sql))
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
        let called =
            |sql| words(sql).into_iter().filter(|(_, called)| *called).map(|(word, _)| word).collect::<Vec<_>>();
        assert_eq!(called("SELECT Pg_Terminate_Backend (1), count(*)"), ["pg_terminate_backend", "count"]);
        assert_eq!(called("SELECT \"Odd\"(1), pg_catalog.\"lo_unlink\"(3)"), ["Odd", "lo_unlink"]);
        assert_eq!(verb(" /* x */ (select 1)"), "SELECT");
    }
}
