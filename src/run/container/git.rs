//! What git says of the folder that is built.

use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
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
    /// A digest of what is in those files; empty where there are none.
    #[serde(default)]
    pub(in crate::run) contents: String,
}

/// A file without git is read up to here; of a larger one its size and the time of its last change tell.
const LARGEST: u64 = 16 << 20;

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
        let dirty: Vec<String> = status.lines().map(|line| line.trim().to_owned()).collect();
        if dirty.is_empty() {
            return Ok(Tree { commit, dirty, contents: String::new() });
        }
        // With whole hashes a binary file tells that it changed too; a person's own diff programs are left alone.
        let diff = ["diff", "HEAD", "--full-index", "--no-ext-diff", "--no-textconv", "--no-color", "--", "."];
        let diff = ask(&mut git(&diff), PATIENCE).await?;
        let untracked =
            ask(&mut git(&["ls-files", "--others", "--exclude-standard", "-z", "--", "."]), PATIENCE).await?;
        let folder = folder.to_owned();
        let contents = tokio::task::spawn_blocking(move || {
            let mut digest = Sha256::new_with_prefix(diff);
            for name in untracked.split('\0').filter(|name| !name.is_empty()) {
                digest.update(name);
                digest.update(of_file(&folder.join(name)));
            }
            digest.finalize().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
        });
        Ok(Tree { commit, dirty, contents: contents.await.map_err(|error| error.to_string())? })
    }
}

/// What tells that a file is another one. One that can't be read is like every other that can't.
fn of_file(path: &Path) -> Vec<u8> {
    let Ok(found) = path.symlink_metadata() else { return Vec::new() };
    let bytes = if found.is_symlink() {
        std::fs::read_link(path).map(|to| to.to_string_lossy().into_owned().into_bytes())
    } else if found.is_file() && found.len() <= LARGEST {
        std::fs::read(path)
    } else {
        let changed = found.modified().map(|at| format!("{at:?}"));
        changed.map(|at| format!("{} {at}", found.len()).into_bytes())
    };
    Sha256::digest(bytes.unwrap_or_default()).to_vec()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::*;

    #[tokio::test]
    async fn a_dirty_file_that_is_edited_again_after_the_plan_is_not_built_unseen() {
        let folder = tempfile::tempdir().unwrap();
        let git = |arguments: &[&str]| {
            let who = ["-c", "user.name=ana", "-c", "user.email=ana@example.com"];
            let done = Command::new("git").arg("-C").arg(folder.path()).args(who).args(arguments).output().unwrap();
            assert!(done.status.success(), "{done:?}");
        };
        let write = |name: &str, text: &[u8]| fs::write(folder.path().join(name), text).unwrap();
        git(&["init", "--quiet"]);
        write("tracked", b"one");
        write("binary", b"\0one");
        git(&["add", "."]);
        git(&["commit", "--quiet", "-m", "first"]);
        let clean = Tree::of(folder.path()).await.unwrap();
        assert_eq!((clean.dirty.len(), clean.contents.as_str()), (0, ""));
        write("tracked", b"two");
        write("binary", b"\0two");
        write("new file", b"two");
        let mut before = Tree::of(folder.path()).await.unwrap();
        assert_eq!(Tree::of(folder.path()).await.unwrap(), before);
        for name in ["tracked", "binary", "new file"] {
            write(name, b"\0three");
            let after = Tree::of(folder.path()).await.unwrap();
            assert_eq!(after.dirty, before.dirty, "its name tells nothing");
            assert_ne!(after, before, "{name}");
            before = after;
        }
    }
}
