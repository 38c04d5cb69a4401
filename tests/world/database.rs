//! The world's database over PostgreSQL's protocol: plantao's own client, and one that is not.

use std::time::Duration;

use jiff::SignedDuration;
use plantao::clock::Clock;
use plantao::database::{
    Database, DatabaseTroubleKind, Holder, Order, SslMode, TableEnding, TableName, Target, Vacuum,
};
use plantao::database::{VacuumEnding, VacuumEvent, VacuumKind, Work};
use plantao::platform::AlarmState;
use plantao::world::{Change, Host, Scenario, Served, World};
use tokio_postgres::{Config, NoTls};

use super::start;

/// A world whose time runs so many times as fast as ours, and its way in.
fn served(scenario: &str, speed: f64) -> (Host, Served, Target) {
    let world = World::new(&Scenario::named(scenario).unwrap(), 7, start());
    let host = Host::new(world, Clock::simulated(start(), speed));
    let served = host.serve("127.0.0.1:0".parse().unwrap()).unwrap();
    let target = Target::from_url(served.database_url().unwrap()).unwrap();
    (host, served, target)
}

fn public(name: &str) -> TableName {
    TableName::new("public", name)
}

#[tokio::test]
async fn the_worlds_database_answers_every_question_that_plantao_has() {
    let (_host, _served, target) = served("bloat", 1.0);
    let database = Database::connect(&target).await.unwrap();
    assert_eq!((database.version().number, database.version().to_string().as_str()), (160_003, "16.3"));
    let tables = database.tables().await.unwrap();
    let worst = &tables[0];
    assert_eq!(worst.name, public("sessions"));
    assert!(worst.dead_rows > 3_500_000 && worst.live_rows < 100_000 && worst.autovacuum_off, "{worst:?}");
    assert!(worst.may_vacuum && worst.running.is_none() && worst.heap_bytes > 900_000_000);
    assert!(worst.heap_bytes < worst.table_bytes && worst.table_bytes < worst.total_bytes);
    assert!(worst.last_vacuum.unwrap() < start() && worst.last_autovacuum.unwrap() < start());
    assert!(database.system_tables().await.unwrap().iter().any(|t| t.name.to_string() == "pg_catalog.pg_class"));
    assert_eq!(database.table(worst.oid).await.unwrap().unwrap().name, worst.name);
    assert_eq!(database.table(7).await.unwrap(), None);
    let wraparound = database.wraparound().await.unwrap();
    assert!(wraparound.xid_age > 1_000_000 && wraparound.share() < 0.1, "{wraparound:?}");
    let server = database.server().await.unwrap();
    assert!(!server.is_standby && server.sees_all_sessions && server.autovacuum && server.user == "analytics");
    let estimate = database.full_estimate(worst, server.max_wal_bytes).await.unwrap();
    assert!(estimate.gain_bytes() > 800_000_000, "{estimate:?}");
    let holdback = database.holdback().await.unwrap();
    let [Holder::Transaction { session, xid_age }] = &holdback.holders[..] else { panic!("{holdback:?}") };
    assert!(*xid_age > 1_000 && session.words().contains("(ana, psql from 10.0.9.12), idle in transaction for 25m"));
    assert_eq!(database.blocked().await.unwrap(), []);
    assert_eq!(database.vacuum_progress(database.pid(), worst.oid).await.unwrap().unwrap().work, Work::Waiting);
    assert_eq!(database.vacuum_progress(1, worst.oid).await.unwrap(), None);
    let connections = database.connections().await.unwrap();
    assert_eq!((connections.max, connections.reserved_for_superusers), (85, 3));
    assert!(connections.groups.iter().any(|g| g.application == "plantao" && g.count == 1));
    assert!(connections.groups[0].application == "analytics-api" && connections.left() > 20, "{connections:?}");
}

#[tokio::test]
async fn a_vacuum_over_the_wire_ends_the_bloat_and_then_the_alarm() {
    let (host, _served, target) = served("bloat", 60.0);
    let before = Database::connect(&target).await.unwrap().tables().await.unwrap().remove(0);
    let order = Order { look_every: Duration::from_millis(10), ..Order::tables([public("sessions")]) };
    let mut vacuum = Vacuum::start(&target, order).await.unwrap();
    let mut phases = Vec::new();
    while let Some(event) = vacuum.next().await {
        if let VacuumEvent::Progress { progress, .. } = event {
            phases.push(progress.phase.clone());
        }
    }
    phases.dedup();
    assert!(phases.iter().any(|phase| phase == "scanning heap"), "{phases:?}");
    let report = vacuum.report().await;
    assert!(report.is_success(), "{report:#?}");
    let after = report.tables[0].after.as_ref().unwrap();
    assert!(after.dead_rows * 2 < before.dead_rows && after.dead_rows > 1_000_000, "one transaction: {after:?}");
    assert_eq!(after.vacuum_count, before.vacuum_count + 1);
    assert!(after.heap_bytes >= before.heap_bytes, "its holes are for new rows");
    assert!(after.last_vacuum > before.last_vacuum && after.last_analyze > before.last_analyze);
    let text = report.tables[0].notices.iter().map(|n| n.text.as_str()).collect::<String>();
    assert!(text.contains("tuples: 2") && text.contains("are dead but not yet removable"), "{text}");
    assert!(report.holdback.unwrap().holders[0].words().contains("psql"));
    host.with(|world| {
        assert!(world.now() < start() + SignedDuration::from_mins(5), "it takes less than five minutes");
        world.advance(start() + SignedDuration::from_mins(15));
        assert_eq!(world.alarm("RDS-HighCPU").unwrap().0, AlarmState::Ok, "{:?}", world.alarm("RDS-HighCPU"));
    });
}

