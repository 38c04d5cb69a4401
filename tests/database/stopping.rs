//! Vacuum cut short: by us, by others, by the server's end.

use std::time::{Duration, Instant};

use plantao::database::{Database, DatabaseTrouble, DatabaseTroubleKind};
use plantao::database::{Order, TableEnding, Vacuum, VacuumEnding, VacuumEvent, VacuumReport, Work};

use super::vacuuming::public;
use super::{Fresh, fresh, fresh_on, on_both_versions, session};
use crate::harness::{Postgres, Which};

on_both_versions! {
    stopping_cancels_the_table_in_hand_and_begins_no_other
    a_vacuum_that_waits_for_a_lock_names_the_holder_and_can_be_stopped
    a_vacuum_that_can_no_longer_be_watched_goes_on
    a_vacuum_that_somebody_else_cancels_ends_and_says_so
    a_session_that_an_administrator_ends_is_told_as_that
    a_server_that_dies_in_the_middle_is_told
    the_last_connection_slots_are_told_with_their_numbers
}

/// Minutes long, if nobody stops it.
fn slow(tables: &[&str]) -> Order {
    Order {
        cost_delay: Some(Duration::from_millis(100)),
        look_every: Duration::from_millis(10),
        ..Order::tables(tables.iter().map(|name| public(name)))
    }
}

/// A vacuum that is at work on a table of 40,000 rows.
async fn at_work(fresh: &Fresh, order: Order) -> Vacuum {
    fresh.bloated("slow", 40_000, 20_000).await;
    let mut vacuum = Vacuum::start(&fresh.target, order).await.unwrap();
    while let Some(event) = vacuum.next().await {
        if matches!(&event, VacuumEvent::Progress { progress, .. } if progress.work == Work::Vacuum) {
            return vacuum;
        }
    }
    panic!("it ended by itself: {:#?}", vacuum.report().await)
}

fn failure(report: &VacuumReport) -> &DatabaseTrouble {
    let VacuumEnding::Failed(trouble) = &report.ending else { panic!("{report:#?}") };
    trouble
}

async fn stopping_cancels_the_table_in_hand_and_begins_no_other(which: Which) {
    let fresh = fresh(which).await;
    fresh.bloated("next", 100, 50).await;
    let vacuum = at_work(&fresh, slow(&["slow", "next"])).await;
    let asked = Instant::now();
    vacuum.stopper().stop();
    let report = vacuum.report().await;
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
    let TableEnding::Stopped(said) = &report.tables[0].ending else { panic!("{report:#?}") };
    assert_eq!(report.ending, VacuumEnding::Stopped);
    let words = "canceling statement due to user request (SQLSTATE 57014)";
    assert_eq!(said.for_the_record(), words);
    assert_eq!(report.not_begun, [public("next")]);
    assert_eq!(report.words(), "0 tables vacuumed, 1 stopped in the middle, 1 not begun");
    let after = report.tables[0].after.as_ref().unwrap();
    assert_eq!((after.vacuum_count, after.live_rows), (0, 20_000), "nothing is lost");
}

async fn a_vacuum_that_waits_for_a_lock_names_the_holder_and_can_be_stopped(which: Which) {
    let fresh = fresh(which).await;
    fresh.bloated("locked", 100, 50).await;
    let locker = fresh.session("migration").await;
    locker.batch_execute("BEGIN; LOCK TABLE locked").await.unwrap();
    let order = Order { lock_timeout: Duration::from_mins(5), ..slow(&["locked"]) };
    let mut vacuum = Vacuum::start(&fresh.target, order).await.unwrap();
    let blocked = loop {
        match vacuum.next().await.expect("it waits") {
            VacuumEvent::Progress { progress, .. } if progress.blocked.is_some() => break progress.blocked.unwrap(),
            _ => {}
        }
    };
    assert_eq!((blocked.by.len(), blocked.by[0].application.as_str()), (1, "migration"));
    assert_eq!(blocked.session.application, "plantao");
    vacuum.stopper().stop();
    let report = vacuum.report().await;
    assert_eq!(report.ending, VacuumEnding::Stopped);
    assert!(matches!(report.tables[0].ending, TableEnding::Stopped(_)), "{:?}", report.tables);
}

async fn a_vacuum_that_can_no_longer_be_watched_goes_on(which: Which) {
    let fresh = fresh(which).await;
    fresh.bloated("next", 100, 50).await;
    let order = Order { cost_delay: Some(Duration::from_millis(10)), ..slow(&["slow", "next"]) };
    let mut vacuum = at_work(&fresh, order).await;
    let watcher = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity a WHERE application_name = 'plantao'
                   AND datname = current_database() AND NOT EXISTS (SELECT FROM pg_stat_progress_vacuum p WHERE p.pid = a.pid)";
    fresh.run(watcher).await;
    let mut unseen = Vec::new();
    while let Some(event) = vacuum.next().await {
        if let VacuumEvent::Unseen(trouble) = event {
            unseen.push(trouble.what);
        }
    }
    assert_eq!(unseen, ["see how far the vacuum is"]);
    let report = vacuum.report().await;
    assert!(report.is_success() && report.words() == "2 tables vacuumed", "{report:#?}");
    assert_eq!(report.tables[1].dead_rows_left(), Some(0));
}

