//! The simulated platform: a pure model, and a wire that speaks AWS and, for its database, PostgreSQL's protocol.
//!
//! [`World`] is the model: load, CPU, latency, errors, alarms, deployments; small, seeded and causal.
//! A [`Scenario`] is what happens to it, a [`Change`] one such thing.

mod model;
mod wire;

pub use model::{Ailment, Change, Scenario, ScenarioError, World};
pub use wire::{Failure, Fault, Host, Served};
