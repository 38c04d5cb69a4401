//! Room world.
