//! The figures of the README's table, measured: `cargo bench`. Prints Markdown.
//!
//! Nothing here fails: a machine with other work to do measures worse, and a test that fails then helps nobody.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a figure that cannot be measured ends the bench"
)]

#[path = "calls.rs"]
mod calls;
#[path = "frame.rs"]
mod frame;
#[path = "../harness/mod.rs"]
mod harness;
#[path = "process.rs"]
mod process;
#[path = "runs.rs"]
mod runs;

use std::time::Duration;

type Measure = fn() -> Vec<Figure>;

/// A line of the table.
struct Figure {
    what: &'static str,
    goal: &'static str,
    measured: String,
    how: &'static str,
}

fn main() {
    // `cargo bench -- WORD` measures only what has the word in its name.
    let wanted = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).unwrap_or_default();
    let all: [(&str, Measure); 10] = [
        ("start", process::start),
        ("keys", process::keys),
        ("idle", process::idle),
        ("size", process::size),
        ("frame", frame::small),
        ("crowd frame", frame::crowd),
        ("calls", calls::full_picture),
        ("minute", calls::minute),
        ("crowd load", calls::crowd),
        ("runs", runs::runs),
    ];
    println!("| what | goal | measured | how |\n|---|---|---|---|");
    for (_, measure) in all.into_iter().filter(|(name, _)| name.contains(&wanted)) {
        for Figure { what, goal, measured, how } in measure() {
            println!("| {what} | {goal} | {measured} | {how} |");
        }
    }
}

/// The value below which this share of the sorted values lies.
fn percentile(sorted: &[Duration], share: f64) -> Duration {
    sorted[((sorted.len() - 1) as f64 * share).round() as usize]
}

/// Median and 99th percentile.
fn spread(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    format!("{:.2?} median, {:.2?} p99 of {}", percentile(&times, 0.5), percentile(&times, 0.99), times.len())
}
