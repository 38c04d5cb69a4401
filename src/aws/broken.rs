//! Connections that break, and answers that are not AWS's.

use std::io;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::ConnectorError;

use super::causes::{cause, quote};
use super::error::Why;
use super::transport::CONNECT_TIMEOUT;
use crate::platform::TroubleKind;

/// No connection, or one that broke before an answer.
pub(super) fn unreachable_host(host: &str, connector: &ConnectorError, text: &str) -> Why {
    let lower = text.to_lowercase();
    if connector.is_timeout() {
        let why = format!("no connection to {host} in {} s", CONNECT_TIMEOUT.as_secs());
        return (TroubleKind::Unreachable, why, None);
    }
    if lower.contains("dns error") || lower.contains("failed to lookup address") {
        let remedy = "is the region right, and the network up?".to_owned();
        return (TroubleKind::Unreachable, format!("no such host: {host}"), Some(remedy));
    }
    if lower.contains("certificate") {
        let remedy = "a proxy that opens TLS? Its certificate authority must be among the system's".to_owned();
        return (TroubleKind::Unreachable, format!("untrusted certificate of {host}"), Some(remedy));
    }
    let why = match cause::<io::Error>(connector).map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => format!("connection refused by {host}"),
        Some(io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof) => {
            format!("connection broken by {host}")
        }
        Some(io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable) => {
            format!("no route to {host}: is the network up?")
        }
        _ if lower.contains("tls") || lower.contains("handshake") => format!("no TLS with {host}: {}", quote(text)),
        _ if lower.contains("closed") || lower.contains("incomplete") => format!("connection broken by {host}"),
        _ => format!("no way to {host}: {}", quote(text)),
    };
    (TroubleKind::Unreachable, why, None)
}

/// A web page where an API should be.
pub(super) fn html(host: &str, raw: &HttpResponse) -> Option<Why> {
    let is_typed = raw.headers().get("content-type").is_some_and(|kind| kind.contains("text/html"));
    let is_written = raw.body().bytes().is_some_and(|body| {
        let start = String::from_utf8_lossy(&body[..body.len().min(64)]).trim_start().to_ascii_lowercase();
        start.starts_with("<!doctype html") || start.starts_with("<html")
    });
    (is_typed || is_written).then(|| {
        let status = raw.status().as_u16();
        let status = if status == 200 { String::new() } else { format!(" ({status})") };
        let why = format!("HTML{status}, not AWS, from {host}: a proxy or captive portal?");
        (TroubleKind::BadAnswer, why, None)
    })
}

/// A refusal without any of AWS's words.
pub(super) fn not_aws(host: &str, status: u16) -> Why {
    let why = format!("this is not AWS: {host} answered HTTP {status} as AWS never does");
    let remedy = "check the endpoint (--endpoint-url, AWS_ENDPOINT_URL) and the proxy".to_owned();
    (TroubleKind::BadAnswer, why, Some(remedy))
}

pub(super) fn server_fault(host: &str, raw: &HttpResponse, code: Option<&str>) -> Option<Why> {
    let status = raw.status().as_u16();
    (status >= 500).then(|| {
        let code = code.filter(|code| !code.is_empty()).map(|code| format!(" {code}")).unwrap_or_default();
        let why = format!("answer {status}{code} from {host}: it is in trouble");
        (TroubleKind::Unavailable, why, None)
    })
}
