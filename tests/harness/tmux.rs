//! A real tmux with one window, seen as its user sees it. The system's, or the distribution's, unpacked into the
//! target folder: that needs no root and installs nothing.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use super::PATIENCE;
use super::tools::{apt, run};

/// A program, and where its libraries are if not where the system's are.
struct Program {
    path: PathBuf,
    libraries: Option<OsString>,
}

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
        let program = program();
        let mut command = Command::new(&program.path);
        command.args(["-u", "-L", "plantao-test"]).args(arguments).stdin(Stdio::null()).env_clear();
        command.env("TMUX_TMPDIR", self.home.path()).env("HOME", self.home.path()).env("LANG", "C.UTF-8");
        command.env("PATH", "/usr/bin:/bin");
        command.env("AWS_EC2_METADATA_DISABLED", "true");
        if let Some(libraries) = &program.libraries {
            command.env("LD_LIBRARY_PATH", libraries);
        }
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

fn program() -> &'static Program {
    static PROGRAM: OnceLock<Program> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let system = Program { path: PathBuf::from("tmux"), libraries: None };
        if system.works() {
            return system;
        }
        let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tmux");
        unpacked(&home).unwrap_or_else(|why| panic!("{why}\nInstall it and run again: apt-get install tmux"))
    })
}

impl Program {
    fn works(&self) -> bool {
        let mut command = Command::new(&self.path);
        if let Some(libraries) = &self.libraries {
            command.env("LD_LIBRARY_PATH", libraries);
        }
        command.arg("-V").output().is_ok_and(|output| output.status.success())
    }
}

/// The distribution's package with those that it needs and that are not installed.
fn unpacked(home: &Path) -> Result<Program, String> {
    let text = |e: std::io::Error| format!("{}: {e}", home.display());
    fs::create_dir_all(home).map_err(text)?;
    // Held until the function returns: of two test processes the second finds the work done.
    let lock = File::create(home.with_extension("lock")).map_err(text)?;
    lock.lock().map_err(text)?;
    let root = home.join("root");
    if let Some(program) = within(&root) {
        return Ok(program);
    }
    eprintln!("unpacking the distribution's tmux into {} (once)", home.display());
    apt(home, &["update"])?;
    apt(home, &["install", "-y", "--no-install-recommends", "--download-only", "tmux"])?;
    let archives = home.join("cache/archives");
    for entry in fs::read_dir(&archives).map_err(text)? {
        let deb = entry.map_err(text)?.path();
        if deb.extension().is_some_and(|extension| extension == "deb") {
            run(Command::new("dpkg-deb").arg("-x").arg(deb).arg(&root))?;
        }
    }
    within(&root).ok_or_else(|| format!("no tmux that runs in {}", root.display()))
}

/// A tmux unpacked there, if it runs. Its libraries are in the folders that Debian has one of for each architecture.
fn within(root: &Path) -> Option<Program> {
    let folders = ["usr/lib", "lib"].into_iter().filter_map(|lib| fs::read_dir(root.join(lib)).ok()).flatten();
    let folders = folders.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_dir());
    let libraries = std::env::join_paths(folders).ok()?;
    let program = Program { path: root.join("usr/bin/tmux"), libraries: Some(libraries) };
    program.works().then_some(program)
}
