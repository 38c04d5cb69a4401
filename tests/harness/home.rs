//! A user's home, and plantao run in it.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use plantao::run::Store;

/// The real binary with nothing of this machine's environment, on an AWS that takes any keys.
pub fn plantao_at(home: &Path, endpoint: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plantao"));
    command.args(arguments).args(["--endpoint-url", endpoint]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.env_clear().env("HOME", home).env("PLANTAO_LOCK_DIR", home);
    command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
    command.env("AWS_EC2_METADATA_DISABLED", "true");
    command
}

/// Where the journals of that home are.
pub fn store_in(home: &Path) -> Store {
    Store::at(&home.join(".local/state/plantao/runs"))
}

/// An exit code, and all that was said.
pub fn told(output: &Output) -> (i32, String) {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&text).into_owned())
}
