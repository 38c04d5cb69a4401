//! tests
mod world;
