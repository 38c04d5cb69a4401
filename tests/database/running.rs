//! The vacuum runbook by the real binary, on real PostgreSQL servers.

use jiff::Timestamp;
use plantao::clock::Clock;
use plantao::run::{Event, Record, RunId, Store};
use plantao::world::{Host, Scenario, Served, World};
use tokio::process::Command;

use super::{Fresh, fresh, fresh_on, on_both_versions};
use crate::harness::{PASSWORD, Postgres, Which, plantao_at, run_that, store_in, told};

on_both_versions! {
    a_bloated_table_is_shown_worst_first_and_vacuumed_with_what_that_gained
    a_wish_to_stop_cancels_the_statement_and_says_what_was_not_begun
    a_locked_table_is_left_out_and_an_old_transaction_that_holds_rows_back_is_named
    who_may_not_vacuum_is_told_so_before_anything_is_sent
    a_name_is_a_name_whatever_is_in_it_and_a_misspelt_one_finds_its_neighbour
    a_rewrite_gives_storage_back_and_its_plan_says_what_it_locks
}

/// Two services, of which none is asked for.
pub(crate) const PLATFORM: &str = "name = \"p\"\nregion = \"us-east-1\"\n\
    [[service]]\nname = \"analytics-api\"\ncluster = \"analytics-production\"\n\
    [[service]]\nname = \"worker\"\ncluster = \"analytics-production\"\n\
    [[cache]]\nname = \"redis\"\n[[database]]\nid = \"analytics\"\n";

/// A vacuum of 40,000 rows takes minutes, if nobody stops it.
pub(crate) const SLOW: &str = "&options=-c%20vacuum_cost_delay%3D100ms%20-c%20vacuum_cost_limit%3D5";

/// An AWS to say who asks, and a user's home.
pub(crate) struct Bench {
    _world: (Host, Served),
    pub(crate) endpoint: String,
    pub(crate) home: tempfile::TempDir,
    pub(crate) url: String,
}

/// The way in, as a URL.
pub(crate) fn url(fresh: &Fresh, user: &str, password: &str, options: &str) -> String {
    let encoded = password.bytes().fold(String::new(), |text, byte| text + &format!("%{byte:02x}"));
    let (port, database) = (fresh.target.port, &fresh.target.database);
    format!("postgresql://{user}:{encoded}@localhost:{port}/{database}?{options}")
}

impl Bench {
    pub(crate) fn new(url: &str) -> Bench {
        // The binary asks for the minutes before its own present: at another time the world would have none.
        let start = Timestamp::now();
        let world = World::new(&Scenario::named("calm").unwrap(), 7, start);
        let host = Host::new(world, Clock::simulated(start, 1.0));
        let served = host.serve("127.0.0.1:0".parse().unwrap()).unwrap();
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(home.path().join(".config/plantao")).unwrap();
        std::fs::write(home.path().join(".config/plantao/platform.toml"), PLATFORM).unwrap();
        Bench { endpoint: served.url.clone(), _world: (host, served), home, url: url.to_owned() }
    }

    /// On a database as its superuser.
    pub(crate) fn on(fresh: &Fresh, options: &str) -> Bench {
        Bench::new(&url(fresh, "postgres", PASSWORD, &format!("sslmode=disable{options}")))
    }

    pub(crate) fn store(&self) -> Store {
        store_in(self.home.path())
    }

    pub(crate) fn plantao(&self, arguments: &[&str]) -> Command {
        let mut command = plantao_at(self.home.path(), &self.endpoint, arguments);
        let variable = if self.url.starts_with("redis") { "PLANTAO_REDIS_URL" } else { "PLANTAO_DATABASE_URL" };
        command.env(variable, &self.url);
        command.into()
    }

    /// Its exit code and all that it says, in which no password is, nor in any file that it writes.
    pub(crate) async fn run(&self, arguments: &[&str]) -> (i32, String) {
        let told = told(&self.plantao(arguments).output().await.unwrap());
        self.shows_no_password(&told.1);
        told
    }

