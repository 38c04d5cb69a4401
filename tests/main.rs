//! tests

mod iam;
mod watching;
mod world;
