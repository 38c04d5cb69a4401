//! Getting in, and the words when that fails.

use std::net::TcpListener;
use std::time::Duration;

use plantao::database::{
    Database, DatabaseTrouble, DatabaseTroubleKind as Kind, Order, Roots, SslMode, Target, Vacuum, VacuumEnding,
};
use plantao::platform::Secret;

use super::fresh;
use crate::harness::{Postgres, Which, postgres};

async fn server(which: Which) -> &'static Postgres {
    tokio::task::spawn_blocking(move || postgres(which)).await.unwrap()
}

async fn refusal(target: &Target) -> DatabaseTrouble {
    Database::connect(target).await.expect_err("it must not get in")
}

#[tokio::test]
async fn a_wrong_password_is_told_and_never_shown() {
    for which in [Which::System, Which::Newer] {
        let mut target = server(which).await.target("postgres");
        target.password = Some(Secret::new("hunter2"));
        let trouble = refusal(&target).await;
        assert_eq!((trouble.kind, trouble.sqlstate.as_deref()), (Kind::Login, Some("28P01")));
        let place = format!("could not connect to postgres@localhost:{}/postgres: the password is wrong", target.port);
        assert!(trouble.to_string().starts_with(&place), "{trouble}");
        assert!(!format!("{trouble:?}").contains("hunter2"));
        target.password = None;
        assert!(refusal(&target).await.why.contains("wants a password"));
    }
}

#[tokio::test]
async fn a_missing_database_role_or_host_is_told_apart() {
    let target = server(Which::Newer).await.target("nowhere");
    let trouble = refusal(&target).await;
    assert_eq!((trouble.kind, trouble.why.as_str()), (Kind::NoDatabase, "database \"nowhere\" does not exist"));
    let nobody = Target { user: "nobody\u{1b}[2J".to_owned(), database: "postgres".to_owned(), ..target.clone() };
    let trouble = refusal(&nobody).await;
    assert_eq!(trouble.kind, Kind::Login);
    assert!(!trouble.to_string().contains('\u{1b}'));

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = Target { port: listener.local_addr().unwrap().port(), ..target.clone() };
    drop(listener);
    let trouble = refusal(&closed).await;
    assert_eq!((trouble.kind, trouble.why.as_str()), (Kind::Refused, "nothing listens there (connection refused)"));
    let trouble = refusal(&Target { host: "no-such-host.invalid".to_owned(), ..target }).await;
    assert_eq!((trouble.kind, trouble.why.as_str()), (Kind::UnknownHost, "the host name has no address"));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_nothing_is_given_up_after_five_seconds() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut target = Target::new("127.0.0.1", listener.local_addr().unwrap().port(), "ana", "analytics");
    for mode in [SslMode::Disable, SslMode::VerifyFull] {
        target.sslmode = mode;
        let began = tokio::time::Instant::now();
        let trouble = refusal(&target).await;
        assert_eq!((trouble.kind, began.elapsed().as_secs()), (Kind::TimedOut, 5), "{trouble}");
    }
}

#[tokio::test]
async fn something_that_is_no_postgresql_is_told_in_words() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut target = Target::new("127.0.0.1", listener.local_addr().unwrap().port(), "ana", "analytics");
    target.sslmode = SslMode::Disable;
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        }
    });
    let trouble = refusal(&target).await;
    assert!(trouble.to_string().starts_with("could not connect to ana@127.0.0.1"), "{trouble}");
    assert!(!trouble.why.is_empty());
}

/// The server with TLS, asked with a mode and authorities.
async fn with_tls(mode: SslMode, roots: Roots) -> Target {
    let server = server(Which::System).await;
    Target { sslmode: mode, roots, ..server.target("postgres") }
}

#[tokio::test]
async fn a_certificate_by_a_trusted_authority_for_this_host_is_accepted() {
    let own = Roots::File(server(Which::System).await.authority.clone());
    for mode in [SslMode::VerifyFull, SslMode::VerifyCa, SslMode::Require, SslMode::Prefer] {
        let database = Database::connect(&with_tls(mode, own.clone()).await).await.unwrap();
        assert!(database.is_encrypted(), "{mode:?}: the distribution's PostgreSQL has TLS");
    }
    let anyones = Database::connect(&with_tls(SslMode::Require, Roots::default()).await).await.unwrap();
    assert!(anyones.is_encrypted(), "require without sslrootcert takes any certificate, as libpq does");
    let plain = Database::connect(&with_tls(SslMode::Allow, Roots::default()).await).await.unwrap();
    assert!(!plain.is_encrypted());
}

