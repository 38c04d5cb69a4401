//! tests
mod world;
mod world_cli;
