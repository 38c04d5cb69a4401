//! Colours and glyphs, and what becomes of them on terminals that can do less.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style};

use crate::platform::{AlarmState, Level, Severity};

/// How many colours the terminal shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Depth {
    /// None: `NO_COLOR`, or a terminal without. Bold, dim and reverse remain.
    Monochrome,
    /// The 16 of ANSI, in the user's own palette.
    #[default]
    Sixteen,
    /// 256 or more.
    Many,
}

/// How the screen looks. Meaning is carried by the 16 ANSI colours alone, so that a user's dark or
/// light palette stays readable; more depth only buys a better grey.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Theme {
    /// Colours.
    pub depth: Depth,
    /// Only ASCII may be written.
    pub ascii: bool,
}

impl Theme {
    /// What the environment says of the terminal; `lookup` reads a variable.
    pub fn detect(lookup: impl Fn(&str) -> Option<String>) -> Theme {
        let set = |name: &str| lookup(name).filter(|value| !value.is_empty());
        let term = set("TERM").unwrap_or_default();
        let depth = if set("NO_COLOR").is_some() || term.contains("mono") || term == "vt100" || term == "vt220" {
            Depth::Monochrome
        } else if set("COLORTERM").is_some_and(|c| c == "truecolor" || c == "24bit") || term.contains("256") {
            Depth::Many
        } else {
            Depth::Sixteen
        };
        let locale = set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG")).unwrap_or_default();
        let locale = locale.to_ascii_lowercase();
        let utf8 = locale.contains("utf-8") || locale.contains("utf8");
        // The Linux console's font has 512 glyphs, braille and blocks not among them.
        Theme { depth, ascii: !utf8 || term == "linux" }
    }

    /// Text that may be overlooked: labels of axes, ids, hints.
    pub fn muted(self) -> Style {
        match self.depth {
            Depth::Monochrome => Style::new().add_modifier(Modifier::DIM),
            Depth::Sixteen => Style::new().fg(Color::DarkGray),
            // A middle grey is readable on black and on white.
            Depth::Many => Style::new().fg(Color::Indexed(244)),
        }
    }

    /// A key that can be pressed.
    pub fn key(self) -> Style {
        Style::new().fg(Color::Cyan).add_modifier(Modifier::BOLD)
    }

    /// A panel's title.
    pub fn title(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// Where the keys go: the border of the focused panel.
    pub fn focus(self) -> Style {
        Style::new().fg(Color::Cyan)
    }

    /// A value that may be out of date.
    pub fn stale(self) -> Style {
        self.muted().add_modifier(Modifier::DIM)
    }

    /// All is well.
    pub fn well(self) -> Style {
        Style::new().fg(Color::Green)
    }

    /// Of a severity.
    pub fn severity(self, severity: Severity) -> Style {
        match severity {
            Severity::Critical => Style::new().fg(Color::Red).add_modifier(Modifier::BOLD),
            Severity::Warning => Style::new().fg(Color::Yellow),
            // Blue is unreadable on black in the usual palette: a notice is plain.
            Severity::Notice => Style::new(),
        }
    }

    /// Whether a colour is one that [`Theme::severity`] gives to what must not be overlooked.
    pub fn warns(self, colour: Color) -> bool {
        [Severity::Critical, Severity::Warning].iter().any(|s| self.severity(*s).fg == Some(colour))
    }

    /// Of a value that no finding is about, by its stand to its target: colours that warn are those of findings.
    pub fn level(self, level: Option<Level>) -> Style {
        if level == Some(Level::Well) { self.well() } else { Style::new() }
    }

    /// Of an alarm's state; `severity` is how bad it is when it fires.
    pub fn alarm(self, state: AlarmState, severity: Severity) -> Style {
        match state {
            AlarmState::Alarm => self.severity(severity),
            AlarmState::InsufficientData => self.muted(),
            AlarmState::Ok => self.well(),
        }
    }

    /// A glyph that begins a line. In ASCII the tick is a word, because `+` reads as more; the others take its room.
    pub fn mark(self, glyph: &str) -> String {
        match (self.ascii, glyph) {
            (false, glyph) => glyph.to_owned(),
            (true, "✓") => "ok".to_owned(),
            (true, glyph) => format!("{glyph} "),
        }
    }

    /// Text as such a terminal can show it.
    pub fn text(self, text: &str) -> Cow<'_, str> {
        if self.ascii && !text.is_ascii() {
            text.chars().map(|c| if c.is_ascii() { c } else { plain(c) }).collect::<String>().into()
        } else {
            text.into()
        }
    }

