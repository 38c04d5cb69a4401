//! Login: which database, whose password, and whether a slot is left.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use futures::{Sink, SinkExt};
use pgwire::api::auth::{
    ServerParameterProvider, StartupHandler, finish_authentication, protocol_negotiation,
    save_startup_parameters_to_metadata,
};
use pgwire::api::{
    ClientInfo, ConnectionGuard, ConnectionHandle, METADATA_APPLICATION_NAME, METADATA_DATABASE, METADATA_USER,
    PgWireConnectionState,
};
use pgwire::error::{PgWireError, PgWireResult};
use pgwire::messages::startup::{Authentication, SecretKey};
use pgwire::messages::{PgWireBackendMessage, PgWireFrontendMessage};

use super::backend::Backend;
use super::notice::fatal;
use super::{NAME, PASSWORD, Postgres, VERSION};
use crate::world::model::server::{MASTER, NoSlot};
use crate::world::model::session::ROLE;

#[async_trait]
impl StartupHandler for Postgres {
    async fn on_startup<C>(&self, client: &mut C, message: PgWireFrontendMessage) -> PgWireResult<()>
    where
        C: ClientInfo + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        match message {
            PgWireFrontendMessage::Startup(startup) => {
                protocol_negotiation(client, &startup).await?;
                save_startup_parameters_to_metadata(client, &startup);
                client.set_state(PgWireConnectionState::AuthenticationInProgress);
                let ask = Authentication::CleartextPassword;
                client.send(PgWireBackendMessage::Authentication(ask)).await?;
                Ok(())
            }
            PgWireFrontendMessage::PasswordMessageFamily(message) => {
                let password = message.into_password()?.password;
                let backend = self.let_in(client, &password)?;
                // A cancel request proves itself by this key: it is no secret on loopback.
                let key = SecretKey::I32(backend.pid.wrapping_mul(0x9E37_79B1_u32 as i32));
                client.set_pid_and_secret_key(backend.pid, key.clone());
                let (handle, guard) = self.manager.register(backend.pid, key);
                client.session_extensions().insert::<Arc<ConnectionHandle>>(handle);
                client.session_extensions().insert::<ConnectionGuard>(guard);
                client.session_extensions().insert::<Backend>(backend);
                finish_authentication(client, &Parameters).await
            }
            _ => Ok(()),
        }
    }
}

impl Postgres {
    fn let_in<C: ClientInfo>(&self, client: &C, password: &str) -> PgWireResult<Backend> {
        let said = |key: &str| client.metadata().get(key).map(String::as_str).unwrap_or_default();
        let (user, application) = (said(METADATA_USER), said(METADATA_APPLICATION_NAME));
        if ![ROLE, MASTER].contains(&user) || password != PASSWORD {
            return Err(fatal("28P01", format!("password authentication failed for user \"{user}\"")));
        }
        let database = if said(METADATA_DATABASE).is_empty() { user } else { said(METADATA_DATABASE) };
        if database != NAME {
            return Err(fatal("3D000", format!("database \"{database}\" does not exist")));
        }
        let address = client.socket_addr().ip().to_string();
        let pid = self.host.with(|world| {
            let now = world.now;
            match world.databases.first_mut() {
                Some(database) if database.serves(now) => {
                    database.enter(now, user, application, &address).map_err(|none| match none {
                        NoSlot::Reserved => fatal(
                            "53300",
                            "remaining connection slots are reserved for roles with the SUPERUSER attribute",
                        ),
                        NoSlot::None => fatal("53300", "sorry, too many clients already"),
                    })
                }
                _ => Err(fatal("57P03", "the database system is starting up")),
            }
        })?;
        Ok(Backend::new(self.host.clone(), pid, user))
    }
}

/// What a client is told after login.
struct Parameters;

impl ServerParameterProvider for Parameters {
    fn server_parameters<C: ClientInfo>(&self, _: &C) -> Option<HashMap<String, String>> {
        let told = [
            ("server_version", VERSION.1),
            ("server_encoding", "UTF8"),
            ("client_encoding", "UTF8"),
            ("DateStyle", "ISO, MDY"),
            ("TimeZone", "UTC"),
            ("integer_datetimes", "on"),
            ("standard_conforming_strings", "on"),
            ("in_hot_standby", "off"),
        ];
        Some(told.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }
}
