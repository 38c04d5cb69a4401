//! The world on a loopback port, for the demo, for run processes, and for any AWS client.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming as Body;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::host::{Answer, Fate, Host};
use super::route::Incoming;
use super::{loopback, postgres, redis};

/// A world that answers on a port, for as long as this lives.
#[derive(Debug)]
pub struct Served {
    /// `http://127.0.0.1:PORT`, as `AWS_ENDPOINT_URL` wants it.
    pub url: String,
    _open: loopback::Open,
    /// The database's port; none if another database stands in for it.
    database: Option<postgres::Port>,
    cache: redis::Port,
}

impl Served {
    /// The URL of the database's own port, as the secret [`Host::DATABASE_SECRET`] tells it too; none if another
    /// database stands in for it.
    pub fn database_url(&self) -> Option<&str> {
        self.database.as_ref().map(|port| port.url.as_str())
    }

    /// The URL of the cache's port: `redis://127.0.0.1:PORT/0`.
    pub fn cache_url(&self) -> &str {
        &self.cache.url
    }
}

impl Host {
    /// The Secrets Manager secret that holds the database's URL, as the sample platform names it.
    pub const DATABASE_SECRET: &str = "analytics-production/database-url";

    /// Lets a real database stand in for the world's own: its URL is what the secret tells.
    pub fn stand_in(&self, database_url: &str) {
        self.leave_database_to_another();
        self.tell_database(database_url);
    }

    fn tell_database(&self, url: &str) {
        self.with(|world| {
            world.secrets.retain(|(name, _)| name != Host::DATABASE_SECRET);
            world.secrets.push((Host::DATABASE_SECRET.to_owned(), url.to_owned()));
        });
    }

    /// Serves this world over HTTP, and its cache and database on free ports beside it, unless another database stands in
    /// for it. Port 0 takes a free one. Fails if the address is taken. Served twice, both answer, and the secret tells the
    /// newer database port.
    pub fn serve(&self, address: SocketAddr) -> io::Result<Served> {
        self.serve_on(std::net::TcpListener::bind(address)?)
    }

    /// [`Host::serve`], where a listener is bound already.
    pub fn serve_on(&self, listener: std::net::TcpListener) -> io::Result<Served> {
        let cache = redis::bind(listener.local_addr()?.ip())?;
        self.serve_with(listener, cache)
    }

    /// [`Host::serve_on`], where the cache's listener is bound already too: its URL is known before the world is.
    pub fn serve_with(&self, listener: std::net::TcpListener, cache: std::net::TcpListener) -> io::Result<Served> {
        let address = listener.local_addr()?;
        let database = if self.has_other_database() {
            None
        } else {
            let port = postgres::open(self, address.ip())?;
            self.tell_database(&port.url);
            Some(port)
        };
        let cache = redis::open(self, cache)?;
        let url = format!("http://{address}");
        self.with(|world| world.layers_at = Some(url.clone()));
        let host = self.clone();
        let open = loopback::open(listener, move |stream, _| talk(host.clone(), stream))?;
        Ok(Served { url, _open: open, database, cache })
    }
}

async fn talk(host: Host, stream: TcpStream) {
    let service = service_fn(move |request| reply(host.clone(), request));
    // An error here is a client that went away, or a reset on purpose.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// The connection ends without an answer.
#[derive(Debug, thiserror::Error)]
#[error("reset on purpose")]
struct Reset;

async fn reply(host: Host, request: Request<Body>) -> Result<Response<Full<Bytes>>, Reset> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Reset)?.to_bytes();
    let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(service) = head.uri.path().strip_prefix("/health/") {
        let status = host.with(|world| world.health(service));
        return response(Answer { status, headers: Vec::new(), body: Vec::new() });
    }
    let fate = host.answer(&Incoming {
        path: head.uri.path(),
        target: header("x-amz-target"),
        content_type: header("content-type"),
        authorization: header("authorization"),
        body: &body,
    });
    match fate {
        Fate::Hangs => {
            let never: Infallible = std::future::pending().await;
            match never {}
        }
        Fate::Reset => Err(Reset),
        Fate::Answered(answer, delay) => {
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            response(answer)
        }
    }
}

fn response(answer: Answer) -> Result<Response<Full<Bytes>>, Reset> {
    let mut response = Response::builder().status(answer.status);
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    response.body(Full::new(Bytes::from(answer.body))).map_err(|_| Reset)
}
