//! The in-process seam: the SDK's HTTP client, answered by the world.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;

use super::host::{Answer, Fate, Host};
use super::route::Incoming;

impl Host {
    /// An HTTP client for the SDK whose every request this world answers, with no socket between.
    ///
    /// A hanging request stays so for ever: the caller's own timeouts end it.
    pub fn http_client(&self) -> SharedHttpClient {
        SharedHttpClient::new(Seam(self.clone()))
    }
}

#[derive(Debug, Clone)]
struct Seam(Host);

impl HttpClient for Seam {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Seam {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let host = self.0.clone();
        HttpConnectorFuture::new(async move {
            let fate = {
                let uri = request.uri();
                // `scheme://authority/path?query`: the path alone says what is asked.
                let path = uri.split_once("://").map_or(uri, |(_, rest)| rest.find('/').map_or("/", |i| &rest[i..]));
                host.answer(&Incoming {
                    path: path.split('?').next().unwrap_or(path),
                    target: request.headers().get("x-amz-target"),
                    content_type: request.headers().get("content-type"),
                    authorization: request.headers().get("authorization"),
                    body: request.body().bytes().unwrap_or_default(),
                })
            };
            match fate {
                Fate::Hangs => std::future::pending().await,
                Fate::Reset => Err(ConnectorError::io(
                    std::io::Error::new(std::io::ErrorKind::ConnectionReset, "connection reset by peer").into(),
                )),
                Fate::Answered(answer, delay) => {
                    if !delay.is_zero() {
                        tokio::time::sleep(delay).await;
                    }
                    response(answer)
                }
            }
        })
    }
}

fn response(answer: Answer) -> Result<HttpResponse, ConnectorError> {
    let status = StatusCode::try_from(answer.status).map_err(|e| ConnectorError::other(e.into(), None))?;
    let mut response = HttpResponse::new(status, SdkBody::from(answer.body));
    for (name, value) in answer.headers {
        response.headers_mut().try_insert(name, value).map_err(|e| ConnectorError::other(e.into(), None))?;
    }
    Ok(response)
}
