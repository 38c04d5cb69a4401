//! All runbooks of a platform: the shipped ones, and the user's beside or in place of them.

use std::collections::BTreeMap;

use super::{Runbook, SHIPPED, shipped};

/// Runbooks by name, the shipped ones first in their own order, then the user's by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Library {
    runbooks: Vec<Runbook>,
    /// Keys that two runbooks ask for: the key, who has it, who lost it.
    clashes: Vec<(char, String, String)>,
    broken: Vec<Broken>,
}

/// A runbook of the user's that can't be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Its file's name without `.md`.
    pub name: String,
    /// The first thing that is wrong with it, and where: `line 12: …`.
    pub why: String,
}

impl Library {
    /// The shipped runbooks and the user's. One of the user's replaces a shipped one of the same name;
    /// a key goes to the user's runbook before a shipped one, and among the user's to the first by name.
    pub fn of(own: Vec<Runbook>) -> Library {
        let mut own = own;
        own.sort_by(|a, b| a.name.cmp(&b.name));
        own.dedup_by(|b, a| a.name == b.name);
        // A key that is only inherited gives way to one that is asked for.
        let is_own: Vec<String> = own.iter().filter(|r| r.key.is_some()).map(|r| r.name.clone()).collect();
        let mut runbooks = shipped();
        for runbook in own {
            match runbooks.iter_mut().find(|r| r.name == runbook.name) {
                // Fingers know the shipped one's key: it stays unless another is asked for.
                Some(same) => *same = Runbook { key: runbook.key.or(same.key), ..runbook },
                None => runbooks.push(runbook),
            }
        }
        let mut library = Library { runbooks, clashes: Vec::new(), broken: Vec::new() };
        library.share_keys(&is_own);
        library
    }

    fn share_keys(&mut self, own: &[String]) {
        let mut order: Vec<usize> = (0..self.runbooks.len()).collect();
        order.sort_by_key(|i| {
            let name = &self.runbooks[*i].name;
            (own.iter().position(|o| o == name).unwrap_or(usize::MAX), *i)
        });
        let mut taken: Vec<(char, String)> = Vec::new();
        for i in order {
            let runbook = &mut self.runbooks[i];
            let Some(key) = runbook.key else { continue };
            match taken.iter().find(|(k, _)| *k == key) {
                Some((_, holder)) => {
                    self.clashes.push((key, holder.clone(), runbook.name.clone()));
                    runbook.key = None;
                }
                None => taken.push((key, runbook.name.clone())),
            }
        }
    }

    /// The library, knowing what was left out of it.
    #[must_use]
    pub fn without(mut self, broken: Vec<Broken>) -> Library {
        self.broken = broken;
        self
    }

    /// What was left out because it can't be used.
    pub fn broken(&self) -> &[Broken] {
        &self.broken
    }

    /// What takes the place of one that can't be used, in words.
    pub fn in_place_of(&self, broken: &Broken) -> String {
        match self.named(&broken.name) {
            Some(runbook) => format!("the shipped {} is used", runbook.name),
            None => "it is left out".to_owned(),
        }
    }

    /// Each alarm that a runbook says it treats, with the first such runbook; the user's go first.
    pub fn treated(&self) -> BTreeMap<String, String> {
        let mut treated = BTreeMap::new();
        let is_own = |runbook: &&Runbook| !SHIPPED.iter().any(|(name, _)| *name == runbook.name);
        let (own, shipped): (Vec<_>, Vec<_>) = self.runbooks.iter().partition(is_own);
        for runbook in own.into_iter().chain(shipped) {
            for alarm in &runbook.treats {
                treated.entry(alarm.clone()).or_insert_with(|| runbook.name.clone());
            }
        }
        treated
    }

    /// Every runbook.
    pub fn all(&self) -> &[Runbook] {
        &self.runbooks
    }

    /// The runbook of this name.
    pub fn named(&self, name: &str) -> Option<&Runbook> {
        self.runbooks.iter().find(|r| r.name == name)
    }

    /// The runbook behind this key.
    pub fn behind(&self, key: char) -> Option<&Runbook> {
        self.runbooks.iter().find(|r| r.key == Some(key))
    }

    /// What to say about keys that two runbooks ask for, one line each.
    pub fn warnings(&self) -> impl Iterator<Item = String> + '_ {
        self.clashes
            .iter()
            .map(|(key, holder, loser)| format!("the key {key} opens {holder}; {loser} asks for it too and has none"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::*;

    fn keyless(name: &str, treats: &str) -> Runbook {
        let text = format!(
            "# Mine\n```toml runbook\ndanger = \"safe\"\ntreats = [\"{treats}\"]\n```\n## S\n```toml check.alarms\n```\n"
        );
        read(&text, &format!("{name}.md")).unwrap()
    }

    #[test]
    fn a_scale_of_ones_own_without_a_key_is_still_behind_s() {
        let library = Library::of(vec![keyless("scale", "x")]);
        assert_eq!(library.behind('s').map(|r| r.title.as_str()), Some("Mine"));
        // Unless another of the user's asks for it.
        let library = Library::of(vec![keyless("scale", "x"), own("zeal", 's')]);
        assert_eq!(library.behind('s').map(|r| r.name.as_str()), Some("zeal"));
        assert_eq!(library.named("scale").and_then(|r| r.key), None);
    }

    #[test]
    fn an_alarm_that_only_a_runbook_names_finds_it_and_the_users_runbook_goes_first() {
        let treated = Library::of(vec![keyless("restart", "BullMQ-Backlog")]).treated();
        let by = |alarm: &str| treated.get(alarm).map(String::as_str);
        assert_eq!((by("BullMQ-Backlog"), by("RDS-HighCPU")), (Some("restart"), Some("vacuum")));
        assert_eq!(by("RDS-LowStorage"), None);
    }

    fn own(name: &str, key: char) -> Runbook {
        let text = format!(
            "# Mine\n```toml runbook\nkey = \"{key}\"\ndanger = \"safe\"\n```\n## S\n```toml check.alarms\n```\n"
        );
        read(&text, &format!("{name}.md")).unwrap()
    }

    #[test]
    fn a_runbook_of_the_users_takes_the_place_of_the_shipped_one() {
        let library = Library::of(vec![own("vacuum", 'v'), own("drain", 'd')]);
        let names: Vec<&str> = library.all().iter().map(|r| r.name.as_str()).collect();
        assert_eq!(names, ["scale", "rollback", "emergency-deploy", "vacuum", "drain"]);
        assert_eq!(library.behind('v').map(|r| r.title.as_str()), Some("Mine"));
        assert_eq!(library.named("drain").map(|r| r.key), Some(Some('d')));
        assert_eq!(library.warnings().count(), 0);
    }

    #[test]
    fn a_key_that_two_want_opens_the_users_and_is_said() {
        let library = Library::of(vec![own("b", 's'), own("a", 's')]);
        assert_eq!(library.behind('s').map(|r| r.name.as_str()), Some("a"));
        assert_eq!(library.named("scale").and_then(|r| r.key), None);
        let warnings: Vec<String> = library.warnings().collect();
        assert_eq!(
            warnings,
            [
                "the key s opens a; b asks for it too and has none",
                "the key s opens a; scale asks for it too and has none",
            ]
        );
    }
}
