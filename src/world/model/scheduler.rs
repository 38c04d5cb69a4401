//! The ECS scheduler: starts and stops tasks until what runs is what is wanted.

use fastrand::Rng;

use super::ailment::Ailment;
use super::definition::{Definition, Repository};
use super::logs::Logs;
use super::names;
use super::service::{Deployment, GivenUp, Service};
use super::task::{Exit, Phase, Task};
use crate::platform::{DeploymentStatus, Health, Rollout};

/// What the scheduler has to know of the rest of the world.
pub struct Around<'a> {
    pub now: i64,
    pub rng: &'a mut Rng,
    pub definitions: &'a [Definition],
    pub repositories: &'a [Repository],
    /// Zones that tasks can be placed in.
    pub zones: &'a [String],
    /// The database that the services' health checks ask answers.
    pub database_serves: bool,
    pub logs: &'a mut Logs,
}

/// Health checks every 30 s, three in a row.
const UNHEALTHY_AFTER: i64 = 90;
/// Stopped tasks can be described for an hour.
const STOPPED_KEPT: i64 = 3_600;
/// ECS tells again that all is well when nothing has happened for this long.
const STEADY_AGAIN: i64 = 6 * 3_600;

impl Service {
    /// One tick of the scheduler.
    pub fn schedule(&mut self, around: &mut Around, seconds: i64) {
        let now = around.now;
        self.tasks.retain(|t| t.stopped.is_none_or(|at| now - at < STOPPED_KEPT));
        if !self.active {
            return;
        }
        self.live_tasks(around, seconds);
        self.break_circuit(around);
        self.stop_tasks(around);
        self.start_tasks(around);
        self.settle(around);
    }

    /// Each task lives on for one tick: phases, health, crashes.
    fn live_tasks(&mut self, around: &mut Around, seconds: i64) {
        let now = around.now;
        let mut failures: Vec<(String, bool)> = Vec::new();
        let (mut unhealthy, mut unreached): (Vec<String>, Vec<String>) = Default::default();
        let balanced = self.target_group.is_some();
        let mut registered = 0;
        for task in &mut self.tasks {
            if task.progress(now, around.rng) {
                around.logs.started(now, &self.name, &self.container, task);
            }
            if task.phase != Phase::Running {
                continue;
            }
            if let Some(Ailment::LeaksMemory(rate)) = task.ailment {
                task.leaked_memory += rate * seconds as f64 / 60.0;
            }
            if let Some(exit) = due_exit(task, now, &around.definitions[task.definition]) {
                around.logs.ended(now, &self.name, &self.container, task, &exit);
                failures.push((task.deployment.clone(), task.proven));
                task.end(now, exit);
                continue;
            }
            task.cut_off = !around.zones.contains(&task.zone);
            if around.database_serves && !task.cut_off {
                task.failing_since = None;
                if task.health != Health::Healthy && now >= task.until {
                    task.health = Health::Healthy;
                    registered += u32::from(!task.proven);
                    task.proven = true;
                }
            } else {
                let since = *task.failing_since.get_or_insert(now);
                if now - since < UNHEALTHY_AFTER {
                    continue;
                }
                if task.cut_off {
                    // Its health stays what ECS heard last: only who asks it from outside notices.
                    if balanced {
                        failures.push((task.deployment.clone(), task.proven));
                        unreached.push(task.id.clone());
                    }
                } else if task.health != Health::Unhealthy {
                    task.health = Health::Unhealthy;
                    failures.push((task.deployment.clone(), task.proven));
                    unhealthy.push(task.id.clone());
                }
            }
        }
        for (id, proven) in failures {
            self.steady_since = None;
            if let Some(deployment) = self.deployments.iter_mut().find(|d| d.id == id)
                && !proven
                && deployment.rollout == Rollout::InProgress
            {
                deployment.failed += 1;
                deployment.updated = now;
            }
            self.hold_back(&id, around);
        }
        if registered > 0
            && let Some(group) = self.target_group.clone()
        {
            self.tell(around.rng, now, &format!("registered {registered} targets in (target-group {group})"));
        }
        for id in unhealthy {
            self.tell(around.rng, now, &format!("(task {id}) failed container health checks."));
            self.stop(around, &[id], "Task failed container health checks");
        }
        for id in unreached {
            let group = self.target_group.clone().unwrap_or_default();
            let why = "due to (reason Request timed out)";
            self.tell(
                around.rng,
                now,
                &format!("(task {id}) (port 3000) is unhealthy in (target-group {group}) {why}."),
            );
            self.stop(around, &[id], &format!("Task failed ELB health checks in (target-group {group})"));
        }
    }

    /// Without a circuit breaker ECS starts failing tasks ever more slowly.
    fn hold_back(&mut self, deployment: &str, around: &mut Around) {
        let now = around.now;
        let slow = !self.breaker.enabled;
        let Some(found) = self.deployments.iter_mut().find(|d| d.id == deployment) else { return };
        if slow && found.failed >= 3 {
            found.wait_until = now + (15 << (found.failed - 3).min(6));
            if found.failed.is_multiple_of(3) {
                self.tell(
                    around.rng,
                    now,
                    "is unable to consistently start tasks successfully. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.",
                );
            }
        }
    }

