//! How each change is done.

use super::change::Change;
use super::definition::{self, Definition, Pushed, Repository};
use super::service::Service;
use super::{Ailment, World};
use crate::platform::{CircuitBreaker, Rollout};

impl World {
    /// Does this to the world, now.
    pub fn apply(&mut self, change: Change) {
        let now = self.now;
        match change {
            Change::Deploy { service, image, ailment } => self.deploy_image(&service, image, ailment),
            Change::Push { repository, tag, digest, architecture } => {
                if let Some(found) = self.repositories.iter_mut().find(|r| r.name == repository)
                    && !found.images.iter().any(|i| i.tag == tag)
                {
                    let (bytes, index, ailment) = (41_300_000, false, None);
                    found.images.push(Pushed { tag, digest, at: now, bytes, architecture, index, ailment });
                }
            }
            Change::Ail { repository, tag, ailment } => {
                let images = self.repositories.iter_mut().filter(|r| r.name == repository).flat_map(|r| &mut r.images);
                images.filter(|image| image.tag == tag).for_each(|image| image.ailment = ailment);
            }
            Change::DeleteImage { repository, tag } => {
                let found = self.repositories.iter_mut().filter(|r| r.name == repository);
                found.for_each(|r| r.images.retain(|image| image.tag != tag));
            }
            Change::Registry { host, password } => self.move_registry(host, password),
            Change::Redeploy { service, revision } => {
                let Some(index) = self.service_index(&service) else { return };
                let family = self.family(index);
                let found = self.definitions.iter().position(|d| d.family == family && d.number == revision);
                if let Some(definition) = found {
                    self.services[index].deploy(&mut self.rng, now, definition);
                }
            }
            Change::Force { service } => {
                if let Some(index) = self.service_index(&service)
                    && let Some(definition) = self.services[index].primary().map(|d| d.definition)
                {
                    self.services[index].deploy(&mut self.rng, now, definition);
                }
            }
            Change::SetDesired { service, count } => self.with_service(&service, |s| {
                s.desired = count;
                s.steady_since = None;
            }),
            Change::Room { service, tasks } => self.with_service(&service, |s| s.room = tasks),
            Change::Scalable { service, min, max, suspended } => self.with_service(&service, |s| {
                let scaling = s.scaling.get_or_insert_with(|| super::scaling::Scaling::new(min, max, now));
                scaling.bounds_set |= (scaling.min, scaling.max) != (min, max);
                (scaling.min, scaling.max, scaling.suspended) = (min, max, suspended);
            }),
            Change::Breaker { service, enabled, rollback } => {
                self.with_service(&service, |s| s.breaker = CircuitBreaker { enabled, rollback });
            }
            Change::Percents { service, minimum_healthy, maximum } => {
                self.with_service(&service, |s| (s.minimum_healthy, s.maximum) = (minimum_healthy, maximum));
            }
            Change::Surge { service, factor } => self.with_service(&service, |s| s.traffic.surge = factor),
            Change::LeakConnections { service, per_minute } => {
                self.with_service(&service, |s| s.traffic.leak_per_minute = per_minute);
            }
            Change::DeleteService { service } => {
                let ends = |s: &mut Service| {
                    s.active = false;
                    s.desired = 0;
                    s.tasks.clear();
                    s.deployments.clear();
                };
                self.with_service(&service, ends);
            }
            Change::FillStorage { database, free, per_minute } => self.with_database(&database, |d| {
                d.filling = per_minute;
                if let Some(free) = free {
                    d.free(free);
                }
            }),
            Change::Bloat { database, table, dead, per_minute } => {
                self.with_database(&database, |d| d.bloat(table.as_deref(), dead, per_minute));
            }
            Change::OpenTransaction { database, user, application, locks } => self.with_database(&database, |d| {
                d.open_transaction(now, &user, &application, locks.as_deref());
            }),
            Change::CloseTransactions { database } => {
                self.with_database(&database, |d| d.close_transactions(|_| true));
            }
            Change::Reboot { database } => self.with_database(&database, |d| d.reboot(now, 60)),
            Change::ZoneDown { zone } => {
                self.zones.retain(|z| *z != zone);
                self.databases.iter_mut().filter(|d| d.zone == zone).for_each(|d| d.fail(now));
            }
            Change::ZoneUp { zone } => {
                self.databases.iter_mut().filter(|d| d.zone == zone).for_each(|d| d.recover(now));
                if !self.zones.contains(&zone) {
                    self.zones.push(zone);
                    self.zones.sort();
                }
            }
            Change::AlarmActions { alarm, enabled } => {
                if let Some(alarm) = self.alarms.iter_mut().find(|a| a.name == alarm) {
                    alarm.actions_enabled = enabled;
                }
            }
        }
    }

