//! How requests travel: one HTTP stack, its timeouts and retries, and the region they go to.

use std::time::Duration;

use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::imds::region::ImdsRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, Region};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::{Builder, ConnectorBuilder, tls};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use super::credentials;

/// A whole operation, retries and back-off included. Without it a silent endpoint hangs a call for ever.
pub(super) const OPERATION_TIMEOUT: Duration = Duration::from_secs(10);
pub(super) const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(4);
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const ATTEMPTS: u32 = 3;

pub(super) fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(OPERATION_TIMEOUT)
        .build()
}

/// Standard, not adaptive: adaptive mode was seen to hold a call for 40 s after two throttles. The
/// watch has a back-off of its own.
pub(super) fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(ATTEMPTS)
}

/// Names the caller in `CloudTrail`'s user agent.
pub(super) fn app_name() -> Option<AppName> {
    AppName::new("plantao").ok()
}

/// One HTTP stack for all services: the SDK would make one for each, with all root certificates.
pub(super) fn https() -> SharedHttpClient {
    Builder::new().build_with_connector_fn(|settings, components| {
        let mut connector = ConnectorBuilder::default()
            .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc))
            .proxy_config(ProxyConfig::from_env());
        connector.set_connector_settings(settings.cloned());
        if let Some(components) = components {
            connector.set_sleep_impl(components.sleep_impl());
        }
        connector.build()
    })
}

/// The SDK's own order, but instance metadata gets one short try: on a laptop nobody answers there.
pub(super) async fn default_region(profile: Option<&str>, http: &SharedHttpClient) -> Option<Region> {
    let mut file = ProfileFileRegionProvider::builder();
    if let Some(profile) = profile {
        file = file.profile_name(profile);
    }
    let metadata = ImdsRegionProvider::builder().imds_client(credentials::metadata(http)).build();
    RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
        .or_else(file.build())
        .or_else(metadata)
        .region()
        .await
}
