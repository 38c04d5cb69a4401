//! Whether this session may only look, and who says so. It is enforced where requests are sent; here it is
//! said before a plan is made in vain.

use std::ffi::OsStr;

use super::args::Whence;
use crate::platform::Platform;
use crate::run::Halt;

const VARIABLE: &str = "PLANTAO_READ_ONLY";

/// Who says that nothing may be changed: the command line, the environment, or the platform file.
pub(super) fn said_by(whence: &Whence, platform: Option<&Platform>) -> Option<&'static str> {
    let variable = std::env::var_os(VARIABLE);
    if whence.read_only {
        Some("--read-only")
    } else if variable.as_deref().is_some_and(means_yes) {
        Some(VARIABLE)
    } else {
        platform.filter(|platform| platform.read_only).map(|_| "read-only = true in the platform file")
    }
}

/// Anything but a plain no: who sets it means it, however they write yes.
fn means_yes(value: &OsStr) -> bool {
    !["", "0", "false", "no", "off"].iter().any(|no| value.eq_ignore_ascii_case(no))
}

/// Refuses what changes something, where nothing may be changed.
pub(super) fn refuse(whence: &Whence, platform: Option<&Platform>) -> Result<(), Halt> {
    match said_by(whence, platform) {
        Some(who) => Err(Halt::refused(format!(
            "{who}: this session only looks, so nothing is carried out; `plantao plan` shows what would be"
        ))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_no_in_the_environment_lets_changes_through() {
        let yes = |value: &str| means_yes(OsStr::new(value));
        assert!(yes("1") && yes("true") && yes("YES") && yes("please"));
        assert!(!yes("") && !yes("0") && !yes("False") && !yes("no") && !yes("off"));
    }
}
