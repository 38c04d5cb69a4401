//! Whether a service is there at all, and whether anybody wants tasks of it.

use super::draft::{Draft, Rank, Topic};
use super::scene::Scene;
use super::symptom::Symptom;
use crate::platform::{ServiceStatus, Severity, Subject};

/// So many services that are not there are told one by one. Of more, it is the platform file, the cluster or the account
/// that is wrong, and one finding says so.
const EACH: usize = 3;

/// Services that AWS does not know.
pub(super) fn missing<'a>(scene: &Scene<'a>, drafts: &mut Vec<Draft<'a>>) {
    if scene.is_elsewhere() {
        return;
    }
    let services = scene.platform.services.len();
    let lost: Vec<usize> = (0..services).filter(|i| scene.is_missing(Subject::Service(*i))).collect();
    if lost.len() <= EACH {
        drafts.extend(lost.into_iter().filter_map(|i| not_found(scene, i)));
        return;
    }
    let first: Vec<String> = lost.iter().take(EACH).map(|i| scene.called(*i)).collect();
    let title = format!("{} of {services} services not found", lost.len());
    drafts.push(
        Draft::new(Topic::Own, Severity::Critical, Subject::Platform, "services/missing", title)
            .evidence(format!("{} and {} more", first.join(", "), lost.len() - EACH))
            .note(ELSEWHERE),
    );
}

const ELSEWHERE: &str = "deleted, or another account or region";

fn not_found<'a>(scene: &Scene<'a>, i: usize) -> Option<Draft<'a>> {
    let (spec, picture) = scene.service(i)?;
    let subject = Subject::Service(i);
    let why = picture.state.trouble().map_or_else(
        || format!("no such service in cluster {}", spec.cluster),
        |trouble| trouble.why.trim_end_matches('.').to_owned(),
    );
    let (id, title) = (format!("tasks/{}", scene.path(subject)), format!("service {} not found", scene.called(i)));
    let draft = Draft::new(Topic::Tasks(i), Severity::Critical, subject, id, title).rank(Rank::Headline);
    Some(draft.symptom(Symptom::TasksDown).evidence(why).note(ELSEWHERE))
}

/// What ECS says of one that is there.
pub(super) fn look<'a>(scene: &Scene<'a>, i: usize, drafts: &mut Vec<Draft<'a>>) {
    let Some((_, picture)) = scene.service(i) else { return };
    let subject = Subject::Service(i);
    if scene.is_missing(subject) {
        return;
    }
    let (path, name) = (scene.path(subject), scene.called(i));
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
