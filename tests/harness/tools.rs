//! The tools of tests/harness/requirements.txt, installed once into the target folder, whoever asks first.
//!
//! A fresh Debian or Ubuntu has Python but neither pip nor what `venv` needs to bring it, and the user may not
//! be root. So there are three ways, each without any privilege and without touching the system: Python's own
//! `venv`; an installed pip; pip taken out of the distribution's package.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// An environment of its own, with one program to start.
struct Kit {
    /// Its folder in the target folder.
    name: &'static str,
    requirements: &'static str,
    /// What can be imported once it is whole.
    imports: &'static str,
    program: &'static str,
    launcher: &'static str,
    /// Once installed.
    home: OnceLock<PathBuf>,
}

/// For the tests.
static TOOLS: Kit = Kit {
    name: "tools",
    requirements: include_str!("requirements.txt"),
    imports: "import moto, cbor2, awscli",
    program: "plantao-test-aws",
    launcher: "import sys\nfrom awscli.clidriver import main\nsys.exit(main())\n",
    home: OnceLock::new(),
};

/// For the benches alone.
static PEERS: Kit = Kit {
    name: "peers",
    requirements: include_str!("peers.txt"),
    imports: "import ecs_deploy.cli",
    program: "plantao-bench-ecs",
    launcher: "import sys\nfrom ecs_deploy.cli import ecs\nsys.exit(ecs())\n",
    home: OnceLock::new(),
};

/// A Python that can import everything in requirements.txt.
pub fn python() -> PathBuf {
    TOOLS.installed().join("bin/python")
}

/// The AWS command line interface, version 1.
pub fn aws_cli() -> PathBuf {
    TOOLS.installed().join("bin").join(TOOLS.program)
}

/// `ecs` of ecs-deploy, a tool that people scale services with.
pub fn ecs_deploy() -> PathBuf {
    PEERS.installed().join("bin").join(PEERS.program)
}

impl Kit {
    fn installed(&self) -> &Path {
        self.home.get_or_init(|| {
            let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join(self.name);
            install(self, &home).unwrap_or_else(|why| panic!("{} could not be installed:\n{why}", self.name));
            home
        })
    }
}

fn install(kit: &Kit, home: &Path) -> Result<(), String> {
    let text = |e: std::io::Error| format!("{}: {e}", home.display());
    fs::create_dir_all(home.parent().unwrap_or(home)).map_err(text)?;
    // Held until the function returns: of two test processes the second finds the work done.
    let lock = File::create(home.with_extension("lock")).map_err(text)?;
    lock.lock().map_err(text)?;
    let stamp = home.join("requirements.installed");
    if fs::read_to_string(&stamp).is_ok_and(|done| done == kit.requirements)
        && works(&home.join("bin/python"), kit.imports)
    {
        return Ok(());
    }
    if home.exists() {
        fs::remove_dir_all(home).map_err(text)?;
    }
    eprintln!("installing the Python of {} into {} (once; about half a minute)", kit.name, home.display());
    make_environment(kit.requirements, home, &interpreter()?)?;
    write_launcher(kit, home).map_err(text)?;
    fs::write(&stamp, kit.requirements).map_err(text)
}

/// Cheap, and false after the Python that the environment was made from has gone.
fn works(python: &Path, imports: &str) -> bool {
    Command::new(python).args(["-c", imports]).output().is_ok_and(|o| o.status.success())
}

fn interpreter() -> Result<String, String> {
    const NAMES: [&str; 6] = ["python3", "python3.14", "python3.13", "python3.12", "python3.11", "python3.10"];
    let new_enough = "import sys; sys.exit(sys.version_info < (3, 10))";
    NAMES
        .into_iter()
        .find(|name| Command::new(name).args(["-c", new_enough]).output().is_ok_and(|o| o.status.success()))
        .map(str::to_owned)
        .ok_or_else(|| "no Python 3.10 or newer on the PATH: apt-get install python3".to_owned())
}

