//! Vacuum as it goes when nobody stops it.

use std::time::Duration;

use plantao::database::{
    Database, DatabaseTroubleKind, Order, Scope, Skip, TableEnding, TableName, Target, Vacuum, VacuumEnding,
    VacuumEvent, VacuumKind, VacuumReport, Work,
};

use super::{eventually, fresh, on_both_versions};
use crate::harness::Which;

on_both_versions! {
    vacuum_reclaims_dead_rows_and_says_so
    a_slow_vacuum_shows_how_far_it_is
    rows_that_somebody_needs_stay_and_the_reason_is_told
    a_locked_table_is_given_up_and_the_next_one_done
    tables_without_the_right_are_named_as_skipped
    no_name_of_a_table_can_inject_anything
    the_whole_database_is_done_the_worst_first
    a_full_vacuum_gives_space_back_and_is_refused_without_storage
}

pub async fn vacuum(target: &Target, order: Order) -> VacuumReport {
    Vacuum::start(target, order).await.unwrap().report().await
}

pub fn public(name: &str) -> TableName {
    TableName::new("public", name)
}

async fn vacuum_reclaims_dead_rows_and_says_so(which: Which) {
    let fresh = fresh(which).await;
    fresh.bloated("events", 3_000, 1_000).await;
    fresh.bloated("untouched", 1_000, 500).await;
    let mut vacuum = Vacuum::start(&fresh.target, Order::tables([public("events")])).await.unwrap();
    let mut events = Vec::new();
    while let Some(event) = vacuum.next().await {
        events.push(event);
    }
    let report = vacuum.report().await;
    assert!(report.is_success() && report.words() == "1 table vacuumed", "{report:?}");
    let table = &report.tables[0];
    let (before, after) = (table.before.as_ref().unwrap(), table.after.as_ref().unwrap());
    assert_eq!((before.dead_rows, after.dead_rows, after.live_rows), (1_000, 0, 2_000));
    assert_eq!((before.vacuum_count, after.vacuum_count), (0, 1));
    assert!(after.last_vacuum.is_some() && after.last_analyze.is_some());
    assert_eq!((table.dead_rows_left(), &report.holdback), (Some(0), &None));
    // Its account of the work is there for the journal.
    assert!(table.notices.iter().any(|notice| notice.text.contains("removed")), "{:?}", table.notices);
    assert_eq!(events.first(), Some(&VacuumEvent::Began { table: public("events"), number: 1, of: 1 }));
    assert_eq!(events.last(), Some(&VacuumEvent::Ended(Box::new(table.clone()))));
    assert_eq!(fresh.all_dead_rows().await, 500, "the other table is as it was");
}

async fn a_slow_vacuum_shows_how_far_it_is(which: Which) {
    let fresh = fresh(which).await;
    fresh.bloated("slow", 40_000, 20_000).await;
    let order = Order {
        cost_delay: Some(Duration::from_millis(10)),
        look_every: Duration::from_millis(10),
        ..Order::tables([public("slow")])
    };
    // A little work between pauses, so that each phase has several.
    let target = Target { options: Some("-c vacuum_cost_limit=40".to_owned()), ..fresh.target.clone() };
    let mut vacuum = Vacuum::start(&target, order).await.unwrap();
    let mut seen = Vec::new();
    let mut listed = None;
    let database = fresh.database().await;
    while let Some(event) = vacuum.next().await {
        if let VacuumEvent::Progress { progress, .. } = event {
            if listed.is_none() && progress.work == Work::Vacuum {
                listed.clone_from(&database.tables().await.unwrap()[0].running);
            }
            seen.push(*progress);
        }
    }
    // The TOAST table comes after it, and has phases of its own.
    let scanning: Vec<_> = seen.iter().filter(|p| !p.toast && p.phase == "scanning heap").collect();
    let vacuuming: Vec<_> = seen.iter().filter(|p| p.phase == "vacuuming heap").collect();
    assert!(scanning.len() > 3 && !vacuuming.is_empty(), "{seen:#?}");
    assert!(scanning.iter().all(|p| p.blocks > 700 && p.work == Work::Vacuum), "{scanning:#?}");
    assert!(scanning.is_sorted_by_key(|p| p.scanned), "it never goes back");
    assert!(scanning.last().unwrap().scanned > scanning[0].scanned);
    assert!(scanning.iter().all(|p| (0.0..=1.0).contains(&p.share().unwrap())));
    assert!(vacuuming.iter().all(|p| p.index_rounds == 1), "the primary key was cleaned first");
    assert!(seen.iter().any(|p| p.work == Work::Analyze), "it analyzes afterwards");
    assert!(seen.iter().any(|p| p.memory > 0.0 && p.memory < 1.0), "{seen:#?}");
    // The table shows it too, to whoever looks meanwhile.
    assert!(!listed.unwrap().automatic);
    assert!(vacuum.report().await.is_success());
}

