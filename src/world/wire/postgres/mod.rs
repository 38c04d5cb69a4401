//! The world's database: PostgreSQL's wire protocol on loopback, for plantao's own statements.
//!
//! It is no SQL engine. It knows plantao's questions by the comment that each begins with, `/* plantao:tables */`, runs
//! `VACUUM` and `SET`, and refuses any other statement with a hint.

mod backend;
mod cell;
mod login;
mod notice;
mod query;
mod question;
mod statement;
mod vacuum;

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::Arc;

use pgwire::api::cancel::{CancelHandler, DefaultCancelHandler};
use pgwire::api::query::{ExtendedQueryHandler, SimpleQueryHandler};
use pgwire::api::{ClientInfo, ConnectionManager, ErrorHandler, PgWireServerHandlers};
use pgwire::error::PgWireError;
use pgwire::tokio::process_socket;

use super::host::Host;
use super::loopback;
use crate::world::model::session::ROLE;

/// The one database in the server.
pub(super) const NAME: &str = "analytics";
/// The password of both roles. It opens nothing but a simulation on this machine.
pub(super) const PASSWORD: &str = "simulated-5cR8tQ2m";
/// As `server_version_num` says it; the instance's `EngineVersion` is the same.
pub(super) const VERSION: (i32, &str) = (160_003, "16.3");

/// The database's port, open for as long as this lives.
#[derive(Debug)]
pub(super) struct Port {
    /// `postgresql://ROLE:PASSWORD@127.0.0.1:PORT/analytics?sslmode=disable`.
    pub url: String,
    _open: loopback::Open,
}

/// Opens a free port of this address.
pub(super) fn open(host: &Host, address: IpAddr) -> io::Result<Port> {
    let listener = TcpListener::bind(SocketAddr::new(address, 0))?;
    let url = format!("postgresql://{ROLE}:{PASSWORD}@{}/{NAME}?sslmode=disable", listener.local_addr()?);
    let postgres = Arc::new(Postgres { host: host.clone(), manager: Arc::default() });
    let open =
        loopback::open(listener, move |stream, _| process_socket(stream, None, Handlers(Arc::clone(&postgres))))?;
    Ok(Port { url, _open: open })
}

/// What answers; the same for all connections.
#[derive(Debug)]
struct Postgres {
    host: Host,
    /// Finds the session that a cancel request is for.
    manager: Arc<ConnectionManager>,
}

struct Handlers(Arc<Postgres>);

impl PgWireServerHandlers for Handlers {
    fn simple_query_handler(&self) -> Arc<impl SimpleQueryHandler> {
        Arc::clone(&self.0)
    }

    fn extended_query_handler(&self) -> Arc<impl ExtendedQueryHandler> {
        Arc::clone(&self.0)
    }

    fn startup_handler(&self) -> Arc<impl pgwire::api::auth::StartupHandler> {
        Arc::clone(&self.0)
    }

    fn error_handler(&self) -> Arc<impl ErrorHandler> {
        Arc::new(Words)
    }

    fn cancel_handler(&self) -> Arc<impl CancelHandler> {
        Arc::new(DefaultCancelHandler::new(Arc::clone(&self.0.manager)))
    }
}

/// PostgreSQL's own words for what pgwire says in others.
struct Words;

impl ErrorHandler for Words {
    fn on_error<C: ClientInfo>(&self, _: &C, error: &mut PgWireError) {
        if matches!(error, PgWireError::QueryCanceled) {
            *error = notice::error("57014", "canceling statement due to user request");
        }
    }
}
