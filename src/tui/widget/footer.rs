//! The last line: the keys, or what was last said, or the filter being typed.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::platform::Severity;
use crate::run::Ending;
use crate::runbook::{Kind, Runbook};
use crate::tui::app::{App, Overlay};
use crate::tui::keymap::{Action, BINDINGS, Binding};
use crate::tui::plan_page::{PlanPage, Way};
use crate::tui::run_page::RunPage;
use crate::tui::text::{fit, typed, width};

/// Draws the line and gives the column of the cursor, if text is being typed in it.
pub fn footer(app: &App, area: Rect, buffer: &mut Buffer) -> Option<u16> {
    let theme = app.theme;
    if app.filtering {
        let input = &app.place().filter;
        let room = usize::from(area.width).saturating_sub(4);
        let (shown, cursor) = typed(input, room);
        let line = Line::from(vec![Span::styled(" / ", theme.key()), Span::raw(shown)]);
        buffer.set_line(area.x, area.y, &line, area.width);
        let column = area.x + 3 + cursor as u16;
        return Some(column.min(area.right().saturating_sub(1)));
    }
    // On these pages the keys are what one came for: the notice goes into the frame above them.
    let has_keys = matches!(app.overlay, Some(Overlay::Run | Overlay::Plan(_))) && area.y > 0 && area.width > 8;
    if let Some(notice) = app.notice().filter(|_| has_keys) {
        let notice = format!(" {} ", fit(notice, usize::from(area.width) - 6));
        let line = Line::styled(notice, theme.severity(Severity::Notice));
        buffer.set_line(area.x + 2, area.y - 1, &line, area.width - 4);
    } else if let Some(notice) = app.notice() {
        let line = Line::styled(
            format!(" {}", fit(notice, usize::from(area.width).saturating_sub(1))),
            theme.severity(Severity::Notice),
        );
        buffer.set_line(area.x, area.y, &line, area.width);
        return None;
    }
    let line = if app.overlay.is_some() {
        overlay_hints(app, usize::from(area.width))
    } else {
        hints(app, usize::from(area.width))
    };
    buffer.set_line(area.x, area.y, &line, area.width);
    None
}

fn overlay_hints(app: &App, columns: usize) -> Line<'static> {
    let theme = app.theme;
    let mut keys: Vec<(&str, &str)> = match &app.overlay {
        Some(Overlay::Palette(_)) => vec![("enter", "go"), ("↓ ↑", "choose"), ("esc", "close")],
        Some(Overlay::Finding(_)) => vec![("enter", "go there"), ("c", "copy"), ("esc", "close")],
        Some(Overlay::Runbook(_)) => vec![("enter", "plan it"), ("j k", "scroll"), ("c", "copy"), ("esc", "close")],
        Some(Overlay::Plan(page)) => plan_keys(page),
        Some(Overlay::Run) => match &app.run {
            Some(RunPage { wish: Some(wish), .. }) => match wish.confirm.way {
                Way::Name(_) => vec![("enter", "next, then do it"), ("tab", "reason or name"), ("esc", "no")],
                Way::Enter | Way::Yes => vec![("y", "yes"), ("any other key", "no")],
            },
            Some(run) if run.goes_on() => {
                let undo = run.nothing_to_take_back().is_none().then_some(("u", "undo"));
                let mut keys = vec![("esc", "leave it running"), ("x", "stop")];
                keys.extend(undo.into_iter().chain([("c", "copy its id"), ("o", "all runs")]));
                keys
            }
            Some(run) if run.ended.is_some() => {
                let back = run.nothing_to_take_back().is_none().then_some(("u", "take back"));
                let mut keys = vec![("esc", "close")];
                keys.extend(back.into_iter().chain([("j k", "scroll"), ("c", "copy its id"), ("o", "all runs")]));
                keys
            }
            run => {
                let up = run.as_ref().filter(|run| run.is_dead()).map(|_| ("enter", "take it up"));
                let rest = [("esc", "close"), ("j k", "scroll"), ("c", "copy its id"), ("o", "all runs")];
                up.into_iter().chain(rest).collect()
            }
        },
        Some(Overlay::Runs(_)) => vec![("enter", "show"), ("j k", "choose"), ("c", "copy its id"), ("esc", "close")],
        Some(Overlay::Help) => vec![("j k", "scroll"), ("esc", "close")],
        _ => vec![("j k", "scroll"), ("c", "copy"), ("esc", "close")],
    };
    // The last are left out first, and the way back never.
    let wide = |keys: &[(&str, &str)]| keys.iter().map(|(key, hint)| width(key) + width(hint) + 3).sum::<usize>();
    while wide(&keys) > columns + 1
        && let Some(last) = keys.iter().rposition(|(key, _)| *key != "esc")
    {
        keys.remove(last);
    }
    let mut line = Line::from(" ");
    for (key, hint) in keys {
        line.push_span(Span::styled((*key).to_owned(), theme.key()));
        line.push_span(format!(" {hint}  "));
    }
    line
}

