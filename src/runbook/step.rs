//! One step of a runbook: prose for a person, one block for the program.

use std::ops::Range;

use serde::Serialize;
use toml::de::DeTable;

use super::action::{ACTIONS, action};
use super::call::{self, Call};
use super::head::Danger;
use super::page::{Fence, Section};
use super::redis::{self, Redis};
use super::shell::{self, Shell};
use super::sql::{self, Sql};
use super::template::Scope;
use super::when::When;
use crate::platform::file::Report;

/// A step.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// Its heading.
    pub title: String,
    /// What it says to a person: Markdown, without the heading and the block.
    pub prose: String,
    /// It is carried out only then.
    pub when: Option<When>,
    /// Confirmed at least so, if it is carried out: the greatest danger of a plan's steps and its head counts.
    pub danger: Option<Danger>,
    /// What the program does.
    pub block: Block,
    /// Where it stands in the file, heading and prose included.
    #[serde(skip)]
    pub span: Range<usize>,
    /// Where its block stands, fences included.
    #[serde(skip)]
    pub block_span: Range<usize>,
}

/// What the program does in a step.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Block {
    /// A typed action.
    Action(Call),
    /// On the platform's database.
    Sql(Sql),
    /// On its cache.
    Redis(Redis),
    /// On this machine.
    Sh(Shell),
}

/// What a step's block may be, for messages.
const BLOCKS: &str = "one block: ```toml ACTION, ```sql, ```redis or ```sh";

/// A block that the program carries out; all others are examples for a person.
pub(super) fn is_for_program(fence: &Fence) -> bool {
    match fence.language {
        "toml" => !fence.rest.is_empty(),
        "sql" | "redis" | "sh" => true,
        _ => false,
    }
}

/// Reads the TOML between two fences. Every offset is one of the file: all else is blanked.
pub(super) fn toml<T>(report: &Report, source: &str, fence: &Fence, read: impl FnOnce(&DeTable) -> T) -> Option<T> {
    let content = source.get(fence.content.clone())?;
    let mut padded: String =
        source[..fence.content.start].bytes().map(|b| if b == b'\n' { '\n' } else { ' ' }).collect();
    padded.push_str(content);
    let (table, broken) = DeTable::parse_recoverable(&padded);
    if broken.is_empty() {
        return Some(read(table.get_ref()));
    }
    for error in broken {
        let span = error.span().unwrap_or(fence.content.clone());
        let start = span.start.clamp(fence.content.start, fence.content.end);
        report.error(start..span.end.max(start), &format!("this is not TOML: {}", error.message()));
    }
    None
}

/// Says of every block, also one for people, that it has no end: what follows it is hidden in it.
pub(super) fn unclosed(report: &Report, source: &str, fence: &Fence) {
    if fence.closed {
        return;
    }
    let hides = fence.swallows.as_ref().map(|next| {
        let line = source[..next.start].matches('\n').count() + 1;
        let next = source.get(next.clone()).unwrap_or_default();
        format!("before the next one begins (line {line}: {next})")
    });
    let hides = hides.unwrap_or_else(|| "and hides all that follows it".to_owned());
    report
        .error(fence.info.clone(), &format!("this block is never closed {hides}"))
        .expected("a line with the same fence that ends it");
}

/// Reads a section; says what is wrong with it. What it makes is in scope for the steps after it.
pub(super) fn read(scope: &mut Scope, source: &str, section: &Section) -> Option<Step> {
    let report = scope.report;
    if section.title.is_empty() {
        report.error(section.heading.clone(), "a step without a title").expected("a few words after ##");
    }
    let mut blocks = section.fences.iter().filter(|f| is_for_program(f));
    let Some(fence) = blocks.next() else {
        let mut error = report.error(section.heading.clone(), "this step has no block, so nothing would be done");
        let looks_like = section.fences.iter().find_map(|f| match f.language {
            "toml" => Some("name the action after toml: ```toml ecs.wait-steady"),
            "bash" | "shell" | "zsh" => Some("a script that is to be run is a ```sh block"),
            "postgres" | "postgresql" | "psql" => Some("a statement that is to be run is a ```sql block"),
            _ => None,
        });
        error.expected(looks_like.unwrap_or(BLOCKS));
        return None;
    };
    for more in blocks {
        report
            .error(more.info.clone(), "this step has a second block")
            .expected("a ## heading before it; an example for people is a ```console or ```text block");
    }
    if fence.nested {
        report
            .error(fence.info.clone(), "a step's block stands in a list or a quotation")
            .expected("the block at the left margin");
        return None;
    }
    // What a step gives it gives however its block is written: the steps after it are read all the same.
    scope.made.extend(action(fence.rest).filter(|_| fence.language == "toml").and_then(|action| action.gives));
    let (block, when, danger) = block(scope, source, fence)?;
    let prose = [section.heading.end..fence.span.start, fence.span.end..section.end]
        .into_iter()
        .filter_map(|range| source.get(range).map(str::trim).filter(|t| !t.is_empty()))
        .collect::<Vec<_>>()
        .join("\n\n");
    Some(Step {
        title: section.title.clone(),
        prose,
        when,
        danger,
        block,
        span: section.heading.start..section.end,
        block_span: fence.span.clone(),
    })
}

fn block(scope: &Scope, source: &str, fence: &Fence) -> Option<(Block, Option<When>, Option<Danger>)> {
    let report = scope.report;
    let content = || fence.content.clone();
    if fence.language != "toml" && !fence.rest.is_empty() {
        report
            .error(fence.info.clone(), &format!("nothing may follow {}", fence.language))
            .expected(&format!("```{} alone", fence.language));
    }
    Some(match fence.language {
        "sql" => (Block::Sql(sql::read(scope, source, content(), &fence.info)), None, None),
        "redis" => (Block::Redis(redis::read(scope, source, content(), &fence.info)), None, None),
        "sh" => (Block::Sh(shell::read(scope, source, content(), &fence.info)), None, None),
        _ => {
            let start = fence.info.end - fence.rest.len();
            if fence.rest == "runbook" {
                report
                    .error(fence.info.clone(), "the head stands in a step")
                    .expected("the head before the first ## heading");
                return None;
            }
            let Some(action) = action(fence.rest) else {
                report
                    .error(start..fence.info.end, &format!("there is no action \"{}\"", fence.rest))
                    .one_of(fence.rest, ACTIONS.iter().map(|a| a.name));
                return None;
            };
            let name = start..fence.info.end;
            let call::Read { call, when, danger } =
                toml(report, source, fence, |table| call::read(scope, source, action, table, &name))?;
            (Block::Action(call), when, danger)
        }
    })
}
