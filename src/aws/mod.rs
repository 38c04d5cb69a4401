//! STUB until branch aws is merged.
#![allow(missing_docs)]
#[derive(Clone)]
pub struct Clients;
impl Clients {
    pub fn region(&self) -> Option<&str> {
        None
    }
    pub fn profile(&self) -> Option<&str> {
        None
    }
}
pub mod cloudwatch {
    use super::Clients;
    use crate::platform::{AlarmChange, MetricQuery, Point, Trouble};
    use jiff::Timestamp;
    pub async fn describe_alarm_history(_: &Clients, _: &str) -> Result<Vec<AlarmChange>, Trouble> {
        Ok(vec![])
    }
    pub async fn recent(_: &Clients, _: &MetricQuery, _: u32, _: Timestamp) -> Result<Vec<Point>, Trouble> {
        Ok(vec![])
    }
}
