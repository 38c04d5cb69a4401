//! Opens the dashboard, or says why this terminal cannot show it.

use std::future::Future;
use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use super::args::{Screen, Whence};
use super::library::library;
use super::locate::Environment;
use super::{connection, failed, on_runtime};
use crate::aws::Clients;
use crate::clock::Clock;
use crate::platform::Platform;
use crate::tui;

/// The dashboard of the platform that the command line means.
pub(super) fn dashboard(whence: &Whence, screen: Screen) -> ExitCode {
    let platform = match Environment::read().platform(whence) {
        Ok((_, platform)) => platform,
        Err(message) => return failed(&message),
    };
    let connection = connection(whence, Some(&platform));
    let connect = async move { Clients::connect(&connection).await };
    on_runtime(open(platform, connect, Clock::system(), screen, Arc::default()))
}

/// Opens the screen at once; `connect` is awaited behind it.
pub(super) async fn open(
    platform: Platform,
    connect: impl Future<Output = Clients> + Send + 'static,
    clock: Clock,
    screen: Screen,
    address: Arc<OnceLock<String>>,
) -> ExitCode {
    if let Some(refusal) = refusal(io::stdout().is_terminal(), std::env::var("TERM").ok().as_deref()) {
        return failed(&refusal);
    }
    match tui::run(Arc::new(platform), connect, clock, options(screen, address)).await {
        // As a shell reports a program that a signal ended.
        Ok(Some(signal)) => ExitCode::from(u8::try_from(128 + signal).unwrap_or(1)),
        Ok(None) => ExitCode::SUCCESS,
        Err(error) => failed(&format!("the screen failed: {}", super::locate::why(&error))),
    }
}

/// What the flags say of the screen; the rest is the terminal's to say.
fn options(screen: Screen, address: Arc<OnceLock<String>>) -> tui::Options {
    tui::Options { ascii: screen.ascii, mouse: !screen.no_mouse, library: library(&Environment::read()).0, address }
}

/// Why no screen can be opened here.
fn refusal(is_terminal: bool, term: Option<&str>) -> Option<String> {
    let why = match term {
        _ if !is_terminal => "standard output is not a terminal",
        Some("dumb") => "this terminal cannot move its cursor (TERM=dumb)",
        Some("") | None => "TERM is not set, so it is unknown what this terminal can do",
        Some(_) => return None,
    };
    Some(format!("no screen here: {why}.\nThe same as text:  plantao status\nFor a program:     plantao status --json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_that_cannot_draw_is_pointed_to_status() {
        assert!(refusal(true, Some("xterm-256color")).is_none());
        for (terminal, term) in [(false, Some("xterm")), (true, Some("dumb")), (true, Some("")), (true, None)] {
            assert!(refusal(terminal, term).is_some_and(|message| message.contains("plantao status")));
        }
    }
}
