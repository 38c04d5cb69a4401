//! Whether this is the right account, and whether the local clock can be trusted.

use super::draft::{Draft, Topic};
use super::scene::Scene;
use crate::platform::{Severity, Subject, region, skew};

/// The id of the finding that must come first: everything else may be about another platform.
pub(super) const ACCOUNT: &str = "account";
/// The id of the one finding where nothing of the platform is found.
pub(super) const REGION: &str = "region";

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
    elsewhere(scene, drafts);
    if let Some(off) = scene.picture.clock_skew.filter(|skew| skew::is_wrong(*skew)) {
        let title = format!("local clock {}", skew::words(off));
        drafts.push(
            Draft::new(Topic::Clock, Severity::Warning, Subject::Platform, "clock", title)
                .evidence("AWS refuses signatures that are 5 min off; set the clock (timedatectl set-ntp true)")
                .note("times here are AWS's"),
        );
    }
}

/// Each thing that is not found is no news of its own where none is.
fn elsewhere(scene: &Scene, drafts: &mut Vec<Draft>) {
    if !scene.is_elsewhere() {
        return;
    }
    let region = scene.picture.region.as_deref().unwrap_or("this region");
    let title = format!("platform is not in {region}");
    let count = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    let (services, databases) = (scene.platform.services.len(), scene.platform.databases.len());
    let alarms = scene.picture.alarms.value().map_or(0, |_| scene.platform.alarms.len());
    let (services, databases) = (count(services, "service"), count(databases, "database"));
    let found = match alarms {
        0 => format!("not found: {services} and {databases}"),
        alarms => format!("not found: {services}, {databases} and {}", count(alarms, "alarm")),
    };
    let account = match (scene.picture.identity.value(), &scene.platform.account) {
        (Some(identity), Some(wanted)) if identity.account == *wanted => Some("the account is right".to_owned()),
        (Some(identity), None) => Some(format!("asked in account {}", identity.account)),
        _ => None,
    };
    let meant = scene.platform.region.as_deref().filter(|meant| *meant != region);
    let hint = meant.map(|meant| format!("the platform file is of {meant}"));
    let draft = Draft::new(Topic::Own, Severity::Critical, Subject::Platform, REGION, title);
    drafts.push(draft.notes(hint).note(found).notes(account));
}

/// What to do about it: most often the region is another one than the file says, or than anybody meant.
pub(super) fn instead(scene: &Scene) -> String {
    let (asked, meant) = (scene.picture.region.as_deref(), scene.platform.region.as_deref());
    match (asked, meant) {
        (Some(asked), Some(meant)) if asked != meant => format!("start without --region {asked}"),
        (Some(asked), _) => {
            let doubt = region::doubt(asked).map(|doubt| format!("{doubt}; ")).unwrap_or_default();
            format!("{doubt}name the region it is in: --region, or region = in the platform file; or another --profile")
        }
        (None, _) => "use the region and the profile that it is in: --region, --profile".to_owned(),
    }
}
