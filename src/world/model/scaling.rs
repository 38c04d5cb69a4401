//! Application Auto Scaling of a service: two target-tracking policies within bounds.

use fastrand::Rng;

use super::metric::Metrics;
use super::names;
use super::service::Service;
use crate::platform::{Rollout, Statistic, Suspended};

/// One target-tracking policy.
#[derive(Clone, Debug)]
pub struct Policy {
    pub name: String,
    /// `CPUUtilization` or `MemoryUtilization`.
    pub metric: &'static str,
    /// Percent.
    pub target: f64,
}

/// What auto scaling did.
#[derive(Clone, Debug)]
pub struct Activity {
    pub id: String,
    pub at: i64,
    pub description: String,
    pub cause: String,
}

#[derive(Clone, Debug)]
pub struct Scaling {
    pub min: u32,
    pub max: u32,
    pub created: i64,
    pub suspended: Suspended,
    /// Bounds were set since it last looked: a count outside them is moved for that alone.
    pub bounds_set: bool,
    pub policies: Vec<Policy>,
    /// Newest first.
    pub activities: Vec<Activity>,
    /// When it last scaled out and in.
    last_out: i64,
    last_in: i64,
}

/// Seconds after scaling out before it may scale out again, and after any before it may scale in.
const COOLDOWN_OUT: i64 = 60;
const COOLDOWN_IN: i64 = 300;
/// Minutes above the target before it scales out, and below nine tenths of it before it scales in.
pub const MINUTES_OUT: i64 = 3;
pub const MINUTES_IN: i64 = 15;
const ACTIVITIES_KEPT: usize = 50;

impl Scaling {
    pub fn new(min: u32, max: u32, created: i64) -> Scaling {
        let policy = |name: &str, metric, target| Policy { name: name.to_owned(), metric, target };
        Scaling {
            min,
            max,
            created,
            suspended: Suspended::default(),
            bounds_set: true,
            policies: vec![
                policy("cpu-target-tracking", "CPUUtilization", 65.0),
                policy("memory-target-tracking", "MemoryUtilization", 75.0),
            ],
            activities: Vec::new(),
            last_out: 0,
            last_in: 0,
        }
    }
}

/// `service/CLUSTER/NAME`.
pub fn resource_id(service: &Service) -> String {
    format!("service/{}/{}", service.cluster, service.name)
}

impl Service {
    /// Looks at the metrics, as auto scaling's own alarms do once a minute.
    pub fn scale(&mut self, now: i64, metrics: &Metrics, rng: &mut Rng) {
        let Some(scaling) = &mut self.scaling else { return };
        if scaling.suspended.is_whole() || self.desired == 0 {
            return;
        }
        let (desired, min, max) = (self.desired, scaling.min, scaling.max);
        if std::mem::take(&mut scaling.bounds_set) && !(min..=max).contains(&desired) {
            let (bound, which) = if desired < min { (min, "minimum") } else { (max, "maximum") };
            self.set_scaled(now, bound, format!("{which} capacity was set to {bound}"), rng);
            return;
        }
        let Some(scaling) = &self.scaling else { return };
        let end = (now - super::metric::PUBLISHED_AFTER).div_euclid(60) * 60;
        let mut out = None;
        let mut inward = None;
        // Application Auto Scaling does not scale in while a deployment is under way.
        let mut may_go_in = self.deployments.len() == 1 && self.deployments[0].rollout == Rollout::Completed;
        for policy in &scaling.policies {
            let meters = self.traffic.meters;
            let series = &metrics.series[if policy.metric == "CPUUtilization" { meters.cpu } else { meters.memory }];
            let minute = |back: i64| series.over(end - back * 60, 60, now).map(|d| d.statistic(Statistic::Average));
            let Some(latest) = minute(1) else {
                may_go_in = false;
                continue;
            };
            let wanted = (f64::from(desired) * latest / policy.target).ceil() as u32;
            if (1..=MINUTES_OUT).all(|back| minute(back).is_some_and(|v| v > policy.target)) {
                if out.as_ref().is_none_or(|(most, _)| wanted > *most) {
                    out = Some((wanted, alarm_cause(&resource_id(self), policy, "AlarmHigh")));
                }
            } else if wanted.clamp(min, max) < desired
                && (1..=MINUTES_IN).all(|back| minute(back).is_some_and(|v| v < policy.target * 0.9))
            {
                if inward.as_ref().is_none_or(|(most, _)| wanted > *most) {
                    inward = Some((wanted, alarm_cause(&resource_id(self), policy, "AlarmLow")));
                }
            } else {
                may_go_in = false;
            }
        }
        let (suspended, last_out, last_in) = (scaling.suspended, scaling.last_out, scaling.last_in);
        // A number that somebody set outside the bounds stays until load asks for another: scaling out brings one below
        // the minimum to at least that, scaling in one above the maximum to at most that (ECS Developer Guide, "Service
        // auto scaling").
        if let Some((wanted, cause)) = out {
            let wanted = wanted.clamp(min, max);
            if wanted > desired && !suspended.scale_out && now - last_out >= COOLDOWN_OUT {
                self.set_scaled(now, wanted, cause, rng);
            }
        } else if may_go_in
            && let Some((wanted, cause)) = inward
            && wanted.clamp(min, max) < desired
            && !suspended.scale_in
            && now - last_out.max(last_in) >= COOLDOWN_IN
        {
            self.set_scaled(now, wanted.clamp(min, max), cause, rng);
        }
    }

