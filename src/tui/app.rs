//! The state of the screen and the one function that changes it.

use std::collections::HashSet;
use std::sync::Arc;

use crossterm::event::KeyEventKind;
use jiff::{SignedDuration, Timestamp};
use tui_input::Input;

use super::effect::Effect;
use super::lists;
use super::message::{Message, RunRow};
use super::palette::Palette;
use super::plan_page::PlanPage;
use super::run_page::RunPage;
use super::theme::Theme;
use super::waits::Waits;
use crate::platform::timeline::{Entry, timeline};
use crate::platform::{AlarmChange, Picture, Platform, Point, Severity, Subject, Trouble, skew};
use crate::run::Dead;
use crate::runbook::Library;
use crate::triage::{Finding, findings};
use crate::watch::Attention;

/// Nobody has touched a key for so long: the watch may slow down.
const IDLE_AFTER: SignedDuration = SignedDuration::from_mins(15);
/// A notice in the footer stays so long.
const NOTICE_STAYS: SignedDuration = SignedDuration::from_secs(6);
/// Ages on the screen are made anew after so long without news, and only the clock in between.
const FRAME_EVERY: SignedDuration = SignedDuration::from_secs(5);
/// Findings depend on the present too: they are made anew after so long without news.
const TRIAGE_EVERY: SignedDuration = SignedDuration::from_secs(10);

/// A screen behind a number key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Screen {
    /// The whole platform.
    #[default]
    Overview,
    /// One service.
    Service,
    /// One database.
    Database,
    /// All alarms.
    Alarms,
}

/// What lies over the screen.
#[derive(Clone, Debug)]
pub enum Overlay {
    /// The keys.
    Help,
    /// Anything, by name.
    Palette(Palette),
    /// One task, by id.
    Task(String),
    /// One alarm.
    Alarm(AlarmDetail),
    /// One finding, by id.
    Finding(String),
    /// A service event or another long line, in full.
    Text(String),
    /// A runbook to read, by name.
    Runbook(String),
    /// A runbook on its way to a run.
    Plan(Box<PlanPage>),
    /// The run that is followed.
    Run,
    /// All runs, newest first; `None` until answered.
    Runs(Option<Result<Vec<RunRow>, String>>),
}

/// What is known of one alarm beyond the list.
#[derive(Clone, Debug)]
pub struct AlarmDetail {
    /// Its name.
    pub name: String,
    /// Its history, newest first; `None` until answered.
    pub history: Option<Result<Vec<AlarmChange>, Trouble>>,
    /// Its metric; `None` until answered, or if it has none.
    pub points: Option<Result<Vec<Point>, Trouble>>,
}

/// Where the user is on one screen.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// The panel that the keys go to.
    pub pane: usize,
    /// The selected line of each panel.
    pub cursors: [usize; 3],
    /// The first line shown where panels are stacked; without one the selected line is kept in sight.
    pub scroll: Option<u16>,
    /// Narrows the lists.
    pub filter: Input,
}

/// How much of the screen is due to be drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Due {
    /// All is as it was drawn.
    Nothing,
    /// The first line: the clock, what was spent, how fresh the picture is.
    Header,
    /// All of it.
    Frame,
}

/// The state of the screen.
#[derive(Debug)]
pub struct App {
    /// What is watched.
    pub platform: Arc<Platform>,
    /// Every runbook, the user's too; none until [`super::run`] sets it, so that they are read once.
    pub library: Library,
    /// Where on this machine every service is asked, if it is none of AWS's that answers.
    pub simulated: Option<String>,
    /// Where other AWS clients can read what is shown, once that is known.
    pub address: Option<String>,
    /// What is known of it.
    pub picture: Picture,
    /// What is wrong, worst first.
    pub findings: Vec<Finding>,
    /// What happened, newest first.
    pub timeline: Vec<Entry>,
    /// Indexes of the services, those with the worst findings first.
    pub ranking: Vec<usize>,
    /// How it looks.
    pub theme: Theme,
    /// The present: by AWS's clock where this machine's is known to be wrong.
    pub now: Timestamp,
    /// Columns and rows.
    pub size: (u16, u16),
    /// The screen shown.
    pub screen: Screen,
    /// The service that screen 2 shows.
    pub service: usize,
    /// The database that screen 3 shows.
    pub database: usize,
    /// What lies over the screen.
    pub overlay: Option<Overlay>,
    /// The run that is followed, whatever is shown.
    pub run: Option<RunPage>,
    /// Runs that were killed, as far as they were looked for.
    pub dead: Vec<Dead>,
    /// The row of the selected line in its list, since it was clicked there and until a key is hit.
    pub clicked: Option<usize>,
    /// First line of the overlay shown.
    pub overlay_scroll: usize,
    /// The filter is being typed.
    pub filtering: bool,
    /// Why plans are shown and nothing is carried out, where that is so.
    pub forbidden: Option<String>,
    /// How closely AWS is watched.
    pub attention: Attention,
    /// Region and profile, once the clients are there.
    pub connected: Option<(Option<String>, Option<String>)>,
    /// Whom the first answers are awaited of, and since when.
    pub waits: Waits,
    notice: Option<(String, Timestamp)>,
    pub(super) places: [Place; 4],
    touched: Timestamp,
    triaged: Timestamp,
    pub(super) news: bool,
    pub(super) due: Due,
    /// When all of it was last due.
    framed: Timestamp,
    rung: HashSet<String>,
    pub(super) tickets: u64,
}

