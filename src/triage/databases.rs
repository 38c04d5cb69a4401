//! Whether a database serves, and whether it could be restored.

use jiff::SignedDuration;

use super::draft::{Draft, Rank, Topic};
use super::scene::Scene;
use super::symptom::Symptom;
use crate::platform::{Database, STOPPED_AFTER, Serving, Severity, Subject, text};

/// RDS ships transaction logs every 5 minutes.
const RESTORABLE_WITHIN: SignedDuration = SignedDuration::from_mins(30);

pub(super) fn look<'a>(scene: &Scene<'a>, drafts: &mut Vec<Draft<'a>>) {
    if scene.is_elsewhere() {
        return;
    }
    for (i, (spec, part)) in scene.platform.databases.iter().zip(&scene.picture.databases).enumerate() {
        let subject = Subject::Database(i);
        let id = format!("database/{}", spec.id);
        if scene.is_missing(subject) {
            drafts.push(
                Draft::new(
                    Topic::Database(i),
                    Severity::Critical,
                    subject,
                    id,
                    format!("database {} not found", spec.id),
                )
                .rank(Rank::Headline)
                .symptom(Symptom::DatabaseDown)
                .evidence("no such RDS instance: deleted, or another account or region"),
            );
            continue;
        }
        let Some(database) = part.value() else { continue };
        status(scene, database, i, id, drafts);
        // The age that counts is the one at the time of the answer: a stale answer is told elsewhere.
        backups(database, subject, part.as_of().unwrap_or(scene.now), drafts);
    }
}

/// RDS does not say since when its status is what it is. Metrics that have stopped do.
fn silent_since(scene: &Scene, subject: Subject) -> Option<jiff::Timestamp> {
    let own = scene.platform.gauges.iter().zip(&scene.picture.series).filter(|(gauge, _)| gauge.subject == subject);
    let newest = own.filter_map(|(_, part)| Some(part.value()?.latest()?.at)).max()?;
    (scene.now.duration_since(newest) > STOPPED_AFTER).then(|| newest + SignedDuration::from_mins(1))
}

fn status(scene: &Scene, database: &Database, i: usize, id: String, drafts: &mut Vec<Draft>) {
    let serving = database.serving();
    let (severity, symptom, meaning) = match serving {
        Serving::Yes if matches!(database.status.as_str(), "available" | "backing-up") => return,
        Serving::Yes => (Severity::Notice, Symptom::Other, ": it serves; a change is under way"),
        Serving::Perhaps => (Severity::Warning, Symptom::Other, ": connections may be refused"),
        Serving::No => (Severity::Critical, Symptom::DatabaseDown, ": connections are not served"),
    };
    // The zone says more than what a status means.
    let shared = scene.shared_zone().filter(|shared| shared.database == i);
    let mut draft = Draft::new(
        Topic::Database(i),
        severity,
        Subject::Database(i),
        id,
        format!("RDS {} is {}", database.id, database.status),
    )
    .rank(Rank::Headline)
    .symptom(symptom)
    .since(silent_since(scene, Subject::Database(i)).filter(|_| serving == Serving::No));
    let words = format!("status {}{}", database.status, if shared.is_some() { "" } else { meaning });
    // An alarm has measured that it serves nobody: what its status leaves open stands beside that.
    if serving == Serving::No {
        draft = draft.evidence(words);
        draft.evidence_rank = 5;
    } else {
        draft = draft.note(words);
    }
    draft = draft.notes(shared.map(|shared| shared.words.clone()));
    drafts.push(draft);
}

fn backups(database: &Database, subject: Subject, at: jiff::Timestamp, drafts: &mut Vec<Draft>) {
    let draft = |id: &str, title: String| {
        Draft::new(Topic::Own, Severity::Warning, subject, format!("{id}/{}", database.id), title)
    };
    if database.backup_days == Some(0) {
        drafts.push(
            draft("backups", format!("RDS {} has no automated backups", database.id))
                .evidence("retention 0 days: no point-in-time recovery"),
        );
        return;
    }
    if let Some(latest) = database.latest_restorable
        && at.duration_since(latest) > RESTORABLE_WITHIN
        && database.serving() == Serving::Yes
    {
        drafts.push(
            draft("restorable", format!("RDS {} can't be restored to the present", database.id))
                .evidence(format!(
                    "latest restorable time {}, {} ago; usually 5 min",
                    text::date(latest),
                    text::age(latest, at)
                ))
                .since(Some(latest)),
        );
    }
}
