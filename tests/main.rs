
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
#![allow(
)]
//! The one test binary: what must be true of plantao as a whole, on things that are not plantao.
//! tests
mod any_picture;
mod commands;
mod harness;
mod iam;
mod layers;
mod moto;
mod pty;
mod readme;
