//! A statement of a block, its parameters resolved: what is sent, and how it would be typed.

use serde::{Deserialize, Serialize};

use crate::database::{Bound, TableName};

/// A statement in parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Statement(pub Vec<Part>);

/// A part of a statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// As it stands in the runbook.
    Text(String),
    /// A value, which is bound.
    Value(Bound),
    /// Tables, as they were typed.
    Tables(Vec<String>),
}

impl Statement {
    pub(super) fn tables(&self) -> impl Iterator<Item = &String> {
        self.0.iter().flat_map(|part| match part {
            Part::Tables(tables) => tables.as_slice(),
            _ => &[],
        })
    }

    /// The statement as it is sent, and its values beside it.
    pub(super) fn ready(&self, names: &[(String, TableName)]) -> (String, Vec<Bound>) {
        let mut values = Vec::new();
        let sql = self.written(names, |value| {
            values.push(value.clone());
            format!("${}", values.len())
        });
        (sql, values)
    }

    /// The statement as a person would type it.
    pub(super) fn literal(&self, names: &[(String, TableName)]) -> String {
        self.written(names, Bound::literal)
    }

    fn written(&self, names: &[(String, TableName)], mut value: impl FnMut(&Bound) -> String) -> String {
        let mut sql = String::new();
        for part in &self.0 {
            let next = match part {
                Part::Text(text) => text.clone(),
                Part::Value(bound) => value(bound),
                Part::Tables(tables) => {
                    let known = |word: &String| names.iter().find(|(name, _)| name == word).map(|(_, name)| name.sql());
                    tables.iter().filter_map(known).collect::<Vec<_>>().join(", ")
                }
            };
            // `LIMIT{{n}}` must not become the name `LIMIT$1`, nor `U&{{tables}}` another name.
            let is_word = |c: char| c.is_alphanumeric() || "_$\"&'".contains(c);
            let (before, after) = (sql.chars().next_back(), next.chars().next());
            if before.is_some_and(is_word) && after.is_some_and(is_word) {
                sql.push(' ');
            }
            sql.push_str(&next);
        }
        sql
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Part {
        Part::Value(Bound::Text(text.to_owned()))
    }

    #[test]
    fn a_value_goes_beside_the_statement_and_a_name_in_quotes_whatever_is_in_them() {
        let evil = "1; DROP TABLE victim; --'\"";
        let statement = Statement(vec![
            Part::Text("DELETE FROM ".into()),
            Part::Tables(vec!["a".into(), "b".into()]),
            Part::Text(" WHERE x =".into()),
            value(evil),
            Part::Text("LIMIT".into()),
            value("7"),
            value("8"),
        ]);
        let names =
            [("a".to_owned(), TableName::new("public", "a\"; DROP")), ("b".to_owned(), TableName::new("s", "b"))];
        let (sql, values) = statement.ready(&names);
        assert_eq!(sql, "DELETE FROM \"public\".\"a\"\"; DROP\", \"s\".\"b\" WHERE x =$1 LIMIT $2 $3");
        assert_eq!(values, [Bound::Text(evil.into()), Bound::Text("7".into()), Bound::Text("8".into())]);
        assert!(statement.literal(&names).contains("'1; DROP TABLE victim; --''\"'"));
    }
}
