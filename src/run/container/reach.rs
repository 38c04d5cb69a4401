//! Whether a registry can be reached from here: a VPN that is down is better known before minutes of building.

use std::time::Duration;

use tokio::net::TcpStream;

use crate::platform::text::printable;

/// Where registries answer.
const HTTPS: u16 = 443;
/// A name server and a handshake across an ocean take less.
const PATIENCE: Duration = Duration::from_secs(3);
/// Where a proxy stands between, the tool goes through it and not straight.
const PROXIES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// A warning, if nothing takes connections at a registry (`HOST` or `HOST:PORT`). No more than that: the tool's own
/// machine or proxy may reach it.
pub(in crate::run) async fn out_of_reach(registry: &str) -> Option<String> {
    let has_proxy = PROXIES.iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
    if has_proxy { None } else { tried(registry).await }
}

async fn tried(registry: &str) -> Option<String> {
    let (host, port) = place(registry);
    let why = match tokio::time::timeout(PATIENCE, TcpStream::connect((host, port))).await {
        Ok(Ok(_)) => return None,
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer in {} s", PATIENCE.as_secs()),
    };
    let host = printable(host);
    Some(format!(
        "the registry {host} can't be reached from this machine on port {port} ({why}): is a VPN or a proxy missing? An image that is in ECR already needs no push"
    ))
}

fn place(registry: &str) -> (&str, u16) {
    let split = registry.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
    let (host, port) = split.unwrap_or((registry, HTTPS));
    (host.trim_start_matches('[').trim_end_matches(']'), port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_registry_that_takes_no_connections_is_named_before_anything_is_built() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let registry = listener.local_addr().unwrap().to_string();
        assert_eq!(tried(&registry).await, None);
        drop(listener);
        let warning = tried(&registry).await.unwrap();
        let port = registry.rsplit(':').next().unwrap();
        assert!(warning.contains(&format!("127.0.0.1 can't be reached from this machine on port {port}")), "{warning}");
        assert!(warning.contains("in ECR already"), "{warning}");
    }

    #[test]
    fn a_registry_without_a_port_is_asked_where_https_is() {
        assert_eq!(place("123456789012.dkr.ecr.us-east-1.amazonaws.com").1, 443);
        assert_eq!(place("127.0.0.1:5000"), ("127.0.0.1", 5000));
        assert_eq!(place("[::1]:5000"), ("::1", 5000));
    }
}
