//! The wire: the world's answers to AWS requests, whatever the protocol.

mod cbor;
mod error;
mod fault;
mod host;
mod operations;
mod postgres;
mod query;
mod route;
mod seam;
mod serve;
mod value;

pub use fault::{Failure, Fault};
pub use host::Host;
pub use serve::Served;
