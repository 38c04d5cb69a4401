//! A run: its steps, what it says, how it ended, and what can be done now.

use ratatui::buffer::Buffer;
use ratatui::layout::{Margin, Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget};

use super::confirmation::{name_rows, said_rows};
use super::plan::{ruled, warn};
use crate::platform::{ServiceStatus, Severity, text};
use crate::run::{Command, Ending, StepOutcome, Superseder};
use crate::tui::app::App;
use crate::tui::canvas::{Canvas, Spot};
use crate::tui::message::RunRow;
use crate::tui::plan_page::Way;
use crate::tui::run_page::{RunPage, RunStep};
use crate::tui::text::{fit, pad, pad_left, width, wrap};
use crate::tui::theme::Theme;
use crate::tui::widget::{list, panel};

/// Columns of a bar of progress.
const BAR: usize = 10;

/// Draws the run that is followed, and says where the cursor stands if text is typed.
pub(super) fn draw(app: &App, run: &RunPage, body: Rect, buffer: &mut Buffer) -> Option<Position> {
    let theme = app.theme;
    Clear.render(body, buffer);
    let title = run.plan.as_ref().map_or("Run", |plan| plan.title.as_str());
    let target = run.plan.as_ref().map(|plan| plan.target.to_string()).unwrap_or_default();
    let (title, note) = titles(title, &target, run.id.as_str(), usize::from(body.width));
    let inner = panel(&title, &Line::styled(note, theme.muted()), true, theme, body, buffer);
    let Parts { lines, end, caret, log } = parts(app, run, inner);
    let mut y = inner.y;
    let mut put = |line: &Line<'_>| {
        buffer.set_line(inner.x, y, line, inner.width);
        y += 1;
    };
    lines.iter().for_each(&mut put);
    for line in log_lines(app, run, usize::from(inner.width), log) {
        put(&line);
    }
    let caret = caret.map(|(row, column)| Position {
        x: inner.x + column.min(inner.width.saturating_sub(1)),
        y: inner.bottom().saturating_sub(end.len() as u16) + row,
    });
    end.iter().for_each(&mut put);
    caret.filter(|caret| inner.contains(*caret))
}

/// The title line's two ends. The id is what one types to follow the run: before it is cut, the target is told by its name
/// alone or not at all, and then the title's end goes.
fn titles(title: &str, target: &str, id: &str, columns: usize) -> (String, String) {
    // What a panel takes of the line for its corners and blanks.
    let room = columns.saturating_sub(4 + 3);
    for target in [target, target.rsplit(['/', ' ']).next().unwrap_or_default()] {
        let both = format!("{target}  {id}");
        if width(title) + width(&both) <= room {
            return (title.to_owned(), both);
        }
    }
    (fit(title, room.saturating_sub(width(id)).max(1)), id.to_owned())
}

/// What stands above and below the journal, and how many rows are left for that.
struct Parts {
    lines: Vec<Line<'static>>,
    end: Vec<Line<'static>>,
    caret: Option<(u16, u16)>,
    log: usize,
}

fn parts(app: &App, run: &RunPage, inner: Rect) -> Parts {
    let (columns, height) = (usize::from(inner.width), usize::from(inner.height));
    let mut lines = head(app, run, columns);
    for (index, step) in run.steps.iter().enumerate() {
        step_lines(app, run, index, step, columns, &mut lines);
    }
    // How it ended and what can be done now is seen whatever else there is room for.
    let (mut end, mut caret) = foot(app, run, columns);
    // What is to be pressed or typed stands last, and is what must be seen.
    let hidden = end.len().saturating_sub(height);
    if run.wish.is_some() {
        end.drain(..hidden);
        caret = caret.and_then(|(row, column)| Some((row.checked_sub(hidden as u16)?, column)));
    }
    end.truncate(height);
    let room = height - end.len();
    lines.truncate(room);
    Parts { log: room - lines.len(), lines, end, caret }
}

/// How far the journal scrolls back.
pub(super) fn last(app: &App, run: &RunPage, body: Rect) -> usize {
    // One row is the rule above it.
    run.log.len().saturating_sub(parts(app, run, body.inner(Margin::new(1, 1))).log.saturating_sub(1))
}

