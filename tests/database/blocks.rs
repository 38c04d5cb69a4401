//! `sql` blocks by the real binary, on real PostgreSQL servers.

use jiff::Timestamp;
use plantao::clock::Clock;
use plantao::run::{Event, Holder, Locks, Plan, RunId, verify};
use plantao::world::{Host, Scenario, World};

use super::killing::{carry_out, ends};
use super::running::{Bench, url};
use super::{Fresh, eventually, fresh, on_both_versions};
use crate::blocks::{order, runbook};
use crate::harness::{PASSWORD, Which, told};

on_both_versions! {
    no_answer_becomes_part_of_a_statement
    a_plan_says_what_only_reads_and_sends_nothing
    what_the_server_warns_of_is_told_and_a_password_in_its_answer_is_not
    rows_are_shown_as_the_server_writes_them_and_without_escapes
    what_the_server_refuses_is_said_in_words_and_nothing_after_it_is_sent
    a_wish_to_stop_cancels_the_statement_at_the_server
    killed_at_any_record_no_statement_is_ever_sent_twice
    what_changes_a_service_and_its_database_runs_beside_no_other_run_on_either
}

fn write(bench: &Bench, head: &str, blocks: &[&str]) {
    crate::blocks::write(bench, &runbook("sql", head, blocks));
}

#[tokio::test]
async fn the_demos_database_says_that_it_is_none_for_statements_of_ones_own_before_anything_is_sent() {
    let start = "2026-11-24T15:12:37Z".parse().unwrap();
    let host = Host::new(World::new(&Scenario::named("calm").unwrap(), 7, start), Clock::simulated(start, 1.0));
    let served = host.serve("127.0.0.1:0".parse().unwrap()).unwrap();
    let bench = Bench::new(served.database_url().unwrap());
    write(&bench, "", &["UPDATE events SET n = 1"]);
    let (code, text) = bench.run(&["run", "mine", "--yes"]).await;
    assert_eq!(code, 17, "{text}");
    assert!(text.contains("the simulated database answers only what plantao asks"), "{text}");
    assert!(bench.store().runs().unwrap().is_empty());
}

async fn what_the_server_warns_of_is_told_and_a_password_in_its_answer_is_not(which: Which) {
    let fresh = fresh(which).await;
    let bench = Bench::on(&fresh, "");
    let warns = "DO $$ BEGIN FOR i IN 1..50 LOOP RAISE NOTICE 'row %', i; RAISE WARNING 'half of % is missing', i; END LOOP; END $$";
    fresh.run("CREATE TABLE kept (said text, url text, password text)").await;
    let row = format!("INSERT INTO kept VALUES ('{PASSWORD}', 'postgres://ana:hunter3@db/x', 'hunter4')");
    fresh.run(&row).await;
    write(&bench, "", &[warns, "SELECT * FROM kept"]);
    let (code, text) = bench.run(&["run", "mine", "--yes"]).await;
    assert_eq!(code, 0, "{text}");
    assert!(
        text.contains("the server warns: half of 1 is missing") && text.contains("… and 30 more warnings"),
        "{text}"
    );
    assert!(!text.contains("row 1"), "{text}");
    let journal = std::fs::read_to_string(bench.store().journal(&bench.store().runs().unwrap()[0])).unwrap();
    for secret in [PASSWORD, "hunter3", "hunter4"] {
        assert!(!text.contains(secret) && !journal.contains(secret), "{secret}: {text}");
    }
}

