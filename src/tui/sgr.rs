//! What a frame writes of colours and attributes, in as few bytes as say the same.
//!
//! crossterm writes the 16 colours of ANSI in the form for 256 (`38;5;1`), which a terminal with 16 need not
//! know, and ends each frame with four resets, which are most of what a tick of the clock would write.

/// Rewrites the colour sequences of one frame. A frame begins and ends with nothing set.
pub(super) fn spare(frame: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(frame.len());
    let mut state = State::default();
    let mut rest = frame;
    while !rest.is_empty() {
        if let Some((parameters, after)) = sequence(rest) {
            state.take(parameters);
            rest = after;
        } else {
            // Up to the next escape: text, or a sequence that is not for here.
            let end = rest.iter().skip(1).position(|byte| *byte == 0x1b).map_or(rest.len(), |at| at + 1);
            let (text, after) = rest.split_at(end);
            // Moving the cursor needs no colour yet.
            if text[0] != 0x1b || !is_motion(text) {
                state.write(&mut out);
            }
            out.extend_from_slice(text);
            rest = after;
        }
    }
    state.write(&mut out);
    out
}

/// The parameters of a sequence that sets colours or attributes, and what follows it.
fn sequence(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let body = bytes.strip_prefix(b"\x1b[")?;
    let end = body.iter().position(|byte| !(byte.is_ascii_digit() || *byte == b';'))?;
    (body[end] == b'm').then_some(())?;
    Some((std::str::from_utf8(&body[..end]).ok()?, &body[end + 1..]))
}

/// A cursor motion and nothing after it.
fn is_motion(text: &[u8]) -> bool {
    text.starts_with(b"\x1b[")
        && text.last() == Some(&b'H')
        && text[2..text.len() - 1].iter().all(|byte| byte.is_ascii_digit() || *byte == b';')
}

/// What is to be said before the next text, and whether anything is set.
#[derive(Default)]
struct State {
    pending: Vec<String>,
    set: bool,
}

impl State {
    fn take(&mut self, parameters: &str) {
        let mut numbers = parameters.split(';');
        while let Some(number) = numbers.next() {
            match number {
                "" | "0" => {
                    self.pending.clear();
                    self.pending.push("0".to_owned());
                }
                "38" | "48" | "58" => {
                    let kind = numbers.next().unwrap_or_default();
                    let count = if kind == "2" { 3 } else { 1 };
                    let values: Vec<&str> = numbers.by_ref().take(count).collect();
                    self.say(colour(number, kind, &values));
                }
                other => self.say(other.to_owned()),
            }
        }
    }

    /// Of two colours for one ground only the later one is said.
    fn say(&mut self, number: String) {
        let of = ground(&number);
        self.pending.retain(|said| *said != number && (of.is_none() || ground(said) != of));
        self.pending.push(number);
    }

    fn write(&mut self, out: &mut Vec<u8>) {
        if self.pending.is_empty() {
            return;
        }
        let mut said = std::mem::take(&mut self.pending);
        let is_reset = |number: &String| matches!(number.as_str(), "0" | "39" | "49" | "59");
        if !self.set {
            // Nothing is set: only what sets something needs to be said.
            let begins = said.iter().position(|number| !is_reset(number)).unwrap_or(said.len());
            said.drain(..begins);
        }
        if said.is_empty() {
            return;
        }
        self.set = match said.as_slice() {
            [only] if only == "0" => false,
            [.., last] if last == "0" => false,
            _ => self.set || said.iter().any(|number| !is_reset(number)),
        };
        // Terminals take no more than 16 numbers at once.
        for some in said.chunks(AT_ONCE) {
            out.extend_from_slice(b"\x1b[");
            out.extend_from_slice(some.join(";").as_bytes());
            out.push(b'm');
        }
    }
}

/// Colours and attributes in one sequence: two colours may be five numbers each.
const AT_ONCE: usize = 6;

/// What a number colours, if it does.
fn ground(number: &str) -> Option<u8> {
    match number.split(';').next().and_then(|first| first.parse().ok()) {
        Some(30..=39 | 90..=97) => Some(3),
        Some(40..=49 | 100..=107) => Some(4),
        Some(58 | 59) => Some(5),
        _ => None,
    }
}

/// A colour, in the form of ANSI where it is one of the 16.
fn colour(ground: &str, kind: &str, values: &[&str]) -> String {
    let index = if kind == "5" { values.first().and_then(|value| value.parse::<u8>().ok()) } else { None };
    match (ground, index) {
        ("38", Some(index @ 0..8)) => (30 + index).to_string(),
        ("38", Some(index @ 8..16)) => (82 + index).to_string(),
        ("48", Some(index @ 0..8)) => (40 + index).to_string(),
        ("48", Some(index @ 8..16)) => (92 + index).to_string(),
        _ => [ground, kind].iter().chain(values).copied().collect::<Vec<_>>().join(";"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use vt100::Parser;

    fn said(frame: &str) -> String {
        String::from_utf8(spare(frame.as_bytes())).unwrap()
    }

    #[test]
    fn a_tick_of_the_clock_is_a_motion_and_a_digit() {
        assert_eq!(said("\x1b[1;77H6\x1b[39m\x1b[49m\x1b[59m\x1b[0m"), "\x1b[1;77H6");
    }

    #[test]
    fn the_colours_of_ansi_are_written_as_every_terminal_knows_them() {
        let reset = "\x1b[39m\x1b[49m\x1b[59m\x1b[0m";
        assert_eq!(said(&format!("\x1b[2;1H\x1b[1m\x1b[38;5;1;49ma{reset}")), "\x1b[2;1H\x1b[1;31;49ma\x1b[0m");
        assert_eq!(said(&format!("\x1b[38;5;8mx\x1b[38;5;244my{reset}")), "\x1b[90mx\x1b[38;5;244my\x1b[0m");
        // What only looks like a colour stays.
        assert_eq!(said("see 38;5;1m"), "see 38;5;1m");
    }

    /// Cells and their looks, as a terminal makes them of bytes.
    fn shown(bytes: &[u8]) -> String {
        let size = |cells| std::num::NonZeroU16::new(cells).unwrap();
        let mut parser = Parser::new(size(3), size(20), 0);
        parser.process(bytes);
        parser.screen().contents_formatted()
    }

    proptest! {
        #[test]
        fn a_terminal_shows_the_same(pieces in proptest::collection::vec((0..12_usize, 0..256_u16), 0..40)) {
            let piece = |(kind, n)| {
                match kind {
                    0 => "\x1b[0m".to_owned(),
                    1 => "\x1b[1m".to_owned(),
                    2 => "\x1b[7m".to_owned(),
                    3 => "\x1b[27m".to_owned(),
                    4 => "\x1b[39m".to_owned(),
                    5 => "\x1b[49m".to_owned(),
                    6 => format!("\x1b[38;5;{n}m"),
                    7 => format!("\x1b[48;5;{n};39m"),
                    8 => format!("\x1b[38;2;{n};1;2m"),
                    9 => format!("\x1b[{};{}H", n % 3 + 1, n % 20 + 1),
                    _ => "ab".to_owned(),
                }
            };
            let frame: String = pieces.into_iter().map(piece).chain(["\x1b[0m".to_owned()]).collect();
            let spared = spare(frame.as_bytes());
            prop_assert!(spared.len() <= frame.len());
            prop_assert_eq!(shown(&spared), shown(frame.as_bytes()));
        }
    }
}
