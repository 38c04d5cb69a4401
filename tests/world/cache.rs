//! The world's cache through a client that is not ours.

use std::time::Duration;

use jiff::SignedDuration;
use redis::aio::MultiplexedConnection;
use redis::{InfoDict, RedisResult, cmd};

use super::{host, start};

async fn number(connection: &mut MultiplexedConnection, field: &str) -> f64 {
    let info: InfoDict = cmd("INFO").query_async(connection).await.unwrap();
    info.get(field).unwrap_or_else(|| panic!("no {field}"))
}

#[tokio::test]
async fn the_cache_tells_its_state_saves_and_is_emptied_and_the_database_feels_it() {
    let host = host("calm");
    let served = host.serve("127.0.0.1:0".parse().unwrap()).unwrap();
    let client = redis::Client::open(served.cache_url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    assert_eq!(cmd("PING").query_async::<String>(&mut connection).await.unwrap(), "PONG");
    // Three of each task, and this one.
    assert!(number(&mut connection, "connected_clients").await >= 10.0);
    assert!(number(&mut connection, "used_memory").await > 40e6);
    let keys: i64 = cmd("DBSIZE").query_async(&mut connection).await.unwrap();
    assert!(keys > 42_000, "{keys}");
    let list: String = cmd("CLIENT").arg("LIST").query_async(&mut connection).await.unwrap();
    assert!(list.lines().count() >= 10 && list.contains("name=bull:webhooks ") && list.contains("addr=127.0.0.1:"));
    let slow: Vec<(i64, i64, i64, Vec<String>, String, String)> =
        cmd("SLOWLOG").arg("GET").query_async(&mut connection).await.unwrap();
    assert!(slow[0].0 > slow[1].0 && slow[0].3[0] == "KEYS" && slow[0].2 > 10_000, "{slow:?}");

    let before: i64 = cmd("LASTSAVE").query_async(&mut connection).await.unwrap();
    cmd("BGSAVE").query_async::<String>(&mut connection).await.unwrap();
    assert!(number(&mut connection, "rdb_bgsave_in_progress").await > 0.5);
    let twice: RedisResult<String> = cmd("BGSAVE").query_async(&mut connection).await;
    assert!(twice.unwrap_err().to_string().contains("already in progress"));
    host.with(|world| world.advance(start() + SignedDuration::from_secs(60)));
    assert!(cmd("LASTSAVE").query_async::<i64>(&mut connection).await.unwrap() > before);

    let busy = |seconds: i64| {
        host.with(|world| {
            world.advance(start() + SignedDuration::from_secs(seconds));
            world.database_cpu()
        })
    };
    let calm = busy(70);
    cmd("FLUSHALL").arg("ASYNC").query_async::<String>(&mut connection).await.unwrap();
    assert_eq!(cmd("DBSIZE").query_async::<i64>(&mut connection).await.unwrap(), 0);
    let emptied = busy(80);
    assert!(emptied > calm * 1.3, "{emptied} after {calm}");
    let again = busy(2_000);
    assert!((again - calm).abs() < 6.0, "it fills again: {again} after {calm}");
    let unknown: RedisResult<String> = cmd("EVAL").arg("return 1").arg(0).query_async(&mut connection).await;
    assert!(unknown.unwrap_err().to_string().contains("plantao's simulated cache answers"));
    let mut leaving = client.get_multiplexed_async_connection().await.unwrap();
    assert_eq!(cmd("QUIT").query_async::<String>(&mut leaving).await.unwrap(), "OK");
    tokio::time::timeout(Duration::from_secs(5), cmd("PING").query_async::<String>(&mut connection))
        .await
        .unwrap()
        .unwrap();
}
