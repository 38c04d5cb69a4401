//! A service in a few lines: on the overview, and at the top of screen 2.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::platform::{
    Deployment, DeploymentStatus, Level, Pulse, Role, Rollout, Service, ServicePicture, ServiceSpec, ServiceStatus,
    Severity, Subject, text,
};
use crate::tui::app::App;
use crate::tui::text::{fit, pad, width};
use crate::tui::widget::{LABEL, fill, gauge_line, or_span, panel, reading, say_trouble};

pub(super) fn of(app: &App, index: usize) -> Option<(&ServiceSpec, &ServicePicture)> {
    app.platform.services.get(index).zip(app.picture.services.get(index))
}

pub(super) fn gauges(app: &App, index: usize) -> Vec<usize> {
    let mut gauges: Vec<usize> = app
        .platform
        .gauges
        .iter()
        .enumerate()
        .filter(|(_, g)| {
            g.subject == Subject::Service(index) || (g.subject == Subject::Platform && app.platform.services.len() == 1)
        })
        .map(|(i, _)| i)
        .collect();
    let past = |i: usize| app.picture.reading(i, &app.platform.gauges[i]).and_then(|(_, l)| l) == Some(Level::Past);
    // CPU and memory keep their place; of the others, those past their target come first.
    gauges.sort_by_key(|i| app.platform.gauges[*i].role == Role::Other && !past(*i));
    gauges.sort_by_key(|i| app.platform.gauges[*i].role == Role::Other);
    gauges
}

/// Lines of the summary with at most so many gauges.
pub(super) fn summary_height(app: &App, index: usize, most: usize) -> u16 {
    let deployments = of(app, index).and_then(|(_, p)| p.state.value()).map_or(1, |s| s.deployments.len().clamp(1, 2));
    (1 + deployments + gauges(app, index).len().min(most)) as u16
}

/// A panel with tasks, deployments and the first gauges of a service.
pub(super) fn summary(app: &App, index: usize, area: Rect, buffer: &mut Buffer) {
    let Some((spec, picture)) = of(app, index) else { return };
    let note = or_span(say_trouble(&picture.state, app.now, app.theme), app.theme);
    let inner = panel(&format!("ECS {}", app.platform.service_name(spec)), &note, false, app.theme, area, buffer);
    fill(app.theme, inner, buffer, |columns| {
        let mut lines = vec![tasks_line(app, picture, columns)];
        lines.extend(deployment_lines(app, spec, picture).into_iter().take(2));
        lines.extend(gauges(app, index).into_iter().map(|i| gauge_line(app, i, &app.platform.gauges[i], columns)));
        lines
    });
}

pub(super) fn label(app: &App, text: &str) -> Span<'static> {
    Span::styled(pad(text, LABEL), app.theme.muted())
}

/// How the number of running tasks is to be coloured.
fn tasks_style(app: &App, service: &Service, pulse: Pulse) -> Style {
    let theme = app.theme;
    if (service.running == 0 && service.desired > 0) || pulse.none_healthy() {
        theme.severity(Severity::Critical)
    } else if service.running < service.desired || pulse.words().is_some() {
        theme.severity(Severity::Warning)
    } else {
        theme.well()
    }
}

pub(super) fn tasks_line(app: &App, picture: &ServicePicture, columns: usize) -> Line<'static> {
    let theme = app.theme;
    let mut line = Line::from(label(app, "tasks"));
    let Some(service) = picture.state.value() else {
        let why = picture.state.trouble().map_or("…".to_owned(), |t| t.why.clone());
        line.push_span(Span::styled(fit(&why, columns), theme.muted()));
        return line;
    };
    let pulse = picture.pulse();
    let style = if picture.state.is_live(app.now) { tasks_style(app, service, pulse) } else { theme.stale() };
    line.push_span(Span::styled(format!("{} of {}", service.running, service.desired), style));
    if service.pending > 0 {
        line.push_span(format!(" +{} pending", service.pending));
    } else {
        line.push_span(Span::styled(" running", style));
    }
    if let Some(words) = pulse.words() {
        line.push_span(Span::styled(format!(", {words}"), theme.severity(Severity::Critical)));
    }
    if service.status != ServiceStatus::Active {
        line.push_span(Span::styled(format!("  {}", status_word(&service.status)), theme.severity(Severity::Critical)));
    }
    let bounds = match picture.scaling.value() {
        Some(Some(scaling)) => {
            let mut bounds = format!("  auto {}–{}", scaling.min, scaling.max);
            let suspended = scaling.suspended;
            bounds.push_str(match (suspended.scale_in, suspended.scale_out) {
                (true, true) => " suspended",
                (true, false) => " out only",
                (false, true) => " in only",
                (false, false) => "",
            });
            bounds
        }
        Some(None) => "  no auto scaling".to_owned(),
        None => String::new(),
    };
    // Half of the bounds would be other bounds.
    if line.width() + width(&bounds) <= columns {
        line.push_span(Span::styled(bounds, theme.muted()));
    }
    line
}

