//! The values of a runbook's parameters: as they were answered, or as they are where nobody answers.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Wish;
use crate::platform::text::{nearest, printable};
use crate::run::Halt;
use crate::run::answer::{self, literal};
use crate::run::facts::Facts;
use crate::runbook::{Default, Runbook, When};

pub(super) type Values<'a> = BTreeMap<&'a str, Value>;

/// The value of each parameter that has one. `of` says on what, where that is not plain: ` (service prod/api)`.
pub(super) fn values<'a>(wish: Wish<'a>, facts: &Facts, of: &str) -> Result<Values<'a>, Halt> {
    let params = &wish.runbook.params;
    let mut wrong: Vec<String> = Vec::new();
    for name in wish.answers.keys() {
        if wish.runbook.param(name).is_none() {
            let near = nearest(name, params.iter().map(|p| p.name.as_str()));
            let near = near.map(|near| format!("; did you mean --{near}?")).unwrap_or_default();
            wrong.push(format!("{} has no parameter --{}{near}", wish.runbook.name, printable(name)));
        }
    }
    let mut values = Values::new();
    for param in params {
        let answer = wish.answers.get(&param.name);
        if param.when.as_ref().is_some_and(|when| !holds(wish.runbook, &values, when)) {
            if answer.is_some() {
                wrong.push(format!("--{} means nothing with the other answers", param.name));
            }
            continue;
        }
        let value = match answer {
            Some(text) => answer::read(param, text).map(Some),
            None => Ok(match &param.default {
                Some(Default::Literal(value)) => Some(literal(value)),
                Some(Default::Known(known)) => facts.value(known.name),
                None => None,
            }),
        };
        match value {
            Ok(Some(value)) => {
                values.insert(&param.name, value);
            }
            Ok(None) if param.optional => {}
            Ok(None) => wrong.push(format!("--{} is missing: {}{of}", param.name, param.ask)),
            Err(words) => wrong.push(words),
        }
    }
    if wrong.is_empty() { Ok(values) } else { Err(Halt::refused(wrong.join("\n"))) }
}

pub(super) fn holds(runbook: &Runbook, values: &Values, when: &When) -> bool {
    let value = |index: &usize| runbook.params.get(*index).and_then(|param| values.get(param.name.as_str()));
    let given = |index: &usize| value(index).is_some_and(|value| *value != Value::Bool(false));
    match when {
        When::Given(index) => given(index),
        When::Any(any) => any.iter().any(given),
        When::Is(index, wanted) => value(index) == Some(&literal(wanted)),
    }
}
