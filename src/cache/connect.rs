//! One connection to a cache.

use std::fmt;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Cmd, Value};

use super::reply::lines;
use super::trouble::{CacheTrouble, configured, trouble};
use crate::platform::text::printable;

/// From the first packet to the first answer.
const CONNECT: Duration = Duration::from_secs(5);
/// For one command: FLUSHALL of a large cache takes its time.
const PATIENCE: Duration = Duration::from_secs(30);

/// One connection to a cache. Dropping it ends the connection.
#[derive(Clone)]
pub struct Cache {
    connection: MultiplexedConnection,
    place: String,
}

impl Cache {
    /// Connects to `redis://USER:PASSWORD@HOST:6379/0`.
    ///
    /// Equivalent: `redis-cli -u redis://HOST:6379/0`.
    pub async fn connect(url: &str) -> Result<Cache, CacheTrouble> {
        let place = place(url);
        let what = format!("connect to {place}");
        if url.starts_with("rediss://") {
            return Err(CacheTrouble::new(&what, "this version speaks to Redis without TLS only")
                .remedy("use a redis:// URL through a tunnel, or redis-cli --tls in a ```sh block"));
        }
        let client = Client::open(url).map_err(|error| configured(&what, &error))?;
        let config =
            AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECT)).set_response_timeout(Some(PATIENCE));
        match client.get_multiplexed_async_connection_with_config(&config).await {
            Ok(connection) => Ok(Cache { connection, place }),
            // Nothing of the runbook was sent.
            Err(error) => Err(CacheTrouble { in_doubt: false, ..trouble(&what, &error) }),
        }
    }

    /// Where it is, without user and password: `cache.example:6379/0`.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Sends one command, each argument as it is; its reply as lines, fit for a screen.
    pub async fn send(&self, command: &[String]) -> Result<Vec<String>, CacheTrouble> {
        let name = command.first().map(String::as_str).unwrap_or_default();
        let what = format!("carry out {name}");
        let mut asked = Cmd::new();
        for word in command {
            asked.arg(word);
        }
        match asked.query_async::<Value>(&mut self.connection.clone()).await {
            Ok(value) => Ok(lines(&value)),
            Err(error) => Err(trouble(&what, &error)),
        }
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("place", &self.place).finish_non_exhaustive()
    }
}

/// An URL without its scheme and whoever logs in.
fn place(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    printable(rest.split('?').next().unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_holds_no_password_however_it_is_written() {
        for url in
            ["redis://ana:hunter2@db:6379/0", "redis://:hunter2@db:6379/0", "redis://a:hunt@er2@db:6379/0?pass=hunter2"]
        {
            assert_eq!(place(url), "db:6379/0");
        }
    }
}
