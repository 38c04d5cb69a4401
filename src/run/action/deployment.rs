//! What became of one deployment, told from looks at its service: pure, so that every ending can be tested.

use std::fmt::Write as _;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::platform::{Deployment, Health, Rollout, Service, ServiceStatus, Task};
use crate::run::action::awaited::Waits;
use crate::run::{Ending, Superseder};

/// `DescribeServices` may show for this long what was before `UpdateService`.
const LAG: Duration = Duration::from_secs(30);
/// A deployment that was given up and is to be rolled back is followed by its rollback within this time.
const ROLLBACK_BEGINS: Duration = Duration::from_mins(1);
/// So many failed tasks are no accident.
const FAILING: u32 = 2;
/// A log that is empty so often stays empty.
const LOG_ASKED: u32 = 4;

/// The name under which a step says which deployment is still to be seen.
pub(in crate::run) const AWAITED: &str = "awaited";

/// A deployment that ECS took the request for and did not show in its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Awaited {
    /// The deployment in whose place it comes.
    pub(super) after: String,
    /// The revision that it is of; any if none was asked for.
    pub(super) revision: Option<u32>,
}

impl Awaited {
    /// It, in a look at the service: the primary one, or one that was given up meanwhile.
    fn find<'s>(&self, service: &'s Service) -> Option<&'s Deployment> {
        let fits = |d: &&Deployment| d.id != self.after && self.revision.is_none_or(|n| d.revision.number == Some(n));
        let primary = service.primary().filter(fits);
        primary.or_else(|| service.deployments.iter().filter(fits).find(|d| d.rollout == Rollout::Failed))
    }
}

/// The deployment that a run made, or found and changed.
#[derive(Clone, Debug, Default)]
pub(super) struct Followed {
    /// Its id: `ecs-svc/…`.
    pub(super) id: String,
    /// The number of tasks that the run asked for, if it asked for one.
    pub(super) wanted: Option<u32>,
    /// Its id is not known yet: this is what is known.
    pub(super) awaited: Option<Awaited>,
    seen: bool,
    /// Since when nothing but ECS's word has been missing.
    only_ecs: Option<Duration>,
    /// Tasks of other deployments that were told to stop and had not stopped, when anybody looked.
    draining: u32,
    /// Its tasks have health checks; `None` until somebody looked.
    pub(super) checked: Option<bool>,
    /// When it was first seen to have been given up.
    given_up: Option<Duration>,
    /// The newest event at the first look: what came later is of this deployment's time, by ECS's own clock.
    heard: Option<Timestamp>,
    /// The deployment that ECS rolls back with.
    rollback: Option<String>,
    /// The deployment is an old one: the number of its tasks is all that this run set.
    pub(super) only_number: bool,
    /// ECS has shown the number that this run set: another number is no lag any more.
    counted: bool,
    /// What changed the number from the one that this run set, where that is known.
    pub(super) by: Option<Superseder>,
    /// Why it was given up, in ECS's words.
    reason: Option<String>,
    /// The first of its tasks that failed, and why.
    first_failed: Option<String>,
    /// That task, for its log.
    first_task: Option<Task>,
    /// What it wrote last, in words.
    log: Option<String>,
    /// How often its log was asked for in vain.
    log_asked: u32,
    /// Failed tasks that were seen, by their ids.
    failed: Vec<String>,
}

/// What one look says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Verdict {
    /// It goes on.
    Going {
        text: String,
        fraction: Option<f64>,
        /// All its tasks run: what is known of what it waits for.
        waits: Option<Waits>,
    },
    /// The counts are right: are the tasks healthy too?
    Steady(String),
    /// It is over.
    Over(Ending, String),
}

impl Followed {
    pub(super) fn new(id: &str, wanted: Option<u32>) -> Followed {
        Followed { id: id.to_owned(), wanted, ..Followed::default() }
    }

