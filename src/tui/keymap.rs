//! What each key does. The help screen and the footer are written from this table, so they cannot lie.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::app::Screen;

/// What a key can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Leave plantao.
    Quit,
    /// Stop the process and give the shell back, as `fg` undoes.
    Suspend,
    /// Show or hide the keys.
    Help,
    /// Find anything by name.
    Palette,
    /// Find a runbook.
    Runbooks,
    /// Narrow the lists of this screen.
    Filter,
    /// Ask every source now.
    Refresh,
    /// Stop asking, or go on.
    Pause,
    /// Go to a screen.
    Go(Screen),
    /// Move up.
    Up,
    /// Move down.
    Down,
    /// Move up a page.
    PageUp,
    /// Move down a page.
    PageDown,
    /// Move to the first line.
    Top,
    /// Move to the last line.
    Bottom,
    /// The next panel.
    NextPane,
    /// The panel before.
    PreviousPane,
    /// The next service or database.
    NextSubject,
    /// The one before.
    PreviousSubject,
    /// Open what is selected.
    Open,
    /// Close what is open, clear the filter.
    Back,
    /// Copy what is selected to the terminal's clipboard.
    Copy,
    /// Draw the whole screen again.
    Redraw,
    /// Show the run that goes on, or all runs.
    Runs,
    /// Stop the run shown.
    Stop,
    /// Take back what the run shown did.
    Undo,
    /// Read the runbook of the plan shown, or go back to the plan.
    Prose,
}

/// Under which heading the help screen lists a binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Screens.
    Screens,
    /// Moving about.
    Moving,
    /// Acting.
    Acting,
}

/// Keys and what they do.
#[derive(Debug)]
pub struct Binding {
    /// As [`chord`] writes them; the first is the one shown.
    pub keys: &'static [&'static str],
    /// What they ask for.
    pub action: Action,
    /// What the help screen says.
    pub help: &'static str,
    /// What the footer says; empty where there is no need.
    pub hint: &'static str,
    /// Where the help screen lists it.
    pub group: Group,
}

const fn bind(
    keys: &'static [&'static str],
    action: Action,
    group: Group,
    hint: &'static str,
    help: &'static str,
) -> Binding {
    Binding { keys, action, help, hint, group }
}

/// Every binding there is.
pub static BINDINGS: &[Binding] = &[
    bind(&["1"], Action::Go(Screen::Overview), Group::Screens, "overview", "overview: the whole platform"),
    bind(&["2"], Action::Go(Screen::Service), Group::Screens, "service", "service: tasks, deployments, events"),
    bind(&["3"], Action::Go(Screen::Database), Group::Screens, "database", "database: RDS and its gauges"),
    bind(&["4"], Action::Go(Screen::Alarms), Group::Screens, "alarms", "alarms: why, since when, chart, history"),
    bind(&[":", "ctrl+p"], Action::Palette, Group::Screens, "anything", "find any screen, service, alarm or setting"),
    bind(&["b"], Action::Runbooks, Group::Screens, "runbooks", "all runbooks"),
    bind(&["o"], Action::Runs, Group::Screens, "runs", "the run that goes on; again: all runs"),
    bind(&["?", "f1"], Action::Help, Group::Screens, "help", "these keys"),
    bind(&["j", "down"], Action::Down, Group::Moving, "", "down"),
    bind(&["k", "up"], Action::Up, Group::Moving, "", "up"),
    bind(&["ctrl+d", "pgdn", "ctrl+f"], Action::PageDown, Group::Moving, "", "a page down"),
    bind(&["ctrl+u", "pgup", "ctrl+b"], Action::PageUp, Group::Moving, "", "a page up"),
    bind(&["g", "home"], Action::Top, Group::Moving, "", "to the first line"),
    bind(&["G", "end"], Action::Bottom, Group::Moving, "", "to the last line"),
    bind(&["tab", "l", "right"], Action::NextPane, Group::Moving, "panel", "next panel"),
    bind(&["backtab", "h", "left"], Action::PreviousPane, Group::Moving, "", "panel before"),
    bind(&["]"], Action::NextSubject, Group::Moving, "", "next service or database"),
    bind(&["["], Action::PreviousSubject, Group::Moving, "", "service or database before"),
    bind(&["enter"], Action::Open, Group::Moving, "open", "open what is selected"),
    bind(&["esc", "backspace"], Action::Back, Group::Moving, "", "close, clear the filter"),
    bind(&["/"], Action::Filter, Group::Acting, "filter", "narrow the lists of this screen"),
    bind(&["R", "f5"], Action::Refresh, Group::Acting, "refresh", "ask AWS for everything now"),
    bind(&["p"], Action::Pause, Group::Acting, "pause", "stop asking AWS, or go on"),
    bind(&["c", "y"], Action::Copy, Group::Acting, "", "copy what is selected (OSC 52: works over SSH)"),
    bind(&["x"], Action::Stop, Group::Acting, "", "on a run: stop it"),
    bind(&["u"], Action::Undo, Group::Acting, "", "on a run: take back what it did"),
    bind(&["ctrl+r"], Action::Prose, Group::Acting, "", "on a plan: read its runbook; again: the plan"),
    bind(&["ctrl+l"], Action::Redraw, Group::Acting, "", "draw the screen again"),
    bind(&["ctrl+z"], Action::Suspend, Group::Acting, "", "back to the shell; fg returns"),
    bind(&["q", "ctrl+c"], Action::Quit, Group::Acting, "quit", "quit"),
];

