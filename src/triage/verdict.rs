//! One word for the whole platform, for scripts.

use serde::Serialize;

use super::{Finding, identity};
use crate::platform::{Picture, Severity};

/// How the platform is, as `plantao status` answers a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing is wrong; there may be notices.
    Well,
    /// Something will become critical if nobody looks.
    Warning,
    /// Users are hurt now.
    Critical,
    /// Something essential could not be told, and nothing that is known is critical.
    Unknown,
}

impl Verdict {
    /// The exit code of `plantao status`: 0, 1, 2, 3.
    pub fn exit_code(self) -> u8 {
        match self {
            Verdict::Well => 0,
            Verdict::Warning => 1,
            Verdict::Critical => 2,
            Verdict::Unknown => 3,
        }
    }

    /// `all well`, `warning`, `CRITICAL`, `cannot tell`.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Well => "all well",
            Verdict::Warning => "warning",
            Verdict::Critical => "CRITICAL",
            Verdict::Unknown => "cannot tell",
        }
    }
}

/// The verdict on findings and the picture that they come from.
///
/// Essential are the services, the databases and the alarms: with no value at all of one of them,
/// not even an old one, silence is no good sign.
pub fn verdict(findings: &[Finding], picture: &Picture) -> Verdict {
    let worst = findings.iter().map(|f| f.severity).max();
    let blind = picture.services.iter().any(|s| s.state.value().is_none())
        || picture.databases.iter().any(|d| d.value().is_none())
        || picture.alarms.value().is_none();
    // Whoever asks in the wrong place learns nothing of how the platform is.
    match worst {
        _ if elsewhere(findings).is_some() => Verdict::Unknown,
        Some(Severity::Critical) => Verdict::Critical,
        _ if blind => Verdict::Unknown,
        Some(Severity::Warning) => Verdict::Warning,
        Some(Severity::Notice) | None => Verdict::Well,
    }
}

/// The finding that the platform is not in the region that was asked.
pub fn elsewhere(findings: &[Finding]) -> Option<&Finding> {
    findings.iter().find(|finding| finding.id == identity::REGION)
}
