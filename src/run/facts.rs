//! What templates of a runbook may name without asking, as it is now.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::action::Context;
use crate::platform::{DatabaseSpec, Picture, ServiceSpec};
use crate::runbook::{Block, Default, Name, Param, Piece, Runbook, Setting};

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
        }
        if let Some(scaling) = seen.and_then(|seen| seen.scaling.value()).and_then(Option::as_ref) {
            know("scaling.min", Some(json!(scaling.min)));
            know("scaling.max", Some(json!(scaling.max)));
        }
        know("database.id", database.map(|database| json!(database.id)));
        know("database.name", database.and_then(|d| d.database.as_ref()).map(|name| json!(name)));
        Facts(facts)
    }

    /// Adds what was asked for apart: what few runbooks name and costs calls of its own.
    pub(super) fn learn(&mut self, name: &'static str, value: Option<Value>) {
        self.0.extend(value.map(|value| (name, value)));
    }

    /// The value of this name.
    pub(super) fn value(&self, name: &str) -> Option<Value> {
        self.0.get(name).cloned()
    }
}

/// A runbook names this value, as a default or in a step.
pub(super) fn mentions(runbook: &Runbook, name: &str) -> bool {
    let is_it = |found: &Name| matches!(found, Name::Known(known) if known.name == name);
    let in_text = |pieces: &Vec<Piece>| pieces.iter().any(|piece| matches!(piece, Piece::Value(found) if is_it(found)));
    let in_setting = |setting: &Setting| match setting {
        Setting::Literal(_) => false,
        Setting::Value(found) => is_it(found),
        Setting::Text(pieces) => in_text(pieces),
    };
    let in_block = |block: &Block| match block {
        Block::Action(call) => call.fields.iter().any(|(_, setting)| in_setting(setting)),
        Block::Sql(sql) => sql.statements.iter().any(in_text),
        Block::Redis(redis) => redis.commands.iter().any(in_text),
        // Nothing is put into a script but answers.
        Block::Sh(_) => false,
    };
    let is_default = |param: &Param| matches!(&param.default, Some(Default::Known(known)) if known.name == name);
    runbook.params.iter().any(is_default) || runbook.steps.iter().any(|step| in_block(&step.block))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_costs_calls_of_its_own_is_asked_for_only_where_a_block_names_it() {
        for (block, name, names_it) in [
            ("```sql\nSELECT 1\n```", "service.desired", false),
            ("```sql\nSELECT {{ service.desired }}\n```", "service.desired", true),
            ("```redis\nPING\n```", "service.name", false),
            ("```redis\nGET {{ service.name }}\n```", "service.name", true),
            ("```sh\ntrue\n```", "service.previous", false),
            ("```toml ecs.rollback\nto = \"{{ service.previous }}\"\n```", "service.previous", true),
        ] {
            let text = format!("# T\n\n```toml runbook\ndanger = \"safe\"\n```\n\n## S\n\n{block}\n");
            let runbook = crate::runbook::read(&text, "t.md").unwrap_or_else(|errors| panic!("{errors}"));
            assert_eq!(mentions(&runbook, name), names_it, "{block}");
        }
    }
}
