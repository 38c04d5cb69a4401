//! How much a thing that is wrong matters.

use serde::{Deserialize, Serialize};

/// How much a finding or an alarm matters. Ordered: [`Severity::Critical`] is the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing; nobody is woken for it.
    Notice,
    /// Will become critical if nobody looks.
    Warning,
    /// Users are hurt now.
    Critical,
}

impl Severity {
    /// The word shown beside the glyph, so that colour never carries the meaning alone.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Notice => "notice",
            Severity::Warning => "warning",
            Severity::Critical => "CRITICAL",
        }
    }
}