fn status_word(status: &ServiceStatus) -> String {
    match status {
        ServiceStatus::Active => "ACTIVE".to_owned(),
        ServiceStatus::Draining => "DRAINING".to_owned(),
        ServiceStatus::Inactive => "INACTIVE".to_owned(),
        ServiceStatus::Other(other) => other.clone(),
    }
}

/// What a deployment is doing, in words, and how to colour them.
fn progress(app: &App, deployment: &Deployment) -> (String, Style) {
    let theme = app.theme;
    let failed = if deployment.failed > 0 { format!(", {} failed", deployment.failed) } else { String::new() };
    match (deployment.status, deployment.rollout) {
        (DeploymentStatus::Primary, Rollout::Completed) => ("steady".to_owned(), theme.well()),
        (_, Rollout::Failed) => (format!("FAILED{failed}"), theme.severity(Severity::Critical)),
        (DeploymentStatus::Primary, Rollout::InProgress | Rollout::Unknown)
            if deployment.running < deployment.desired || deployment.rollout == Rollout::InProgress =>
        {
            let style = if deployment.failed > 0 { theme.severity(Severity::Warning) } else { theme.focus() };
            (format!("rolling {}/{}{failed}", deployment.running, deployment.desired), style)
        }
        (DeploymentStatus::Primary, _) => (format!("running {}", deployment.running), Style::new()),
        (_, _) => (format!("draining {}", deployment.running), theme.muted()),
    }
}

fn deployment_lines(app: &App, spec: &ServiceSpec, picture: &ServicePicture) -> Vec<Line<'static>> {
    let Some(service) = picture.state.value() else {
        return vec![Line::from(label(app, "deploy"))];
    };
    let mut lines: Vec<Line<'static>> = service
        .deployments
        .iter()
        .enumerate()
        .map(|(i, d)| {
            let mut line = Line::from(label(app, if i == 0 { "deploy" } else { "" }));
            line.extend(deployment_spans(app, spec, picture, d));
            line
        })
        .collect();
    if lines.is_empty() {
        let mut line = Line::from(label(app, "deploy"));
        line.push_span(format!("{} no deployment", service.revision));
        lines.push(line);
    }
    lines
}

pub(super) fn deployment_spans(
    app: &App,
    spec: &ServiceSpec,
    picture: &ServicePicture,
    deployment: &Deployment,
) -> Vec<Span<'static>> {
    let (words, style) = progress(app, deployment);
    let age = deployment.created_at.map(|at| format!(" {}", text::rough_age(at, app.now))).unwrap_or_default();
    vec![
        Span::raw(format!("{} ", fit(&picture.label(spec, &deployment.revision), 20))),
        Span::styled(words, style),
        Span::styled(age, app.theme.muted()),
    ]
}

/// One service in one line, for platforms with several.
pub(super) fn one_line(app: &App, index: usize, columns: usize) -> Line<'static> {
    let theme = app.theme;
    let Some((spec, picture)) = of(app, index) else { return Line::default() };
    let name = columns.saturating_sub(30).clamp(6, 32);
    let mut line = Line::from(pad(&app.platform.service_name(spec), name) + " ");
    let Some(service) = picture.state.value() else {
        let why = picture.state.trouble().map_or("…".to_owned(), |t| t.why.clone());
        line.push_span(Span::styled(fit(&why, columns.saturating_sub(name + 1)), theme.muted()));
        return line;
    };
    let pulse = picture.pulse();
    line.push_span(Span::styled(
        pad(&format!("{}/{}{}", service.running, service.desired, pulse.words().map_or("", |_| "▲")), 6),
        tasks_style(app, service, pulse),
    ));
    for role in [Role::Cpu, Role::Memory] {
        if let Some((i, gauge)) = app.platform.gauge(Subject::Service(index), role) {
            let (value, style) = reading(app, i, gauge);
            line.push_span(Span::styled(pad(&value, 6), style));
        }
    }
    if let Some(primary) = service.primary() {
        line.push_span(format!("{} ", primary.revision));
        let (words, style) = progress(app, primary);
        line.push_span(Span::styled(words, style));
    }
    line
}
