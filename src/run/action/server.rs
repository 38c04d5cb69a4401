//! The server that a plan was made for.

use crate::run::Halt;

/// Nothing is sent to another server than was shown.
pub(super) fn same_server(planned: &str, now: &str) -> Result<(), Halt> {
    if planned == now {
        return Ok(());
    }
    Err(Halt::stale(format!("the plan was for {planned}, and the URL now is of {now}: nothing was sent")))
}
