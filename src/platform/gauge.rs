//! One measured series: what it is called, what CloudWatch calls it, its unit and its target.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::{Target, Unit};

/// Whose gauge it is. Indexes point into [`super::Platform::services`] and
/// [`super::Platform::databases`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// One service.
    Service(usize),
    /// One database.
    Database(usize),
    /// The platform as a whole.
    Platform,
}

/// What a standard gauge measures; the overview has a place of its own for each of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// `AWS/ECS` `CPUUtilization` of a service, or `AWS/RDS` `CPUUtilization` of a database.
    Cpu,
    /// `AWS/ECS` `MemoryUtilization`.
    Memory,
    /// `AWS/RDS` `DatabaseConnections`; its target is what the platform file allows, not the server's `max_connections`,
    /// which RDS does not tell.
    Connections,
    /// `AWS/RDS` `FreeStorageSpace`.
    FreeStorage,
    /// Any other series.
    Other,
}

/// How CloudWatch folds the samples of one minute into one number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Statistic {
    /// `Average`.
    Average,
    /// `Minimum`.
    Minimum,
    /// `Maximum`.
    Maximum,
    /// `Sum`.
    Sum,
    /// `SampleCount`.
    SampleCount,
    /// `p95`, `p99.9`: more than 0, at most 100.
    Percentile(f64),
}

impl fmt::Display for Statistic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Statistic::Average => f.write_str("Average"),
            Statistic::Minimum => f.write_str("Minimum"),
            Statistic::Maximum => f.write_str("Maximum"),
            Statistic::Sum => f.write_str("Sum"),
            Statistic::SampleCount => f.write_str("SampleCount"),
            Statistic::Percentile(p) => write!(f, "p{p}"),
        }
    }
}

impl FromStr for Statistic {
    type Err = String;

    /// Reads what the CloudWatch API calls it; the error says what was expected.
    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text {
            "Average" => Statistic::Average,
            "Minimum" => Statistic::Minimum,
            "Maximum" => Statistic::Maximum,
            "Sum" => Statistic::Sum,
            "SampleCount" => Statistic::SampleCount,
            _ => match text.strip_prefix('p').and_then(|p| p.parse::<f64>().ok()) {
                Some(p) if p > 0.0 && p <= 100.0 => Statistic::Percentile(p),
                _ => {
                    return Err(
                        "expected Average, Minimum, Maximum, Sum, SampleCount, or a percentile from p0.1 to p100"
                            .to_owned(),
                    );
                }
            },
        })
    }
}

impl Serialize for Statistic {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A CloudWatch metric and the statistic wanted of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MetricQuery {
    /// `AWS/ECS`, `AWS/RDS`, or the application's own.
    pub namespace: String,
    /// `CPUUtilization`.
    pub metric: String,
    /// Sorted by name, so that two queries for one series are equal.
    pub dimensions: Vec<(String, String)>,
    /// How one minute becomes one number.
    pub statistic: Statistic,
}

impl MetricQuery {
    /// Both read the same metric, whatever the statistic.
    pub fn same_metric(&self, other: &MetricQuery) -> bool {
        self.namespace == other.namespace && self.metric == other.metric && self.dimensions == other.dimensions
    }
}

/// One measured series (CPU, connections, p95 …) with a unit and a target.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Gauge {
    /// What the screen calls it: `CPU`, `p95`.
    pub title: String,
    /// Whose it is, and so which screen shows it.
    pub subject: Subject,
    /// Which standard gauge it is, if it is one.
    pub role: Role,
    /// Where its numbers come from.
    pub query: MetricQuery,
    /// What its numbers count.
    pub unit: Unit,
    /// What it should be.
    pub target: Option<Target>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_are_those_of_the_cloudwatch_api() {
        assert_eq!("p95".parse(), Ok(Statistic::Percentile(95.0)));
        assert_eq!("p99.9".parse::<Statistic>().map(|s| s.to_string()), Ok("p99.9".to_owned()));
        assert_eq!("Average".parse(), Ok(Statistic::Average));
        assert!("p0".parse::<Statistic>().is_err());
        assert!("p101".parse::<Statistic>().is_err());
        assert!("median".parse::<Statistic>().is_err());
    }
}
