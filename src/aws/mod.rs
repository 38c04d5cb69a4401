//! All that touches an AWS SDK: one file per service, plain async functions over one [`Clients`].
//!
//! Every function answers with the domain's own types or with a [`crate::platform::Trouble`] in a
//! person's words, and names in its documentation the `aws` command that asks the same.

mod clients;
mod convert;
mod credentials;
mod error;
mod meter;
pub mod permissions;
#[cfg(test)]
pub(crate) mod testing;

pub use clients::{Clients, Connection};
pub use meter::Meter;