async fn what_changes_a_service_and_its_database_runs_beside_no_other_run_on_either(which: Which) {
    let fresh = fresh(which).await;
    fresh.run("CREATE TABLE events (n int)").await;
    let bench = Bench::on(&fresh, "");
    let planned = async |statement: &str| {
        let scale = "## Set it\n```toml ecs.update-service\ndesired-count = 4\n```\n";
        let mixed = runbook("sql", "", &[statement]).replacen("## ", &format!("{scale}## "), 1);
        crate::blocks::write(&bench, &mixed);
        let output = bench.plantao(&["plan", "mine", "--service", "analytics-api", "--json"]).output().await.unwrap();
        serde_json::from_slice::<Plan>(&output.stdout).unwrap_or_else(|error| panic!("{error}: {:?}", told(&output)))
    };
    assert_eq!(planned("SELECT * FROM events").await.also, [], "who only reads keeps nobody out");
    let plan = planned("DELETE FROM events").await;
    assert_eq!(plan.on(), "service analytics-production/analytics-api and database analytics");
    let holder = Holder { run: RunId::new("vacuum", Timestamp::UNIX_EPOCH), pid: 7, user: "ana".to_owned() };
    let locks = Locks::at(bench.home.path());
    for target in plan.targets() {
        let _held = locks.take(target, &holder).unwrap();
        let (code, text) = bench.run(&["run", "mine", "--service", "analytics-api", "--yes"]).await;
        assert_eq!(code, 23, "{text}");
        assert!(text.contains(&format!("run {} of ana (process 7) is on {target}", holder.run)), "{text}");
        assert!(plan.targets().filter(|other| *other != target).all(|other| locks.busy(other).is_none()));
    }
    assert!(bench.store().runs().unwrap().is_empty());
}

async fn count(fresh: &Fresh, sql: &str) -> i64 {
    fresh.admin.query_one(sql, &[]).await.unwrap().get(0)
}

async fn no_answer_becomes_part_of_a_statement(which: Which) {
    let fresh = fresh(which).await;
    let evil = "x'; DROP TABLE victim; -- \" $1 \\";
    fresh.run("CREATE TABLE victim (name text, n int, at timestamptz DEFAULT now() - interval '1 hour')").await;
    fresh.run("CREATE TABLE \"Odd\"\"; DROP TABLE victim; --\" (name text)").await;
    fresh.run("INSERT INTO \"Odd\"\"; DROP TABLE victim; --\" VALUES ('old'), ('new')").await;
    let bench = Bench::on(&fresh, "");
    let head = "[param.name]\nask = \"Name?\"\ntype = \"text\"\n[param.n]\nask = \"n?\"\ntype = \"integer\"\n\
        [param.age]\nask = \"Age?\"\ntype = \"duration\"\n[param.table]\nask = \"Table?\"\ntype = \"tables\"";
    let insert = "INSERT INTO victim (name, n) VALUES ({{name}},{{n}});\nDELETE FROM {{ table }} WHERE name = 'old'";
    let old = "SELECT count(*) AS young FROM victim WHERE name = {{ name }} AND at < now() - {{ age }} LIMIT{{n}}";
    write(&bench, head, &[insert, old]);
    let answers = ["--name", evil, "--n", "7", "--age", "30m", "--table", "Odd\"; DROP TABLE victim; --"];
    let (code, text) = bench.run(&[&["run", "mine", "--yes"][..], &answers].concat()).await;
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("INSERT: 1 row changed; DELETE: 1 row changed"), "{text}");
    let kept = fresh.admin.query_one("SELECT name, n FROM victim", &[]).await.unwrap();
    assert_eq!((kept.get::<_, &str>(0), kept.get::<_, i32>(1)), (evil, 7));
    assert_eq!(count(&fresh, "SELECT count(*) FROM \"Odd\"\"; DROP TABLE victim; --\"").await, 1);
    let (code, text) =
        bench.run(&["run", "mine", "--yes", "--name", "a", "--n", "1", "--age", "1m", "--table", "victm"]).await;
    assert_eq!(code, 17, "{text}");
    assert!(text.contains("there is no such table; probably victim"), "{text}");
}

