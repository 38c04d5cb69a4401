//! `redis` blocks on a real Redis, and the same on the world's cache.

use std::time::Duration;

use plantao::clock::Clock;
use plantao::run::verify;
use plantao::world::{Host, Scenario, World};
use redis::aio::MultiplexedConnection;
use redis::cmd;

use super::{order, runbook, write};
use crate::database::killing::{carry_out, ends};
use crate::database::running::Bench;
use crate::harness::Redis;

const PASSWORD: &str = "hunter2-of-the-cache";

async fn start() -> (Redis, MultiplexedConnection, Bench) {
    let server = tokio::task::spawn_blocking(|| Redis::start(PASSWORD)).await.unwrap();
    let client = redis::Client::open(server.url.as_str()).unwrap();
    let connection = client.get_multiplexed_async_connection().await.unwrap();
    let bench = Bench::new(&server.url);
    (server, connection, bench)
}

#[tokio::test]
async fn an_answer_is_one_argument_whatever_is_in_it_and_no_password_or_escape_is_shown() {
    let (_server, mut redis, bench) = start().await;
    let head = "[param.value]\nask = \"Value?\"\ntype = \"text\"";
    write(&bench, &runbook("redis", head, &["SET \"a key\" {{ value }}\nGET \"a key\"", "INFO server\nKEYS *"]));
    let evil = "x y\" '; FLUSHALL; $(id)";
    let _: () = cmd("SET").arg("odd\u{1b}[2J").arg("1").query_async(&mut redis).await.unwrap();
    let (code, text) = bench.run(&["plan", "mine", "--value", evil]).await;
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("on cache redis of account") && text.contains("GET 'a key'  (only reads)"), "{text}");
    assert!(!text.contains(PASSWORD), "{text}");
    let kept: Option<String> = cmd("GET").arg("a key").query_async(&mut redis).await.unwrap();
    assert_eq!(kept, None, "a plan sends nothing");
    let (code, text) = bench.run(&["run", "mine", "--value", evil, "--yes"]).await;
    assert_eq!(code, 0, "{text}");
    let kept: String = cmd("GET").arg("a key").query_async(&mut redis).await.unwrap();
    assert_eq!(kept, evil);
    assert!(text.contains("SET: OK; GET: x y") && text.contains("redis_version:"), "{text}");
    assert!(text.contains("odd·[2J") && !text.contains('\u{1b}'), "{text}");
}

#[tokio::test]
async fn the_password_of_the_cache_reaches_no_journal_by_its_own_answers() {
    let (_server, mut redis, bench) = start().await;
    let _: () = cmd("SET").arg("url").arg("redis://:hunter3@other").query_async(&mut redis).await.unwrap();
    let _: () = cmd("CONFIG").arg("SET").arg("masterauth").arg("hunter4").query_async(&mut redis).await.unwrap();
    write(&bench, &runbook("redis", "", &["CONFIG GET *auth", "CONFIG GET requirepass\nGET url\nINFO keyspace"]));
    let (code, text) = bench.run(&["run", "mine", "--yes"]).await;
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("masterauth") && text.contains("requirepass") && text.contains("db0:keys=1"), "{text}");
    let journal = std::fs::read_to_string(bench.store().journal(&bench.store().runs().unwrap()[0])).unwrap();
    for secret in [PASSWORD, "hunter3", "hunter4"] {
        assert!(!text.contains(secret) && !journal.contains(secret), "{secret}: {text}");
    }
}

