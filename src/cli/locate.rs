//! Which platform file is meant, and what it says.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

use super::args::Whence;
use crate::platform::text::{nearest, printable};
use crate::platform::{Platform, Secret, file};

/// What the environment says of where files are.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    database_url: Option<OsString>,
    redis_url: Option<OsString>,
    config: Option<OsString>,
    xdg: Option<OsString>,
    home: Option<OsString>,
}

impl Environment {
    /// `PLANTAO_CONFIG`, `PLANTAO_DATABASE_URL`, `PLANTAO_REDIS_URL`, `XDG_CONFIG_HOME` and `HOME`. An empty variable is none.
    pub fn read() -> Environment {
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        Environment {
            database_url: variable("PLANTAO_DATABASE_URL"),
            redis_url: variable("PLANTAO_REDIS_URL"),
            config: variable("PLANTAO_CONFIG"),
            xdg: variable("XDG_CONFIG_HOME"),
            home: variable("HOME"),
        }
    }

    /// plantao's own folder. The XDG specification says that a relative `XDG_CONFIG_HOME` is ignored.
    pub(super) fn folder(&self) -> Option<PathBuf> {
        let xdg = self.xdg.as_ref().map(PathBuf::from).filter(|path| path.is_absolute());
        let config = xdg.or_else(|| self.home.as_ref().map(|home| PathBuf::from(home).join(".config")))?;
        Some(config.join("plantao"))
    }

    /// Where the platform file is or should be.
    pub fn path(&self, whence: &Whence) -> Result<PathBuf, String> {
        if let Some(path) = &whence.config {
            return Ok(path.clone());
        }
        if whence.platform.is_none()
            && let Some(path) = &self.config
        {
            return Ok(PathBuf::from(path));
        }
        let name = whence.platform.as_deref().unwrap_or("platform");
        if name.is_empty() || name.starts_with('.') || name.contains(['/', '\\', '\0']) {
            return Err(format!(
                "\"{}\" is no platform's name: expected NAME of ~/.config/plantao/NAME.toml; for a path, use -c",
                printable(name)
            ));
        }
        let folder = self.folder().ok_or("neither HOME nor XDG_CONFIG_HOME is set: say which file with -c PATH")?;
        Ok(folder.join(format!("{name}.toml")))
    }

