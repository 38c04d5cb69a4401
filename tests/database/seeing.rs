//! What a person sees of a database before doing anything.

use plantao::database::{Blocked, Database, Holder};

use super::{Fresh, eventually, fresh, names, on_both_versions, session};
use crate::harness::Which;

on_both_versions! {
    the_most_bloated_table_comes_first
    a_table_that_somebody_has_locked_is_listed_all_the_same
    what_holds_vacuum_back_is_named_the_oldest_first
    a_role_that_may_not_see_others_is_told_so
    who_waits_for_whom_is_told
    connections_are_counted_by_what_they_do
}

async fn the_most_bloated_table_comes_first(which: Which) {
    let fresh = fresh(which).await;
    fresh.bloated("tidy", 3_000, 0).await;
    fresh.bloated("bloated", 3_000, 2_400).await;
    fresh.bloated("a_little", 3_000, 300).await;
    fresh.run("ALTER TABLE a_little SET (autovacuum_enabled = false); ANALYZE tidy").await;
    let database = fresh.database().await;
    let tables = database.tables().await.unwrap();
    assert_eq!(names(&tables), ["public.bloated", "public.a_little", "public.tidy"]);
    let worst = &tables[0];
    assert_eq!((worst.live_rows, worst.dead_rows), (600, 2_400));
    assert!((worst.dead_share() - 0.8).abs() < 1e-9);
    assert!(worst.heap_bytes > 400_000 && worst.heap_bytes < worst.table_bytes);
    assert!(worst.table_bytes < worst.total_bytes, "the index counts");
    assert!(worst.may_vacuum && !worst.sizes_are_old && !worst.autovacuum_off);
    assert_eq!((worst.last_vacuumed(), worst.vacuum_count, worst.running.clone()), (None, 0, None));
    assert!(tables[1].autovacuum_off);
    assert!(tables[2].last_analyze.is_some());
    assert!((0..100_000).contains(&worst.xid_age));

    let wraparound = database.wraparound().await.unwrap();
    assert!(wraparound.share() < 0.001 && wraparound.freeze_max_age == 200_000_000, "{wraparound:?}");
    let system = database.system_tables().await.unwrap();
    assert!(names(&system).contains(&"pg_catalog.pg_class".to_owned()));
    let server = database.server().await.unwrap();
    assert!(!server.is_standby && server.sees_all_sessions && !server.autovacuum);
    assert!(server.database_bytes.unwrap() > worst.total_bytes);
}

async fn a_table_that_somebody_has_locked_is_listed_all_the_same(which: Which) {
    let fresh = fresh(which).await;
    fresh.bloated("locked", 1_000, 500).await;
    fresh.run("ANALYZE locked").await;
    let locker = fresh.session("locker").await;
    locker.batch_execute("BEGIN; LOCK TABLE locked").await.unwrap();
    let tables = fresh.database().await.tables().await.unwrap();
    assert!(tables[0].sizes_are_old);
    assert!(tables[0].heap_bytes > 100_000, "as the last analyze saw it");
    assert!(tables[0].total_bytes > tables[0].heap_bytes);
}

async fn what_holds_vacuum_back_is_named_the_oldest_first(which: Which) {
    let fresh = fresh(which).await;
    fresh.run("CREATE TABLE t (id int)").await;
    let slot = format!("slot_{}", fresh.target.database);
    fresh.run(&format!("SELECT pg_create_logical_replication_slot('{slot}', 'pgoutput')")).await;
    let old = fresh.session("report \u{1b}[31m").await;
    old.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1\n, 2").await.unwrap();
    fresh.run("INSERT INTO t VALUES (1)").await;
    let gid = format!("order's {}", fresh.target.database);
    let prepare = format!("BEGIN; INSERT INTO t VALUES (2); PREPARE TRANSACTION '{}'", gid.replace('\'', "''"));
    fresh.run(&prepare).await;
    // It has written nothing and looks at nothing: it holds nothing back.
    let harmless = fresh.session("harmless").await;
    harmless.batch_execute("BEGIN").await.unwrap();

    let holdback = fresh.database().await.holdback().await;
    // Before anything can fail: it would outlive the test, and hold back the vacuums of all others on the server.
    fresh.run(&format!("ROLLBACK PREPARED '{}'", gid.replace('\'', "''"))).await;
    let holdback = holdback.unwrap();
    assert_eq!(holdback.hidden_sessions, 0);
    let transaction = holdback.holders.iter().position(|holder| holder.words().contains("report")).unwrap();
    let prepared = holdback.holders.iter().position(|holder| holder.words().contains(&gid)).unwrap();
    assert!(transaction < prepared, "the older one first");
    assert!(!holdback.holders.iter().any(|holder| holder.words().contains("harmless")));
    let Holder::Transaction { session, xid_age } = &holdback.holders[transaction] else { panic!("{holdback:?}") };
    assert!(*xid_age >= 1);
    assert_eq!(
        (session.state.as_deref(), session.statement.as_str()),
        (Some("idle in transaction"), "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1")
    );
    let words = holdback.holders[transaction].words();
    assert!(words.contains("idle in transaction for") && !words.contains('\u{1b}'), "{words}");
    assert_eq!(holdback.holders[transaction].remedy(), format!("SELECT pg_terminate_backend({})", session.pid));
    assert!(holdback.holders[prepared].remedy().contains(&gid.replace('\'', "''")));
    let slot = holdback.holders.iter().find(|holder| holder.words().contains(&slot)).unwrap();
    assert!(matches!(slot, Holder::Slot { active: false, only_catalog: true, .. }));
    fresh.run(&slot.remedy()).await;
}

