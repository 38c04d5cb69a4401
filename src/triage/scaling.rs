//! Auto scaling that can do no more, is switched off, or will take a number back.

use super::draft::{Draft, Rank, Topic};
use super::scene::Scene;
use super::symptom::Symptom;
use crate::platform::{Level, Role, ServiceStatus, Severity, Subject};

pub(super) fn look<'a>(scene: &Scene<'a>, i: usize, drafts: &mut Vec<Draft<'a>>) {
    let Some((_, picture)) = scene.service(i) else { return };
    let (Some(service), Some(Some(scaling))) = (picture.state.value(), picture.scaling.value()) else { return };
    if service.status != ServiceStatus::Active || scene.is_missing(Subject::Service(i)) {
        return;
    }
    let subject = Subject::Service(i);
    let (path, name) = (scene.path(subject), scene.called(i));
    let suspended = scaling.suspended;
    if let Some(what) = suspended.word() {
        let desired = service.desired;
        let meaning = match (suspended.scale_in, suspended.scale_out) {
            (true, true) => format!("stays at {desired} tasks whatever the load"),
            (true, false) => format!("{desired} tasks: adds more under load, takes none away"),
            (false, true) => format!("{desired} tasks: adds none whatever the load, takes away what it does not need"),
            (false, false) => "its schedule does not move its bounds; load still scales it".to_owned(),
        };
        drafts.push(
            Draft::new(
                Topic::Own,
                Severity::Notice,
                subject,
                format!("scaling/{path}"),
                format!("{what} of {name} is suspended"),
            )
            .evidence(meaning),
        );
    }
    if !suspended.is_whole() && service.desired > 0 && !(scaling.min..=scaling.max).contains(&service.desired) {
        drafts.push(
            Draft::new(
                Topic::Own,
                Severity::Notice,
                subject,
                format!("bounds/{path}"),
                format!("{name} is outside its auto scaling bounds"),
            )
            .evidence(format!(
                "desired {}, bounds {}–{}: auto scaling may change it back",
                service.desired, scaling.min, scaling.max
            )),
        );
    }
    if service.desired >= scaling.max && service.desired > 0 {
        at_maximum(scene, subject, service.desired, drafts);
    }
}

fn at_maximum<'a>(scene: &Scene<'a>, subject: Subject, desired: u32, drafts: &mut Vec<Draft<'a>>) {
    let Some((index, gauge)) = scene.subjects.role(subject, Role::Cpu) else { return };
    let (Some(target), Some(point)) = (gauge.target, scene.fresh_point(index)) else { return };
    if target.level(point.value) == Level::Past {
        drafts.push(
            Draft::new(
                Topic::metric(&gauge.query),
                Severity::Warning,
                subject,
                format!("maximum/{}", scene.path(subject)),
                format!("auto scaling of {} is at its maximum", scene.name(subject)),
            )
            .rank(Rank::Headline)
            .symptom(Symptom::Cpu)
            .note(format!("auto scaling at its maximum of {desired}")),
        );
    }
}