fn make_environment(requirements: &str, home: &Path, interpreter: &str) -> Result<(), String> {
    let list = home.with_extension("requirements.txt");
    fs::write(&list, requirements).map_err(|e| format!("{}: {e}", list.display()))?;
    let python = home.join("bin/python");
    if run(Command::new(interpreter).args(["-m", "venv"]).arg(home)).is_ok() {
        return run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "-r"]).arg(&list)).map(drop);
    }
    // Without ensurepip the environment itself can still be made, and any pip can fill its folder.
    run(Command::new(interpreter).args(["-m", "venv", "--clear", "--without-pip"]).arg(home))?;
    let script = "import sysconfig; print(sysconfig.get_path('purelib'))";
    let packages = run(Command::new(&python).args(["-c", script]))?;
    let mut pip = Command::new(interpreter);
    if run(Command::new(interpreter).args(["-m", "pip", "--version"])).is_ok() {
        pip.args(["-m", "pip"]);
    } else {
        pip.arg(pip_of_the_distribution(&home.join("pip"))?);
    }
    run(pip.args(["install", "--quiet", "--target", packages.trim(), "-r"]).arg(&list)).map(drop)
}

/// Downloads Debian's own pip with an apt that keeps its lists in our folder: no root, nothing installed.
fn pip_of_the_distribution(folder: &Path) -> Result<PathBuf, String> {
    let hint = |why: String| format!("{why}\nInstall it and run again: apt-get install python3-venv");
    apt(folder, &["update"]).map_err(hint)?;
    apt(folder, &["download", "python3-pip-whl"]).map_err(hint)?;
    let deb = only_file(folder, "deb").map_err(hint)?;
    run(Command::new("dpkg-deb").arg("-x").arg(deb).arg(folder)).map_err(hint)?;
    let wheels = folder.join("usr/share/python-wheels");
    let wheel = fs::read_dir(&wheels)
        .map_err(|e| hint(format!("{}: {e}", wheels.display())))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("pip-")))
        .ok_or_else(|| hint(format!("no pip in {}", wheels.display())))?;
    // A wheel is a zip file, and Python runs a package inside one.
    Ok(wheel.join("pip"))
}

/// apt with its lists and its cache in a folder of ours, where it also leaves what it downloads: no root needed.
pub(super) fn apt(folder: &Path, action: &[&str]) -> Result<String, String> {
    for part in ["lists/partial", "cache/archives/partial"] {
        fs::create_dir_all(folder.join(part)).map_err(|e| format!("{}: {e}", folder.display()))?;
    }
    let mut apt = Command::new("apt-get");
    apt.arg("-qq").current_dir(folder);
    apt.arg("-o").arg(format!("Dir::State::lists={}", folder.join("lists").display()));
    apt.arg("-o").arg(format!("Dir::Cache={}", folder.join("cache").display()));
    run(apt.args(["-o", "Debug::NoLocking=1", "-o", "APT::Sandbox::User="]).args(action))
}

fn only_file(folder: &Path, extension: &str) -> Result<PathBuf, String> {
    fs::read_dir(folder)
        .map_err(|e| e.to_string())?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|e| e == extension))
        .ok_or_else(|| format!("no .{extension} in {}", folder.display()))
}

/// pip writes no script for `--target`, so the launcher is always ours.
fn write_launcher(kit: &Kit, home: &Path) -> std::io::Result<()> {
    let launcher = home.join("bin").join(kit.program);
    fs::write(&launcher, format!("#!{}\n{}", home.join("bin/python").display(), kit.launcher))?;
    fs::set_permissions(&launcher, fs::Permissions::from_mode(0o755))
}

pub(super) fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// Its standard output; the error is the command and all that it said.
pub(super) fn run(command: &mut Command) -> Result<String, String> {
    let output = command.stdin(Stdio::null()).output().map_err(|e| format!("{command:?}: {e}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    Err(format!("{command:?}: {}\n{}\n{}", output.status, said(&output.stdout), said(&output.stderr)))
}

#[test]
fn the_aws_cli_that_reads_the_world_is_there() {
    let version = run(Command::new(aws_cli()).arg("--version")).unwrap();
    assert!(version.starts_with("aws-cli/1."), "{version}");
}
