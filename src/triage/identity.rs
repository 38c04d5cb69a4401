//! Whether this is the right account, and whether the local clock can be trusted.

use jiff::SignedDuration;

use super::draft::{Draft, Topic};
use super::scene::Scene;
use crate::platform::{Severity, Subject, text};

/// More than this is worth a word; AWS refuses signatures from 5 minutes on.
const SKEW: SignedDuration = SignedDuration::from_secs(60);

/// The id of the finding that must come first: everything else may be about another platform.
pub(super) const ACCOUNT: &str = "account";

pub(super) fn look<'a>(scene: &Scene<'a>, drafts: &mut Vec<Draft<'a>>) {
    if let (Some(wanted), Some(identity)) = (&scene.platform.account, scene.picture.identity.value())
        && *wanted != identity.account
    {
        drafts.push(
            Draft::new(
                Topic::Own,
                Severity::Critical,
                Subject::Platform,
                ACCOUNT,
                format!("this is account {}, not {wanted}", identity.account),
            )
            .evidence(format!("signed in as {}: use another profile, or another platform file", identity.arn)),
        );
    }
    if let Some(skew) = scene.picture.clock_skew
        && skew.abs() > SKEW
    {
        let side = if skew.is_negative() { "behind" } else { "ahead of" };
        drafts.push(
            Draft::new(
                Topic::Clock,
                Severity::Warning,
                Subject::Platform,
                "clock",
                format!("the local clock is {} {side} AWS's", text::duration(skew.abs())),
            )
            .evidence("AWS refuses signatures that are 5 min off; set the clock (timedatectl set-ntp true)"),
        );
    }
}
