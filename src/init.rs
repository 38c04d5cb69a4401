//! Room init.
