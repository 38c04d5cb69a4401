//! A tiny AWS for unit tests, plugged in where the SDK sends HTTP: answers what it is told, or misbehaves.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;

/// How one request is answered.
#[derive(Clone)]
pub(crate) enum Reply {
    /// Status, content type, body.
    Answer(u16, &'static str, Vec<u8>),
    /// Accepted, never answered.
    Never,
    /// The connection fails so.
    Broken(io::ErrorKind, &'static str),
}

impl Reply {
    pub(crate) fn json(body: &str) -> Reply {
        Reply::Answer(200, "application/x-amz-json-1.1", body.as_bytes().to_vec())
    }

    pub(crate) fn json_error(status: u16, code: &str, message: &str) -> Reply {
        let body = serde_json::json!({ "__type": code, "message": message }).to_string();
        Reply::Answer(status, "application/x-amz-json-1.1", body.into_bytes())
    }

    pub(crate) fn xml(body: &str) -> Reply {
        Reply::Answer(200, "text/xml", body.as_bytes().to_vec())
    }

    pub(crate) fn xml_error(status: u16, code: &str, message: &str) -> Reply {
        let body = format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
        );
        Reply::Answer(status, "text/xml", body.into_bytes())
    }

    pub(crate) fn cbor(value: &ciborium::Value) -> Reply {
        let mut body = Vec::new();
        ciborium::into_writer(value, &mut body).unwrap();
        Reply::Answer(200, "application/cbor", body)
    }
}

/// Writes a CBOR map: `cbor!({ "Name" => value, … })`.
macro_rules! cbor {
    ({ $($key:literal => $value:expr),* $(,)? }) => {
        ciborium::Value::Map(vec![$(($key.into(), $crate::aws::testing::cbor_values::value($value))),*])
    };
}
pub(crate) use cbor;

/// Values for [`cbor!`].
pub(crate) mod cbor_values {
    use ciborium::Value;

    /// What can stand in a CBOR map.
    pub(crate) trait IntoCbor {
        fn into_cbor(self) -> Value;
    }
    macro_rules! into_cbor {
        ($($type:ty),*) => { $(impl IntoCbor for $type { fn into_cbor(self) -> Value { self.into() } })* };
    }
    into_cbor!(&str, String, f64, i64, i32, bool);
    impl IntoCbor for Value {
        fn into_cbor(self) -> Value {
            self
        }
    }
    impl<T: IntoCbor, const N: usize> IntoCbor for [T; N] {
        fn into_cbor(self) -> Value {
            Value::Array(self.into_iter().map(IntoCbor::into_cbor).collect())
        }
    }
    impl<T: IntoCbor> IntoCbor for Vec<T> {
        fn into_cbor(self) -> Value {
            Value::Array(self.into_iter().map(IntoCbor::into_cbor).collect())
        }
    }

    pub(crate) fn value(value: impl IntoCbor) -> Value {
        value.into_cbor()
    }

    /// An instant, in seconds since 1970, as Smithy writes it.
    pub(crate) fn at(seconds: i64) -> Value {
        Value::Tag(1, Box::new((seconds as f64).into()))
    }
}

impl Reply {
    /// An error in the words and the protocol of the service that has this operation.
    pub(crate) fn error_of(operation: &str, status: u16, code: &str, message: &str) -> Reply {
        match operation {
            "GetMetricData" | "DescribeAlarms" | "DescribeAlarmHistory" => {
                let value = cbor!({ "__type" => format!("com.amazonaws.cloudwatch#{code}"), "message" => message });
                match Reply::cbor(&value) {
                    Reply::Answer(_, kind, body) => Reply::Answer(status, kind, body),
                    other => other,
                }
            }
            "DescribeDBInstances" | "GetCallerIdentity" => Reply::xml_error(status, code, message),
            _ => Reply::json_error(status, code, message),
        }
    }
}

type Script = dyn Fn(&str, &str, &str) -> Reply + Send + Sync;

/// The tiny AWS: a function from operation and request body to a reply.
#[derive(Clone)]
pub(crate) struct Tiny {
    script: Arc<Script>,
    asked: Arc<Mutex<Vec<String>>>,
    /// The `Date` header of every answer.
    pub(crate) date: Option<&'static str>,
}

impl fmt::Debug for Tiny {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tiny")
    }
}

impl Tiny {
    pub(crate) fn new(script: impl Fn(&str, &str) -> Reply + Send + Sync + 'static) -> Tiny {
        Tiny::keyed(move |operation, body, _| script(operation, body))
    }

    /// The script also sees the access key that signed the request.
    pub(crate) fn keyed(script: impl Fn(&str, &str, &str) -> Reply + Send + Sync + 'static) -> Tiny {
        Tiny { script: Arc::new(script), asked: Arc::default(), date: None }
    }

    pub(crate) fn client(&self) -> SharedHttpClient {
        SharedHttpClient::new(self.clone())
    }

    /// Operations asked so far, attempts counted.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl HttpConnector for Tiny {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = request.body().bytes().unwrap_or_default();
        let body = String::from_utf8_lossy(body).into_owned();
        let operation = if let Some(target) = request.headers().get("x-amz-target") {
            target.rsplit('.').next().unwrap_or_default().to_owned()
        } else if request.headers().get("smithy-protocol").is_some() {
            request.uri().rsplit('/').next().unwrap_or_default().to_owned()
        } else {
            let action = body.split('&').find_map(|pair| pair.strip_prefix("Action="));
            action.unwrap_or_default().to_owned()
        };
        self.asked.lock().unwrap().push(operation.clone());
        let signed = request.headers().get("authorization").unwrap_or_default();
        let key = signed.split("Credential=").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_default();
        let reply = (self.script)(&operation, &body, key);
        let date = self.date;
        HttpConnectorFuture::new(async move {
            match reply {
                Reply::Answer(status, kind, body) => {
                    let mut response = HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::from(body));
                    response.headers_mut().insert("content-type", kind);
                    // Pages are a proxy's.
                    if kind != "text/html" {
                        response.headers_mut().insert("x-amzn-requestid", "1b9d6bcd");
                    }
                    if kind == "application/cbor" {
                        response.headers_mut().insert("smithy-protocol", "rpc-v2-cbor");
                    }
                    if let Some(date) = date {
                        response.headers_mut().insert("date", date);
                    }
                    Ok(response)
                }
                Reply::Never => std::future::pending().await,
                Reply::Broken(kind, text) => Err(ConnectorError::io(io::Error::new(kind, text).into())),
            }
        })
    }
}

impl HttpClient for Tiny {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
