//! Whether a service is there at all, and whether anybody wants tasks of it.

use super::draft::{Draft, Rank, Topic};
use super::scene::Scene;
use super::symptom::Symptom;
use crate::platform::{ServiceStatus, Severity, Subject};

pub(super) fn look<'a>(scene: &Scene<'a>, i: usize, drafts: &mut Vec<Draft<'a>>) {
    let Some((spec, picture)) = scene.service(i) else { return };
    let subject = Subject::Service(i);
    let (path, name) = (scene.path(subject), scene.called(i));
    if scene.is_elsewhere() {
        return;
    }
    if scene.is_missing(subject) {
        let why = picture.state.trouble().map_or_else(
            || format!("no such service in cluster {}", spec.cluster),
            |trouble| trouble.why.trim_end_matches('.').to_owned(),
        );
        drafts.push(
            Draft::new(
                Topic::Tasks(i),
                Severity::Critical,
                subject,
                format!("tasks/{path}"),
                format!("service {name} not found"),
            )
            .rank(Rank::Headline)
            .symptom(Symptom::TasksDown)
            .evidence(why)
            .note("deleted, or another account or region"),
        );
        return;
    }
    let Some(service) = picture.state.value() else { return };
    let (severity, title, evidence) = match &service.status {
        ServiceStatus::Active if service.desired == 0 => (
            Severity::Notice,
            format!("{name} is scaled to 0"),
            format!("desired 0, {} running: nobody is served until it is scaled up", service.running),
        ),
        ServiceStatus::Active => return,
        ServiceStatus::Draining => (
            Severity::Critical,
            format!("service {name} is being deleted"),
            format!("DRAINING, {} tasks still run", service.running),
        ),
        ServiceStatus::Inactive => (Severity::Critical, format!("service {name} was deleted"), "INACTIVE".to_owned()),
        ServiceStatus::Other(status) => {
            (Severity::Warning, format!("service {name} is {status}"), "a status not known here".to_owned())
        }
    };
    let symptom = if severity == Severity::Critical { Symptom::TasksDown } else { Symptom::Other };
    drafts.push(
        Draft::new(Topic::Tasks(i), severity, subject, format!("tasks/{path}"), title)
            .rank(Rank::Headline)
            .symptom(symptom)
            .evidence(evidence),
    );
}
