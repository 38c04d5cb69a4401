//! Standard output that may be closed early, as `| head` does.

use std::borrow::Cow;
use std::io::{self, Write};
use std::process::ExitCode;

use crate::platform::lines::escape;
use crate::tui::theme::Theme;

/// Writes it all to standard output. A reader that went away has had enough: that is no failure.
pub fn print(text: &str, code: u8) -> ExitCode {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            complain(&format!("cannot write to standard output: {}", super::locate::why(&error)));
            ExitCode::FAILURE
        }
        _ => ExitCode::from(code),
    }
}

/// Writes text for a person to standard output, in what the locale can show.
pub fn print_text(text: &str, code: u8) -> ExitCode {
    print(&shown(text), code)
}

fn shown(text: &str) -> Cow<'_, str> {
    Theme::detect(|name| std::env::var(name).ok()).text(text)
}

/// Writes JSON to standard output: in it too no character may command a terminal.
pub fn print_json(json: &str, code: u8) -> ExitCode {
    print(&escape(json), code)
}

/// Says on standard error what went wrong. There is nobody to tell if that fails.
pub fn complain(message: &str) {
    let prefix = if message.starts_with("error: ") { "" } else { "plantao: " };
    let _ = writeln!(io::stderr().lock(), "{prefix}{}", shown(message));
}
