//! A runbook's questions, and the answers while they are typed.

use std::collections::BTreeMap;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use serde_json::Value;
use tui_input::backend::crossterm::EventHandler;
use tui_input::{Input, InputRequest};

use crate::run::Choice;
use crate::runbook::{Default, Kind, Literal, Param, When};

/// One question.
#[derive(Clone, Debug)]
pub struct Field {
    /// What is asked.
    pub param: Param,
    /// The answer.
    pub input: Input,
    /// The user has answered; until then the answer is the plan's own.
    pub touched: bool,
    /// What can be chosen, once it is known; `Err` says why it is not.
    pub choices: Option<Result<Vec<Choice>, String>>,
}

/// All questions of a runbook, and where the user is.
#[derive(Clone, Debug)]
pub struct Form {
    fields: Vec<Field>,
    on: Option<usize>,
}

/// What a key came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typed {
    /// Nothing more than what is seen.
    Nothing,
    /// An answer is given: the plan has to be made with it.
    Answered,
    /// Enter on an answer that was given before.
    Entered,
    /// The user wants to leave.
    Left,
}

impl Form {
    /// The questions, with the answers that hold where nobody answers.
    pub fn of(params: &[Param]) -> Form {
        let field = |param: &Param| {
            let text = match &param.default {
                Some(Default::Literal(literal)) => written(literal),
                _ => String::new(),
            };
            Field { param: param.clone(), input: Input::new(text), touched: false, choices: None }
        };
        let mut form = Form { fields: params.iter().map(field).collect(), on: None };
        let first = form.visible().next().map(|(index, _)| index);
        form.on = first;
        form
    }

    /// The questions that are asked with the present answers.
    pub fn visible(&self) -> impl DoubleEndedIterator<Item = (usize, &Field)> {
        self.fields
            .iter()
            .enumerate()
            .filter(|(_, field)| field.param.when.as_ref().is_none_or(|when| self.holds(when)))
    }

    fn holds(&self, when: &When) -> bool {
        let text = |index: &usize| self.fields.get(*index).map(|field| field.input.value().trim()).unwrap_or_default();
        match when {
            When::Given(index) => !matches!(text(index), "" | "false" | "no"),
            When::Any(any) => any.iter().any(|index| !matches!(text(index), "" | "false" | "no")),
            When::Is(index, wanted) => text(index) == written(wanted),
        }
    }

    /// The question that keys answer; `None` while they move through the plan.
    pub fn on(&self) -> Option<usize> {
        self.on
    }

    /// The question that keys answer.
    pub fn field(&self) -> Option<&Field> {
        self.fields.get(self.on?)
    }

    /// What the user answered, as it was typed.
    pub fn answers(&self) -> BTreeMap<String, String> {
        let given = |field: &Field| {
            let text = field.input.value().trim();
            (field.touched && !text.is_empty()).then(|| (field.param.name.clone(), text.to_owned()))
        };
        self.visible().filter_map(|(_, field)| given(field)).collect()
    }

    /// Shows in each question that nobody answered what the plan took for it.
    pub fn take(&mut self, parameters: &BTreeMap<String, Value>) {
        for field in self.fields.iter_mut().filter(|field| !field.touched) {
            if let Some(value) = parameters.get(&field.param.name) {
                field.input = Input::new(spoken(value));
            }
        }
    }

    /// Takes what a question can be answered with.
    pub fn offer(&mut self, param: &str, choices: Result<Vec<Choice>, String>) {
        if let Some(field) = self.fields.iter_mut().find(|field| field.param.name == param) {
            field.choices = Some(choices);
        }
    }

    /// The first question that must be answered and has no answer of its own.
    pub fn missing(&self) -> Option<&Param> {
        let bare = |field: &&Field| {
            field.param.default.is_none() && !field.param.optional && field.input.value().trim().is_empty()
        };
        self.visible().map(|(_, field)| field).find(bare).map(|field| &field.param)
    }

    /// Goes to the question that must still be answered. False if there is none, or it is there already.
    pub fn turn_to_missing(&mut self) -> bool {
        let Some(name) = self.missing().map(|param| param.name.clone()) else { return false };
        let missing = self.fields.iter().position(|field| field.param.name == name);
        std::mem::replace(&mut self.on, missing) != missing
    }

