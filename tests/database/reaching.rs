//! How a run reaches a database, and what it says when it can't.

use std::collections::BTreeMap;

use plantao::aws::Clients;
use plantao::clock::Clock;
use plantao::platform::{Secret, file};
use plantao::run::{Context, Wish, choices};

use super::fresh;
use super::running::{Bench, PLATFORM, url};
use crate::harness::{Moto, PASSWORD, Postgres, Which, moto, postgres};

const PLAN: [&str; 4] = ["plan", "vacuum", "--tables", "events"];

fn system() -> &'static Postgres {
    postgres(Which::System)
}

#[tokio::test]
async fn a_certificate_is_checked_as_the_url_says_and_a_stranger_is_not_talked_to() {
    let fresh = fresh(Which::System).await;
    fresh.bloated("events", 100, 50).await;
    let authority = tokio::task::spawn_blocking(system).await.unwrap().authority.display().to_string();
    let own = format!("sslmode=verify-full&sslrootcert={authority}");
    let way = |options: &str| url(&fresh, "postgres", PASSWORD, options);
    let by_address = way(&own).replace("@localhost:", "@127.0.0.1:");
    for (url, code, says) in [
        (way(&own), 0, " over TLS"),
        (way("sslmode=disable"), 0, " without TLS"),
        (way("sslmode=verify-full"), 15, "its certificate is signed by nobody that is trusted here"),
        (by_address, 15, "its certificate is for localhost, not for 127.0.0.1"),
        (way("sslmode=verify-full&sslrootcert=/nowhere.pem"), 17, "/nowhere.pem, can't be read"),
    ] {
        let (answered, text) = Bench::new(&url).run(&PLAN).await;
        assert_eq!(answered, code, "{text}");
        assert!(text.contains(says), "{text}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_the_way_in_is_said_and_where_it_is_written_and_never_the_password() {
    let fresh = fresh(Which::System).await;
    let right = url(&fresh, "postgres", PASSWORD, "sslmode=disable");
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for (url, code, says) in [
        (url(&fresh, "postgres", "hunter2", "sslmode=disable"), 15, "the password is wrong"),
        (url(&fresh, "nobody", PASSWORD, "sslmode=disable"), 15, "the password is wrong, or there is no such role"),
        (right.replace(&fresh.target.database, "nowhere"), 15, "database \"nowhere\" does not exist"),
        (right.replace(&format!(":{}/", fresh.target.port), &format!(":{closed}/")), 15, "nothing listens there"),
        (
            right.replace("sslmode", "sslmod=1&sslmode").replace("disable", "verify-ful"),
            17,
            "probably sslmode=verify-full",
        ),
        (right.replace("postgresql://", "mysql://"), 17, "it does not begin with postgresql://"),
    ] {
        let bench = Bench::new(&url);
        let (answered, text) = bench.run(&["run", "vacuum", "--yes"]).await;
        assert_eq!(answered, code, "{text}");
        assert!(text.contains(says) && text.contains("PLANTAO_DATABASE_URL or the platform file"), "{text}");
        assert!(!text.contains("hunter2") && bench.store().runs().unwrap().is_empty(), "{text}");
    }
    let (code, text) = Bench::new("").plain(&["plan", "vacuum"]).await;
    assert_eq!(code, 17, "{text}");
    assert!(text.contains("nothing says how to reach the database analytics: set PLANTAO_DATABASE_URL"), "{text}");
}

#[tokio::test]
async fn the_environment_wins_over_the_platform_file_and_its_mistakes_show_no_password() {
    let fresh = fresh(Which::System).await;
    fresh.bloated("events", 100, 50).await;
    let right = url(&fresh, "postgres", PASSWORD, "sslmode=disable");
    let with = |line: &str| format!("{PLATFORM}{line}\n");
    let bench = Bench::new("");
    let file = bench.home.path().join(".config/plantao/platform.toml");
    std::fs::write(&file, with(&format!("url = \"{right}\""))).unwrap();
    let (code, text) = bench.plain(&PLAN).await;
    assert_eq!(code, 0, "{text}");
    assert!(!text.contains(PASSWORD) && text.contains("public.events"), "{text}");

    std::fs::write(&file, with("url = \"mysql://ana:hunter2@db/x\"")).unwrap();
    let (code, text) = bench.plain(&PLAN).await;
    assert!(code != 0 && text.contains("mysql://ana:*******@db/x"), "{text}");

    let bench = Bench::new(&right);
    let file = bench.home.path().join(".config/plantao/platform.toml");
    std::fs::write(&file, with("url = \"postgresql://ana:hunter2@127.0.0.1:1/x\"")).unwrap();
    let (code, text) = bench.run(&PLAN).await;
    assert_eq!(code, 0, "{text}");
}

async fn with_secret(moto: &Moto, secret: Option<&str>) -> Bench {
    if let Some(secret) = secret {
        let config = aws_config::SdkConfig::builder()
            .behavior_version(aws_config::BehaviorVersion::latest())
            .region(aws_config::Region::new(moto.region))
            .endpoint_url(&moto.endpoint)
            .credentials_provider(aws_credential_types::provider::SharedCredentialsProvider::new(
                aws_credential_types::Credentials::new("test", "test", None, None, "test"),
            ))
            .build();
        let client = aws_sdk_secretsmanager::Client::new(&config);
        client.create_secret().name("prod/database").secret_string(secret).send().await.unwrap();
    }
    let mut bench = Bench::new("");
    bench.endpoint.clone_from(&moto.endpoint);
    let text = PLATFORM.replace("us-east-1", moto.region) + "secret = \"prod/database\"\ndatabase = \"postgres\"\n";
    std::fs::write(bench.home.path().join(".config/plantao/platform.toml"), text).unwrap();
    bench
}

#[tokio::test]
async fn the_url_is_found_in_secrets_manager_in_each_shape_that_is_usual() {
    let fresh = fresh(Which::System).await;
    fresh.bloated("events", 100, 50).await;
    let (port, database) = (fresh.target.port, &fresh.target.database);
    let rds =
        serde_json::json!({"engine": "postgres", "username": "postgres", "password": PASSWORD, "host": "localhost",
        "port": port, "dbname": database})
        .to_string();
    let plain = url(&fresh, "postgres", PASSWORD, "sslmode=disable");
    for secret in [rds, plain] {
        let moto = tokio::task::spawn_blocking(moto).await.unwrap();
        let bench = with_secret(&moto, Some(&secret)).await;
        let (code, text) = bench.plain(&["run", "vacuum", "--tables", "events", "--yes"]).await;
        assert_eq!(code, 0, "{text}");
        assert!(text.contains("1 table vacuumed") && !text.contains(PASSWORD) && !text.contains("%70"), "{text}");
    }
    let moto = tokio::task::spawn_blocking(moto).await.unwrap();
    let (code, text) = with_secret(&moto, None).await.plain(&["plan", "vacuum"]).await;
    assert_eq!(code, 15, "{text}");
    assert!(text.contains("no secret \"prod/database\" in "), "{text}");
    let bench = with_secret(&moto, Some("{\"password\": \"hunter2\"}")).await;
    let (code, text) = bench.plain(&["plan", "vacuum"]).await;
    assert_eq!(code, 17, "{text}");
    assert!(text.contains("it names no host") && text.contains("(the URL is from the secret prod/database)"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

#[tokio::test]
async fn a_question_for_tables_has_its_answers_worst_first() {
    let fresh = fresh(Which::System).await;
    fresh.bloated("\"Ünïcode 日本\"", 100, 10).await;
    fresh.bloated("events", 1_000, 500).await;
    let mut platform = file::read(PLATFORM, "platform.toml").unwrap();
    platform.databases[0].url = Some(Secret::new(url(&fresh, "postgres", PASSWORD, "sslmode=disable")));
    let clients = Clients::at("http://127.0.0.1:1", "us-east-1");
    let context = Context { platform: platform.into(), clients, clock: Clock::system(), store: None };
    let runbooks = plantao::runbook::shipped();
    let runbook = runbooks.iter().find(|runbook| runbook.name == "vacuum").unwrap();
    let wish = Wish { runbook, answers: &BTreeMap::new(), service: None, database: None };
    let choices = choices(&context, wish, runbook.param("tables").unwrap()).await.unwrap();
    let values: Vec<&str> = choices.iter().map(|choice| choice.value.as_str()).collect();
    assert_eq!(values, ["public.events", "public.Ünïcode 日本"]);
    assert!(choices[0].detail.starts_with("500 dead of 1000 rows (50 %), "), "{choices:?}");
}
