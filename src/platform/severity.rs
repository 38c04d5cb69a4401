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

    /// So many of them, in words: `1 critical`, `2 warnings`.
    pub fn count(self, count: usize) -> String {
        let (one, many) = match self {
            Severity::Notice => ("notice", "notices"),
            Severity::Warning => ("warning", "warnings"),
            Severity::Critical => ("critical", "critical"),
        };
        format!("{count} {}", if count == 1 { one } else { many })
    }
}
