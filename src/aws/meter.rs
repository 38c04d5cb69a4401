//! What every call passes: counted, its clock compared, and stopped here if only reads are allowed.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, BeforeDeserializationInterceptorContextRef,
    BeforeSerializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, Metadata};
use aws_smithy_runtime_api::client::retries::RequestAttempts;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::DateTime;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::date_time::Format;
use jiff::{SignedDuration, Timestamp};

use crate::clock::Clock;
use crate::platform::Spent;

/// No answer has carried a date yet.
const NO_SKEW: i64 = i64::MIN;
/// Skews are the same within this many seconds.
const TOLD_APART: u64 = 2;
/// Headers that only AWS sends. A proxy's page has a date too, by a clock that is not AWS's.
const REQUEST_IDS: [&str; 3] = ["x-amzn-requestid", "x-amzn-request-id", "x-amz-request-id"];

/// The interceptor of every client of one connection. Clones are one meter.
#[derive(Clone, Debug)]
pub struct Meter(Arc<State>);

#[derive(Debug)]
struct State {
    read_only: AtomicBool,
    calls: AtomicU64,
    metrics: AtomicU64,
    skew_seconds: AtomicI64,
    clock: RwLock<Clock>,
    /// Operation to the host that it was last sent to.
    hosts: Mutex<HashMap<String, String>>,
}

/// An operation that changes something was stopped before it was sent.
#[derive(Debug, thiserror::Error)]
#[error("{0} is not a read, and this session is read-only")]
pub(super) struct NotARead(pub(super) String);

impl Meter {
    pub(super) fn new(read_only: bool) -> Meter {
        Meter(Arc::new(State {
            read_only: AtomicBool::new(read_only),
            calls: AtomicU64::new(0),
            metrics: AtomicU64::new(0),
            skew_seconds: AtomicI64::new(NO_SKEW),
            clock: RwLock::new(Clock::system()),
            hosts: Mutex::new(HashMap::new()),
        }))
    }

    /// Metrics asked for with `GetMetricData`: AWS charges by these, and no header tells.
    pub(super) fn add_metrics(&self, count: usize) {
        self.0.metrics.fetch_add(count as u64, Ordering::Relaxed);
    }

    /// From now on only reads are sent; there is no way back.
    pub(super) fn only_read(&self) {
        self.0.read_only.store(true, Ordering::SeqCst);
    }

    fn is_read_only(&self) -> bool {
        self.0.read_only.load(Ordering::SeqCst)
    }

    pub(super) fn spent(&self) -> Spent {
        Spent { calls: self.0.calls.load(Ordering::Relaxed), metrics: self.0.metrics.load(Ordering::Relaxed) }
    }

    pub(super) fn clock_skew(&self) -> Option<SignedDuration> {
        match self.0.skew_seconds.load(Ordering::Relaxed) {
            NO_SKEW => None,
            seconds => Some(SignedDuration::from_secs(seconds)),
        }
    }

    pub(super) fn tell_time_by(&self, clock: &Clock) {
        *self.0.clock.write().unwrap_or_else(PoisonError::into_inner) = clock.clone();
    }

    pub(super) fn now(&self) -> Timestamp {
        self.0.clock.read().unwrap_or_else(PoisonError::into_inner).now()
    }

    /// Takes the time of an answer for AWS's. It is told to the second, and an answer is under way for some: what
    /// differs by less than that is no other skew.
    fn compare_clocks(&self, response: &HttpResponse) {
        let date = response.headers().get("date");
        if let Some(date) = date.and_then(|date| DateTime::from_str(date, Format::HttpDate).ok()) {
            let (skew, known) = (self.now().as_second() - date.secs(), self.0.skew_seconds.load(Ordering::Relaxed));
            if known == NO_SKEW || skew.abs_diff(known) > TOLD_APART {
                self.0.skew_seconds.store(skew, Ordering::Relaxed);
            }
        }
    }

    /// The host that an operation (`DescribeServices`) was last sent to.
    pub(super) fn host(&self, operation: &str) -> Option<String> {
        self.0.hosts.lock().unwrap_or_else(PoisonError::into_inner).get(operation).cloned()
    }
}

/// Operations that change nothing, by their first word; STS's are all about the caller itself.
pub(super) fn is_read(service: &str, operation: &str) -> bool {
    const FIRST_WORDS: [&str; 7] = ["BatchGet", "Describe", "Filter", "Get", "List", "Lookup", "Search"];
    service == "STS" || FIRST_WORDS.iter().any(|word| operation.starts_with(word))
}

impl Intercept for Meter {
    fn name(&self) -> &'static str {
        "plantao meter"
    }

    fn read_before_serialization(
        &self,
        _context: &BeforeSerializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if !self.is_read_only() {
            return Ok(());
        }
        // What can't be named can't be known to be a read.
        match config.load::<Metadata>() {
            Some(operation) if is_read(operation.service(), operation.name()) => Ok(()),
            operation => Err(Box::new(NotARead(operation.map_or("this", Metadata::name).to_owned()))),
        }
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if config.load::<RequestAttempts>().is_none_or(|attempts| attempts.attempts() <= 1) {
            self.0.calls.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(operation) = config.load::<Metadata>()
            && let Some(host) = host_of(context.request().uri())
        {
            let mut hosts = self.0.hosts.lock().unwrap_or_else(PoisonError::into_inner);
            if hosts.get(operation.name()).is_none_or(|known| known != host) {
                hosts.insert(operation.name().to_owned(), host.to_owned());
            }
        }
        Ok(())
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // Before it is read, so that a refusal because of the clock can say by how much.
        let response = context.response();
        if REQUEST_IDS.iter().any(|name| response.headers().contains_key(*name)) {
            self.compare_clocks(response);
        }
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if context.output_or_error().is_ok() {
            self.compare_clocks(context.response());
        }
        Ok(())
    }
}

/// Host and port of a URI, without user information.
fn host_of(uri: &str) -> Option<&str> {
    let (_, rest) = uri.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    authority.rsplit('@').next().filter(|host| !host.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_operations_that_change_nothing_are_reads() {
        assert!(is_read("ECS", "DescribeServices"));
        assert!(is_read("CloudWatch Logs", "FilterLogEvents"));
        assert!(is_read("STS", "AssumeRole"));
        for operation in ["UpdateService", "RegisterTaskDefinition", "PutMetricAlarm", "StopTask", "SetAlarmState"] {
            assert!(!is_read("ECS", operation), "{operation}");
        }
    }

    #[test]
    fn the_host_is_told_without_what_may_be_secret_beside_it() {
        assert_eq!(host_of("https://user:pass@ecs.us-east-1.amazonaws.com/x?y"), Some("ecs.us-east-1.amazonaws.com"));
        assert_eq!(host_of("http://127.0.0.1:4566/"), Some("127.0.0.1:4566"));
    }
}
