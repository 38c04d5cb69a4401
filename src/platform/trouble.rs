//! Why a question to AWS was not answered, in a person's words.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

/// What kind of trouble, so that the watch can back off and the screen can group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TroubleKind {
    /// The credential chain found nothing.
    NoCredentials,
    /// Credentials were there and are no longer valid.
    ExpiredCredentials,
    /// AWS knows who asks and says no.
    Denied,
    /// Too many requests.
    Throttled,
    /// No connection: DNS, refused, reset, TLS.
    Unreachable,
    /// A connection, and no answer in time.
    TimedOut,
    /// What was asked for does not exist.
    NotFound,
    /// An answer that is not AWS's: HTML from a proxy, broken JSON, fields missing.
    BadAnswer,
    /// AWS's own fault (5xx).
    Unavailable,
    /// The local clock is too far from AWS's.
    ClockSkew,
    /// Anything else AWS refuses.
    Refused,
}

/// A question that was not answered: what failed, why, and what to do now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trouble {
    /// Its kind.
    pub kind: TroubleKind,
    /// The API operation as IAM names it, e.g. `ecs:DescribeServices`.
    pub operation: String,
    /// Why, in a person's words, one line: `credentials expired`.
    pub why: String,
    /// What to do now, if there is something: `run "aws sso login --profile prod"`.
    pub remedy: Option<String>,
    /// Since when this kind of trouble lasts.
    pub since: Timestamp,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.why)?;
        match &self.remedy {
            Some(remedy) => write!(f, ": {remedy}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Trouble {}
