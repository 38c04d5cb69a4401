//! What templates of a runbook may name without asking, as it is now.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::action::Context;
use crate::platform::{DatabaseSpec, Picture, Rollout, Service, ServiceSpec};

/// Known values by name. One that is not known now is absent.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Facts(BTreeMap<&'static str, Value>);

impl Facts {
    pub(super) fn of(
        context: &Context,
        picture: &Picture,
        spec: &ServiceSpec,
        database: Option<&DatabaseSpec>,
    ) -> Facts {
        let mut facts = BTreeMap::new();
        let mut know = |name, value: Option<Value>| {
            if let Some(value) = value {
                facts.insert(name, value);
            }
        };
        let platform = &context.platform;
        know("platform.name", Some(json!(platform.name)));
        know("platform.account", platform.account.as_ref().map(|account| json!(account)));
        know("platform.region", context.clients.region().map(|region| json!(region)));
        let chosen = !spec.name.is_empty();
        know("service.name", chosen.then(|| json!(spec.name)));
        know("service.cluster", chosen.then(|| json!(spec.cluster)));
        know("service.health-url", spec.health_url.as_ref().map(|url| json!(url)));
        let index = platform.services.iter().position(|s| s == spec);
        let seen = index.and_then(|index| picture.services.get(index));
        if let Some(service) = seen.and_then(|seen| seen.state.value()) {
            know("service.desired", Some(json!(service.desired)));
            know("service.running", Some(json!(service.running)));
            know("service.revision", service.revision.number.map(|number| json!(number)));
            know("service.previous", previous(service).map(|number| json!(number)));
        }
        if let Some(scaling) = seen.and_then(|seen| seen.scaling.value()).and_then(Option::as_ref) {
            know("scaling.min", Some(json!(scaling.min)));
            know("scaling.max", Some(json!(scaling.max)));
        }
        know("database.id", database.map(|database| json!(database.id)));
        know("database.name", database.and_then(|d| d.database.as_ref()).map(|name| json!(name)));
        Facts(facts)
    }

    /// The value of this name.
    pub(super) fn value(&self, name: &str) -> Option<Value> {
        self.0.get(name).cloned()
    }
}

/// The revision that ran before, where the service itself still shows that it did: its deployment was
/// completed, and its tasks are being replaced. "Revision − 1" may never have run.
fn previous(service: &Service) -> Option<u32> {
    let primary = service.primary()?;
    let before = |d: &&crate::platform::Deployment| d.id != primary.id && d.rollout == Rollout::Completed;
    service
        .deployments
        .iter()
        .find(before)
        .and_then(|d| d.revision.number)
        .filter(|n| Some(*n) != primary.revision.number)
}