#[tokio::test]
async fn stopping_cancels_the_vacuum_and_leaves_the_table_as_it_was() {
    let (_host, _served, target) = served("bloat", 1.0);
    let order = Order { look_every: Duration::from_millis(10), ..Order::tables([public("sessions"), public("users")]) };
    let mut vacuum = Vacuum::start(&target, order).await.unwrap();
    loop {
        match vacuum.next().await.expect("it is at work for half a minute") {
            VacuumEvent::Progress { progress, .. } if progress.work == Work::Vacuum => break,
            _ => {}
        }
    }
    vacuum.stopper().stop();
    let report = vacuum.report().await;
    assert_eq!(report.ending, VacuumEnding::Stopped);
    assert!(matches!(report.tables[0].ending, TableEnding::Stopped(_)), "{:?}", report.tables);
    assert_eq!(report.not_begun, [public("users")]);
    let (before, after) = (report.tables[0].before.as_ref().unwrap(), report.tables[0].after.as_ref().unwrap());
    assert_eq!((after.vacuum_count, &after.running), (before.vacuum_count, &None));
    assert!(after.dead_rows >= before.dead_rows);
}

#[tokio::test]
async fn a_full_vacuum_locks_the_table_gives_storage_back_and_needs_room() {
    let (host, _served, target) = served("bloat", 8.0);
    let database = Database::connect(&target).await.unwrap();
    let before = database.tables().await.unwrap().remove(0);
    let full = |free_bytes| Order {
        kind: VacuumKind::Full { free_bytes },
        look_every: Duration::from_millis(5),
        ..Order::tables([public("sessions")])
    };
    let mut vacuum = Vacuum::start(&target, full(11_000_000_000)).await.unwrap();
    let mut blocked = Vec::new();
    while let Some(event) = vacuum.next().await {
        if matches!(&event, VacuumEvent::Progress { progress, .. } if progress.work == Work::Rewrite) {
            // The last look may come when it is over already.
            let mut now = database.blocked().await.unwrap();
            now.retain(|blocked| !blocked.by.is_empty());
            blocked = if now.is_empty() { blocked } else { now };
        }
    }
    let report = vacuum.report().await;
    assert!(report.is_success(), "{report:#?}");
    assert!(report.tables[0].after.as_ref().unwrap().total_bytes * 2 < before.total_bytes, "{report:#?}");
    assert!(blocked[0].words().contains("waits for public.sessions, held by pid"), "{:?}", blocked.first());
    assert!(blocked.iter().all(|b| b.session.application == "analytics-api" && b.by[0].application == "plantao"));
    // plantao refuses by what it was told; the server by what there is.
    host.with(|world| {
        let fill = Change::FillStorage { database: "analytics".into(), free: Some(0.5e9), per_minute: 0.0 };
        world.apply(fill);
    });
    let order = Order { kind: VacuumKind::Full { free_bytes: u64::MAX }, ..Order::tables([public("events")]) };
    let report = Vacuum::start(&target, order).await.unwrap().report().await;
    assert_eq!(report.failed().next().unwrap().1.kind, DatabaseTroubleKind::NoStorage, "{report:#?}");
}

#[tokio::test]
async fn a_leak_fills_the_slots_and_the_metric_and_the_sessions_agree() {
    let (host, _served, target) = served("connection-leak", 1.0);
    let trouble = Database::connect(&target).await.unwrap_err();
    assert_eq!((trouble.kind, trouble.sqlstate.as_deref()), (DatabaseTroubleKind::TooManyConnections, Some("53300")));
    // The master has the three reserved slots; the 86th connection is refused to everybody.
    let master = Target { user: "postgres".to_owned(), ..target.clone() };
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(Database::connect(&master).await.unwrap());
    }
    let trouble = Database::connect(&master).await.unwrap_err();
    assert!(trouble.why.contains("sorry, too many clients already"), "{trouble}");
    let connections = held[0].connections().await.unwrap();
    assert_eq!((connections.used(), connections.left()), (85, 0));
    let leaked = &connections.groups[0];
    assert_eq!((leaked.application.as_str(), leaked.state.as_deref()), ("analytics-api", Some("idle")));
    assert!(leaked.count > 50, "{connections:?}");
    let (counted, metric) = host.with(|world| (world.sessions_counted(), world.connections()));
    assert_eq!(counted, 85);
    assert!((82.0..=85.0).contains(&metric), "{metric}");
}