/// What a key asks for, where no text is being typed.
pub fn action(key: KeyEvent) -> Option<Action> {
    let chord = chord(key)?;
    BINDINGS.iter().find(|b| b.keys.contains(&chord.as_str())).map(|b| b.action)
}

/// A key as the table writes it: `q`, `G`, `ctrl+c`, `pgdn`.
pub fn chord(key: KeyEvent) -> Option<String> {
    let name = match key.code {
        KeyCode::Char(' ') => "space".to_owned(),
        KeyCode::Char(c) => c.to_string(),
        KeyCode::F(n) => format!("f{n}"),
        KeyCode::Enter => "enter".to_owned(),
        KeyCode::Esc => "esc".to_owned(),
        KeyCode::Tab => "tab".to_owned(),
        KeyCode::BackTab => "backtab".to_owned(),
        KeyCode::Backspace => "backspace".to_owned(),
        KeyCode::Up => "up".to_owned(),
        KeyCode::Down => "down".to_owned(),
        KeyCode::Left => "left".to_owned(),
        KeyCode::Right => "right".to_owned(),
        KeyCode::PageUp => "pgup".to_owned(),
        KeyCode::PageDown => "pgdn".to_owned(),
        KeyCode::Home => "home".to_owned(),
        KeyCode::End => "end".to_owned(),
        _ => return None,
    };
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        Some(format!("ctrl+{}", name.to_lowercase()))
    } else if key.modifiers.contains(KeyModifiers::ALT) {
        Some(format!("alt+{name}"))
    } else {
        Some(name)
    }
}

/// The key press that a chord names: how tests and the scripts of pictures type.
pub fn press(chord: &str) -> Option<KeyEvent> {
    let (modifiers, name) = if let Some(rest) = chord.strip_prefix("ctrl+") {
        (KeyModifiers::CONTROL, rest)
    } else if let Some(rest) = chord.strip_prefix("alt+") {
        (KeyModifiers::ALT, rest)
    } else {
        (KeyModifiers::NONE, chord)
    };
    let code = match name {
        "space" => KeyCode::Char(' '),
        "enter" => KeyCode::Enter,
        "esc" => KeyCode::Esc,
        "tab" => KeyCode::Tab,
        "backtab" => KeyCode::BackTab,
        "backspace" => KeyCode::Backspace,
        "up" => KeyCode::Up,
        "down" => KeyCode::Down,
        "left" => KeyCode::Left,
        "right" => KeyCode::Right,
        "pgup" => KeyCode::PageUp,
        "pgdn" => KeyCode::PageDown,
        "home" => KeyCode::Home,
        "end" => KeyCode::End,
        _ => {
            let mut characters = name.chars();
            match (characters.next(), characters.as_str()) {
                (Some(c), "") => KeyCode::Char(c),
                (Some('f'), number) => KeyCode::F(number.parse().ok()?),
                _ => return None,
            }
        }
    };
    Some(KeyEvent::new(code, modifiers))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_key_that_help_shows_does_what_help_says() {
        for binding in BINDINGS {
            for key in binding.keys {
                let event = press(key).unwrap_or_else(|| panic!("{key} is not a key"));
                assert_eq!(action(event), Some(binding.action), "{key}");
            }
        }
    }

    #[test]
    fn no_key_has_two_meanings() {
        let mut seen = HashSet::new();
        for key in BINDINGS.iter().flat_map(|b| b.keys) {
            assert!(seen.insert(key), "{key} is bound twice");
        }
    }
}
