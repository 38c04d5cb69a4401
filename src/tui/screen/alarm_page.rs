//! One alarm: how bad and why first, then its metric against the threshold, then all else that is known of it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Widget};

use super::alarms::{scales_when, severity};
use super::overlay::fact;
use crate::platform::{Alarm, AlarmCondition, AlarmState, SPAN, Severity, Unit, text};
use crate::triage;
use crate::tui::app::{AlarmDetail, App};
use crate::tui::text::{fit, wrap};
use crate::tui::theme::alarm_glyph;
use crate::tui::widget::{Plot, chart};

/// Rows of the chart: at least this, or none at all …
const CHART_LEAST: u16 = 8;
/// … and at most this.
const CHART_MOST: u16 = 12;
/// Rows that are left for the lines below it.
const LINES_LEAST: u16 = 3;
/// Lines of the reason above the chart; the whole of it stands below.
const WHY_LINES: usize = 2;
/// Points that a chart needs to say something.
const FEWEST_POINTS: i32 = 24;

/// How far back the chart of an alarm goes: an alarm on hours needs more than [`SPAN`] to show anything.
pub fn span(period_seconds: u32) -> jiff::SignedDuration {
    SPAN.max(jiff::SignedDuration::from_secs(i64::from(period_seconds)) * FEWEST_POINTS)
}

/// Draws what does not scroll and gives the room that is left, if there is room for both.
pub(super) fn draw(app: &App, detail: &AlarmDetail, area: Rect, buffer: &mut Buffer) -> Option<Rect> {
    let condition = found(app, &detail.name)?.condition.as_ref()?;
    let head = head(app, detail, usize::from(area.width));
    let head_rows = head.len() as u16;
    let spare = area.height.checked_sub(head_rows + LINES_LEAST).filter(|rows| *rows >= CHART_LEAST)?;
    let chart_rows = spare.min(CHART_MOST);
    Paragraph::new(head).render(Rect { height: head_rows, ..area }, buffer);
    draw_chart(app, detail, condition, Rect { y: area.y + head_rows, height: chart_rows, ..area }, buffer);
    let used = head_rows + chart_rows;
    Some(Rect { y: area.y + used, height: area.height - used, ..area })
}

/// The whole page, for where [`draw`] finds no room.
pub(super) fn lines(app: &App, detail: &AlarmDetail, columns: usize) -> Vec<Line<'static>> {
    let mut lines = head(app, detail, columns);
    lines.extend(rest(app, detail, columns));
    lines
}

/// What scrolls below what [`draw`] drew.
pub(super) fn rest(app: &App, detail: &AlarmDetail, columns: usize) -> Vec<Line<'static>> {
    let theme = app.theme;
    let mut lines = Vec::new();
    let severity = found(app, &detail.name).map_or(Severity::Warning, |alarm| severity(app, alarm));
    if let Some(alarm) = found(app, &detail.name) {
        facts(app, alarm, columns, &mut lines);
    }
    lines.push(Line::default());
    lines.push(Line::styled("History", theme.title()));
    match &detail.history {
        None => lines.push(Line::styled("…", theme.muted())),
        Some(Err(trouble)) => lines.extend(wrap(&trouble.to_string(), columns).into_iter().map(Line::from)),
        Some(Ok(changes)) if changes.is_empty() => {
            lines.push(Line::styled("no change is remembered", theme.muted()));
        }
        Some(Ok(changes)) => {
            for change in changes {
                let style =
                    if change.to == AlarmState::Alarm { theme.alarm(change.to, severity) } else { Style::new() };
                lines.push(Line::from(vec![
                    Span::styled(format!("{}  ", text::date(change.at)), theme.muted()),
                    Span::styled(format!("{} {}", theme.mark(alarm_glyph(change.to)), change.to.word()), style),
                ]));
            }
        }
    }
    lines
}

fn found<'a>(app: &'a App, name: &str) -> Option<&'a Alarm> {
    app.picture.alarms.value()?.iter().find(|alarm| alarm.name == name)
}

