//! One session on a server: connecting, asking, canceling.

use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio_postgres::config::SslMode as Negotiated;
use tokio_postgres::types::{FromSql, ToSql, Type};
use tokio_postgres::{AsyncMessage, CancelToken, Client, Config, Connection, Row, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::error::{gone, no_answer, trouble};
use super::notice::Notice;
use super::target::{SslMode, Target};
use super::trouble::{DatabaseTrouble, DatabaseTroubleKind};
use super::{tls, version::Version};

/// From the first packet to the first answer, TLS and login included.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// What `pg_stat_activity` shows of us.
pub const APPLICATION_NAME: &str = "plantao";

/// How much longer than the server's own timeout an answer is waited for: a dead line sends none.
const GRACE: Duration = Duration::from_secs(3);

/// How long a session lets the server work and wait, as `SET statement_timeout` and `SET lock_timeout`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For a whole statement; none means as long as it takes, whatever the role's default is.
    pub statement: Option<Duration>,
    /// For each lock; none means as long as it takes.
    pub lock: Option<Duration>,
}

impl Patience {
    /// For questions whose answer a person waits for: 10 s, and 1 s for a lock.
    pub const QUESTIONS: Patience =
        Patience { statement: Some(Duration::from_secs(10)), lock: Some(Duration::from_secs(1)) };
}

/// One session on a PostgreSQL server. Dropping it ends the session.
pub struct Database {
    client: Client,
    tls: MakeRustlsConnect,
    patience: Patience,
    version: Version,
    pid: i32,
    encrypted: bool,
    /// It was told to let nothing be changed.
    pub(super) only_reads: AtomicBool,
    ended: Arc<OnceLock<tokio_postgres::Error>>,
}

impl Database {
    /// Connects for questions, see [`Patience::QUESTIONS`].
    ///
    /// Equivalent: `psql "host=… sslmode=verify-full …"`, see [`Target::psql`].
    pub async fn connect(target: &Target) -> Result<Database, DatabaseTrouble> {
        Ok(Database::connect_with(target, Patience::QUESTIONS).await?.0)
    }

    /// Connects, and also gives what the server says beside its answers.
    pub async fn connect_with(
        target: &Target,
        patience: Patience,
    ) -> Result<(Database, mpsc::UnboundedReceiver<Notice>), DatabaseTrouble> {
        let what = format!("connect to {target}");
        let wanted = target.clone();
        // It reads the system's certificates from disk: a tenth of a second that no other task has to wait.
        let tls = tokio::task::spawn_blocking(move || tls::connector(&wanted))
            .await
            .unwrap_or_else(|why| Err(DatabaseTrouble::new(DatabaseTroubleKind::Other, &what, why.to_string())))?;
        let connecting = connect_in_turn(target, &tls, &what);
        let (client, connection, encrypted) = tokio::time::timeout(CONNECT_TIMEOUT, connecting)
            .await
            .unwrap_or_else(|_| Err(no_answer(&what, CONNECT_TIMEOUT)))?;
        let ended = Arc::new(OnceLock::new());
        let (said, notices) = mpsc::unbounded_channel();
        tokio::spawn(drive(connection, said, ended.clone()));
        let version = Version::default();
        let only_reads = AtomicBool::new(false);
        let mut database = Database { client, tls, patience, version, pid: 0, encrypted, only_reads, ended };
        database.settle(&what).await?;
        Ok((database, notices))
    }

    /// Sets the timeouts, and asks who we are there.
    async fn settle(&mut self, what: &str) -> Result<(), DatabaseTrouble> {
        let milliseconds = |limit: Option<Duration>| limit.map_or(0, |limit| limit.as_millis().clamp(1, 2_000_000_000));
        let settings = format!(
            "/* plantao:settings */ SET statement_timeout = {}; SET lock_timeout = {}; SET client_min_messages = notice",
            milliseconds(self.patience.statement),
            milliseconds(self.patience.lock)
        );
        self.run(what, &settings).await?;
        let sql = "/* plantao:hello */ SELECT current_setting('server_version_num')::int4, current_setting('server_version'), pg_backend_pid()";
        let row = self.ask_one(what, sql, &[]).await?;
        self.version = Version::new(get(&row, 0, what)?, get(&row, 1, what)?);
        self.pid = get(&row, 2, what)?;
        if self.version.number < Version::OLDEST {
            let why = format!("the server is PostgreSQL {}, which plantao does not know", self.version);
            return Err(DatabaseTrouble::new(DatabaseTroubleKind::Unsupported, what, why)
                .remedy(format!("PostgreSQL {} is the oldest that it can ask", Version::OLDEST / 10_000)));
        }
        Ok(())
    }

    /// The server's version.
    pub fn version(&self) -> &Version {
        &self.version
    }

    /// `pg_backend_pid()`: the process that serves this session.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// The session has ended, whoever ended it.
    pub fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Whether this session goes over TLS.
    pub fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// Asks the server to cancel what this session does, over a connection of its own with the same TLS. No answer
    /// means that nothing was running.
    pub fn canceler(&self) -> Canceler {
        Canceler { token: self.client.cancel_token(), tls: self.tls.clone() }
    }

