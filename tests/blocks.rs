//! Blocks that are no action's, carried out by the real binary. `sql` is in database/blocks.rs.

mod redis;
mod shell;

use std::collections::BTreeMap;
use std::sync::Arc;

use plantao::aws::Clients;
use plantao::clock::Clock;
use plantao::platform::{Secret, file};
use plantao::run::{Context, Order, Plan, RunId, Wish};

use crate::database::running::{Bench, PLATFORM};

/// A runbook of one step for each block.
pub(crate) fn runbook(kind: &str, head: &str, blocks: &[&str]) -> String {
    let steps = blocks.iter().enumerate().map(|(at, block)| format!("## Step {at}\n```{kind}\n{block}\n```\n\n"));
    format!("# Mine\n```toml runbook\ndanger = \"safe\"\n{head}\n```\n\n{}", steps.collect::<String>())
}

/// Makes it the user's own, by the name `mine`.
pub(crate) fn write(bench: &Bench, runbook: &str) {
    let folder = bench.home.path().join(".config/plantao/runbooks");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("mine.md"), runbook).unwrap();
}

/// The order for the process that carries a run out.
pub(crate) async fn order(bench: &Bench, text: &str) -> (RunId, Vec<u8>) {
    let mut platform = file::read(PLATFORM, "platform.toml").unwrap();
    platform.databases[0].url = Some(Secret::new(bench.url.clone()));
    platform.caches[0].url = Some(Secret::new(bench.url.clone()));
    let clients = Clients::at(&bench.endpoint, "us-east-1");
    let context = Context { platform: Arc::new(platform), clients, clock: Clock::system(), store: None };
    let runbook = &plantao::runbook::read(text, "mine.md").unwrap();
    let wish = Wish { runbook, answers: &BTreeMap::new(), service: Some("worker"), database: None };
    let (plan, _) = Plan::make(&context, wish).await.unwrap();
    let id = RunId::new("mine", context.clock.now());
    let order = Order::CarryOut { id: id.clone(), plan: Box::new(plan), reason: None };
    (id, serde_json::to_vec(&order).unwrap())
}
