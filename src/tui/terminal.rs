//! The terminal: taken, written to sparingly, and always given back.

use std::io::{self, Stdout, Write};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::clipboard::CopyToClipboard;
use crossterm::cursor::Show;
use crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste};
use crossterm::style::{Attribute, SetAttribute};
use crossterm::terminal::{Clear, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use crossterm::{Command, execute, queue};
use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Position, Rect};

use super::app::App;
use super::{screen, sgr};

/// Frames larger than this are wrapped into a synchronized update, so that the terminal shows them
/// at once. A tick of the clock is smaller than the wrapping.
const SYNCHRONIZED_FROM: usize = 64;

/// Clicks and the wheel, told in columns of any width (xterm's modes 1000 and 1006). Crossterm's own command asks for every
/// movement of the pointer as well, and the line would carry each.
const CLICKS: &[u8] = b"\x1b[?1000h\x1b[?1006h";

/// Whether there is something to give back: the panic hook and [`Drop`] may both want to.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal while plantao has it. Dropping it gives it back.
///
/// In the place of [`ratatui::Terminal`], which knows whole frames only: a tick of the clock is one line.
pub struct Terminal {
    backend: CrosstermBackend<Page>,
    /// What it shows.
    shown: Buffer,
    /// The frame in the making.
    next: Buffer,
    caret: Caret,
    mouse: bool,
}

/// The cursor, as it was left.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Caret {
    /// Nobody knows.
    Unknown,
    Hidden,
    At(Position),
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
        let backend = CrosstermBackend::new(Page::new(io::stdout()));
        let (shown, next) = (Buffer::default(), Buffer::default());
        let mut terminal = Terminal { backend, shown, next, caret: Caret::Unknown, mouse };
        terminal.fit()?;
        Ok(terminal)
    }

    /// Columns and rows.
    ///
    /// # Errors
    /// If the terminal is gone.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        let size = self.backend.size()?;
        Ok((size.width, size.height))
    }

    /// Draws all of it, and writes what differs from what is shown.
    ///
    /// # Errors
    /// If the terminal is gone.
    pub fn draw(&mut self, app: &App) -> io::Result<()> {
        self.fit()?;
        self.next.reset();
        let caret = screen::paint(app, self.next.area, &mut self.next);
        write(
            &mut self.backend,
            &self.shown.diff(&self.next),
            &mut self.caret,
            caret.map_or(Caret::Hidden, Caret::At),
        )?;
        std::mem::swap(&mut self.shown, &mut self.next);
        Ok(())
    }

    /// Draws the first line, and writes what differs. All else stays as it is shown.
    ///
    /// # Errors
    /// If the terminal is gone.
    pub fn draw_header(&mut self, app: &App) -> io::Result<()> {
        if self.fit()? {
            return self.draw(app);
        }
        let line = Rect { height: self.shown.area.height.min(1), ..self.shown.area };
        let (mut before, mut after) = (Buffer::empty(line), Buffer::empty(line));
        let shown = &mut self.shown.content[..line.area() as usize];
        before.content.clone_from_slice(shown);
        screen::paint_header(app, line, &mut after);
        let caret = self.caret;
        write(&mut self.backend, &before.diff(&after), &mut self.caret, caret)?;
        shown.clone_from_slice(&after.content);
        Ok(())
    }

    /// Takes the terminal's size for the frames to come. True if it is another one: then nothing is shown any more.
    fn fit(&mut self) -> io::Result<bool> {
        let area = Rect::from((Position::ORIGIN, self.backend.size()?));
        let is_other = area != self.shown.area;
        if is_other {
            self.shown.resize(area);
            self.next.resize(area);
            self.clear()?;
        }
        Ok(is_other)
    }

    /// Forgets the last frame, so that the next one is written whole.
    ///
    /// # Errors
    /// If the terminal is gone.
    pub fn clear(&mut self) -> io::Result<()> {
        self.caret = Caret::Unknown;
        self.shown.reset();
        self.backend.clear()
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

/// Writes changes, and the cursor where it is to be.
fn write(
    backend: &mut CrosstermBackend<Page>,
    changes: &[(u16, u16, &Cell)],
    was: &mut Caret,
    caret: Caret,
) -> io::Result<()> {
    // Without changes crossterm would write resets.
    if !changes.is_empty() {
        backend.draw(changes.iter().copied())?;
    }
    match caret {
        Caret::At(position) if !changes.is_empty() || caret != *was => {
            backend.set_cursor_position(position)?;
            if !matches!(was, Caret::At(_)) {
                backend.show_cursor()?;
            }
        }
        Caret::Hidden if caret != *was => backend.hide_cursor()?,
        _ => {}
    }
    *was = caret;
    Backend::flush(backend)
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
        out.write_all(CLICKS)?;
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