    /// Rows of a question. Parameters go apart from the text.
    ///
    /// Each question begins with a comment, `/* plantao:tables */`: the server's log says who asked, and the simulated
    /// server of the demo knows it by that.
    pub(super) async fn ask(
        &self,
        what: &str,
        sql: &str,
        parameters: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<Vec<Row>, DatabaseTrouble> {
        // query_typed prepares no named statement, so a pooler between us and the server can't lose it.
        self.within(what, self.client.query_typed(sql, parameters)).await
    }

    /// The one row of a question.
    pub(super) async fn ask_one(
        &self,
        what: &str,
        sql: &str,
        parameters: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<Row, DatabaseTrouble> {
        let rows = self.ask(what, sql, parameters).await?;
        rows.into_iter().next().ok_or_else(|| {
            DatabaseTrouble::new(DatabaseTroubleKind::Unsupported, what, "the server answered with nothing")
        })
    }

    /// Statements without rows and without parameters.
    pub(super) async fn run(&self, what: &str, sql: &str) -> Result<(), DatabaseTrouble> {
        self.within(what, self.client.batch_execute(sql)).await
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) async fn within<T>(
        &self,
        what: &str,
        answer: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, DatabaseTrouble> {
        let result = match self.patience.statement {
            None => answer.await,
            Some(limit) => {
                tokio::time::timeout(limit + GRACE, answer).await.map_err(|_| no_answer(what, limit + GRACE))?
            }
        };
        result.map_err(|error| match self.ended.get() {
            // A closed connection's last words tell why.
            Some(why) if error.is_closed() => match trouble(what, why) {
                said if said.sqlstate.is_some() => said,
                _ => gone(what),
            },
            _ => trouble(what, &error),
        })
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").field("version", &self.version).field("pid", &self.pid).finish_non_exhaustive()
    }
}

/// Cancels what one session does, from outside of it.
#[derive(Clone)]
pub struct Canceler {
    token: CancelToken,
    tls: MakeRustlsConnect,
}

impl Canceler {
    /// Sends the request. It is no promise: the server says nothing back, and the statement may be over already.
    pub async fn cancel(&self) -> Result<(), DatabaseTrouble> {
        let what = "cancel the statement";
        match tokio::time::timeout(CONNECT_TIMEOUT, self.token.cancel_query(self.tls.clone())).await {
            Ok(result) => result.map_err(|error| trouble(what, &error)),
            Err(_) => Err(no_answer(what, CONNECT_TIMEOUT)),
        }
    }
}

type TlsConnection = Connection<Socket, <MakeRustlsConnect as tokio_postgres::tls::MakeTlsConnect<Socket>>::Stream>;

/// Tries what the sslmode allows, in libpq's order. The first one's error counts, unless it was only the lack of TLS.
async fn connect_in_turn(
    target: &Target,
    tls: &MakeRustlsConnect,
    what: &str,
) -> Result<(Client, TlsConnection, bool), DatabaseTrouble> {
    use Negotiated::{Disable, Require};
    let turns: &[Negotiated] = match target.sslmode {
        _ if target.is_socket() => &[Disable],
        SslMode::Disable => &[Disable],
        SslMode::Allow => &[Disable, Require],
        SslMode::Prefer => &[Require, Disable],
        SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => &[Require],
    };
    let mut first: Option<DatabaseTrouble> = None;
    for mode in turns {
        match config(target, *mode).connect(tls.clone()).await {
            Ok((client, connection)) => return Ok((client, connection, *mode == Require)),
            Err(error) => {
                let trouble = trouble(what, &error);
                // Only another way to encrypt could help against these, and they are what is worth telling.
                let other_way = matches!(trouble.kind, DatabaseTroubleKind::NoTls | DatabaseTroubleKind::Certificate)
                    || trouble.sqlstate.as_deref() == Some("28000");
                if !other_way {
                    return Err(trouble);
                }
                // A server without TLS that then says who may not log in has said what is wrong.
                match &first {
                    Some(told)
                        if told.kind != DatabaseTroubleKind::NoTls || trouble.kind != DatabaseTroubleKind::Login => {}
                    _ => first = Some(trouble),
                }
            }
        }
    }
    Err(first.unwrap_or_else(|| gone(what)))
}

fn config(target: &Target, mode: Negotiated) -> Config {
    let mut config = Config::new();
    config
        .host(&target.host)
        .port(target.port)
        .user(&target.user)
        .dbname(&target.database)
        .application_name(APPLICATION_NAME)
        .ssl_mode(mode)
        .connect_timeout(CONNECT_TIMEOUT)
        // A vacuum is silent for hours: only the kernel can find out that the line is dead.
        .keepalives_idle(Duration::from_secs(30))
        .keepalives_interval(Duration::from_secs(10))
        .keepalives_retries(3)
        .tcp_user_timeout(Duration::from_mins(1));
    if let Some(password) = &target.password {
        config.password(password.reveal());
    }
    if let Some(options) = &target.options {
        config.options(options);
    }
    config
}

/// Moves bytes until the session ends; says what the server says; keeps why it ended.
async fn drive(
    mut connection: TlsConnection,
    said: mpsc::UnboundedSender<Notice>,
    ended: Arc<OnceLock<tokio_postgres::Error>>,
) {
    loop {
        match std::future::poll_fn(|cx| connection.poll_message(cx)).await {
            // Nobody may be listening, and then nobody misses it.
            Some(Ok(AsyncMessage::Notice(notice))) => drop(said.send(Notice::new(&notice))),
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                // Before the connection is dropped, and with it the questions that wait for an answer.
                drop(ended.set(error));
                return;
            }
            None => return,
        }
    }
}

/// A column of a row.
pub(super) fn get<'a, T: FromSql<'a>>(row: &'a Row, column: usize, what: &str) -> Result<T, DatabaseTrouble> {
    row.try_get(column).map_err(|error| trouble(what, &error))
}

/// A column in microseconds since 1970, as `(extract(epoch FROM …) * 1000000)::int8` gives it.
pub(super) fn get_time(row: &Row, column: usize, what: &str) -> Result<Option<Timestamp>, DatabaseTrouble> {
    let microseconds: Option<i64> = get(row, column, what)?;
    Ok(microseconds.and_then(|at| Timestamp::from_microsecond(at).ok()))
}
