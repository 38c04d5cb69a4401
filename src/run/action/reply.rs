//! What a server answers, fit for a journal that others read: without the secrets that this process knows, and without
//! what looks like one.

use crate::platform::masked;
use crate::run::{Context, secrets};

/// Columns whose names say so hold one.
const COLUMNS: [&str; 4] = ["passw", "secret", "token", "credential"];
/// Settings of a cache that are one, or half of a login.
const SETTINGS: [&str; 5] = ["masterauth", "masteruser", "primaryauth", "primaryuser", "requirepass"];
const HIDDEN: &str = "…";

/// What no line of an answer shows.
pub(super) struct Veil(Vec<String>);

impl Veil {
    pub(super) fn of(context: &Context) -> Veil {
        Veil(secrets::known(context))
    }

    /// A line, or a cell of a table.
    pub(super) fn over(&self, text: &str) -> String {
        let text = secrets::hide(&self.0, text.to_owned());
        masked(&[text])
    }

    /// The rows of a table under its columns.
    pub(super) fn over_rows(&self, columns: &[String], rows: &mut [Vec<String>]) {
        let tells = |column: &String| {
            let column = column.to_ascii_lowercase();
            COLUMNS.iter().any(|word| column.contains(word))
        };
        let tells: Vec<bool> = columns.iter().map(tells).collect();
        for (index, cell) in rows.iter_mut().flat_map(|row| row.iter_mut().enumerate()) {
            let is_hidden = tells.get(index).is_some_and(|tells| *tells) && !cell.is_empty();
            *cell = if is_hidden { HIDDEN.to_owned() } else { self.over(cell) };
        }
    }

    /// The lines of a cache's reply; `CONFIG GET` gives a name and then its value, each on a line.
    pub(super) fn over_reply(&self, command: &[String], lines: &mut [String]) {
        let is_config = command.first().is_some_and(|word| word.eq_ignore_ascii_case("config"));
        let mut hides = false;
        for line in lines {
            // `2) ` of a list, or the indent of a map.
            let bare = line.rsplit(") ").next().unwrap_or(line).trim().to_ascii_lowercase();
            if std::mem::take(&mut hides) {
                let indent = line.len() - line.trim_start().len();
                let kept = line.find(") ").map_or(indent, |at| at + 2);
                *line = format!("{}{HIDDEN}", &line[..kept]);
                continue;
            }
            hides = is_config && (SETTINGS.contains(&bare.as_str()) || bare.ends_with("pass"));
            *line = self.over(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(lines: &[&str]) -> Vec<String> {
        lines.iter().map(|line| (*line).to_owned()).collect()
    }

    #[test]
    fn the_password_of_a_cache_that_config_get_answers_is_in_no_journal() {
        let veil = Veil(Vec::new());
        let mut list =
            lines(&["1) requirepass", "2) hunter2", "3) maxmemory", "4) 100mb", "5) masteruser", "6) 7) ana"]);
        veil.over_reply(&lines(&["config", "GET", "*"]), &mut list);
        assert_eq!(list, ["1) requirepass", "2) …", "3) maxmemory", "4) 100mb", "5) masteruser", "6) …"]);
        let mut map = lines(&["tls-key-file-pass", "  12345", "maxmemory", "  100mb"]);
        veil.over_reply(&lines(&["CONFIG", "GET", "*"]), &mut map);
        assert_eq!(map, ["tls-key-file-pass", "  …", "maxmemory", "  100mb"]);
    }

    #[test]
    fn a_secret_that_is_known_and_a_url_with_a_password_are_hidden_and_all_else_stays() {
        let veil = Veil(vec!["of-the-database".to_owned()]);
        assert_eq!(veil.over("got of-the-database!"), "got …!");
        assert_eq!(veil.over("to redis://:hunter2@h  done"), "to …  done");
        assert_eq!(veil.over("ALTER USER ana PASSWORD 'hunter2'"), "ALTER USER ana PASSWORD …");
        for plain in ["db0:keys=12,expires=0", "keyspace_hits:7", "redis_version:7.2.4", "1) 2) key  of  it"] {
            assert_eq!(veil.over(plain), plain);
        }
    }

    #[test]
    fn a_column_that_says_that_it_holds_passwords_shows_none() {
        let mut rows = vec![lines(&["ana", "SCRAM-SHA-256$x"]), lines(&["bob", ""])];
        Veil(Vec::new()).over_rows(&lines(&["rolname", "rolpassword"]), &mut rows);
        assert_eq!(rows, [lines(&["ana", "…"]), lines(&["bob", ""])]);
    }
}