    /// The deployment circuit breaker: gives up on a deployment whose tasks fail to start.
    fn break_circuit(&mut self, around: &mut Around) {
        let threshold = (self.desired / 2).clamp(3, 200);
        let now = around.now;
        let Some(primary) = self.deployments.first_mut() else { return };
        if !self.breaker.enabled || primary.rollout != Rollout::InProgress || primary.failed < threshold {
            return;
        }
        let rollback = self.breaker.rollback;
        self.give_up(around.rng, now, GivenUp::TasksFailed, rollback);
    }

    /// There is a completed deployment to go back to.
    pub fn can_go_back(&self) -> bool {
        self.deployments.iter().any(|d| d.rollout == Rollout::Completed)
    }

    /// Ends the deployment in progress without success, and puts the last completed one back if that is wanted.
    pub fn give_up(&mut self, rng: &mut Rng, now: i64, given_up: GivenUp, rollback: bool) {
        let (by, why) = (given_up.by(), given_up.why());
        let Some(primary) = self.deployments.first_mut() else { return };
        primary.rollout = Rollout::Failed;
        primary.updated = now;
        primary.finished = Some(now);
        primary.put_back = None;
        primary.reason = format!("{by}: {why}.");
        let failed = primary.id.clone();
        let back = self.deployments.iter().position(|d| d.rollout == Rollout::Completed);
        self.tell(rng, now, &format!("(deployment {failed}) deployment failed: {why}."));
        let Some(back) = back.filter(|_| rollback) else { return };
        let mut old = self.deployments.remove(back);
        old.status = DeploymentStatus::Primary;
        old.rollout = Rollout::InProgress;
        old.updated = now;
        old.failed = 0;
        old.put_back = Some(given_up);
        old.reason = format!("{by}: rolling back to deploymentId {}.", old.id);
        self.steady_since = None;
        self.tell(rng, now, &format!("rolling back to deployment {}.", old.id));
        if let Some(failed) = self.deployments.first_mut() {
            failed.status = DeploymentStatus::Active;
            failed.rolled_back_to = Some(old.id.clone());
        }
        self.deployments.insert(0, old);
    }

    /// Stops what is too much: older deployments' tasks as far as the minimum allows, then the newest of its own.
    fn stop_tasks(&mut self, around: &mut Around) {
        let Some((primary, given_up)) = self.primary().map(|d| (d.id.clone(), d.rollout == Rollout::Failed)) else {
            return;
        };
        let minimum = (self.desired * self.minimum_healthy).div_ceil(100) as usize;
        let mut healthy = self.tasks.iter().filter(|t| t.is_live() && t.health == Health::Healthy).count();
        if !given_up {
            let mut old = Vec::new();
            for task in self.tasks.iter().filter(|t| t.is_live() && t.deployment != primary) {
                let counts = task.health == Health::Healthy;
                if counts && healthy <= minimum {
                    continue;
                }
                healthy -= usize::from(counts);
                old.push(task.id.clone());
            }
            let what = format!("Scaling activity initiated by (deployment {primary})");
            self.stop(around, &old, &what);
        }
        let live: Vec<String> =
            self.tasks.iter().filter(|t| t.is_live() && t.deployment == primary).map(|t| t.id.clone()).collect();
        if live.len() > self.desired as usize {
            let what = format!("Scaling activity initiated by (deployment {primary})");
            self.stop(around, &live[self.desired as usize..], &what);
        }
    }

    /// Stops these tasks and says so.
    pub fn stop(&mut self, around: &mut Around, ids: &[String], why: &str) {
        if ids.is_empty() {
            return;
        }
        self.steady_since = None;
        let now = around.now;
        for task in self.tasks.iter_mut().filter(|t| ids.contains(&t.id)) {
            around.logs.stopping(now, &self.name, &self.container, task);
            task.stop(now, why.to_owned());
        }
        let count = ids.len();
        if let Some(group) = self.target_group.clone() {
            self.tell(around.rng, now, &format!("deregistered {count} targets in (target-group {group})"));
            self.tell(around.rng, now, &format!("has begun draining connections on {count} tasks."));
        }
        self.tell(around.rng, now, &format!("has stopped {count} running tasks: {}.", listed(ids)));
    }

