//! Why a database did not do what was asked, in a person's words.

use std::fmt;

use serde::Serialize;

use crate::platform::text::printable;

/// What kind of trouble, so that a run can choose its ending and a screen can group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DatabaseTroubleKind {
    /// The URL, the secret or a root certificate file can't be used.
    Configuration,
    /// The host name has no address.
    UnknownHost,
    /// Nothing listens there.
    Refused,
    /// No answer in time.
    TimedOut,
    /// The network, otherwise.
    Unreachable,
    /// TLS is wanted and the server has none.
    NoTls,
    /// The server's certificate is not one to trust.
    Certificate,
    /// Password wrong or missing, or the server's rules (`pg_hba.conf`) refuse who asks.
    Login,
    /// No such database.
    NoDatabase,
    /// The role lacks a right (SQLSTATE 42501).
    NoRight,
    /// All connection slots are taken (SQLSTATE 53300).
    TooManyConnections,
    /// Somebody else held the lock for longer than `lock_timeout` (SQLSTATE 55P03).
    LockTimeout,
    /// Canceled: by a cancel request, `pg_cancel_backend` or `statement_timeout` (SQLSTATE 57014).
    Canceled,
    /// The server is starting up or going down (SQLSTATE 57P01 to 57P03).
    ShuttingDown,
    /// The connection broke: the server crashed, the line went dead, or somebody ended the session.
    Gone,
    /// It is a standby: it can't be written to.
    Standby,
    /// No storage left, or not enough for what is to be done (SQLSTATE 53100).
    NoStorage,
    /// The table is not there (any more).
    NoTable,
    /// A server that plantao does not know how to ask.
    Unsupported,
    /// Anything else that the server refuses.
    Other,
}

/// What failed, why, and what to do now. None of the three holds a password or a character that a terminal obeys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DatabaseTrouble {
    /// Its kind.
    pub kind: DatabaseTroubleKind,
    /// What could not be done, as an infinitive: `vacuum public.events`.
    pub what: String,
    /// Why, in a person's words.
    pub why: String,
    /// What to do now, if there is something.
    pub remedy: Option<String>,
    /// PostgreSQL's error code, if it was PostgreSQL that said no: `55P03`.
    pub sqlstate: Option<String>,
    /// … and its own words.
    pub said: Option<Box<str>>,
}

impl DatabaseTrouble {
    /// Trouble without a remedy yet.
    pub fn new(kind: DatabaseTroubleKind, what: &str, why: impl AsRef<str>) -> DatabaseTrouble {
        DatabaseTrouble {
            kind,
            what: printable(what).into_owned(),
            why: printable(why.as_ref()).into_owned(),
            remedy: None,
            sqlstate: None,
            said: None,
        }
    }

    /// Why, with PostgreSQL's own words and code, for a record: `canceling statement due to user request (SQLSTATE
    /// 57014)`.
    pub fn for_the_record(&self) -> String {
        let why = &self.why;
        match (&self.said, &self.sqlstate) {
            (Some(said), Some(code)) if why.contains(&**said) => format!("{why} (SQLSTATE {code})"),
            // Ours would say the same once more.
            (Some(said), Some(code)) if self.kind == DatabaseTroubleKind::Canceled => {
                format!("{said} (SQLSTATE {code})")
            }
            (Some(said), Some(code)) => format!("{why}: {said} (SQLSTATE {code})"),
            _ => why.clone(),
        }
    }

    /// What to do now; replaces what was said before.
    #[must_use]
    pub fn remedy(mut self, remedy: impl AsRef<str>) -> DatabaseTrouble {
        self.remedy = Some(printable(remedy.as_ref()).into_owned());
        self
    }

    /// After it nothing more can be asked on the same connection, or nothing that writes can succeed.
    pub fn ends_everything(&self) -> bool {
        use DatabaseTroubleKind as Kind;
        matches!(self.kind, Kind::Gone | Kind::ShuttingDown | Kind::Standby | Kind::NoStorage | Kind::Unreachable)
            || (self.kind == Kind::TimedOut && self.sqlstate.is_none())
    }
}

impl fmt::Display for DatabaseTrouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "could not {}: {}", self.what, self.why)?;
        match &self.remedy {
            Some(remedy) => write!(f, "; {remedy}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for DatabaseTrouble {}
