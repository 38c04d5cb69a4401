//! A `toml ACTION` block: an action and what it is given.

use std::ops::Range;

use serde::Serialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::action::{Action, Field};
use super::head::Danger;
use super::kind::{Kind, Literal};
use super::template::{Name, Piece, Scope, holes};
use super::value::{Limits, in_order, literal};
use super::when::{self, When};

/// An action with its fields.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Call {
    /// Which action.
    pub action: &'static Action,
    /// What it is given, by the field's name.
    pub fields: Vec<(&'static str, Setting)>,
}

impl Call {
    /// What a field is given.
    pub fn field(&self, name: &str) -> Option<&Setting> {
        self.fields.iter().find(|(field, _)| *field == name).map(|(_, setting)| setting)
    }
}

/// What a field is given.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Setting {
    /// A value as written.
    Literal(Literal),
    /// The value of a name, of the field's own type. Without a value the field is left out.
    Value(Name),
    /// Text with values in it.
    Text(Vec<Piece>),
}

/// What may stand in the block of any action.
pub(super) const COMMON: [&str; 2] = ["when", "danger"];

/// A block as it is read: the call, and what it says of its step.
pub(super) struct Read {
    pub(super) call: Call,
    pub(super) when: Option<When>,
    pub(super) danger: Option<Danger>,
}

/// Reads the block of an action, and the condition and danger of its step.
pub(super) fn read(scope: &Scope, source: &str, action: &'static Action, table: &DeTable, info: &Range<usize>) -> Read {
    let report = scope.report;
    let condition =
        table.get("when").filter(|_| scope.params_known).and_then(|value| when::read(report, scope.params, value));
    let mut fields = Vec::new();
    for (name, span, value) in in_order(table) {
        if COMMON.contains(&name) {
            continue;
        }
        let Some(field) = action.field(name) else {
            let names = action.fields.iter().map(|f| f.name).chain(COMMON).collect::<Vec<_>>();
            report.error(span, &format!("{} has no field \"{name}\"", action.name)).one_of(name, names.iter().copied());
            continue;
        };
        let reader = Reader { scope, source, field, condition: condition.as_ref() };
        fields.extend(reader.setting(value).map(|setting| (field.name, setting)));
    }
    for field in action.fields.iter().filter(|f| f.required && !table.contains_key(f.name)) {
        report.error(info.clone(), &format!("{} needs {}", action.name, field.name)).expected(&format!(
            "a line {} = {}",
            field.name,
            sample(field)
        ));
    }
    if !action.needs_one_of.is_empty() && !action.needs_one_of.iter().any(|name| table.contains_key(*name)) {
        report
            .error(info.clone(), &format!("{} has nothing to do", action.name))
            .expected(&format!("at least one of {}", action.needs_one_of.join(", ")));
    }
    let danger = table.get("danger").and_then(|value| Danger::read(report, value));
    Read { call: Call { action, fields }, when: condition, danger }
}

/// A value that a field would take, as it is written.
pub(super) fn sample(field: &Field) -> String {
    match field.kind {
        Kind::Integer => field.range.map_or(1, |(min, max)| 3.clamp(min, max)).to_string(),
        Kind::Boolean => "true".to_owned(),
        Kind::Tables => "[\"public.events\"]".to_owned(),
        Kind::Text => "\"analytics-api\"".to_owned(),
        Kind::Choice => format!("\"{}\"", field.choices.first().unwrap_or(&"")),
        Kind::Duration => "\"10m\"".to_owned(),
        Kind::Moment => "\"14:30\"".to_owned(),
        Kind::Revision => "\"42\"".to_owned(),
        Kind::Image => "\"a1b2c3d\"".to_owned(),
        Kind::Path => "\".\"".to_owned(),
        Kind::Url => "\"https://api.example.com/health\"".to_owned(),
    }
}

struct Reader<'r, 'a> {
    scope: &'r Scope<'a>,
    source: &'r str,
    field: &'static Field,
    condition: Option<&'r When>,
}

