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

fn short(value: f64) -> String {
    let size = value.abs();
    if size >= 1e6 {
        format!("{:.1}M", value / 1e6)
    } else if size >= 10_000.0 {
        format!("{:.1}k", value / 1e3)
    } else if size >= 10.0 || (value - value.round()).abs() < 0.05 {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    }
}

fn seconds(milliseconds: f64) -> String {
    if milliseconds.abs() < 1_000.0 {
        format!("{milliseconds:.0} ms")
    } else if milliseconds.abs() < 100_000.0 {
        format!("{:.1} s", milliseconds / 1e3)
    } else {
        format!("{:.0} min", milliseconds / 60e3)
    }
}

fn bytes(value: f64) -> String {
    let size = value.abs();
    let (scaled, unit) = if size >= 1e12 {
        (value / 1e12, "TB")
    } else if size >= 1e9 {
        (value / 1e9, "GB")
    } else if size >= 1e6 {
        (value / 1e6, "MB")
    } else if size >= 1e3 {
        (value / 1e3, "kB")
    } else {
        (value, "B")
    };
    format!("{} {unit}", short(scaled))
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
}
