//! What could go wrong with a change of a service.

use super::{Place, UpdateService};
use crate::platform::{Level, Picture, Role, Scaling, Service, Subject};
use crate::run::Context;

pub(in crate::run::action) const OUTAGE: &str = "no task will run: this is an outage";

impl UpdateService {
    /// What fewer tasks have to carry, where those that run have more than they should.
    pub(super) fn load_on_fewer(&self, context: &Context, service: &Service, picture: &Picture) -> Option<String> {
        let platform = &context.platform;
        self.desired_count.filter(|count| *count < service.desired)?;
        let index = platform.services.iter().position(|spec| Place::from(spec) == self.place)?;
        let past = |role: Role| {
            let (i, gauge) = platform.gauge(Subject::Service(index), role)?;
            let (point, level) = picture.reading(i, gauge)?;
            let target = gauge.target.filter(|_| level == Some(Level::Past))?;
            Some(format!("{} is {}, target {}", gauge.title, gauge.unit.show(point.value), target.show(gauge.unit)))
        };
        let load: Vec<String> = [Role::Cpu, Role::Memory].into_iter().filter_map(past).collect();
        (!load.is_empty()).then(|| format!("{}: fewer tasks make it worse", load.join(" and ")))
    }

    pub(super) fn warnings(&self, service: &Service, scaling: Option<&Scaling>) -> Vec<String> {
        let mut warnings = Vec::new();
        if let Some(count) = self.desired_count {
            if count == 0 && service.desired > 0 {
                warnings.push(OUTAGE.to_owned());
            }
            if let Some(Scaling { min, max, suspended }) = scaling
                && !suspended.is_whole()
            {
                let (min, max) = (&self.moved.min.unwrap_or(*min), &self.moved.max.unwrap_or(*max));
                let outside = |takes: &str| {
                    format!(
                        "{count} is outside auto scaling's bounds ({min}–{max}): ECS takes it, and auto scaling {takes}; move the bounds first"
                    )
                };
                warnings.push(if count == 0 {
                    format!(
                        "auto scaling ({min}–{max}) starts no task from none by CPU or memory: there is nothing to measure; to have tasks again, scale"
                    )
                } else if count > *max {
                    outside(&format!("changes it to {max} when it next scales in, usually within minutes"))
                } else if count < *min {
                    outside(&format!("changes it to {min} when it next scales out"))
                } else if count == *max && count == service.desired {
                    format!("auto scaling is at its maximum of {max} already: for more tasks, set the maximum too")
                } else {
                    let then = if count > service.desired {
                        format!("it soon takes back what the load does not need; a minimum of {count} would hold it")
                    } else {
                        "it adds tasks again when the load asks for them".to_owned()
                    };
                    format!("auto scaling ({min}–{max}) stays in charge: {then}")
                });
            }
        }
        let tasks = self.desired_count.unwrap_or(service.desired);
        let replaces = self.task_definition.is_some() || self.registered || self.force_new_deployment;
        if replaces && service.stops_before_it_starts() && tasks == 1 {
            warnings.push("minimum healthy percent is 0 and there is one task: nobody is served from its stop until the new one is healthy".to_owned());
        }
        if replaces && !service.circuit_breaker.is_some_and(|breaker| breaker.enabled) {
            warnings
                .push("there is no deployment circuit breaker: if the new tasks fail, ECS tries for ever".to_owned());
        }
        if service.is_deploying()
            && let Some(primary) = service.primary()
        {
            warnings.push(format!(
                "a deployment of {} ({}) is in progress; it is not this run's",
                primary.revision, primary.id
            ));
        }
        warnings
    }
}
