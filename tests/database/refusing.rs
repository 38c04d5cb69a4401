//! What a vacuum run refuses, and what stops it before anything is sent.

use std::sync::Arc;

use jiff::SignedDuration;
use plantao::aws::Clients;
use plantao::clock::Clock;
use plantao::platform::{Fact, Observation, Picture, Point, Role, Secret, Spent, Subject, file};
use plantao::run::action::VacuumTables;
use plantao::run::{Action, Context, Ending, Seen};

use super::killing::{carry_out, order};
use super::running::{Bench, PLATFORM, SLOW, scans, url, vacuums};
use super::{fresh, fresh_on, on_both_versions};
use crate::harness::{PASSWORD, Postgres, Which, told};

on_both_versions! {
    a_rewrite_is_refused_when_the_storage_could_not_hold_it_or_nobody_knows
    what_is_no_longer_the_table_or_the_server_of_the_plan_is_not_touched
    a_server_that_dies_in_the_middle_ends_the_run_and_is_told
    a_second_run_on_the_database_is_refused_and_undo_says_that_there_is_nothing_to_take_back
}

async fn a_rewrite_is_refused_when_the_storage_could_not_hold_it_or_nobody_knows(which: Which) {
    let fresh = fresh(which).await;
    fresh.bloated("events", 5_000, 1_000).await;
    let mut platform = file::read(PLATFORM, "platform.toml").unwrap();
    platform.databases[0].url = Some(Secret::new(url(&fresh, "postgres", PASSWORD, "sslmode=disable")));
    let clients = Clients::at("http://127.0.0.1:1", "us-east-1");
    let context = Context { platform: Arc::new(platform), clients, clock: Clock::system(), store: None };
    let rewrite = Action::Vacuum(VacuumTables {
        database: "analytics".to_owned(),
        tables: vec!["events".to_owned()],
        analyze: true,
        full: true,
        lock_timeout_seconds: 5,
    });
    let mut seen = Seen::from(Picture::of(&context.platform));
    let halt = rewrite.plan(&context, &seen).await.unwrap_err();
    assert_eq!(halt.ending, Ending::Refused);
    assert!(halt.words.contains("does not tell how much storage is free"), "{}", halt.words);

    let (index, _) = context.platform.gauge(Subject::Database(0), Role::FreeStorage).unwrap();
    for (free, enough) in [(1e6, false), (1e9, true)] {
        let point = Point { at: context.clock.now(), value: free };
        seen.picture.take(Observation {
            at: point.at,
            next: SignedDuration::from_mins(1),
            facts: vec![Fact::Points(index, Ok(vec![point]))],
            spent: Spent::default(),
            clock_skew: None,
        });
        match rewrite.plan(&context, &seen).await {
            Ok(view) => {
                assert!(enough && view.warnings[0].contains("ACCESS EXCLUSIVE lock"), "{view:?}");
                assert!(view.command.unwrap().contains("VACUUM (FULL, VERBOSE, ANALYZE)"));
            }
            Err(halt) => {
                assert_eq!((enough, halt.ending), (false, Ending::Refused), "{}", halt.words);
                assert!(halt.words.contains("of free storage, and there are 1 MB"), "{}", halt.words);
            }
        }
    }
}

async fn what_is_no_longer_the_table_or_the_server_of_the_plan_is_not_touched(which: Which) {
    let fresh = fresh(which).await;
    fresh.bloated("events", 1_000, 500).await;
    let bench = Bench::on(&fresh, "");
    let (id, first) = order(&bench, "events").await;
    fresh.run("ALTER TABLE events RENAME TO old; CREATE TABLE events (id int)").await;
    assert!(!carry_out(&bench, &first, 1 << 20).await);
    let (code, text) = bench.run(&["runs", "show", id.as_str()]).await;
    assert_eq!(code, 0, "{text}");
    assert!(
        text.contains("the plan is out of date") && text.contains("public.events was dropped and made anew"),
        "{text}"
    );
    assert!(!text.contains("postgresql:VACUUM"), "{text}");

    // Killed before the vacuum, and taken up where the environment names another database.
    let (id, second) = order(&bench, "old").await;
    let length =
        serde_json::to_vec(&serde_json::from_slice::<serde_json::Value>(&second).unwrap()["plan"]).unwrap().len();
    assert!(!carry_out(&bench, &second, length as u64 + 1_000).await);
    let other = super::fresh(which).await;
    other.bloated("old", 1_000, 500).await;
    let elsewhere = url(&other, "postgres", PASSWORD, "sslmode=disable");
    let mut resume = bench.plantao(&["runs", "resume", id.as_str()]);
    let (code, text) = told(&resume.env("PLANTAO_DATABASE_URL", elsewhere).output().await.unwrap());
    assert_eq!(code, 18, "{text}");
    assert!(text.contains("the plan was for postgres@localhost:") && text.contains("nothing was sent"), "{text}");
    assert_eq!((vacuums(&fresh, "old").await, vacuums(&other, "old").await), (0, 0));
}

async fn a_server_that_dies_in_the_middle_ends_the_run_and_is_told(which: Which) {
    let server = tokio::task::spawn_blocking(move || Postgres::start(which, &[])).await.unwrap();
    let fresh = fresh_on(&server).await;
    fresh.bloated("slow", 40_000, 20_000).await;
    let bench = Bench::on(&fresh, SLOW);
    let one_at_a_time = crate::harness::starting();
    let following = bench.plantao(&["run", "vacuum", "--tables", "slow", "--yes"]).spawn().unwrap();
    drop(one_at_a_time);
    let id = bench.run_that(scans).await;
    server.kill();
    let (code, text) = told(&following.wait_with_output().await.unwrap());
    assert_eq!(code, 16, "{text}");
    assert!(
        text.contains("could not vacuum public.slow: the ") && text.contains("0 tables vacuumed, 1 failed"),
        "{text}"
    );
    bench.shows_no_password(&text);
    let (code, text) = bench.run(&["runs", "resume", id.as_str()]).await;
    assert!(code == 16 && text.contains("failed after a change"), "it is over: {code} {text}");
}

async fn a_second_run_on_the_database_is_refused_and_undo_says_that_there_is_nothing_to_take_back(which: Which) {
    let fresh = fresh(which).await;
    fresh.bloated("slow", 40_000, 20_000).await;
    let bench = Bench::on(&fresh, SLOW);
    let one_at_a_time = crate::harness::starting();
    let following = bench.plantao(&["run", "vacuum", "--tables", "slow", "--yes"]).spawn().unwrap();
    drop(one_at_a_time);
    let id = bench.run_that(scans).await;
    let (code, text) = bench.run(&["run", "vacuum", "--yes"]).await;
    assert_eq!(code, 23, "{text}");
    assert!(text.contains("is on database analytics: plantao follow"), "{text}");
    let nothing = "a vacuum changes no row: there is nothing to take back";
    let (code, text) = bench.run(&["runs", "undo", id.as_str(), "--yes"]).await;
    assert!(code == 17 && text.contains(nothing) && text.contains("plantao runs stop"), "{code} {text}");
    assert_eq!(bench.run(&["runs", "stop", id.as_str()]).await.0, 0);
    let (code, text) = told(&following.wait_with_output().await.unwrap());
    assert_eq!(code, 14, "{text}");
    // Over, it is the same, and no plan with its numbers turned round is shown first.
    let (code, text) = bench.run(&["runs", "undo", id.as_str(), "--yes"]).await;
    assert!(code == 17 && text.contains(nothing) && !text.contains("dead rows"), "{code} {text}");
    assert_eq!(vacuums(&fresh, "slow").await, 0);
}
