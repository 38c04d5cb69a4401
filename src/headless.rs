//! Room headless.
