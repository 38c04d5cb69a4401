//! Where journals are.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::RunId;

/// The folder of all runs' journals: `$XDG_STATE_HOME/plantao/runs`, by default `~/.local/state/plantao/runs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store(PathBuf);

/// What a user's word for a run leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// This run.
    One(RunId),
    /// No run.
    None,
    /// Several runs, newest first.
    Several(Vec<RunId>),
}

impl Store {
    /// The user's own store; `None` if there is neither `XDG_STATE_HOME` nor `HOME`.
    pub fn of_user() -> Option<Store> {
        let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let state = absolute("XDG_STATE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/state")))?;
        Some(Store(state.join("plantao/runs")))
    }

    /// A store in this folder.
    pub fn at(folder: &Path) -> Store {
        Store(folder.to_owned())
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.0
    }

    /// A run's journal.
    pub fn journal(&self, id: &RunId) -> PathBuf {
        self.file(id, "jsonl")
    }

    /// What people say to a run.
    pub fn commands(&self, id: &RunId) -> PathBuf {
        self.file(id, "commands")
    }

    /// How many records were written in a journal, and the hash of the last.
    pub fn head(&self, id: &RunId) -> PathBuf {
        self.file(id, "head")
    }

    /// Last lines of a journal that were never finished.
    pub fn torn(&self, id: &RunId) -> PathBuf {
        self.file(id, "torn")
    }

    /// What the process that carries the run out prints, when it has no terminal.
    pub fn log(&self, id: &RunId) -> PathBuf {
        self.file(id, "log")
    }

    fn file(&self, id: &RunId, extension: &str) -> PathBuf {
        self.0.join(format!("{id}.{extension}"))
    }

    /// All runs, newest first. A folder that is not there yet holds none.
    pub fn runs(&self) -> io::Result<Vec<RunId>> {
        let entries = match fs::read_dir(&self.0) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut runs: Vec<RunId> = Vec::new();
        for entry in entries {
            let name = entry?.file_name();
            if let Some(id) = name.to_str().and_then(|name| name.strip_suffix(".jsonl")).and_then(|id| id.parse().ok())
            {
                runs.push(id);
            }
        }
        runs.sort_by(|a, b| b.cmp(a));
        Ok(runs)
    }

    /// The run that a user means: by its id, or by the start or the end of it.
    pub fn find(&self, word: &str) -> io::Result<Lookup> {
        let mut runs = self.runs()?;
        if let Some(at) = runs.iter().position(|id| id.as_str() == word) {
            return Ok(Lookup::One(runs.swap_remove(at)));
        }
        runs.retain(|id| !word.is_empty() && (id.as_str().starts_with(word) || id.as_str().ends_with(word)));
        Ok(match runs.len() {
            0 => Lookup::None,
            1 => Lookup::One(runs.swap_remove(0)),
            _ => Lookup::Several(runs),
        })
    }

    /// Makes the folder, for its owner only.
    pub(super) fn prepare(&self) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.0)?;
        let mode = fs::metadata(&self.0)?.permissions().mode();
        if mode & 0o077 != 0 {
            fs::set_permissions(&self.0, fs::Permissions::from_mode(0o700))?;
        }
        Ok(())
    }

    /// Makes a new file's name survive a power cut.
    pub(super) fn sync(&self) -> io::Result<()> {
        File::open(&self.0)?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_found_by_the_start_or_the_end_of_its_id() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(&folder.path().join("runs"));
        assert_eq!(store.find("x7f2").unwrap(), Lookup::None);
        store.prepare().unwrap();
        let id = |text: &str| text.parse::<RunId>().unwrap();
        let (old, new) = (id("20261124-031245-scale-x7f2"), id("20261124-031246-scale-abcd"));
        for run in [&old, &new] {
            fs::write(store.journal(run), "").unwrap();
            fs::write(store.commands(run), "").unwrap();
        }
        fs::write(store.folder().join("notes.jsonl"), "").unwrap();
        assert_eq!(store.runs().unwrap(), [new.clone(), old.clone()]);
        assert_eq!(store.find("x7f2").unwrap(), Lookup::One(old.clone()));
        assert_eq!(store.find("20261124-031246").unwrap(), Lookup::One(new.clone()));
        assert_eq!(store.find("20261124").unwrap(), Lookup::Several(vec![new, old]));
        assert_eq!(store.find("").unwrap(), Lookup::None);
    }
}
