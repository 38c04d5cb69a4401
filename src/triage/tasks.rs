//! Whether a service's tasks run, stay up and are healthy.

use jiff::{SignedDuration, Timestamp};

use super::draft::{Draft, Rank, Topic};
use super::scene::Scene;
use super::stop;
use super::symptom::Symptom;
use crate::platform::{Health, Rollout, Service, ServicePicture, ServiceStatus, Severity, Subject, Task};

/// Failed stops within this time are one crash loop.
const CRASH_WINDOW: SignedDuration = SignedDuration::from_mins(30);
/// Fewer failed stops than this are not a loop.
const CRASH_LOOP: usize = 3;

/// A task that starts has arrived by then: most take less than a minute, large images two or three.
const ARRIVE: SignedDuration = SignedDuration::from_mins(5);

pub(super) fn look<'a>(scene: &Scene<'a>, i: usize, drafts: &mut Vec<Draft<'a>>) {
    let Some((_, picture)) = scene.service(i) else { return };
    let Some(service) = picture.state.value() else { return };
    if service.status != ServiceStatus::Active || service.desired == 0 || scene.is_missing(Subject::Service(i)) {
        return;
    }
    let tasks = picture.tasks.value().map_or(&[][..], Vec::as_slice);
    let name = &scene.called(i);
    let id = format!("tasks/{}", scene.path(Subject::Service(i)));
    let draft = |severity, title: String| {
        Draft::new(Topic::Tasks(i), severity, Subject::Service(i), id.clone(), title).symptom(Symptom::TasksDown)
    };
    count(scene, service, tasks, name, &draft, drafts);
    crash_loop(scene, service, tasks, name, &draft, drafts);
    unhealthy(tasks, name, &draft, drafts);
    cut_off(scene, tasks, name, &draft, drafts);
    none_healthy(scene, picture, tasks, name, &draft, drafts);
}

fn count<'a>(
    scene: &Scene<'a>,
    service: &Service,
    tasks: &[Task],
    name: &str,
    draft: &impl Fn(Severity, String) -> Draft<'a>,
    drafts: &mut Vec<Draft<'a>>,
) {
    let Service { desired, running, pending, .. } = service;
    let starting = if *pending > 0 { format!(", {pending} starting") } else { String::new() };
    let evidence = format!("{running} of {desired} tasks running{starting}");
    if *running == 0 && is_new(scene.now, service, tasks) {
        let mut found = draft(Severity::Notice, format!("{name} is starting")).evidence(evidence);
        found.symptom = Symptom::Other;
        drafts.push(found);
    } else if *running == 0 {
        let last = tasks.iter().filter_map(|t| Some((t.stopped_at?, t))).max_by_key(|(at, _)| *at);
        let mut found = draft(Severity::Critical, format!("no task of {name} runs"))
            .rank(Rank::Headline)
            .evidence(evidence)
            // ECS tells of a stop in its events before the task itself is asked for.
            .since(last.map(|(at, _)| at).or_else(|| last_stop(service)));
        found.evidence_rank = 5;
        if let Some((_, task)) = last.filter(|(_, task)| task.failed()) {
            found = found.note(format!("last stop: {}", stop::explain(task)));
        }
        drafts.push(found);
    } else if running < desired && !service.is_deploying() {
        let starting = Starting::of(tasks);
        let on_its_way =
            running.saturating_add(*pending) >= *desired && starting.is_harmless(scene.now, service, tasks);
        let severity = if on_its_way { Severity::Notice } else { Severity::Warning };
        let mut found = draft(severity, format!("{name} runs fewer tasks than wanted"))
            .evidence(evidence)
            .since(starting.since.filter(|_| *pending > 0));
        found.evidence_rank = 4;
        found.symptom = Symptom::Other;
        drafts.push(found);
    }
}

/// A service in its first minutes, of which no task has stopped yet: that none runs is how every service begins.
fn is_new(now: Timestamp, service: &Service, tasks: &[Task]) -> bool {
    let [first] = service.deployments.as_slice() else { return false };
    first.rollout == Rollout::InProgress
        && first.created_at.is_some_and(|at| now.duration_since(at) <= ARRIVE)
        && first.failed == 0
        && !tasks.iter().any(Task::is_stopped)
        && last_stop(service).is_none()
}

/// Tasks that do not run yet.
struct Starting {
    /// When the oldest of them was made.
    since: Option<Timestamp>,
}

impl Starting {
    fn of(tasks: &[Task]) -> Starting {
        let starting = tasks.iter().filter(|t| !t.is_stopped() && t.last_status != "RUNNING");
        Starting { since: starting.filter_map(|t| t.created_at).min() }
    }

    /// They usually arrive within a minute or two. Until they should have, and while enough run or none of those that
    /// ran is gone (more are wanted, that is all), nobody needs to look.
    fn is_harmless(&self, now: Timestamp, service: &Service, tasks: &[Task]) -> bool {
        let recent = |at: Timestamp| now.duration_since(at) <= ARRIVE;
        let lost = tasks.iter().filter_map(|t| t.stopped_at).any(recent);
        self.since.is_none_or(recent) && (service.has_its_minimum() || !lost)
    }
}

fn last_stop(service: &Service) -> Option<Timestamp> {
    let stops = service.events.iter().filter(|event| event.message.contains(") has stopped "));
    stops.map(|event| event.at).max()
}

