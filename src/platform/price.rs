//! What things cost, in US dollars.

use serde::Serialize;

use super::Definition;

/// List prices; the defaults are us-east-1's of November 2026.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Prices {
    /// One Fargate task for a month (seed figure: 0.25 vCPU, 512 MB, ARM64), where its size is not known.
    pub task_month: f64,
    /// A Fargate vCPU for an hour; by the task's architecture if there is none.
    pub vcpu_hour: Option<f64>,
    /// A GB of a Fargate task's memory for an hour; by the task's architecture if there is none.
    pub gb_hour: Option<f64>,
    /// 1,000 metrics asked for with `GetMetricData`.
    pub thousand_metrics: f64,
}

impl Default for Prices {
    fn default() -> Self {
        Prices { task_month: 7.2, vcpu_hour: None, gb_hour: None, thousand_metrics: 0.01 }
    }
}

/// Hours of an average month.
const MONTH: f64 = 730.0;
/// A vCPU-hour and a GB-hour on Fargate, Linux: `ARM64`, and `X86_64`.
const ARM: (f64, f64) = (0.032_38, 0.003_56);
const X86: (f64, f64) = (0.040_48, 0.004_445);

impl Prices {
    /// A Fargate task of this definition for a month; `None` where the definition gives the task no size: then
    /// it runs on machines that cost what they cost.
    pub fn month_of(&self, definition: &Definition) -> Option<f64> {
        let number = |text: &Option<String>| text.as_ref()?.parse::<f64>().ok();
        let (cpu, memory) = (number(&definition.cpu)?, number(&definition.memory)?);
        let usual = if definition.architecture.as_deref() == Some("ARM64") { ARM } else { X86 };
        let (vcpu, gb) = (self.vcpu_hour.unwrap_or(usual.0), self.gb_hour.unwrap_or(usual.1));
        Some(MONTH * (cpu / 1_024.0 * vcpu + memory / 1_024.0 * gb))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn definition(cpu: &str, memory: &str, architecture: &str) -> Definition {
        let some = |text: &str| Some(text.to_owned());
        Definition { cpu: some(cpu), memory: some(memory), architecture: some(architecture), ..Definition::default() }
    }

    #[test]
    fn a_task_costs_what_its_size_and_processor_cost() {
        let prices = Prices::default();
        let month = |cpu, memory, architecture| prices.month_of(&definition(cpu, memory, architecture)).unwrap();
        assert_eq!(format!("{:.2}", month("256", "512", "ARM64")), "7.21", "the seed's figure");
        assert_eq!(format!("{:.2}", month("1024", "2048", "X86_64")), "36.04");
        let own = Prices { vcpu_hour: Some(0.1), gb_hour: Some(0.0), ..prices };
        assert_eq!(own.month_of(&definition("1024", "2048", "ARM64")), Some(73.0));
        assert_eq!(prices.month_of(&Definition::default()), None, "on EC2 a task has no price of its own");
    }
}
