//! What things cost, in US dollars.

use serde::Serialize;

/// List prices; the defaults are us-east-1's of November 2026.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Prices {
    /// One Fargate task for a month (seed figure: 0.25 vCPU, 512 MB, ARM64).
    pub task_month: f64,
    /// 1,000 metrics asked for with `GetMetricData`.
    pub thousand_metrics: f64,
}

impl Default for Prices {
    fn default() -> Self {
        Prices { task_month: 7.2, thousand_metrics: 0.01 }
    }
}

/// What a session has asked of AWS so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Spent {
    /// API calls, retries not counted.
    pub calls: u64,
    /// Metrics asked for; these are what AWS charges.
    pub metrics: u64,
}

impl Spent {
    /// In US dollars. All other calls that plantao makes are free.
    pub fn dollars(self, prices: &Prices) -> f64 {
        self.metrics as f64 / 1_000.0 * prices.thousand_metrics
    }
}
