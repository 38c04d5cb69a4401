//! What tests and benches stand on: tools from Python's package index, a moto server, a terminal.

#![allow(dead_code, unused_imports, reason = "the tests use one part of it, the benches another")]

mod home;
mod journal;
mod moto;
mod packaged;
mod paste;
mod postgres;
mod redis;
mod registry;
mod terminal;
mod tmux;
mod tools;
mod workshop;

pub use home::{plantao_at, store_in, told};
pub use journal::run_that;
pub use moto::{Fill, Moto, RUNNING, moto};
pub use paste::Paste;
pub use postgres::{PASSWORD, Postgres, Which, postgres};
pub use redis::Redis;
pub use registry::Registry;
pub use terminal::{Ended, PATIENCE, Terminal};
pub use tmux::Tmux;
pub use tools::{aws_cli, ecs_deploy, python};
pub use workshop::Workshop;

/// Held while a long-lived process is started, and while a pty is opened: between opening its
/// descriptors and marking them as not to be inherited, a process started elsewhere would get them too,
/// and a line that is still open there never hangs up.
pub fn starting() -> std::sync::MutexGuard<'static, ()> {
    static STARTING: std::sync::Mutex<()> = std::sync::Mutex::new(());
    STARTING.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
