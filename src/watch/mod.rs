//! STUB until branch aws is merged.
#![allow(missing_docs)]
use crate::{
    aws::Clients,
    clock::Clock,
    platform::{Observation, Platform},
};
use std::sync::Arc;
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attention {
    Active,
    Idle,
    Paused,
}
pub struct Watch;
pub fn start(_: Arc<Platform>, _: Clients, _: Clock, _: tokio::sync::mpsc::Sender<Observation>) -> Watch {
    Watch
}
impl Watch {
    pub fn attend(&self, _: Attention) {}
    pub fn refresh(&self) {}
    pub fn focus(&self, _: usize) {}
}