    /// Takes note of tasks that stopped; those that stopped before the run began are not passed here.
    pub(super) fn stopped(&mut self, tasks: &[Task]) {
        let drains = |task: &&Task| task.started_by.as_deref() != Some(&self.id) && task.last_status != "STOPPED";
        self.draining = tasks.iter().filter(drains).count() as u32;
        let mut failed: Vec<&Task> =
            tasks.iter().filter(|t| t.started_by.as_deref() == Some(&self.id) && t.failed()).collect();
        failed.sort_by_key(|task| task.stopped_at);
        for task in failed {
            if !self.failed.contains(&task.id) {
                self.failed.push(task.id.clone());
            }
            if self.first_failed.is_none() {
                let why = task.why_stopped().unwrap_or_else(|| "no reason is given".to_owned());
                self.first_failed = Some(format!("first failed task {}: {why}", task.id));
                self.first_task = Some(task.clone());
            }
        }
    }

    /// What a deployment waits for whose tasks all run.
    pub(super) fn awaits(&mut self, waits: Waits, tasks: &[Task], elapsed: Duration) -> String {
        if let Some(words) = waits.for_tasks(&self.id, tasks) {
            self.only_ecs = None;
            return words;
        }
        waits.for_ecs(elapsed.saturating_sub(*self.only_ecs.get_or_insert(elapsed)))
    }

    /// The failed task whose log is still to be read.
    pub(super) fn wants_log_of(&self) -> Option<Task> {
        self.first_task.clone().filter(|_| self.log.is_none() && self.log_asked < LOG_ASKED)
    }

    /// What its log said; a log that stays empty is said to be.
    pub(super) fn logged(&mut self, words: Option<String>) {
        self.log_asked += 1;
        let empty = || (self.log_asked >= LOG_ASKED).then(|| "it wrote no log".to_owned());
        self.log = words.or_else(empty);
    }

    /// The second failed task is no accident: what the first one wrote is worth a line of its own.
    pub(super) fn failing_log(&self) -> Option<&str> {
        self.log.as_deref().filter(|_| self.failed.len() as u32 >= FAILING)
    }

    /// Why the first task failed is known.
    pub(super) fn knows_why(&self) -> bool {
        self.first_failed.is_some()
    }

    /// ECS counts more failed tasks than were seen: their reasons are worth asking for now.
    pub(super) fn has_more_failed_than_seen(&self, service: &Service) -> bool {
        let own = service.deployments.iter().find(|d| d.id == self.id);
        own.is_some_and(|own| self.count_failed(own) > self.failed.len() as u32)
    }

    /// Judges one look, `elapsed` after the first.
    pub(super) fn judge(&mut self, service: &Service, elapsed: Duration) -> Verdict {
        if !matches!(service.status, ServiceStatus::Active) {
            return Verdict::Over(
                Ending::FailedBefore,
                "the service is being deleted, or is no longer there".to_owned(),
            );
        }
        self.heard.get_or_insert_with(|| newest(service));
        let Some(primary) = service.primary() else {
            return going("ECS names no primary deployment yet");
        };
        if let Some(awaited) = &self.awaited {
            if let Some(found) = awaited.find(service) {
                self.id.clone_from(&found.id);
                self.awaited = None;
            } else if primary.id == awaited.after {
                return going(&format!(
                    "ECS shows the deployment of {} still, not yet that of this run",
                    primary.revision
                ));
            }
        }
        if primary.id == self.id {
            self.seen = true;
            return self.judge_own(service, primary, elapsed);
        }
        self.judge_other(service, primary, elapsed)
    }