async fn rows_that_somebody_needs_stay_and_the_reason_is_told(which: Which) {
    let fresh = fresh(which).await;
    fresh.run("CREATE TABLE seen (id int)").await;
    let old = fresh.session("nightly report").await;
    old.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1").await.unwrap();
    fresh.bloated("events", 1_000, 400).await;
    let order = || Order::tables([public("events")]);
    let report = vacuum(&fresh.target, order()).await;
    assert!(report.is_success(), "{report:?}");
    assert_eq!(report.tables[0].dead_rows_left(), Some(400));
    let holders = report.holdback.unwrap().holders;
    assert!(holders[0].words().contains("nightly report"), "{holders:?}");
    old.batch_execute("COMMIT").await.unwrap();
    let report = vacuum(&fresh.target, order()).await;
    assert_eq!((report.tables[0].dead_rows_left(), report.holdback), (Some(0), None));
}

async fn a_locked_table_is_given_up_and_the_next_one_done(which: Which) {
    let fresh = fresh(which).await;
    fresh.bloated("locked", 500, 200).await;
    fresh.bloated("free", 500, 200).await;
    let locker = fresh.session("migration").await;
    locker.batch_execute("BEGIN; LOCK TABLE locked IN SHARE UPDATE EXCLUSIVE MODE").await.unwrap();
    let order = Order {
        lock_timeout: Duration::from_millis(400),
        look_every: Duration::from_millis(10),
        ..Order::tables([public("locked"), public("free"), public("missing")])
    };
    let report = vacuum(&fresh.target, order.clone()).await;
    assert_eq!((&report.ending, report.is_success()), (&VacuumEnding::Finished, false));
    assert_eq!(report.words(), "1 table vacuumed, 2 failed");
    let failed: Vec<String> = report.failed().map(|(_, trouble)| trouble.to_string()).collect();
    assert!(failed[0].starts_with("could not vacuum public.locked: it is locked by pid "), "{failed:?}");
    assert!(failed[0].contains("migration from 127.0.0.1), idle in transaction for"), "{failed:?}");
    assert!(failed[0].contains("and lock_timeout (0.4 s) has passed; see who blocks"), "{failed:?}");
    assert_eq!(report.failed().next().unwrap().1.sqlstate.as_deref(), Some("55P03"));
    assert_eq!(failed[1], "could not vacuum public.missing: there is no such table");
    assert_eq!(report.tables[1].ending, TableEnding::Vacuumed);

    let report = vacuum(&fresh.target, Order { skip_locked: true, ..order }).await;
    let skipped: Vec<_> = report.skipped().map(|(table, skip)| (table.name.name.as_str(), skip)).collect();
    assert_eq!(skipped, [("locked", &Skip::Locked)]);
    assert_eq!(report.tables[0].after.as_ref().unwrap().dead_rows, 200);
}

async fn tables_without_the_right_are_named_as_skipped(which: Which) {
    let fresh = fresh(which).await;
    let role = fresh.role("deployer").await;
    fresh.bloated("theirs", 500, 200).await;
    fresh.bloated("ours", 500, 200).await;
    fresh.run(&format!("ALTER TABLE ours OWNER TO {}", role.user)).await;
    let tables = Database::connect(&role).await.unwrap().tables().await.unwrap();
    let mut may: Vec<_> = tables.iter().map(|table| (table.name.name.as_str(), table.may_vacuum)).collect();
    may.sort_unstable();
    assert_eq!(may, [("ours", true), ("theirs", false)], "told before anything is done");
    let report = vacuum(&role, Order { scope: Scope::Database, ..Order::database() }).await;
    assert_eq!(report.words(), "1 table vacuumed, 1 skipped", "{report:#?}");
    let (table, skip) = report.skipped().next().unwrap();
    assert_eq!((table.name.name.as_str(), skip), ("theirs", &Skip::NoRight));
    assert!(table.notices.iter().any(|notice| notice.warning), "the server's own words are kept");
    assert!(!report.is_success());
    assert_eq!(fresh.all_dead_rows().await, 200);
    if Database::connect(&role).await.unwrap().version().major() >= 17 {
        fresh.run(&format!("GRANT MAINTAIN ON theirs TO {}", role.user)).await;
        assert!(vacuum(&role, Order::database()).await.is_success());
    }
}