    fn service_index(&self, name: &str) -> Option<usize> {
        self.services.iter().position(|s| s.name == name)
    }

    fn with_service(&mut self, name: &str, change: impl FnOnce(&mut Service)) {
        if let Some(service) = self.services.iter_mut().find(|s| s.name == name) {
            change(service);
        }
    }

    fn with_database(&mut self, id: &str, change: impl FnOnce(&mut super::database::Database)) {
        if let Some(database) = self.databases.iter_mut().find(|d| d.id == id) {
            change(database);
        }
    }

    /// The family of the definition that a service runs.
    fn family(&self, service: usize) -> String {
        let primary = self.services[service].primary();
        primary.map(|d| self.definitions[d.definition].family.clone()).unwrap_or_default()
    }

    /// A new revision's number.
    pub(crate) fn next_number(&self, family: &str) -> u32 {
        self.definitions.iter().filter(|d| d.family == family).map(|d| d.number).max().unwrap_or(0) + 1
    }

    fn deploy_image(&mut self, service: &str, tag: Option<String>, ailment: Option<Ailment>) {
        let Some(index) = self.service_index(service) else { return };
        let now = self.now;
        let family = self.family(index);
        let number = self.next_number(&family);
        let tag = tag.unwrap_or_else(|| definition::release(&family, number).0);
        let repository = self.push(&family, &tag, ailment);
        let image = format!("{}:{tag}", repository.uri());
        let container = self.services[index].container.clone();
        self.definitions.push(Definition::of(&family, &container, number, &image, now));
        let definition = self.definitions.len() - 1;
        self.services[index].deploy(&mut self.rng, now, definition);
    }

    /// An image in a repository, as it was pushed just before a deployment.
    fn push(&mut self, repository: &str, tag: &str, ailment: Option<Ailment>) -> &Repository {
        let now = self.now;
        let place = self.repositories.iter().position(|r| r.name == repository).unwrap_or_else(|| {
            let registry = self.registry.clone();
            self.repositories.push(Repository {
                name: repository.to_owned(),
                registry,
                created: now,
                images: Vec::new(),
            });
            self.repositories.len() - 1
        });
        let found = &mut self.repositories[place];
        if !found.images.iter().any(|i| i.tag == tag) {
            let digest = definition::digest_of(tag);
            let (tag, architecture) = (tag.to_owned(), "arm64".to_owned());
            found.images.push(Pushed {
                tag,
                digest,
                at: now - 95,
                bytes: 187_400_000,
                architecture,
                index: true,
                ailment,
            });
        }
        found
    }

    /// Images keep their names after the host: in repositories, and in the task definitions that run them.
    fn move_registry(&mut self, host: String, password: String) {
        let images = self.definitions.iter_mut().flat_map(|d| &mut d.containers);
        for image in images.filter_map(|container| container.get_mut("image")) {
            if let Some(rest) = image.as_str().and_then(|image| image.strip_prefix(&format!("{}/", self.registry))) {
                *image = format!("{host}/{rest}").into();
            }
        }
        self.repositories.iter_mut().for_each(|r| r.registry.clone_from(&host));
        (self.registry, self.registry_password) = (host, Some(password));
    }

    /// A deployment of this service is under way.
    pub fn is_deploying(&self, service: &str) -> bool {
        let found = self.services.iter().find(|s| s.name == service);
        found.and_then(Service::primary).is_some_and(|d| d.rollout == Rollout::InProgress)
    }
}
