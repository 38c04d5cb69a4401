//! What can go wrong between a client and AWS, injected on purpose.

use std::time::Duration;

/// How a request goes wrong.
#[derive(Clone, Debug, PartialEq)]
pub enum Failure {
    /// `ThrottlingException: Rate exceeded`.
    Throttled,
    /// HTTP 500 with an HTML page.
    InternalError,
    /// HTTP 503 with a proxy's HTML page.
    Unavailable,
    /// The connection stands and nothing ever comes.
    Hang,
    /// The connection is reset.
    Reset,
    /// HTTP 200 with a body that is no answer.
    Garbage,
    /// `AccessDeniedException`, with IAM's words.
    AccessDenied,
    /// `ExpiredTokenException`.
    ExpiredToken,
    /// A proper answer of the right kind with no fields in it.
    FieldsMissing,
    /// The answer, after this long.
    Slow(Duration),
    /// Any other AWS error, by its code and message.
    Error {
        /// `ClusterNotFoundException`.
        code: String,
        /// AWS's words.
        message: String,
        /// HTTP status.
        status: u16,
    },
}

/// A failure of some operations, for ever or for a number of requests.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    operation: String,
    failure: Failure,
    times: Option<u32>,
}

impl Fault {
    /// `ecs:DescribeServices`, `ecs:*` or `*` fails so, until healed.
    pub fn on(operation: &str, failure: Failure) -> Fault {
        Fault { operation: operation.to_owned(), failure, times: None }
    }

    /// … only so many times.
    #[must_use]
    pub fn times(self, times: u32) -> Fault {
        Fault { times: Some(times), ..self }
    }

    fn matches(&self, operation: &str) -> bool {
        match self.operation.strip_suffix('*') {
            Some(start) => operation.starts_with(start),
            None => self.operation == operation,
        }
    }
}

/// The failures that meet this request. Delays go with the first of the others; each is counted.
pub(super) fn meet(faults: &mut Vec<Fault>, operation: &str) -> Vec<Failure> {
    let mut met = Vec::new();
    let mut decided = false;
    for fault in faults.iter_mut().filter(|f| f.matches(operation)) {
        let mild = matches!(fault.failure, Failure::Slow(_));
        if !mild && std::mem::replace(&mut decided, true) {
            continue;
        }
        met.push(fault.failure.clone());
        if let Some(times) = &mut fault.times {
            *times = times.saturating_sub(1);
        }
    }
    faults.retain(|f| f.times != Some(0));
    met
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_meets_only_its_operations_and_only_so_often() {
        let slow = Failure::Slow(Duration::from_millis(20));
        let mut faults = vec![
            Fault::on("*", slow.clone()),
            Fault::on("ecs:*", Failure::Throttled).times(1),
            Fault::on("ecs:ListTasks", Failure::Hang),
        ];
        assert_eq!(meet(&mut faults, "rds:DescribeDBInstances"), std::slice::from_ref(&slow));
        assert_eq!(meet(&mut faults, "ecs:ListTasks"), [slow.clone(), Failure::Throttled]);
        assert_eq!(meet(&mut faults, "ecs:ListTasks"), [slow.clone(), Failure::Hang]);
        assert_eq!(meet(&mut faults, "ecs:DescribeServices"), [slow]);
    }
}