#[tokio::test]
async fn an_untrusted_or_mismatched_certificate_is_refused_in_words() {
    let own = Roots::File(server(Which::System).await.authority.clone());
    // Amazon's authorities and the system's have not signed it.
    for mode in [SslMode::VerifyFull, SslMode::VerifyCa] {
        let trouble = refusal(&with_tls(mode, Roots::default()).await).await;
        assert_eq!(trouble.kind, Kind::Certificate, "{trouble}");
        assert!(
            trouble.to_string().contains("signed by nobody that is trusted here; name its authority's file"),
            "{trouble}"
        );
    }
    // libpq: sslrootcert makes `require` look at the authority, which here is another server's.
    let other = tokio::task::spawn_blocking(|| Postgres::start(Which::Newer, &[])).await.unwrap();
    let trouble = refusal(&with_tls(SslMode::Require, Roots::File(other.authority.clone())).await).await;
    assert_eq!(trouble.kind, Kind::Certificate, "{trouble}");
    let by_address = Target { host: "127.0.0.1".to_owned(), ..with_tls(SslMode::VerifyFull, own.clone()).await };
    let trouble = refusal(&by_address).await;
    assert_eq!(trouble.kind, Kind::Certificate);
    assert!(trouble.why.contains("its certificate is for localhost, not for 127.0.0.1"), "{trouble}");
    let only_authority = Target { sslmode: SslMode::VerifyCa, ..by_address };
    assert!(Database::connect(&only_authority).await.unwrap().is_encrypted(), "verify-ca does not look at the name");
    let missing = with_tls(SslMode::VerifyFull, Roots::File("/nowhere/ca.pem".into())).await;
    assert_eq!(refusal(&missing).await.kind, Kind::Configuration);
}

#[tokio::test]
async fn a_server_without_tls_is_used_only_where_that_is_allowed() {
    let server = tokio::task::spawn_blocking(|| Postgres::start(Which::Newer, &["ssl = off"])).await.unwrap();
    let target = |mode| Target { sslmode: mode, ..server.target("postgres") };
    for mode in [SslMode::Require, SslMode::VerifyFull] {
        let trouble = refusal(&target(mode)).await;
        assert_eq!((trouble.kind, trouble.why.as_str()), (Kind::NoTls, "the server has no TLS"));
    }
    for mode in [SslMode::Prefer, SslMode::Allow, SslMode::Disable] {
        assert!(!Database::connect(&target(mode)).await.unwrap().is_encrypted());
    }
}

#[tokio::test]
async fn a_role_that_does_not_exist_is_told_as_such_and_nobody_is_sent_to_turn_tls_on() {
    let rules = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&rules, "local all all trust\nhost all all all trust\n").unwrap();
    // The server may be another user's.
    std::fs::set_permissions(&rules, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let setting = format!("hba_file = '{}'", rules.path().display());
    let server = tokio::task::spawn_blocking(move || Postgres::start(Which::Newer, &["ssl = off", &setting]));
    let server = server.await.unwrap();
    for mode in [SslMode::Prefer, SslMode::Allow, SslMode::Disable] {
        let nobody = Target { sslmode: mode, user: "nobody".to_owned(), ..server.target("postgres") };
        let trouble = refusal(&nobody).await;
        assert_eq!(trouble.kind, Kind::Login, "{trouble}");
        assert!(trouble.why.contains(r#"role "nobody" does not exist"#), "{trouble}");
    }
}

#[tokio::test]
async fn a_cancel_request_goes_over_the_same_tls() {
    let fresh = fresh(Which::System).await;
    let own = Roots::File(server(Which::System).await.authority.clone());
    let target = Target { sslmode: SslMode::VerifyFull, roots: own, ..fresh.target.clone() };
    fresh.bloated("slow", 40_000, 20_000).await;
    let order = Order {
        cost_delay: Some(Duration::from_millis(100)),
        look_every: Duration::from_millis(10),
        ..Order::tables([super::vacuuming::public("slow")])
    };
    let vacuum = Vacuum::start(&target, order).await.unwrap();
    vacuum.stopper().stop();
    assert_eq!(vacuum.report().await.ending, VacuumEnding::Stopped);
}
