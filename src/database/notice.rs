//! What a server says beside its answers.

use serde::Serialize;
use tokio_postgres::error::{DbError, Severity};

use crate::platform::text::printable;

/// One message of the server that is no error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// It is a `WARNING`: something was not done.
    pub warning: bool,
    /// `01000`, `55P03` …
    pub sqlstate: String,
    /// In the server's language, printable, one line: line breaks are spaces.
    pub text: String,
}

impl Notice {
    pub(super) fn new(said: &DbError) -> Notice {
        let text = match said.detail() {
            Some(detail) => format!("{}: {detail}", said.message()),
            None => said.message().to_owned(),
        };
        Notice {
            // The untranslated severity; PostgreSQL 9.6 and newer send it.
            warning: said.parsed_severity() == Some(Severity::Warning),
            sqlstate: said.code().code().to_owned(),
            text: printable(&text).into_owned(),
        }
    }
}