fn head(app: &App, run: &RunPage, columns: usize) -> Vec<Line<'static>> {
    let theme = app.theme;
    let mut words = String::new();
    if let Some(began) = run.began {
        words = format!("since {}", text::moment(began, app.local_now()));
    }
    if !run.who.is_empty() {
        words = format!("{words}  by {}", run.who);
    }
    if let Some(reason) = &run.reason {
        words = format!("{words}: {reason}");
    }
    vec![Line::styled(fit(&words, columns), theme.muted())]
}

fn step_lines(app: &App, run: &RunPage, index: usize, step: &RunStep, columns: usize, lines: &mut Vec<Line<'static>>) {
    let theme = app.theme;
    let (mark, style) = match (step.ended, step.began) {
        (Some((StepOutcome::Failed, _)), _) => ("▲", theme.severity(Severity::Critical)),
        (Some((StepOutcome::Undone | StepOutcome::Restored, _)), _) => ("←", theme.title()),
        (Some((StepOutcome::Unneeded, _)), _) => ("○", theme.muted()),
        (Some((StepOutcome::Done, _)), _) if step.left_out => ("●", theme.severity(Severity::Warning)),
        (Some((StepOutcome::Done, _)), _) => ("✓", theme.well()),
        (None, Some(_)) if run.goes_on() => ("▶", theme.key()),
        (None, Some(_)) => ("?", theme.severity(Severity::Warning)),
        (None, None) => ("·", theme.muted()),
    };
    let took = step.began.map(|began| {
        let end = step.ended.map_or(app.local_now(), |(_, at)| at);
        text::duration(end.duration_since(began))
    });
    let took = took.filter(|_| step.ended.is_some() || run.goes_on()).unwrap_or_default();
    let bar = step.fraction.filter(|_| step.ended.is_none()).map(|fraction| bar(theme, fraction)).unwrap_or_default();
    let room = columns.saturating_sub(2 + 8 + if bar.is_empty() { 0 } else { BAR + 7 });
    let waiting = step.began.is_none();
    lines.push(Line::from(vec![
        Span::styled(format!("{mark} "), style),
        Span::styled(
            pad(&format!("{}. {}", index + 1, step.title), room),
            if waiting { theme.muted() } else { theme.title() },
        ),
        Span::styled(bar, theme.focus()),
        Span::raw(pad_left(&took, 8)),
    ]));
    let failed = matches!(step.ended, Some((StepOutcome::Failed, _)));
    let say = if failed { theme.severity(Severity::Critical) } else { Style::new() };
    // How a failed run ended is told in full below its steps, once.
    let last = index + 1 == run.steps.len();
    let rows = match step.ended {
        Some(_) if failed && run.ended.is_some() => 0,
        // What is over is told in full by the journal.
        Some(_) if !last => 1,
        // What a run came to that ended well is told here, and nowhere else in full.
        Some(_) if run.ended.as_ref().is_some_and(|(_, words, _)| *words == step.words) => usize::MAX,
        _ => 3,
    };
    let room = columns.saturating_sub(5);
    // On one row, what is cut must be seen to be.
    let words = if rows == 1 { vec![fit(&step.words, room)] } else { wrap(&step.words, room) };
    lines.extend(
        words
            .into_iter()
            .filter(|line| !line.is_empty())
            .take(rows)
            .map(|line| Line::styled(format!("     {line}"), say)),
    );
}

/// `██████░░░░  60 %`
fn bar(theme: Theme, fraction: f64) -> String {
    let fraction = fraction.clamp(0.0, 1.0);
    let full = (fraction * BAR as f64).round() as usize;
    let empty = if theme.ascii { "." } else { "░" };
    format!("{}{} {:>3} % ", "█".repeat(full), empty.repeat(BAR - full), (fraction * 100.0).round())
}

