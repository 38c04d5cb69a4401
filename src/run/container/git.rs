//! What git says of the folder that is built.

use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::process::Command;

use super::{ask, on_path};

/// A large tree on a slow disk.
const PATIENCE: Duration = Duration::from_secs(20);

/// The commit, and how much is not in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::run) struct Tree {
    /// Seven digits or more.
    pub(in crate::run) commit: String,
    /// Files that are not as committed, one line each, as git lists them.
    pub(in crate::run) dirty: Vec<String>,
}

impl Tree {
    /// Of this folder; the error is why nothing is known.
    pub(in crate::run) async fn of(folder: &Path) -> Result<Tree, String> {
        let Some(program) = on_path("git") else { return Err("git is not on the PATH".to_owned()) };
        let git = |arguments: &[&str]| {
            let mut command = Command::new(&program);
            // A look must not take git's lock away from somebody who works here.
            command.env("GIT_OPTIONAL_LOCKS", "0").env("LC_ALL", "C").arg("-C").arg(folder).args(arguments);
            command
        };
        let commit = ask(&mut git(&["rev-parse", "--short=7", "HEAD"]), PATIENCE).await?;
        // Only what is built: a service's folder in a greater tree is dirty by itself.
        let status = ask(&mut git(&["status", "--porcelain", "--untracked-files=all", "--", "."]), PATIENCE).await?;
        Ok(Tree { commit, dirty: status.lines().map(|line| line.trim().to_owned()).collect() })
    }
}