async fn no_name_of_a_table_can_inject_anything(which: Which) {
    let fresh = fresh(which).await;
    fresh.bloated("keep", 100, 10).await;
    let odd = [
        "a\"b",
        "x\"; DROP TABLE keep; --",
        "Ünïcode 日本 👩\u{200d}🚒",
        " two  words ",
        "select",
        "tab\tnew\nline",
        "\u{1b}[2J",
    ];
    fresh.run("CREATE SCHEMA \"o\"\"dd\"").await;
    for name in odd {
        fresh.bloated(&TableName::new("o\"dd", name).sql(), 100, 50).await;
    }
    let order = Order::tables(odd.map(|name| TableName::new("o\"dd", name)));
    let report = vacuum(&fresh.target, order).await;
    assert!(report.is_success(), "{report:#?}");
    assert_eq!(report.tables.len(), odd.len());
    assert!(report.tables.iter().all(|table| table.dead_rows_left() == Some(0)));
    assert_eq!(fresh.all_dead_rows().await, 10, "keep is there, and as it was");
    assert!(!report.tables.iter().any(|table| table.name.to_string().contains('\u{1b}')));
}

async fn the_whole_database_is_done_the_worst_first(which: Which) {
    let fresh = fresh(which).await;
    fresh.bloated("little", 1_000, 10).await;
    fresh.bloated("much", 1_000, 900).await;
    let order = Order { look_every: Duration::from_mins(1), ..Order::database() };
    let report = vacuum(&fresh.target, order).await;
    assert!(report.is_success(), "{:#?}", report.words());
    let names: Vec<String> = report.tables.iter().map(|table| table.name.to_string()).collect();
    assert_eq!(names[..2], ["public.much", "public.little"]);
    assert!(names.iter().any(|name| name == "pg_catalog.pg_class"), "a superuser does the system's too");
    eventually(|| async { fresh.all_dead_rows().await == 0 }).await;
}

async fn a_full_vacuum_gives_space_back_and_is_refused_without_storage(which: Which) {
    let fresh = fresh(which).await;
    fresh.bloated("holes", 20_000, 18_000).await;
    fresh.run("ANALYZE holes").await;
    let database = fresh.database().await;
    let table = database.tables().await.unwrap().remove(0);
    let estimate = database.full_estimate(&table, database.server().await.unwrap().max_wal_bytes).await.unwrap();
    let full = |free_bytes| Order { kind: VacuumKind::Full { free_bytes }, ..Order::tables([public("holes")]) };

    let refused = vacuum(&fresh.target, full(estimate.needed_bytes() as u64 - 1)).await;
    let (_, trouble) = refused.failed().next().unwrap();
    assert_eq!(trouble.kind, DatabaseTroubleKind::NoStorage, "{trouble}");
    assert_eq!(fresh.database().await.tables().await.unwrap()[0].total_bytes, table.total_bytes);

    let report = vacuum(&fresh.target, full(estimate.needed_bytes() as u64)).await;
    assert!(report.is_success(), "{report:#?}");
    let after = report.tables[0].after.clone().unwrap();
    assert_eq!((after.live_rows, after.dead_rows), (2_000, 0));
    assert!(after.total_bytes * 5 < table.total_bytes, "{} of {}", after.total_bytes, table.total_bytes);
    // Of the heap it was right within a tenth; indexes are counted as they were.
    let heap = estimate.copy_bytes - (table.total_bytes - table.heap_bytes);
    assert!((heap - after.heap_bytes).abs() * 10 < after.heap_bytes, "{heap} of {}", after.heap_bytes);
}
