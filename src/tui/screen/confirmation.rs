//! What is about to happen, and what has to be typed for it.

use std::fmt::Write as _;

use ratatui::text::{Line, Span};

use super::plan::{brief, refused_rows, ruled, warn};
use super::runbook::danger_style;
use crate::platform::Severity;
use crate::run::Change;
use crate::tui::app::App;
use crate::tui::plan_page::{Confirm, PlanPage, Way};
use crate::tui::text::{pad, typed, width, wrap};
use crate::tui::theme::Theme;

/// Most changes that it repeats.
const TOLD: usize = 4;

/// What the confirmation takes of the page, below its rule.
pub(super) struct Rows {
    /// What is about to happen. Where the page is too low for it, it scrolls.
    pub(super) told: Vec<Line<'static>>,
    /// How many lines of that say on what, and what becomes what; the plan's warnings follow.
    pub(super) must: usize,
    /// What has to be typed for it: always in sight.
    pub(super) asked: Vec<Line<'static>>,
    /// Where the cursor stands in what is asked.
    pub(super) caret: Option<(u16, u16)>,
}

impl Rows {
    /// Rows with the rule.
    pub(super) fn height(&self) -> usize {
        1 + self.told.len() + self.asked.len()
    }

    /// How many lines of what it tells have room on a page that is too low for all of it; `None` where it fits.
    pub(super) fn room(&self, rows: usize) -> Option<usize> {
        (self.height() > rows).then(|| rows.saturating_sub(1 + self.asked.len()))
    }
}

/// `── Confirm ── ↓ 3 more ──`
pub(super) fn rule(theme: Theme, page: &PlanPage, above: usize, below: usize, columns: usize) -> Line<'static> {
    let mut words = "── Confirm ".to_owned();
    for (mark, lines) in [("↑", above), ("↓", below)] {
        if lines > 0 {
            _ = write!(words, "── {mark} {lines} more ");
        }
    }
    Line::styled(ruled(&words, columns), danger_style(theme, &page.danger))
}

/// What is about to happen, in a few lines, and what has to be typed for it.
pub(super) fn rows(app: &App, page: &PlanPage, confirm: &Confirm, columns: usize) -> Rows {
    let theme = app.theme;
    let mut told = refused_rows(theme, page, columns);
    let mut must = told.len();
    if let Some(Ok(plan)) = &page.plan {
        let on = format!("on {} of account {} in {}", plan.on(), plan.target.account, plan.target.region);
        told.extend(wrap(&on, columns).into_iter().map(|line| Line::styled(line, theme.title())));
        let changes: Vec<&Change> = plan.steps.iter().flat_map(|step| &step.view.changes).collect();
        for change in changes.iter().take(TOLD) {
            let Change { what, before, after } = brief(change);
            let line = if before == after {
                format!("{what}  {after}, as it is")
            } else {
                format!("{what}  {before} → {after}")
            };
            told.extend(wrap(&line, columns.saturating_sub(2)).into_iter().map(|line| Line::raw(format!("  {line}"))));
        }
        if changes.len() > TOLD {
            told.push(Line::raw(format!("  and {} more", changes.len() - TOLD)));
        }
        must = told.len();
        for warning in plan.all_warnings() {
            warn(theme, warning, "", columns, &mut told);
        }
    }
    if confirm.starting {
        return Rows { told, must, asked: vec![Line::styled("starting the run…", theme.title())], caret: None };
    }
    let (mut asked, mut caret) = (Vec::new(), None);
    let key = |keys: &'static str, does: String| {
        Line::from(vec![Span::styled(keys, theme.key()), Span::raw(format!(" {does}"))])
    };
    match &confirm.way {
        Way::Enter => asked.push(key("enter", "carries it out; esc does not".to_owned())),
        Way::Yes => asked.push(key("y", "carries it out; n or esc does not".to_owned())),
        Way::Name(name) => caret = name_rows(theme, name, confirm, columns, &mut asked),
    }
    said_rows(theme, confirm, columns, &mut asked);
    Rows { told, must, asked, caret }
}

/// The reason and the name, as they are typed, and where the cursor stands.
pub(super) fn name_rows(
    theme: Theme,
    name: &str,
    confirm: &Confirm,
    columns: usize,
    lines: &mut Vec<Line<'static>>,
) -> Option<(u16, u16)> {
    let mut caret = None;
    let ask = format!("Type {name} to go on: ");
    let rows = [("Why? (kept in the journal) ", &confirm.reason, false), (&ask, &confirm.name, true)];
    let wide = rows.iter().map(|(ask, _, _)| width(ask)).max().unwrap_or_default().min(columns / 2);
    for (ask, input, is_name) in rows {
        let (shown, column) = typed(input, columns.saturating_sub(wide + 3));
        let here = confirm.on_name == is_name;
        if here {
            caret = Some((lines.len() as u16, (2 + wide + column) as u16));
        }
        lines.push(Line::from(vec![
            Span::styled(if here { "▶ " } else { "  " }, theme.key()),
            Span::raw(pad(ask, wide)),
            Span::styled(shown, theme.title()),
        ]));
    }
    caret
}

/// What is missing, or went wrong.
pub(super) fn said_rows(theme: Theme, confirm: &Confirm, columns: usize, lines: &mut Vec<Line<'static>>) {
    let said = confirm.said.iter().flat_map(|said| wrap(said, columns));
    lines.extend(said.map(|line| Line::styled(line, theme.severity(Severity::Critical))));
}
