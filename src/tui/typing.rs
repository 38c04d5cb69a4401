//! Keys and pasted text: taken for actions, or typed into the filter or the palette.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use tui_input::backend::crossterm::EventHandler;
use tui_input::{Input, InputRequest};

use super::app::{App, Overlay};
use super::effect::Effect;
use super::keymap;
use super::plan_page::Way;

/// A pasted novel must not become a novel of a filter.
const LONGEST_PASTE: usize = 200;

impl App {
    pub(super) fn key(&mut self, key: KeyEvent) -> Vec<Effect> {
        let interrupt = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
        if self.filtering && !interrupt {
            self.filter_key(key);
            return Vec::new();
        }
        if matches!(self.overlay, Some(Overlay::Palette(_))) && !interrupt {
            return self.palette_key(key);
        }
        if matches!(self.overlay, Some(Overlay::Plan(_))) && !interrupt {
            return self.plan_key(key);
        }
        if self.run.as_ref().is_some_and(|run| run.wish.is_some()) && !interrupt {
            return self.wish_key(key);
        }
        if self.is_yes(key) {
            self.say("y means yes, and nothing is asked; c copies");
            return Vec::new();
        }
        if let Some(action) = keymap::action(key) {
            return self.act(action);
        }
        let Some(chord) = keymap::chord(key) else { return Vec::new() };
        let runbook = match key.code {
            KeyCode::Char(c) if !key.modifiers.contains(KeyModifiers::CONTROL) => self.library.behind(c),
            _ => None,
        };
        match runbook.map(|runbook| runbook.name.clone()) {
            Some(name) => return self.open_plan(&name),
            None => self.say(format!("{chord} does nothing here; ? shows the keys")),
        }
        Vec::new()
    }

    fn filter_key(&mut self, key: KeyEvent) {
        match key.code {
            KeyCode::Enter | KeyCode::Down | KeyCode::Up => self.filtering = false,
            KeyCode::Esc => {
                self.filtering = false;
                self.place_mut().filter.reset();
            }
            _ => {
                self.place_mut().filter.handle_event(&Event::Key(key));
                self.place_mut().cursors = [0; 3];
            }
        }
    }

    fn palette_key(&mut self, key: KeyEvent) -> Vec<Effect> {
        let Some(Overlay::Palette(palette)) = &mut self.overlay else { return Vec::new() };
        match key.code {
            KeyCode::Esc => self.overlay = None,
            KeyCode::Enter => return self.reach_found(),
            _ => palette.key(key),
        }
        Vec::new()
    }

    /// Closes the palette and goes where its selected item leads.
    pub(super) fn reach_found(&mut self) -> Vec<Effect> {
        let Some(Overlay::Palette(palette)) = self.overlay.take() else { return Vec::new() };
        palette.goal().map_or_else(Vec::new, |goal| self.reach(goal))
    }

    pub(super) fn paste(&mut self, text: &str) {
        // Its newlines must not become key presses.
        let line: String = text.chars().filter(|c| !c.is_control()).take(LONGEST_PASTE).collect();
        let insert = |input: &mut Input| {
            for c in line.chars() {
                input.handle(InputRequest::InsertChar(c));
            }
        };
        if self.filtering {
            insert(&mut self.place_mut().filter);
        } else if let Some(Overlay::Palette(palette)) = &mut self.overlay {
            insert(palette.input_mut());
            palette.search();
        } else if let Some(Overlay::Plan(page)) = &mut self.overlay {
            match &mut page.confirm {
                Some(confirm) if matches!(confirm.way, Way::Name(_)) && !confirm.starting => insert(confirm.input()),
                Some(_) => self.say("pasted text confirms nothing"),
                None => page.form.paste(&line),
            }
        } else if let Some(wish) = self.run.as_mut().and_then(|run| run.wish.as_mut()) {
            match wish.confirm.way {
                Way::Name(_) => insert(wish.confirm.input()),
                Way::Enter | Way::Yes => self.say("pasted text confirms nothing"),
            }
        } else {
            self.say("pasted text is not taken for keys; press : or / first");
        }
    }
}
