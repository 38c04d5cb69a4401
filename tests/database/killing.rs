//! Vacuum runs whose process is killed, taken up again: on real PostgreSQL servers.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::Arc;

use plantao::aws::Clients;
use plantao::clock::Clock;
use plantao::platform::{Secret, file};
use plantao::run::{Book as _, Context, Event, Journal, Order, Plan, Record, RunId, Wish, verify};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use super::running::{Bench, PLATFORM, scans, vacuums};
use super::{Fresh, fresh, on_both_versions};
use crate::harness::{Which, told};

on_both_versions! {
    killed_or_out_of_disk_at_any_record_and_resumed_every_table_is_vacuumed_once
    a_vacuum_that_its_killed_process_leaves_at_the_server_is_waited_for_and_not_begun_again
    a_request_that_was_written_and_never_sent_is_sent_once
}

const TABLES: &str = "events,sessions";

/// The order for the process that carries a run out.
pub(super) async fn order(bench: &Bench, tables: &str) -> (RunId, Vec<u8>) {
    let mut platform = file::read(PLATFORM, "platform.toml").unwrap();
    platform.databases[0].url = Some(Secret::new(bench.url.clone()));
    let clients = Clients::at(&bench.endpoint, "us-east-1");
    let context = Context { platform: Arc::new(platform), clients, clock: Clock::system(), store: None };
    let runbooks = plantao::runbook::shipped();
    let runbook = runbooks.iter().find(|runbook| runbook.name == "vacuum").unwrap();
    let answers = BTreeMap::from([("tables".to_owned(), tables.to_owned())]);
    let (plan, _) =
        Plan::make(&context, Wish { runbook, answers: &answers, service: None, database: None }).await.unwrap();
    let id = RunId::new("vacuum", context.clock.now());
    let order = Order::CarryOut { id: id.clone(), plan: Box::new(plan), reason: None };
    (id, serde_json::to_vec(&order).unwrap())
}

/// Carries an order out in a process whose files can't grow past so many bytes: a write at the limit kills it, one
/// across the limit is cut short as on a full disk.
pub(crate) async fn carry_out(bench: &Bench, order: &[u8], most: u64) -> bool {
    let plantao = bench.plantao(&["host"]);
    let mut command = tokio::process::Command::new("prlimit");
    command.arg(format!("--fsize={most}")).arg("--core=0").arg("--").arg(plantao.as_std().get_program());
    command.args(plantao.as_std().get_args()).env_clear();
    command.envs(plantao.as_std().get_envs().filter_map(|(name, value)| Some((name, value?))));
    let one_at_a_time = crate::harness::starting();
    let mut host = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    drop(one_at_a_time);
    host.stdin.take().unwrap().write_all(order).await.unwrap();
    host.wait().await.unwrap().code() == Some(0)
}

async fn bloated(which: Which) -> Fresh {
    let fresh = fresh(which).await;
    fresh.bloated("sessions", 300, 100).await;
    fresh.bloated("events", 2_000, 1_500).await;
    fresh
}

/// Where each record of a journal ends.
pub(crate) fn ends(journal: &[u8]) -> Vec<u64> {
    journal.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at as u64 + 1).collect()
}

async fn killed_or_out_of_disk_at_any_record_and_resumed_every_table_is_vacuumed_once(which: Which) {
    let reference = {
        let fresh = bloated(which).await;
        let bench = Bench::on(&fresh, "");
        let (id, order) = order(&bench, TABLES).await;
        assert!(carry_out(&bench, &order, 1 << 20).await);
        ends(&std::fs::read(bench.store().journal(&id)).unwrap())
    };
    assert!(reference.len() >= 10, "only {} records", reference.len());
    // At the end of a record the next one kills the process; a little further it finds the disk full.
    let more = if which == Which::System { 0 } else { 20 };
    for (number, end) in reference.iter().enumerate().take(reference.len() - 1) {
        let fresh = bloated(which).await;
        let bench = Bench::on(&fresh, "");
        let (id, order) = order(&bench, TABLES).await;
        if carry_out(&bench, &order, end + more).await {
            // It had less to tell than the first one.
            assert!(number + 3 > reference.len(), "not killed at record {number}");
            continue;
        }
        let (code, text) = bench.run(&["runs", "resume", id.as_str()]).await;
        if number == 0 && text.contains("the run was killed before it began") {
            // Its first record was a digit longer than the reference's, and so it was not whole.
            assert_eq!((vacuums(&fresh, "events").await, vacuums(&fresh, "sessions").await), (0, 0), "{text}");
            continue;
        }
        let log = std::fs::read_to_string(bench.store().log(&id)).unwrap();
        assert_eq!(code, 0, "killed at record {number}: {text}{log}");
        let bytes = std::fs::read(bench.store().journal(&id)).unwrap();
        assert!(verify(&id, &bytes).unwrap().ended, "killed at record {number}");
        for table in ["events", "sessions"] {
            assert_eq!(vacuums(&fresh, table).await, 1, "{table}, killed at record {number}: {text}");
        }
        let tables = fresh.database().await.tables().await.unwrap();
        assert!(tables.iter().all(|table| table.dead_rows == 0 && table.last_analyze.is_some()), "{tables:#?}");
        assert!(text.contains("public.events 1500 dead rows → 0"), "killed at record {number}: {text}");
    }
}

