//! A scenario: what happens to the world and when, read from a file of `assets/scenarios/`.

use jiff::SignedDuration;
use serde::Deserialize;

use super::change::Change;

/// What happens to the world, in seconds from the demo's start; negative is before it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scenario {
    /// One line for a list.
    pub title: String,
    /// What a person will see, and what a good person on call would do.
    pub story: String,
    changes: Vec<(i64, Change)>,
}

/// What is wrong with a scenario file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ScenarioError(String);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    title: String,
    story: String,
    /// The scenario whose past this one has too.
    after: Option<String>,
    #[serde(default)]
    change: Vec<toml::Table>,
}

const FILES: [(&str, &str); 7] = [
    ("calm", include_str!("../../../assets/scenarios/calm.toml")),
    ("bad-deploy", include_str!("../../../assets/scenarios/bad-deploy.toml")),
    ("cpu-surge", include_str!("../../../assets/scenarios/cpu-surge.toml")),
    ("connection-leak", include_str!("../../../assets/scenarios/connection-leak.toml")),
    ("low-storage", include_str!("../../../assets/scenarios/low-storage.toml")),
    ("bloat", include_str!("../../../assets/scenarios/bloat.toml")),
    ("az-down", include_str!("../../../assets/scenarios/az-down.toml")),
];

impl Scenario {
    /// The shipped scenarios.
    pub const NAMES: &[&str] =
        &["bad-deploy", "cpu-surge", "connection-leak", "low-storage", "bloat", "az-down", "calm"];

    /// A shipped scenario by its name. `None` if there is none of that name.
    pub fn named(name: &str) -> Option<Scenario> {
        // A unit test reads every shipped file, so none of them can fail here.
        FILES.iter().find(|(n, _)| *n == name).and_then(|(_, text)| Scenario::read(text).ok())
    }

    /// Reads a scenario file.
    pub fn read(text: &str) -> Result<Scenario, ScenarioError> {
        let file: File = toml::from_str(text).map_err(|e| ScenarioError(e.to_string()))?;
        let mut changes = match file.after {
            None => Vec::new(),
            Some(name) => {
                let (_, text) = FILES
                    .iter()
                    .find(|(n, _)| *n == name)
                    .ok_or_else(|| ScenarioError(format!("after = {name:?}: there is no scenario of that name")))?;
                Scenario::read(text)?.changes
            }
        };
        for (i, table) in file.change.into_iter().enumerate() {
            changes.push(read_change(table).map_err(|why| ScenarioError(format!("change {}: {why}", i + 1)))?);
        }
        Ok(Scenario { title: file.title, story: file.story, changes })
    }

    pub(super) fn changes(&self) -> impl Iterator<Item = (i64, Change)> + '_ {
        self.changes.iter().cloned()
    }
}

/// `at = "-6m"` and one change.
fn read_change(mut table: toml::Table) -> Result<(i64, Change), String> {
    let at = table.remove("at").ok_or("no \"at\", e.g. at = \"-6m\"")?;
    let at = at.as_str().ok_or("\"at\" must be text, e.g. \"-6m\"")?;
    let at: SignedDuration = at.parse().map_err(|e| format!("at = {at:?}: {e}"))?;
    if table.len() != 1 {
        let names: Vec<_> = table.keys().cloned().collect();
        return Err(format!("expected one change beside \"at\", found {}: {}", table.len(), names.join(", ")));
    }
    let change = Change::deserialize(toml::Value::Table(table)).map_err(|e| e.to_string())?;
    Ok((at.as_secs(), change))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_scenario_can_be_read() {
        for (name, text) in FILES {
            let scenario = Scenario::read(text).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert!(!scenario.changes.is_empty() && !scenario.title.is_empty() && !scenario.story.is_empty(), "{name}");
        }
        let mut names: Vec<_> = FILES.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        let mut told = Scenario::NAMES.to_vec();
        told.sort_unstable();
        assert_eq!(names, told);
    }

    #[test]
    fn a_misspelt_change_is_refused_with_its_name() {
        let read = |change: &str| {
            Scenario::read(&format!("title = \"t\"\nstory = \"s\"\n[[change]]\n{change}")).unwrap_err().to_string()
        };
        assert!(read("at = \"-1m\"\nsurge = { service = \"a\", faktor = 2.0 }").contains("faktor"));
        assert!(read("at = \"-1m\"\nserge = { service = \"a\", factor = 2.0 }").contains("serge"));
        assert!(read("at = \"soon\"\nsurge = { service = \"a\", factor = 2.0 }").contains("soon"));
        assert!(read("surge = { service = \"a\", factor = 2.0 }").contains("at"));
    }
}
