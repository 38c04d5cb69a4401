//! Why a cache did not do what was asked, in a person's words.

use std::fmt;

use redis::RedisError;
use serde::Serialize;

use crate::platform::text::printable;

/// What failed, why, and what now. None of the three holds a password or a character that a terminal obeys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CacheTrouble {
    /// What could not be done, as an infinitive.
    pub what: String,
    /// Why.
    pub why: String,
    /// What to do now, if there is something.
    pub remedy: Option<String>,
    /// The command may have been carried out all the same.
    pub in_doubt: bool,
}

impl CacheTrouble {
    /// Trouble without a remedy, after which it is known that nothing was done.
    pub fn new(what: &str, why: impl AsRef<str>) -> CacheTrouble {
        let text = |text: &str| printable(text).into_owned();
        CacheTrouble { what: text(what), why: text(why.as_ref()), remedy: None, in_doubt: false }
    }

    /// What to do now.
    #[must_use]
    pub fn remedy(mut self, remedy: &str) -> CacheTrouble {
        self.remedy = Some(printable(remedy).into_owned());
        self
    }
}

impl fmt::Display for CacheTrouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "could not {}: {}", self.what, self.why)?;
        self.remedy.as_ref().map_or(Ok(()), |remedy| write!(f, "; {remedy}"))
    }
}

impl std::error::Error for CacheTrouble {}

/// An URL that can't be used. What the parser says of it could quote the password.
pub(super) fn configured(what: &str, _: &RedisError) -> CacheTrouble {
    CacheTrouble::new(what, "its URL can't be read").remedy("write it as redis://USER:PASSWORD@HOST:6379/0")
}

/// The trouble behind an error.
pub(super) fn trouble(what: &str, error: &RedisError) -> CacheTrouble {
    let new = |why: &str| CacheTrouble::new(what, why);
    if error.is_timeout() {
        let trouble = new("no answer in time").remedy("the security group, the route or a busy cache may be why");
        return CacheTrouble { in_doubt: true, ..trouble };
    }
    if error.is_connection_refusal() {
        return new("nothing listens there (connection refused)").remedy("look at host and port");
    }
    if error.is_connection_dropped() || error.is_io_error() {
        let trouble = new("the connection to the cache broke").remedy("see whether it restarts or fails over");
        return CacheTrouble { in_doubt: true, ..trouble };
    }
    let detail = error.detail().unwrap_or_default();
    match error.code().unwrap_or_default() {
        "NOAUTH" => {
            new("it wants a password and the URL has none").remedy("write the URL as redis://:PASSWORD@HOST:6379/0")
        }
        "WRONGPASS" => {
            new("the password or the user is wrong").remedy("see whether the secret was rotated and the URL not")
        }
        "NOPERM" => new(detail).remedy("its ACL must let this user do that"),
        "READONLY" => new("it is a replica, which can't be written to").remedy("use the endpoint of the primary"),
        "LOADING" => new("it is loading its data").remedy("wait until it is done, then try again"),
        "BUSY" => {
            new("a script runs in it and it answers nobody else").remedy("SCRIPT KILL ends one that has not written")
        }
        "OOM" => new("its memory is full").remedy("look at maxmemory and its policy"),
        "MISCONF" => new("its last save failed, and it takes no writes until one succeeds").remedy("look at its disk"),
        _ if detail.contains("save already in progress") => {
            new("a background save is under way already").remedy("INFO persistence tells when it is done")
        }
        _ if error.kind() == redis::ErrorKind::AuthenticationFailed => {
            new("it does not let this user in").remedy("look at user and password in the URL")
        }
        "" => CacheTrouble { in_doubt: true, ..new(&error.to_string()) },
        _ if detail.is_empty() => new(&error.to_string()),
        _ => new(detail),
    }
}