async fn a_role_that_may_not_see_others_is_told_so(which: Which) {
    let fresh = fresh(which).await;
    let old = fresh.session("secretive").await;
    old.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1").await.unwrap();
    let role = fresh.role("blind").await;
    let database = Database::connect(&role).await.unwrap();
    let holdback = database.holdback().await.unwrap();
    assert!(holdback.hidden_sessions >= 1, "{holdback:?}");
    // Who it is and how old can be seen by all.
    let holder = holdback.holders.iter().find(|holder| holder.words().contains("secretive")).unwrap();
    assert!(holder.words().ends_with("whose doings this role may not see"), "{}", holder.words());
    assert!(!database.server().await.unwrap().sees_all_sessions);
    fresh.run(&format!("GRANT pg_monitor TO {}", role.user)).await;
    assert_eq!(Database::connect(&role).await.unwrap().holdback().await.unwrap().hidden_sessions, 0);
}

async fn blocked_by(fresh: &Fresh, application: &str) -> Option<Blocked> {
    let blocked = fresh.database().await.blocked().await.unwrap();
    blocked.into_iter().find(|blocked| blocked.session.application == application)
}

async fn who_waits_for_whom_is_told(which: Which) {
    let fresh = fresh(which).await;
    fresh.run("CREATE TABLE orders (id int)").await;
    let holder = fresh.session("holder").await;
    holder.batch_execute("BEGIN; LOCK TABLE orders").await.unwrap();
    let waiter = session(&fresh.target, "postgres", "waiter").await;
    let waits = tokio::spawn(async move { waiter.batch_execute("SELECT * FROM orders").await });
    eventually(|| async { blocked_by(&fresh, "waiter").await.is_some() }).await;
    let blocked = blocked_by(&fresh, "waiter").await.unwrap();
    assert_eq!(blocked.table.as_ref().unwrap().to_string(), "public.orders");
    assert_eq!(blocked.by.len(), 1);
    let words = blocked.words();
    assert!(words.contains("(postgres, waiter from 127.0.0.1), active for"), "{words}");
    assert!(words.contains("waits for public.orders, held by pid"), "{words}");
    assert!(words.contains("(postgres, holder from 127.0.0.1), idle in transaction for"), "{words}");
    holder.batch_execute("COMMIT").await.unwrap();
    waits.await.unwrap().unwrap();
    assert_eq!(blocked_by(&fresh, "waiter").await, None);
}

async fn connections_are_counted_by_what_they_do(which: Which) {
    let fresh = fresh(which).await;
    let application = format!("pool of {}", fresh.target.database);
    let mut pool = Vec::new();
    for _ in 0..3 {
        pool.push(fresh.session(&application).await);
    }
    pool[0].batch_execute("BEGIN").await.unwrap();
    let database = fresh.database().await;
    let connections = database.connections().await.unwrap();
    assert_eq!((connections.max, connections.reserved_for_superusers, connections.reserved_for_others), (100, 3, 0));
    let count = |state: &str| {
        let group =
            connections.groups.iter().find(|g| g.application == application && g.state.as_deref() == Some(state));
        group.map_or(0, |group| group.count)
    };
    assert_eq!((count("idle"), count("idle in transaction")), (2, 1));
    assert_eq!(connections.left(), 97 - connections.used());
    // Ours is one of them.
    assert!(connections.groups.iter().any(|group| group.application == "plantao"));
}