impl App {
    /// The screen before anything is known.
    pub fn new(platform: Arc<Platform>, theme: Theme, now: Timestamp, size: (u16, u16)) -> App {
        App {
            picture: Picture::of(&platform),
            library: Library::default(),
            simulated: None,
            address: None,
            ranking: (0..platform.services.len()).collect(),
            platform,
            findings: Vec::new(),
            timeline: Vec::new(),
            theme,
            now,
            size,
            screen: Screen::default(),
            service: 0,
            database: 0,
            overlay: None,
            run: None,
            dead: Vec::new(),
            clicked: None,
            overlay_scroll: 0,
            filtering: false,
            forbidden: None,
            attention: Attention::Active,
            connected: None,
            waits: Waits { since: now, endpoint: None },
            notice: None,
            places: Default::default(),
            touched: now,
            triaged: now,
            news: false,
            due: Due::Frame,
            framed: now,
            rung: HashSet::new(),
            tickets: 0,
        }
    }

    /// Where the user is on the screen shown.
    pub fn place(&self) -> &Place {
        &self.places[self.screen as usize]
    }

    pub(super) fn place_mut(&mut self) -> &mut Place {
        &mut self.places[self.screen as usize]
    }

    /// The filter of the screen shown, in lower case.
    pub fn filter(&self) -> String {
        self.place().filter.value().trim().to_lowercase()
    }

    /// The last thing said to the user, while it is fresh.
    pub fn notice(&self) -> Option<&str> {
        self.notice.as_ref().map(|(text, _)| text.as_str())
    }

    /// What is due to be drawn; asking takes the answer away.
    pub fn take_due(&mut self) -> Due {
        if self.due == Due::Frame {
            self.framed = self.now;
        }
        std::mem::replace(&mut self.due, Due::Nothing)
    }

    /// Changes the state and says what is to be done. No I/O, no waiting.
    pub fn update(&mut self, message: Message) -> Vec<Effect> {
        self.due = self.due.max(self.due_after(&message));
        match message {
            Message::Key(key) if key.kind == KeyEventKind::Release => Vec::new(),
            Message::Key(key) => {
                let mut effects = self.touch();
                self.clicked = None;
                effects.extend(self.key(key));
                effects
            }
            Message::Paste(text) => {
                let effects = self.touch();
                self.paste(&text);
                effects
            }
            Message::Mouse(mouse) => self.mouse(mouse),
            Message::Resize(columns, rows) => {
                self.size = (columns, rows);
                Vec::new()
            }
            Message::Tick(now) => self.tick(skew::present(now, self.picture.clock_skew)),
            Message::Connected { region, profile, endpoint, simulated, address } => {
                self.waits = Waits { since: self.now, endpoint };
                self.connected = Some((region, profile));
                (self.simulated, self.address) = (simulated, address);
                // Perhaps a colleague's run goes on, or one of this user's whose screen was lost.
                vec![Effect::FindRun]
            }
            Message::Observed(observation) => {
                self.now = self.now.max(observation.at);
                if self.picture.take(*observation) {
                    self.news = true;
                    self.due = Due::Frame;
                }
                Vec::new()
            }
            Message::Alarm { name, history, points } => {
                if let Some(Overlay::Alarm(detail)) = &mut self.overlay
                    && detail.name == name
                {
                    detail.history = Some(history);
                    detail.points = points;
                }
                Vec::new()
            }
            Message::Planned { ticket, plan } => {
                self.planned(ticket, plan);
                Vec::new()
            }
            Message::Offered { opened, param, choices } => {
                if let Some(Overlay::Plan(page)) = &mut self.overlay
                    && page.opened == opened
                {
                    page.offer(&param, choices);
                }
                Vec::new()
            }
            Message::Started { opened, started } => self.started(opened, started),
            Message::Told { id, records, alive } => self.told(&id, &records, alive),
            Message::Untold { id, why } => {
                if let Some(run) = self.run.as_mut().filter(|run| run.id == id) {
                    run.trouble = Some(why);
                }
                Vec::new()
            }
            Message::Going(id) => self.join(id),
            Message::Dead(dead) => self.mourn(dead),
            Message::Runs(rows) => {
                if let Some(Overlay::Runs(shown)) = &mut self.overlay {
                    *shown = Some(rows);
                }
                Vec::new()
            }
            Message::Notice(text) => {
                self.say(text);
                Vec::new()
            }
            Message::Resumed => vec![Effect::Redraw],
            Message::Hangup(_) => vec![Effect::Quit],
        }
    }

