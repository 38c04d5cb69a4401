//! Screen 4: every alarm, worst first. Also the list on the overview.

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::Draw;
use crate::platform::{Alarm, AlarmState, Comparison, Severity, text};
use crate::tui::app::{App, Screen};
use crate::tui::canvas::{Canvas, Spot};
use crate::tui::lists;
use crate::tui::text::{fit, pad, width};
use crate::tui::theme::alarm_glyph;
use crate::tui::widget::{list, panel, say_trouble};

pub(super) fn stack(app: &App) -> Vec<(u16, Draw)> {
    vec![(lists::alarms(app).len().clamp(1, 200) as u16 + 2, draw as Draw)]
}

pub(super) fn draw(app: &App, area: Rect, canvas: &mut Canvas<'_>) {
    panel_of(app, 0, app.overlay.is_none(), area, canvas);
}

/// How bad an alarm is when it fires.
pub(super) fn severity(app: &App, alarm: &Alarm) -> Severity {
    let unknown = if app.platform.heeds(alarm) { Severity::Warning } else { Severity::Notice };
    app.platform.expected_alarm(&alarm.name).map_or(unknown, |e| e.severity)
}

/// The panel with the list, and which panel of its screen it is.
pub(super) fn panel_of(app: &App, pane: usize, focused: bool, area: Rect, canvas: &mut Canvas<'_>) {
    let theme = app.theme;
    let part = &app.picture.alarms;
    let all = part.value().map_or(&[][..], Vec::as_slice);
    let heeded = all.iter().filter(|a| app.platform.heeds(a));
    let (firing, total) =
        heeded.fold((0, 0), |(firing, total), a| (firing + usize::from(a.state == AlarmState::Alarm), total + 1));
    let scaling = match all.len() - total {
        more @ 1.. if app.screen == Screen::Alarms => format!(", and {more} of auto scaling"),
        _ => String::new(),
    };
    let title = if all.is_empty() { "Alarms".to_owned() } else { format!("Alarms {firing} of {total}{scaling}") };
    let inner = panel(&title, &say_trouble(part, app.now, theme), focused, theme, area, canvas);
    let shown = lists::alarms(app);
    if shown.is_empty() {
        let text = match (part.value(), part.trouble()) {
            (Some(all), _) if all.is_empty() => "this region has no alarms".to_owned(),
            (Some(_), _) => "no alarm matches the filter: esc clears it".to_owned(),
            (None, Some(trouble)) => trouble.to_string(),
            (None, None) => "…".to_owned(),
        };
        Line::styled(fit(&text, usize::from(inner.width)), theme.muted()).render(inner, canvas);
        return;
    }
    let columns = usize::from(inner.width);
    let name = shown.iter().take(200).map(|a| width(&called(app, a))).max().unwrap_or(0);
    // Where there is no room for the reason anyway, the name gets it.
    let most = if columns < 70 { columns.saturating_sub(18) } else { columns * 2 / 5 };
    let name = name.clamp(8, most.max(8));
    let line = |alarm: &&Alarm, columns| alarm_line(app, alarm, columns, name);
    list(&shown, app.place().cursors[pane], focused, inner, canvas, |at| Spot::Line(pane, at), line);
}

fn alarm_line(app: &App, alarm: &Alarm, columns: usize, name: usize) -> Line<'static> {
    let theme = app.theme;
    let style = theme.alarm(alarm.state, severity(app, alarm));
    let since = alarm.since.map(|at| text::rough_age(at, app.now)).unwrap_or_default();
    let word = if alarm.state == AlarmState::InsufficientData { "no data" } else { alarm.state.word() };
    let dim = if alarm.state == AlarmState::Ok { theme.muted() } else { Style::new() };
    let mut line = Line::from(vec![
        Span::styled(format!("{} ", theme.mark(alarm_glyph(alarm.state))), style),
        Span::styled(
            pad(&called(app, alarm), name),
            if alarm.state == AlarmState::Alarm { style } else { Style::new() },
        ),
        Span::styled(format!(" {} ", pad(word, 7)), style),
        Span::styled(pad(&since, 6), theme.muted()),
    ]);
    let used = line.width();
    if columns > used + 12 {
        let why = why(app, alarm);
        line.push_span(Span::styled(format!(" {}", fit(&why, columns - used - 1)), dim));
    }
    line
}

/// What the list calls an alarm. The names of auto scaling's own begin alike and end in a random number.
fn called(app: &App, alarm: &Alarm) -> String {
    match &alarm.condition {
        Some(condition) if !app.platform.heeds(alarm) => {
            let sign = condition.comparison.sign();
            let watched = format!("{} {sign} {}", condition.query.metric, condition.threshold);
            let service = condition.query.dimensions.iter().find(|(name, _)| name == "ServiceName");
            match service.filter(|_| app.platform.services.len() > 1) {
                Some((_, service)) => format!("{service} {watched}"),
                None => watched,
            }
        }
        _ => alarm.name.clone(),
    }
}

/// When one of auto scaling's own alarms is in ALARM.
pub(super) fn scales_when(alarm: &Alarm) -> &'static str {
    match alarm.condition.as_ref().map(|condition| condition.comparison) {
        Some(Comparison::Less | Comparison::LessOrEqual) => "auto scaling's, ALARM while quiet",
        Some(_) => "auto scaling's, ALARM while busy",
        None => "auto scaling's",
    }
}

fn why(app: &App, alarm: &Alarm) -> String {
    if !app.platform.heeds(alarm) {
        return scales_when(alarm).to_owned();
    }
    // The finding has the number and the threshold; CloudWatch's words begin with neither.
    if alarm.state == AlarmState::Alarm
        && let Some(finding) = app.findings.iter().find(|f| f.alarm.as_ref() == Some(&alarm.name))
    {
        return finding.evidence.clone();
    }
    if alarm.state == AlarmState::Ok
        && let Some(when) = app.platform.expected_alarm(&alarm.name).and_then(|e| e.when.clone())
    {
        return when;
    }
    alarm.reason.clone().or_else(|| alarm.description.clone()).unwrap_or_default()
}
