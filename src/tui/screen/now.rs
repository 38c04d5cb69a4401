//! *Now*: what is wrong, worst first, since when, what changed just before, and the runbook that treats it.

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use crate::platform::{Part, Severity, text};
use crate::triage::{Finding, unwatched};
use crate::tui::app::App;
use crate::tui::canvas::{Canvas, Spot};
use crate::tui::lists;
use crate::tui::text::{fit, pad, pad_left, width, wrap};
use crate::tui::theme::glyph;
use crate::tui::widget::{in_sight, list, panel};

/// From here on a finding's own line has room for what changed just before.
const ROOM_FOR_AFTER: usize = 108;
/// From here on there are columns; a narrower panel has a line for the name and lines for the rest.
const ROOM_FOR_COLUMNS: usize = 60;
/// A finding takes no more lines than this beside its own.
const MOST_MORE: usize = 3;
/// Findings whose columns are measured.
const MEASURED: usize = 8;
/// Columns of the glyph and the severity.
const HEAD: usize = 11;
/// Evidence has at least this, unless the name alone needs the room.
const EVIDENCE: usize = 22;
const SINCE: usize = 6;

/// A line: a finding's own, or what that has no room for.
enum NowLine<'a> {
    Finding(&'a Finding, String),
    More(usize, String),
}

/// Rows that the panel takes if it may have at most this many lines, borders included.
pub(super) fn height(app: &App, columns: u16, most: usize) -> u16 {
    lines(app, usize::from(columns.saturating_sub(2)), most).len().clamp(1, most.max(1)) as u16 + 2
}

/// Draws the panel.
pub(super) fn draw(app: &App, focused: bool, area: Rect, canvas: &mut Canvas<'_>) {
    let theme = app.theme;
    let rows = usize::from(area.height.saturating_sub(2));
    let lines = lines(app, usize::from(area.width.saturating_sub(2)), rows);
    let findings = lists::findings(app);
    let is_own = |line: &&NowLine<'_>| matches!(line, NowLine::Finding(..));
    let own = lines.iter().enumerate().filter(|(_, line)| is_own(line));
    let selected = own.map(|(row, _)| row).nth(app.place().cursors[0]).unwrap_or(lines.len().saturating_sub(1));
    let shown = in_sight(lines.len(), selected, rows, canvas.row.filter(|_| focused));
    let seen = lines[shown].iter().filter(is_own).count();
    let inner = panel("Now", &note(app, findings.len(), findings.len() - seen), focused, theme, area, canvas);
    if lines.is_empty() {
        let (text, style) = if app.findings.is_empty() {
            nothing_wrong(app)
        } else {
            ("no finding matches the filter, and none is critical".to_owned(), theme.muted())
        };
        let mut line = Line::styled(text, style);
        if app.findings.is_empty() {
            line.extend(not_watched(app));
        }
        line.render(inner, canvas);
        return;
    }
    let columns = Columns::of(app, usize::from(inner.width));
    // The lines below a finding's own are its too.
    let spot = |row: usize| Spot::Line(0, lines[..=row].iter().filter(is_own).count().saturating_sub(1));
    list(&lines, selected, focused, inner, canvas, spot, |line, room| match line {
        NowLine::Finding(finding, evidence) => finding_line(app, finding, evidence, room, &columns),
        NowLine::More(indent, more) => {
            let text = fit(more, room.saturating_sub(*indent));
            Line::from(vec![Span::raw(" ".repeat(*indent)), Span::styled(text, theme.severity(Severity::Warning))])
        }
    });
}

/// What the panel does not show, and why.
fn note(app: &App, shown: usize, unseen: usize) -> Line<'static> {
    let filtered = app.findings.len() - shown;
    let mut parts = Vec::new();
    if filtered > 0 {
        parts.push(format!("filter hides {filtered}, never what is critical"));
    }
    if unseen > 0 {
        parts.push(format!("{unseen} more"));
    }
    let style = if filtered > 0 { app.theme.severity(Severity::Warning) } else { app.theme.muted() };
    Line::styled(parts.join(" · "), style)
}

