//! One check for every kind of server: PostgreSQL of two versions, and the one that the world simulates. What plantao sees and
//! does must not tell them apart.

use std::time::Duration;

use plantao::clock::Clock;
use plantao::database::{
    Database, DatabaseTroubleKind, Holder, Order, TableEnding, Target, Vacuum, VacuumEnding, VacuumEvent, Work,
};
use plantao::world::{Change, Host, Scenario, Served, World};
use tokio_postgres::Client;

use super::vacuuming::{public, vacuum};
use super::{Fresh, fresh, on_both_versions};
use crate::harness::Which;

/// A server with a bloated table `sessions` and a tidy one, `users`.
enum Place {
    Real(Fresh, Vec<Client>),
    World(Host, Served, Target),
}

impl Place {
    async fn real(which: Which) -> Place {
        let fresh = fresh(which).await;
        fresh.bloated("sessions", 40_000, 20_000).await;
        fresh.bloated("users", 300, 0).await;
        fresh.run("VACUUM ANALYZE users").await;
        fresh.run("ANALYZE sessions").await;
        Place::Real(fresh, Vec::new())
    }

    /// The scenario with the bloated table, without its own open transaction; time runs a minute a second.
    fn world() -> Place {
        let start = "2026-11-24T15:12:37Z".parse().unwrap();
        let host = Host::new(World::new(&Scenario::named("bloat").unwrap(), 7, start), Clock::simulated(start, 60.0));
        host.with(|world| world.apply(Change::CloseTransactions { database: "analytics".into() }));
        let served = host.serve("127.0.0.1:0".parse().unwrap()).unwrap();
        let target = Target::from_url(served.database_url().unwrap()).unwrap();
        Place::World(host, served, target)
    }

    fn target(&self) -> &Target {
        match self {
            Place::Real(fresh, _) => &fresh.target,
            Place::World(_, served, target) => {
                assert!(served.database_url().is_some());
                target
            }
        }
    }

    /// Somebody's transaction, idle from now on, that has locked `sessions` if told.
    async fn open(&mut self, application: &str, lock: bool) {
        match self {
            Place::Real(fresh, open) => {
                let client = fresh.session(application).await;
                let lock = if lock { "LOCK TABLE sessions" } else { "SELECT 1" };
                client.batch_execute(&format!("BEGIN ISOLATION LEVEL REPEATABLE READ; {lock}")).await.unwrap();
                open.push(client);
                // A transaction of its own, so that the other one has an age.
                fresh.run("DELETE FROM users WHERE id = 1").await;
            }
            Place::World(host, ..) => host.with(|world| {
                world.apply(Change::OpenTransaction {
                    database: "analytics".into(),
                    user: "ana".into(),
                    application: application.to_owned(),
                    locks: lock.then(|| "sessions".to_owned()),
                });
            }),
        }
    }

    async fn close(&mut self) {
        match self {
            Place::Real(_, open) => {
                for client in open.drain(..) {
                    client.batch_execute("ROLLBACK").await.unwrap();
                }
            }
            Place::World(host, ..) => {
                host.with(|world| world.apply(Change::CloseTransactions { database: "analytics".into() }));
            }
        }
    }
}

