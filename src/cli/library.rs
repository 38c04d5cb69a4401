//! The runbooks that this user has: the shipped ones, and those of the folder beside the platform file.

use std::fs;
use std::path::{Path, PathBuf};

use super::locate::Environment;
use crate::platform::file::{FileErrors, read_bytes};
use crate::platform::text::printable;
use crate::runbook::{self, Broken, Library, Runbook};

/// Every runbook, and all that is wrong with the user's own. One that can't be read is left out, so that the others run.
pub fn library(environment: &Environment) -> (Library, Vec<String>) {
    let (mut own, mut wrong, mut broken) = (Vec::new(), Vec::new(), Vec::new());
    for path in files(environment) {
        let name = path.file_stem().map(|stem| printable(&stem.to_string_lossy()).into_owned()).unwrap_or_default();
        let (message, why) = match fs::read(&path) {
            Ok(bytes) => match understand(&bytes, &path) {
                Ok(runbook) => {
                    own.push(runbook);
                    continue;
                }
                Err(errors) => (errors.to_string(), first(&errors)),
            },
            Err(error) => {
                let why = super::locate::why(&error);
                (format!("cannot read {}: {why}", super::show(&path)), format!("cannot be read: {why}"))
            }
        };
        wrong.push(message);
        broken.push(Broken { name, why });
    }
    (Library::of(own).without(broken), wrong)
}

/// In a line: the first thing that is wrong, and how many more there are.
fn first(errors: &FileErrors) -> String {
    let mut all = errors.iter();
    let first = all.next().map(|error| format!("line {}: {}", error.line(), error.message())).unwrap_or_default();
    match all.count() {
        0 => first,
        more => format!("{first} (and {more} more)"),
    }
}

/// Reads one runbook; the error is all that is wrong with it.
pub fn read(path: &Path) -> Result<Runbook, String> {
    let bytes =
        fs::read(path).map_err(|error| format!("cannot read {}: {}", super::show(path), super::locate::why(&error)))?;
    understand(&bytes, path).map_err(|errors| errors.to_string())
}

fn understand(bytes: &[u8], path: &Path) -> Result<Runbook, FileErrors> {
    let name = path.display().to_string();
    read_bytes(bytes, &name, |text| runbook::read(text, &name))
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
