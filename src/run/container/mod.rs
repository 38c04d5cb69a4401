//! The programs of this machine that a build and a push need: a container tool, and git.
//!
//! They are started with arguments, never through a shell; what they say goes to the run's log.

pub(super) mod auth;
pub(super) mod git;
pub(super) mod process;
pub(super) mod reach;
pub(super) mod tool;

use std::path::PathBuf;
use std::process::Output;
use std::time::Duration;

use tokio::process::Command;

/// A program of this name on the PATH.
pub(super) fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|program| is_program(program))
}

fn is_program(path: &std::path::Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

/// What a short question to a program answers; the error is why there is no good answer.
pub(super) async fn ask(command: &mut Command, patience: Duration) -> Result<String, String> {
    use std::process::Stdio;
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let Output { status, stdout, stderr } = match tokio::time::timeout(patience, command.output()).await {
        Ok(output) => output.map_err(|error| error.to_string())?,
        Err(_) => return Err(format!("no answer in {} s", patience.as_secs())),
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if status.success() {
        return Ok(text(&stdout));
    }
    let said = text(&stderr);
    Err(said.lines().last().map_or_else(|| status.to_string(), |line| crate::platform::text::printable(line).into()))
}
