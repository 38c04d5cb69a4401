//! What each command answers.

use super::resp::Reply;
use crate::world::World;

/// A client over the wire.
#[derive(Clone, Debug)]
pub struct Client {
    pub id: i64,
    pub address: String,
    pub name: String,
    pub since: i64,
}

const VERSION: &str = "7.2.4";
/// Connections that each task keeps to the cache: its own, its queue's, and one that waits for jobs.
const OF_A_TASK: [(&str, &str); 3] =
    [("api", "get"), ("bull:webhooks", "evalsha"), ("bull:webhooks:worker", "bzpopmin")];

/// Answers one command of `me`, who is one of `clients`.
pub fn perform(world: &mut World, clients: &[Client], me: &Client, words: &[String]) -> Reply {
    let (now, jobs) = (world.now, world.jobs());
    let upper: Vec<String> = words.iter().map(|word| word.to_ascii_uppercase()).collect();
    let upper: Vec<&str> = upper.iter().map(String::as_str).collect();
    match upper.as_slice() {
        ["PING"] => Reply::Simple("PONG"),
        ["SELECT", "0"] | ["CLIENT", "SETINFO", ..] | ["QUIT"] => Reply::Ok,
        ["INFO", sections @ ..] => Reply::Bulk(info(world, clients, sections)),
        ["DBSIZE"] => Reply::Int(world.cache.keys(jobs)),
        ["CLIENT", "LIST"] => Reply::Bulk(list(world, clients)),
        ["CLIENT", "ID"] => Reply::Int(me.id),
        ["BGSAVE"] if world.cache.save(now, jobs) => Reply::Simple("Background saving started"),
        ["BGSAVE"] => Reply::Error("ERR Background save already in progress".to_owned()),
        ["LASTSAVE"] => Reply::Int(world.cache.saved),
        ["FLUSHALL" | "FLUSHDB"] | ["FLUSHALL" | "FLUSHDB", "ASYNC" | "SYNC"] => {
            world.lose_cache();
            Reply::Ok
        }
        ["SLOWLOG", "LEN"] => Reply::Int(world.cache.slow.len() as i64),
        ["SLOWLOG", "RESET"] => {
            world.cache.slow.clear();
            Reply::Ok
        }
        ["SLOWLOG", "GET"] => slow(world, 10),
        ["SLOWLOG", "GET", count] => match count.parse::<i64>() {
            Ok(count) => slow(world, usize::try_from(count).unwrap_or(usize::MAX)),
            Err(_) => Reply::Error("ERR value is not an integer or out of range".to_owned()),
        },
        [name, ..] => Reply::Error(format!(
            "ERR unknown command '{}': plantao's simulated cache answers PING, INFO, DBSIZE, CLIENT LIST, BGSAVE, LASTSAVE, \
             FLUSHALL and SLOWLOG",
            name.escape_default()
        )),
        [] => Reply::Error("ERR no command".to_owned()),
    }
}

fn connections(world: &World) -> usize {
    world.services.iter().flat_map(|s| &s.tasks).filter(|t| t.can_serve()).count() * OF_A_TASK.len()
}

fn info(world: &World, clients: &[Client], sections: &[&str]) -> String {
    let (cache, jobs) = (&world.cache, world.jobs());
    let (bytes, up) = (cache.bytes(jobs) as i64, world.now - cache.started);
    let all = [
        ("Server", format!("redis_version:{VERSION}\r\nredis_mode:standalone\r\nuptime_in_seconds:{up}")),
        ("Clients", format!("connected_clients:{}\r\nblocked_clients:0", connections(world) + clients.len())),
        (
            "Memory",
            format!(
                "used_memory:{bytes}\r\nused_memory_human:{:.2}M\r\nmaxmemory:134217728\r\nmaxmemory_policy:noeviction\r\n\
                 mem_fragmentation_ratio:1.08",
                bytes as f64 / 1_048_576.0
            ),
        ),
        (
            "Persistence",
            format!(
                "loading:0\r\nrdb_bgsave_in_progress:{}\r\nrdb_last_save_time:{}\r\nrdb_last_bgsave_status:ok\r\naof_enabled:0",
                i32::from(cache.saving_until.is_some()),
                cache.saved
            ),
        ),
        (
            "Stats",
            format!(
                "total_commands_processed:{:.0}\r\nkeyspace_hits:{:.0}\r\nkeyspace_misses:{:.0}\r\nevicted_keys:0",
                cache.commands, cache.hits, cache.misses
            ),
        ),
        ("Replication", "role:master\r\nconnected_slaves:0".to_owned()),
        ("Keyspace", format!("db0:keys={},expires={},avg_ttl=412000", cache.keys(jobs), cache.entries.round())),
    ];
    let wanted = |name: &str| {
        sections.is_empty()
            || sections.iter().any(|s| s.eq_ignore_ascii_case(name) || ["ALL", "DEFAULT", "EVERYTHING"].contains(s))
    };
    let shown = all.iter().filter(|(name, _)| wanted(name));
    shown.map(|(name, lines)| format!("# {name}\r\n{lines}\r\n")).collect::<Vec<_>>().join("\r\n")
}

fn list(world: &World, clients: &[Client]) -> String {
    let mut lines = Vec::new();
    let mut line = |id: i64, address: &str, name: &str, age: i64, idle: i64, command: &str| {
        lines.push(format!(
            "id={id} addr={address} laddr=127.0.0.1:6379 fd=8 name={name} age={age} idle={idle} flags=N db=0 sub=0 psub=0 \
             multi=-1 cmd={command} user=default resp=2\n"
        ));
    };
    let tasks = world.services.iter().flat_map(|s| &s.tasks).filter(|t| t.can_serve());
    for (i, task) in tasks.enumerate() {
        let age = task.started.map_or(0, |at| world.now - at);
        for (j, (name, command)) in OF_A_TASK.iter().enumerate() {
            let port = 40_000 + i * 10 + j;
            line((100 + i * 3 + j) as i64, &format!("{}:{port}", task.address), name, age, j as i64, command);
        }
    }
    for client in clients {
        line(client.id, &client.address, &client.name, world.now - client.since, 0, "client|list");
    }
    lines.concat()
}

fn slow(world: &World, most: usize) -> Reply {
    let entry = |s: &crate::world::model::cache::Slow| {
        let words = s.command.iter().map(|word| Reply::Bulk((*word).to_owned())).collect();
        let from = [Reply::Bulk("10.0.1.17:40012".to_owned()), Reply::Bulk("api".to_owned())];
        let mut entry = vec![Reply::Int(s.id), Reply::Int(s.at), Reply::Int(s.micros), Reply::List(words)];
        entry.extend(from);
        Reply::List(entry)
    };
    Reply::List(world.cache.slow.iter().take(most).map(entry).collect())
}
