//! Whether one Availability Zone is behind several things that are wrong.

use jiff::SignedDuration;

use super::scene::Scene;
use crate::platform::{Serving, Task};

/// Tasks that were cut off and have stopped longer ago than this say nothing of now.
const RECENT: SignedDuration = SignedDuration::from_mins(30);

/// A zone that took a database and tasks with it.
pub(super) struct Shared {
    /// The database's index.
    pub(super) database: usize,
    /// `all in us-east-1a: RDS analytics and 1 task`.
    pub(super) words: String,
}

impl Shared {
    /// A database that does not serve, and tasks that ECS does not hear from, or did not until it gave them up: all of
    /// them where the database is.
    pub(super) fn of(scene: &Scene) -> Option<Shared> {
        let recent = |t: &&Task| t.stopped_at.is_none_or(|at| scene.now.duration_since(at) <= RECENT);
        let tasks = scene.picture.services.iter().filter_map(|s| s.tasks.value()).flatten();
        let zones: Vec<&str> =
            tasks.filter(|t| t.is_cut_off()).filter(recent).filter_map(|t| t.zone.as_deref()).collect();
        let zone = *zones.first()?;
        if zones.iter().any(|other| *other != zone) {
            return None;
        }
        let mut databases = scene.picture.databases.iter().enumerate();
        let (database, down) = databases.find_map(|(i, part)| {
            let database = part.value()?;
            (database.serving() == Serving::No && database.zone.as_deref() == Some(zone)).then_some((i, database))
        })?;
        let tasks = if zones.len() == 1 { "task" } else { "tasks" };
        let words = format!("all in {zone}: RDS {} and {} {tasks}", down.id, zones.len());
        Some(Shared { database, words })
    }
}
