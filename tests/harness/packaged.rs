//! A program of the distribution's: the system's own, or its package unpacked into the target folder, which needs no root
//! and installs nothing.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::tools::{apt, run};

/// One that a fresh Debian or Ubuntu may lack.
pub struct Packaged {
    name: &'static str,
    /// Arguments to which it answers well.
    version: &'static [&'static str],
    /// Those of the distribution that bring it and what it starts.
    packages: &'static [&'static str],
    /// Looked for once, also where that was in vain.
    found: OnceLock<Result<PathBuf, String>>,
}

impl Packaged {
    pub const fn new(
        name: &'static str,
        version: &'static [&'static str],
        packages: &'static [&'static str],
    ) -> Packaged {
        Packaged { name, version, packages, found: OnceLock::new() }
    }

    /// To start it.
    pub fn command(&self) -> Command {
        Command::new(self.path())
    }

    /// The system's program, or a script that starts what was unpacked; to be started by this path, and not by a link.
    pub fn path(&self) -> &Path {
        let found = self.found.get_or_init(|| {
            let on_the_path = std::env::var_os("PATH").unwrap_or_default();
            let mut there = std::env::split_paths(&on_the_path).map(|folder| folder.join(self.name));
            there.find(|path| self.works(path)).map_or_else(|| self.unpacked(), Ok)
        });
        let packages = self.packages.join(" ");
        found.as_ref().unwrap_or_else(|why| panic!("{why}\nInstall it and run again: apt-get install {packages}"))
    }

    fn works(&self, path: &Path) -> bool {
        // Podman makes folders even to say its version: in ours.
        let folder = env!("CARGO_TARGET_TMPDIR");
        let mut command = Command::new(path);
        command.args(self.version).env("HOME", folder).env("TMPDIR", folder).env_remove("XDG_RUNTIME_DIR");
        command.output().is_ok_and(|output| output.status.success())
    }

    /// The distribution's packages with those that they need and that are not installed.
    fn unpacked(&self) -> Result<PathBuf, String> {
        let all = Path::new(env!("CARGO_TARGET_TMPDIR")).join("packages");
        let text = |e: std::io::Error| format!("{}: {e}", all.display());
        let home = all.join(self.name);
        fs::create_dir_all(&home).map_err(text)?;
        // Held until the function returns: of two test processes the second finds the work done.
        let lock = File::create(all.with_extension("lock")).map_err(text)?;
        lock.lock().map_err(text)?;
        let start = home.join("bin").join(self.name);
        if self.works(&start) {
            return Ok(start);
        }
        eprintln!("unpacking the distribution's {} into {} (once)", self.packages.join(" and "), home.display());
        apt(&all, &["update"])?;
        let download = ["install", "-y", "--no-install-recommends", "--download-only"];
        apt(&all, &[&download[..], self.packages].concat())?;
        for archive in entries(&all.join("cache/archives")) {
            if archive.extension().is_some_and(|extension| extension == "deb") {
                run(Command::new("dpkg-deb").arg("-x").arg(&archive).arg(home.join("root")))?;
                fs::remove_file(archive).map_err(text)?;
            }
        }
        write_starters(&home).map_err(text)?;
        if self.works(&start) { Ok(start) } else { Err(format!("no {} that runs in {}", self.name, home.display())) }
    }
}

/// A script in bin/ for each program that was unpacked. It finds its libraries, in the folders that Debian has one of for
/// each architecture, and what it starts. It names no folder, so that all can be copied.
fn write_starters(home: &Path) -> std::io::Result<()> {
    let root = home.join("root");
    let within = |path: &Path| format!("$here/../{}", path.strip_prefix(home).unwrap_or(path).display());
    let folders = ["usr/lib", "lib"].into_iter().flat_map(|lib| entries(&root.join(lib)));
    let libraries = folders.filter(|path| path.is_dir()).map(|path| within(&path)).collect::<Vec<_>>().join(":");
    let half = home.join("half");
    fs::create_dir_all(&half)?;
    // Debian keeps PostgreSQL's programs apart, for each major version.
    let versions = entries(&root.join("usr/lib/postgresql")).into_iter().map(|version| version.join("bin"));
    for program in [root.join("usr/bin")].into_iter().chain(versions).flat_map(|folder| entries(&folder)) {
        let Some(name) = program.file_name() else { continue };
        let start = half.join(name);
        let (folders, path) = ("PATH=\"$PATH:$here\" LD_LIBRARY_PATH=", within(&program));
        fs::write(&start, format!("#!/bin/sh\nhere=${{0%/*}}\n{folders}\"{libraries}\" exec \"{path}\" \"$@\"\n"))?;
        fs::set_permissions(&start, fs::Permissions::from_mode(0o755))?;
    }
    // They appear when all is there, together.
    fs::rename(half, home.join("bin"))
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())).collect()
}
