//! Application Auto Scaling of a service: two target-tracking policies within bounds.

use fastrand::Rng;

use super::metric::Metrics;
use super::names;
use super::service::Service;
use crate::platform::{Rollout, Statistic};

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
    pub suspended: bool,
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
            suspended: false,
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
        let Some(scaling) = &self.scaling else { return };
        if scaling.suspended || self.desired == 0 {
            return;
        }
        let desired = self.desired;
        if desired < scaling.min || desired > scaling.max {
            let bounded = desired.clamp(scaling.min, scaling.max);
            let resource = resource_id(self);
            let cause = format!("scalable target bounds of {resource} are {} to {}", scaling.min, scaling.max);
            self.set_scaled(now, bounded, cause, rng);
            return;
        }
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
            } else if wanted.max(scaling.min) < desired
                && (1..=MINUTES_IN).all(|back| minute(back).is_some_and(|v| v < policy.target * 0.9))
            {
                if inward.as_ref().is_none_or(|(most, _)| wanted > *most) {
                    inward = Some((wanted, alarm_cause(&resource_id(self), policy, "AlarmLow")));
                }
            } else {
                may_go_in = false;
            }
        }
        let (min, max, last_out, last_in) = (scaling.min, scaling.max, scaling.last_out, scaling.last_in);
        if let Some((wanted, cause)) = out {
            if wanted.min(max) > desired && now - last_out >= COOLDOWN_OUT {
                self.set_scaled(now, wanted.min(max), cause, rng);
            }
        } else if may_go_in
            && let Some((wanted, cause)) = inward
            && wanted.max(min) < desired
            && now - last_out.max(last_in) >= COOLDOWN_IN
        {
            self.set_scaled(now, wanted.max(min), cause, rng);
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
