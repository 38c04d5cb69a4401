//! One GET over the same HTTP stack that AWS is asked with: its TLS, its proxies.

use std::time::Duration;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::{ConnectorBuilder, tls};
use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;

/// After this long there is no answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The HTTP status that an address answers with; redirects are not followed. The error is why there is none.
///
/// `curl --silent --output /dev/null --write-out '%{http_code}' --max-time 5 URL`
pub async fn status(url: &str) -> Result<u16, String> {
    within_patience(get(url)).await.map(|answer| answer.status().as_u16())
}

/// What an address answers, if it is well and no larger than this; redirects are not followed.
///
/// `curl --fail --silent --max-time 5 URL`
pub(super) async fn fetch(url: &str, largest: usize) -> Result<Vec<u8>, String> {
    within_patience(async {
        let answer = get(url).await?;
        let status = answer.status().as_u16();
        if status != 200 {
            return Err(format!("HTTP {status}"));
        }
        let mut body = ByteStream::new(answer.into_body());
        let mut bytes = Vec::new();
        while let Some(part) = body.next().await {
            bytes.extend_from_slice(&part.map_err(|error| super::causes::chain_text(&error))?);
            if bytes.len() > largest {
                return Err(format!("more than {largest} bytes"));
            }
        }
        Ok(bytes)
    })
    .await
}

async fn within_patience<T>(answer: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let late = |_| Err(format!("no answer in {} s", PATIENCE.as_secs()));
    tokio::time::timeout(PATIENCE, answer).await.unwrap_or_else(late)
}

async fn get(url: &str) -> Result<HttpResponse, String> {
    let connector = ConnectorBuilder::default()
        .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc))
        .proxy_config(ProxyConfig::from_env())
        .build();
    let mut request = HttpRequest::new(SdkBody::empty());
    request.set_uri(url).map_err(|_| "this is no address".to_owned())?;
    request.headers_mut().insert("user-agent", concat!("plantao/", env!("CARGO_PKG_VERSION")));
    connector.call(request).await.map_err(|error| super::causes::chain_text(&error))
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
