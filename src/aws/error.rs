//! Any error of the SDK as a [`Trouble`]: what failed, why, what now, in a person's words.
//!
//! The reason comes before the host, whose name may be long: a panel's title line has room for the beginning alone.
//!
//! Nothing that may be secret is repeated: of AWS's own text only what it says about things, never what
//! it says about keys and signatures.

use std::error::Error;
use std::io;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::broken::{html, not_aws, server_fault, unreachable_host};
use super::causes::{cause, chain_text, quote};
use super::clients::Clients;
use super::credentials::Missing;
use super::meter::{NotARead, is_read};
use super::operate::{BESIDES, OPERATE_POLICY_FILE, OPERATIONS};
use super::permissions::{READ_POLICY_FILE, permission};
use super::profiles::{self, Origin};
use super::transport::{ATTEMPT_TIMEOUT, OPERATION_TIMEOUT};
use crate::platform::text::nearest;
use crate::platform::{Trouble, TroubleKind, skew};

/// What to do about a broken file of `~/.aws`.
const MEND: &str = "mend that line";

/// Kind, why, and what now.
pub(super) type Why = (TroubleKind, String, Option<String>);

impl Clients {
    /// What an error of an operation (`ecs:DescribeServices`) means. Expired credentials are
    /// forgotten on the way, so that the next call looks for new ones.
    pub(super) fn trouble<E>(&self, operation: &str, error: &SdkError<E, HttpResponse>) -> Trouble
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let (kind, why, remedy) = self.explain(operation, error);
        if matches!(kind, TroubleKind::ExpiredCredentials | TroubleKind::NoCredentials) {
            self.renew();
        }
        self.trouble_of(operation, kind, why, remedy)
    }

    /// An answer that lacks what it must have.
    pub(super) fn lacks(&self, operation: &str, field: &str) -> Trouble {
        let why = format!("no {field} in the answer of {}", self.host(operation));
        self.trouble_of(operation, TroubleKind::BadAnswer, why, None)
    }

    /// What was asked for by name is not there.
    pub(super) fn not_found(&self, operation: &str, why: String, remedy: Option<String>) -> Trouble {
        self.trouble_of(operation, TroubleKind::NotFound, why, remedy)
    }

    /// As [`Clients::trouble`], and a missing cluster is called by its name.
    pub(super) fn trouble_in_cluster<E>(
        &self,
        operation: &str,
        cluster: &str,
        error: &SdkError<E, HttpResponse>,
    ) -> Trouble
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let mut trouble = self.trouble(operation, error);
        let code = error.as_service_error().and_then(|error| error.meta().code());
        if code.is_some_and(|code| code.contains("ClusterNotFound")) {
            trouble.why = format!("cluster \"{cluster}\" not found in {}", self.place());
            trouble.remedy = Some("is it the right account and region?".to_owned());
        }
        trouble
    }

    /// The region, and the account once it is known: `us-east-1 of account 123456789012`.
    pub(super) fn place(&self) -> String {
        let region = self.region().unwrap_or("no region");
        match self.known.account() {
            Some(account) => format!("{region} of account {account}"),
            None => region.to_owned(),
        }
    }

    pub(super) fn trouble_of(
        &self,
        operation: &str,
        kind: TroubleKind,
        why: String,
        remedy: Option<String>,
    ) -> Trouble {
        let since = skew::present(self.known.meter.now(), self.clock_skew());
        Trouble { kind, operation: operation.to_owned(), why, remedy, since }
    }

    fn explain<E>(&self, operation: &str, error: &SdkError<E, HttpResponse>) -> Why
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        if let Some(missing) = cause::<Missing>(error) {
            return self.no_credentials(missing);
        }
        if let Some(write) = cause::<NotARead>(error) {
            return (TroubleKind::Refused, write.to_string(), None);
        }
        let host = self.host(operation);
        match error {
            SdkError::TimeoutError(_) => {
                // A change is sent once, and has the time of one attempt.
                let is_sent_once = operation.split_once(':').is_some_and(|(service, name)| !is_read(service, name));
                let waited = if is_sent_once { ATTEMPT_TIMEOUT } else { OPERATION_TIMEOUT };
                let why = format!("no answer from {host} in {} s", waited.as_secs());
                (TroubleKind::TimedOut, why, None)
            }
            SdkError::DispatchFailure(failure) => {
                let text = chain_text(error);
                match failure.as_connector_error() {
                    _ if text.contains("Missing Region") || text.contains("missing signing region") => no_region(),
                    Some(connector) => unreachable_host(&host, connector, &text),
                    None => (TroubleKind::Unreachable, format!("no way to {host}"), None),
                }
            }
            SdkError::ResponseError(response) => {
                let raw = response.raw();
                html(&host, raw).or_else(|| server_fault(&host, raw, None)).unwrap_or_else(|| {
                    if cause::<io::Error>(error).is_some() {
                        (TroubleKind::Unreachable, format!("half an answer from {host}: it hung up"), None)
                    } else if raw.status().is_client_error() {
                        not_aws(&host, raw.status().as_u16())
                    } else {
                        (TroubleKind::BadAnswer, format!("unreadable answer from {host}"), None)
                    }
                })
            }
            SdkError::ServiceError(service) => {
                if let Some(why) = html(&host, service.raw()) {
                    return why;
                }
                let meta = service.err().meta();
                self.refusal(operation, &host, meta.code(), meta.message().unwrap_or_default(), service.raw())
            }
            _ if chain_text(error).contains("missing signing region") => no_region(),
            _ => {
                let text = quote(&chain_text(error));
                (TroubleKind::Refused, format!("{operation} could not be asked: {text}"), None)
            }
        }
    }

    /// AWS's own answer, by its error code.
    fn refusal(&self, operation: &str, host: &str, code: Option<&str>, message: &str, raw: &HttpResponse) -> Why {
        let status = raw.status().as_u16();
        // JSON says `…Exception`, XML says the same without; CBOR and old JSON prefix a namespace.
        let code = code.unwrap_or_default();
        let bare = code.rsplit('#').next().unwrap_or(code);
        let name = bare.strip_suffix("Exception").or_else(|| bare.strip_suffix("Fault")).unwrap_or(bare);
        let about_time = message.contains("Signature expired") || message.contains("Signature not yet current");
        match name {
            "ExpiredToken" | "TokenRefreshRequired" => self.expired("credentials expired"),
            "RequestTimeTooSkewed" | "RequestExpired" | "RequestInTheFuture" => self.skewed(),
            "InvalidSignature" | "SignatureDoesNotMatch" if about_time => self.skewed(),
            "InvalidSignature" | "SignatureDoesNotMatch" => {
                self.expired("AWS does not accept these credentials: the secret key does not fit its key id")
            }
            "UnrecognizedClient"
            | "InvalidClientTokenId"
            | "InvalidAccessKeyId"
            | "IncompleteSignature"
            | "MissingAuthenticationToken"
            | "AuthFailure" => {
                if message.contains("expired") {
                    self.expired("credentials expired")
                } else {
                    self.expired("AWS does not accept these credentials")
                }
            }
            "AccessDenied" | "UnauthorizedOperation" | "NotAuthorized" | "AuthorizationError" => {
                denied(operation, message)
            }
            "Throttling"
            | "Throttled"
            | "RequestThrottled"
            | "TooManyRequests"
            | "RequestLimitExceeded"
            | "BandwidthLimitExceeded"
            | "SlowDown"
            | "LimitExceeded" => (TroubleKind::Throttled, format!("throttled: {} by {host}", short(operation)), None),
            _ if status == 429 => (TroubleKind::Throttled, format!("throttled: {} by {host}", short(operation)), None),
            _ if name.ends_with("NotFound") || name == "ResourceNotFound" => {
                let why = if message.is_empty() { format!("not found ({bare})") } else { quote(message) };
                (TroubleKind::NotFound, why, None)
            }
            _ => server_fault(host, raw, Some(bare)).unwrap_or_else(|| {
                let what = if bare.is_empty() { format!("HTTP {status}") } else { bare.to_owned() };
                // AWS names every error that it makes.
                if bare.is_empty() && message.is_empty() {
                    return not_aws(host, status);
                }
                let why = match quote(message) {
                    message if message.is_empty() => format!("AWS refuses {}: {what}", short(operation)),
                    message => format!("AWS refuses {}: {message} ({what})", short(operation)),
                };
                (TroubleKind::Refused, why, None)
            }),
        }
    }

    fn no_credentials(&self, missing: &Missing) -> Why {
        match missing {
            Missing::Expired => self.expired("credentials expired"),
            Missing::NotFound(text)
                if self.profile().is_some()
                    && (text.contains("was not defined") || text.contains("No profiles were defined")) =>
            {
                let named = self.profile().unwrap_or("default");
                // It may be another than the one asked for: a role's source.
                let profile = text.split('`').nth(1).filter(|_| text.contains("was not defined")).unwrap_or(named);
                let profile = quote(profile);
                let by = if profile == named { String::new() } else { format!(", which profile \"{named}\" names") };
                let why = format!("no AWS profile \"{profile}\"{by}");
                let make = format!("run \"aws configure sso --profile {profile}\"");
                // The files are read only now: no profile of this name was found in them a moment ago.
                let known = profiles::profiles();
                let near = nearest(&profile, known.iter().map(String::as_str));
                let meant = near.map(|near| format!("did you mean \"{}\"? ", quote(near))).unwrap_or_default();
                let remedy = match known.as_slice() {
                    [] => make,
                    known => format!("{meant}there are: {}; or {make}", quote(&known.join(", "))),
                };
                (TroubleKind::NoCredentials, why, Some(remedy))
            }
            Missing::NotFound(_) => {
                let remedy = match (self.profile(), self.known.origin) {
                    (Some(profile), Origin::Sso) => format!("run \"aws sso login --profile {profile}\""),
                    (None, Origin::Sso) => "run \"aws sso login\"".to_owned(),
                    (Some(profile), _) => {
                        format!(
                            "profile \"{profile}\" has none, or there is no such one: run \"aws configure sso --profile {profile}\""
                        )
                    }
                    (None, _) => "name a profile with --profile, or run \"aws configure sso\"".to_owned(),
                };
                (TroubleKind::NoCredentials, missing.to_string(), Some(remedy))
            }
            Missing::Denied(_) => {
                let remedy = "a policy of whoever asks and the role's trust policy must both allow it";
                (TroubleKind::NoCredentials, quote(&missing.to_string()), Some(remedy.to_owned()))
            }
            Missing::Failed(why) => match profiles::broken().filter(|_| why.contains("could not parse profile file")) {
                Some(place) => (TroubleKind::NoCredentials, quote(&place), Some(MEND.to_owned())),
                None => (TroubleKind::NoCredentials, quote(why), None),
            },
        }
    }

    fn expired(&self, why: &str) -> Why {
        (TroubleKind::ExpiredCredentials, why.to_owned(), Some(self.renewal()))
    }

    /// How new credentials are got, by where the old ones came from.
    pub(super) fn renewal(&self) -> String {
        match (self.known.origin, self.profile()) {
            (Origin::Sso, Some(profile)) => format!("run \"aws sso login --profile {profile}\""),
            (Origin::Sso, None) => "run \"aws sso login\"".to_owned(),
            (Origin::Environment, _) => "set new AWS_… variables and start plantao again".to_owned(),
            (Origin::Keys(kind), profile) => {
                let profile = profile.unwrap_or("default");
                let file = kind.path().unwrap_or_default();
                format!(
                    "write new keys for profile \"{profile}\" into {}, from \"aws sts get-session-token\" or your own tool; \
                     plantao picks them up",
                    file.display()
                )
            }
            (Origin::Other, Some(profile)) => {
                format!("refresh the credentials of profile \"{profile}\"; plantao picks them up")
            }
            (Origin::Other, None) => "refresh the AWS credentials; plantao picks them up".to_owned(),
        }
    }

    fn skewed(&self) -> Why {
        let why = match self.clock_skew() {
            Some(skew) if !skew.is_zero() => format!("the local clock is {}", skew::words(skew)),
            _ => "the local clock is too far from AWS's".to_owned(),
        };
        (TroubleKind::ClockSkew, why, Some("synchronise the clock (timedatectl, chronyc)".to_owned()))
    }

    /// The host that an operation was sent to, or else the one that it would be.
    pub(super) fn host(&self, operation: &str) -> String {
        let (service, name) = operation.split_once(':').unwrap_or(("", operation));
        self.known.meter.host(name).unwrap_or_else(|| {
            let prefix = match service {
                "cloudwatch" => "monitoring",
                "ecr" => "api.ecr",
                other => other,
            };
            format!("{prefix}.{}.amazonaws.com", self.region().unwrap_or("?"))
        })
    }
}

