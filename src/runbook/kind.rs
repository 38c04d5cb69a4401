//! What a value may be: of a parameter, of an action's field, and of what a template names.

use jiff::SignedDuration;
use serde::Serialize;

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A whole number.
    Integer,
    /// Any text on one line.
    Text,
    /// `true` or `false`.
    Boolean,
    /// One of several words.
    Choice,
    /// A span of time: `90s`, `10m`, `1h30m`.
    Duration,
    /// An instant to come: a time of day in UTC (`14:30`) or a span from now (`2h`).
    Moment,
    /// A revision of the service's task definition: `42`.
    Revision,
    /// A container image: a tag or a digest of the service's repository.
    Image,
    /// Tables of the database: `public.events`.
    Tables,
    /// A file or folder on this machine.
    Path,
    /// `http://…` or `https://…`.
    Url,
}

impl Kind {
    /// The kinds that a parameter may have, as they are written in `type`.
    pub const OF_PARAMS: [Kind; 10] = [
        Kind::Integer,
        Kind::Text,
        Kind::Boolean,
        Kind::Choice,
        Kind::Duration,
        Kind::Moment,
        Kind::Revision,
        Kind::Image,
        Kind::Tables,
        Kind::Path,
    ];

    /// As it is written in a runbook.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Integer => "integer",
            Kind::Text => "text",
            Kind::Boolean => "boolean",
            Kind::Choice => "choice",
            Kind::Duration => "duration",
            Kind::Moment => "moment",
            Kind::Revision => "revision",
            Kind::Image => "image",
            Kind::Tables => "tables",
            Kind::Path => "path",
            Kind::Url => "url",
        }
    }

    /// `an integer`, `a choice`.
    pub(super) fn with_article(self) -> String {
        let article = if matches!(self, Kind::Integer | Kind::Image) { "an" } else { "a" };
        match self {
            Kind::Text | Kind::Tables => self.word().to_owned(),
            _ => format!("{article} {}", self.word()),
        }
    }

    /// How a value of this kind is written.
    pub(super) fn example(self) -> &'static str {
        match self {
            Kind::Integer => "a whole number, without quotes",
            Kind::Text => "text, in quotes",
            Kind::Boolean => "true or false, without quotes",
            Kind::Choice => "one of the choices, in quotes",
            Kind::Duration => "a time span, in quotes: \"90s\", \"10m\", \"1h30m\"",
            Kind::Moment => "a time of day in UTC or a span of at most 7 days from now, in quotes: \"14:30\", \"2h\"",
            Kind::Revision => "a revision's number, in quotes: \"42\"",
            Kind::Image => "a tag or digest, in quotes: \"a1b2c3d\", \"sha256:…\"",
            Kind::Tables => "names of tables: [\"public.events\"]",
            Kind::Path => "a path, in quotes",
            Kind::Url => "an address, in quotes, that begins with https:// or http://",
        }
    }

    /// A value of this kind may stand where the other is wanted.
    pub(super) fn fits(self, wanted: Kind) -> bool {
        // Lists are no text; all else can be written as one.
        self == wanted || (wanted == Kind::Text && self != Kind::Tables)
    }
}

/// A value that is written out in a runbook.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Literal {
    /// A whole number.
    Integer(i64),
    /// Any other single value, as written.
    Text(String),
    /// `true` or `false`.
    Boolean(bool),
    /// A span of time.
    Duration(SignedDuration),
    /// Several texts.
    List(Vec<String>),
}

/// A run holds what it holds for this long at most: credentials, machines and memories last no longer.
pub const LONGEST_HOLD: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Reads `90s`, `10m`, `1h30m`, `2d`; `None` if it is none, is zero, or is longer than 30 days.
pub fn duration(text: &str) -> Option<SignedDuration> {
    let mut seconds: i64 = 0;
    let mut rest = text.trim();
    let mut last = i64::MAX;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit()).filter(|end| (1..=9).contains(end))?;
        let number: i64 = rest[..end].parse().ok()?;
        let unit = match rest.as_bytes()[end] {
            b's' => 1,
            b'm' => 60,
            b'h' => 3_600,
            b'd' => 86_400,
            _ => return None,
        };
        // Largest unit first, each once: "5s1h" is more likely a slip than a time.
        if unit >= last {
            return None;
        }
        last = unit;
        seconds = seconds.checked_add(number.checked_mul(unit)?)?;
        rest = &rest[end + 1..];
    }
    (1..=30 * 86_400).contains(&seconds).then(|| SignedDuration::from_secs(seconds))
}

/// `14:30`, or a [`duration()`].
pub(super) fn is_moment(text: &str) -> bool {
    let time = text.trim().split_once(':').is_some_and(|(hours, minutes)| {
        let number = |digits: &str, most: u8| {
            digits.len() == 2 && digits.parse::<u8>().is_ok_and(|n| n <= most) && !digits.starts_with('+')
        };
        number(hours, 23) && number(minutes, 59)
    });
    time || duration(text).is_some_and(|span| span <= LONGEST_HOLD)
}

/// A table's name, alone or with its schema, as PostgreSQL allows it without quotes or with any.
pub(super) fn is_table(text: &str) -> bool {
    !text.is_empty() && text.len() <= 255 && !text.chars().any(|c| c.is_control() || c == '"' || c == '\0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_span_is_read_as_people_write_it_and_a_slip_is_none() {
        let seconds = |text| duration(text).map(|d| d.as_secs());
        assert_eq!((seconds("90s"), seconds("10m"), seconds("1h30m")), (Some(90), Some(600), Some(5_400)));
        for slip in ["", "10", "m", "5s1h", "10m5m", "0s", "31d", "-5m", "10 m", "99999999999h", "1é"] {
            assert_eq!(seconds(slip), None, "{slip}");
        }
    }

    #[test]
    fn a_moment_is_a_time_of_day_or_a_span() {
        assert!(is_moment("14:30") && is_moment("2h") && is_moment("00:00") && is_moment("7d"));
        for slip in ["8d", "24:00", "14:60", "1430", "+1:30", "14:3", "tomorrow"] {
            assert!(!is_moment(slip), "{slip}");
        }
    }
}
