//! The first line: which platform, where, as whom; how fresh the picture is and what it has cost.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::platform::{Severity, text};
use crate::tui::app::App;
use crate::tui::text::{fit, width};
use crate::watch::Attention;

/// Draws the line. What matters less is left out first when there is no room.
pub fn header(app: &App, area: Rect, buffer: &mut Buffer) {
    let theme = app.theme;
    let columns = usize::from(area.width);
    let clock = format!(" {}Z ", text::time(app.now));
    let (state, state_style) = freshness(app);
    let identity = app.picture.identity.value();
    let (region, profile) = app.connected.clone().unwrap_or_default();
    let region = region.or_else(|| app.platform.region.clone()).unwrap_or_default();
    let spent = app.picture.spent;
    let cost = format!("{} calls ${:.3}", spent.calls, spent.dollars(&app.platform.prices));

    // In the order in which they are given up, last first.
    let mut left: Vec<(String, Style)> =
        vec![("plantão".to_owned(), theme.focus()), (fit(&app.platform.name, 40), theme.title())];
    // Two windows, one of them the demo: nobody may act on the wrong one.
    if app.address.is_some() {
        left.insert(1, ("DEMO".to_owned(), theme.severity(Severity::Warning)));
    }
    let mut optional: Vec<(String, Style)> = vec![(fit(&region, 16), Style::new())];
    if let Some(identity) = identity {
        optional.push((fit(&identity.account, 12), Style::new()));
        optional.push((fit(identity.who(), 24), Style::new()));
    } else if let Some(profile) = profile {
        optional.push((fit(&format!("profile {profile}"), 24), theme.muted()));
    }
    let mut room = columns.saturating_sub(width(&clock) + width(&state) + 2);
    room = room.saturating_sub(left.iter().map(|(t, _)| width(t) + 2).sum());
    for (piece, style) in optional {
        if !piece.is_empty() && width(&piece) + 2 <= room {
            room -= width(&piece) + 2;
            left.push((piece, style));
        }
    }
    // The address that the demo answers at, where there is room.
    if let Some(address) = &app.address
        && width(address) + width(&cost) + 4 <= room
    {
        room -= width(address) + 2;
        left.push((address.clone(), theme.muted()));
    }
    let cost_fits = width(&cost) + 2 <= room;

    let mut right = Line::default();
    if cost_fits {
        right.push_span(Span::styled(cost, theme.muted()));
        right.push_span("  ");
    }
    right.push_span(Span::styled(state, state_style));
    right.push_span(" ");
    right.push_span(clock);
    let wide = right.width().min(columns) as u16;
    let mut line = Line::from(" ");
    for (piece, style) in left {
        line.push_span(Span::styled(piece, style));
        line.push_span("  ");
    }
    let rest = (columns - usize::from(wide)).saturating_sub(1) as u16;
    buffer.set_line(area.x, area.y, &line, rest);
    buffer.set_line(area.right().saturating_sub(wide), area.y, &right, wide);
}

/// One word on whether the picture can be trusted as the present.
fn freshness(app: &App) -> (String, Style) {
    let theme = app.theme;
    let warning = theme.severity(Severity::Warning);
    if app.attention == Attention::Paused {
        return ("PAUSED (p)".to_owned(), warning);
    }
    let services =
        app.picture.services.iter().map(|s| (s.state.as_of(), s.state.trouble(), s.state.stale_age(app.now)));
    let databases = app.picture.databases.iter().map(|d| (d.as_of(), d.trouble(), d.stale_age(app.now)));
    let alarms = &app.picture.alarms;
    let alarms = std::iter::once((alarms.as_of(), alarms.trouble(), alarms.stale_age(app.now)));
    let (mut pending, mut troubled, mut answered, mut oldest) = (0, 0, 0, None);
    for (as_of, trouble, stale) in services.chain(databases).chain(alarms) {
        match (as_of, trouble) {
            (_, Some(_)) => troubled += 1,
            (None, None) => pending += 1,
            _ => answered += 1,
        }
        oldest = oldest.max(stale);
    }
    match (oldest, troubled, pending) {
        (Some(age), _, _) => (format!("● {} old", text::duration(age)), warning),
        (None, 1.., 0) if answered == 0 => ("● no answer".to_owned(), warning),
        (None, 1.., _) => ("● partly".to_owned(), warning),
        (None, 0, 1..) => ("○ asking".to_owned(), theme.muted()),
        _ if app.attention == Attention::Idle => ("● live, slower".to_owned(), theme.well()),
        _ => ("● live".to_owned(), theme.well()),
    }
}