    /// Where the platform file is; the error is that it is not there, and what to do.
    pub fn found(&self, whence: &Whence) -> Result<PathBuf, String> {
        let path = self.path(whence)?;
        match fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(self.missing(whence, &path)),
            _ => Ok(path),
        }
    }

    /// What is in the platform file, and where it is.
    fn bytes(&self, whence: &Whence) -> Result<(PathBuf, Vec<u8>), String> {
        let path = self.path(whence)?;
        match fs::read(&path) {
            Ok(bytes) => Ok((path, bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(self.missing(whence, &path)),
            Err(error) => Err(format!("cannot read {}: {}", show(&path), why(&error))),
        }
    }

    /// Reads the platform, in which `PLANTAO_DATABASE_URL` wins for its first database, `PLANTAO_REDIS_URL` for its first cache.
    pub fn platform(&self, whence: &Whence) -> Result<(PathBuf, Platform), String> {
        let (path, bytes) = self.bytes(whence)?;
        let mut platform = self.understand(&path, &bytes)?;
        if let (Some(url), Some(database)) = (&self.database_url, platform.databases.first_mut()) {
            database.url = Some(Secret::new(url.to_string_lossy().into_owned()));
        }
        if let (Some(url), Some(cache)) = (&self.redis_url, platform.caches.first_mut()) {
            cache.url = Some(Secret::new(url.to_string_lossy().into_owned()));
        }
        Ok((path, platform))
    }

    /// Reads what is in one file; the error is all that is wrong with it.
    fn understand(&self, path: &Path, bytes: &[u8]) -> Result<Platform, String> {
        let name = path.display().to_string();
        file::read_bytes(bytes, &name, |text| file::read_with(text, &name, &self.runbooks()))
            .map_err(|errors| errors.to_string())
    }

    /// Reads one file, for `plantao check`.
    pub fn check(&self, path: &Path) -> Result<Platform, String> {
        let bytes = fs::read(path).map_err(|error| format!("cannot read {}: {}", show(path), why(&error)))?;
        self.understand(path, &bytes)
    }

    /// The user's own runbooks, by file name without `.md`.
    fn runbooks(&self) -> Vec<String> {
        self.folder().map(|folder| stems(&folder.join("runbooks"), "md")).unwrap_or_default()
    }

    fn missing(&self, whence: &Whence, path: &Path) -> String {
        let mut message = String::new();
        if let Some(name) = &whence.platform {
            let known = self.folder().map(|folder| stems(&folder, "toml")).unwrap_or_default();
            let _ = write!(message, "there is no platform \"{}\" ({} does not exist)", printable(name), show(path));
            if let Some(near) = nearest(name, known.iter().map(String::as_str)) {
                let _ = write!(message, "\nDid you mean \"{}\"?", printable(near));
            }
            if !known.is_empty() {
                let known: Vec<_> = known.iter().map(|name| printable(name)).collect();
                let _ = write!(message, "\nThere are: {}", known.join(", "));
            }
            let _ = write!(message, "\nTo write it by looking at your account: plantao -p {} init", printable(name));
        } else if whence.config.is_some() || self.config.is_some() {
            let by = if whence.config.is_some() { "" } else { " (PLANTAO_CONFIG)" };
            let _ = write!(message, "there is no file {}{by}", show(path));
            let _ = write!(message, "\nTo write it by looking at your account: plantao -c {} init", show(path));
        } else {
            let _ = write!(message, "no platform yet: {} does not exist", show(path));
            message.push_str("\nTo write it by looking at your account:  plantao init");
            message.push_str("\nTo look around without any account:      plantao demo");
        }
        message
    }
}

/// A path fit for a message.
pub fn show(path: &Path) -> String {
    printable(&path.display().to_string()).into_owned()
}

/// An I/O error without its number, which helps nobody.
pub fn why(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

/// Sorted names of a folder's files with an extension, without it.
fn stems(folder: &Path, extension: &str) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == extension))
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home(folder: &Path) -> Environment {
        Environment { home: Some(folder.into()), ..Environment::default() }
    }

    #[test]
    fn the_most_explicit_word_wins() {
        let mut env = home(Path::new("/h"));
        let whence = Whence::default();
        let named = Whence { platform: Some("staging".into()), ..Whence::default() };
        let given = Whence { config: Some("x.toml".into()), ..Whence::default() };
        assert_eq!(env.path(&whence), Ok("/h/.config/plantao/platform.toml".into()));
        env.xdg = Some("/x".into());
        assert_eq!(env.path(&named), Ok("/x/plantao/staging.toml".into()));
        env.config = Some("/env.toml".into());
        assert_eq!(env.path(&whence), Ok("/env.toml".into()));
        assert_eq!(env.path(&named), Ok("/x/plantao/staging.toml".into()), "a flag wins over the environment");
        assert_eq!(env.path(&given), Ok("x.toml".into()));
        env.xdg = Some("relative".into());
        assert_eq!(env.path(&named), Ok("/h/.config/plantao/staging.toml".into()));
    }

    #[test]
    fn a_name_cannot_leave_the_folder() {
        for name in ["../etc/passwd", "a/b", "", ".."] {
            let whence = Whence { platform: Some(name.into()), ..Whence::default() };
            assert!(home(Path::new("/h")).path(&whence).is_err(), "{name}");
        }
    }

    #[test]
    fn a_misspelt_platform_finds_its_neighbours() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join(".config/plantao");
        fs::create_dir_all(&own).unwrap();
        fs::write(own.join("staging.toml"), "").unwrap();
        fs::write(own.join("production.toml"), "").unwrap();
        let whence = Whence { platform: Some("stagin".into()), ..Whence::default() };
        let message = home(folder.path()).platform(&whence).unwrap_err();
        assert!(message.contains("Did you mean \"staging\"?\nThere are: production, staging"), "{message}");
    }

    #[test]
    fn no_file_at_all_says_what_to_do_first() {
        let folder = tempfile::tempdir().unwrap();
        let message = home(folder.path()).platform(&Whence::default()).unwrap_err();
        assert!(message.contains("plantao init") && message.contains("plantao demo"), "{message}");
    }

    #[test]
    fn an_alarm_may_name_the_users_own_runbook() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join(".config/plantao");
        fs::create_dir_all(own.join("runbooks")).unwrap();
        let text = "name = \"p\"\n[[database]]\nid = \"d\"\n[[alarm]]\nname = \"A\"\nseverity = \"notice\"\nrunbook = \"flush\"\n";
        fs::write(own.join("platform.toml"), text).unwrap();
        assert!(home(folder.path()).platform(&Whence::default()).is_err());
        fs::write(own.join("runbooks/flush.md"), "# Flush").unwrap();
        assert!(home(folder.path()).platform(&Whence::default()).is_ok());
    }
}
