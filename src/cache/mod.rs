//! Redis over the redis crate: commands of a runbook, and their replies as lines of a screen.
//!
//! A [`Cache`] is one connection; every trouble is a [`CacheTrouble`] in a person's words.

mod connect;
mod reads;
mod reply;
mod trouble;

pub use connect::Cache;
pub use reads::only_reads;
pub use trouble::CacheTrouble;
