//! The terminal: taken, written to sparingly, and always given back.

use std::io::{self, Stdout, Write};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::clipboard::CopyToClipboard;
use crossterm::cursor::Show;
use crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture};
use crossterm::style::{Attribute, SetAttribute};
use crossterm::terminal::{Clear, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use crossterm::{Command, execute, queue};
use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};

use super::app::App;
use super::{screen, sgr};

/// Frames larger than this are wrapped into a synchronized update, so that the terminal shows them
/// at once. A tick of the clock is smaller than the wrapping.
const SYNCHRONIZED_FROM: usize = 64;

/// Whether there is something to give back: the panic hook and [`Drop`] may both want to.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal while plantao has it. Dropping it gives it back.
pub struct Terminal {
    inner: ratatui::Terminal<Sparing>,
    mouse: bool,
}

impl Terminal {
    /// Takes the terminal: raw mode, alternate screen, bracketed paste, and the mouse if wanted.
    ///
    /// # Errors
    /// If standard output is no terminal, or it is gone.
    pub fn take(mouse: bool) -> io::Result<Terminal> {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let default = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                give_back();
                default(panic);
            }));
        });
        enter(mouse)?;
        let backend = Sparing { inner: CrosstermBackend::new(Page::new(io::stdout())), hidden: None };
        Ok(Terminal { inner: ratatui::Terminal::new(backend)?, mouse })
    }

    /// Columns and rows.
    ///
    /// # Errors
    /// If the terminal is gone.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        let size = self.inner.size()?;
        Ok((size.width, size.height))
    }

    /// Writes what differs from the last frame.
    ///
    /// # Errors
    /// If the terminal is gone.
    pub fn draw(&mut self, app: &App) -> io::Result<()> {
        self.inner.draw(|frame| screen::draw(app, frame)).map(|_| ())
    }

    /// Forgets the last frame, so that the next one is written whole.
    ///
    /// # Errors
    /// If the terminal is gone.
    pub fn clear(&mut self) -> io::Result<()> {
        self.inner.backend_mut().hidden = None;
        self.inner.clear()
    }

    /// Gives the terminal back, stops the process as the shell's job control expects, and takes the
    /// terminal again once it continues.
    ///
    /// # Errors
    /// If the terminal is gone.
    pub fn suspend(&mut self) -> io::Result<()> {
        give_back();
        signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP)?;
        self.resume()
    }

    /// Takes the terminal again after the process was stopped from outside.
    ///
    /// # Errors
    /// If the terminal is gone.
    pub fn resume(&mut self) -> io::Result<()> {
        enter(self.mouse)?;
        self.clear()
    }

    /// Rings the bell.
    ///
    /// # Errors
    /// If the terminal is gone.
    pub fn bell() -> io::Result<()> {
        write_now(b"\x07")
    }

    /// Asks the terminal to put text on its clipboard (OSC 52). In tmux also wrapped for the
    /// terminal outside, for those whose tmux doesn't take it itself.
    ///
    /// # Errors
    /// If the terminal is gone.
    pub fn copy(text: &str, in_tmux: bool) -> io::Result<()> {
        let mut sequence = String::new();
        CopyToClipboard::to_clipboard_from(text).write_ansi(&mut sequence).map_err(io::Error::other)?;
        if in_tmux {
            let escaped = sequence.replace('\x1b', "\x1b\x1b");
            sequence.push_str("\x1bPtmux;");
            sequence.push_str(&escaped);
            sequence.push_str("\x1b\\");
        }
        write_now(sequence.as_bytes())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        give_back();
    }
}

fn write_now(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout();
    out.write_all(bytes)?;
    out.flush()
}

fn enter(mouse: bool) -> io::Result<()> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    let mut out = io::stdout();
    // Not every terminal's alternate screen begins empty, and frames write only what differs from that.
    queue!(out, EnterAlternateScreen, SetAttribute(Attribute::Reset))?;
    queue!(out, Clear(crossterm::terminal::ClearType::All), EnableBracketedPaste)?;
    if mouse {
        queue!(out, EnableMouseCapture)?;
    }
    out.flush()
}

