//! From a runbook to its run: what keys and answers do on the pages of plans and runs.

use crossterm::event::{KeyCode, KeyEvent};

use super::app::{App, Overlay, Screen};
use super::effect::{Effect, Wanted, What};
use super::form::Typed;
use super::keymap::{self, Action};
use super::layout;
use super::plan_page::{Answer, PlanPage, Way};
use super::run_page::RunPage;
use crate::platform::{ServiceSpec, Subject, Subjects};
use crate::run::{Command, Plan, Record, RunId, going_back};
use crate::runbook::Param;
use crate::triage::Finding;
use crate::tui::lists;

impl App {
    /// Opens a runbook: its questions, and the plan that the defaults make.
    pub(super) fn open_plan(&mut self, name: &str) -> Vec<Effect> {
        let Some(runbook) = self.library.named(name).cloned() else {
            self.say(format!("there is no runbook {name}"));
            return Vec::new();
        };
        let (service, database) = self.subjects();
        let name = |index: usize| self.platform.services.get(index).map(ServiceSpec::path);
        let id = |index: usize| self.platform.databases.get(index).map(|database| database.id.clone());
        let mut page = PlanPage::of(&runbook, name(service), id(database));
        self.tickets += 1;
        page.opened = self.tickets;
        let mut effects = self.make(&mut page);
        effects.extend(look_ups(&page));
        self.show(Some(Overlay::Plan(Box::new(page))));
        let broken = self.library.broken().iter().find(|broken| broken.name == runbook.name);
        if let Some(broken) = broken {
            self.say(format!("{}: {}.md is broken ({})", self.library.in_place_of(broken), broken.name, broken.why));
        }
        effects
    }

    /// The service and the database that the user is looking at.
    pub(super) fn subjects(&self) -> (usize, usize) {
        if let (Some(Overlay::Run), Some(run)) = (&self.overlay, &self.run)
            && let Some(plan) = &run.plan
        {
            let is = |kind: &str, name: &str| plan.target.kind == kind && plan.target.name == name;
            let on = |s: &ServiceSpec| is("service", &s.path());
            let service = self.platform.services.iter().position(on);
            let database = self.platform.databases.iter().position(|d| is("database", &d.id));
            return (service.unwrap_or(self.service), database.unwrap_or(self.database));
        }
        let finding = |id: &String| self.findings.iter().find(|finding| finding.id == *id).and_then(meant);
        let subject = match &self.overlay {
            Some(Overlay::Finding(id)) => finding(id),
            Some(Overlay::Alarm(detail)) => self.subject_of_alarm(&detail.name),
            None | Some(Overlay::Runbook(_)) if matches!(self.screen, Screen::Overview | Screen::Alarms) => {
                match lists::selected(self) {
                    Some(lists::Selected::Finding(finding)) => meant(finding),
                    Some(lists::Selected::Alarm(alarm)) => self.subject_of_alarm(&alarm.name),
                    _ => None,
                }
            }
            _ => None,
        };
        match subject {
            Some(Subject::Service(service)) => (service, self.database),
            Some(Subject::Database(database)) => (self.service, database),
            Some(Subject::Platform) | None => (self.service, self.database),
        }
    }

    /// Whose an alarm is: what its finding means, or else what it watches.
    fn subject_of_alarm(&self, name: &str) -> Option<Subject> {
        let finding = self.findings.iter().find(|finding| finding.alarm.as_deref() == Some(name));
        let alarm = || self.picture.alarms.value()?.iter().find(|alarm| alarm.name == name);
        finding.and_then(meant).or_else(|| Some(Subjects::of(&self.platform).of_alarm(alarm()?)))
    }

    /// Asks for the plan, if all that it needs is answered.
    fn make(&mut self, page: &mut PlanPage) -> Vec<Effect> {
        self.overlay_scroll = 0;
        if page.form.missing().is_some() {
            page.plan = None;
            return Vec::new();
        }
        self.tickets += 1;
        page.ask(self.tickets);
        vec![Effect::MakePlan(Box::new(wanted(page)))]
    }

