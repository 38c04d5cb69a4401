//! The way to credentials: the SDK's own chain, asked once at a time, and anew when what it gave has expired.
//!
//! The SDK's identity cache keeps keys until their stated expiry, however often AWS refuses them, and
//! its profile provider reads its files once. So the cache is here instead, and can be told to forget.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_config::Region;
use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::error::ErrorMetadata;
use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared};
use tokio::time::Instant;

use super::causes::{cause, chain_text};
use crate::platform::Secret;

/// Credentials are renewed this long before they expire, as the SDK's own cache does.
const RENEW_BEFORE: Duration = Duration::from_mins(5);
/// The same question is not asked again sooner than this, whatever came of it.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(2);
/// A person may have to touch a key for a credential process; longer than this nobody waits.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why there are no credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    /// Nothing in the chain has any.
    NotFound(String),
    /// Something has, and they can't be renewed: the SSO session is over.
    Expired,
    /// A role may not be taken on; `sts:AssumeRole on arn:…`.
    Denied(String),
    /// Something should have, and failed.
    Failed(String),
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Missing::NotFound(_) => f.write_str("no AWS credentials found"),
            Missing::Expired => f.write_str("credentials expired"),
            Missing::Denied(what) => write!(f, "not allowed: {what}"),
            Missing::Failed(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Missing {}

/// Its undeprecated name is in a crate that is not otherwise needed.
#[expect(deprecated)]
type Files = aws_config::profile::profile_file::ProfileFiles;

type Answer = Shared<BoxFuture<'static, Result<Credentials, Missing>>>;

/// A credentials provider that remembers, and forgets when told.
#[derive(Clone)]
pub(super) struct Chain(Arc<Inner>);

struct Inner {
    profile: Option<String>,
    /// Other files than the user's own, for tests.
    files: Option<Files>,
    region: Option<Region>,
    http: SharedHttpClient,
    held: Mutex<Option<Held>>,
}

struct Held {
    answer: Answer,
    asked: Instant,
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chain").field("profile", &self.0.profile).finish_non_exhaustive()
    }
}

impl Chain {
    /// `profile` is the one that the user named; keys in the environment then don't count.
    pub(super) fn new(profile: Option<String>, region: Option<Region>, http: SharedHttpClient) -> Chain {
        Chain(Arc::new(Inner { profile, files: None, region, http, held: Mutex::new(None) }))
    }

    #[cfg(test)]
    #[expect(deprecated)]
    pub(super) fn of_file(profile: &str, credentials: &std::path::Path, http: SharedHttpClient) -> Chain {
        use aws_config::profile::profile_file::ProfileFileKind as Kind;
        let files = Some(Files::builder().with_file(Kind::Credentials, credentials).build());
        Chain(Arc::new(Inner { profile: Some(profile.to_owned()), files, region: None, http, held: Mutex::new(None) }))
    }

    /// How long the keys in hand still hold; `None` where they have no end, or there are none.
    pub(super) async fn left(&self) -> Option<Duration> {
        let expiry = self.answer().await.ok()?.expiry()?;
        Some(expiry.duration_since(SystemTime::now()).unwrap_or_default())
    }

    /// The secret parts of the keys in hand; none before they were asked for.
    pub(super) fn secrets(&self) -> Vec<Secret> {
        let held = self.0.held.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Ok(keys)) = held.as_ref().and_then(|held| held.answer.peek()) else { return Vec::new() };
        [Some(keys.secret_access_key()), keys.session_token()].into_iter().flatten().map(Secret::new).collect()
    }

    pub(super) fn forget(&self) {
        let mut held = self.0.held.lock().unwrap_or_else(PoisonError::into_inner);
        // A question under way is as new as the next one would be.
        if held.as_ref().is_some_and(|held| held.answer.peek().is_some()) {
            *held = None;
        }
    }

    /// The answer in hand if it is still good, or else a new question. The question is shared by all
    /// who wait for it, and goes on from where it was if one of them gives up.
    fn answer(&self) -> Answer {
        let mut held = self.0.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = held.as_ref()
            && still_good(held)
        {
            return held.answer.clone();
        }
        let answer = ask(self.0.clone()).boxed().shared();
        *held = Some(Held { answer: answer.clone(), asked: Instant::now() });
        answer
    }
}

fn still_good(held: &Held) -> bool {
    match held.answer.peek() {
        None => true,
        Some(_) if held.asked.elapsed() < ASK_AGAIN_AFTER => true,
        Some(Err(_)) => false,
        Some(Ok(credentials)) => credentials.expiry().is_none_or(|expiry| expiry > SystemTime::now() + RENEW_BEFORE),
    }
}

impl ProvideCredentials for Chain {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let answer = self.answer();
        future::ProvideCredentials::new(async move { answer.await.map_err(CredentialsError::provider_error) })
    }
}

