//! A runbook on its way to a run: its questions, the plan that the answers make, and the confirmation.

use std::collections::BTreeMap;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

use super::effect::What;
use super::form::Form;
use crate::run::{Choice, Plan, RunId};
use crate::runbook::{Danger, Runbook};

/// A plan on the screen.
#[derive(Clone, Debug)]
pub struct PlanPage {
    /// What it is called.
    pub title: String,
    /// `safe`, `caution`, `danger`: the runbook's, then the plan's.
    pub danger: String,
    /// What is planned.
    pub what: What,
    /// On which service; the platform's only one if none is named.
    pub service: Option<String>,
    /// On which database; the platform's first one if none is named.
    pub database: Option<String>,
    /// The questions.
    pub form: Form,
    /// The last plan, or why there is none.
    pub plan: Option<Result<Box<Plan>, String>>,
    /// The plan is being made.
    pub asking: bool,
    /// The user is asked whether to go on.
    pub confirm: Option<Confirm>,
    /// Names the question whose answer is waited for; answers to others are late.
    pub ticket: u64,
    /// Names this page: what is looked up for another one is not for it.
    pub opened: u64,
    /// Why the run of it did not begin, until it is planned or started anew.
    pub refused: Option<String>,
    /// Its runbook is read instead: the plan's first line in sight, to come back to.
    pub prose: Option<usize>,
    /// What the plan was made with.
    pub(super) given: BTreeMap<String, String>,
}

/// What a plan's danger demands before it is carried out. There is never a default Yes.
#[derive(Clone, Debug, Default)]
pub struct Confirm {
    /// How.
    pub way: Way,
    /// Why it is done; kept in the journal.
    pub reason: Input,
    /// The name, as it is typed.
    pub name: Input,
    /// Keys go to the name, not to the reason.
    pub on_name: bool,
    /// It was confirmed, and its process is being started.
    pub starting: bool,
    /// What is missing, or went wrong.
    pub said: Option<String>,
}

/// How a plan is confirmed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// It only looks: enter.
    #[default]
    Enter,
    /// It changes something: y.
    Yes,
    /// It can hurt: a reason, and this name, typed.
    Name(String),
}

/// What a key in the confirmation came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Nothing yet.
    Nothing,
    /// Not now.
    No,
    /// Go on, for this reason.
    Yes(Option<String>),
}

impl PlanPage {
    /// A runbook with its questions open.
    pub fn of(runbook: &Runbook, service: Option<String>, database: Option<String>) -> PlanPage {
        PlanPage {
            service,
            database,
            ..PlanPage::new(
                runbook.title.clone(),
                runbook.danger.word(),
                What::Runbook(Box::new(runbook.clone())),
                Form::of(&runbook.params),
            )
        }
    }

    /// What a run did, to be taken back.
    pub fn back(id: RunId, title: &str) -> PlanPage {
        PlanPage::new(format!("Take back: {title}"), "caution", What::Back(id), Form::of(&[]))
    }

    fn new(title: String, danger: &str, what: What, form: Form) -> PlanPage {
        PlanPage {
            title,
            danger: danger.to_owned(),
            what,
            form,
            service: None,
            database: None,
            plan: None,
            asking: false,
            confirm: None,
            ticket: 0,
            opened: 0,
            refused: None,
            prose: None,
            given: BTreeMap::new(),
        }
    }

    /// The name of its runbook, once that is known.
    pub fn runbook(&self) -> Option<&str> {
        match &self.what {
            What::Runbook(runbook) => Some(&runbook.name),
            What::Back(_) => Some(&self.plan.as_ref()?.as_ref().ok()?.runbook),
        }
    }

    /// Asks for a plan with the present answers.
    pub fn ask(&mut self, ticket: u64) {
        self.ticket = ticket;
        self.asking = true;
        self.confirm = None;
        self.refused = None;
        self.given = self.form.answers();
    }

    /// Takes a plan, or why there is none.
    pub fn take(&mut self, plan: Result<Box<Plan>, String>) {
        self.asking = false;
        if let Ok(plan) = &plan {
            self.form.take(&plan.parameters);
            self.danger.clone_from(&plan.danger);
        }
        self.plan = Some(plan);
    }

    /// Takes what a question can be answered with.
    pub fn offer(&mut self, param: &str, choices: Result<Vec<Choice>, String>) {
        self.form.offer(param, choices);
    }

    /// The plan that is shown and that belongs to the answers that are shown.
    pub fn ready(&self) -> Option<&Plan> {
        let current = !self.asking && self.form.answers() == self.given;
        self.plan.as_ref().and_then(|plan| plan.as_deref().ok()).filter(|_| current)
    }