/// The lines, at most `most` where that is enough for one a finding: each finding has its own, and what it
/// has no room for stands below it as long as there are lines to spare, the worst finding's in any case.
fn lines(app: &App, room: usize, most: usize) -> Vec<NowLine<'_>> {
    let columns = Columns::of(app, room);
    let findings = lists::findings(app);
    let mut spare = most.saturating_sub(findings.len().min(most));
    let mut lines = Vec::new();
    for (number, finding) in findings.into_iter().enumerate() {
        let (own, more) = laid_out(app, finding, room, &columns);
        let least = if number == 0 && most > 1 { 2 } else { 0 };
        let granted = more.len().min(spare.max(least));
        spare = spare.saturating_sub(granted);
        // A line that has no continuation is cut, and says so.
        let own = match (granted, own.as_str()) {
            (0, "") => finding.evidence.clone(),
            (0, own) if !more.is_empty() => format!("{own} …"),
            _ => own,
        };
        lines.push(NowLine::Finding(finding, own));
        let cut = more.len() > granted;
        let (indent, last) = (columns.indent, granted.saturating_sub(1));
        lines.extend(more.into_iter().take(granted).enumerate().map(|(i, text)| {
            let corner = if i == 0 { "└ " } else { "  " };
            NowLine::More(indent, format!("{corner}{text}{}", if cut && i == last { "…" } else { "" }))
        }));
    }
    lines
}

/// The key that opens a runbook, and its name: `r rollback`.
fn treats(app: &App, runbook: &str) -> String {
    let key = app.library.named(runbook).and_then(|runbook| runbook.key);
    format!("{} {runbook}", key.unwrap_or('→'))
}

/// What of the evidence stands on a finding's own line, and the lines below it.
fn laid_out(app: &App, finding: &Finding, room: usize, columns: &Columns) -> (String, Vec<String>) {
    let (own, mut rest) = split(&finding.evidence, columns.most_evidence(finding));
    if let Some(advice) = &finding.advice {
        join(&mut rest, advice);
        // A command is for pasting: half of one on a line that is short of room is worse than none.
        if finding.command.is_some() {
            rest.push_str(" (enter: how)");
        }
    }
    // The instant alone is not worth a line: the finding opens to it.
    if let Some(beginning) = finding.beginning()
        && (finding.after.is_some() || !rest.is_empty())
        && !columns.has_room_for(finding, &beginning)
    {
        join(&mut rest, &beginning);
    }
    if room < ROOM_FOR_COLUMNS
        && let Some(runbook) = &finding.runbook
    {
        join(&mut rest, &treats(app, runbook));
    }
    if rest.is_empty() {
        return (own, Vec::new());
    }
    let mut more = wrap(&rest, room.saturating_sub(columns.indent + 3).max(8));
    more.truncate(MOST_MORE);
    (own, more.into_iter().map(|line| line.trim_end().to_owned()).collect())
}

fn join(rest: &mut String, more: &str) {
    if !rest.is_empty() {
        rest.push_str(" · ");
    }
    rest.push_str(more);
}

/// As many parts of the evidence as fit, and what is left. A part is not broken: half of a comparison, or the
/// beginning of a sentence that goes on elsewhere, says nothing.
fn split(evidence: &str, columns: usize) -> (String, String) {
    if width(evidence) <= columns {
        return (evidence.to_owned(), String::new());
    }
    let ends = evidence.rmatch_indices(" · ").map(|(at, mark)| (at, at + mark.len()));
    match ends.into_iter().find(|(end, _)| width(&evidence[..*end]) <= columns) {
        Some((end, next)) => (evidence[..end].to_owned(), evidence[next..].to_owned()),
        None => (String::new(), evidence.to_owned()),
    }
}

/// Widths that all lines share, so that the eye can run down.
struct Columns {
    /// All of a line.
    room: usize,
    title: usize,
    /// What is left for evidence and what changed just before.
    evidence: usize,
    /// Zero where no finding has one.
    runbook: usize,
    /// Where the lines below a finding's own begin.
    indent: usize,
}

impl Columns {
    fn of(app: &App, room: usize) -> Columns {
        if room < ROOM_FOR_COLUMNS {
            let title = room.saturating_sub(2 + SINCE + 1);
            return Columns { room, title, evidence: 0, runbook: 0, indent: 2 };
        }
        let seen = || app.findings.iter().take(MEASURED);
        let runbook = seen().filter_map(|f| f.runbook.as_deref()).map(|r| width(r) + 2).max().unwrap_or(0).min(20);
        let tail = SINCE + 2 + if runbook > 0 { runbook + 2 } else { 0 };
        let most = (room * 9 / 25).max(room.saturating_sub(HEAD + 2 + EVIDENCE + tail).min(40));
        let title = seen().map(|f| width(&f.title)).max().unwrap_or(0).min(most).max(8);
        Columns { room, title, evidence: room.saturating_sub(HEAD + title + 2 + tail), runbook, indent: HEAD }
    }

