//! What stands behind an error, and other people's words made fit to repeat.

use std::error::Error;

use crate::platform::text::{printable, shortened};

/// Longest part of somebody else's message that is repeated.
pub(super) const QUOTE: usize = 240;

/// Somebody else's text on one line, not too long, and fit for a screen.
pub(super) fn quote(text: &str) -> String {
    let text = printable(text.trim());
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    shortened(&words, QUOTE).into_owned()
}

/// An error, its cause, the cause's cause …
pub(super) fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let error = next?;
        next = error.source();
        Some(error)
    })
}

/// The nearest cause of a type.
pub(super) fn cause<'a, C: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a C> {
    causes(error).find_map(|error| error.downcast_ref::<C>())
}

/// An error and its causes, each said once.
pub(super) fn chain_text(error: &(dyn Error + 'static)) -> String {
    let mut text = String::new();
    for error in causes(error) {
        let words = error.to_string();
        if text.is_empty() {
            text = words;
        } else if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
    }
    text
}
