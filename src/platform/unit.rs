//! The unit of a gauge, and how its values are written.

use serde::{Deserialize, Serialize};

/// What a gauge's numbers count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// 0 to 100.
    Percent,
    /// Things.
    #[default]
    Count,
    /// Bytes; written in powers of 1,000, as AWS's storage prices and alarms are.
    Bytes,
    /// Milliseconds.
    Milliseconds,
    /// Seconds.
    Seconds,
    /// Things a second.
    PerSecond,
}

impl Unit {
    /// A value with its unit, short enough for a table cell: `91 %`, `11.5 GB`, `240 ms`, `1.2 s`.
    pub fn show(self, value: f64) -> String {
        if !value.is_finite() {
            return "?".to_owned();
        }
        match self {
            Unit::Percent => format!("{} %", short(value)),
            Unit::Count => short(value),
            Unit::PerSecond => format!("{}/s", short(value)),
            Unit::Seconds => seconds(value * 1_000.0),
            Unit::Milliseconds => seconds(value),
            Unit::Bytes => bytes(value),
        }
    }

    /// A value and what it is compared with, with as many digits as tell them apart: `1.96 GB` and `2 GB`.
    pub fn show_apart(self, value: f64, border: f64) -> (String, String) {
        let (shown, limit) = (self.show(value), self.show(border));
        if shown != limit || !value.is_finite() {
            return (shown, limit);
        }
        let (scale, unit) = match self {
            Unit::Percent => (1.0, " %"),
            Unit::Count => (scale_of(value), letter(scale_of(value))),
            Unit::PerSecond => (1.0, "/s"),
            Unit::Seconds | Unit::Milliseconds => time_scale(if self == Unit::Seconds { 1e3 } else { 1.0 }, value),
            Unit::Bytes => byte_scale(value),
        };
        let with = |digits: usize, value: f64| format!("{:.digits$}", value / scale);
        match (1..=DIGITS).find(|digits| with(*digits, value) != with(*digits, border)) {
            Some(digits) => (format!("{}{unit}", with(digits, value)), limit),
            None => (shown, limit),
        }
    }

    /// A value written with a unit of its own, in this unit: `2 GB` for [`Unit::Bytes`] is 2e9.
    ///
    /// `None` if the text is no number or its unit measures something else.
    pub fn read(self, text: &str) -> Option<f64> {
        let text = text.trim();
        let digits = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '_'))).unwrap_or(text.len());
        let (number, suffix) = text.split_at(digits);
        let number: f64 = number.replace('_', "").parse().ok()?;
        let factor = match (self, suffix.trim()) {
            (_, "")
            | (Unit::Percent, "%")
            | (Unit::Milliseconds, "ms")
            | (Unit::Seconds, "s")
            | (Unit::PerSecond, "/s")
            | (Unit::Bytes, "B") => 1.0,
            (Unit::Milliseconds, "s") | (Unit::Bytes, "kB") => 1e3,
            (Unit::Seconds, "ms") => 1e-3,
            (Unit::Seconds, "min") => 60.0,
            (Unit::Bytes, "MB") => 1e6,
            (Unit::Bytes, "GB") => 1e9,
            (Unit::Bytes, "TB") => 1e12,
            (Unit::Bytes, "MiB") => f64::from(1 << 20),
            (Unit::Bytes, "GiB") => f64::from(1 << 30),
            _ => return None,
        };
        Some(number * factor)
    }
}

/// More digits than these tell nobody anything.
const DIGITS: usize = 4;

fn short(value: f64) -> String {
    let size = value.abs();
    if size >= 10_000.0 {
        let scale = scale_of(value);
        format!("{:.1}{}", value / scale, letter(scale))
    } else if size >= 10.0 || (value - value.round()).abs() < 0.05 {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    }
}

/// By what a large number of things is divided …
fn scale_of(value: f64) -> f64 {
    match value.abs() {
        1e6.. => 1e6,
        10_000.0.. => 1e3,
        _ => 1.0,
    }
}

/// … and the letter that says so.
fn letter(scale: f64) -> &'static str {
    if scale >= 1e6 {
        "M"
    } else if scale >= 1e3 {
        "k"
    } else {
        ""
    }
}

/// By what a time is divided, and in what it then is; `milliseconds` is how many of them the value's unit has.
fn time_scale(milliseconds: f64, value: f64) -> (f64, &'static str) {
    match (value * milliseconds).abs() {
        100_000.0.. => (60e3 / milliseconds, " min"),
        1_000.0.. => (1e3 / milliseconds, " s"),
        _ => (1.0 / milliseconds, " ms"),
    }
}

fn seconds(milliseconds: f64) -> String {
    let (scale, unit) = time_scale(1.0, milliseconds);
    let digits = usize::from(unit == " s");
    format!("{:.digits$}{unit}", milliseconds / scale)
}

fn byte_scale(value: f64) -> (f64, &'static str) {
    match value.abs() {
        1e12.. => (1e12, " TB"),
        1e9.. => (1e9, " GB"),
        1e6.. => (1e6, " MB"),
        1e3.. => (1e3, " kB"),
        _ => (1.0, " B"),
    }
}

fn bytes(value: f64) -> String {
    let (scale, unit) = byte_scale(value);
    format!("{}{unit}", short(value / scale))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_written_as_a_person_would() {
        assert_eq!(Unit::Percent.show(91.2), "91 %");
        assert_eq!(Unit::Percent.show(0.42), "0.4 %");
        assert_eq!(Unit::Bytes.show(11.5e9), "12 GB");
        assert_eq!(Unit::Bytes.show(1.9e9), "1.9 GB");
        assert_eq!(Unit::Milliseconds.show(240.0), "240 ms");
        assert_eq!(Unit::Milliseconds.show(1_250.0), "1.2 s");
        assert_eq!(Unit::Count.show(38.0), "38");
        assert_eq!(Unit::Count.show(f64::NAN), "?");
    }

    #[test]
    fn a_target_may_be_written_in_a_related_unit() {
        assert_eq!(Unit::Milliseconds.read("2 s"), Some(2_000.0));
        assert_eq!(Unit::Bytes.read("2 GB"), Some(2e9));
        assert_eq!(Unit::Percent.read("65"), Some(65.0));
        assert_eq!(Unit::Percent.read("65 ms"), None);
        assert_eq!(Unit::Count.read("many"), None);
    }

    #[test]
    fn a_breach_never_reads_as_the_limit_beside_itself() {
        let apart = |unit: Unit, value, border| {
            let (shown, limit) = unit.show_apart(value, border);
            format!("{shown}, limit {limit}")
        };
        assert_eq!(apart(Unit::Bytes, 1.96e9, 2e9), "1.96 GB, limit 2 GB");
        assert_eq!(apart(Unit::Bytes, 1.9999e9, 2e9), "1.9999 GB, limit 2 GB");
        assert_eq!(apart(Unit::Percent, 80.3, 80.0), "80.3 %, limit 80 %");
        assert_eq!(apart(Unit::Milliseconds, 300.4, 300.0), "300.4 ms, limit 300 ms");
        assert_eq!(apart(Unit::Seconds, 2.04, 2.0), "2.04 s, limit 2.0 s");
        assert_eq!(apart(Unit::Count, 20_020.0, 20_000.0), "20.02k, limit 20.0k");
        assert_eq!(apart(Unit::Bytes, 1e9, 2e9), "1 GB, limit 2 GB");
        assert_eq!(apart(Unit::Count, 80.0, 80.0), "80, limit 80");
    }
}