    /// Names of the questions that have a choice which must be looked up.
    pub fn pickers(&self) -> impl Iterator<Item = &Param> {
        let looked_up = |kind| matches!(kind, Kind::Revision | Kind::Image | Kind::Tables);
        self.fields.iter().map(|field| &field.param).filter(move |param| looked_up(param.kind))
    }

    /// Goes to the next question, or to the plan after the last one.
    pub fn turn(&mut self, forward: bool) {
        let order: Vec<usize> = self.visible().map(|(index, _)| index).collect();
        let at = self.on.and_then(|on| order.iter().position(|index| *index == on)).unwrap_or(order.len());
        let places = order.len() + 1;
        let next = (at + if forward { 1 } else { places - 1 }) % places;
        self.on = order.get(next).copied();
    }

    /// Takes one of what the question that is answered can be answered with. False if it is the answer.
    pub fn choose(&mut self, choice: usize) -> bool {
        let Some(field) = self.on.and_then(|on| self.fields.get_mut(on)) else { return false };
        let value = field.offered().get(choice).map(|choice| choice.value.clone());
        let Some(value) = value.filter(|_| field.chosen() != Some(choice)) else { return false };
        field.set(value);
        true
    }

    /// Puts pasted text into the answer.
    pub fn paste(&mut self, line: &str) {
        let Some(field) = self.on.and_then(|on| self.fields.get_mut(on)) else { return };
        begin(field);
        for c in line.chars() {
            field.input.handle(InputRequest::InsertChar(c));
        }
    }

    /// Takes a key for the question that is answered. `given` are the answers that the plan was made with.
    pub fn key(&mut self, key: KeyEvent, given: &BTreeMap<String, String>) -> Typed {
        let Some(on) = self.on else { return Typed::Nothing };
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Esc => return Typed::Left,
            KeyCode::Tab => return self.leave_field(true, given),
            KeyCode::BackTab => return self.leave_field(false, given),
            KeyCode::Enter if self.answers() == *given => return Typed::Entered,
            KeyCode::Enter => return Typed::Answered,
            KeyCode::Down | KeyCode::Up => {
                let down = key.code == KeyCode::Down;
                if self.fields[on].steps(down) {
                    return Typed::Answered;
                }
                return self.leave_field(down, given);
            }
            KeyCode::Char('+' | '-' | ' ') | KeyCode::Left | KeyCode::Right if self.fields[on].turns(key.code) => {
                return Typed::Answered;
            }
            KeyCode::Char(_) if !control => begin(&mut self.fields[on]),
            KeyCode::Backspace | KeyCode::Delete => self.fields[on].touched = true,
            KeyCode::Char('u' | 'w' | 'k') if control => self.fields[on].touched = true,
            _ => {}
        }
        self.fields[on].input.handle_event(&Event::Key(key));
        Typed::Nothing
    }

    fn leave_field(&mut self, forward: bool, given: &BTreeMap<String, String>) -> Typed {
        self.turn(forward);
        if self.answers() == *given { Typed::Nothing } else { Typed::Answered }
    }
}

impl Field {
    /// What can be chosen.
    pub fn offered(&self) -> &[Choice] {
        self.choices.as_ref().and_then(|choices| choices.as_ref().ok()).map_or(&[], Vec::as_slice)
    }

    /// Which of what can be chosen is the answer.
    pub fn chosen(&self) -> Option<usize> {
        self.offered().iter().position(|choice| choice.value == self.input.value().trim())
    }

    /// Goes through what can be chosen.
    fn steps(&mut self, down: bool) -> bool {
        let Some(last) = self.offered().len().checked_sub(1) else { return false };
        let next = match self.chosen() {
            None => 0,
            Some(at) if down && at < last => at + 1,
            Some(at) if !down && at > 0 => at - 1,
            // Past the ends there is the next question.
            Some(_) => return false,
        };
        let value = self.offered()[next].value.clone();
        self.set(value);
        true
    }

