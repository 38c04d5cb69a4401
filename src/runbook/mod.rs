//! Runbooks: Markdown that reads well on any Git host, and that plantao carries out.
//!
//! A file has a `#` title, a head (```` ```toml runbook ````), and `##` steps. Each step is prose and
//! one block: ```` ```toml ACTION ```` (a typed action, see [`ACTIONS`]), ```` ```sql ````,
//! ```` ```redis ```` or ```` ```sh ````. Any other block (```` ```console ````, ```` ```text ````) is
//! an example for people. `{{ name }}` stands for a parameter or a [`Known`] value; never in `sh`.
//!
//! Pure: text in, [`Runbook`] out, or everything that is wrong with it at once.

mod action;
mod blocks;
mod call;
mod explain;
mod head;
mod kind;
mod known;
mod library;
mod limits;
mod page;
mod param;
mod redis;
mod shell;
mod shipped;
mod sql;
mod step;
mod template;
mod value;
mod when;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde::Serialize;

use crate::platform::file::{FileErrors, Report};
use page::{Fence, Page, Section};

pub use action::{ACTIONS, Action, Field, action};
pub use blocks::{BLOCKS, BlockKind, block_kind};
pub use call::{Call, Setting};
pub use explain::explain;
pub use head::Danger;
use head::Head;
pub use kind::{Kind, LONGEST_HOLD, Literal, duration};
pub use known::{KNOWN, Known, known};
pub use library::{Broken, Library};
pub use param::{Default, Param, TAKEN};
pub use redis::Redis;
pub use shell::Shell;
pub use shipped::{SHIPPED, shipped};
pub use sql::Sql;
pub use step::{Block, Step};
pub use template::{Name, Piece};
pub use when::When;

/// A runbook, checked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Runbook {
    /// Its file's name without `.md`: what alarms and the command line call it.
    pub name: String,
    /// Its `#` heading.
    pub title: String,
    /// The key that opens it on the screen.
    pub key: Option<char>,
    /// How much it can hurt, and so how it is confirmed.
    pub danger: Danger,
    /// Alarms that it treats.
    pub treats: Vec<String>,
    /// Warnings that every plan of it shows.
    pub warn: Vec<String>,
    /// What it asks, in order.
    pub params: Vec<Param>,
    /// What it says before its first step: Markdown, without title and head.
    pub intro: String,
    /// Its steps, in order.
    pub steps: Vec<Step>,
}

impl Runbook {
    /// The parameter of this name.
    pub fn param(&self, name: &str) -> Option<&Param> {
        self.params.iter().find(|p| p.name == name)
    }
}

/// Reads and checks a runbook. `file_name` is what errors call the file; the runbook is named after it.
///
/// # Errors
/// Everything that is wrong with the file, in its order.
pub fn read(text: &str, file_name: &str) -> Result<Runbook, FileErrors> {
    let report = Report::new(text, file_name);
    // A byte order mark, which some editors write, would hide the title. Same length, so no place moves.
    let source = match text.strip_prefix('\u{feff}') {
        Some(rest) => Cow::Owned(format!("   {rest}")),
        None => Cow::Borrowed(text),
    };
    let runbook = runbook(&report, &source, file_name);
    report.finish(runbook)
}