    /// The evidence of a line whose name is short may take what the name leaves.
    fn most_evidence(&self, finding: &Finding) -> usize {
        if self.evidence == 0 { 0 } else { self.evidence + self.title.saturating_sub(width(&finding.title)) }
    }

    /// Columns of a line's name and of its evidence: one that needs more takes what the other leaves blank.
    fn given(&self, name: &str, evidence: &str) -> (usize, usize) {
        let all = self.title + self.evidence;
        let (name, evidence) = (width(name), width(evidence));
        if evidence == 0 && name > all {
            return (name.min(all + 2), 0);
        }
        let title = if evidence > self.evidence {
            self.title.min(name.max(all.saturating_sub(evidence)))
        } else {
            self.title.max(name.min(all - evidence))
        };
        (title, all - title)
    }

    /// How it began stands beside the evidence only as a whole.
    fn has_room_for(&self, finding: &Finding, beginning: &str) -> bool {
        self.room >= ROOM_FOR_AFTER && self.evidence >= width(&finding.evidence) + 2 + width(beginning)
    }
}

fn nothing_wrong(app: &App) -> (String, Style) {
    let pending = app.picture.services.iter().any(|s| s.state.is_pending())
        || app.picture.databases.iter().any(Part::is_pending)
        || app.picture.alarms.is_pending();
    if pending {
        (app.waiting(), app.theme.muted())
    } else {
        let alarms = app.picture.alarms.value().into_iter().flatten().filter(|a| app.platform.heeds(a)).count();
        let well = if unwatched(&app.platform).is_empty() { "nothing is wrong: " } else { "" };
        let mark = app.theme.mark("✓");
        let (fresh, total) = fresh_gauges(app);
        match total - fresh {
            0 => (format!("{mark} {well}{alarms} alarms quiet, every gauge within its target"), app.theme.well()),
            _ if app.picture.series.iter().any(Part::is_pending) => {
                (format!("… {alarms} alarms quiet, asking for gauges"), app.theme.muted())
            }
            _ if fresh == 0 => {
                (format!("{alarms} alarms quiet, no gauge has a number of the last 15 min"), app.theme.muted())
            }
            silent => {
                let gauges = format!("{fresh} of {total} gauges within target, {silent} silent");
                (format!("{mark} {well}{alarms} alarms quiet, {gauges}"), app.theme.well())
            }
        }
    }
}

/// Of the gauges that have a target, how many speak of now, and how many there are.
fn fresh_gauges(app: &App) -> (usize, usize) {
    let gauges = app.platform.gauges.iter().enumerate().filter(|(_, gauge)| gauge.target.is_some());
    gauges.fold((0, 0), |(fresh, total), (i, _)| {
        (fresh + usize::from(app.picture.fresh_point(i, app.now).is_some()), total + 1)
    })
}

/// What "nothing is wrong" does not cover.
fn not_watched(app: &App) -> Option<Span<'static>> {
    let lacking = unwatched(&app.platform);
    let words = format!(" · no gauge: {}", lacking.join(", "));
    (!lacking.is_empty()).then(|| Span::styled(words, app.theme.severity(Severity::Notice)))
}

