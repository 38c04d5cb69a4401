//! The server's version.

use std::fmt;

use serde::Serialize;

/// A version as `server_version_num` and `server_version` tell it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Version {
    /// 160003 is 16.3.
    pub number: i32,
    /// `16.3`, with what a distribution adds.
    pub text: String,
}

impl Version {
    /// The oldest one that all questions here are for: `pg_stat_progress_analyze` came with 13.
    pub const OLDEST: i32 = 130_000;

    pub(super) fn new(number: i32, text: &str) -> Version {
        Version { number, text: text.to_owned() }
    }

    /// 16 of 16.3.
    pub fn major(&self) -> i32 {
        self.number / 10_000
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Debian writes "15.18 (Debian 15.18-0+deb12u1)".
        f.write_str(self.text.split(' ').next().unwrap_or(&self.text))
    }
}
