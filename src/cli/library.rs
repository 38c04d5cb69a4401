//! The runbooks that this user has: the shipped ones, and those of the folder beside the platform file.

use std::fs;
use std::path::{Path, PathBuf};

use super::locate::Environment;
use crate::runbook::{self, Library, Runbook};

/// Every runbook, and all that is wrong with the user's own. One that can't be read is left out, so that the others run.
pub fn library(environment: &Environment) -> (Library, Vec<String>) {
    let (mut own, mut wrong) = (Vec::new(), Vec::new());
    for path in files(environment) {
        match read(&path) {
            Ok(runbook) => own.push(runbook),
            Err(message) => wrong.push(message),
        }
    }
    (Library::of(own), wrong)
}

/// Reads one runbook; the error is all that is wrong with it.
pub fn read(path: &Path) -> Result<Runbook, String> {
    let text = fs::read_to_string(path)
        .map_err(|error| format!("cannot read {}: {}", super::show(path), super::locate::why(&error)))?;
    runbook::read(&text, &path.display().to_string()).map_err(|errors| errors.to_string())
}

/// The user's own runbooks' files, by name.
pub fn files(environment: &Environment) -> Vec<PathBuf> {
    let Some(folder) = environment.folder().map(|folder| folder.join("runbooks")) else { return Vec::new() };
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut paths: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|e| e == "md")).collect();
    paths.sort();
    paths
}
