//! One GET over the same HTTP stack that AWS is asked with: its TLS, its proxies.

use std::time::Duration;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::{ConnectorBuilder, tls};
use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;

/// After this long there is no answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The HTTP status that an address answers with; redirects are not followed. The error is why there is none.
///
/// `curl --silent --output /dev/null --write-out '%{http_code}' --max-time 5 URL`
pub async fn status(url: &str) -> Result<u16, String> {
    let connector = ConnectorBuilder::default()
        .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc))
        .proxy_config(ProxyConfig::from_env())
        .build();
    let mut request = HttpRequest::new(SdkBody::empty());
    request.set_uri(url).map_err(|_| "this is no address".to_owned())?;
    request.headers_mut().insert("user-agent", concat!("plantao/", env!("CARGO_PKG_VERSION")));
    match tokio::time::timeout(PATIENCE, connector.call(request)).await {
        Ok(Ok(answer)) => Ok(answer.status().as_u16()),
        Ok(Err(error)) => Err(super::causes::chain_text(&error)),
        Err(_) => Err(format!("no answer in {} s", PATIENCE.as_secs())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn the_status_is_told_and_a_closed_port_says_why() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/health", listener.local_addr().unwrap());
        let answering = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1_024];
            let read = stream.read(&mut request).await.unwrap();
            assert!(request[..read].starts_with(b"GET /health"));
            stream.write_all(b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n").await.unwrap();
            drop(listener);
        };
        let (answer, ()) = tokio::join!(status(&url), answering);
        assert_eq!(answer, Ok(503));
        assert!(status(&url).await.is_err());
        assert_eq!(status("no address").await, Err("this is no address".to_owned()));
    }
}