/// Goes through the chain from its start; everything is read anew.
async fn ask(chain: Arc<Inner>) -> Result<Credentials, Missing> {
    let provider_config =
        ProviderConfig::default().with_http_client(chain.http.clone()).with_region(chain.region.clone());
    let asked = async {
        if let Some(profile) = &chain.profile {
            let mut file = ProfileFileCredentialsProvider::builder().configure(&provider_config).profile_name(profile);
            if let Some(files) = &chain.files {
                file = file.profile_files(files.clone());
            }
            file.build().provide_credentials().await
        } else {
            let chain = DefaultCredentialsChain::builder()
                .configure(provider_config)
                .region(chain.region.clone())
                .imds_client(metadata(&chain.http))
                .build()
                .await;
            chain.provide_credentials().await
        }
    };
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(answer) => answer.map_err(|error| missing(&error)),
        Err(_) => Err(Missing::Failed(format!("looking for credentials took longer than {} s", PATIENCE.as_secs()))),
    }
}

/// Instance metadata with one short try: where it exists it answers at once.
pub(super) fn metadata(http: &SharedHttpClient) -> aws_config::imds::Client {
    aws_config::imds::Client::builder()
        .configure(&ProviderConfig::default().with_http_client(http.clone()))
        .max_attempts(1)
        .connect_timeout(Duration::from_secs(1))
        .read_timeout(Duration::from_secs(1))
        .build()
}

fn missing(error: &CredentialsError) -> Missing {
    let text = chain_text(error);
    let lower = text.to_lowercase();
    // The SSO providers have no error types of their own that are public: their words are all there is.
    let sso = lower.contains("sso");
    if lower.contains("expired") || sso && (lower.contains("unauthorized") || lower.contains("failed to read")) {
        return Missing::Expired;
    }
    // Nobody has signed in yet.
    if lower.contains("failed to load the cached sso token") {
        return Missing::NotFound(text);
    }
    // Before any word is looked for: a role may be called anything.
    if let Some(said) = cause::<ErrorMetadata>(error) {
        return refused(said);
    }
    match error {
        CredentialsError::CredentialsNotLoaded(_) => Missing::NotFound(text),
        // Instance metadata is the chain's last resort: that it fails means that nothing before had any.
        _ if lower.contains("imds") => Missing::NotFound(text),
        CredentialsError::InvalidConfiguration(_) => Missing::Failed(format!("the AWS configuration is wrong: {text}")),
        // What a credential process wrote may hold anything, secrets too.
        _ if lower.contains("process") => Missing::Failed("the profile's credential process failed".to_owned()),
        _ => Missing::Failed(format!("credentials could not be fetched: {text}")),
    }
}

/// AWS's own answer to who asks for credentials. It names what it denies: `User: arn:… is not authorized to perform:
/// sts:AssumeRole on resource: arn:…`.
fn refused(said: &ErrorMetadata) -> Missing {
    let (code, message) = (said.code().unwrap_or("no code"), said.message().unwrap_or_default());
    match message.split_once("sts:AssumeRole on resource: ").and_then(|(_, rest)| rest.split_whitespace().next()) {
        Some(role) => Missing::Denied(format!("sts:AssumeRole on {role}")),
        None if message.is_empty() => Missing::Failed(format!("AWS refuses credentials: {code}")),
        None => Missing::Failed(format!("AWS refuses credentials: {message} ({code})")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_credential_process_wrote_is_never_shown() {
        let error = CredentialsError::provider_error("process said: {\"SecretAccessKey\": \"hunter2\"}");
        assert_eq!(missing(&error), Missing::Failed("the profile's credential process failed".to_owned()));
    }

    #[test]
    fn metadata_that_says_no_is_no_news_where_nothing_else_has_credentials() {
        let error = CredentialsError::provider_error("failed to load IMDS session token: request forbidden");
        assert!(matches!(missing(&error), Missing::NotFound(_)));
    }

    #[test]
    fn a_role_that_may_not_be_taken_on_is_named_and_not_told_in_the_sdks_own_words() {
        let said = |code: &str, message: &str| {
            let meta = ErrorMetadata::builder().code(code).message(message).build();
            missing(&CredentialsError::provider_error(meta)).to_string()
        };
        let role = "arn:aws:iam::123456789012:role/data-process-sso";
        let message =
            format!("User: arn:aws:iam::1:user/ana is not authorized to perform: sts:AssumeRole on resource: {role}");
        assert_eq!(said("AccessDenied", &message), format!("not allowed: sts:AssumeRole on {role}"));
        assert_eq!(said("ForbiddenException", "No access"), "AWS refuses credentials: No access (ForbiddenException)");
    }

    #[test]
    fn who_has_not_signed_in_yet_is_not_told_in_the_sdks_own_words() {
        let error = CredentialsError::provider_error("failed to load the cached SSO token");
        assert!(matches!(missing(&error), Missing::NotFound(_)));
    }

    #[test]
    fn an_sso_session_that_is_over_counts_as_expired() {
        let error = CredentialsError::provider_error("the SSO token has expired and can't be refreshed");
        assert_eq!(missing(&error), Missing::Expired);
    }
}