/// The end of the journal, or as far back as the user has scrolled.
fn log_lines(app: &App, run: &RunPage, columns: usize, rows: usize) -> Vec<Line<'static>> {
    let theme = app.theme;
    let Some(room) = rows.checked_sub(1).filter(|room| *room > 0) else {
        return vec![Line::default(); rows];
    };
    let back = app.overlay_scroll.min(run.log.len().saturating_sub(room));
    let last = run.log.len() - back;
    let first = last.saturating_sub(room);
    let newer = if back > 0 { format!("── ↓ {back} newer ") } else { String::new() };
    let mut lines = vec![Line::styled(ruled(&format!("── Journal {newer}"), columns), theme.muted())];
    lines.extend(run.log[first..last].iter().map(|line| Line::styled(fit(line, columns), theme.muted())));
    lines.resize(rows, Line::default());
    lines
}

/// How it ended, and the next choice, with the cursor's place if something is typed.
fn foot(app: &App, run: &RunPage, columns: usize) -> (Vec<Line<'static>>, Option<(u16, u16)>) {
    let theme = app.theme;
    let (mut lines, mut caret) = (Vec::new(), None);
    if let Some(why) = &run.trouble {
        lines.extend(wrap(why, columns).into_iter().map(|l| Line::styled(l, theme.severity(Severity::Critical))));
    } else if let Some((ending, words, _)) = &run.ended {
        let lasted = run.lasted(app.local_now()).map(text::duration).unwrap_or_default();
        let (mark, style) = match ending {
            Ending::Succeeded => ("✓", theme.well()),
            Ending::Undone | Ending::Stopped => ("○", theme.title()),
            Ending::TimedOut
            | Ending::Superseded
            | Ending::PlanStale
            | Ending::Refused
            | Ending::Busy
            | Ending::Partly => ("●", theme.severity(Severity::Warning)),
            _ => ("▲", theme.severity(Severity::Critical)),
        };
        let head = format!("{mark} {} · {lasted}", capital(ending.words()));
        lines.extend(wrap(&head, columns).into_iter().map(|line| Line::styled(line, style)));
        // The last step said it already.
        let said = run.steps.last().is_some_and(|step| step.words == *words);
        lines.extend(
            words
                .lines()
                .filter(|_| !said || !matches!(ending, Ending::Succeeded | Ending::Partly))
                .flat_map(|line| wrap(line, columns.saturating_sub(2)))
                .map(|line| Line::raw(format!("  {line}"))),
        );
        if let Some(next) = next(app, run, *ending) {
            lines.extend(wrap(&next, columns).into_iter().map(|line| Line::styled(line, theme.key())));
        }
    } else if !run.alive {
        let words =
            format!("● its process is gone before its end; enter takes it up, as does plantao runs resume {}", run.id);
        lines.extend(wrap(&words, columns).into_iter().map(|l| Line::styled(l, theme.severity(Severity::Warning))));
    }
    match &run.wish {
        Some(wish) => {
            let what = match wish.command {
                Command::Undo if wish.back.is_empty() => "Stop, and take back what this run did?".to_owned(),
                Command::Undo => format!("Stop, and take back what this run did: {}?", wish.back),
                _ if !wish.back.is_empty() => {
                    format!("Stop? It puts {} at once; what else it did stays.", wish.back)
                }
                _ => "Stop? A statement or script under way is cancelled; what AWS was asked for goes on.".to_owned(),
            };
            lines.extend(wrap(&what, columns).into_iter().map(|l| Line::styled(l, theme.severity(Severity::Warning))));
            if let Some(warning) = wish.warning {
                warn(theme, warning, "", columns, &mut lines);
            }
            if let Way::Name(name) = &wish.confirm.way {
                caret = name_rows(theme, name, &wish.confirm, columns, &mut lines);
                said_rows(theme, &wish.confirm, columns, &mut lines);
            } else {
                lines.push(Line::from(vec![Span::styled("y", theme.key()), Span::raw(" yes, any other key no")]));
            }
        }
        None if run.goes_on() => {
            let doing =
                run.heard.map(|wish| if wish == Command::Undo { "taking back what was done" } else { "stopping" });
            lines.extend(doing.map(|doing| Line::styled(doing, theme.title())));
        }
        None => {}
    }
    (lines, caret)
}

