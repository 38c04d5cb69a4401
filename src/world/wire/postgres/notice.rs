//! What the server says no with, and what it says beside its answers.

use pgwire::error::{ErrorInfo, PgWireError};
use pgwire::messages::PgWireBackendMessage;
use pgwire::messages::response::NoticeResponse;

fn said(severity: &str, code: &str, message: impl Into<String>) -> ErrorInfo {
    let mut info = ErrorInfo::new(severity.to_owned(), code.to_owned(), message.into());
    // The one that no language changes: clients go by it.
    info.severity_nonlocalized = Some(severity.to_owned());
    info
}

/// The statement fails; the session goes on.
pub fn error(code: &str, message: impl Into<String>) -> PgWireError {
    PgWireError::UserError(Box::new(said("ERROR", code, message)))
}

/// … and what to do instead.
pub fn error_with_hint(code: &str, message: impl Into<String>, hint: &str) -> PgWireError {
    let mut info = said("ERROR", code, message);
    info.hint = Some(hint.to_owned());
    PgWireError::UserError(Box::new(info))
}

/// The session ends.
pub fn fatal(code: &str, message: impl Into<String>) -> PgWireError {
    PgWireError::UserError(Box::new(said("FATAL", code, message)))
}

/// A message that is no error: severity `INFO` or `WARNING`.
pub fn notice(severity: &str, code: &str, message: impl Into<String>) -> PgWireBackendMessage {
    PgWireBackendMessage::NoticeResponse(NoticeResponse::from(said(severity, code, message)))
}

/// The server goes down, or somebody ended the session.
pub fn ended() -> PgWireError {
    fatal("57P01", "terminating connection due to administrator command")
}

/// What the world's database does not do.
pub fn unknown() -> PgWireError {
    error_with_hint(
        "0A000",
        "the simulated database answers only what plantao asks, VACUUM and SET",
        "plantao demo --database URL puts a real PostgreSQL in its place.",
    )
}
