//! A folder in which a tool is signed in, for as long as a push takes. The user's own is not touched.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};

/// Where docker keeps its contexts, in the folder of its settings.
const CONTEXTS: &str = "contexts";

/// Removed when dropped. Its name is the run's, so that what a killed process left is removed by the next.
#[derive(Debug)]
pub(in crate::run) struct AuthFolder(PathBuf);

impl AuthFolder {
    /// A new one, for its owner only, with an empty file for each tool's own.
    pub(in crate::run) fn new(path: &Path) -> io::Result<AuthFolder> {
        AuthFolder::beside(docker_settings().as_deref(), path)
    }

    fn beside(settings: Option<&Path>, path: &Path) -> io::Result<AuthFolder> {
        remove(path)?;
        DirBuilder::new().mode(0o700).create(path)?;
        let folder = AuthFolder(path.to_owned());
        // Docker's contexts lead to its daemon, with the certificates for that.
        if let Some(contexts) = settings.map(|own| own.join(CONTEXTS)).filter(|own| own.is_dir()) {
            symlink(contexts, path.join(CONTEXTS))?;
        }
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

/// The folder of docker's own settings.
pub(super) fn docker_settings() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("DOCKER_CONFIG").or_else(|| Some(set("HOME")?.join(".docker")))
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
    #[test]
    fn a_remote_daemon_is_spoken_to_with_its_own_certificates_and_they_stay_where_they_are() {
        let home = tempfile::tempdir().unwrap();
        let (path, settings) = (home.path().join("run.auth"), home.path().join(".docker"));
        let key = "contexts/tls/0a1b/docker/key.pem";
        fs::create_dir_all(settings.join(key).parent().unwrap()).unwrap();
        fs::write(settings.join(key), "key").unwrap();
        let folder = AuthFolder::beside(Some(&settings), &path).unwrap();
        assert_eq!(fs::read_to_string(folder.path().join(key)).unwrap(), "key");
        drop(folder);
        assert!(!path.exists() && settings.join(key).exists());
        // Who never made a context has no such folder.
        assert!(!AuthFolder::beside(Some(home.path()), &path).unwrap().path().join(CONTEXTS).exists());
    }
}