fn runbook(report: &Report, source: &str, file_name: &str) -> Runbook {
    let page = Page::of(source);
    let start = 0..0;
    match page.titles.as_slice() {
        [] => {
            report.error(start.clone(), "the runbook has no title").expected("a line that begins with one #");
        }
        [_, more @ ..] => {
            for (_, span) in more {
                report.error(span.clone(), "a second title").expected("## for a step, ### within one");
            }
        }
    }
    for fence in page.fences.iter().chain(page.sections.iter().flat_map(|section| &section.fences)) {
        step::unclosed(report, source, fence);
    }
    let head_fence = page.fences.iter().find(|f| is_head(f));
    let head = if let Some(fence) = head_fence {
        step::toml(report, source, fence, |table| head::read(report, table, fence.info.clone()))
    } else {
        let place = page.titles.first().map_or(start, |(_, span)| span.clone());
        report
            .error(place, "the runbook has no head")
            .expected("a block ```toml runbook after the title, with at least danger = \"caution\"");
        None
    };
    // Of a head that is no TOML the names of parameters are read all the same: steps are checked by them.
    let params_known = head.is_some() || head_fence.is_some();
    let head = head.unwrap_or_else(|| Head { params: named(source, head_fence), ..Head::default() });
    let mut scope = template::Scope { report, params: &head.params, params_known, made: Vec::new() };
    for fence in &page.fences {
        if is_head(fence) && head_fence.is_some_and(|first| first.span != fence.span) {
            report.error(fence.info.clone(), "a second head").expected("one head");
        } else if step::is_for_program(fence) && !is_head(fence) {
            report
                .error(fence.info.clone(), "this block stands before the first step")
                .expected("a ## heading before it");
            // Whoever puts a heading there should not learn only then what else is wrong with it.
            let (heading, end) = (fence.info.clone(), fence.span.end);
            let stray = Section { title: "stray".to_owned(), heading, fences: vec![fence.clone()], end };
            step::read(&mut scope, source, &stray);
        }
    }
    if page.sections.is_empty() {
        let place = page.titles.first().map_or(source.len()..source.len(), |(_, span)| span.clone());
        report.error(place, "the runbook has no steps").expected("at least one ## heading with a block");
    }
    let steps: Vec<Step> = page.sections.iter().filter_map(|section| step::read(&mut scope, source, section)).collect();
    let mut params = head.params;
    limits::keep_to_fields(report, &mut params, &steps);
    check_full_vacuum(report, head.danger, &steps);
    Runbook {
        name: name_of(file_name),
        title: page.titles.first().map(|(title, _)| title.clone()).unwrap_or_default(),
        key: head.key,
        danger: head.danger,
        treats: head.treats,
        warn: head.warn,
        intro: intro(source, &page, head_fence),
        params,
        steps,
    }
}

/// The parameters that a head names, where no more of it can be read.
fn named(source: &str, head: Option<&Fence>) -> Vec<Param> {
    let lines = head.and_then(|head| source.get(head.content.clone())).unwrap_or_default().lines();
    let names = lines.filter_map(|line| line.trim_start().strip_prefix("[param."));
    let word = |rest: &str| rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect();
    names.map(|rest| Param::doubtful(word(rest))).collect()
}

fn is_head(fence: &Fence) -> bool {
    fence.language == "toml" && fence.rest == "runbook"
}

fn name_of(file_name: &str) -> String {
    let name = file_name.rsplit(['/', '\\']).next().unwrap_or(file_name);
    name.strip_suffix(".md").unwrap_or(name).to_owned()
}

/// The text before the first step, without title and head.
fn intro(source: &str, page: &Page, head: Option<&Fence>) -> String {
    let from = page.titles.first().map_or(0, |(_, span)| span.end).min(page.intro_end);
    let head = head.map(|head| head.span.clone()).filter(|span| span.start >= from).unwrap_or(from..from);
    let parts = [from..head.start, head.end..page.intro_end]
        .into_iter()
        .filter_map(|range| source.get(range).map(str::trim).filter(|t| !t.is_empty()));
    parts.collect::<Vec<_>>().join("\n\n")
}

/// A full vacuum stops all who use a table: no runbook does that without the strongest confirmation.
fn check_full_vacuum(report: &Report, danger: Danger, steps: &[Step]) {
    for step in steps {
        if let Block::Action(call) = &step.block
            && call.action.name == "vacuum"
            && call.field("full").is_some_and(|full| *full != Setting::Literal(Literal::Boolean(false)))
            && danger.max(step.danger.unwrap_or(Danger::Safe)) != Danger::Danger
        {
            report
                .error(step.block_span.clone(), "a full vacuum locks out everybody who uses the table")
                .expected("danger = \"danger\" in this block or in the head");
        }
    }
}