    fn judge_own(&mut self, service: &Service, own: &Deployment, elapsed: Duration) -> Verdict {
        if own.rollout == Rollout::Failed {
            self.reason.clone_from(&own.rollout_reason);
            let since = *self.given_up.get_or_insert(elapsed);
            let rolls_back = service.circuit_breaker.is_some_and(|breaker| breaker.enabled && breaker.rollback);
            if rolls_back && elapsed.saturating_sub(since) < ROLLBACK_BEGINS {
                return going("ECS has given the deployment up and is about to roll back");
            }
            let words = self
                .with_reasons(&format!("ECS gave up the deployment of {} and put nothing in its place", own.revision));
            return Verdict::Over(Ending::DeploymentFailed, words);
        }
        let changed = self.wanted.filter(|wanted| *wanted != service.desired);
        self.counted |= changed.is_none();
        if let Some(wanted) = changed
            && !self.counted
            && elapsed < LAG
        {
            return going(&format!("ECS still shows {} tasks wanted, not {wanted}", service.desired));
        }
        let failed = self.count_failed(own);
        let breaker = service.circuit_breaker.is_some_and(|breaker| breaker.enabled);
        if let Some(wanted) = changed.filter(|_| self.only_number) {
            return Verdict::Over(Ending::Superseded, self.changed_number(service, wanted));
        }
        if failed >= FAILING && (!breaker || self.only_scaled(own)) {
            let (why, then) = if breaker {
                ("the circuit breaker watches only deployments, not a change of the number", "set the number back")
            } else {
                ("there is no circuit breaker", "roll back, or stop it")
            };
            let words = format!(
                "{failed} tasks of {} have failed and {why}: ECS goes on trying for ever; {then}",
                own.revision
            );
            return Verdict::Over(Ending::KeepsFailing, self.with_reasons(&words));
        }
        let others: u32 = service.deployments.iter().filter(|d| d.id != self.id).map(|d| d.running + d.pending).sum();
        let counts = own.running == service.desired && own.pending == 0 && others == 0;
        let mut text = format!("{} of {} tasks of {} run", own.running, service.desired, own.revision);
        if counts && own.rollout != Rollout::InProgress {
            if let Some(wanted) = changed {
                let _ = write!(text, "; {}", self.changed_number(service, wanted));
            }
            return Verdict::Steady(text);
        }
        let fraction = (service.desired > 0).then(|| (f64::from(own.running) / f64::from(service.desired)).min(1.0));
        if own.running >= service.desired && own.pending == 0 && failed == 0 {
            let waits = Waits {
                surplus: own.running - service.desired,
                old: others,
                draining: self.draining,
                checked: self.checked.unwrap_or_default(),
                bake_minutes: service.bake_minutes,
            };
            return Verdict::Going { text, fraction, waits: Some(waits) };
        }
        self.only_ecs = None;
        let text = self.with_obstacles(text, service, own, failed, others);
        Verdict::Going { text, fraction, waits: None }
    }

    /// A circuit breaker watches deployments: where only the number of tasks changed, nothing ends it.
    fn only_scaled(&self, own: &Deployment) -> bool {
        self.only_number && own.rollout == Rollout::Completed
    }

    /// How many run, and what keeps the others from it.
    fn with_obstacles(
        &self,
        mut text: String,
        service: &Service,
        own: &Deployment,
        failed: u32,
        others: u32,
    ) -> String {
        if own.pending > 0 {
            let _ = write!(text, ", {} starting", own.pending);
        }
        if others > 0 {
            let _ = write!(text, ", {others} old");
        }
        if own.running + own.pending < service.desired
            && let Some(why) = self.what_is_in_the_way(service)
        {
            let _ = write!(text, "; ECS: {why}");
        }
        if failed > 0 {
            let _ = write!(text, ", {failed} failed");
            if let Some(first) = &self.first_failed {
                let _ = write!(text, " ({first})");
            }
            let watching = service.circuit_breaker.filter(|breaker| breaker.enabled && !self.only_scaled(own));
            let then = match watching {
                Some(breaker) if breaker.rollback => "the circuit breaker rolls back",
                Some(_) => "the circuit breaker gives it up, without rolling back",
                None => "nothing ends it",
            };
            let _ = write!(text, "; if that goes on {then}");
        }
        text
    }

    /// The number is not this run's any more, and whose it is: auto scaling tells ECS why, all others don't.
    fn changed_number(&mut self, service: &Service, wanted: u32) -> String {
        let since = self.heard.unwrap_or(Timestamp::MIN);
        let later = service.events.iter().filter(|event| event.at > since);
        let scaled = later.filter_map(|event| Some((event.at, event.scaled()?)));
        let now = service.desired.to_string();
        let by = match scaled.filter(|(_, (count, _))| *count == now).max_by_key(|(at, _)| *at) {
            Some((_, (_, cause))) => {
                let bound = if service.desired < wanted {
                    "minimum, under no lower maximum"
                } else {
                    "maximum, over no higher minimum"
                };
                self.by = Some(Superseder::AutoScaling);
                format!("auto scaling: {cause}; to hold {wanted}, scale again with that as its {bound}")
            }
            None => "something else than this run".to_owned(),
        };
        format!("the number was changed from the {wanted} of this run to {} by {by}", service.desired)
    }

