//! What is about to happen, and what has to be typed for it.

use ratatui::text::{Line, Span};

use super::plan::{brief, refused_rows, ruled, warn};
use super::runbook::danger_style;
use crate::platform::Severity;
use crate::run::Change;
use crate::tui::app::App;
use crate::tui::plan_page::{Confirm, PlanPage, Way};
use crate::tui::text::{fit, pad, typed, width, wrap};
use crate::tui::theme::Theme;

/// Most changes that it repeats.
const TOLD: usize = 4;

/// What the confirmation takes of the page.
pub(super) struct Rows {
    pub(super) lines: Vec<Line<'static>>,
    pub(super) caret: Option<(u16, u16)>,
}

/// What is about to happen, in a few lines, and what has to be typed for it.
pub(super) fn rows(app: &App, page: &PlanPage, confirm: &Confirm, columns: usize) -> Rows {
    let theme = app.theme;
    let danger = danger_style(theme, &page.danger);
    let mut lines = vec![Line::styled(ruled("── Confirm ", columns), danger)];
    let mut caret = None;
    if let Some(Ok(plan)) = &page.plan {
        let on = format!("on {} of account {} in {}", plan.target, plan.target.account, plan.target.region);
        lines.extend(wrap(&on, columns).into_iter().map(|line| Line::styled(line, theme.title())));
        let changes: Vec<&Change> = plan.steps.iter().flat_map(|step| &step.view.changes).collect();
        for change in changes.iter().take(TOLD) {
            let Change { what, before, after } = brief(change);
            let line = if before == after {
                format!("  {what}  {after}, as it is")
            } else {
                format!("  {what}  {before} → {after}")
            };
            lines.push(Line::raw(fit(&line, columns)));
        }
        if changes.len() > TOLD {
            lines.push(Line::raw(format!("  and {} more", changes.len() - TOLD)));
        }
        for warning in plan.all_warnings() {
            warn(theme, warning, "", columns, &mut lines);
        }
    }
    if confirm.starting {
        lines.push(Line::styled("starting the run…", theme.title()));
        return Rows { lines, caret };
    }
    let key = |keys: &'static str, does: String| {
        Line::from(vec![Span::styled(keys, theme.key()), Span::raw(format!(" {does}"))])
    };
    match &confirm.way {
        Way::Enter => lines.push(key("enter", "carries it out; esc does not".to_owned())),
        Way::Yes => lines.push(key("y", "carries it out; n or esc does not".to_owned())),
        Way::Name(name) => caret = name_rows(theme, name, confirm, columns, &mut lines),
    }
    said_rows(theme, confirm, columns, &mut lines);
    lines.extend(refused_rows(theme, page, columns));
    Rows { lines, caret }
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
