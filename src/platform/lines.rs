//! Lines that fit a width, and text that a terminal will not obey.

use std::fmt::Write as _;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::text::printable;

/// Breaks text between words, or within one that is wider than a line. Every line begins with the
/// indent; the first one begins with `first` in its place.
pub fn wrap(first: &str, indent: usize, text: &str, width: usize) -> String {
    let room = width.saturating_sub(indent).max(1);
    let mut lines: Vec<String> = vec![String::new()];
    let mut used = 0;
    for word in printable(text).split_whitespace() {
        let needed = word.width() + usize::from(used > 0);
        if used > 0 && used + needed > room {
            lines.push(String::new());
            used = 0;
        }
        let Some(mut line) = lines.pop() else { continue };
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        for grapheme in word.graphemes(true) {
            let wide = grapheme.width();
            if used + wide > room && used > 0 {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push_str(grapheme);
            used += wide;
        }
        lines.push(line);
    }
    let mut shown = String::new();
    for (i, line) in lines.iter().enumerate() {
        let start = if i == 0 { first } else { "" };
        let padding = " ".repeat(indent.saturating_sub(start.width()));
        let _ = writeln!(shown, "{}", format!("{start}{padding}{line}").trim_end());
    }
    shown
}

/// The text cut to a width, with `..` where it was cut.
pub fn cut(text: &str, width: usize) -> String {
    let text = printable(text);
    if text.width() <= width {
        return text.into_owned();
    }
    let mut shown = String::new();
    let mut used = 2;
    for grapheme in text.graphemes(true) {
        used += grapheme.width();
        if used > width {
            break;
        }
        shown.push_str(grapheme);
    }
    shown + ".."
}

/// Rows of cells in columns as wide as they need to be; the last one takes what is left of the line.
#[derive(Default)]
pub struct Table(Vec<Vec<String>>);

impl Table {
    /// Adds a row.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.0.push(cells.into_iter().map(|cell| printable(&cell).into_owned()).collect());
    }

    /// The rows, each within the width. No column but the last is wider than `most`.
    pub fn show(&self, indent: usize, most: usize, width: usize) -> String {
        let columns = self.0.iter().map(Vec::len).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns)
            .map(|i| self.0.iter().filter_map(|row| row.get(i)).map(|cell| cell.width()).max().unwrap_or(0).min(most))
            .collect();
        let mut shown = String::new();
        for row in &self.0 {
            let mut line = " ".repeat(indent);
            for (i, cell) in row.iter().enumerate() {
                let left = width.saturating_sub(line.width());
                let last = i + 1 == row.len();
                let room = if last { left } else { widths[i].min(left) };
                let cell = cut(cell, room);
                let padding = if last { 0 } else { room.saturating_sub(cell.width()) + 2 };
                let _ = write!(line, "{cell}{}", " ".repeat(padding));
            }
            let _ = writeln!(shown, "{}", line.trim_end());
        }
        shown
    }
}

/// JSON text in which no character can command a terminal: JSON itself escapes only the first 32.
pub fn escape(json: &str) -> String {
    let mut clean = String::with_capacity(json.len());
    let mut buffer = [0; 4];
    for c in json.chars() {
        if c == '\n' || matches!(printable(c.encode_utf8(&mut buffer)), std::borrow::Cow::Borrowed(_)) {
            clean.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(clean, "\\u{unit:04x}");
            }
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_kept_whole_unless_they_are_wider_than_the_line() {
        assert_eq!(wrap("* ", 2, "one two three", 9), "* one two\n  three\n");
        assert_eq!(wrap("", 0, "abcdefgh", 3), "abc\ndef\ngh\n");
        assert_eq!(wrap("", 0, "日本語", 4), "日本\n語\n");
        assert_eq!(wrap("x", 2, "", 10), "x\n");
    }

    #[test]
    fn what_is_wide_only_together_does_not_pass_the_line() {
        let keycap = "0\u{fe0f}";
        assert_eq!(wrap("", 0, &keycap.repeat(3), 4), format!("{}\n{keycap}\n", keycap.repeat(2)));
        assert_eq!(cut(&keycap.repeat(3), 5), format!("{keycap}.."));
    }

    #[test]
    fn a_table_never_passes_its_width() {
        let mut table = Table::default();
        table.row(["a".repeat(300), "b".repeat(300), "c".repeat(300)]);
        table.row(["日本".repeat(40), String::new(), "x\u{1b}[2J".to_owned()]);
        for line in table.show(2, 24, 80).lines() {
            assert!(line.width() <= 80, "{line}");
            assert!(!line.contains('\u{1b}'));
        }
    }

    #[test]
    fn json_stays_json_and_cannot_command_a_terminal() {
        let text = "a\u{9b}2J\u{202e}b\u{e0041}\n";
        let json = escape(&serde_json::to_string(text).unwrap());
        assert!(json.is_ascii(), "{json}");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }
}
