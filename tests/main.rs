//! tests

mod iam;
mod world;
