//! A program of the distribution's: the system's own, or its package unpacked into the target folder, which needs no root
//! and installs nothing.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::tools::{apt, run};

/// One that a fresh Debian or Ubuntu may lack, and whose package has its name.
pub struct Packaged {
    name: &'static str,
    /// The argument to which it answers well.
    version: &'static str,
    found: OnceLock<Program>,
}

/// Where it is, and where its libraries are if not where the system's are.
struct Program {
    path: PathBuf,
    libraries: Option<OsString>,
}

impl Packaged {
    pub const fn new(name: &'static str, version: &'static str) -> Packaged {
        Packaged { name, version, found: OnceLock::new() }
    }

    /// To start it.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program().path);
        self.set_libraries(&mut command);
        command
    }

    /// Once more, for a command whose environment was cleared.
    pub fn set_libraries(&self, command: &mut Command) {
        if let Some(libraries) = &self.program().libraries {
            command.env("LD_LIBRARY_PATH", libraries);
        }
    }

    /// A line of a script that starts it with the script's own arguments.
    pub fn script(&self) -> String {
        let program = self.program();
        let libraries = program.libraries.as_ref().map(|l| format!("LD_LIBRARY_PATH='{}' ", l.to_string_lossy()));
        format!("{}exec '{}' \"$@\"\n", libraries.unwrap_or_default(), program.path.display())
    }

    fn program(&self) -> &Program {
        self.found.get_or_init(|| {
            let on_the_path = std::env::var_os("PATH").unwrap_or_default();
            let there = std::env::split_paths(&on_the_path).map(|folder| folder.join(self.name));
            let system = there.map(|path| Program { path, libraries: None }).find(|program| self.works(program));
            system.unwrap_or_else(|| {
                let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join(self.name);
                let name = self.name;
                self.unpacked(&home)
                    .unwrap_or_else(|why| panic!("{why}\nInstall it and run again: apt-get install {name}"))
            })
        })
    }

    fn works(&self, program: &Program) -> bool {
        let mut command = Command::new(&program.path);
        if let Some(libraries) = &program.libraries {
            command.env("LD_LIBRARY_PATH", libraries);
        }
        command.arg(self.version).output().is_ok_and(|output| output.status.success())
    }

    /// The distribution's package with those that it needs and that are not installed.
    fn unpacked(&self, home: &Path) -> Result<Program, String> {
        let text = |e: std::io::Error| format!("{}: {e}", home.display());
        fs::create_dir_all(home).map_err(text)?;
        // Held until the function returns: of two test processes the second finds the work done.
        let lock = File::create(home.with_extension("lock")).map_err(text)?;
        lock.lock().map_err(text)?;
        let root = home.join("root");
        if let Some(program) = self.within(&root) {
            return Ok(program);
        }
        eprintln!("unpacking the distribution's {} into {} (once)", self.name, home.display());
        apt(home, &["update"])?;
        apt(home, &["install", "-y", "--no-install-recommends", "--download-only", self.name])?;
        let archives = home.join("cache/archives");
        for entry in fs::read_dir(&archives).map_err(text)? {
            let deb = entry.map_err(text)?.path();
            if deb.extension().is_some_and(|extension| extension == "deb") {
                run(Command::new("dpkg-deb").arg("-x").arg(deb).arg(&root))?;
            }
        }
        self.within(&root).ok_or_else(|| format!("no {} that runs in {}", self.name, root.display()))
    }

    /// One unpacked there, if it runs. Its libraries are in the folders that Debian has one of for each architecture.
    fn within(&self, root: &Path) -> Option<Program> {
        let folders = ["usr/lib", "lib"].into_iter().filter_map(|lib| fs::read_dir(root.join(lib)).ok()).flatten();
        let folders = folders.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_dir());
        let libraries = std::env::join_paths(folders).ok()?;
        let program = Program { path: root.join("usr/bin").join(self.name), libraries: Some(libraries) };
        self.works(&program).then_some(program)
    }
}
