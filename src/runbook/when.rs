//! On what a step, or a question, depends.

use serde::Serialize;
use toml::Spanned;
use toml::de::DeValue;

use super::kind::{Kind, Literal};
use super::param::Param;
use crate::platform::file::Report;

/// The condition of a step or of a parameter.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// This parameter, by its index, has a value (and is not `false`).
    Given(usize),
    /// Any of these parameters is given.
    Any(Vec<usize>),
    /// This parameter has this value.
    Is(usize, Literal),
}

/// Reads `when = "name"` or `when = { name = "value" }`.
pub(super) fn read(report: &Report, params: &[Param], value: &Spanned<DeValue>) -> Option<When> {
    let find = |word: &str, span: std::ops::Range<usize>| {
        let index = params.iter().position(|p| p.name == word);
        if index.is_none() {
            report
                .error(span, &format!("there is no parameter \"{word}\""))
                .one_of(word, params.iter().map(|p| p.name.as_str()).collect::<Vec<_>>().into_iter());
        }
        index
    };
    match value.get_ref() {
        DeValue::String(word) => find(word, value.span()).map(When::Given),
        DeValue::Array(words) if !words.is_empty() => {
            let mut any = Vec::with_capacity(words.len());
            for word in words {
                let DeValue::String(name) = word.get_ref() else {
                    report.error(word.span(), "this is no parameter").expected("a parameter's name in quotes");
                    return None;
                };
                any.push(find(name, word.span())?);
            }
            Some(When::Any(any))
        }
        DeValue::Table(table) if table.len() == 1 => {
            let (key, wanted) = table.iter().next()?;
            let index = find(key.get_ref(), key.span())?;
            let param = params.get(index).filter(|p| !p.doubtful)?;
            match (param.kind, wanted.get_ref()) {
                (Kind::Choice, DeValue::String(text)) if param.choices.iter().any(|c| c == text) => {
                    Some(When::Is(index, Literal::Text(text.clone().into_owned())))
                }
                (Kind::Choice, DeValue::String(text)) => {
                    report
                        .error(wanted.span(), &format!("{} is never \"{text}\"", param.name))
                        .one_of(text, param.choices.iter().map(String::as_str));
                    None
                }
                (Kind::Boolean, DeValue::Boolean(is)) => Some(When::Is(index, Literal::Boolean(*is))),
                (Kind::Choice | Kind::Boolean, _) => {
                    report.error(wanted.span(), "this is no value of that parameter").expected(param.kind.example());
                    None
                }
                (kind, _) => {
                    report
                        .error(wanted.span(), &format!("{} is {}", param.name, kind.with_article()))
                        .expected(&format!("a choice or a boolean, or when = \"{}\": only if it is given", param.name));
                    None
                }
            }
        }
        _ => {
            report
                .error(value.span(), "this is no condition")
                .expected("a parameter's name in quotes, several in brackets, or { name = \"value\" }");
            None
        }
    }
}
