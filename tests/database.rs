//! src/database on real PostgreSQL servers of two major versions.

mod blocks;
mod connecting;
pub(crate) mod killing;
mod reaching;
mod refusing;
pub(crate) mod running;
mod same;
mod seeing;
mod stopping;
mod vacuuming;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use plantao::database::{Database, Table, Target};
use plantao::platform::Secret;
use tokio_postgres::{Client, Config, NoTls};

use crate::harness::{PASSWORD, Postgres, Which, postgres};

/// Makes a test of each function, for each of the two versions.
macro_rules! on_both_versions {
    ($($test:ident)*) => {
        mod system {
            $(#[tokio::test] async fn $test() { super::$test(crate::harness::Which::System).await; })*
        }
        mod newer {
            $(#[tokio::test] async fn $test() { super::$test(crate::harness::Which::Newer).await; })*
        }
    };
}
use on_both_versions;

/// A database of a test's own on a shared server.
pub(crate) struct Fresh {
    /// The superuser's way in.
    target: Target,
    /// A session of the superuser.
    admin: Client,
}

async fn fresh(which: Which) -> Fresh {
    let server = tokio::task::spawn_blocking(move || postgres(which)).await.unwrap();
    fresh_on(server).await
}

async fn fresh_on(server: &Postgres) -> Fresh {
    static MADE: AtomicUsize = AtomicUsize::new(0);
    let name = format!("test_{}", MADE.fetch_add(1, Ordering::Relaxed));
    let postgres = session(&server.target("postgres"), "postgres", "test").await;
    postgres.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
    let target = server.target(&name);
    let admin = session(&target, "postgres", "test").await;
    Fresh { target, admin }
}

/// The simulated server's, whose one database is `analytics`.
const WORLDS_PASSWORD: &str = "simulated-5cR8tQ2m";

/// A session that is not plantao's.
async fn session(target: &Target, user: &str, application: &str) -> Client {
    let mut config = Config::new();
    let password = if target.database == "analytics" { WORLDS_PASSWORD } else { PASSWORD };
    config.host(&target.host).port(target.port).dbname(&target.database).user(user).password(password);
    let (client, connection) = config.application_name(application).connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

impl Fresh {
    async fn session(&self, application: &str) -> Client {
        session(&self.target, "postgres", application).await
    }

    async fn run(&self, sql: &str) {
        self.admin.batch_execute(sql).await.unwrap_or_else(|e| panic!("{sql}: {e:?}"));
    }

    async fn database(&self) -> Database {
        Database::connect(&self.target).await.unwrap()
    }

    /// A role of the test's own, and its way in.
    async fn role(&self, prefix: &str) -> Target {
        let name = format!("{prefix}_{}", self.target.database);
        self.run(&format!("CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'")).await;
        let mut target = self.target.clone();
        target.user = name;
        target.password = Some(Secret::new(PASSWORD));
        target
    }

    /// A table of `rows` rows of about 150 bytes of which the first `dead` are dead. `name` is SQL.
    async fn bloated(&self, name: &str, rows: u32, dead: u32) {
        let before = self.all_dead_rows().await;
        let writer = self.session("writer").await;
        let sql = format!(
            "CREATE TABLE {name} (id int PRIMARY KEY, body text);
             INSERT INTO {name} SELECT g, repeat('x', 120) FROM generate_series(1, {rows}) g;
             DELETE FROM {name} WHERE id <= {dead};"
        );
        writer.batch_execute(&sql).await.unwrap_or_else(|e| panic!("{sql}: {e:?}"));
        let after = "SELECT pg_current_xact_id()::text::int8";
        let after: i64 = writer.query_one(after, &[]).await.unwrap().get(0);
        // A session that ends hands in its statistics at once.
        drop(writer);
        eventually(|| async { self.all_dead_rows().await == before + i64::from(dead) }).await;
        // A snapshot is as old as the oldest transaction of the whole server: while another test's is older than
        // the deletion, whoever looks here could still see the rows, and no vacuum may clear them.
        eventually(|| async { self.oldest_in_snapshots().await > after }).await;
    }

    async fn oldest_in_snapshots(&self) -> i64 {
        let sql = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::int8";
        self.admin.query_one(sql, &[]).await.unwrap().get(0)
    }

    async fn all_dead_rows(&self) -> i64 {
        let sql = "SELECT coalesce(sum(n_dead_tup), 0)::int8 FROM pg_stat_user_tables";
        self.admin.query_one(sql, &[]).await.unwrap().get(0)
    }
}

/// Waits until something is true that a server does in its own time.
async fn eventually<F: Future<Output = bool>>(is_so: impl Fn() -> F) {
    let end = Instant::now() + Duration::from_secs(30);
    while !is_so().await {
        assert!(Instant::now() < end, "it never came");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn names(tables: &[Table]) -> Vec<String> {
    tables.iter().map(|table| table.name.to_string()).collect()
}