    pub(super) fn planned(&mut self, ticket: u64, plan: Result<Box<Plan>, String>) {
        let Some(Overlay::Plan(page)) = &mut self.overlay else { return };
        if page.ticket != ticket {
            return;
        }
        // What is to be taken back was said with the key that asked for it: no question stands between.
        let goes_on = matches!(page.what, What::Back(_)) && page.plan.is_none();
        page.take(plan);
        if goes_on && page.prose.is_none() && self.forbidden.is_none() {
            page.confirm();
            // A key typed ahead was told that nothing is asked: now something is.
            self.hush();
        }
    }

    /// Takes a key on the page of a plan.
    pub(super) fn plan_key(&mut self, key: KeyEvent) -> Vec<Effect> {
        let Some(Overlay::Plan(page)) = &mut self.overlay else { return Vec::new() };
        let action = keymap::action(key);
        let turns = action == Some(Action::Prose) && page.confirm.is_none();
        // The arrows choose an answer, where one is typed.
        let types = page.confirm.as_ref().is_none_or(|confirm| matches!(confirm.way, Way::Name(_)));
        let scrolls = matches!(key.code, KeyCode::PageUp | KeyCode::PageDown)
            || !types && matches!(key.code, KeyCode::Up | KeyCode::Down);
        if turns || scrolls {
            return action.map(|action| self.act(action)).unwrap_or_default();
        }
        if page.prose.is_some() {
            return match action {
                Some(Action::Open | Action::Back) => self.act(Action::Prose),
                Some(action) if !self.is_yes(key) => self.act(action),
                _ => Vec::new(),
            };
        }
        let says_yes = page.confirm.as_ref().is_some_and(|confirm| confirm.says_yes(key));
        if let Some(why) = says_yes.then(|| layout::unseen(self)).flatten() {
            self.say(why);
            return Vec::new();
        }
        let Some(Overlay::Plan(page)) = &mut self.overlay else { return Vec::new() };
        if let Some(confirm) = &mut page.confirm {
            match confirm.key(key) {
                Answer::Nothing => {}
                Answer::No => {
                    page.confirm = None;
                    self.overlay_scroll = 0;
                }
                Answer::Yes(reason) => {
                    page.refused = None;
                    if let Some(plan) = page.ready() {
                        let (opened, plan) = (page.opened, Box::new(plan.clone()));
                        return vec![Effect::StartRun { opened, plan, reason }];
                    }
                }
            }
            return Vec::new();
        }
        if page.form.on().is_some() {
            return match page.form.key(key, &page.given) {
                Typed::Nothing => Vec::new(),
                Typed::Answered => self.plan_again(),
                Typed::Entered => self.go_on(),
                Typed::Left => {
                    self.show(None);
                    Vec::new()
                }
            };
        }
        let asking = page.asking;
        if self.is_yes(key) {
            self.say(if asking {
                "the plan is still being made: nothing is asked yet"
            } else {
                "y means yes, and nothing is asked; enter goes on, c copies"
            });
            return Vec::new();
        }
        let Some(Overlay::Plan(page)) = &mut self.overlay else { return Vec::new() };
        match keymap::action(key) {
            Some(Action::NextPane | Action::PreviousPane) => {
                page.form.turn(!matches!(key.code, KeyCode::BackTab | KeyCode::Left | KeyCode::Char('h')));
                Vec::new()
            }
            Some(Action::Refresh) => {
                let mut effects = look_ups(page);
                effects.extend(self.plan_again());
                effects
            }
            Some(Action::Open) => self.go_on(),
            Some(action) => self.act(action),
            None => Vec::new(),
        }
    }

    /// From the plan to the runbook's own words, and back to where the plan was.
    pub(super) fn turn_over(&mut self) {
        let scroll = self.overlay_scroll;
        let Some(Overlay::Plan(page)) = &mut self.overlay else {
            self.say("that is for a plan: b lists the runbooks");
            return;
        };
        if let Some(before) = page.prose.take() {
            self.overlay_scroll = before;
        } else if page.runbook().is_some_and(|name| self.library.named(name).is_some()) {
            page.prose = Some(scroll);
            self.overlay_scroll = 0;
        } else {
            self.say("its runbook is not known here");
        }
    }