/// State, severity, runbook and reason.
fn head(app: &App, detail: &AlarmDetail, columns: usize) -> Vec<Line<'static>> {
    let theme = app.theme;
    let mut lines = Vec::new();
    let alarm = found(app, &detail.name);
    if let Some(alarm) = alarm {
        let since = alarm.since.map(|at| format!(" since {} ({})", text::date(at), text::age(at, app.now)));
        lines.push(Line::styled(
            format!("{} {}{}", theme.mark(alarm_glyph(alarm.state)), alarm.state.word(), since.unwrap_or_default()),
            theme.alarm(alarm.state, severity(app, alarm)),
        ));
    } else {
        lines.push(Line::styled("this alarm does not exist in the region", theme.severity(Severity::Warning)));
    }
    if let Some(expected) = app.platform.expected_alarm(&detail.name) {
        // While it fires, what treats it depends on what else is wrong: its finding knows.
        let finding = app.findings.iter().find(|finding| finding.alarm.as_ref() == Some(&detail.name));
        let treats = finding.map_or(expected.runbook.as_deref(), |finding| finding.runbook.as_deref());
        let runbook = treats.map(|name| {
            let key = app.library.named(name).and_then(|r| r.key).map(|key| format!("  (key {key})"));
            format!("   → {name}{}", key.unwrap_or_default())
        });
        let severity = format!("{}{}", expected.severity.word(), runbook.unwrap_or_default());
        lines.extend(fact(app, "severity", &severity, columns));
        if let Some(advice) = finding.and_then(|finding| finding.advice.as_ref()) {
            lines.extend(fact(app, "what now", advice, columns));
        }
    }
    if let Some(alarm) = alarm.filter(|alarm| !app.platform.heeds(alarm)) {
        lines.extend(fact(app, "severity", scales_when(alarm), columns));
    }
    if let Some(why) = alarm.and_then(|alarm| alarm.reason.as_deref()).map(triage::shorten_reason) {
        lines.extend(fact(app, "why", &why, columns).into_iter().take(WHY_LINES));
    }
    lines
}

fn facts(app: &App, alarm: &Alarm, columns: usize, lines: &mut Vec<Line<'static>>) {
    if let Some(condition) = &alarm.condition {
        let query = &condition.query;
        lines.extend(fact(
            app,
            "fires when",
            &format!(
                "{} {} {} {} in {} of {} periods of {} s",
                query.statistic,
                query.metric,
                condition.comparison.sign(),
                condition.threshold,
                condition.datapoints_to_alarm,
                condition.evaluation_periods,
                condition.period_seconds
            ),
            columns,
        ));
        let dimensions: Vec<String> = query.dimensions.iter().map(|(n, v)| format!("{n}={v}")).collect();
        lines.extend(fact(app, "metric", &format!("{} {}", query.namespace, dimensions.join(" ")), columns));
    }
    let actions = match (alarm.actions_enabled, alarm.actions.as_slice()) {
        (false, _) => "disabled: nobody is told".to_owned(),
        (true, []) => "none: nobody is told".to_owned(),
        (true, actions) => actions.join(" "),
    };
    lines.extend(fact(app, "actions", &actions, columns));
    if let Some(description) = &alarm.description {
        lines.extend(fact(app, "description", description, columns));
    }
    if let Some(reason) = &alarm.reason {
        lines.extend(fact(app, "reason", reason, columns));
    }
}

fn draw_chart(app: &App, detail: &AlarmDetail, condition: &AlarmCondition, area: Rect, buffer: &mut Buffer) {
    let theme = app.theme;
    let gauge = app.platform.gauges.iter().find(|g| g.query.same_metric(&condition.query));
    let severity = found(app, &detail.name).map_or(Severity::Warning, |alarm| severity(app, alarm));
    match &detail.points {
        None => Line::styled("…", theme.muted()).render(area, buffer),
        Some(Err(trouble)) => {
            Line::styled(fit(&trouble.to_string(), usize::from(area.width)), theme.muted()).render(area, buffer);
        }
        Some(Ok(points)) => {
            let now_bad = points.last().is_some_and(|p| condition.comparison.holds(p.value, condition.threshold));
            let plot = Plot {
                points: points.clone(),
                unit: gauge.map_or(Unit::Count, |g| g.unit),
                line: Some(condition.threshold),
                span: span(condition.period_seconds),
                style: if now_bad { theme.severity(severity) } else { theme.well() },
            };
            chart(&plot, app.now, theme, area, buffer);
        }
    }
}