impl Reader<'_, '_> {
    fn setting(&self, value: &Spanned<DeValue>) -> Option<Setting> {
        match value.get_ref().as_str() {
            Some(text) if text.contains("{{") => self.templated(text, value.span()),
            _ => {
                let Field { kind, range, choices, .. } = *self.field;
                literal(self.scope.report, self.field.name, value, &Limits { kind, range, choices })
                    .map(Setting::Literal)
            }
        }
    }

    fn templated(&self, text: &str, span: Range<usize>) -> Option<Setting> {
        let report = self.scope.report;
        let Ok(holes) = holes(text) else {
            report.error(span, "a template without end").expected("{{ name }}");
            return None;
        };
        let mut pieces = Vec::new();
        let (mut from, mut place, mut well) = (0, span.start, true);
        for hole in &holes {
            // Escapes may make the text in the file longer than the text that it means.
            let raw = self.source.get(place..span.end).and_then(|raw| raw.find("{{")).map(|i| place + i);
            let start = raw.unwrap_or(span.start);
            let end =
                self.source.get(start..span.end).and_then(|raw| raw.find("}}")).map_or(span.end, |i| start + i + 2);
            place = end;
            if hole.range.start > from {
                pieces.push(Piece::Text(text[from..hole.range.start].to_owned()));
            }
            from = hole.range.end;
            match self.scope.name(hole.word, start..end) {
                Some(name) => {
                    well &= self.may_be_absent(&name, start..end);
                    pieces.push(Piece::Value(name));
                }
                None => well = false,
            }
        }
        if from < text.len() {
            pieces.push(Piece::Text(text[from..].to_owned()));
        }
        if !well {
            return None;
        }
        match pieces.as_slice() {
            [Piece::Value(name)] => self.fits(name, span).then(|| Setting::Value(name.clone())),
            _ if self.field.kind != Kind::Text => {
                report
                    .error(span, &format!("{} is {}", self.field.name, self.field.kind.with_article()))
                    .expected("one template and nothing around it");
                None
            }
            _ => Some(Setting::Text(pieces)),
        }
    }

    /// The type, and for choices and integers also their bounds.
    fn fits(&self, name: &Name, span: Range<usize>) -> bool {
        let (field, report) = (self.field, self.scope.report);
        if self.scope.is_doubtful(name) {
            return true;
        }
        let kind = self.scope.kind(name);
        if !kind.fits(field.kind) {
            report
                .error(
                    span,
                    &format!("{} is {}, but this is {}", field.name, field.kind.with_article(), kind.with_article()),
                )
                .expected(field.kind.example());
            return false;
        }
        let Name::Param(index) = name else { return true };
        let Some(param) = self.scope.params.get(*index) else { return true };
        if let Some(odd) =
            param.choices.iter().find(|c| field.kind == Kind::Choice && !field.choices.contains(&c.as_str()))
        {
            report
                .error(span, &format!("{} may be \"{odd}\", which {} can't", param.name, field.name))
                .one_of(odd, field.choices.iter().copied());
            return false;
        }
        if let Some((min, max)) = field.range
            && (param.range.0.is_some_and(|low| low < min) || param.range.1.is_some_and(|high| high > max))
        {
            report
                .error(span, &format!("{} allows numbers that {} doesn't", param.name, field.name))
                .expected(&format!("min and max of the parameter within {min} to {max}"));
            return false;
        }
        true
    }

    /// A value that may be absent can't be put where one is needed.
    fn may_be_absent(&self, name: &Name, span: Range<usize>) -> bool {
        let Name::Param(index) = name else { return true };
        absent(self.scope, *index, self.condition, self.field.required, span)
    }
}

/// Says when a parameter may have no value here, although one is needed.
pub(super) fn absent(scope: &Scope, index: usize, condition: Option<&When>, needed: bool, span: Range<usize>) -> bool {
    let Some(param) = scope.params.get(index) else { return true };
    let guarded = matches!(condition, Some(When::Given(i)) if *i == index)
        || (param.when.is_some() && condition == param.when.as_ref() && !param.optional);
    let may_lack = param.when.is_some() || (param.optional && param.default.is_none());
    if !may_lack || guarded || !needed {
        return true;
    }
    scope
        .report
        .error(span, &format!("{} may have no value here", param.name))
        .expected(&format!("a line when = \"{}\", so that the step runs only if it has one", param.name));
    false
}