async fn a_vacuum_that_somebody_else_cancels_ends_and_says_so(which: Which) {
    let fresh = fresh(which).await;
    let vacuum = at_work(&fresh, slow(&["slow", "next"])).await;
    fresh.run("SELECT pg_cancel_backend(pid) FROM pg_stat_progress_vacuum WHERE datname = current_database()").await;
    let report = vacuum.report().await;
    let trouble = failure(&report);
    assert_eq!((trouble.kind, trouble.sqlstate.as_deref()), (DatabaseTroubleKind::Canceled, Some("57014")));
    assert_eq!(trouble.to_string(), "could not vacuum public.slow: it was canceled");
    assert_eq!(report.not_begun, [public("next")]);
}

async fn a_session_that_an_administrator_ends_is_told_as_that(which: Which) {
    let fresh = fresh(which).await;
    let vacuum = at_work(&fresh, slow(&["slow", "next"])).await;
    fresh.run("SELECT pg_terminate_backend(pid) FROM pg_stat_progress_vacuum WHERE datname = current_database()").await;
    let report = vacuum.report().await;
    let trouble = failure(&report);
    assert_eq!((trouble.kind, trouble.sqlstate.as_deref()), (DatabaseTroubleKind::ShuttingDown, Some("57P01")));
    assert!(trouble.why.contains("an administrator ended the session"), "{trouble}");
    // The watcher's session is another one: what the table is like can still be told.
    assert_eq!(report.tables[0].after.as_ref().unwrap().live_rows, 20_000);
}

async fn a_server_that_dies_in_the_middle_is_told(which: Which) {
    let server = tokio::task::spawn_blocking(move || Postgres::start(which, &[])).await.unwrap();
    let fresh = fresh_on(&server).await;
    let vacuum = at_work(&fresh, slow(&["slow", "next"])).await;
    server.kill();
    let report = vacuum.report().await;
    let trouble = failure(&report);
    assert!(matches!(trouble.kind, DatabaseTroubleKind::Gone | DatabaseTroubleKind::ShuttingDown), "{trouble:?}");
    assert!(trouble.to_string().starts_with("could not vacuum public.slow: the "), "{trouble}");
    assert!(
        trouble.remedy.as_deref().unwrap().contains("try again") || trouble.remedy.as_deref().unwrap().contains("wait")
    );
    assert_eq!((report.not_begun.as_slice(), report.tables[0].after.as_ref()), (&[public("next")][..], None));
    let refused = Database::connect(&fresh.target).await.unwrap_err();
    // A moment long it still answers that it goes down.
    let down = [DatabaseTroubleKind::Refused, DatabaseTroubleKind::Gone, DatabaseTroubleKind::ShuttingDown];
    assert!(down.contains(&refused.kind), "{refused}");
}

async fn the_last_connection_slots_are_told_with_their_numbers(which: Which) {
    let start = move || Postgres::start(which, &["max_connections = 8", "superuser_reserved_connections = 3"]);
    let server = tokio::task::spawn_blocking(start).await.unwrap();
    let fresh = fresh_on(&server).await;
    let role = fresh.role("api").await;
    fresh.bloated("events", 500, 100).await;
    fresh.run(&format!("ALTER TABLE events OWNER TO {}", role.user)).await;
    // Five slots are for ordinary roles, and the administrator's session has one of them.
    let mut pool = Vec::new();
    super::eventually(|| async { fresh.database().await.connections().await.unwrap().used() == 2 }).await;
    super::eventually(|| async { used(&fresh).await == 1 }).await;
    for _ in 0..3 {
        pool.push(session(&role, &role.user, "leaky").await);
    }
    // One is left: enough to work, not to watch.
    let mut vacuum = Vacuum::start(&role, Order::tables([public("events")])).await.unwrap();
    let unseen = vacuum.next().await;
    let Some(VacuumEvent::Unseen(trouble)) = unseen else { panic!("{unseen:?}") };
    assert_eq!((trouble.kind, trouble.sqlstate.as_deref()), (DatabaseTroubleKind::TooManyConnections, Some("53300")));
    assert!(trouble.why.contains("8 in all, of which 3 are reserved for superusers"), "{trouble}");
    let report = vacuum.report().await;
    assert!(report.is_success(), "{report:#?}");
    assert_eq!(report.tables[0].dead_rows_left(), Some(0));

    super::eventually(|| async { used(&fresh).await == 4 }).await;
    pool.push(session(&role, &role.user, "leaky").await);
    let trouble = Database::connect(&role).await.unwrap_err();
    assert_eq!(trouble.kind, DatabaseTroubleKind::TooManyConnections);
    assert!(trouble.to_string().contains("all connection slots are taken"), "{trouble}");
    // A superuser gets in, and sees who has them.
    let connections = fresh.database().await.connections().await.unwrap();
    assert_eq!((connections.left(), connections.reserved_for_superusers), (0, 3));
    assert_eq!((connections.groups[0].application.as_str(), connections.groups[0].count), ("leaky", 4));
}

/// Client sessions, without the one that is lent for asking.
async fn used(fresh: &Fresh) -> i64 {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'";
    fresh.admin.query_one(sql, &[]).await.unwrap().get(0)
}
