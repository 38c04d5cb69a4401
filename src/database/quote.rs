//! Names inside SQL.

use std::fmt;

use serde::Serialize;

use crate::platform::text::printable;

/// An identifier for SQL text: always in double quotes, a quote inside doubled.
///
/// As `quote_ident` of PostgreSQL, but unconditional. Values are never put into SQL text: they are bound.
pub fn quoted(identifier: &str) -> String {
    // PostgreSQL's protocol ends a statement at NUL, and no name has one.
    format!("\"{}\"", identifier.replace('\0', "").replace('"', "\"\""))
}

/// A table and its schema, as the catalog writes them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct TableName {
    /// `public`.
    pub schema: String,
    /// `events`.
    pub name: String,
}

impl TableName {
    /// A table's name.
    pub fn new(schema: &str, name: &str) -> TableName {
        TableName { schema: schema.to_owned(), name: name.to_owned() }
    }

    /// For SQL text: `"public"."events"`.
    pub fn sql(&self) -> String {
        format!("{}.{}", quoted(&self.schema), quoted(&self.name))
    }
}

impl fmt::Display for TableName {
    /// `public.events`, fit for a screen.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", printable(&self.schema), printable(&self.name))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_quote_in_a_name_stays_in_the_name() {
        assert_eq!(quoted("a\"b"), "\"a\"\"b\"");
        assert_eq!(TableName::new("a\"b", "x; DROP TABLE y; --").sql(), "\"a\"\"b\".\"x; DROP TABLE y; --\"");
        assert_eq!(quoted("Ünïcode 日本"), "\"Ünïcode 日本\"");
    }

    proptest! {
        #[test]
        fn no_name_ends_its_own_quotes(name in any::<String>()) {
            let text = quoted(&name);
            let inside = &text[1..text.len() - 1];
            prop_assert!(text.starts_with('"') && text.ends_with('"'));
            prop_assert!(!inside.replace("\"\"", "").contains('"'), "{text}");
            prop_assert_eq!(inside.replace("\"\"", "\""), name.replace('\0', ""));
        }
    }
}
