//! The first line: which platform, where, as whom; how fresh the picture is and what it has cost.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::platform::{Severity, TroubleKind, text};
use crate::tui::app::App;
use crate::tui::text::{fit, width};
use crate::watch::Attention;

/// The columns kept for the state, so that nothing comes and goes as "live" becomes "12m old".
const STATE: usize = 9;

/// Draws the line. What matters less is left out first when there is no room.
pub fn header(app: &App, area: Rect, buffer: &mut Buffer) {
    let (theme, plain) = (app.theme, Style::new());
    let columns = usize::from(area.width);
    let clock = format!(" {}Z ", text::time(app.now));
    let (state, state_style) = freshness(app);
    // Two windows, one of them the demo: nobody may act on the wrong one.
    let demo = match (&app.address, &app.simulated) {
        (Some(_), _) => "DEMO".to_owned(),
        (None, Some(here)) => fit(here.split("://").last().unwrap_or(here), 24),
        (None, None) => String::new(),
    };
    let right = width(&clock) + width(&state).max(STATE) + 1;
    let left = columns.saturating_sub(right + 1 + if demo.is_empty() { 0 } else { width(&demo) + 2 });
    let name = fit(&app.platform.name, left.min(40));
    let mut room = left.saturating_sub(width(&name) + 2);

    let (region, profile) = app.connected.clone().unwrap_or_default();
    let region = region.or_else(|| app.platform.region.clone()).unwrap_or_default();
    let identity = app.picture.identity.value();
    let who = match (identity, profile) {
        (Some(identity), _) => identity.who().to_owned(),
        (None, Some(profile)) => format!("profile {profile}"),
        (None, None) => String::new(),
    };
    let account = identity.map(|identity| identity.account.clone()).unwrap_or_default();
    let spent = app.picture.spent;
    let cost = format!("{} calls ${:.3}", spent.calls, spent.dollars(&app.platform.prices));
    let mut where_there_is_room = |piece: String| {
        let wide = width(&piece) + 2;
        if wide > room {
            return String::new();
        }
        room -= wide;
        piece
    };
    // In the order of their weight: the last is the first to go.
    let cost = where_there_is_room(cost);
    let region = where_there_is_room(fit(&region, 16));
    let who = where_there_is_room(fit(&who, 24));
    let brand = where_there_is_room("plantão".to_owned());
    let account = where_there_is_room(fit(&account, 12));
    let address = where_there_is_room(app.address.clone().unwrap_or_default());

    let mut line = Line::from(" ");
    for (piece, style) in [
        (brand, theme.focus()),
        (demo, theme.severity(Severity::Warning)),
        (name, theme.title()),
        (region, plain),
        (account, plain),
        (who, plain),
        (address, theme.muted()),
    ] {
        if !piece.is_empty() {
            line.extend([Span::styled(piece, style), Span::raw("  ")]);
        }
    }
    let mut right = Line::default();
    if !cost.is_empty() {
        right.extend([Span::styled(cost, theme.muted()), Span::raw("  ")]);
    }
    let padding = " ".repeat(STATE.saturating_sub(width(&state)) + 1);
    right.extend([Span::styled(state, state_style), Span::raw(padding), Span::raw(clock.trim_start().to_owned())]);
    let wide = right.width().min(columns) as u16;
    let rest = (columns - usize::from(wide)).saturating_sub(1) as u16;
    buffer.set_line(area.x, area.y, &line, rest);
    buffer.set_line(area.right().saturating_sub(wide), area.y, &right, wide);
}

/// One word on whether the picture can be trusted as the present.
fn freshness(app: &App) -> (String, Style) {
    let theme = app.theme;
    let warning = theme.severity(Severity::Warning);
    if app.attention == Attention::Paused {
        return ("PAUSED".to_owned(), warning);
    }
    let services =
        app.picture.services.iter().map(|s| (s.state.as_of(), s.state.trouble(), s.state.stale_age(app.now)));
    let tasks = app.picture.services.iter().map(|s| (s.tasks.as_of(), s.tasks.trouble(), s.tasks.stale_age(app.now)));
    let databases = app.picture.databases.iter().map(|d| (d.as_of(), d.trouble(), d.stale_age(app.now)));
    let alarms = &app.picture.alarms;
    let alarms = std::iter::once((alarms.as_of(), alarms.trouble(), alarms.stale_age(app.now)));
    let (mut pending, mut troubled, mut answered, mut oldest) = (0, 0, 0, None);
    for (as_of, trouble, stale) in services.chain(tasks).chain(databases).chain(alarms) {
        match (as_of, trouble) {
            (_, Some(_)) => troubled += 1,
            (None, None) => pending += 1,
            _ => answered += 1,
        }
        oldest = oldest.max(stale);
    }
    let throttled = app.picture.silenced().is_some_and(|trouble| trouble.kind == TroubleKind::Throttled);
    match (oldest, troubled, pending) {
        // Nothing is wrong with the line, and to ask more often makes it worse.
        (age, ..) if throttled => {
            let age = age.map(|age| format!(" {}", text::rough_age(app.now - age, app.now)));
            (format!("● throttled{}", age.unwrap_or_default()), warning)
        }
        (Some(age), _, _) => (format!("● {} old", text::duration(age)), warning),
        (None, 1.., 0) if answered == 0 => ("● no answer".to_owned(), warning),
        (None, 1.., _) => ("● partly".to_owned(), warning),
        (None, 0, 1..) => ("○ asking".to_owned(), theme.muted()),
        _ if app.attention == Attention::Idle => ("● slower".to_owned(), theme.well()),
        _ => ("● live".to_owned(), theme.well()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::platform::fixture;
    use crate::tui::theme::Theme;

    #[test]
    fn nobody_takes_a_simulated_platform_behind_an_endpoint_for_the_real_one() {
        let mut app = App::new(Arc::new(fixture::platform()), Theme::default(), fixture::now(), (80, 24));
        let line = |app: &App| {
            let area = Rect::new(0, 0, 80, 1);
            let mut buffer = Buffer::empty(area);
            header(app, area, &mut buffer);
            buffer.content.iter().map(ratatui::buffer::Cell::symbol).collect::<String>()
        };
        app.simulated = Some("http://127.0.0.1:4711".to_owned());
        assert!(line(&app).contains(" 127.0.0.1:4711  "), "{}", line(&app));
        app.address.clone_from(&app.simulated);
        assert!(line(&app).contains("DEMO"), "{}", line(&app));
    }
}
