//! Numbers that an answer lacks. The SDK reads a missing one as 0, and 0 tasks is an outage that nobody measured.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// What every service of an answer must have; without `pendingCount` nobody is told of tasks that start, and no more.
const COUNTS: [&str; 2] = ["desiredCount", "runningCount"];

/// Looks at the text of one answer of `DescribeServices` beside the SDK. Clones are one look.
#[derive(Clone, Debug, Default)]
pub(super) struct Lacking(Arc<Mutex<Vec<Option<&'static str>>>>);

/// Of a service only its fields' names matter.
#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    services: Vec<HashMap<String, Option<IgnoredAny>>>,
}

impl Lacking {
    /// The first count that a service lacks, by its place in the answer.
    pub(super) fn of(&self, service: usize) -> Option<&'static str> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(service).copied().flatten()
    }
}

impl Intercept for Lacking {
    fn name(&self) -> &'static str {
        "plantao lacking"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let answer = context.response().body().bytes().and_then(|body| serde_json::from_slice::<Answer>(body).ok());
        let first = |service: &HashMap<String, Option<IgnoredAny>>| {
            COUNTS.into_iter().find(|count| service.get(*count).is_none_or(Option::is_none))
        };
        let found = answer.iter().flat_map(|answer| &answer.services).map(first).collect();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = found;
        Ok(())
    }
}
