//! What a gauge should be, and how far it is from that.

use std::fmt;

use serde::Serialize;

use super::Unit;

/// The side of a value on which all is well.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// Well while the gauge is below.
    Below(f64),
    /// Well while the gauge is above.
    Above(f64),
}

/// How a value stands to its target. Ordered from well to wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// On the right side, with room.
    Well,
    /// On the right side, within a tenth of the target.
    Near,
    /// On the wrong side.
    Past,
}

impl Target {
    /// Reads `< 300 ms` or `> 2 GB` for a gauge of this unit; `None` if it is neither.
    pub fn read(text: &str, unit: Unit) -> Option<Target> {
        let text = text.trim();
        if let Some(rest) = text.strip_prefix('<') {
            unit.read(rest).map(Target::Below)
        } else {
            text.strip_prefix('>').and_then(|rest| unit.read(rest)).map(Target::Above)
        }
    }

    /// The number on the border.
    pub fn border(self) -> f64 {
        match self {
            Target::Below(border) | Target::Above(border) => border,
        }
    }

    /// How a value stands to this target.
    pub fn level(self, value: f64) -> Level {
        match self {
            Target::Below(border) if value >= border => Level::Past,
            Target::Below(border) if value >= border * 0.9 => Level::Near,
            Target::Above(border) if value <= border => Level::Past,
            Target::Above(border) if value <= border * 1.1 => Level::Near,
            _ => Level::Well,
        }
    }

    /// `< 65 %`, `> 2 GB`.
    pub fn show(self, unit: Unit) -> String {
        format!("{self} {}", unit.show(self.border()))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Target::Below(_) => "<",
            Target::Above(_) => ">",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_at_its_border_is_past_it() {
        let cpu = Target::Below(65.0);
        assert_eq!(cpu.level(30.0), Level::Well);
        assert_eq!(cpu.level(60.0), Level::Near);
        assert_eq!(cpu.level(65.0), Level::Past);
        let storage = Target::Above(2e9);
        assert_eq!(storage.level(11e9), Level::Well);
        assert_eq!(storage.level(2.1e9), Level::Near);
        assert_eq!(storage.level(2e9), Level::Past);
    }

    #[test]
    fn a_target_is_read_as_it_is_written() {
        assert_eq!(Target::read("< 300 ms", Unit::Milliseconds), Some(Target::Below(300.0)));
        assert_eq!(Target::read("> 2 GB", Unit::Bytes), Some(Target::Above(2e9)));
        assert_eq!(Target::read("65", Unit::Percent), None);
        assert_eq!(Target::Above(2e9).show(Unit::Bytes), "> 2 GB");
    }
}