    /// The same by hand: the commands of all steps.
    pub fn commands(&self) -> Option<String> {
        let plan = self.plan.as_ref()?.as_ref().ok()?;
        let commands: Vec<&str> = plan.steps.iter().filter_map(|step| step.view.command.as_deref()).collect();
        (!commands.is_empty()).then(|| commands.join("\n"))
    }

    /// Asks the user whether to go on, if there is a plan for the answers shown.
    pub fn confirm(&mut self) {
        let Some(plan) = self.ready() else { return };
        // A danger that this version does not know is taken for the greatest.
        let danger = Danger::named(&plan.danger).unwrap_or_default();
        self.confirm = Some(Confirm { way: Way::of(danger, plan), ..Confirm::default() });
    }
}

impl Way {
    /// The way that a danger demands.
    pub fn of(danger: Danger, plan: &Plan) -> Way {
        match danger {
            Danger::Safe => Way::Enter,
            Danger::Caution => Way::Yes,
            Danger::Danger => Way::Name(plan.typed().to_owned()),
        }
    }
}

impl Confirm {
    /// The key would carry it out, if nothing is missing.
    pub fn says_yes(&self, key: KeyEvent) -> bool {
        match (&self.way, key.code) {
            (Way::Enter, KeyCode::Enter) | (Way::Yes, KeyCode::Char('y')) => true,
            (Way::Name(_), KeyCode::Enter) => self.on_name,
            _ => false,
        }
    }

    /// Takes a key.
    pub fn key(&mut self, key: KeyEvent) -> Answer {
        self.said = None;
        if key.code == KeyCode::Esc {
            return Answer::No;
        }
        if self.starting {
            return Answer::Nothing;
        }
        let plain = !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        match (&self.way, key.code) {
            (Way::Enter, KeyCode::Enter) => self.yes(),
            (Way::Yes, KeyCode::Char('y')) if plain => self.yes(),
            (Way::Yes, KeyCode::Char('n')) if plain => Answer::No,
            (Way::Enter | Way::Yes, _) => Answer::Nothing,
            (Way::Name(_), KeyCode::Tab | KeyCode::BackTab | KeyCode::Up | KeyCode::Down) => {
                self.on_name = !self.on_name;
                Answer::Nothing
            }
            (Way::Name(_), KeyCode::Enter) if !self.on_name => {
                self.on_name = true;
                Answer::Nothing
            }
            (Way::Name(name), KeyCode::Enter) => {
                if self.reason.value().trim().is_empty() {
                    self.on_name = false;
                    self.said = Some("say why first: it is kept in the journal".to_owned());
                    Answer::Nothing
                } else if self.name.value().trim() == name {
                    self.yes()
                } else {
                    self.said = Some(format!("that is not {name}: nothing is done"));
                    Answer::Nothing
                }
            }
            (Way::Name(_), _) => {
                self.input().handle_event(&Event::Key(key));
                Answer::Nothing
            }
        }
    }

    /// The line that is typed.
    pub fn input(&mut self) -> &mut Input {
        if self.on_name { &mut self.name } else { &mut self.reason }
    }

    fn yes(&mut self) -> Answer {
        self.starting = true;
        let reason = self.reason.value().trim();
        Answer::Yes((!reason.is_empty()).then(|| reason.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::keymap::press;

    fn types(confirm: &mut Confirm, keys: &str) -> Answer {
        keys.split(' ').map(|chord| confirm.key(press(chord).unwrap())).last().unwrap()
    }

    #[test]
    fn an_empty_enter_never_means_yes_where_something_changes() {
        let mut caution = Confirm { way: Way::Yes, ..Confirm::default() };
        assert_eq!(types(&mut caution, "enter enter space ctrl+y"), Answer::Nothing);
        assert_eq!(types(&mut caution, "y"), Answer::Yes(None));
        let mut danger = Confirm { way: Way::Name("api".to_owned()), ..Confirm::default() };
        assert_eq!(types(&mut danger, "enter enter enter y"), Answer::Nothing);
    }

    #[test]
    fn danger_wants_a_reason_and_the_name_and_nothing_else_will_do() {
        let mut confirm = Confirm { way: Way::Name("api".to_owned()), ..Confirm::default() };
        assert_eq!(types(&mut confirm, "tab a p i enter"), Answer::Nothing, "no reason was given");
        assert!(confirm.said.as_deref().is_some_and(|said| said.contains("why")));
        assert_eq!(types(&mut confirm, "5 x x enter backspace enter"), Answer::Nothing, "not the name");
        assert_eq!(types(&mut confirm, "i enter"), Answer::Yes(Some("5xx".to_owned())));
        assert_eq!(types(&mut confirm, "enter"), Answer::Nothing, "it is confirmed once");
    }
}
