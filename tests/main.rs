//! The one test binary: what must be true of plantao as a whole, on things that are not plantao.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]

mod any_picture;
mod database;
mod harness;
mod layers;
