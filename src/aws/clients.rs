//! The SDK's clients, all made from one connection: one HTTP stack, one meter, one way to credentials.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_ecs::config::IdentityCache;
use aws_sdk_ecs::config::retry::RetryPartition;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use jiff::SignedDuration;

use super::credentials::Chain;
use super::meter::Meter;
use super::profiles::{self, Origin};
use super::transport::{app_name, default_region, https, retries, timeouts};
use crate::clock::Clock;
use crate::platform::{Secret, Spent};

/// What the user said about how to reach AWS. What is `None` is left to the SDK's own chain
/// (`AWS_PROFILE`, `AWS_REGION`, `AWS_ENDPOINT_URL`, `~/.aws/config` …).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Connection {
    /// The profile. Named here, it wins over keys in the environment, as in the AWS CLI.
    pub profile: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// The endpoint of every service: the demo, moto.
    pub endpoint: Option<String>,
    /// Refuse, before it is sent, any operation that is not a read.
    pub read_only: bool,
}

/// The SDK's clients of one connection. Cheap to clone; clones share meter and credentials.
///
/// When AWS says that the credentials have expired they are forgotten, and the next call looks for
/// new ones from the start, files re-read: `aws sso login` in another terminal is enough.
#[derive(Clone)]
pub struct Clients {
    /// Elastic Container Service.
    pub ecs: aws_sdk_ecs::Client,
    /// Elastic Container Registry.
    pub ecr: aws_sdk_ecr::Client,
    /// CloudWatch metrics and alarms.
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    /// CloudWatch Logs.
    pub logs: aws_sdk_cloudwatchlogs::Client,
    /// Relational Database Service.
    pub rds: aws_sdk_rds::Client,
    /// Application Auto Scaling.
    pub autoscaling: aws_sdk_applicationautoscaling::Client,
    /// Secrets Manager.
    pub secrets: aws_sdk_secretsmanager::Client,
    /// Security Token Service.
    pub sts: aws_sdk_sts::Client,
    pub(super) known: Arc<Known>,
}

/// What is known about the connection, for words and for counting.
pub(super) struct Known {
    pub(super) region: Option<String>,
    pub(super) profile: Option<String>,
    pub(super) endpoint: Option<String>,
    pub(super) origin: Origin,
    pub(super) chain: Option<Chain>,
    pub(super) meter: Meter,
    /// The account, once STS has told it.
    account: Mutex<Option<String>>,
    /// What Secrets Manager told.
    told: Mutex<Vec<Secret>>,
}

impl Known {
    pub(super) fn account(&self) -> Option<String> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn learn_secret(&self, secret: &Secret) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if !told.contains(secret) {
            told.push(secret.clone());
        }
    }

    /// New credentials may be another account's.
    pub(super) fn learn_account(&self, account: &str) {
        *self.account.lock().unwrap_or_else(PoisonError::into_inner) = Some(account.to_owned());
    }
}

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clients")
            .field("region", &self.known.region)
            .field("profile", &self.known.profile)
            .finish_non_exhaustive()
    }
}

