//! Text from elsewhere made fit for a screen, and times as people say them.

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};

/// The text without anything that a terminal would obey or that would reorder a line: control
/// characters become spaces (so that words stay apart) or `·`, and bidirectional and invisible
/// format characters are dropped.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| c.is_control() || is_format(c)) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_whitespace() {
            clean.push(' ');
        } else if c.is_control() {
            clean.push('·');
        } else if !is_format(c) {
            clean.push(c);
        }
    }
    Cow::Owned(clean)
}

/// One word of a shell's command, whatever is in it.
pub fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@=+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// A zone without its region, for where there is little room: `1a` of `us-east-1a`.
pub fn zone_in_region(zone: &str) -> &str {
    zone.rsplit('-').next().unwrap_or(zone)
}

/// At most so many characters, with an ellipsis where some are left out.
pub fn shortened(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// Bidirectional controls, zero-width characters other than joiners, tags, and the byte order mark.
fn is_format(c: char) -> bool {
    matches!(c,
        '\u{061c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// A duration in its two largest units: `45s`, `1m12s`, `8m`, `3h04m`, `2d5h`, `41d`.
pub fn duration(duration: SignedDuration) -> String {
    let seconds = duration.as_secs().max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    if seconds < 60 {
        format!("{seconds}s")
    } else if minutes < 5 {
        format!("{minutes}m{:02}s", seconds % 60)
    } else if minutes < 60 {
        format!("{minutes}m")
    } else if hours < 24 {
        format!("{hours}h{:02}m", minutes % 60)
    } else if days < 7 {
        format!("{days}d{}h", hours % 24)
    } else {
        format!("{days}d")
    }
}

/// How long ago an instant is, as [`duration()`] writes it. An instant in the future is `0s` ago.
pub fn age(then: Timestamp, now: Timestamp) -> String {
    duration(now.duration_since(then))
}

/// `03:12:45`, in UTC as CloudWatch and ECS speak.
pub fn time(at: Timestamp) -> String {
    at.strftime("%H:%M:%S").to_string()
}

/// `03:12`, in UTC.
pub fn minute(at: Timestamp) -> String {
    at.strftime("%H:%M").to_string()
}

/// `03:12` of the last 24 hours, `11-23` of before, in UTC.
pub fn moment(at: Timestamp, now: Timestamp) -> String {
    if is_of_a_day(at, now) { minute(at) } else { at.strftime("%m-%d").to_string() }
}

/// `03:12:45` of the last 24 hours, `11-23 03:12` of before, in UTC.
pub fn moment_in_full(at: Timestamp, now: Timestamp) -> String {
    if is_of_a_day(at, now) { time(at) } else { at.strftime("%m-%d %H:%M").to_string() }
}

/// The time of day tells it: midnight, which may be a minute ago, does not end a night on call.
fn is_of_a_day(at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(at).abs() < SignedDuration::from_hours(24)
}

/// [`age`] to the minute, for what is read again and again: it changes, and is written, once a minute.
pub fn rough_age(then: Timestamp, now: Timestamp) -> String {
    let age = now.duration_since(then);
    if age < SignedDuration::from_mins(1) {
        "<1m".to_owned()
    } else if age < SignedDuration::from_mins(60) {
        format!("{}m", age.as_mins())
    } else {
        duration(age)
    }
}

/// `2026-11-24 03:12Z`.
pub fn date(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%MZ").to_string()
}

/// The candidate that was probably meant: the nearest one that is near enough, or that the word abbreviates.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, candidate)| {
            *distance <= (candidate.chars().count() / 3).max(1) || (word.len() > 2 && candidate.starts_with(word))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_carry_a_terminal_escape() {
        assert_eq!(printable("a\u{1b}[2Jb\nc\u{9b}d"), "a·[2Jb c·d");
        assert_eq!(printable("safe\u{202e}evil"), "safeevil");
        assert!(matches!(printable("plantão 日本 👩\u{200d}🚒"), Cow::Borrowed(_)));
    }

    #[test]
    fn durations_keep_two_units() {
        let d = |s| duration(SignedDuration::from_secs(s));
        assert_eq!((d(45), d(72), d(480), d(11_040)), ("45s".into(), "1m12s".into(), "8m".into(), "3h04m".into()));
        assert_eq!((d(190_800), d(3_600_000), d(-5)), ("2d5h".into(), "41d".into(), "0s".into()));
    }

    #[test]
    fn what_happened_just_before_midnight_keeps_its_time_of_day() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let now = at("2026-11-26T00:01:00Z");
        assert_eq!(moment(at("2026-11-25T23:56:10Z"), now), "23:56");
        assert_eq!(moment_in_full(at("2026-11-25T23:56:10Z"), now), "23:56:10");
        assert_eq!(moment(at("2026-11-25T00:00:00Z"), now), "11-25");
        assert_eq!(moment_in_full(at("2026-11-23T03:12:00Z"), now), "11-23 03:12");
    }

    #[test]
    fn a_misspelt_word_finds_its_neighbour_and_a_strange_one_finds_none() {
        assert_eq!(nearest("servce", ["service", "database"]), Some("service"));
        assert_eq!(nearest("warn", ["critical", "warning", "notice"]), Some("warning"));
        assert_eq!(nearest("gauge", ["service", "database"]), None);
    }
}