fn plan_keys(page: &PlanPage) -> Vec<(&'static str, &'static str)> {
    if page.confirm.as_ref().is_some_and(|confirm| matches!(confirm.way, Way::Name(_))) {
        return vec![("enter", "next, then do it"), ("tab", "reason or name"), ("esc", "back"), ("pgdn", "scroll")];
    }
    if page.confirm.is_some() {
        return vec![("esc", "back to the plan"), ("pgdn", "scroll")];
    }
    if page.prose.is_some() {
        return vec![("esc", "back to the plan"), ("j k", "scroll"), ("c", "copy")];
    }
    let mut keys = match page.ready() {
        // Enter leads nowhere.
        Some(plan) if plan.is_so_already() => Vec::new(),
        Some(_) => vec![("enter", "go on")],
        None => vec![("enter", "plan it")],
    };
    match page.form.field().map(|field| field.param.kind) {
        None => {
            if page.form.visible().next().is_some() {
                keys.push(("tab", "answers"));
            }
            keys.extend([("j k", "scroll"), ("ctrl+r", "runbook"), ("c", "copy"), ("R", "anew"), ("esc", "leave")]);
            return keys;
        }
        Some(Kind::Integer) => keys.push(("+ -", "change")),
        Some(Kind::Choice | Kind::Boolean) => keys.push(("← →", "change")),
        Some(Kind::Revision | Kind::Image | Kind::Tables) => keys.push(("↓ ↑", "choose")),
        Some(_) => {}
    }
    keys.extend([("tab", "next"), ("pgdn", "scroll"), ("ctrl+r", "runbook"), ("esc", "leave")]);
    keys
}

fn hints(app: &App, columns: usize) -> Line<'static> {
    let theme = app.theme;
    let mut chosen: Vec<&Binding> = Vec::new();
    // The blanks behind the last hint need no room.
    let mut room = columns + 1;
    let said = app.run.as_ref().map(|run| run_hint(app, run)).unwrap_or_default();
    room = room.saturating_sub(said.iter().map(Span::width).sum());
    if !app.place().filter.value().is_empty() {
        room = room.saturating_sub(24);
    }
    let mut line = Line::from(" ");
    line.extend(said);
    // The keys that treat what is wrong come first; screens are found by their numbers.
    let first = [Action::Palette, Action::Help, Action::Quit];
    let kept: usize = by_importance()
        .filter(|binding| first.contains(&binding.action))
        .map(|binding| width(binding.keys[0]) + width(binding.hint) + 3)
        .sum();
    // What treats the worst has room before the rest; each keeps its place.
    let hint = |runbook: &Runbook| Some((runbook.key?, runbook.name.replace('-', " ")));
    let treats = |name: &str| app.findings.iter().position(|f| f.runbook.as_deref() == Some(name));
    let mut needed: Vec<&Runbook> = app.library.all().iter().collect();
    needed.sort_by_key(|runbook| treats(&runbook.name).unwrap_or(usize::MAX));
    let mut fits = Vec::new();
    for runbook in needed {
        let Some((_, name)) = hint(runbook) else { continue };
        let wide = width(&name) + 4;
        let must = fits.is_empty() && treats(&runbook.name).is_some();
        if wide + if must { 0 } else { kept } <= room {
            room -= wide;
            fits.push(runbook.name.as_str());
        }
    }
    for (key, name) in app.library.all().iter().filter(|r| fits.contains(&r.name.as_str())).filter_map(hint) {
        line.push_span(Span::styled(key.to_string(), theme.key()));
        line.push_span(format!(" {name}  "));
    }
    for binding in by_importance() {
        let wide = width(binding.keys[0]) + width(binding.hint) + 3;
        if wide <= room {
            room -= wide;
            chosen.push(binding);
        }
    }
    for binding in BINDINGS.iter().filter(|b| chosen.iter().any(|c| std::ptr::eq(*c, *b))) {
        let here = binding.action == Action::Go(app.screen);
        line.push_span(Span::styled(binding.keys[0], theme.key()));
        line.push_span(Span::styled(format!(" {}", binding.hint), if here { theme.title() } else { theme.muted() }));
        line.push_span("  ");
    }
    let filter = app.place().filter.value();
    if !filter.is_empty() {
        line.push_span(Span::styled(format!("filter: {}", fit(filter, 14)), theme.severity(Severity::Warning)));
    }
    line
}

/// Bindings with a hint; on a narrow line the last ones are left out.
fn by_importance() -> impl Iterator<Item = &'static Binding> {
    let hinted = || BINDINGS.iter().filter(|b| !b.hint.is_empty());
    let first = |b: &&Binding| matches!(b.action, Action::Help | Action::Quit | Action::Palette);
    let second = |b: &&Binding| matches!(b.action, Action::Go(_));
    hinted().filter(first).chain(hinted().filter(second)).chain(hinted().filter(move |b| !first(b) && !second(b)))
}

/// The run that is followed, while another screen is shown.
fn run_hint(app: &App, run: &RunPage) -> Vec<Span<'static>> {
    let theme = app.theme;
    let style = match &run.ended {
        Some((Ending::Succeeded | Ending::Undone, _, _)) => theme.well(),
        Some((Ending::Partly, _, _)) => theme.severity(Severity::Warning),
        Some(_) => theme.severity(Severity::Critical),
        None if run.goes_on() => theme.focus(),
        None => theme.severity(Severity::Warning),
    };
    vec![Span::styled("o", theme.key()), Span::styled(format!(" {}", fit(&run.summary(), 32)), style), Span::raw("  ")]
}
