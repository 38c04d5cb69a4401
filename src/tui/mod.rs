//! Room tui.