    /// What a message makes due by its kind alone.
    fn due_after(&self, message: &Message) -> Due {
        match message {
            // What the mouse changes makes a frame due.
            Message::Mouse(_) => Due::Nothing,
            Message::Observed(_) => Due::Header,
            // What lies over the screen tells seconds, and so does waiting.
            Message::Tick(now)
                if self.overlay.is_none() && !self.is_asking() && now.duration_since(self.framed) < FRAME_EVERY =>
            {
                Due::Header
            }
            _ => Due::Frame,
        }
    }

    /// Draws conclusions from what was learned since the last time: once for a whole batch of messages.
    pub fn settle(&mut self) -> Vec<Effect> {
        if !self.news && self.now.duration_since(self.triaged) < TRIAGE_EVERY {
            return Vec::new();
        }
        let news = std::mem::take(&mut self.news);
        self.triaged = self.now;
        self.due = Due::Frame;
        self.findings = findings(&self.platform, &self.picture, self.now);
        self.add_broken_runbooks();
        self.add_dead_runs();
        if news {
            self.timeline = timeline(&self.platform, &self.picture);
        }
        self.ranking = lists::rank_services(self);
        let critical: HashSet<String> =
            self.findings.iter().filter(|f| f.severity == Severity::Critical).map(|f| f.id.clone()).collect();
        let rings = critical.iter().any(|id| !self.rung.contains(id));
        // What is over may ring again when it comes back.
        self.rung = critical;
        if rings { vec![Effect::Bell] } else { Vec::new() }
    }

    /// A runbook that can't be used stands beside what is wrong: whoever relies on it must know before the key is hit.
    fn add_broken_runbooks(&mut self) {
        let library = &self.library;
        let broken = library.broken().iter().map(|broken| Finding {
            id: format!("runbook/{}", broken.name),
            severity: Severity::Warning,
            title: format!("{}.md is broken", broken.name),
            evidence: broken.why.clone(),
            since: None,
            began: None,
            after: None,
            runbook: None,
            advice: Some(format!("{}; plantao check", library.in_place_of(broken))),
            command: None,
            subject: Subject::Platform,
            alarm: None,
            suspect: None,
            gauge: None,
            gauges: Vec::new(),
        });
        let at = self.findings.partition_point(|finding| finding.severity >= Severity::Warning);
        self.findings.splice(at..at, broken.collect::<Vec<_>>());
    }

    fn tick(&mut self, now: Timestamp) -> Vec<Effect> {
        if now < self.now {
            // The clock was put right. Nothing that is counted from a time to come would ever be over.
            (self.framed, self.triaged, self.touched) = (now, now, now);
            self.notice = self.notice.take().map(|(text, _)| (text, now));
            self.due = Due::Frame;
        }
        self.now = now;
        if self.notice.as_ref().is_some_and(|(_, said)| self.now.duration_since(*said) > NOTICE_STAYS) {
            self.notice = None;
            self.due = Due::Frame;
        }
        if self.attention == Attention::Active && self.now.duration_since(self.touched) > IDLE_AFTER {
            return self.attend(Attention::Idle);
        }
        Vec::new()
    }

    /// The present by this machine's clock: a run's journal is dated by it.
    pub(super) fn local_now(&self) -> Timestamp {
        skew::local(self.now, self.picture.clock_skew)
    }

    pub(super) fn touch(&mut self) -> Vec<Effect> {
        self.touched = self.now;
        if self.attention == Attention::Idle { self.attend(Attention::Active) } else { Vec::new() }
    }

    pub(super) fn attend(&mut self, attention: Attention) -> Vec<Effect> {
        self.attention = attention;
        self.due = Due::Frame;
        vec![Effect::Attend(attention)]
    }

    pub(super) fn hush(&mut self) {
        self.notice = None;
    }

    pub(super) fn say(&mut self, text: impl Into<String>) {
        self.notice = Some((text.into(), self.now));
    }
}

#[cfg(test)]
#[path = "app_tests.rs"]
mod tests;