    /// Goes through what a short question can be answered with: a number, a choice, yes or no.
    fn turns(&mut self, key: KeyCode) -> bool {
        let forward = !matches!(key, KeyCode::Left | KeyCode::Char('-'));
        let text = self.input.value().trim();
        let sign = matches!(key, KeyCode::Char('+' | '-'));
        match self.param.kind {
            Kind::Integer if sign => {
                let Ok(number) = text.parse::<i64>() else { return false };
                let (min, max) = (self.param.range.0.unwrap_or(i64::MIN), self.param.range.1.unwrap_or(i64::MAX));
                self.set(number.saturating_add(if forward { 1 } else { -1 }).clamp(min, max).to_string());
                true
            }
            Kind::Boolean if !sign => {
                let is = matches!(text, "true" | "yes");
                self.set((!is).to_string());
                true
            }
            Kind::Choice if !sign => {
                let count = self.param.choices.len();
                let Some(at) = self.param.choices.iter().position(|choice| choice == text) else { return false };
                self.set(self.param.choices[(at + if forward { 1 } else { count - 1 }) % count].clone());
                true
            }
            _ => false,
        }
    }

    fn set(&mut self, value: String) {
        self.input = Input::new(value);
        self.touched = true;
    }
}

/// The first key of an answer takes the place of what the plan took for it, as in a form where all is selected.
fn begin(field: &mut Field) {
    if !field.touched {
        field.input.reset();
        field.touched = true;
    }
}

fn written(literal: &Literal) -> String {
    match literal {
        Literal::Integer(number) => number.to_string(),
        Literal::Text(text) => text.clone(),
        Literal::Boolean(is) => is.to_string(),
        Literal::Duration(span) => format!("{}s", span.as_secs()),
        Literal::List(list) => list.join(", "),
    }
}

fn spoken(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(spoken).collect::<Vec<_>>().join(", "),
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::runbook::shipped;
    use crate::tui::keymap::press;

    fn form(runbook: &str) -> Form {
        Form::of(&shipped().iter().find(|r| r.name == runbook).unwrap().params)
    }

    fn types(form: &mut Form, keys: &str) -> Typed {
        let given = BTreeMap::new();
        keys.split(' ').map(|chord| form.key(press(chord).unwrap(), &given)).last().unwrap()
    }

    #[test]
    fn the_first_digit_takes_the_place_of_the_number_that_is_there() {
        let mut form = form("scale");
        form.take(&BTreeMap::from([("desired".to_owned(), json!(3))]));
        assert_eq!(form.answers(), BTreeMap::new(), "nobody has answered yet");
        types(&mut form, "5");
        assert_eq!(form.answers(), BTreeMap::from([("desired".to_owned(), "5".to_owned())]));
        types(&mut form, "+");
        assert_eq!(form.answers()["desired"], "6");
        form.take(&BTreeMap::from([("desired".to_owned(), json!(3))]));
        assert_eq!(form.answers()["desired"], "6", "an answer is not overwritten by a plan");
    }

    #[test]
    fn a_question_is_asked_only_when_it_means_something() {
        let mut form = form("emergency-deploy");
        let names = |form: &Form| form.visible().map(|(_, f)| f.param.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&form), ["way", "image"]);
        assert_eq!(types(&mut form, "right"), Typed::Answered);
        assert_eq!(names(&form), ["way", "context", "dockerfile"]);
        types(&mut form, "tab tab tab");
        assert_eq!(form.on(), None, "after the last question the keys go to the plan");
        types(&mut form, "backtab");
    }

    #[test]
    fn what_can_be_chosen_is_chosen_with_the_arrows() {
        let mut form = form("rollback");
        let choice = |value: &str| Choice { value: value.into(), label: String::new(), detail: String::new() };
        form.offer("to", Ok(vec![choice("41"), choice("39")]));
        assert_eq!(types(&mut form, "down"), Typed::Answered);
        assert_eq!(form.answers()["to"], "41");
        types(&mut form, "down");
        assert_eq!(form.answers()["to"], "39");
        types(&mut form, "down");
        assert_eq!(form.on(), None);
    }

    #[test]
    fn enter_never_leaves_a_user_before_a_question_that_is_out_of_sight() {
        let mut form = form("emergency-deploy");
        assert!(form.turn_to_missing(), "the first question has its answer");
        assert_eq!(form.on().map(|on| form.fields[on].param.name.as_str()), Some("image"));
        assert!(!form.turn_to_missing(), "it is there");
        types(&mut form, "v 2");
        assert!(!form.turn_to_missing(), "nothing is missing");
    }
}
