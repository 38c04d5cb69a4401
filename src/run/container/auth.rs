//! A folder in which a tool is signed in, for as long as a push takes. The user's own is not touched.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Removed when dropped. Its name is the run's, so that what a killed process left is removed by the next.
#[derive(Debug)]
pub(in crate::run) struct AuthFolder(PathBuf);

impl AuthFolder {
    /// A new one, for its owner only, with an empty file for each tool's own.
    pub(in crate::run) fn new(path: &Path) -> io::Result<AuthFolder> {
        remove(path)?;
        DirBuilder::new().mode(0o700).create(path)?;
        let folder = AuthFolder(path.to_owned());
        // Made here, so that no tool makes them readable for others.
        for name in ["auth.json", "config.json"] {
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path.join(name))?;
            io::Write::write_all(&mut file, b"{}")?;
        }
        Ok(folder)
    }

    pub(in crate::run) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for AuthFolder {
    fn drop(&mut self) {
        let _ = remove(&self.0);
    }
}

/// What is not there is removed.
pub(in crate::run) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn nobody_else_can_read_where_a_tool_signs_in_and_nothing_of_it_is_left() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("run.auth");
        // As a killed process leaves it.
        fs::create_dir(&path).unwrap();
        fs::write(path.join("auth.json"), "old").unwrap();
        let folder = AuthFolder::new(&path).unwrap();
        assert_eq!(fs::metadata(folder.path()).unwrap().permissions().mode() & 0o777, 0o700);
        for name in ["auth.json", "config.json"] {
            let file = path.join(name);
            assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
            assert_eq!(fs::read_to_string(&file).unwrap(), "{}");
        }
        drop(folder);
        assert!(!path.exists());
    }
}
