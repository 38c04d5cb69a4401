//! An error as AWS says it: a code, a message, a status.

/// What an operation refuses with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsError {
    /// `ClusterNotFoundException`.
    pub code: String,
    pub message: String,
    /// HTTP status.
    pub status: u16,
}

impl AwsError {
    /// The client's mistake.
    pub fn new(code: &str, message: impl Into<String>) -> AwsError {
        AwsError { code: code.to_owned(), message: message.into(), status: 400 }
    }

    /// The world does not speak this operation.
    pub fn unknown_operation(operation: &str) -> AwsError {
        AwsError::new(
            "UnknownOperationException",
            format!("plantao's simulated platform does not answer {operation}; it answers what plantao asks"),
        )
    }

    pub fn invalid(message: impl Into<String>) -> AwsError {
        AwsError::new("InvalidParameterException", message)
    }
}