    /// Makes a finished frame fit the terminal: the one place that knows what it can't show.
    pub fn reduce(self, buffer: &mut Buffer) {
        if self.depth == Depth::Monochrome {
            for cell in &mut buffer.content {
                cell.fg = Color::Reset;
                cell.bg = Color::Reset;
            }
        }
        if self.ascii {
            for cell in &mut buffer.content {
                if !cell.symbol().is_ascii() {
                    let plain = cell.symbol().chars().next().map_or(' ', plain);
                    cell.set_char(plain);
                }
            }
        }
    }
}

/// The glyph of a severity; it stands beside the colour, never instead of the word.
pub fn glyph(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "▲",
        Severity::Warning => "●",
        Severity::Notice => "○",
    }
}

/// The glyph of an alarm's state.
pub fn alarm_glyph(state: AlarmState) -> &'static str {
    match state {
        AlarmState::Alarm => "▲",
        AlarmState::InsufficientData => "?",
        AlarmState::Ok => "✓",
    }
}

/// The ASCII character that says most nearly the same.
fn plain(c: char) -> char {
    match c {
        '─' | '━' | '–' | '—' | '▄' | '•' => '-',
        '│' | '┃' | '▏' => '|',
        '┌'..='╋' | '╭'..='╰' | '▆' => '+',
        '▲' => '!',
        '●' | '▇' => '*',
        '○' | '…' => '~',
        '·' | '▁' => '.',
        '▂' => ',',
        '▃' => ':',
        '▅' => '=',
        '█' => '#',
        '→' | '▶' | '≥' => '>',
        '←' | '≤' => '<',
        '↑' => '^',
        '↓' | '✓' => 'v',
        'à'..='å' => 'a',
        'À'..='Å' => 'A',
        'ç' => 'c',
        'Ç' => 'C',
        'è'..='ë' => 'e',
        'È'..='Ë' => 'E',
        'ì'..='ï' => 'i',
        'Ì'..='Ï' => 'I',
        'ñ' => 'n',
        'Ñ' => 'N',
        'ò'..='ö' => 'o',
        'Ò'..='Ö' => 'O',
        'ù'..='ü' => 'u',
        'Ù'..='Ü' => 'U',
        // Braille: the more dots, the darker.
        '\u{2800}' => ' ',
        '\u{2801}'..='\u{28ff}' => match (c as u32 - 0x2800).count_ones() {
            1..=2 => '.',
            3..=5 => ':',
            _ => '#',
        },
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detect(environment: &[(&str, &str)]) -> Theme {
        Theme::detect(|name| environment.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
    }

    #[test]
    fn no_color_and_a_locale_that_is_not_utf8_are_obeyed() {
        assert_eq!(
            detect(&[("TERM", "xterm-256color"), ("LANG", "en_US.UTF-8")]),
            Theme { depth: Depth::Many, ascii: false }
        );
        assert_eq!(detect(&[("TERM", "linux"), ("LANG", "C")]), Theme { depth: Depth::Sixteen, ascii: true });
        assert_eq!(detect(&[("NO_COLOR", "1"), ("COLORTERM", "truecolor")]).depth, Depth::Monochrome);
        assert_eq!(
            detect(&[("NO_COLOR", ""), ("COLORTERM", "truecolor")]).depth,
            Depth::Many,
            "an empty NO_COLOR is unset"
        );
        assert!(detect(&[("LANG", "en_US.UTF-8"), ("LC_ALL", "C")]).ascii, "LC_ALL wins");
    }

    #[test]
    fn in_ascii_well_is_a_word_and_a_charts_target_is_not_drawn_as_its_data() {
        let ascii = Theme { ascii: true, ..Theme::default() };
        assert_eq!((ascii.mark("✓").as_str(), ascii.mark("▲").as_str()), ("ok", "▲ "));
        assert_eq!(Theme::default().mark("✓"), "✓");
        assert!(('\u{2801}'..='\u{28ff}').all(|curve| plain(curve) != plain('•')));
    }

    #[test]
    fn an_ascii_terminal_gets_only_ascii() {
        let mut buffer = Buffer::with_lines(["plantão │ ▲ 日本 ⣿⠁ … é́ ≥ 5"]);
        Theme { ascii: true, ..Theme::default() }.reduce(&mut buffer);
        assert!(buffer.content.iter().all(|cell| cell.symbol().is_ascii()), "{buffer:?}");
        assert_eq!(Theme { ascii: true, ..Theme::default() }.text("plantão · 4–6\n"), "plantao . 4-6\n");
    }
}