fn crash_loop<'a>(
    scene: &Scene<'a>,
    service: &Service,
    tasks: &[Task],
    name: &str,
    draft: &impl Fn(Severity, String) -> Draft<'a>,
    drafts: &mut Vec<Draft<'a>>,
) {
    let failed: Vec<&Task> = tasks
        .iter()
        .filter(|t| t.stopped_at.is_some_and(|at| scene.now.duration_since(at) <= CRASH_WINDOW) && t.failed())
        .collect();
    let Some(newest) = failed.iter().max_by_key(|t| t.stopped_at) else { return };
    if failed.len() < CRASH_LOOP {
        return;
    }
    let first = failed.iter().filter_map(|t| t.stopped_at).min();
    let rolling = service.primary().is_some_and(|d| d.rollout != Rollout::Completed && d.revision == newest.revision);
    let mut found = draft(Severity::Warning, format!("tasks of {name} keep failing"))
        .since(first)
        .note(format!("{} failed stops in 30 min", failed.len()))
        .note(stop::explain(newest))
        .notes(zone(&failed, tasks));
    found.symptom = Symptom::Other;
    if rolling {
        // The deployment is the cause and says so itself.
        found = found.rank(Rank::Note);
        if let Topic::Tasks(i) = found.topic {
            found.topic = Topic::Deployment(i);
        }
    }
    drafts.push(found);
}

fn unhealthy<'a>(
    tasks: &[Task],
    name: &str,
    draft: &impl Fn(Severity, String) -> Draft<'a>,
    drafts: &mut Vec<Draft<'a>>,
) {
    let running = tasks.iter().filter(|t| t.runs()).count();
    let sick: Vec<&Task> = tasks.iter().filter(|t| t.runs() && t.health == Health::Unhealthy).collect();
    if sick.is_empty() {
        return;
    }
    let all = sick.len() == running;
    let (severity, title, rank) = if all {
        (Severity::Critical, format!("all tasks of {name} are unhealthy"), Rank::Headline)
    } else {
        (Severity::Warning, format!("tasks of {name} are unhealthy"), Rank::Finding)
    };
    let mut containers: Vec<&str> = sick
        .iter()
        .flat_map(|t| t.containers.iter().filter(|c| c.health == Health::Unhealthy).map(|c| c.name.as_str()))
        .collect();
    containers.sort_unstable();
    containers.dedup();
    let whose = if containers.is_empty() { String::new() } else { format!(" ({})", containers.join(", ")) };
    let mut found = draft(severity, title)
        .rank(rank)
        .note(format!("{} of {running} running tasks unhealthy{whose}", sick.len()))
        .notes(zone(&sick, tasks));
    if !all {
        found.symptom = Symptom::Other;
    }
    drafts.push(found);
}

/// ECS counts a task as running that it does not hear from, for as long as its load balancer does not say otherwise.
fn cut_off<'a>(
    scene: &Scene,
    tasks: &[Task],
    name: &str,
    draft: &impl Fn(Severity, String) -> Draft<'a>,
    drafts: &mut Vec<Draft<'a>>,
) {
    let running = tasks.iter().filter(|t| t.runs()).count();
    let lost: Vec<&Task> = tasks.iter().filter(|t| t.runs() && t.is_cut_off()).collect();
    if lost.is_empty() {
        return;
    }
    let all = lost.len() == running;
    let (severity, title, rank) = if all {
        (Severity::Critical, format!("all tasks of {name} are cut off"), Rank::Headline)
    } else {
        (Severity::Warning, format!("tasks of {name} are cut off"), Rank::Finding)
    };
    let mut found = draft(severity, title)
        .rank(rank)
        .note(format!("{} of {running} running tasks DISCONNECTED: ECS does not hear from them", lost.len()))
        .notes(scene.shared_zone().map(|shared| shared.words.clone()).or_else(|| zone(&lost, tasks)));
    if !all {
        found.symptom = Symptom::Other;
    }
    drafts.push(found);
}

/// ECS counts a task as running while its health check has not passed yet, and replaces it by one that it counts again.
fn none_healthy<'a>(
    scene: &Scene,
    picture: &ServicePicture,
    tasks: &[Task],
    name: &str,
    draft: &impl Fn(Severity, String) -> Draft<'a>,
    drafts: &mut Vec<Draft<'a>>,
) {
    let pulse = picture.pulse();
    let recent = |at: &Timestamp| scene.now.duration_since(*at) <= CRASH_WINDOW;
    let failed = tasks.iter().filter(|t| t.failed_its_check()).filter_map(|t| t.stopped_at).filter(recent);
    let (true, Some(first)) = (pulse.none_healthy() && pulse.unhealthy == 0, failed.min()) else { return };
    let running = pulse.running;
    let found = draft(Severity::Critical, format!("no task of {name} is healthy"))
        .rank(Rank::Headline)
        .note(format!("{running} running, none has passed its health check"))
        .since(Some(first));
    drafts.push(found);
}

/// All of the bad ones stand in one zone, and others stand elsewhere.
fn zone(bad: &[&Task], all: &[Task]) -> Option<String> {
    let zone = bad.first()?.zone.as_deref()?;
    let only_there = bad.len() > 1 && bad.iter().all(|t| t.zone.as_deref() == Some(zone));
    let others = all.iter().any(|t| t.zone.as_deref().is_some_and(|z| z != zone) && !t.is_stopped());
    (only_there && others).then(|| format!("all of them in {zone}"))
}
