//! The one test binary: what must be true of plantao as a whole, on things that are not plantao.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]

mod adapters;
mod any_picture;
mod blocks;
mod calls;
mod cli;
mod cli_world;
mod commands;
mod database;
mod flows;
mod harness;
mod iam;
mod images;
mod layers;
mod moto;
mod moto_runs;
mod pty;
mod pty_runs;
mod readme;
mod runs;
mod tmux;
mod watching;
mod world;
mod world_cli;
