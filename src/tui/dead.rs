//! Runs that were killed: what stands beside what is wrong, and the way to take one up.

use super::app::{App, Overlay};
use super::effect::Effect;
use super::run_page::RunPage;
use crate::run::{Dead, RunId};

impl App {
    /// What was looked for is found. The newest is followed if no other run is: `o` shows it.
    pub(super) fn mourn(&mut self, dead: Vec<Dead>) -> Vec<Effect> {
        let held = dead.iter().find(|dead| !dead.holds.is_empty()).map(|dead| dead.id.clone());
        self.news |= self.dead != dead;
        self.dead = dead;
        match held {
            Some(id) if self.run.is_none() => {
                self.run = Some(RunPage::of(id.clone()));
                vec![Effect::Follow(id)]
            }
            _ => Vec::new(),
        }
    }

    /// Says what was killed beside what is wrong.
    pub(super) fn add_dead_runs(&mut self) {
        Dead::tell(&self.dead, &self.platform, &mut self.findings);
    }

    /// Shows a run that was killed.
    pub(super) fn open_dead(&mut self, id: RunId) -> Vec<Effect> {
        self.show(Some(Overlay::Run));
        if self.run.as_ref().is_some_and(|run| run.id == id) {
            return Vec::new();
        }
        self.run = Some(RunPage::of(id.clone()));
        vec![Effect::Follow(id)]
    }

    /// Has a new process take up the run shown, if it was killed. What it does was confirmed when it began.
    pub(super) fn take_up(&mut self) -> Vec<Effect> {
        let Some(run) = self.run.as_ref().filter(|run| run.is_dead()) else { return Vec::new() };
        let id = run.id.clone();
        if let Some(why) = &self.forbidden {
            self.say(why.clone());
            return Vec::new();
        }
        self.say("taking it up");
        vec![Effect::TakeUp(id)]
    }
}
