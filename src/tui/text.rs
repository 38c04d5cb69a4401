//! Text cut and padded to columns of the screen.

use tui_input::Input;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::platform::text::printable;

/// How many columns a text takes once it is printable.
pub fn width(text: &str) -> usize {
    printable(text).width()
}

/// The text, printable, in at most `columns` columns; what is cut is marked by `…`.
pub fn fit(text: &str, columns: usize) -> String {
    let clean = printable(text);
    if clean.width() <= columns {
        return clean.into_owned();
    }
    if columns == 0 {
        return String::new();
    }
    let mut cut = String::new();
    let mut used = 0;
    for grapheme in clean.graphemes(true) {
        let wide = grapheme.width();
        if used + wide > columns - 1 {
            break;
        }
        used += wide;
        cut.push_str(grapheme);
    }
    cut.push('…');
    cut
}

/// The part of a line being typed that is in sight, and the cursor's column in it.
pub fn typed(input: &Input, columns: usize) -> (String, usize) {
    let scroll = input.visual_scroll(columns.saturating_sub(1).max(1));
    let mut hidden = 0;
    let shown: String = input
        .value()
        .graphemes(true)
        .skip_while(|grapheme| {
            let hides = hidden < scroll;
            hidden += if hides { grapheme.width() } else { 0 };
            hides
        })
        .collect();
    (fit(&shown, columns), input.visual_cursor().saturating_sub(hidden))
}

/// [`fit`], padded with spaces to exactly `columns`.
pub fn pad(text: &str, columns: usize) -> String {
    let mut padded = fit(text, columns);
    padded.extend(std::iter::repeat_n(' ', columns.saturating_sub(padded.width())));
    padded
}

/// [`fit`], padded with spaces on the left to exactly `columns`.
pub fn pad_left(text: &str, columns: usize) -> String {
    let fitted = fit(text, columns);
    let mut padded = " ".repeat(columns.saturating_sub(fitted.width()));
    padded.push_str(&fitted);
    padded
}

/// The text, printable, broken at spaces into lines of at most `columns` columns. A word that is
/// longer is broken anywhere.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    if columns == 0 {
        return Vec::new();
    }
    let clean = printable(text);
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in words(&clean) {
        let wide = word.width();
        if used + wide <= columns {
            push(&mut lines, &mut used, word, wide);
        } else if word.trim().is_empty() {
            lines.push(String::new());
            used = 0;
        } else {
            if used > 0 {
                lines.push(String::new());
                used = 0;
            }
            for grapheme in word.graphemes(true) {
                // One that is wider than a whole line can't be shown; some scripts have those.
                let grapheme = if grapheme.width() > columns { "…" } else { grapheme };
                let wide = grapheme.width();
                if used + wide > columns {
                    lines.push(String::new());
                    used = 0;
                }
                push(&mut lines, &mut used, grapheme, wide);
            }
        }
    }
    lines
}

/// Words and the spaces between them, each a piece.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(' ').flat_map(|piece| {
        let word = piece.strip_suffix(' ').unwrap_or(piece);
        [word, &piece[word.len()..]].into_iter().filter(|part| !part.is_empty())
    })
}

fn push(lines: &mut [String], used: &mut usize, piece: &str, wide: usize) {
    if let Some(line) = lines.last_mut() {
        line.push_str(piece);
        *used += wide;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_wide_name_never_pushes_its_neighbour() {
        assert_eq!(pad("日本語", 5), "日本…");
        assert_eq!(pad("日本語", 4), "日… ");
        assert_eq!(pad("ok", 4), "ok  ");
        assert_eq!(pad_left("7", 3), "  7");
        assert_eq!(fit("\u{1b}[2J", 10), "·[2J");
    }

    #[test]
    fn whoever_types_a_long_reason_in_a_wide_script_sees_its_end_and_the_cursor() {
        let reason = "障害".repeat(20);
        assert_eq!(typed(&Input::new(format!("{reason}x")), 11), ("害障害障害x".chars().skip(1).collect(), 9));
        assert_eq!(typed(&Input::new("short".to_owned()), 11), ("short".to_owned(), 5));
        assert_eq!(typed(&Input::new("abcdefghijkl".to_owned()), 6), ("hijkl".to_owned(), 5));
    }

    #[test]
    fn a_line_breaks_between_words_not_within_a_name() {
        let lines = wrap("ecs throttles (ecs:DescribeServices) see assets/iam/read.json", 22);
        assert_eq!(lines, ["ecs throttles ", "(ecs:DescribeServices)", "see ", "assets/iam/read.json"]);
    }

    proptest! {
        #[test]
        fn nothing_is_ever_wider_than_its_column(text in "\\PC{0,60}|.{0,60}", columns in 0usize..40) {
            prop_assert!(fit(&text, columns).width() <= columns);
            prop_assert_eq!(pad(&text, columns).width(), columns);
            // One wide character can't be broken to fit one column.
            for line in wrap(&text, columns.max(2)) {
                prop_assert!(line.width() <= columns.max(2), "{:?}", line);
            }
        }
    }
}