    pub(super) fn plan_again(&mut self) -> Vec<Effect> {
        let Some(Overlay::Plan(mut page)) = self.overlay.take() else { return Vec::new() };
        let make = self.make(&mut page);
        self.overlay = Some(Overlay::Plan(page));
        make
    }

    /// From the plan to its confirmation; without a plan, one is made.
    fn go_on(&mut self) -> Vec<Effect> {
        let forbidden = self.forbidden.clone();
        let Some(Overlay::Plan(page)) = &mut self.overlay else { return Vec::new() };
        if page.asking {
            self.say("the plan is still being made");
        } else if page.ready().is_none() && page.form.turn_to_missing() {
            self.say("this must be answered first");
        } else if page.ready().is_none() {
            return self.plan_again();
        } else if let Some(why) = forbidden {
            self.say(why);
        } else if page.ready().is_some_and(Plan::is_so_already) {
            let how = if page.form.on().is_some() { "" } else { " (tab)" };
            self.say(format!("it is so already: change an answer{how}"));
        } else {
            page.confirm();
            self.overlay_scroll = 0;
        }
        Vec::new()
    }

    pub(super) fn started(&mut self, opened: u64, started: Result<RunId, String>) -> Vec<Effect> {
        let waits = matches!(
            &self.overlay,
            Some(Overlay::Plan(page)) if page.opened == opened && page.confirm.as_ref().is_some_and(|c| c.starting)
        );
        match started {
            Ok(id) => {
                self.run = Some(RunPage::of(id.clone()));
                if waits {
                    self.show(Some(Overlay::Run));
                } else {
                    self.say("the run has begun; o shows it");
                }
                vec![Effect::Follow(id)]
            }
            Err(why) => {
                match &mut self.overlay {
                    Some(Overlay::Plan(page)) if waits => {
                        // The page says it, however many keys are hit meanwhile.
                        if let Some(confirm) = &mut page.confirm {
                            confirm.starting = false;
                        }
                        page.refused = Some(why);
                        self.overlay_scroll = 0;
                    }
                    _ => self.say(why),
                }
                Vec::new()
            }
        }
    }

    pub(super) fn told(&mut self, id: &RunId, records: &[Record], alive: bool) -> Vec<Effect> {
        let Some(run) = self.run.as_mut().filter(|run| run.id == *id) else { return Vec::new() };
        let (was_over, was_dead) = (run.ended.is_some(), run.is_dead());
        run.alive = alive;
        for record in records {
            // Whatever was in the way, it goes on.
            run.trouble = None;
            run.take(record);
        }
        if !run.goes_on() {
            // What was about to be said is for a process that is there to hear it.
            run.wish = None;
        }
        // A finding tells of it, or no longer.
        let dead = if was_dead == run.is_dead() { Vec::new() } else { vec![Effect::FindDead] };
        if run.ended.is_none() || was_over || run.past {
            return dead;
        }
        // Nobody may be looking: an end is told as loudly as a new critical finding.
        let summary = run.summary();
        if !matches!(self.overlay, Some(Overlay::Run)) {
            self.say(format!("{summary}; o shows it"));
        }
        [Effect::Bell, Effect::Refresh].into_iter().chain(dead).collect()
    }

    /// Takes a key while the user is asked whether to tell a run something. Where nothing has to be typed, any key
    /// but `y` means no.
    pub(super) fn wish_key(&mut self, key: KeyEvent) -> Vec<Effect> {
        let Some(run) = &mut self.run else { return Vec::new() };
        let Some(mut wish) = run.wish.take() else { return Vec::new() };
        match wish.confirm.key(key) {
            Answer::Yes(said) => {
                let why = run.reason.as_ref().filter(|_| wish.command == Command::Undo);
                let reason = said.or_else(|| why.map(|reason| going_back(&run.id, reason)));
                return vec![Effect::Tell(run.id.clone(), wish.command, reason)];
            }
            Answer::Nothing if matches!(wish.confirm.way, Way::Name(_)) => run.wish = Some(wish),
            Answer::Nothing | Answer::No => {}
        }
        Vec::new()
    }

