//! The real binary on a real pty, and the screen that its user would see.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, SlavePty, native_pty_system};
use vt100::{MouseProtocolMode, Parser, Screen};

/// Longer than anything here takes on a machine with two busy cores; a test that waits for it fails.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A program on a pty of its own, as the leader of its session.
pub struct Terminal {
    shared: Arc<Shared>,
    child: Box<dyn Child + Send + Sync>,
    /// Kept open: the kernel resets the line's settings when the last slave closes.
    slave: Option<Box<dyn SlavePty + Send>>,
    writer: Option<Box<dyn Write + Send>>,
    reader: Option<JoinHandle<()>>,
    /// Last, so that the line stays up until everything else is gone.
    master: Option<Box<dyn MasterPty + Send>>,
    before: String,
}

/// How the program ended and what it left behind.
#[derive(Debug, PartialEq, Eq)]
pub struct Ended {
    /// Its exit code; 128 and the signal's number if one killed it.
    pub code: u32,
    /// The line's settings are what they were, and every mode that was set is unset again.
    pub restored: Result<(), String>,
}

struct Shared {
    seen: Mutex<Seen>,
    changed: Condvar,
}

struct Seen {
    parser: Parser,
    bytes: Vec<u8>,
    /// When the first byte came, and the last.
    came: Option<(Instant, Instant)>,
    hang_up: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Terminal {
    /// `plantao` with arguments, at a size (columns, rows), with `TERM=xterm-256color`, a UTF-8 locale and a
    /// home that is empty; `env` may change each of these. An empty value removes a variable.
    pub fn plantao(arguments: &[&str], size: (u16, u16), env: &[(&str, &str)]) -> Terminal {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_plantao"));
        command.args(arguments);
        Terminal::start(command, size, env)
    }

    /// A shell line.
    pub fn shell(line: &str, size: (u16, u16), env: &[(&str, &str)]) -> Terminal {
        let mut command = CommandBuilder::new("/bin/sh");
        command.args(["-c", line]);
        Terminal::start(command, size, env)
    }

    /// Any program.
    pub fn start(mut command: CommandBuilder, size: (u16, u16), env: &[(&str, &str)]) -> Terminal {
        let inherited = std::env::vars_os().filter(|(name, _)| {
            let name = name.to_string_lossy();
            ["AWS_", "LC_", "COLOR"].iter().any(|start| name.starts_with(start))
                || ["NO_COLOR", "TMUX", "TERM_PROGRAM", "PLANTAO_CONFIG", "XDG_CONFIG_HOME"].contains(&&*name)
        });
        for (name, _) in inherited {
            command.env_remove(name);
        }
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env("HOME", env!("CARGO_TARGET_TMPDIR"));
        command.env("AWS_EC2_METADATA_DISABLED", "true");
        for (name, value) in env {
            if value.is_empty() {
                command.env_remove(name);
            } else {
                command.env(name, value);
            }
        }
        let one_at_a_time = super::starting();
        let pair = native_pty_system().openpty(pty_size(size)).expect("a pty");
        let before = line_settings(pair.master.as_ref());
        let shared = Arc::new(Shared {
            seen: Mutex::new(Seen {
                parser: Parser::new(cells(size.1), cells(size.0), 0),
                bytes: Vec::new(),
                came: None,
                hang_up: false,
            }),
            changed: Condvar::new(),
        });
        let source = pair.master.try_clone_reader().expect("the pty can be read");
        let writer = pair.master.take_writer().expect("the pty can be written");
        let child = pair.slave.spawn_command(command).expect("the program starts");
        drop(one_at_a_time);
        let reader = std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || read_all(source, &shared)
        });
        Terminal {
            shared,
            child,
            slave: Some(pair.slave),
            writer: Some(writer),
            reader: Some(reader),
            master: Some(pair.master),
            before,
        }
    }

    /// Types text as it is: `"q"`, `"\u{1b}"`, `"\r"`.
    pub fn type_keys(&mut self, keys: &str) {
        let writer = self.writer.as_mut().expect("the line is up");
        writer.write_all(keys.as_bytes()).and_then(|()| writer.flush()).expect("the pty takes keys");
    }

    /// Waits until the screen is as wanted; panics with the screen if it does not become so.
    pub fn wait_until(&self, what: &str, wanted: impl Fn(&Screen) -> bool) {
        self.wait(what, |seen| wanted(seen.parser.screen()));
    }

    fn wait(&self, what: &str, wanted: impl Fn(&Seen) -> bool) {
        let end = Instant::now() + PATIENCE;
        let mut seen = self.shared.lock();
        while !wanted(&seen) {
            let left = end.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "waited in vain for {what}; the screen is\n{}", seen.parser.screen().contents());
            seen = self.shared.changed.wait_timeout(seen, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits until the screen shows a text.
    pub fn wait_for(&self, text: &str) {
        self.wait_until(text, |screen| screen.contents().contains(text));
    }

    /// The screen's text, a line a row.
    pub fn contents(&self) -> String {
        self.shared.lock().parser.screen().contents()
    }

    /// Every byte that the program has written so far.
    pub fn transcript(&self) -> Vec<u8> {
        self.shared.lock().bytes.clone()
    }

    /// How many bytes the program has written so far.
    pub fn written(&self) -> usize {
        self.shared.lock().bytes.len()
    }

    /// When the first byte came, and the last.
    pub fn came(&self) -> Option<(Instant, Instant)> {
        self.shared.lock().came
    }

    /// Waits until the program has written more than so many bytes; when the last of them came.
    pub fn wait_written(&self, more_than: usize) -> Instant {
        self.wait("more output", |seen| seen.bytes.len() > more_than);
        self.came().map_or_else(Instant::now, |(_, last)| last)
    }

    /// The program's process id.
    pub fn pid(&self) -> u32 {
        self.child.process_id().expect("the program runs")
    }

    /// Sends a signal by its short name: `TERM`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.pid().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "SIG{name} could not be sent");
    }

    /// Changes the size (columns, rows), as dragging a window's corner does.
    pub fn resize(&self, size: (u16, u16)) {
        self.shared.lock().parser.screen_mut().set_size(cells(size.1), cells(size.0));
        self.master.as_ref().expect("the line is up").resize(pty_size(size)).expect("the pty can be resized");
    }

    /// The line goes down: every descriptor of the master is closed. Needs a program that answers a key.
    pub fn hang_up(&mut self) {
        self.shared.lock().hang_up = true;
        // The reading thread holds a descriptor until it has read something.
        self.type_keys("?");
        let reader = self.reader.take().expect("the line is up");
        reader.join().expect("the reader ends");
        self.writer = None;
        self.master = None;
        self.slave = None;
    }

    /// Waits for the end of the program; panics, and kills it, if it does not end.
    pub fn end(mut self) -> Ended {
        let status = self.wait_status();
        let code = status.signal().map_or(status.exit_code(), |_| 128 + status.exit_code());
        Ended { code, restored: self.left_behind() }
    }

    fn wait_status(&mut self) -> ExitStatus {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("the program can be waited for") {
                return status;
            }
            if Instant::now() > end {
                let screen = self.contents();
                self.child.kill().expect("the program can be killed");
                panic!("the program does not end; the screen is\n{screen}");
            }
            // No event tells of a child's end without a signal handler of our own; this only paces the looks.
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// What the program has not put back. Called after its end.
    fn left_behind(&self) -> Result<(), String> {
        let Some(master) = &self.master else { return Ok(()) };
        self.settle();
        let seen = self.shared.lock();
        let screen = seen.parser.screen();
        let mut left = Vec::new();
        if screen.alternate_screen() {
            left.push("the alternate screen");
        }
        if screen.hide_cursor() {
            left.push("a hidden cursor");
        }
        if screen.bracketed_paste() {
            left.push("bracketed paste");
        }
        if screen.mouse_protocol_mode() != MouseProtocolMode::None {
            left.push("mouse reports");
        }
        if line_settings(master.as_ref()) != self.before {
            left.push("changed line settings (raw mode)");
        }
        if left.is_empty() { Ok(()) } else { Err(format!("left behind: {}", left.join(", "))) }
    }

    /// Everything written has been read: a marker written into the slave's end comes out last.
    fn settle(&self) {
        const MARKER: &str = "\u{1b}]0;settled\u{7}";
        let Some(name) = self.master.as_ref().and_then(|master| master.tty_name()) else { return };
        let Ok(mut line) = std::fs::OpenOptions::new().write(true).open(name) else { return };
        line.write_all(MARKER.as_bytes()).expect("the slave can be written");
        let end = Instant::now() + PATIENCE;
        let mut seen = self.shared.lock();
        while !seen.bytes.ends_with(MARKER.as_bytes()) && Instant::now() < end {
            seen = self.shared.changed.wait_timeout(seen, PATIENCE).unwrap_or_else(PoisonError::into_inner).0;
        }
        let length = seen.bytes.len().saturating_sub(MARKER.len());
        seen.bytes.truncate(length);
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // A test that failed must not leave its program running; one that ended is not there to be killed.
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        // The reader ends by itself when the slave is closed.
        self.slave = None;
    }
}

fn read_all(mut source: Box<dyn Read + Send>, shared: &Shared) {
    let mut buffer = [0; 16 * 1024];
    // An error is the end of the line: Linux answers EIO once every slave is closed.
    while let Ok(length @ 1..) = source.read(&mut buffer) {
        let mut seen = shared.lock();
        let now = Instant::now();
        seen.came = Some((seen.came.map_or(now, |(first, _)| first), now));
        seen.bytes.extend_from_slice(&buffer[..length]);
        seen.parser.process(&buffer[..length]);
        let hang_up = seen.hang_up;
        drop(seen);
        shared.changed.notify_all();
        if hang_up {
            return;
        }
    }
}

/// The line's settings (termios), comparable.
fn line_settings(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios())
}

fn pty_size((columns, rows): (u16, u16)) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

fn cells(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).unwrap_or(NonZeroU16::MIN)
}

#[test]
fn a_program_that_leaves_the_terminal_dirty_is_found_out() {
    let dirty = Terminal::shell("printf '\\033[?1049h\\033[?25l\\033[?2004h'; stty raw", (80, 24), &[]).end();
    assert_eq!(
        dirty.restored,
        Err("left behind: the alternate screen, a hidden cursor, bracketed paste, changed line settings (raw mode)"
            .to_owned())
    );
    let clean = Terminal::shell("printf hello; exit 3", (80, 24), &[]).end();
    assert_eq!(clean, Ended { code: 3, restored: Ok(()) });
}

#[test]
fn a_hung_up_line_ends_a_program_that_reads_it() {
    let mut reader = Terminal::shell("trap '' HUP; echo up; cat", (80, 24), &[]);
    reader.wait_for("up");
    reader.hang_up();
    // The end of its input or EIO, whichever comes first; not a signal.
    assert!(reader.end().code < 128);
}