    /// Its exit code and all that it says.
    pub(crate) async fn plain(&self, arguments: &[&str]) -> (i32, String) {
        told(&self.plantao(arguments).output().await.unwrap())
    }

    pub(crate) fn shows_no_password(&self, text: &str) {
        let Some((login, _)) = self.url.split_once('@') else { return };
        let password = login.rsplit(':').next().unwrap();
        let mut all = vec![("what is said".to_owned(), text.to_owned())];
        for entry in std::fs::read_dir(self.store().folder()).into_iter().flatten() {
            let path = entry.unwrap().path();
            all.push((path.display().to_string(), std::fs::read_to_string(path).unwrap()));
        }
        for (place, text) in all {
            assert!(!text.contains(PASSWORD) && !text.contains(password), "{place}: {text}");
        }
    }

    /// The one run, once it has come to a record that fits.
    pub(crate) async fn run_that(&self, fits: impl Fn(&Record) -> bool) -> RunId {
        run_that(&self.store(), fits).await.0
    }
}

/// How often a table was vacuumed to the end.
pub(crate) async fn vacuums(fresh: &Fresh, table: &str) -> i64 {
    let tables = fresh.database().await.tables().await.unwrap();
    tables.iter().find(|found| found.name.name == table).unwrap().vacuum_count
}

pub(crate) fn scans(record: &Record) -> bool {
    matches!(&record.event, Event::Progress { text, .. } if text.contains("scanning heap"))
}