/// Leaves the terminal as it was found. Errors are of no use here: the terminal may be gone.
fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        let _ = execute!(io::stdout(), DisableMouseCapture, DisableBracketedPaste, LeaveAlternateScreen, Show);
        let _ = disable_raw_mode();
    }
}

/// Collects what a frame writes and sends it in one piece.
struct Page {
    out: Stdout,
    bytes: Vec<u8>,
}

impl Page {
    fn new(out: Stdout) -> Page {
        Page { out, bytes: Vec::with_capacity(16 * 1024) }
    }
}

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.bytes.is_empty() {
            return Ok(());
        }
        let mut frame = sgr::spare(&self.bytes);
        self.bytes.clear();
        if frame.len() >= SYNCHRONIZED_FROM {
            frame.splice(0..0, *b"\x1b[?2026h");
            frame.extend_from_slice(b"\x1b[?2026l");
        }
        self.out.write_all(&frame)?;
        self.out.flush()
    }
}

/// crossterm's backend without what it would write in vain: resets after an empty frame, and hiding
/// a hidden cursor.
struct Sparing {
    inner: CrosstermBackend<Page>,
    hidden: Option<bool>,
}

impl Backend for Sparing {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let mut content = content.peekable();
        if content.peek().is_none() { Ok(()) } else { self.inner.draw(content) }
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        if self.hidden == Some(true) {
            return Ok(());
        }
        self.hidden = Some(true);
        self.inner.hide_cursor()
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        if self.hidden == Some(false) {
            return Ok(());
        }
        self.hidden = Some(false);
        // ratatui shows the cursor when it is dropped and complains on standard error if it can't: where
        // the line is gone that would be a panic about nothing.
        let _ = self.inner.show_cursor();
        Ok(())
    }

    /// Never asked of the terminal: ratatui wants it only to put the cursor back after clearing, and waiting
    /// for the answer would hold up every key, and end the process on a line that is slow to answer.
    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(Position::ORIGIN)
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.inner.set_cursor_position(position)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.inner.clear()
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        self.inner.clear_region(clear_type)
    }

    fn size(&self) -> io::Result<Size> {
        self.inner.size()
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        self.inner.window_size()
    }

    fn flush(&mut self) -> io::Result<()> {
        Backend::flush(&mut self.inner)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use portable_pty::{CommandBuilder, PtySize, native_pty_system};

    use super::*;

    /// Run by the test below, in a process and on a terminal of its own.
    #[test]
    #[ignore = "it needs a terminal: a_panic_gives_the_terminal_back_before_it_says_why runs it on one"]
    #[should_panic(expected = "something went wrong")]
    fn panics_with_the_terminal_taken() {
        let _terminal = Terminal::take(true).unwrap();
        panic!("something went wrong");
    }

    #[test]
    fn a_panic_gives_the_terminal_back_before_it_says_why() {
        let pair = native_pty_system().openpty(PtySize { rows: 24, cols: 80, ..PtySize::default() }).unwrap();
        let settings = || format!("{:?}", pair.master.get_termios());
        let before = settings();
        let mut itself = CommandBuilder::new(std::env::current_exe().unwrap());
        let name = "tui::terminal::tests::panics_with_the_terminal_taken";
        itself.args([name, "--exact", "--ignored", "--nocapture"]);
        let mut child = pair.slave.spawn_command(itself).unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let reading = std::thread::spawn(move || {
            let (mut said, mut some) = (Vec::new(), [0; 4_096]);
            while let Ok(length @ 1..) = reader.read(&mut some) {
                said.extend_from_slice(&some[..length]);
            }
            said
        });
        assert!(child.wait().unwrap().success());
        assert_eq!(settings(), before, "raw mode is left");
        drop(pair.slave);
        let said = String::from_utf8_lossy(&reading.join().unwrap()).into_owned();
        let at = |what: &str| said.find(what).unwrap_or_else(|| panic!("no {what:?} in {said:?}"));
        let why = at("something went wrong");
        assert!(at("\x1b[?1049h") < at("\x1b[?1049l"));
        for mode in ["\x1b[?1049l", "\x1b[?25h", "\x1b[?2004l", "\x1b[?1000l"] {
            assert!(at(mode) < why, "{mode:?} only after the reason: {said:?}");
        }
    }
}