    /// Starts what is missing, as far as the maximum allows.
    fn start_tasks(&mut self, around: &mut Around) {
        let now = around.now;
        let Some(primary) = self.primary() else { return };
        if now < primary.wait_until || primary.rollout == Rollout::Failed {
            return;
        }
        let (id, definition) = (primary.id.clone(), primary.definition);
        let maximum = (self.desired * self.maximum / 100) as usize;
        let all = self.tasks.iter().filter(|t| t.is_live()).count();
        let missing = (self.desired as usize).saturating_sub(self.live(&id));
        let mut count = missing.min(maximum.saturating_sub(all)).min(10);
        if let Some(room) = self.room
            && count > (room as usize).saturating_sub(all)
        {
            count = (room as usize).saturating_sub(all);
            self.has_no_room(around, &id);
        }
        if count == 0 || around.zones.is_empty() {
            return;
        }
        let mut ids = Vec::new();
        for _ in 0..count {
            // One after another, so that each sees where the last one went.
            let task = self.new_task(around, &id, definition);
            ids.push(task.id.clone());
            self.tasks.push(task);
        }
        self.steady_since = None;
        self.tell(around.rng, now, &format!("has started {count} tasks: {}.", listed(&ids)));
    }

    /// ECS says so, and tries again later.
    fn has_no_room(&mut self, around: &mut Around, deployment: &str) {
        if let Some(found) = self.deployments.iter_mut().find(|d| d.id == deployment) {
            found.wait_until = around.now + 60;
        }
        self.tell(
            around.rng,
            around.now,
            "was unable to place a task. Reason: Capacity is unavailable at this time. Please try again later or in a different availability zone. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.",
        );
    }

    pub fn new_task(&self, around: &mut Around, deployment: &str, definition: usize) -> Task {
        let now = around.now;
        let (image, machine) = (around.definitions[definition].image(), &around.definitions[definition].architecture);
        let zone = around
            .zones
            .iter()
            .min_by_key(|zone| self.tasks.iter().filter(|t| t.is_live() && t.zone == **zone).count())
            .cloned()
            .unwrap_or_default();
        Task {
            id: names::hex(around.rng, 32),
            definition,
            deployment: deployment.to_owned(),
            phase: Phase::Provisioning,
            until: now + around.rng.i64(8..12),
            wanted: true,
            created: now,
            pull_started: None,
            pull_stopped: None,
            started: None,
            stopping: None,
            stopped: None,
            stop_code: None,
            stopped_reason: None,
            health: Health::Unknown,
            failing_since: None,
            proven: false,
            address: format!("10.0.{}.{}", around.rng.u8(1..4), around.rng.u8(4..255)),
            zone,
            cut_off: false,
            exit: None,
            leaked_memory: 0.0,
            leaked_connections: 0.0,
            ailment: around.repositories.iter().find_map(|r| r.find(image)).and_then(|i| i.on(machine)),
        }
    }

    /// Says when a deployment is complete and when all is steady.
    fn settle(&mut self, around: &mut Around) {
        let now = around.now;
        let Some(primary) = self.primary() else { return };
        let (id, rolling) = (primary.id.clone(), primary.rollout == Rollout::InProgress);
        let healthy = |t: &&Task| t.is_live() && t.deployment == id && t.health == Health::Healthy;
        let ready = self.tasks.iter().filter(healthy).count() == self.desired as usize;
        let others = self.tasks.iter().any(|t| t.phase < Phase::Stopping && (t.deployment != id || !t.wanted));
        if ready && !others {
            if rolling {
                self.complete(around);
            }
            if self.steady_since.is_none_or(|since| now - since >= STEADY_AGAIN) {
                self.tell(around.rng, now, "has reached a steady state.");
                self.steady_since = Some(now);
            }
        }
    }

    fn complete(&mut self, around: &mut Around) {
        let now = around.now;
        let Some(primary) = self.deployments.first_mut() else { return };
        let id = primary.id.clone();
        primary.rollout = Rollout::Completed;
        primary.updated = now;
        primary.finished.get_or_insert(now);
        primary.reason = match primary.put_back.take() {
            Some(given_up) => format!("{}: rollback to deploymentId {id} completed.", given_up.by()),
            None => format!("ECS deployment {id} completed."),
        };
        self.retire(now);
        self.tell(around.rng, now, &format!("(deployment {id}) deployment completed."));
    }
}

/// How the task ends in this tick, if it does.
fn due_exit(task: &Task, now: i64, definition: &Definition) -> Option<Exit> {
    match task.ailment? {
        Ailment::Crashes if now >= task.until => Some(Exit { code: 1, reason: None }),
        Ailment::WrongArchitecture if now >= task.until => Some(Exit { code: 255, reason: None }),
        Ailment::LeaksMemory(_) if task.leaked_memory > f64::from(definition.memory) * 0.5 => {
            Some(Exit { code: 137, reason: Some("OutOfMemoryError: Container killed due to memory usage".to_owned()) })
        }
        _ => None,
    }
}

/// `(task A) (task B)`.
fn listed(ids: &[String]) -> String {
    ids.iter().map(|id| format!("(task {id})")).collect::<Vec<_>>().join(" ")
}

impl Deployment {
    /// What `DescribeServices` says is wanted of it.
    pub fn desired(&self, service: &Service) -> u32 {
        if self.status == DeploymentStatus::Primary && self.rollout != Rollout::Failed {
            service.desired
        } else {
            service.live(&self.id) as u32
        }
    }
}