async fn a_bloated_table_is_shown_worst_first_and_vacuumed_with_what_that_gained(which: Which) {
    let fresh = fresh(which).await;
    fresh.bloated("sessions", 1_000, 100).await;
    fresh.bloated("events", 20_000, 15_000).await;
    let bench = Bench::on(&fresh, "");

    let (code, text) = bench.run(&["plan", "vacuum"]).await;
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("on database analytics of account 123456789012"), "{text}");
    let (events, sessions) =
        (text.find("public.events: 15.0k dead of 20.0k rows (75 %)"), text.find("public.sessions: "));
    assert!(events.is_some() && events < sessions, "{text}");
    assert!(text.contains("never vacuumed") && text.contains("-c 'VACUUM (ANALYZE)'"), "{text}");
    assert_eq!((vacuums(&fresh, "events").await, bench.store().runs().unwrap().len()), (0, 0), "a plan only reads");

    let (code, text) = bench.run(&["run", "vacuum", "--tables", "events, public.sessions", "--yes"]).await;
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("2 tables vacuumed in "), "{text}");
    assert!(text.contains("public.events 15.0k dead rows → 0, "), "{text}");
    assert_eq!((vacuums(&fresh, "events").await, vacuums(&fresh, "sessions").await), (1, 1));
    let journal = std::fs::read_to_string(bench.store().journal(&bench.store().runs().unwrap()[0])).unwrap();
    let (request, ended) = (journal.find(r#""operation":"postgresql:VACUUM""#), journal.find("public.events 15.0k"));
    assert!(request.is_some() && request < ended, "the request is written before what it brings: {journal}");

    // All of the database: also what nobody named.
    let (code, text) = bench.run(&["run", "vacuum", "--yes"]).await;
    assert_eq!((code, vacuums(&fresh, "events").await), (0, 2), "{text}");
}

async fn a_wish_to_stop_cancels_the_statement_and_says_what_was_not_begun(which: Which) {
    let fresh = fresh(which).await;
    fresh.bloated("slow", 40_000, 20_000).await;
    fresh.bloated("next", 100, 50).await;
    let bench = Bench::on(&fresh, SLOW);
    let one_at_a_time = crate::harness::starting();
    let following = bench.plantao(&["run", "vacuum", "--tables", "slow,next", "--yes"]).spawn().unwrap();
    drop(one_at_a_time);
    let id = bench.run_that(scans).await;
    assert_eq!(bench.run(&["runs", "stop", id.as_str()]).await.0, 0);
    let (code, text) = told(&following.wait_with_output().await.unwrap());
    assert_eq!(code, 14, "{text}");
    assert!(text.contains("0 tables vacuumed, 1 stopped in the middle, 1 not begun"), "{text}");
    assert!(text.contains("public.slow cancelled in the middle: what was cleared stays cleared"), "{text}");
    let recorded = "postgresql:VACUUM was cancelled: public.slow: canceling statement due to user \
                    request (SQLSTATE 57014)";
    let (_, shown) = bench.run(&["runs", "show", id.as_str()]).await;
    assert!(shown.contains(recorded) && !shown.contains("accepted"), "{shown}");
    assert_eq!((vacuums(&fresh, "slow").await, vacuums(&fresh, "next").await), (0, 0));
    let busy =
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'plantao' AND datname = current_database()
                AND query LIKE 'VACUUM%' AND state = 'active'";
    assert_eq!(fresh.admin.query_one(busy, &[]).await.unwrap().get::<_, i64>(0), 0, "nothing goes on at the server");
    bench.shows_no_password(&text);
}

async fn a_locked_table_is_left_out_and_an_old_transaction_that_holds_rows_back_is_named(which: Which) {
    let fresh = fresh(which).await;
    let reader = fresh.session("report").await;
    reader.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class").await.unwrap();
    fresh.bloated("events", 5_000, 3_000).await;
    fresh.bloated("locked", 100, 50).await;
    let locker = fresh.session("migration").await;
    locker.batch_execute("BEGIN; LOCK TABLE locked").await.unwrap();
    let bench = Bench::on(&fresh, "");
    let runbook = "# Tidy\n```toml runbook\ndanger = \"caution\"\n```\n\
        ## See\n```toml database.blockers\nolder-than = \"1s\"\n```\n\
        ## Vacuum\n```toml vacuum\ntables = [\"events\", \"locked\"]\nlock-timeout = \"1s\"\n```\n";
    std::fs::create_dir_all(bench.home.path().join(".config/plantao/runbooks")).unwrap();
    std::fs::write(bench.home.path().join(".config/plantao/runbooks/tidy.md"), runbook).unwrap();
    super::eventually(|| async {
        let age = "SELECT now() - xact_start > '1s' FROM pg_stat_activity WHERE application_name = 'report' AND datname = current_database()";
        fresh.admin.query_one(age, &[]).await.unwrap().get(0)
    })
    .await;
    let (code, text) = bench.run(&["plan", "tidy"]).await;
    assert_eq!(code, 0, "{text}");
    assert!(text.contains(", report from 127.0.0.1), idle in transaction for "), "{text}");
    assert!(text.contains("holds vacuum back") && text.contains("pg_terminate_backend"), "{text}");
    assert!(text.contains("public.locked is locked by somebody"), "{text}");
    let (code, text) = bench.run(&["run", "tidy", "--yes"]).await;
    assert_eq!(code, 24, "{text}");
    assert!(text.contains("1 table was left out: locked; 1 table vacuumed"), "{text}");
    let (_, list) = bench.run(&["runs", "--json"]).await;
    assert!(list.contains("\"ending\": \"partly\"") && list.contains("\"exit_code\": 24"), "{list}");
    assert!(text.contains("public.locked left out: it is locked by pid") && text.contains("migration"), "{text}");
    assert!(text.contains("succeeded in part: 3000 dead rows are held back by pid"), "{text}");
    assert!(text.contains(", then vacuum again; "), "{text}");
    let (code, text) = bench.run(&["run", "vacuum", "--tables", "events", "--yes"]).await;
    assert_eq!(code, 24, "a script is not told that the bloat is gone: {text}");
    reader.batch_execute("COMMIT").await.unwrap();
    let (code, text) = bench.run(&["run", "vacuum", "--tables", "events", "--yes"]).await;
    assert_eq!(code, 0, "{text}");
    // With nothing else to do, that is a failure, and nothing was changed.
    let (code, text) = bench.run(&["run", "vacuum", "--tables", "locked", "--yes"]).await;
    assert_eq!(code, 15, "{text}");
    assert!(text.contains("public.locked left out: it is locked by pid"), "{text}");
}

async fn who_may_not_vacuum_is_told_so_before_anything_is_sent(which: Which) {
    let fresh = fresh(which).await;
    fresh.bloated("mine", 100, 50).await;
    fresh.bloated("theirs", 100, 50).await;
    let role = fresh.role("api").await;
    fresh.run(&format!("ALTER TABLE mine OWNER TO {}", role.user)).await;
    let bench = Bench::new(&url(&fresh, &role.user, PASSWORD, "sslmode=disable"));
    let (code, text) = bench.run(&["run", "vacuum", "--tables", "mine,theirs", "--yes"]).await;
    assert_eq!(code, 17, "{text}");
    assert!(
        text.contains(&format!("the role {} may not vacuum public.theirs: log in as the owner", role.user)),
        "{text}"
    );
    assert!(bench.store().runs().unwrap().is_empty());
    let (code, text) = bench.run(&["run", "vacuum", "--yes"]).await;
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("1 tables of other owners are left out: public.theirs"), "{text}");
    assert_eq!((vacuums(&fresh, "mine").await, vacuums(&fresh, "theirs").await), (1, 0));
}