#[tokio::test]
async fn a_second_background_save_and_a_wrong_password_are_said_in_words() {
    let (server, mut redis, bench) = start().await;
    let _: () = cmd("SET").arg("k").arg("v").query_async(&mut redis).await.unwrap();
    // A save of one key takes a minute.
    let slow = ["CONFIG", "SET", "rdb-key-save-delay", "60000000"];
    let _: () = cmd(slow[0]).arg(&slow[1..]).query_async(&mut redis).await.unwrap();
    write(&bench, &runbook("redis", "", &["BGSAVE"]));
    let (code, text) = bench.run(&["run", "mine", "--yes"]).await;
    assert!(code == 0 && text.contains("BGSAVE: Background saving started"), "{code} {text}");
    let (code, text) = bench.run(&["run", "mine", "--yes"]).await;
    assert_eq!(code, 15, "{text}");
    assert!(text.contains("could not carry out BGSAVE: a background save is under way already"), "{text}");

    let wrong = Bench::new(&server.url.replace(PASSWORD, "not-it-at-all"));
    write(&wrong, &runbook("redis", "", &["PING"]));
    let (code, text) = wrong.run(&["plan", "mine"]).await;
    assert!(code == 15 && text.contains("could not connect to 127.0.0.1:"), "{code} {text}");
    assert!(text.contains("password") && !text.contains("not-it-at-all"), "{text}");
    let nobody = Bench::new("redis://:not-it-at-all@127.0.0.1:1/0");
    write(&nobody, &runbook("redis", "", &["PING"]));
    let (code, text) = nobody.run(&["plan", "mine"]).await;
    assert!(code == 15 && text.contains("nothing listens there"), "{code} {text}");
}

#[tokio::test]
async fn killed_at_any_record_no_command_is_ever_sent_twice() {
    let (_server, mut redis, bench) = start().await;
    let text = runbook("redis", "", &["GET a\nINCR a\nINCR b", "MGET a b"]);
    let (id, whole) = order(&bench, &text).await;
    assert!(carry_out(&bench, &whole, 1 << 20).await);
    let reference = ends(&std::fs::read(bench.store().journal(&id)).unwrap());
    let (mut doubts, mut goods) = (0, 0);
    for (number, end) in reference.iter().enumerate().take(reference.len() - 1) {
        let _: () = cmd("MSET").arg(&["a", "0", "b", "0"]).query_async(&mut redis).await.unwrap();
        let bench = Bench::new(&bench.url);
        let (id, order) = order(&bench, &text).await;
        assert!(!carry_out(&bench, &order, *end).await, "not killed at record {number}");
        let (code, text) = bench.run(&["runs", "resume", id.as_str()]).await;
        let (a, b): (i64, i64) = cmd("MGET").arg(&["a", "b"]).query_async(&mut redis).await.unwrap();
        assert!(a <= 1 && b <= 1, "sent twice, killed at record {number}: {text}");
        match code {
            0 => {
                assert_eq!((a, b), (1, 1), "killed at record {number}: {text}");
                goods += 1;
            }
            16 => {
                assert!(text.contains("nobody knows whether command "), "killed at record {number}: {text}");
                doubts += 1;
            }
            // Killed before the first record was whole.
            other => assert!(number == 0, "{other} killed at record {number}: {text}"),
        }
        if number > 0 {
            assert!(verify(&id, &std::fs::read(bench.store().journal(&id)).unwrap()).unwrap().ended);
        }
    }
    assert!(doubts >= 1 && goods >= 5, "{doubts} in doubt, {goods} to the end, of {}", reference.len());
}

#[tokio::test]
async fn the_demos_cache_is_emptied_by_the_same_block() {
    let start = "2026-11-24T15:12:37Z".parse().unwrap();
    let host = Host::new(World::new(&Scenario::named("calm").unwrap(), 7, start), Clock::simulated(start, 1.0));
    let served = host.serve("127.0.0.1:0".parse().unwrap()).unwrap();
    let bench = Bench::new(served.cache_url());
    write(&bench, &runbook("redis", "", &["DBSIZE", "FLUSHALL ASYNC", "DBSIZE", "EVAL \"return 1\" 0"]));
    let (code, text) = bench.run(&["run", "mine", "--yes"]).await;
    assert_eq!(code, 16, "{text}");
    assert!(text.contains("FLUSHALL: OK") && text.contains("DBSIZE: 0"), "{text}");
    assert!(text.contains("plantao's simulated cache answers PING"), "{text}");
    let client = redis::Client::open(served.cache_url()).unwrap();
    let config = redis::AsyncConnectionConfig::new().set_response_timeout(Some(Duration::from_secs(5)));
    let mut redis = client.get_multiplexed_async_connection_with_config(&config).await.unwrap();
    let keys: i64 = cmd("DBSIZE").query_async(&mut redis).await.unwrap();
    assert!(keys < 100, "{keys}");
}
