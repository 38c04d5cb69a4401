//! What tests and benches stand on: tools from Python's package index, a moto server, a terminal.

#![allow(dead_code, unused_imports, reason = "the tests use one part of it, the benches another")]

mod moto;
mod postgres;
mod terminal;
mod tools;

pub use moto::{Fill, Moto, moto};
pub use postgres::{PASSWORD, Postgres, Which, postgres};
pub use terminal::{Ended, Terminal};
pub use tools::{aws_cli, python};