    /// ECS's own count is of one deployment, and only while it rolls; tasks that were seen are of this run.
    fn count_failed(&self, own: &Deployment) -> u32 {
        let counted = if own.rollout == Rollout::InProgress { own.failed } else { 0 };
        counted.max(self.failed.len() as u32)
    }

    fn judge_other(&mut self, service: &Service, primary: &Deployment, elapsed: Duration) -> Verdict {
        let own = service.deployments.iter().find(|d| d.id == self.id);
        if let Some(own) = own.filter(|own| own.rollout == Rollout::Failed) {
            self.reason.clone_from(&own.rollout_reason);
            self.given_up.get_or_insert(elapsed);
            self.rollback.get_or_insert_with(|| primary.id.clone());
        } else if self.rollback.is_none() && (self.given_up.is_some() || self.was_given_up(service)) {
            self.rollback = Some(primary.id.clone());
        }
        if self.rollback.as_ref() == Some(&primary.id) {
            return self.judge_rollback(service, primary);
        }
        if !self.seen && own.is_none() && elapsed < LAG {
            return going("ECS does not show the deployment yet");
        }
        let words = format!(
            "deployment {} of {} took the place of {}, which this run made",
            primary.id, primary.revision, self.id
        );
        Verdict::Over(Ending::Superseded, words)
    }

    /// Why ECS starts no tasks, in its own newest words.
    fn what_is_in_the_way<'s>(&self, service: &'s Service) -> Option<&'s str> {
        let since = self.heard?;
        let told = service.events.iter().filter(|event| event.at > since && event.message.contains("was unable to"));
        let message = &told.max_by_key(|event| event.at)?.message;
        let start = message.find("was unable to")?;
        // After its reason ECS tells where to read on.
        Some(message[start..].split(" Please try").next()?.split(" For more information").next()?.trim_end_matches('.'))
    }

    /// A deployment that is gone from the list is remembered in the service's events.
    fn was_given_up(&self, service: &Service) -> bool {
        let named = format!("(deployment {})", self.id);
        service.events.iter().any(|event| event.message.contains(&named) && event.message.contains("deployment failed"))
    }

    fn judge_rollback(&self, service: &Service, rollback: &Deployment) -> Verdict {
        match rollback.rollout {
            Rollout::Failed => {
                let words = format!("ECS gave the deployment up, and its rollback to {} failed too", rollback.revision);
                Verdict::Over(Ending::RollbackFailed, self.with_reasons(&words))
            }
            Rollout::Completed if rollback.running == service.desired => {
                let words = format!("ECS gave the deployment up and rolled back to {}, which runs", rollback.revision);
                Verdict::Over(Ending::RolledBackByEcs, self.with_reasons(&words))
            }
            _ => Verdict::Going {
                text: format!(
                    "ECS is rolling back to {}: {} of {} tasks run",
                    rollback.revision, rollback.running, service.desired
                ),
                fraction: None,
                waits: None,
            },
        }
    }

    /// These words, and all that is known of why.
    pub(super) fn with_reasons(&self, words: &str) -> String {
        [Some(words), self.reason.as_deref(), self.first_failed.as_deref(), self.log.as_deref()]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" · ")
    }
}

fn newest(service: &Service) -> Timestamp {
    service.events.iter().map(|event| event.at).max().unwrap_or(Timestamp::MIN)
}

fn going(text: &str) -> Verdict {
    Verdict::Going { text: text.to_owned(), fraction: None, waits: None }
}

/// Why running tasks are not healthy yet; `None` if they are. Where one task has a health check, all have.
pub(super) fn unhealthy(tasks: &[Task]) -> Option<String> {
    let running: Vec<&Task> = tasks.iter().filter(|task| !task.is_stopped()).collect();
    let count = |health: Health| running.iter().filter(|task| task.health == health).count();
    let (healthy, bad) = (count(Health::Healthy), count(Health::Unhealthy));
    if bad > 0 {
        return Some(format!("{bad} of {} tasks are unhealthy", running.len()));
    }
    (healthy > 0 && healthy < running.len()).then(|| format!("{healthy} of {} tasks are healthy", running.len()))
}

#[cfg(test)]
#[path = "deployment_tests.rs"]
mod tests;