async fn a_name_is_a_name_whatever_is_in_it_and_a_misspelt_one_finds_its_neighbour(which: Which) {
    let fresh = fresh(which).await;
    fresh.bloated("\"x\"\"; DROP TABLE victim; --\"", 100, 50).await;
    fresh.bloated("\"Ünïcode 日本\"", 100, 50).await;
    fresh.bloated("victim", 100, 50).await;
    let bench = Bench::on(&fresh, "");
    let names = "x\"; DROP TABLE victim; --,Ünïcode 日本";
    let (code, text) = bench.run(&["run", "vacuum", "--tables", names, "--yes"]).await;
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("2 tables vacuumed"), "{text}");
    assert_eq!((vacuums(&fresh, "victim").await, vacuums(&fresh, "Ünïcode 日本").await), (0, 1));
    let (code, text) = bench.run(&["run", "vacuum", "--tables", "victm", "--yes"]).await;
    assert_eq!(code, 17, "{text}");
    assert!(text.contains("could not find the table victm: there is no such table; probably victim"), "{text}");
    assert!(text.contains("--tables can be one of these:") && text.contains("  public.victim  "), "{text}");
}

async fn a_rewrite_gives_storage_back_and_its_plan_says_what_it_locks(which: Which) {
    // On a shared server a transaction of any other test would hold a rewrite back.
    let server = tokio::task::spawn_blocking(move || Postgres::start(which, &[])).await.unwrap();
    let fresh = fresh_on(&server).await;
    fresh.bloated("events", 20_000, 18_000).await;
    let bench = Bench::on(&fresh, "");
    let arguments = ["run", "vacuum", "--tables", "events", "--full", "--yes"];
    let (code, text) = bench.run(&arguments).await;
    assert_eq!(code, 17, "{text}");
    assert!(text.contains("nobody can read or write public.events until it is done (ACCESS EXCLUSIVE lock)"), "{text}");
    assert!(text.contains("of storage are free") && text.contains("--reason"), "{text}");
    let before = fresh.database().await.tables().await.unwrap()[0].total_bytes;
    let (code, text) = bench.run(&[&arguments[..], &["--reason", "the disk is nearly full"]].concat()).await;
    assert_eq!(code, 0, "{text}");
    let after = fresh.database().await.tables().await.unwrap()[0].total_bytes;
    assert!(after * 2 < before, "{before} {after}");
}
