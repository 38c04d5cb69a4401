//! The palette behind `:`: anything, by a few letters of its name.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

use super::app::App;
use super::keymap::{Action, BINDINGS};
use crate::platform::Subjects;

/// What choosing an item does.
#[derive(Clone, Debug, PartialEq)]
pub enum Goal {
    /// As its key would.
    Do(Action),
    /// Show a service.
    Service(usize),
    /// Show a database.
    Database(usize),
    /// Show an alarm.
    Alarm(String),
    /// Read a runbook.
    Runbook(String),
    /// Read a line in full.
    Text(String),
    /// Put this on the clipboard.
    Copy(String),
}

/// One thing that can be found.
#[derive(Clone, Debug)]
pub struct Item {
    /// What kind of thing: `screen`, `service`, `alarm` …
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// The key that does the same, if there is one.
    pub key: String,
    goal: Goal,
}

/// The palette while it is open.
#[derive(Clone, Debug)]
pub struct Palette {
    items: Vec<Item>,
    found: Vec<usize>,
    input: Input,
    cursor: usize,
}

impl Palette {
    /// All that can be found, and the beginning of what is typed.
    pub fn new(app: &App, typed: &str) -> Palette {
        let (platform, picture) = (&app.platform, &app.picture);
        let mut items = Vec::new();
        for runbook in app.library.all() {
            items.push(Item {
                kind: "runbook",
                name: format!("{}  {}", runbook.name, runbook.title),
                key: runbook.key.map(String::from).unwrap_or_default(),
                goal: Goal::Runbook(runbook.name.clone()),
            });
        }
        for broken in app.library.broken() {
            let instead = app.library.in_place_of(broken);
            let name = format!("! {}.md is broken: {instead}", broken.name);
            let text = format!("{}.md is broken: {instead}\n{}\nplantao check tells it all", broken.name, broken.why);
            items.push(Item { kind: "runbook", name, key: String::new(), goal: Goal::Text(text) });
        }
        for binding in BINDINGS.iter().filter(|b| !b.hint.is_empty() && b.action != Action::Palette) {
            let kind = if matches!(binding.action, Action::Go(_)) { "screen" } else { "key" };
            items.push(Item {
                kind,
                name: binding.help.to_owned(),
                key: binding.keys[0].to_owned(),
                goal: Goal::Do(binding.action),
            });
        }
        let mut add =
            |kind, name: &str, goal| items.push(Item { kind, name: name.to_owned(), key: String::new(), goal });
        let subjects = Subjects::of(platform);
        for (i, service) in platform.services.iter().enumerate() {
            add("service", &subjects.called(service), Goal::Service(i));
        }
        for (i, database) in platform.databases.iter().enumerate() {
            add("database", &database.id, Goal::Database(i));
        }
        for alarm in picture.alarms.value().into_iter().flatten() {
            add("alarm", &alarm.name, Goal::Alarm(alarm.name.clone()));
        }
        for link in &platform.links {
            add("link", &format!("{}  {}", link.title, link.url), Goal::Copy(link.url.clone()));
        }
        let mut palette = Palette { items, found: Vec::new(), input: Input::new(typed.to_owned()), cursor: 0 };
        palette.search();
        palette
    }

    /// The line being typed.
    pub fn input(&self) -> &Input {
        &self.input
    }

    /// The same, to type into.
    pub fn input_mut(&mut self) -> &mut Input {
        &mut self.input
    }

    /// The items found, best first, and which of them is selected.
    pub fn found(&self) -> (impl ExactSizeIterator<Item = &Item>, usize) {
        (self.found.iter().map(|i| &self.items[*i]), self.cursor)
    }

    /// What the selected item does.
    pub fn goal(&self) -> Option<Goal> {
        self.found.get(self.cursor).map(|i| self.items[*i].goal.clone())
    }

    /// Selects an item of those found. False if it is selected.
    pub fn select(&mut self, item: usize) -> bool {
        std::mem::replace(&mut self.cursor, item) != item
    }

    /// Takes a key that neither closes the palette nor chooses.
    pub fn key(&mut self, key: KeyEvent) {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Down | KeyCode::Tab => self.cursor = (self.cursor + 1).min(self.found.len().saturating_sub(1)),
            KeyCode::Up | KeyCode::BackTab => self.cursor = self.cursor.saturating_sub(1),
            KeyCode::Char('n') if control => self.cursor = (self.cursor + 1).min(self.found.len().saturating_sub(1)),
            KeyCode::Char('p') if control => self.cursor = self.cursor.saturating_sub(1),
            _ => {
                self.input.handle_event(&Event::Key(key));
                self.search();
            }
        }
    }

    /// Finds anew what matches what is typed.
    pub fn search(&mut self) {
        self.cursor = 0;
        let pattern = Pattern::parse(self.input.value(), CaseMatching::Ignore, Normalization::Smart);
        let mut matcher = Matcher::new(Config::DEFAULT);
        let mut letters = Vec::new();
        let mut scored: Vec<(u32, usize)> = Vec::new();
        for (i, item) in self.items.iter().enumerate() {
            let text = format!("{} {}", item.kind, item.name);
            if let Some(score) = pattern.score(Utf32Str::new(&text, &mut letters), &mut matcher) {
                scored.push((score, i));
            }
        }
        scored.sort_by_key(|(score, i)| (std::cmp::Reverse(*score), *i));
        self.found = scored.into_iter().map(|(_, i)| i).collect();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;

    use super::*;
    use crate::platform::{Platform, ServiceSpec};
    use crate::tui::theme::Theme;

    #[test]
    fn a_few_letters_find_a_service() {
        let platform = Platform {
            services: vec![ServiceSpec { name: "analytics-api".into(), ..ServiceSpec::default() }],
            ..Platform::default()
        };
        let app = App::new(Arc::new(platform), Theme::default(), Timestamp::UNIX_EPOCH, (80, 24));
        let mut palette = Palette::new(&app, "");
        palette.input = Input::new("anapi".into());
        palette.search();
        assert_eq!(palette.goal(), Some(Goal::Service(0)));
        palette.input = Input::new("zzzz".into());
        palette.search();
        assert_eq!(palette.goal(), None);
    }
}