macro_rules! everywhere {
    ($($test:ident)*) => {
        mod real {
            use super::*;
            on_both_versions! { $($test)* }
            $(async fn $test(which: Which) { super::$test(Place::real(which).await).await; })*
        }
        mod world {
            $(#[tokio::test] async fn $test() { super::$test(super::Place::world()).await; })*
        }
    };
}

everywhere! {
    what_a_person_sees_has_the_same_shape
    a_vacuum_goes_the_same_way
    a_vacuum_stops_the_same_way
    a_locked_table_is_given_up_in_the_same_words
    what_does_not_exist_is_refused_with_the_same_code
}

async fn what_a_person_sees_has_the_same_shape(mut place: Place) {
    place.open("nightly report", false).await;
    let database = Database::connect(place.target()).await.unwrap();
    assert!(database.version().number >= 130_000 && database.pid() > 0 && !database.is_closed());
    let tables = database.tables().await.unwrap();
    let worst = &tables[0];
    assert_eq!((&worst.name, worst.dead_share() >= 0.5), (&public("sessions"), true), "{worst:?}");
    assert!(worst.heap_bytes > 0 && worst.heap_bytes % 8_192 == 0 && worst.total_bytes % 8_192 == 0, "{worst:?}");
    assert!(worst.heap_bytes < worst.table_bytes && worst.table_bytes < worst.total_bytes);
    assert!(worst.may_vacuum && !worst.sizes_are_old && worst.xid_age >= 0 && worst.running.is_none());
    let tidy = tables.iter().find(|t| t.name == public("users")).unwrap();
    assert!(tidy.last_vacuumed().is_some() && tidy.last_analyze.is_some() && tidy.vacuum_count >= 1, "{tidy:?}");
    assert_eq!(database.table(tidy.oid).await.unwrap().map(|t| t.name), Some(tidy.name.clone()));
    assert_eq!(database.table(1).await.unwrap(), None);
    let system = database.system_tables().await.unwrap();
    assert!(system.iter().all(|t| t.name.schema == "pg_catalog") && system.iter().any(|t| t.name.name == "pg_class"));
    let wraparound = database.wraparound().await.unwrap();
    assert!(wraparound.freeze_max_age == 200_000_000 && (0.0..0.2).contains(&wraparound.share()));
    let server = database.server().await.unwrap();
    assert!(!server.is_standby && server.database_bytes.unwrap() > worst.total_bytes && server.max_wal_bytes > 0);
    assert_eq!(server.user, place.target().user);
    let connections = database.connections().await.unwrap();
    assert!(connections.used() >= 2 && connections.left() > 0 && connections.reserved_for_superusers == 3);
    let own = connections.groups.iter().find(|g| g.application == "plantao").unwrap();
    assert_eq!((own.state.as_deref(), own.user.as_deref()), (Some("active"), Some(place.target().user.as_str())));
    let holdback = database.holdback().await.unwrap();
    let holder = holdback.holders.iter().find(|h| h.words().contains("nightly report")).unwrap();
    let Holder::Transaction { session, xid_age } = holder else { panic!("{holder:?}") };
    assert_eq!(
        (session.state.as_deref(), session.kind.as_deref()),
        (Some("idle in transaction"), Some("client backend"))
    );
    assert!(
        *xid_age >= 0 && session.transaction_age.is_some() && session.wait.as_deref() == Some("Client: ClientRead")
    );
    assert_eq!(holdback.hidden_sessions, 0);
    assert_eq!(database.blocked().await.unwrap(), []);
    let estimate = database.full_estimate(worst, server.max_wal_bytes).await.unwrap();
    assert!(estimate.copy_bytes < worst.total_bytes && estimate.gain_bytes() > 0, "{estimate:?}");
    assert_eq!(database.vacuum_progress(1_999_999_999, worst.oid).await.unwrap(), None);
}

/// PostgreSQL's own names, up to version 18.
const PHASES: [&str; 8] = [
    "initializing",
    "scanning heap",
    "vacuuming indexes",
    "vacuuming heap",
    "cleaning up indexes",
    "truncating heap",
    "performing final cleanup",
    "",
];

async fn a_vacuum_goes_the_same_way(mut place: Place) {
    place.open("nightly report", false).await;
    let order = Order { look_every: Duration::from_millis(5), ..Order::tables([public("sessions")]) };
    let mut running = Vacuum::start(place.target(), order).await.unwrap();
    let mut events = Vec::new();
    while let Some(event) = running.next().await {
        match &event {
            VacuumEvent::Progress { progress, .. } if progress.work == Work::Vacuum => {
                assert!(PHASES.contains(&progress.phase.as_str()), "{progress:?}");
                assert!(progress.scanned <= progress.blocks && progress.vacuumed <= progress.blocks, "{progress:?}");
            }
            VacuumEvent::Progress { .. } => {}
            other => events.push(other.clone()),
        }
    }
    assert_eq!(events[0], VacuumEvent::Began { table: public("sessions"), number: 1, of: 1 });
    assert!(matches!(events.last(), Some(VacuumEvent::Ended(_))), "{events:?}");
    let report = running.report().await;
    assert!(report.is_success() && report.words() == "1 table vacuumed", "{report:#?}");
    let table = &report.tables[0];
    let (before, after) = (table.before.as_ref().unwrap(), table.after.as_ref().unwrap());
    assert!(after.dead_rows * 20 < before.dead_rows && after.vacuum_count == before.vacuum_count + 1, "{after:?}");
    assert!(after.last_vacuum > before.last_vacuum && after.last_analyze > before.last_analyze);
    assert!(after.heap_bytes >= before.heap_bytes / 2, "a plain vacuum leaves the holes");
    let said: Vec<&str> = table.notices.iter().map(|n| n.text.as_str()).collect();
    let begins = ["vacuuming \"", "finished vacuuming \"", "analyzing \"public.sessions\"", "\"sessions\": scanned "];
    for words in begins {
        assert!(said.iter().any(|text| text.starts_with(words)), "{words}: {said:#?}");
    }
    let account = said.iter().find(|text| text.starts_with("finished")).unwrap();
    for words in ["index scans: 1", " removed, ", " remain", " are dead but not yet removable", "elapsed: "] {
        assert!(account.contains(words), "{words}: {account}");
    }
    assert!(table.notices.iter().all(|n| !n.warning && n.sqlstate == "00000"));
    // What a run that was killed after the vacuum's work still has to do.
    let database = Database::connect(place.target()).await.unwrap();
    database.analyze(&public("sessions")).await.unwrap();
    let renewed = async {
        loop {
            // Old versions tell their statistics half a second late.
            let seen = database.table(after.oid).await.unwrap().unwrap();
            if seen.last_analyze > after.last_analyze {
                return seen;
            }
            tokio::task::yield_now().await;
        }
    };
    let renewed = tokio::time::timeout(Duration::from_secs(20), renewed).await.unwrap();
    assert_eq!((renewed.vacuum_count, renewed.last_vacuum), (after.vacuum_count, after.last_vacuum));
    let trouble = database.analyze(&public("nowhere")).await.unwrap_err();
    assert_eq!(trouble.to_string(), "could not analyze public.nowhere: the table is not there");
}

async fn a_vacuum_stops_the_same_way(place: Place) {
    let order = Order {
        cost_delay: Some(Duration::from_millis(100)),
        look_every: Duration::from_millis(5),
        ..Order::tables([public("sessions"), public("users")])
    };
    let mut running = Vacuum::start(place.target(), order).await.unwrap();
    loop {
        match running.next().await.expect("with such pauses it takes minutes") {
            VacuumEvent::Progress { progress, .. } if progress.work == Work::Vacuum => break,
            _ => {}
        }
    }
    // Whoever looks at the tables sees it too.
    let database = Database::connect(place.target()).await.unwrap();
    let seen = database.tables().await.unwrap();
    assert!(seen.iter().find(|t| t.name == public("sessions")).unwrap().running.as_ref().is_some_and(|r| !r.automatic));
    running.stopper().stop();
    let report = running.report().await;
    // Somebody else's statement is canceled in the same words.
    let stranger = super::session(place.target(), &place.target().user, "psql").await;
    let canceler = stranger.cancel_token();
    stranger.batch_execute("SET vacuum_cost_delay = 100").await.unwrap();
    let statement = stranger.batch_execute("VACUUM sessions");
    tokio::pin!(statement);
    let error = loop {
        // A request that comes before the statement is lost.
        tokio::select! {
            result = &mut statement => break result.unwrap_err(),
            _ = canceler.cancel_query(tokio_postgres::NoTls) => {}
        }
    };
    let said = error.as_db_error().unwrap();
    assert_eq!((said.code().code(), said.message()), ("57014", "canceling statement due to user request"));
    assert!(stranger.batch_execute("SET vacuum_cost_delay = 0").await.is_ok(), "the session goes on");
    assert_eq!(report.ending, VacuumEnding::Stopped);
    let TableEnding::Stopped(said) = &report.tables[0].ending else { panic!("{report:?}") };
    assert_eq!(said.for_the_record(), "canceling statement due to user request (SQLSTATE 57014)");
    assert_eq!(report.words(), "0 tables vacuumed, 1 stopped in the middle, 1 not begun");
    let (before, after) = (report.tables[0].before.as_ref().unwrap(), report.tables[0].after.as_ref().unwrap());
    assert_eq!((after.vacuum_count, after.live_rows), (before.vacuum_count, before.live_rows), "nothing is lost");
}

async fn a_locked_table_is_given_up_in_the_same_words(mut place: Place) {
    place.open("migration", true).await;
    let order = Order {
        lock_timeout: Duration::from_millis(300),
        look_every: Duration::from_millis(5),
        ..Order::tables([public("sessions"), public("users")])
    };
    let report = vacuum(place.target(), order.clone()).await;
    assert_eq!(report.words(), "1 table vacuumed, 1 failed", "{report:#?}");
    let trouble = report.failed().next().unwrap().1;
    assert_eq!((trouble.kind, trouble.sqlstate.as_deref()), (DatabaseTroubleKind::LockTimeout, Some("55P03")));
    let words = trouble.to_string();
    assert!(words.starts_with("could not vacuum public.sessions: it is locked by pid "), "{words}");
    assert!(words.contains(", migration from ") && words.contains("), idle in transaction for"), "{words}");
    assert!(words.contains("and lock_timeout (0.3 s) has passed; see who blocks"), "{words}");
    let skipped = vacuum(place.target(), Order { skip_locked: true, ..order.clone() }).await;
    assert_eq!(skipped.words(), "1 table vacuumed, 1 skipped", "{skipped:#?}");
    place.close().await;
    let report = vacuum(place.target(), Order { lock_timeout: Duration::from_secs(30), ..order }).await;
    assert!(report.is_success(), "{report:#?}");
}

async fn what_does_not_exist_is_refused_with_the_same_code(place: Place) {
    let stranger = super::session(place.target(), &place.target().user, "psql").await;
    let code = async |sql: &str| stranger.batch_execute(sql).await.unwrap_err().code().unwrap().code().to_owned();
    assert_eq!(code("VACUUM nowhere").await, "42P01");
    assert_eq!(code("VACUUM users; VACUUM sessions").await, "25001");
    assert_eq!(code("SET no_such_setting = 1").await, "42704");
    assert_eq!(code("SET lock_timeout = 'soon'").await, "22023");
    let report = vacuum(place.target(), Order::tables([public("nowhere")])).await;
    let trouble = report.failed().next().unwrap().1;
    assert_eq!(trouble.to_string(), "could not vacuum public.nowhere: there is no such table");
    let nowhere = Target { database: "nowhere".to_owned(), ..place.target().clone() };
    let trouble = Database::connect(&nowhere).await.unwrap_err();
    assert_eq!(
        (trouble.kind, trouble.why.as_str()),
        (DatabaseTroubleKind::NoDatabase, "database \"nowhere\" does not exist")
    );
    let nobody = Target { user: "nobody".to_owned(), ..place.target().clone() };
    let trouble = Database::connect(&nobody).await.unwrap_err();
    assert_eq!((trouble.kind, trouble.sqlstate.as_deref()), (DatabaseTroubleKind::Login, Some("28P01")));
}