async fn a_plan_says_what_only_reads_and_sends_nothing(which: Which) {
    let fresh = fresh(which).await;
    fresh.run("CREATE TABLE t (n int); CREATE FUNCTION act() RETURNS int LANGUAGE sql AS 'INSERT INTO t VALUES (1) RETURNING n'").await;
    let bench = Bench::on(&fresh, "");
    write(
        &bench,
        "",
        &["SELECT count(*) FROM t", "SELECT act()", "SELECT pg_terminate_backend(0)", "UPDATE t SET n = 2"],
    );
    let (code, text) = bench.run(&["plan", "mine"]).await;
    assert_eq!(code, 0, "{text}");
    assert_eq!(
        (text.matches("statement only reads:").count(), text.matches("statement may change something:").count()),
        (1, 3),
        "{text}"
    );
    assert!(text.contains("SELECT act()") && text.contains("-c 'SELECT count(*) FROM t'"), "{text}");
    let (code, text) = bench.run(&["plan", "mine", "--json"]).await;
    assert!(code == 0 && text.contains(r#""action": "sql""#) && text.contains(r#""danger": "caution""#), "{text}");
    assert_eq!(count(&fresh, "SELECT count(*) FROM t").await, 0);

    write(&bench, "", &["SELEKT 1"]);
    let (code, text) = bench.run(&["plan", "mine"]).await;
    assert!(code == 17 && text.contains("syntax error"), "{code} {text}");
    write(&bench, "", &["SELECT 1 FROM nowhere"]);
    let (code, text) = bench.run(&["plan", "mine"]).await;
    assert!(code == 0 && text.contains("as things are now the server would refuse it"), "{code} {text}");
    // What it calls a question can't change anything, even through what it does not show.
    fresh.run("ALTER FUNCTION act() STABLE").await;
    write(&bench, "", &["SELECT act()"]);
    let (code, text) = bench.run(&["run", "mine", "--yes"]).await;
    assert!(code == 15, "{code} {text}");
    assert_eq!(count(&fresh, "SELECT count(*) FROM t").await, 0);
}

async fn rows_are_shown_as_the_server_writes_them_and_without_escapes(which: Which) {
    let fresh = fresh(which).await;
    let bench = Bench::on(&fresh, "");
    let many = "SELECT g AS number, 'pg_class'::regclass AS of, 1.50::numeric, chr(27) || '[2Jred' AS text, NULL AS none, \
        interval '90 min' AS age FROM generate_series(1, 30) g ORDER BY g -- all";
    write(
        &bench,
        "",
        &[
            "CREATE TABLE t (n int, at timestamptz)",
            "INSERT INTO t VALUES (1, '2026-11-24 03:12Z') RETURNING *",
            many,
            "SHOW server_encoding",
            "EXPLAIN SELECT * FROM t",
            "SELECT 1 AS a, 2 AS a",
        ],
    );
    let (code, text) = bench.run(&["run", "mine", "--yes"]).await;
    assert_eq!(code, 0, "{text}");
    assert!(!text.contains('\u{1b}') && text.contains("·[2Jred"), "{text}");
    assert!(text.contains("pg_class  1.50") && text.contains("01:30:00"), "{text}");
    assert!(text.contains("… and 10 more rows") && text.contains("SELECT: 30 rows"), "{text}");
    assert!(text.contains("2026-11-24T03:12:00Z") && text.contains("UTF8") && text.contains("Seq Scan on t"), "{text}");
}

async fn what_the_server_refuses_is_said_in_words_and_nothing_after_it_is_sent(which: Which) {
    let fresh = fresh(which).await;
    fresh.run("CREATE TABLE t (n int); INSERT INTO t VALUES (0)").await;
    let role = fresh.role("api").await;
    fresh.run(&format!("GRANT SELECT ON t TO {}", role.user)).await;
    let bench = Bench::new(&url(&fresh, &role.user, PASSWORD, "sslmode=disable"));
    write(&bench, "", &["SELECT n FROM t;\nUPDATE t SET n = 1;\nSELECT 'never'"]);
    let (code, text) = bench.run(&["run", "mine", "--yes"]).await;
    assert_eq!(code, 15, "{text}");
    assert!(text.contains("could not run statement 2 of 3: permission denied for table t"), "{text}");
    assert!(!text.contains("never |") && !text.contains("SELECT: 1 row; "), "{text}");

    let bench = Bench::on(&fresh, "");
    write(&bench, "", &["SET statement_timeout = '100ms';\nUPDATE t SET n = 2 WHERE pg_sleep(20) IS NOT NULL"]);
    let (code, text) = bench.run(&["run", "mine", "--yes"]).await;
    assert_eq!(code, 15, "{text}");
    assert!(text.contains("the server did not finish within statement_timeout"), "{text}");
    let locker = fresh.session("migration").await;
    locker.batch_execute("BEGIN; LOCK TABLE t").await.unwrap();
    write(&bench, "", &["SET lock_timeout = '100ms';\nUPDATE t SET n = 3"]);
    let (code, text) = bench.run(&["run", "mine", "--yes"]).await;
    assert!(code == 15 && text.contains("somebody else holds a lock on it"), "{code} {text}");
    locker.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(count(&fresh, "SELECT n::int8 FROM t").await, 0);
    // The session is ended from outside in the middle: then nobody can know.
    write(&bench, "", &["UPDATE t SET n = n + 1;\nSELECT pg_terminate_backend(pg_backend_pid());\nUPDATE t SET n = 9"]);
    let (code, text) = bench.run(&["run", "mine", "--yes"]).await;
    assert_eq!(code, 16, "{text}");
    assert!(text.contains("nobody knows whether statement 2 (SELECT) was carried out"), "{text}");
    assert!(text.contains("the statements after it were not sent"), "{text}");
    assert_eq!(count(&fresh, "SELECT n::int8 FROM t").await, 1);
}

async fn a_wish_to_stop_cancels_the_statement_at_the_server(which: Which) {
    let fresh = fresh(which).await;
    fresh.run("CREATE TABLE t (n int); INSERT INTO t VALUES (0)").await;
    let bench = Bench::on(&fresh, "");
    write(&bench, "", &["UPDATE t SET n = 1 WHERE pg_sleep(600) IS NOT NULL;\nUPDATE t SET n = 2"]);
    let one_at_a_time = crate::harness::starting();
    let following = bench.plantao(&["run", "mine", "--yes"]).spawn().unwrap();
    drop(one_at_a_time);
    let id = bench.run_that(|record| matches!(record.event, Event::Request { .. })).await;
    let busy = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'UPDATE t%' AND state = 'active'";
    eventually(|| async { count(&fresh, busy).await == 1 }).await;
    assert_eq!(bench.run(&["runs", "stop", id.as_str()]).await.0, 0);
    let (code, text) = told(&following.wait_with_output().await.unwrap());
    assert_eq!(code, 14, "{text}");
    assert!(text.contains("UPDATE was cancelled at the server; nothing was changed"), "{text}");
    assert_eq!((count(&fresh, busy).await, count(&fresh, "SELECT n::int8 FROM t").await), (0, 0));
}

async fn killed_at_any_record_no_statement_is_ever_sent_twice(which: Which) {
    let text = runbook(
        "sql",
        "",
        &["SELECT n FROM t;\nUPDATE t SET n = n + 1;\nUPDATE t SET m = m + 1", "SELECT n, m FROM t"],
    );
    let fresh = fresh(which).await;
    fresh.run("CREATE TABLE t (n int, m int)").await;
    let reset = "TRUNCATE t; INSERT INTO t VALUES (0, 0)";
    fresh.run(reset).await;
    let bench = Bench::on(&fresh, "");
    let (id, order_of_all) = order(&bench, &text).await;
    assert!(carry_out(&bench, &order_of_all, 1 << 20).await);
    let reference = ends(&std::fs::read(bench.store().journal(&id)).unwrap());
    let (mut doubts, mut goods) = (0, 0);
    for (number, end) in reference.iter().enumerate().take(reference.len() - 1) {
        fresh.run(reset).await;
        let bench = Bench::on(&fresh, "");
        let (id, order) = order(&bench, &text).await;
        assert!(!carry_out(&bench, &order, *end).await, "not killed at record {number}");
        let (code, text) = bench.run(&["runs", "resume", id.as_str()]).await;
        let bytes = std::fs::read(bench.store().journal(&id)).unwrap();
        let (n, m) = (count(&fresh, "SELECT n::int8 FROM t").await, count(&fresh, "SELECT m::int8 FROM t").await);
        assert!(n <= 1 && m <= 1, "sent twice, killed at record {number}: {text}");
        match code {
            0 => {
                assert_eq!((n, m), (1, 1), "killed at record {number}: {text}");
                goods += 1;
            }
            16 => {
                assert!(text.contains("nobody knows whether statement "), "killed at record {number}: {text}");
                doubts += 1;
            }
            // Killed before the first record was whole.
            other => assert!(number == 0, "{other} killed at record {number}: {text}"),
        }
        if number > 0 {
            assert!(verify(&id, &bytes).unwrap().ended, "killed at record {number}");
        }
    }
    assert!(doubts >= 1 && goods >= 5, "{doubts} in doubt, {goods} to the end, of {}", reference.len());
}
