//! The lists of each screen: what stands in them, narrowed by the filter, and what is selected.

use super::app::{App, Overlay, Screen};
use crate::platform::timeline::Entry;
use crate::platform::{Alarm, Deployment, ServiceEvent, Severity, Subject, Task};
use crate::triage::Finding;

/// What is selected.
pub enum Selected<'a> {
    /// A finding of *Now*.
    Finding(&'a Finding),
    /// An alarm.
    Alarm(&'a Alarm),
    /// A task.
    Task(&'a Task),
    /// A database.
    Database(usize),
    /// A line to be read in full.
    Text(String),
}

/// How many panels of a screen hold lists.
pub fn panes(screen: Screen) -> usize {
    match screen {
        Screen::Overview | Screen::Service => 3,
        Screen::Database | Screen::Alarms => 1,
    }
}

fn matches(filter: &str, texts: &[&str]) -> bool {
    filter.is_empty() || texts.iter().any(|text| text.to_lowercase().contains(filter))
}

/// The findings shown. No filter hides what is critical: a filter that was forgotten must not hide the fire.
pub fn findings(app: &App) -> Vec<&Finding> {
    let filter = if app.screen == Screen::Overview { app.filter() } else { String::new() };
    let shown = |f: &&Finding| {
        f.severity == Severity::Critical || matches(&filter, &[&f.title, &f.evidence, f.severity.word()])
    };
    app.findings.iter().filter(shown).collect()
}

/// The alarms shown, worst first. Auto scaling's own, which say nothing of how things are, stand last on their screen
/// and nowhere else.
pub fn alarms(app: &App) -> Vec<&Alarm> {
    let filter = app.filter();
    let all = app.picture.alarms.value().into_iter().flatten();
    let shown = all.filter(|a| matches(&filter, &[&a.name, a.state.word(), a.reason.as_deref().unwrap_or_default()]));
    let (mut alarms, scaling): (Vec<_>, Vec<_>) = shown.partition(|a| app.platform.heeds(a));
    if app.screen == Screen::Alarms {
        alarms.extend(scaling);
    }
    alarms
}

/// The lines of the timeline shown, newest first.
pub fn timeline(app: &App) -> Vec<&Entry> {
    let filter = app.filter();
    app.timeline.iter().filter(|e| matches(&filter, &[&e.text])).collect()
}

/// The tasks of the selected service shown: running ones, then stopped ones, newest first.
pub fn tasks(app: &App) -> Vec<&Task> {
    let filter = app.filter();
    let mut tasks: Vec<&Task> = app
        .picture
        .services
        .get(app.service)
        .and_then(|s| s.tasks.value())
        .into_iter()
        .flatten()
        .filter(|t| {
            matches(
                &filter,
                &[&t.id, &t.last_status, &t.revision.to_string(), t.stopped_reason.as_deref().unwrap_or_default()],
            )
        })
        .collect();
    tasks.sort_by_key(|t| {
        let newest = t.stopped_at.or(t.started_at).or(t.created_at);
        (t.is_stopped(), std::cmp::Reverse(newest))
    });
    tasks
}

/// The deployments of the selected service.
pub fn deployments(app: &App) -> &[Deployment] {
    app.picture.services.get(app.service).and_then(|s| s.state.value()).map_or(&[], |s| &s.deployments)
}

/// The events of the selected service shown, newest first.
pub fn events(app: &App) -> Vec<&ServiceEvent> {
    let filter = app.filter();
    app.picture
        .services
        .get(app.service)
        .and_then(|s| s.state.value())
        .map_or(&[][..], |s| &s.events)
        .iter()
        .filter(|e| matches(&filter, &[&e.message]))
        .collect()
}

/// How many lines a panel of the screen shown holds.
pub fn length(app: &App, pane: usize) -> usize {
    match (app.screen, pane) {
        (Screen::Overview, 0) => findings(app).len(),
        (Screen::Overview, 1) | (Screen::Alarms, _) => alarms(app).len(),
        (Screen::Overview, _) => timeline(app).len(),
        (Screen::Service, 0) => tasks(app).len(),
        (Screen::Service, 1) => deployments(app).len(),
        (Screen::Service, _) => events(app).len(),
        // One is shown, and `]` shows the next.
        (Screen::Database, _) => 0,
    }
}

/// What is selected on the screen shown.
pub fn selected(app: &App) -> Option<Selected<'_>> {
    if app.screen == Screen::Database {
        return Some(Selected::Database(app.database));
    }
    let pane = app.place().pane;
    let at = app.place().cursors[pane].min(length(app, pane).checked_sub(1)?);
    match (app.screen, pane) {
        (Screen::Overview, 0) => findings(app).get(at).map(|f| Selected::Finding(f)),
        (Screen::Overview, 1) | (Screen::Alarms, _) => alarms(app).get(at).map(|a| Selected::Alarm(a)),
        (Screen::Overview, _) => timeline(app).get(at).map(|e| Selected::Text(e.text.clone())),
        (Screen::Service, 0) => tasks(app).get(at).map(|t| Selected::Task(t)),
        (Screen::Service, 1) => deployments(app)
            .get(at)
            .map(|d| Selected::Text(format!("{} {}", d.id, d.rollout_reason.as_deref().unwrap_or_default()))),
        (Screen::Service, _) => events(app).get(at).map(|e| Selected::Text(e.message.clone())),
        (Screen::Database, _) => None,
    }
}

/// What is copied: what is open, or else what is selected.
pub fn copyable(app: &App) -> Option<String> {
    match &app.overlay {
        Some(Overlay::Task(id)) => return Some(id.clone()),
        Some(Overlay::Alarm(detail)) => return Some(detail.name.clone()),
        Some(Overlay::Text(text)) => return Some(text.clone()),
        Some(Overlay::Finding(id)) => {
            let finding = app.findings.iter().find(|f| f.id == *id)?;
            // What is open shows its command, which is there to be pasted.
            return finding.command.clone().or_else(|| Some(format!("{}: {}", finding.title, finding.evidence)));
        }
        Some(Overlay::Runbook(name)) => return Some(format!("plantao run {name}")),
        Some(Overlay::Plan(page)) => return page.commands(),
        Some(Overlay::Run) => return app.run.as_ref().map(|run| run.id.to_string()),
        Some(Overlay::Runs(rows)) => {
            let rows = rows.as_ref()?.as_ref().ok()?;
            return rows.get(app.overlay_scroll.min(rows.len().checked_sub(1)?)).map(|row| row.id.to_string());
        }
        Some(Overlay::Help | Overlay::Palette(_)) => return None,
        None => {}
    }
    Some(match selected(app)? {
        Selected::Finding(finding) => format!("{}: {}", finding.title, finding.evidence),
        Selected::Alarm(alarm) => alarm.name.clone(),
        Selected::Task(task) => task.id.clone(),
        Selected::Database(i) => app.platform.databases.get(i)?.id.clone(),
        Selected::Text(text) => text,
    })
}

/// Indexes of the services, those with the worst findings first, otherwise as in the platform file.
pub fn rank_services(app: &App) -> Vec<usize> {
    let mut worst = vec![None; app.platform.services.len()];
    for finding in &app.findings {
        if let Subject::Service(i) = finding.subject
            && let Some(known) = worst.get_mut(i)
        {
            *known = (*known).max(Some(finding.severity));
        }
    }
    let mut ranking: Vec<usize> = (0..worst.len()).collect();
    ranking.sort_by_key(|i| std::cmp::Reverse(worst[*i]));
    ranking
}