impl Clients {
    /// Over the SDK's own chain: environment, profile, SSO, credential process, container, instance metadata.
    ///
    /// Reads the AWS configuration files; asks the network only for a region that nothing else
    /// names. Credentials are looked for at the first call, so that their absence is a trouble like any other.
    pub async fn connect(connection: &Connection) -> Clients {
        let http = https();
        let region = match &connection.region {
            Some(region) => Some(Region::new(region.clone())),
            None => default_region(connection.profile.as_deref(), &http).await,
        };
        let (profile, origin) = profiles::origin(connection.profile.as_deref());
        let chain = Chain::new(connection.profile.clone(), region.clone(), http.clone());
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http)
            .region(region.clone())
            .credentials_provider(SharedCredentialsProvider::new(chain.clone()))
            .identity_cache(IdentityCache::no_cache())
            .timeout_config(timeouts())
            .retry_config(retries());
        if let Some(app) = app_name() {
            loader = loader.app_name(app);
        }
        if let Some(profile) = &connection.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(endpoint) = &connection.endpoint {
            loader = loader.endpoint_url(endpoint);
        }
        let config = loader.load().await;
        let known = Known {
            region: region.map(|region| region.as_ref().to_owned()),
            profile,
            // Also what the environment or the profile names.
            endpoint: config.endpoint_url().map(str::to_owned),
            origin,
            chain: Some(chain),
            meter: Meter::new(connection.read_only),
            account: Mutex::new(None),
            told: Mutex::default(),
        };
        Clients::of(&config, known)
    }

    /// Over any HTTP client with static credentials: tests, the world in-process.
    pub fn over(http: SharedHttpClient, region: &str) -> Clients {
        Clients::fixed(http, region, None)
    }

    /// An endpoint with static credentials: the demo, moto.
    pub fn at(endpoint: &str, region: &str) -> Clients {
        Clients::fixed(https(), region, Some(endpoint))
    }

    fn fixed(http: SharedHttpClient, region: &str, endpoint: Option<&str>) -> Clients {
        let keys = SharedCredentialsProvider::new(Credentials::new("plantao", "plantao", None, None, "plantao"));
        let known = Known {
            region: Some(region.to_owned()),
            profile: None,
            endpoint: endpoint.map(str::to_owned),
            origin: Origin::Other,
            chain: None,
            meter: Meter::new(false),
            account: Mutex::new(None),
            told: Mutex::default(),
        };
        Clients::with(http, keys, endpoint, known)
    }

    fn with(http: SharedHttpClient, keys: SharedCredentialsProvider, endpoint: Option<&str>, known: Known) -> Clients {
        let mut config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(http)
            .region(known.region.clone().map(Region::new))
            .credentials_provider(keys)
            .identity_cache(IdentityCache::no_cache())
            .timeout_config(timeouts())
            .retry_config(retries());
        config.set_app_name(app_name());
        config.set_endpoint_url(endpoint.map(str::to_owned));
        Clients::of(&config.build(), known)
    }

    fn of(config: &SdkConfig, known: Known) -> Clients {
        // The SDK's retry allowance is shared by all clients of a service in one process; a partition
        // of its own keeps one connection's bad day out of another's.
        let partition = RetryPartition::new(format!("plantao-{:016x}", fastrand::u64(..)));
        macro_rules! client {
            ($sdk:ident) => {
                $sdk::Client::from_conf(
                    $sdk::config::Builder::from(config)
                        .interceptor(known.meter.clone())
                        .retry_partition(partition.clone())
                        .build(),
                )
            };
        }
        Clients {
            ecs: client!(aws_sdk_ecs),
            ecr: client!(aws_sdk_ecr),
            cloudwatch: client!(aws_sdk_cloudwatch),
            logs: client!(aws_sdk_cloudwatchlogs),
            rds: client!(aws_sdk_rds),
            autoscaling: client!(aws_sdk_applicationautoscaling),
            secrets: client!(aws_sdk_secretsmanager),
            sts: client!(aws_sdk_sts),
            known: Arc::new(known),
        }
    }

    /// The region asked; `None` if nothing names one, and then every call fails and says so.
    pub fn region(&self) -> Option<&str> {
        self.known.region.as_deref()
    }

    /// The profile in use, if one is named by the user or by `AWS_PROFILE`.
    pub fn profile(&self) -> Option<&str> {
        self.known.profile.as_deref()
    }

    /// The endpoint of every service, if the user named one.
    pub fn endpoint(&self) -> Option<&str> {
        self.known.endpoint.as_deref()
    }

    /// What the session has asked so far.
    pub fn spent(&self) -> Spent {
        self.known.meter.spent()
    }

    /// How far the local clock is ahead of AWS's, to the second; `None` until AWS has answered.
    pub fn clock_skew(&self) -> Option<SignedDuration> {
        self.known.meter.clock_skew()
    }

    /// Tells the present by this clock from now on: the world's, in the demo and in tests.
    pub fn tell_time_by(&self, clock: &Clock) {
        self.known.meter.tell_time_by(clock);
    }

    /// How long the credentials still hold, by this machine's clock, and what to do about it. `None` where they have
    /// no end, or nobody says.
    pub async fn credentials_left(&self) -> Option<(SignedDuration, String)> {
        let left = self.known.chain.as_ref()?.left().await?;
        Some((SignedDuration::try_from(left).unwrap_or(SignedDuration::MAX), self.renewal()))
    }

    /// What must not be shown of what is in hand now: the keys' secret parts, wherever they came from, and what Secrets
    /// Manager told.
    pub fn secrets(&self) -> Vec<Secret> {
        let keys = self.known.chain.as_ref().map(Chain::secrets).unwrap_or_default();
        let told = self.known.told.lock().unwrap_or_else(PoisonError::into_inner);
        keys.into_iter().chain(told.iter().cloned()).collect()
    }

    /// Refuses from now on, before it is sent, any operation that is not a read.
    pub fn only_read(&self) {
        self.known.meter.only_read();
    }

    /// Forgets the credentials in hand: the next call looks for new ones, files re-read.
    pub fn renew(&self) {
        if let Some(chain) = &self.known.chain {
            chain.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::{Reply, Tiny};
    use crate::aws::{ecs, sts};
    use crate::platform::TroubleKind;

    fn known(chain: Option<Chain>, read_only: bool) -> Known {
        Known {
            region: Some("us-east-1".to_owned()),
            profile: Some("prod".to_owned()),
            endpoint: None,
            origin: Origin::Sso,
            chain,
            meter: Meter::new(read_only),
            account: Mutex::new(None),
            told: Mutex::default(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn new_credentials_on_disk_are_picked_up_once_the_old_ones_have_expired() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("credentials");
        let write = |key: &str| {
            let text = format!("[prod]\naws_access_key_id = {key}\naws_secret_access_key = s\naws_session_token = t\n");
            std::fs::write(&file, text).unwrap();
        };
        write("OLD");
        let tiny = Tiny::keyed(|_, _, key| {
            if key == "NEW" {
                Reply::json(r#"{"clusterArns": []}"#)
            } else {
                Reply::json_error(400, "ExpiredTokenException", "The security token included in the request is expired")
            }
        });
        let chain = Chain::of_file("prod", &file, tiny.client());
        let keys = SharedCredentialsProvider::new(chain.clone());
        let clients = Clients::with(tiny.client(), keys, None, known(Some(chain), false));
        let trouble = ecs::list_clusters(&clients).await.unwrap_err();
        assert_eq!(trouble.to_string(), "credentials expired: run \"aws sso login --profile prod\"");
        assert!(ecs::list_clusters(&clients).await.is_err());
        write("NEW");
        assert_eq!(ecs::list_clusters(&clients).await, Ok(Vec::new()));
    }

    #[tokio::test(start_paused = true)]
    async fn no_credentials_at_all_names_the_profile() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("credentials");
        std::fs::write(&file, "[staging]\naws_access_key_id = K\naws_secret_access_key = s\n").unwrap();
        let tiny = Tiny::new(|_, _| Reply::json("{}"));
        let chain = Chain::of_file("prod", &file, tiny.client());
        let keys = SharedCredentialsProvider::new(chain.clone());
        let clients = Clients::with(tiny.client(), keys, None, known(Some(chain), false));
        let trouble = sts::get_caller_identity(&clients).await.unwrap_err();
        assert_eq!(trouble.kind, TroubleKind::NoCredentials);
        // Between the two stand the profiles that the tester's own files name, if any.
        let said = trouble.to_string();
        assert!(said.starts_with("no AWS profile \"prod\": "), "{said}");
        assert!(said.ends_with("run \"aws configure sso --profile prod\""), "{said}");
        assert_eq!((clients.spent().calls, tiny.asked().len()), (0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_read_only_session_lets_reads_through_and_sends_no_change() {
        let tiny = Tiny::new(|_, _| Reply::json(r#"{"clusterArns": []}"#));
        let clients = Clients::over(tiny.client(), "us-east-1");
        clients.only_read();
        assert_eq!(ecs::list_clusters(&clients).await, Ok(Vec::new()));
        let error = clients.ecs.update_service().service("api").desired_count(0).send().await.unwrap_err();
        let trouble = clients.trouble("ecs:UpdateService", &error);
        assert_eq!(
            (trouble.kind, trouble.why.as_str()),
            (TroubleKind::Refused, "UpdateService is not a read, and this session is read-only")
        );
        assert_eq!(tiny.asked(), ["ListClusters"]);
    }
}
