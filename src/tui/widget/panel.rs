//! A titled frame that shares its borders with its neighbours.

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::{Layout, Rect, Spacing};
use ratatui::symbols::merge::MergeStrategy;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph, Widget};

use crate::platform::{Part, SPAN, text};
use crate::tui::text::{fit, width};
use crate::tui::theme::Theme;

/// Cuts an area so that neighbours share the line between them.
pub fn overlap<const N: usize>(layout: Layout, area: Rect) -> [Rect; N] {
    layout.spacing(Spacing::Overlap(1)).areas(area)
}

/// Draws the frame and gives the room inside. `note` stands at the right end of the title line.
pub fn panel(title: &str, note: &Line<'_>, focused: bool, theme: Theme, area: Rect, buffer: &mut Buffer) -> Rect {
    let room = usize::from(area.width.saturating_sub(4));
    let title = fit(title, room);
    let block = Block::bordered()
        .merge_borders(MergeStrategy::Exact)
        .title(Line::from(Span::styled(format!(" {title} "), if focused { theme.focus() } else { theme.title() })));
    let inner = block.inner(area);
    block.render(area, buffer);
    let free = room.saturating_sub(width(&title) + 3);
    let note = match note.spans.as_slice() {
        // What is wrong is cut rather than left out.
        [only] if note.width() > free => Line::styled(fit(&only.content, free), only.style.patch(note.style)),
        _ => note.clone(),
    };
    let note_width = note.width();
    if note_width > 0 && note_width <= free {
        let x = area.right().saturating_sub(2 + note_width as u16 + 1);
        let mut line = Line::from(" ").style(note.style);
        line.extend(note.spans);
        line.push_span(" ");
        buffer.set_line(x, area.y, &line, note_width as u16 + 2);
    }
    if focused {
        // Recoloured, not redrawn: the corners are shared.
        for x in area.left()..area.right() {
            mark(buffer, x, area.y, theme);
            mark(buffer, x, area.bottom().saturating_sub(1), theme);
        }
        for y in area.top()..area.bottom() {
            mark(buffer, area.x, y, theme);
            mark(buffer, area.right().saturating_sub(1), y, theme);
        }
    }
    inner
}

/// From here on a number has room for a word beside it.
const ROOM_FOR_WORDS: usize = 60;

/// Draws lines that are made for so many columns. Nobody may take those that have room for all: the last of them ends with
/// how many more there are.
pub fn fill(theme: Theme, area: Rect, buffer: &mut Buffer, lines: impl Fn(usize) -> Vec<Line<'static>>) {
    let columns = usize::from(area.width);
    let mut shown = lines(columns);
    let hidden = shown.len().saturating_sub(usize::from(area.height));
    if hidden > 0
        && let Some(last) = usize::from(area.height).checked_sub(1)
    {
        let word = if columns < ROOM_FOR_WORDS { "" } else { " more" };
        let more = format!("+{hidden}{word}");
        let left = columns.saturating_sub(width(&more) + 1);
        shown[last] = lines(left).swap_remove(last);
        let gap = " ".repeat(columns.saturating_sub(shown[last].width() + width(&more)));
        shown[last].extend([Span::raw(gap), Span::styled(more, theme.key())]);
    }
    Paragraph::new(shown).render(area, buffer);
}

fn mark(buffer: &mut Buffer, x: u16, y: u16, theme: Theme) {
    if let Some(cell) = buffer.cell_mut((x, y))
        && cell.symbol().chars().all(|c| ('─'..='╋').contains(&c))
    {
        cell.set_style(theme.focus());
    }
}

/// How far back a panel's sparklines go, for the end of its title line where nothing is wrong with the rest of it.
pub fn or_span(note: Line<'static>, theme: Theme) -> Line<'static> {
    if note.width() > 0 { note } else { Line::styled(format!("last {} h", SPAN.as_hours()), theme.muted()) }
}

/// What is wrong with a part, for the end of a panel's title line: nothing while it is live,
/// its age when it is older than it should be, and why.
pub fn say_trouble<T>(part: &Part<T>, now: Timestamp, theme: Theme) -> Line<'static> {
    let age = part.stale_age(now).map(|age| format!("{} old", text::duration(age)));
    let style = theme.severity(crate::platform::Severity::Warning);
    match (part.trouble(), age) {
        (None, None) if part.is_pending() => Line::styled("asking…", theme.muted()),
        (None, None) => Line::default(),
        (None, Some(age)) => Line::styled(age, style),
        (Some(trouble), age) => {
            let age = age.map(|age| format!("{age}: ")).unwrap_or_default();
            Line::styled(format!("{age}{}", fit(&trouble.why, 60)), style)
        }
    }
}
