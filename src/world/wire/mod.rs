//! The wire: the world's answers to AWS requests, whatever the protocol, and to its database's clients.

mod cbor;
mod error;
mod fault;
mod host;
mod loopback;
mod operations;
mod postgres;
mod query;
mod redis;
mod route;
mod seam;
mod serve;
mod value;

pub use fault::{Failure, Fault};
pub use host::Host;
pub use serve::Served;
