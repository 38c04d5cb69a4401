//! The ways in which an image can be bad.

use serde::Deserialize;

/// What is wrong with an image. A good image has none.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ailment {
    /// The process exits with code 1 a few seconds after its start.
    Crashes,
    /// Built for another processor: `exec format error`.
    WrongArchitecture,
    /// Runs and looks healthy, and answers this share of requests (0 to 1) with 5xx.
    Errors(f64),
    /// Loses this many MiB a minute, until it is killed.
    LeaksMemory(f64),
    /// Needs this many times the processor time for each request.
    Slow(f64),
}

impl Ailment {
    /// It ends a few seconds after its start.
    pub fn cannot_start(self) -> bool {
        matches!(self, Ailment::Crashes | Ailment::WrongArchitecture)
    }
}