fn finding_line(app: &App, finding: &Finding, own: &str, room: usize, columns: &Columns) -> Line<'static> {
    let theme = app.theme;
    let style = theme.severity(finding.severity);
    let since = finding.since.map(|since| text::rough_age(since, app.now)).unwrap_or_default();
    // A mark of what lies above or below takes a column, and not of the age's unit.
    let lost = columns.room.saturating_sub(room);
    if columns.room < ROOM_FOR_COLUMNS {
        let title = pad(&finding.title, columns.title.saturating_sub(lost));
        return Line::from(vec![
            Span::styled(format!("{} {title}", glyph(finding.severity)), style),
            Span::styled(format!(" {}", pad_left(&since, SINCE)), theme.muted()),
        ]);
    }
    let beginning = finding.beginning().filter(|beginning| columns.has_room_for(finding, beginning));
    let (title, own_room) = match beginning {
        Some(_) => (columns.title, columns.evidence),
        None => columns.given(&finding.title, own),
    };
    let mut line = Line::from(vec![
        Span::styled(format!("{} {} ", glyph(finding.severity), pad(finding.severity.word(), 8)), style),
        Span::styled(pad(&finding.title, title), style),
        Span::raw(" ".repeat(columns.evidence + columns.title + 2 - title - own_room)),
    ]);
    let evidence = width(&finding.evidence);
    match beginning {
        Some(beginning) => {
            let rest = columns.evidence - evidence - 2;
            line.push_span(format!("{}  ", fit(&finding.evidence, evidence)));
            line.push_span(Span::styled(pad(&beginning, rest), theme.severity(Severity::Warning)));
        }
        None => line.push_span(pad(own, own_room)),
    }
    let gap = " ".repeat(2_usize.saturating_sub(lost));
    line.push_span(Span::styled(format!("{gap}{}", pad_left(&since, SINCE)), theme.muted()));
    if columns.runbook > 0 {
        let runbook = finding.runbook.as_deref().map(|name| treats(app, name)).unwrap_or_default();
        line.push_span(Span::styled(format!("  {}", pad(&runbook, columns.runbook)), theme.key()));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::fixture;

    #[test]
    fn nobody_is_told_that_gauges_are_within_target_that_say_nothing_of_now() {
        let platform = std::sync::Arc::new(fixture::platform());
        let mut app = App::new(platform, crate::tui::theme::Theme::default(), fixture::now(), (80, 24));
        app.picture = fixture::picture();
        assert_eq!(nothing_wrong(&app).0, "✓ 3 alarms quiet, every gauge within its target");
        app.picture.series[fixture::QUEUE] = Part::known(crate::platform::Series::default(), fixture::now());
        assert_eq!(nothing_wrong(&app).0, "✓ 3 alarms quiet, 5 of 6 gauges within target, 1 silent");
        app.now += jiff::SignedDuration::from_mins(20);
        assert_eq!(nothing_wrong(&app).0, "3 alarms quiet, no gauge has a number of the last 15 min");
    }

    #[test]
    fn evidence_is_broken_between_its_parts_and_nowhere_else() {
        let whole = "CPU 90 % > 80 % · auto scaling at its maximum of 6";
        let parts = ("CPU 90 % > 80 %".to_owned(), "auto scaling at its maximum of 6".to_owned());
        assert_eq!(split(whole, 30), parts);
        assert_eq!(split("p95 4.5 s > 2.0 s", 12), (String::new(), "p95 4.5 s > 2.0 s".to_owned()));
        assert_eq!(split("short", 16), ("short".to_owned(), String::new()));
    }

    #[test]
    fn no_name_and_no_number_is_cut_beside_blanks_and_the_age_keeps_its_unit() {
        let platform = std::sync::Arc::new(fixture::platform());
        let mut app = App::new(platform, crate::tui::theme::Theme::default(), fixture::now(), (80, 24));
        app.picture = fixture::picture();
        let finding = |title: &str, evidence: &str| Finding {
            id: title.to_owned(),
            severity: Severity::Critical,
            title: title.to_owned(),
            evidence: evidence.to_owned(),
            since: Some(app.now - jiff::SignedDuration::from_mins(10)),
            began: None,
            after: None,
            runbook: Some("rollback".to_owned()),
            advice: None,
            command: None,
            subject: crate::platform::Subject::Platform,
            alarm: None,
            suspect: None,
            gauge: None,
            gauges: Vec::new(),
        };
        let account = finding("this is account 123456789012, not 210987654321", "");
        let alarm = finding("API-HighErrorRate", "ErrorRate Average 12.4 > 5");
        app.findings = vec![account.clone(), alarm.clone()];
        let columns = Columns::of(&app, 78);
        let row = |finding: &Finding, room| {
            let own = laid_out(&app, finding, 78, &columns).0;
            finding_line(&app, finding, &own, room, &columns).to_string()
        };
        assert!(row(&account, 78).contains(&account.title), "{}", row(&account, 78));
        assert!(row(&alarm, 78).contains(&alarm.evidence), "{}", row(&alarm, 78));
        assert_eq!((width(&row(&alarm, 78)), width(&row(&alarm, 77))), (78, 77));
        assert!(row(&alarm, 77).contains(" 10m  → rollback"), "{}", row(&alarm, 77));
    }
}
