//! Whom the watch asks.

/// One kind of question, with a task, a cadence and a back-off of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// ECS services, deployments, events.
    Services,
    /// ECS tasks.
    Tasks,
    /// CloudWatch alarms.
    Alarms,
    /// Application Auto Scaling.
    Scaling,
    /// RDS instances.
    Databases,
    /// CloudWatch metrics.
    Metrics,
    /// STS.
    Identity,
}

impl Source {
    /// All of them.
    pub const ALL: [Source; 7] = [
        Source::Services,
        Source::Tasks,
        Source::Alarms,
        Source::Scaling,
        Source::Databases,
        Source::Metrics,
        Source::Identity,
    ];
}
