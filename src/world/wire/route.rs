//! Which API, which operation and which protocol a request is for.

use super::value::Value;
use super::{cbor, query};

/// The AWS APIs that the world knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    Ecs,
    Ecr,
    Logs,
    AutoScaling,
    CloudWatch,
    Rds,
    SecretsManager,
    Sts,
}

impl Api {
    /// As IAM actions begin.
    pub fn prefix(self) -> &'static str {
        match self {
            Api::Ecs => "ecs",
            Api::Ecr => "ecr",
            Api::Logs => "logs",
            Api::AutoScaling => "application-autoscaling",
            Api::CloudWatch => "cloudwatch",
            Api::Rds => "rds",
            Api::SecretsManager => "secretsmanager",
            Api::Sts => "sts",
        }
    }

    fn of_target(target: &str) -> Option<Api> {
        Some(match target {
            "AmazonEC2ContainerServiceV20141113" => Api::Ecs,
            "AmazonEC2ContainerRegistry_V20150921" => Api::Ecr,
            "Logs_20140328" => Api::Logs,
            "AnyScaleFrontendService" => Api::AutoScaling,
            "secretsmanager" => Api::SecretsManager,
            "GraniteServiceVersion20100801" => Api::CloudWatch,
            _ => return None,
        })
    }

    fn of_version(version: &str) -> Option<Api> {
        Some(match version {
            "2010-08-01" => Api::CloudWatch,
            "2014-10-31" => Api::Rds,
            "2011-06-15" => Api::Sts,
            _ => return None,
        })
    }

    /// The XML namespace of its Query protocol.
    pub fn namespace(self) -> &'static str {
        match self {
            Api::Rds => "http://rds.amazonaws.com/doc/2014-10-31/",
            Api::Sts => "https://sts.amazonaws.com/doc/2011-06-15/",
            _ => "http://monitoring.amazonaws.com/doc/2010-08-01/",
        }
    }
}

/// How a request is written, and so how its answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// awsJson; the version is `1.0` or `1.1`.
    Json(&'static str),
    Cbor,
    Query,
}

/// A request as it came over whatever HTTP there is.
#[derive(Debug)]
pub struct Incoming<'a> {
    pub path: &'a str,
    /// `x-amz-target`.
    pub target: Option<&'a str>,
    pub content_type: Option<&'a str>,
    pub body: &'a [u8],
}

/// A request understood.
#[derive(Debug)]
pub struct Asked {
    pub protocol: Protocol,
    /// `None` if no API of that name is known; `operation` then carries all that was said.
    pub api: Option<Api>,
    pub operation: String,
    /// `None` if the body cannot be read.
    pub params: Option<Value>,
}

impl Asked {
    /// `None` if it is no AWS request.
    pub fn read(request: &Incoming) -> Option<Asked> {
        if let Some(target) = request.target {
            let (service, operation) = target.split_once('.')?;
            let version = if request.content_type.is_some_and(|t| t.contains("json-1.0")) { "1.0" } else { "1.1" };
            let params = if request.body.is_empty() {
                Some(Value::Map(Vec::new()))
            } else {
                serde_json::from_slice(request.body).ok().map(|json| Value::of_json(&json))
            };
            return Some(Asked::new(Protocol::Json(version), service, operation, Api::of_target(service), params));
        }
        if let Some(rest) = request.path.strip_prefix("/service/") {
            let (service, operation) = rest.split_once("/operation/")?;
            let params = cbor::read(request.body);
            return Some(Asked::new(Protocol::Cbor, service, operation, Api::of_target(service), params));
        }
        let params = query::read(std::str::from_utf8(request.body).ok()?);
        let (operation, version) = (params.get("Action").text()?.to_owned(), params.get("Version").text()?.to_owned());
        Some(Asked::new(Protocol::Query, &version, &operation, Api::of_version(&version), Some(params)))
    }

    fn new(protocol: Protocol, service: &str, operation: &str, api: Option<Api>, params: Option<Value>) -> Asked {
        let operation = if api.is_some() { operation.to_owned() } else { format!("{service}.{operation}") };
        Asked { protocol, api, operation, params }
    }

    /// `ecs:DescribeServices`, as IAM names it.
    pub fn name(&self) -> String {
        match self.api {
            Some(api) => format!("{}:{}", api.prefix(), self.operation),
            None => self.operation.clone(),
        }
    }
}