async fn a_vacuum_that_its_killed_process_leaves_at_the_server_is_waited_for_and_not_begun_again(which: Which) {
    let fresh = fresh(which).await;
    fresh.bloated("slow", 40_000, 20_000).await;
    let bench = Bench::on(&fresh, "&options=-c%20vacuum_cost_delay%3D50ms%20-c%20vacuum_cost_limit%3D20");
    let one_at_a_time = crate::harness::starting();
    let following = bench.plantao(&["run", "vacuum", "--tables", "slow", "--yes"]).spawn().unwrap();
    drop(one_at_a_time);
    let id = bench.run_that(scans).await;
    let journal = std::fs::read_to_string(bench.store().journal(&id)).unwrap();
    let began: Value = serde_json::from_str(journal.lines().next().unwrap()).unwrap();
    let pid = began["pid"].as_u64().unwrap().to_string();
    assert!(tokio::process::Command::new("kill").args(["-KILL", &pid]).status().await.unwrap().success());
    assert_eq!(following.wait_with_output().await.unwrap().status.code(), Some(1));
    let (code, text) = bench.run(&["runs", "resume", id.as_str()]).await;
    assert_eq!(code, 0, "{text}");
    assert!(text.contains(" still vacuums public.slow"), "{text}");
    assert_eq!(vacuums(&fresh, "slow").await, 1, "{text}");
    assert!(text.contains("the server says that all was vacuumed: public.slow 20.0k dead rows → 0"), "{text}");
    let table = fresh.database().await.tables().await.unwrap().remove(0);
    assert!(table.last_analyze.is_some(), "what the lost process wanted is done to its end: {table:#?}");
}

async fn a_request_that_was_written_and_never_sent_is_sent_once(which: Which) {
    let fresh = bloated(which).await;
    let bench = Bench::on(&fresh, "");
    let (id, order) = order(&bench, TABLES).await;
    // A plan alone: the run is killed at its second record.
    let began = serde_json::from_slice::<Value>(&order).unwrap()["plan"].to_string().len() as u64;
    assert!(!carry_out(&bench, &order, began + 1_000).await);
    let mut journal = Journal::resume(&bench.store(), &id).unwrap();
    let began = matches!(journal.records.first(), Some(Record { event: Event::Began { .. }, .. }));
    assert!(began && journal.records.len() < 4, "{:?}", journal.records.len());
    let tables = fresh.database().await.tables().await.unwrap();
    let previous: Vec<Value> = tables
        .iter()
        .map(|table| {
            json!({"schema": table.name.schema, "name": table.name.name, "oid": table.oid, "vacuum-count": 0,
                "last-analyze": null, "dead-rows": table.dead_rows, "total-bytes": table.total_bytes})
        })
        .collect();
    let request = Event::Request {
        step: 2,
        operation: "postgresql:VACUUM".to_owned(),
        parameters: json!({}),
        previous: json!(previous),
    };
    journal.journal.record(Clock::system().now(), &request).unwrap();
    drop(journal);
    let (code, text) = told(&bench.plantao(&["runs", "resume", id.as_str()]).output().await.unwrap());
    assert_eq!(code, 0, "{text}");
    assert_eq!((vacuums(&fresh, "events").await, vacuums(&fresh, "sessions").await), (1, 1));
}