/// The service of a run was deleted, or is being: nothing can be done on it.
fn is_gone(app: &App, run: &RunPage) -> bool {
    let Some(plan) = &run.plan else { return false };
    let services = app.platform.services.iter().zip(&app.picture.services);
    let mut states = services.filter(|(spec, _)| spec.path() == plan.target.name).filter_map(|(_, s)| s.state.value());
    states.any(|state| matches!(state.status, ServiceStatus::Draining | ServiceStatus::Inactive))
}

/// What to do after such an end.
fn next(app: &App, run: &RunPage, ending: Ending) -> Option<String> {
    let on_service = run.plan.as_ref().is_some_and(|plan| plan.target.kind == "service");
    // A run that took another one back is not taken back itself.
    let undo = if run.plan.as_ref().is_some_and(|plan| plan.undoes.is_none()) { "u goes back, " } else { "" };
    let key = |name: &str| app.library.named(name).and_then(|runbook| runbook.key);
    match ending {
        Ending::PlanStale => Some("look again: the same key makes a new plan".to_owned()),
        _ if !on_service => None,
        _ if is_gone(app, run) => Some("create the service again as it was made: no key here does".to_owned()),
        Ending::KeepsFailing | Ending::DeploymentFailed | Ending::RollbackFailed | Ending::FailedAfter => {
            let undo = if ending == Ending::RollbackFailed { "" } else { undo };
            let back = key("rollback").map(|key| format!("{key} rolls back, "));
            let other = key("emergency-deploy").map(|key| format!("{key} deploys something else, "));
            let ways: String = back.into_iter().chain(other).collect();
            Some(format!("{undo}{ways}2 shows the service"))
        }
        Ending::Superseded => {
            let again = key("scale").filter(|_| run.superseded_by == Some(Superseder::AutoScaling));
            let again = again.map(|key| format!("{key} scales again, with a bound that auto scaling keeps to; "));
            Some(format!("{}2 shows the service", again.unwrap_or_default()))
        }
        Ending::TimedOut => Some(format!("{undo}2 shows the service: ECS goes on by itself")),
        _ => None,
    }
}

fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Draws the list of runs.
pub(super) fn draw_list(app: &App, rows: Option<&Result<Vec<RunRow>, String>>, body: Rect, canvas: &mut Canvas<'_>) {
    let theme = app.theme;
    Clear.render(body, canvas);
    let inner = panel("Runs", &Line::styled("newest first", theme.muted()), true, theme, body, canvas);
    let columns = usize::from(inner.width);
    let say = |text: &str, style: Style, canvas: &mut Canvas<'_>| {
        for (row, line) in wrap(text, columns).into_iter().enumerate().take(usize::from(inner.height)) {
            canvas.set_line(inner.x, inner.y + row as u16, &Line::styled(line, style), inner.width);
        }
    };
    match rows {
        None => say("reading the journals…", theme.muted(), canvas),
        Some(Err(why)) => say(why, theme.severity(Severity::Critical), canvas),
        Some(Ok(rows)) if rows.is_empty() => {
            say("nothing has been run from this machine yet", theme.muted(), canvas);
        }
        Some(Ok(rows)) => {
            let longest = rows.iter().map(|row| width(row.id.as_str())).max().unwrap_or_default();
            list(rows, app.overlay_scroll, true, inner, canvas, Spot::Item, |row, columns| {
                let name = pad(row.id.as_str(), longest.min(columns.saturating_sub(4)));
                let style = if row.goes_on { theme.key() } else { Style::new() };
                let mark = if row.goes_on { "▶ " } else { "  " };
                let who = pad(&row.who, if columns > 110 { 32 } else { 0 });
                let rest = columns.saturating_sub(width(&name) + width(&who) + 5);
                Line::from(vec![
                    Span::styled(mark, theme.key()),
                    Span::styled(name, style),
                    Span::raw(format!("  {}", fit(&row.state, rest))),
                    Span::styled(format!(" {who}"), theme.muted()),
                ])
            });
        }
    }
}
