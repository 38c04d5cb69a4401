//! A step under way: all that its action works with.

use serde_json::{Map, Value};

use super::past::StepPast;
use super::{Context, Scribe, View};

/// What [`super::Action::apply`] and [`super::Action::undo`] are given.
pub(super) struct Work<'r> {
    pub(super) context: &'r Context,
    pub(super) scribe: Scribe<'r>,
    /// What the plan showed of the step.
    pub(super) view: &'r View,
    /// What the steps before gave.
    pub(super) outputs: &'r Map<String, Value>,
    /// The step so far: what this run, perhaps an earlier process of it, asked for already.
    pub(super) past: &'r StepPast,
}