    fn set_scaled(&mut self, now: i64, desired: u32, cause: String, rng: &mut Rng) {
        let up = desired > self.desired;
        self.desired = desired;
        self.steady_since = None;
        let message = format!(
            "Message: Successfully set desired count to {desired}. Change successfully fulfilled by ecs. Cause: {cause}"
        );
        self.tell(rng, now, &message);
        if let Some(scaling) = &mut self.scaling {
            if up {
                scaling.last_out = now;
            } else {
                scaling.last_in = now;
            }
            let description = format!("Setting desired count to {desired}.");
            scaling.activities.insert(0, Activity { id: names::uuid(rng), at: now, description, cause });
            scaling.activities.truncate(ACTIVITIES_KEPT);
        }
    }
}

fn alarm_cause(resource: &str, policy: &Policy, alarm: &str) -> String {
    format!("monitor alarm TargetTracking-{resource}-{alarm} in state ALARM triggered policy {}", policy.name)
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::world::model::{Change, Scenario, World};

    const SERVICE: &str = "analytics-api";

    fn calm() -> World {
        let start = "2026-11-24T15:12:37Z".parse().unwrap();
        World::new(&Scenario::named("calm").unwrap(), 7, start)
    }

    /// How many tasks are wanted after so many seconds more.
    fn wanted(world: &mut World, seconds: i64) -> u32 {
        let now = jiff::Timestamp::from_second(world.now).unwrap();
        world.advance(now + SignedDuration::from_secs(seconds));
        world.tasks(SERVICE).unwrap().0
    }

    fn set(world: &mut World, count: u32) {
        world.apply(Change::SetDesired { service: SERVICE.to_owned(), count });
    }

    fn bounds(world: &mut World, min: u32, suspended: Suspended) {
        world.apply(Change::Scalable { service: SERVICE.to_owned(), min, max: 6, suspended });
    }

    #[test]
    fn a_number_beyond_the_bounds_waits_for_load_to_ask_for_another() {
        let mut world = calm();
        set(&mut world, 9);
        assert_eq!(wanted(&mut world, 180), 6, "there is little load: it scales in, to the maximum first");

        let mut world = calm();
        bounds(&mut world, 3, Suspended::default());
        wanted(&mut world, 120);
        set(&mut world, 2);
        assert_eq!(wanted(&mut world, 60), 2, "below the minimum until load asks for more");
    }

    #[test]
    fn bounds_that_are_set_move_a_number_outside_them() {
        let mut world = calm();
        bounds(&mut world, 4, Suspended::default());
        assert_eq!(wanted(&mut world, 120), 4);
        let told = &world.services[0].events;
        assert!(told.iter().any(|event| event.message.ends_with("Cause: minimum capacity was set to 4")));
    }

    #[test]
    fn scaling_in_is_suspended_alone() {
        let mut world = calm();
        bounds(&mut world, 1, Suspended { scale_in: true, ..Suspended::default() });
        set(&mut world, 9);
        assert_eq!(wanted(&mut world, 600), 9);
        bounds(&mut world, 1, Suspended::default());
        assert!(wanted(&mut world, 180) <= 6);
    }
}
