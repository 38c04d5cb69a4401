//! How the tasks that run are, told apart from how many ECS counts.

use super::{Health, ServicePicture};

/// ECS counts a task as running until it has stopped it: also one whose health check fails, and one that it does not
/// hear from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pulse {
    /// Tasks that run, by the tasks' own answer.
    pub running: usize,
    /// Of them, those that pass their health check and are heard from.
    pub healthy: usize,
    /// Those that fail it.
    pub unhealthy: usize,
    /// Those that ECS does not hear from.
    pub cut_off: usize,
    /// There is a health check: some task has had an answer from one.
    pub checked: bool,
}

impl ServicePicture {
    /// How this service's tasks are.
    pub fn pulse(&self) -> Pulse {
        let tasks = self.tasks.value().map_or(&[][..], Vec::as_slice);
        let mut pulse = Pulse {
            checked: tasks.iter().any(|t| t.health != Health::Unknown || t.failed_its_check()),
            ..Pulse::default()
        };
        for task in tasks.iter().filter(|t| t.runs()) {
            pulse.running += 1;
            match task.health {
                _ if task.is_cut_off() => pulse.cut_off += 1,
                Health::Healthy => pulse.healthy += 1,
                Health::Unhealthy => pulse.unhealthy += 1,
                Health::Unknown => {}
            }
        }
        pulse
    }
}

impl Pulse {
    /// Some run, and none of them is known to be well.
    pub fn none_healthy(&self) -> bool {
        self.running > 0 && self.healthy == 0 && (self.checked || self.cut_off == self.running)
    }

    /// What a number of running tasks must not be shown without: `1 cut off`, `0 healthy`. `None` where all is well,
    /// or nothing is known.
    pub fn words(&self) -> Option<String> {
        let Pulse { running, unhealthy, cut_off, .. } = *self;
        if running > 0 && cut_off == running {
            return Some("all cut off".to_owned());
        }
        if self.none_healthy() && unhealthy < running {
            return Some("0 healthy".to_owned());
        }
        let parts = [(cut_off, "cut off"), (unhealthy, "UNHEALTHY")];
        let parts = parts.into_iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}"));
        Some(parts.collect::<Vec<_>>().join(", ")).filter(|words| !words.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::fixture::{self, edit};

    fn told(change: impl FnOnce(&mut Vec<crate::platform::Task>)) -> Option<String> {
        let mut picture = fixture::picture();
        edit(&mut picture.services[0].tasks, change);
        picture.services[0].pulse().words()
    }

    #[test]
    fn three_of_three_running_never_stands_alone_beside_dead_tasks() {
        assert_eq!(told(|_| {}), None);
        assert_eq!(told(|t| t[0].disconnected = true).as_deref(), Some("1 cut off"));
        assert_eq!(told(|t| t.iter_mut().for_each(|t| t.disconnected = true)).as_deref(), Some("all cut off"));
        assert_eq!(told(|t| t[1].health = Health::Unhealthy).as_deref(), Some("1 UNHEALTHY"));
        let unknown = |t: &mut Vec<crate::platform::Task>| t.iter_mut().for_each(|t| t.health = Health::Unknown);
        assert_eq!(told(unknown), None, "without a health check there is nothing to pass");
        let checked = told(|t| {
            unknown(t);
            let mut gone = fixture::failed_task(9, 41, 2, 0, None);
            gone.stopped_reason = Some("Task failed container health checks".into());
            t.push(gone);
        });
        assert_eq!(checked.as_deref(), Some("0 healthy"));
    }
}