fn no_region() -> Why {
    // The file that names one may be the broken one.
    if let Some(place) = profiles::broken() {
        return (TroubleKind::Refused, format!("no AWS region: {}", quote(&place)), Some(MEND.to_owned()));
    }
    let remedy = "name one with --region, AWS_REGION, a --profile that has one, or `region` in the platform file";
    (TroubleKind::Refused, "no AWS region".to_owned(), Some(remedy.to_owned()))
}

fn denied(operation: &str, message: &str) -> Why {
    // AWS names what it denies: the operation may be allowed, and what it needs besides is not.
    let is_named = |action: &str| message.split([' ', '\n']).any(|word| word.trim_end_matches([',', '.']) == action);
    let beside = BESIDES.iter().find(|(_, action)| is_named(action));
    let operation = beside.map_or(operation, |(_, action)| action);
    let why = if message.contains("explicit deny") {
        format!("a policy explicitly denies {operation}")
    } else {
        format!("not allowed: {operation}")
    };
    let granted = |sid: &str, file: &str| format!("statement \"{sid}\" of {file} grants it");
    let read = permission(operation).and_then(|permission| permission.sid).map(|sid| granted(sid, READ_POLICY_FILE));
    let operates = OPERATIONS.iter().find(|permission| permission.action == operation);
    let operates = operates.and_then(|permission| permission.sid).or(beside.map(|(sid, _)| *sid));
    let remedy = read.or_else(|| operates.map(|sid| granted(sid, OPERATE_POLICY_FILE)));
    (TroubleKind::Denied, why, remedy)
}

/// `DescribeServices` of `ecs:DescribeServices`.
fn short(operation: &str) -> &str {
    operation.rsplit(':').next().unwrap_or(operation)
}

#[cfg(test)]
#[path = "error_tests.rs"]
mod tests;
