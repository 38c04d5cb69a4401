//! Opens the dashboard, or says why this terminal cannot show it.

use std::ffi::OsString;
use std::future::Future;
use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::sync::Arc;

use super::args::{Screen, Whence};
use super::library::library;
use super::locate::Environment;
use super::{connection, failed, on_runtime, read_only, run};
use crate::aws::Clients;
use crate::clock::Clock;
use crate::platform::Platform;
use crate::run::{Locks, Store};
use crate::tui;
use crate::tui::connection::Connected;
use crate::tui::hosting::Hosting;

/// The dashboard of the platform that the command line means.
pub(super) fn dashboard(whence: &Whence, screen: Screen) -> ExitCode {
    let platform = match Environment::read().platform(whence) {
        Ok((_, platform)) => platform,
        Err(message) => return failed(&message),
    };
    let connection = connection(whence, Some(&platform));
    let arguments = run::host_arguments(whence);
    let connect = async move {
        let hosting = hosting(move || arguments.clone());
        Connected { clients: Clients::connect(&connection).await, hosting, address: None }
    };
    let options =
        tui::Options { forbidden: read_only::said_by(whence, Some(&platform)).map(forbidden), ..options(screen) };
    let platform = Platform { treated: options.library.treated(), ..platform };
    on_runtime(open(platform, connect, Clock::system(), options, AS_TEXT))
}

/// What shows the platform where no screen can be opened.
const AS_TEXT: &str = "The same as text:  plantao status\nFor a program:     plantao status --json";

/// Opens the screen at once; `instead` says what to do where there can be none; `connect` is awaited behind it.
pub(super) async fn open(
    platform: Platform,
    connect: impl Future<Output = Connected> + Send + 'static,
    clock: Clock,
    options: tui::Options,
    instead: &str,
) -> ExitCode {
    if let Some(refusal) = refusal(io::stdout().is_terminal(), std::env::var("TERM").ok().as_deref(), instead) {
        return failed(&refusal);
    }
    match tui::run(Arc::new(platform), connect, clock, options).await {
        // As a shell reports a program that a signal ended.
        Ok(Some(signal)) => ExitCode::from(u8::try_from(128 + signal).unwrap_or(1)),
        Ok(None) => ExitCode::SUCCESS,
        Err(error) => failed(&format!("the screen failed: {}", super::locate::why(&error))),
    }
}

/// What the flags say of the screen; the rest is the terminal's to say.
pub(super) fn options(screen: Screen) -> tui::Options {
    let library = library(&Environment::read()).0;
    tui::Options { ascii: screen.ascii, mouse: !screen.no_mouse, library, forbidden: None }
}

/// Why this screen carries nothing out.
pub(super) fn forbidden(says: &str) -> String {
    format!("{says}: plans are shown, nothing is carried out")
}

/// Runs that this very program carries out, in processes of their own that are told these arguments.
pub(super) fn hosting(arguments: impl Fn() -> Vec<OsString> + Send + Sync + 'static) -> Result<Hosting, String> {
    let store = Store::of_user().ok_or_else(|| run::NOWHERE.to_owned())?;
    Ok(Hosting::by_process(store, run::program()?, arguments).with(Locks::of_machine()))
}

/// Why no screen can be opened here.
fn refusal(is_terminal: bool, term: Option<&str>, instead: &str) -> Option<String> {
    let why = match term {
        _ if !is_terminal => "standard output is not a terminal",
        Some("dumb") => "this terminal cannot move its cursor (TERM=dumb)",
        Some("") | None => "TERM is not set, so it is unknown what this terminal can do",
        Some(_) => return None,
    };
    Some(format!("no screen here: {why}.\n{instead}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_that_cannot_draw_is_pointed_to_status() {
        assert!(refusal(true, Some("xterm-256color"), AS_TEXT).is_none());
        for (terminal, term) in [(false, Some("xterm")), (true, Some("dumb")), (true, Some("")), (true, None)] {
            assert!(refusal(terminal, term, AS_TEXT).is_some_and(|message| message.contains("plantao status")));
        }
    }
}
