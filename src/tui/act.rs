//! What each action does to the state.

use crossterm::event::{KeyCode, KeyEvent};

use super::app::{AlarmDetail, App, Overlay, Screen};
use super::effect::Effect;
use super::keymap::Action;
use super::palette::{Goal, Palette};
use super::run_page::RunPage;
use super::{layout, lists};
use crate::platform::Subject;
use crate::run::{Command, Dead};
use crate::triage::Finding;
use crate::watch::Attention;

/// Lines that a page key moves.
const PAGE: usize = 10;
/// What a page that is scrolled keeps of the body for its frame and what it asks.
const KEPT: usize = 5;

impl App {
    pub(super) fn act(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::Quit => return vec![Effect::Quit],
            Action::Suspend => return vec![Effect::Suspend],
            Action::Redraw => return vec![Effect::Redraw],
            Action::Refresh => {
                self.say("asking AWS for everything");
                return vec![Effect::Refresh];
            }
            Action::Pause => {
                let paused = self.attention == Attention::Paused;
                return self.attend(if paused { Attention::Active } else { Attention::Paused });
            }
            Action::Help => {
                let open = matches!(self.overlay, Some(Overlay::Help));
                self.show((!open).then_some(Overlay::Help));
            }
            Action::Palette => self.show(Some(Overlay::Palette(Palette::new(self, "")))),
            Action::Runbooks => self.show(Some(Overlay::Palette(Palette::new(self, "runbook ")))),
            Action::Filter => {
                self.overlay = None;
                self.filtering = true;
            }
            Action::Go(screen) => {
                let (service, database) = self.subjects();
                let of_run = matches!(self.overlay, Some(Overlay::Run));
                self.go(screen);
                if of_run {
                    self.database = database;
                    return self.select_service(service);
                }
            }
            Action::Up => self.step(1, false),
            Action::Down => self.step(1, true),
            Action::PageUp => self.step(self.page(), false),
            Action::PageDown => self.step(self.page(), true),
            Action::Top => self.step(usize::MAX, false),
            Action::Bottom => self.step(usize::MAX, true),
            Action::NextPane => self.turn(1),
            Action::PreviousPane => self.turn(lists::panes(self.screen) - 1),
            Action::NextSubject => return self.subject(true),
            Action::PreviousSubject => return self.subject(false),
            Action::Open => return self.open(),
            Action::Back => return self.back(),
            Action::Copy => return self.copy(),
            Action::Runs => return self.show_runs(),
            Action::Stop => self.wish(Command::Stop),
            Action::Undo => return self.undo(),
            Action::Prose => self.turn_over(),
        }
        Vec::new()
    }

    pub(super) fn show(&mut self, overlay: Option<Overlay>) {
        self.overlay = overlay;
        self.overlay_scroll = 0;
    }

    fn go(&mut self, screen: Screen) {
        self.show(None);
        self.screen = screen;
    }

    fn back(&mut self) -> Vec<Effect> {
        if self.overlay.is_some() {
            let other = matches!(self.overlay, Some(Overlay::Run)) && !self.run.as_ref().is_some_and(RunPage::goes_on);
            self.show(None);
            // Whoever looked at an old run goes back to the one that goes on, if one does.
            return if other { vec![Effect::FindRun] } else { Vec::new() };
        } else if !self.place().filter.value().is_empty() {
            self.place_mut().filter.reset();
        } else {
            self.screen = Screen::Overview;
        }
        Vec::new()
    }

    fn turn(&mut self, by: usize) {
        let panes = lists::panes(self.screen);
        let place = self.place_mut();
        place.pane = (place.pane + by) % panes;
        place.scroll = None;
    }

    /// Lines of a page: where there are few rows, so many that none is skipped unseen.
    fn page(&self) -> usize {
        usize::from(layout::body_height(self.size)).saturating_sub(KEPT).clamp(1, PAGE)
    }

    pub(super) fn step(&mut self, by: usize, down: bool) {
        let moved = |at: usize, last: usize| {
            if down { at.saturating_add(by).min(last) } else { at.saturating_sub(by).min(last) }
        };
        if matches!(self.overlay, Some(Overlay::Run)) {
            // The end of a journal is what is shown: it is scrolled back from there.
            let last = layout::overlay_last(self);
            let at = self.overlay_scroll;
            self.overlay_scroll = if down { at.saturating_sub(by) } else { at.saturating_add(by).min(last) };
        } else if self.overlay.is_some() {
            self.overlay_scroll = moved(self.overlay_scroll, layout::overlay_last(self));
        } else if layout::is_stacked(self.size) {
            let selects = by == 1 && self.place().scroll.is_none();
            if !(selects && self.select(moved)) {
                self.scroll(moved);
            }
        } else {
            self.select(moved);
        }
    }

    /// Moves to another line of the list; `false` if there is none in that direction.
    fn select(&mut self, moved: impl Fn(usize, usize) -> usize) -> bool {
        let pane = self.place().pane;
        let last = lists::length(self, pane).saturating_sub(1);
        let before = self.place().cursors[pane].min(last);
        let after = moved(before, last);
        self.place_mut().cursors[pane] = after;
        after != before
    }

    /// Scrolls the stacked panels. Where that ends with the selected line in sight again, lines are selected again.
    fn scroll(&mut self, moved: impl Fn(usize, usize) -> usize) {
        let last = layout::stacked_height(self).saturating_sub(layout::body_height(self.size));
        let scroll = moved(layout::stacked_first(self).into(), last.into()).try_into().unwrap_or(u16::MAX);
        self.place_mut().scroll = None;
        if scroll != layout::stacked_first(self) {
            self.place_mut().scroll = Some(scroll);
        }
    }

    fn subject(&mut self, forward: bool) -> Vec<Effect> {
        let next = |at: usize, count: usize| {
            if count == 0 { 0 } else { (at + if forward { 1 } else { count - 1 }) % count }
        };
        match self.overlay {
            None => {}
            // It is of the service that was shown.
            Some(Overlay::Task(_)) => self.show(None),
            // What lies below does not change unseen.
            Some(_) => return Vec::new(),
        }
        if self.screen == Screen::Database {
            self.database = next(self.database, self.platform.databases.len());
            return Vec::new();
        }
        let service = next(self.service, self.platform.services.len());
        self.select_service(service)
    }

    fn select_service(&mut self, service: usize) -> Vec<Effect> {
        self.service = service;
        self.places[Screen::Service as usize].cursors = [0; 3];
        vec![Effect::Focus(service)]
    }

    pub(super) fn reach(&mut self, goal: Goal) -> Vec<Effect> {
        match goal {
            Goal::Do(action) => self.act(action),
            Goal::Service(service) => {
                self.go(Screen::Service);
                self.select_service(service)
            }
            Goal::Database(database) => {
                self.go(Screen::Database);
                self.database = database;
                Vec::new()
            }
            Goal::Alarm(name) => {
                self.go(Screen::Alarms);
                self.open_alarm(&name)
            }
            Goal::Runbook(name) => {
                self.show(Some(Overlay::Runbook(name)));
                Vec::new()
            }
            Goal::Text(text) => {
                self.show(Some(Overlay::Text(text)));
                Vec::new()
            }
            Goal::Copy(text) => self.send_to_clipboard(text),
        }
    }

    pub(super) fn open(&mut self) -> Vec<Effect> {
        if let Some(Overlay::Finding(id)) = &self.overlay {
            let found = self.findings.iter().find(|f| f.id == *id).cloned();
            return found.map_or_else(Vec::new, |finding| self.open_subject(&finding));
        }
        if let Some(Overlay::Runbook(name)) = &self.overlay {
            let name = name.clone();
            return self.open_plan(&name);
        }
        if matches!(self.overlay, Some(Overlay::Run)) {
            return self.take_up();
        }
        if self.overlay.is_some() {
            return self.open_run();
        }
        match lists::selected(self) {
            Some(lists::Selected::Finding(finding)) => self.show(Some(Overlay::Finding(finding.id.clone()))),
            Some(lists::Selected::Alarm(alarm)) => {
                let name = alarm.name.clone();
                return self.open_alarm(&name);
            }
            Some(lists::Selected::Task(task)) => self.show(Some(Overlay::Task(task.id.clone()))),
            Some(lists::Selected::Text(text)) => self.show(Some(Overlay::Text(text))),
            Some(lists::Selected::Database(database)) => return self.reach(Goal::Database(database)),
            None => {}
        }
        Vec::new()
    }

    fn open_subject(&mut self, finding: &Finding) -> Vec<Effect> {
        if let Some(name) = finding.id.strip_prefix("alarm/") {
            return self.reach(Goal::Alarm(name.to_owned()));
        }
        if let Some(id) = finding.id.strip_prefix(Dead::FINDING) {
            return id.parse().map_or_else(|_| Vec::new(), |id| self.open_dead(id));
        }
        if finding.id.starts_with("runbook/") {
            return self.act(Action::Runbooks);
        }
        match finding.subject {
            Subject::Service(service) => self.reach(Goal::Service(service)),
            Subject::Database(database) => self.reach(Goal::Database(database)),
            Subject::Platform => {
                self.go(Screen::Alarms);
                Vec::new()
            }
        }
    }

    fn open_alarm(&mut self, name: &str) -> Vec<Effect> {
        let alarm = self.picture.alarms.value().and_then(|alarms| alarms.iter().find(|alarm| alarm.name == name));
        let condition = alarm.and_then(|alarm| alarm.condition.as_ref());
        let (query, period) = (condition.map(|c| c.query.clone()), condition.map_or(60, |c| c.period_seconds));
        self.show(Some(Overlay::Alarm(AlarmDetail { name: name.to_owned(), history: None, points: None })));
        vec![Effect::ShowAlarm { name: name.to_owned(), query, period }]
    }

    /// `y` is yes on the pages of plans and runs, and nothing else.
    pub(super) fn is_yes(&self, key: KeyEvent) -> bool {
        key.code == KeyCode::Char('y') && matches!(self.overlay, Some(Overlay::Plan(_) | Overlay::Run))
    }

    fn copy(&mut self) -> Vec<Effect> {
        if let Some(text) = lists::copyable(self) {
            self.send_to_clipboard(text)
        } else {
            self.say("nothing selected to copy");
            Vec::new()
        }
    }

    fn send_to_clipboard(&mut self, text: String) -> Vec<Effect> {
        // The terminal never says whether it took the text, so neither do we.
        self.say(format!("sent to the terminal's clipboard: {text}"));
        vec![Effect::Copy(text)]
    }
}