#[tokio::test]
async fn any_other_statement_gets_a_clear_error_and_the_session_goes_on() {
    let (_host, _served, target) = served("calm", 1.0);
    let client = stranger(&target, "ana's psql").await;
    for sql in ["SELECT * FROM events", "DROP TABLE events", "/* plantao:tables */ SET x = 1"] {
        let error = client.batch_execute(sql).await.unwrap_err();
        let said = error.as_db_error().unwrap();
        assert!(["0A000", "42704"].contains(&said.code().code()), "{said:?}");
        assert!(!said.hint().unwrap().is_empty(), "{said:?}");
    }
    let error = client.query("SELECT 1", &[]).await.unwrap_err();
    assert_eq!(error.code().unwrap().code(), "0A000");
    assert!(error.as_db_error().unwrap().hint().unwrap().contains("plantao demo --database URL"));
    client.batch_execute("VACUUM ANALYZE users").await.unwrap();
    let error = client.batch_execute("VACUUM nowhere").await.unwrap_err();
    assert_eq!(error.code().unwrap().code(), "42P01");
    // It is seen by whoever looks, like any other session.
    let connections = Database::connect(&target).await.unwrap().connections().await.unwrap();
    assert!(connections.groups.iter().any(|g| g.application == "ana's psql"), "{connections:?}");
}

#[tokio::test]
async fn a_transaction_that_holds_a_lock_is_named_and_can_be_ended() {
    let (host, _served, target) = served("calm", 1.0);
    host.with(|world| {
        world.apply(Change::OpenTransaction {
            database: "analytics".into(),
            user: "ana".into(),
            application: "migration".into(),
            locks: Some("users".into()),
        });
    });
    let order = Order {
        lock_timeout: Duration::from_millis(300),
        look_every: Duration::from_millis(10),
        ..Order::tables([public("users"), public("reports")])
    };
    let report = Vacuum::start(&target, order.clone()).await.unwrap().report().await;
    assert_eq!(report.words(), "1 table vacuumed, 1 failed");
    let failed = report.failed().next().unwrap().1.to_string();
    assert!(failed.contains("it is locked by pid ") && failed.contains("(ana, migration from"), "{failed}");
    let skipped = Vacuum::start(&target, Order { skip_locked: true, ..order.clone() }).await.unwrap().report().await;
    assert_eq!(skipped.words(), "1 table vacuumed, 1 skipped");
    let remedy = Database::connect(&target).await.unwrap().holdback().await.unwrap().holders[0].remedy();
    stranger(&target, "psql").await.batch_execute(&remedy).await.unwrap();
    assert!(Vacuum::start(&target, order).await.unwrap().report().await.is_success());
}

#[tokio::test]
async fn a_wrong_password_or_database_and_a_server_that_is_down_are_told_apart() {
    let (host, served, target) = served("calm", 1.0);
    let kind = async |target: &Target| Database::connect(target).await.unwrap_err().kind;
    let wrong = Target::from_url(&served.database_url().unwrap().replace(":simulated", ":hunter2")).unwrap();
    assert_eq!(kind(&wrong).await, DatabaseTroubleKind::Login);
    let nowhere = Target { database: "nowhere".to_owned(), ..target.clone() };
    assert_eq!(kind(&nowhere).await, DatabaseTroubleKind::NoDatabase);
    let mode = |sslmode| Target { sslmode, ..target.clone() };
    assert_eq!(kind(&mode(SslMode::VerifyFull)).await, DatabaseTroubleKind::NoTls);
    assert!(!Database::connect(&mode(SslMode::Prefer)).await.unwrap().is_encrypted(), "as psql tries first");
    let nameless = Target { password: None, ..target.clone() };
    assert!(Database::connect(&nameless).await.unwrap_err().why.contains("wants a password"));
    let open = Database::connect(&target).await.unwrap();
    host.with(|world| {
        world.apply(Change::Reboot { database: "analytics".into() });
        let soon = world.now() + SignedDuration::from_secs(10);
        world.advance(soon);
    });
    assert_eq!(kind(&target).await, DatabaseTroubleKind::ShuttingDown);
    assert_eq!(open.tables().await.unwrap_err().kind, DatabaseTroubleKind::ShuttingDown);
}

async fn stranger(target: &Target, application: &str) -> tokio_postgres::Client {
    let mut config = Config::new();
    config.host(&target.host).port(target.port).dbname(&target.database).user(&target.user);
    config.password("simulated-5cR8tQ2m").application_name(application);
    let (client, connection) = config.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}
