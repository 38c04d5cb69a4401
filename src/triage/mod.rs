//! Picture to findings: what is wrong, since when, what changed just before, which runbook treats it.
//! Pure: same picture and instant, same findings.
//!
//! Each file looks at one kind of thing and makes drafts; drafts about one cause become one
//! finding, and only then is it told what changed just before and which runbook treats it.

mod alarms;
mod before;
mod databases;
mod deployments;
mod draft;
mod gauges;
mod identity;
mod instead;
mod order;
mod runbook;
mod scaling;
mod scene;
mod services;
mod shown;
mod silence;
mod stop;
mod symptom;
mod tasks;
mod trend;
mod undone;
mod unknown;
mod unwatched;
mod verdict;
mod zone;

#[cfg(test)]
mod tests;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::platform::{Picture, Platform, Severity, Subject, text};

pub use alarms::shorten_reason;
pub use unwatched::unwatched;
pub use verdict::{Verdict, elsewhere, verdict};

/// An incident is younger than this.
const INCIDENT: SignedDuration = SignedDuration::from_hours(1);
/// A deployment older than this is no suspect any more.
const SUSPECT: SignedDuration = SignedDuration::from_hours(2);

/// One thing that is wrong now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// Stays the same while the same thing is wrong, so that the bell rings once: `alarm/API-HighErrorRate`.
    pub id: String,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, by the name people know it by: the alarm's name, or a few words.
    pub title: String,
    /// The numbers: `5xx 12.4 % > 5 %`.
    pub evidence: String,
    /// Since when. Where an alarm gives the title, since when that is in ALARM: one age for one alarm on all screens.
    pub since: Option<Timestamp>,
    /// When its gauge began to show it, if that is a minute or more before its alarm fired.
    pub began: Option<Timestamp>,
    /// What changed just before: `2 min after deploy :42 a1b2c3d`.
    pub after: Option<String>,
    /// The runbook that treats it, by file name without `.md`: `rollback`.
    pub runbook: Option<String>,
    /// What to do where no runbook does it, or before one: `first see to: RDS-Down`.
    pub advice: Option<String>,
    /// The command that does so, to paste. What stands in it in capitals is for its reader to fill in.
    pub command: Option<String>,
    /// What it is about.
    pub subject: Subject,
    /// The alarm that tells of it, or will.
    #[serde(skip)]
    pub alarm: Option<String>,
    /// The service that its runbook is about, where the subject does not say it: whose deployment is suspected.
    #[serde(skip)]
    pub suspect: Option<usize>,
    /// The gauge that shows it best, by its place in the platform: the first past its target of those that count the
    /// same thing.
    #[serde(skip)]
    pub gauge: Option<usize>,
    /// The gauges whose own numbers it tells of, by their places: they have its colour. One that only comes nearest to
    /// showing it may be well.
    #[serde(skip)]
    pub gauges: Vec<usize>,
}

impl Finding {
    /// How it began, where that is known: `began 03:07, just after deploy :42 a1b2c3d`. The instant is told where the
    /// age is another thing's: the alarm's.
    pub fn beginning(&self) -> Option<String> {
        let began = self.began.map(|began| format!("began {}", text::minute(began)));
        let parts: Vec<String> = began.into_iter().chain(self.after.clone()).collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

/// What is wrong now, what is to be seen to first before what waits for it, and else worst first; of equals what serves nobody, then the oldest, a cause before what it brings about.
///
/// What has not been heard of yet is not wrong: an empty picture has no findings.
pub fn findings(platform: &Platform, picture: &Picture, now: Timestamp) -> Vec<Finding> {
    let scene = scene::Scene::of(platform, picture, now);
    let mut drafts = Vec::new();
    identity::look(&scene, &mut drafts);
    unknown::look(&scene, &mut drafts);
    services::missing(&scene, &mut drafts);
    for service in 0..picture.services.len().min(platform.services.len()) {
        services::look(&scene, service, &mut drafts);
        deployments::look(&scene, service, &mut drafts);
        tasks::look(&scene, service, &mut drafts);
        scaling::look(&scene, service, &mut drafts);
    }
    databases::look(&scene, &mut drafts);
    alarms::look(&scene, &mut drafts);
    gauges::look(&scene, &mut drafts);
    silence::look(&scene, &mut drafts);

    let mut merged = draft::merge(drafts);
    order::sort(&mut merged, now);
    let changes = before::Changes::of(&scene);
    let shown = shown::Shown::of(&scene);
    let ward = runbook::Ward::of(&scene, &merged);
    let found = merged
        .into_iter()
        .map(|draft| {
            let before = changes.before(&draft);
            let treatment = ward.treat(&draft, before.as_ref());
            let waits_for = treatment.waits_for.map(|title| text::printable(&title).into_owned());
            let finding = Finding {
                alarm: draft.alarm().map(str::to_owned),
                suspect: before.as_ref().and_then(|before| before.service),
                severity: draft.severity,
                evidence: text::printable(&draft.full_evidence()).into_owned(),
                since: draft.told_since(),
                began: draft.began(),
                after: before.map(|before| text::printable(&before.text).into_owned()),
                runbook: treatment.runbook,
                advice: treatment.advice.map(|advice| text::printable(&advice).into_owned()),
                command: treatment.command.map(|command| text::printable(&command).into_owned()),
                subject: draft.subject,
                gauge: shown.gauge(&draft),
                gauges: draft.gauges,
                title: text::printable(&draft.title).into_owned(),
                id: draft.id,
            };
            (finding, waits_for)
        })
        .collect();
    order::causes_first(found)
}