    /// Follows a run that goes on, if none that does is followed.
    pub(super) fn join(&mut self, going: RunId) -> Vec<Effect> {
        // What is being read is not taken away.
        if matches!(self.overlay, Some(Overlay::Run)) || self.run.as_ref().is_some_and(RunPage::goes_on) {
            return Vec::new();
        }
        self.run = Some(RunPage::of(going.clone()));
        self.say("a run goes on; o shows it");
        vec![Effect::Follow(going)]
    }

    /// Takes back what the run shown did: by telling it, or by a run of its own once it is over.
    pub(super) fn undo(&mut self) -> Vec<Effect> {
        let shown = self.run.as_ref().filter(|_| matches!(self.overlay, Some(Overlay::Run)));
        if let Some(why) = shown.and_then(RunPage::nothing_to_take_back) {
            self.say(why);
            return Vec::new();
        }
        let over = self.run.as_ref().filter(|run| run.ended.is_some() && matches!(self.overlay, Some(Overlay::Run)));
        let Some(run) = over else {
            self.wish(Command::Undo);
            return Vec::new();
        };
        let title = run.plan.as_ref().map_or("the run", |plan| plan.title.as_str());
        let mut page = PlanPage::back(run.id.clone(), title);
        let make = self.make(&mut page);
        self.show(Some(Overlay::Plan(Box::new(page))));
        make
    }

    /// The user wants to tell the run shown something.
    pub(super) fn wish(&mut self, wish: Command) {
        // A run that is told to undo changes something, whosever process it is.
        if wish == Command::Undo
            && let Some(why) = &self.forbidden
        {
            self.say(why.clone());
            return;
        }
        let shown = matches!(self.overlay, Some(Overlay::Run));
        match &mut self.run {
            Some(run) if shown && run.goes_on() => run.ask(wish),
            Some(run) if shown && run.ended.is_some() => {
                let back = if run.nothing_to_take_back().is_none() { "; u takes back what it did" } else { "" };
                self.say(format!("it is over{back}"));
            }
            Some(_) if shown => self.say("its process is gone; plantao runs resume takes it up"),
            _ => self.say("that is for a run: o shows the one that goes on"),
        }
    }

    /// The run that goes on, or all runs.
    pub(super) fn show_runs(&mut self) -> Vec<Effect> {
        if self.run.is_some() && !matches!(self.overlay, Some(Overlay::Run | Overlay::Runs(_))) {
            // What told of it is answered.
            self.hush();
            self.show(Some(Overlay::Run));
            return Vec::new();
        }
        self.show(Some(Overlay::Runs(None)));
        vec![Effect::ListRuns]
    }

    /// Opens the run selected in the list.
    pub(super) fn open_run(&mut self) -> Vec<Effect> {
        let Some(Overlay::Runs(Some(Ok(rows)))) = &self.overlay else { return Vec::new() };
        let Some(row) = rows.get(self.overlay_scroll.min(rows.len().saturating_sub(1))) else { return Vec::new() };
        let id = row.id.clone();
        let past = !row.goes_on;
        self.run = Some(RunPage { past, ..RunPage::of(id.clone()) });
        self.show(Some(Overlay::Run));
        vec![Effect::Follow(id)]
    }
}

/// Everything that the page's questions can be answered with.
fn look_ups(page: &PlanPage) -> Vec<Effect> {
    let ask = |param: &Param| Effect::LookUp {
        opened: page.opened,
        wanted: Box::new(wanted(page)),
        param: param.name.clone(),
    };
    page.form.pickers().map(ask).collect()
}

fn wanted(page: &PlanPage) -> Wanted {
    Wanted {
        ticket: page.ticket,
        what: page.what.clone(),
        answers: page.given.clone(),
        service: page.service.clone(),
        database: page.database.clone(),
    }
}

/// What a finding's runbook is about. Behind a load balancer's alarm it is the service whose deployment is suspected.
fn meant(finding: &Finding) -> Option<Subject> {
    match finding.subject {
        Subject::Platform => finding.suspect.map(Subject::Service),
        subject => Some(subject),
    }
}
