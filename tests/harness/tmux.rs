//! A real tmux with one window, seen as its user sees it.

use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use super::PATIENCE;
use super::packaged::Packaged;

static TMUX: Packaged = Packaged::new("tmux", &["-V"], &["tmux"]);

/// A server of its own; it ends, with all in it, when this goes.
pub struct Tmux {
    /// Its socket, and the home of what runs in it.
    home: tempfile::TempDir,
}

impl Tmux {
    /// A shell in a window of this size (columns, rows), with tmux's own settings and nobody's else.
    pub fn shell((columns, rows): (u16, u16)) -> Tmux {
        let tmux = Tmux { home: tempfile::tempdir().expect("a folder") };
        let (columns, rows) = (columns.to_string(), rows.to_string());
        // Not through a shell of tmux's, which would put its own prompt in the way.
        let shell = ["env", "PS1=ready> ", "ENV=/dev/null", "/bin/sh", "-i"];
        let session = ["-f", "/dev/null", "new-session", "-d", "-x", &columns, "-y", &rows];
        tmux.ask(&[&session[..], &shell].concat());
        tmux
    }

    /// What a tmux command answers.
    pub fn ask(&self, command: &[&str]) -> String {
        let output = self.output(command);
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end_matches('\n').to_owned();
        assert!(output.status.success(), "tmux {command:?}: {}", said(&output.stderr));
        said(&output.stdout)
    }

    fn output(&self, arguments: &[&str]) -> Output {
        let mut command = TMUX.command();
        command.args(["-u", "-L", "plantao-test"]).args(arguments).stdin(Stdio::null()).env_clear();
        command.env("TMUX_TMPDIR", self.home.path()).env("HOME", self.home.path()).env("LANG", "C.UTF-8");
        command.env("PATH", "/usr/bin:/bin");
        command.env("AWS_EC2_METADATA_DISABLED", "true");
        let one_at_a_time = super::starting();
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("tmux starts");
        drop(one_at_a_time);
        child.wait_with_output().expect("tmux ends")
    }

    /// Types keys by tmux's names: `Enter`, `2`.
    pub fn keys(&self, keys: &[&str]) {
        self.ask(&[&["send-keys"], keys].concat());
    }

    /// Changes the window's size (columns, rows).
    pub fn resize(&self, (columns, rows): (u16, u16)) {
        self.ask(&["resize-window", "-x", &columns.to_string(), "-y", &rows.to_string()]);
    }

    /// The window's text, a line a row.
    pub fn screen(&self) -> String {
        self.ask(&["capture-pane", "-p"])
    }

    /// Waits until the window is as wanted.
    pub fn wait_until(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let screen = self.screen();
            if wanted(&screen) {
                return screen;
            }
            assert!(Instant::now() < end, "waited in vain for {what}; the window is\n{screen}");
            // tmux tells nobody of a change without a terminal attached to it; this only paces the looks.
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until the window shows a text.
    pub fn wait_for(&self, text: &str) -> String {
        self.wait_until(text, |screen| screen.contains(text))
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        self.output(&["kill-server"]);
    }
}
