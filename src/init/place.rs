//! Puts a file in its place: whole or not at all, and never over another one unasked.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Writes the text with mode 0600, and makes the folders above it. Without `force`, a file that is
/// there is an error ([`io::ErrorKind::AlreadyExists`]) and stays as it is.
pub(super) fn place(path: &Path, text: &str, force: bool) -> io::Result<()> {
    // A link to the real file, as dotfile managers make them, stays a link.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    fs::create_dir_all(&folder)?;
    let draft = folder.join(format!(".plantao-{:016x}.tmp", fastrand::u64(..)));
    let placed = write(&draft, text).and_then(|()| {
        if force {
            fs::rename(&draft, &path)
        } else {
            // Unlike a rename, a link fails when the name is taken, however late it was taken.
            fs::hard_link(&draft, &path)
        }
    });
    let removed = fs::remove_file(&draft);
    match (placed, removed) {
        (Ok(()), Err(error)) if error.kind() != io::ErrorKind::NotFound => Err(error),
        (placed, _) => placed,
    }
}

fn write(draft: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_that_is_there_survives_unless_told_otherwise() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/platform.toml");
        place(&path, "one", false).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(place(&path, "two", false).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&path).unwrap(), "one");
        place(&path, "two", true).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "no draft is left behind");
    }

    #[test]
    fn a_link_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real.toml"), folder.path().join("link.toml"));
        fs::write(&real, "one").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        place(&link, "two", true).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&real).unwrap(), "two");
    }
}
