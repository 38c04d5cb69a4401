//! Any world, any fault, any runbook: the promises hold. In virtual time; a failure prints its smallest case.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;

use super::engine::Run;
use super::past::Past;
use super::tests::{SERVICE, make, office, start, state, who};
use super::*;
use crate::aws::Clients;
use crate::clock::Clock;
use crate::platform::{Rollout, file};
use crate::world::{Ailment, Change as Happening, Failure, Fault, Host, Scenario, World};

/// A value of the environment that nobody may ever read on a screen or in a journal.
const SECRET: &str = "hunter2";

/// One day of a run.
#[derive(Clone, Debug)]
struct Day {
    scenario: &'static str,
    seed: u64,
    runbook: &'static str,
    answers: Vec<(&'static str, String)>,
    /// Every image but the running one is bad.
    ailment: Option<Ailment>,
    breaker: (bool, bool),
    scales: bool,
    /// A deployment is under way when the plan is made.
    deploying: bool,
    /// Seconds after the confirmation, the operation, how it fails, how often.
    faults: Vec<(u64, &'static str, Failure, u32)>,
    /// Somebody else changes the number or the revision.
    meddling: Option<(u64, bool)>,
    said: Option<(u64, Command)>,
    /// The process is killed after so many records, and the run is taken up.
    killed: Option<usize>,
}

const OPERATIONS: [&str; 9] = [
    "*",
    "ecs:*",
    "ecs:DescribeServices",
    "ecs:UpdateService",
    "ecs:ListTasks",
    "ecs:RegisterTaskDefinition",
    "ecs:StopServiceDeployment",
    "ecs:DescribeTaskDefinition",
    "application-autoscaling:*",
];

fn failures() -> impl Strategy<Value = Failure> {
    prop::sample::select(vec![
        Failure::Throttled,
        Failure::InternalError,
        Failure::Unavailable,
        Failure::Hang,
        Failure::Reset,
        Failure::Garbage,
        Failure::FieldsMissing,
        Failure::AccessDenied,
        Failure::ExpiredToken,
        // Carried out, and nobody waits for the answer.
        Failure::Slow(Duration::from_mins(1)),
    ])
}

fn wishes() -> impl Strategy<Value = (&'static str, Vec<(&'static str, String)>)> {
    let scale = (0_u32..8, prop::option::of(0_u32..7), any::<bool>()).prop_map(|(desired, minimum, until)| {
        let mut answers = vec![("desired", desired.to_string())];
        if let Some(minimum) = minimum {
            answers.push(("minimum", minimum.to_string()));
            answers.extend(until.then(|| ("until", "20m".to_owned())));
        }
        ("scale", answers)
    });
    let rollback = prop::option::of(37_u32..43).prop_map(|to| {
        let answer = to.map(|to| ("to", to.to_string()));
        ("rollback", answer.into_iter().collect())
    });
    prop_oneof![scale, rollback, Just(("emergency-deploy", vec![("image", "other".to_owned())]))]
}

fn days() -> impl Strategy<Value = Day> {
    let when = prop_oneof![Just(0), 0_u64..15, 0_u64..400];
    let fault = (when, prop::sample::select(OPERATIONS.to_vec()), failures(), 1_u32..30);
    let ailments = prop::sample::select(vec![None, None, Some(Ailment::Crashes), Some(Ailment::Errors(0.5))]);
    let commands = prop::sample::select(vec![Command::Stop, Command::Undo]);
    (
        (prop::sample::select(Scenario::NAMES.to_vec()), 0_u64..50, wishes()),
        (
            ailments,
            prop::sample::select(vec![(true, true), (true, false), (false, false)]),
            any::<bool>(),
            prop::bool::weighted(0.25),
        ),
        prop::collection::vec(fault, 0..4),
        (
            prop::option::weighted(0.2, (1_u64..200, any::<bool>())),
            prop::option::weighted(0.2, (1_u64..100, commands)),
            prop::option::weighted(0.3, 1_usize..25),
        ),
    )
        .prop_map(
            |((scenario, seed, wish), (ailment, breaker, scales, deploying), faults, (meddling, said, killed))| Day {
                scenario,
                seed,
                runbook: wish.0,
                answers: wish.1,
                ailment,
                breaker,
                scales,
                deploying,
                faults,
                meddling,
                said,
                killed,
            },
        )
}

fn is_write(operation: &str) -> bool {
    let name = operation.rsplit(':').next().unwrap_or_default();
    ["Update", "Register", "Stop"].iter().any(|verb| name.starts_with(verb))
}

fn count(operations: &[String]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for operation in operations.iter().filter(|operation| is_write(operation)) {
        *counts.entry(operation.clone()).or_default() += 1;
    }
    counts
}

/// Looks, at each record, that no request was sent before it was written; dies when told.
struct Watched {
    journal: Journal,
    host: Host,
    written: BTreeMap<String, usize>,
    left: Option<usize>,
}

impl Book for Watched {
    fn record(&mut self, at: Timestamp, event: &Event) -> Result<(), JournalError> {
        for (operation, sent) in count(&self.host.requests()) {
            let written = self.written.get(&operation).copied().unwrap_or_default();
            assert!(sent <= written, "{operation} was sent {sent} times and written down {written} times");
        }
        if let Some(left) = &mut self.left {
            if *left == 0 {
                let why = std::io::Error::other("the process was killed");
                return Err(JournalError::Io { path: "journal".to_owned(), what: "written", why });
            }
            *left -= 1;
        }
        self.journal.record(at, event)?;
        if let Event::Request { operation, .. } = event {
            *self.written.entry(operation.clone()).or_default() += 1;
        }
        Ok(())
    }
}

fn world(day: &Day) -> (Host, Context) {
    let clock = Clock::simulated(start(), 1.0);
    let host = Host::new(World::new(&Scenario::named(day.scenario).unwrap(), day.seed, start()), clock.clone());
    host.with(|world| {
        let (service, (enabled, rollback)) = (SERVICE.to_owned(), day.breaker);
        world.apply(Happening::Breaker { service: service.clone(), enabled, rollback });
        world.apply(Happening::Scalable { service, min: 1, max: 6, suspended: (!day.scales).into() });
        let running = world.services[0].primary().map(|d| world.definitions[d.definition].image().to_owned()).unwrap();
        for definition in &mut world.definitions {
            definition.containers[0]["environment"][1]["value"] = SECRET.into();
        }
        let repository = &mut world.repositories[0];
        let mut other = repository.images[0].clone();
        (other.tag, other.digest) = ("other".to_owned(), format!("sha256:{}", "a".repeat(64)));
        repository.images.push(other);
        for image in repository.images.iter_mut().filter(|image| !running.ends_with(&image.tag)) {
            image.ailment = day.ailment;
        }
    });
    let clients = Clients::over(host.http_client(), "us-east-1");
    clients.tell_time_by(&clock);
    let mut platform = file::sample();
    platform.services[0].health_url = None;
    (host, Context { platform: Arc::new(platform), clients, clock, store: None })
}

/// All that happens to the run from outside, each at its time.
async fn happen(day: &Day, host: &Host, office: &Office, id: &RunId, good: u32) {
    enum What<'d> {
        Fault(&'d str, &'d Failure, u32),
        Meddle(bool),
        Say(Command),
    }
    let mut all: Vec<(u64, What)> = day.faults.iter().map(|(at, op, f, n)| (*at, What::Fault(op, f, *n))).collect();
    all.extend(day.meddling.map(|(at, deploys)| (at, What::Meddle(deploys))));
    all.extend(day.said.map(|(at, command)| (at, What::Say(command))));
    all.sort_by_key(|(at, _)| *at);
    let began = tokio::time::Instant::now();
    for (at, what) in all {
        tokio::time::sleep_until(began + Duration::from_secs(at)).await;
        let service = SERVICE.to_owned();
        match what {
            What::Fault(operation, failure, times) => host.inject(Fault::on(operation, failure.clone()).times(times)),
            What::Meddle(true) => host.with(|w| w.apply(Happening::Redeploy { service, revision: good })),
            What::Meddle(false) => host.with(|w| w.apply(Happening::SetDesired { service, count: 2 })),
            What::Say(command) => {
                Commands::say(&office.store, id, &Said { at: start(), by: "ana".to_owned(), command, reason: None })
                    .unwrap();
            }
        }
    }
    std::future::pending::<()>().await;
}

/// The number of the revision that the service is on, and how its deployment stands.
fn running(host: &Host) -> (u32, Rollout) {
    host.with(|world| {
        let primary = world.services[0].primary().unwrap();
        (world.definitions[primary.definition].number, primary.rollout)
    })
}

async fn carry_out(day: &Day) -> Result<(), TestCaseError> {
    let (host, context) = world(day);
    let (_folder, office) = office();
    let answers: Vec<(&str, &str)> = day.answers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    if day.deploying {
        let (service, image) = (SERVICE.to_owned(), Some("under-way".to_owned()));
        host.with(|world| world.apply(Happening::Deploy { service, image, ailment: day.ailment }));
        tokio::time::sleep(Duration::from_secs(25)).await;
    }
    let (before, (good, _)) = (state(&host), running(&host));
    let Ok((plan, _)) = make(&context, day.runbook, &answers).await else {
        prop_assert_eq!(count(&host.requests()), BTreeMap::new(), "a plan only reads");
        return Ok(());
    };
    prop_assert_eq!(count(&host.requests()), BTreeMap::new(), "a plan only reads");
    let (asked_for_plan, began) = (host.requests().len(), context.clock.now());
    let id = RunId::new(day.runbook, began);
    let journal = Journal::create(&office.store, &id).unwrap();
    let book = Watched { journal, host: host.clone(), written: BTreeMap::new(), left: day.killed };
    let run = async {
        let commands = Some(Commands::of(&office.store, &id));
        let plan = plan.clone();
        let mut run =
            Run { context: &context, book: Box::new(book), commands, plan, past: Past::default(), unguarded: None };
        let halt = run.begin(who(), None).await;
        drop(run);
        if halt.ending != Ending::Unrecorded {
            return halt;
        }
        let Resumed { journal, records, torn } = Journal::resume(&office.store, &id).unwrap();
        let events: Vec<Event> = records.into_iter().map(|record| record.event).collect();
        let mut written = BTreeMap::new();
        for event in &events {
            if let Event::Request { operation, .. } = event {
                *written.entry(operation.clone()).or_default() += 1;
            }
        }
        let Some(Event::Began { plan, .. }) = events.first() else { return halt };
        let plan = serde_json::from_value(plan.clone()).unwrap();
        let past = Past::of(&events);
        let commands = Some(Commands::of(&office.store, &id));
        let book = Box::new(Watched { journal, host: host.clone(), written, left: None });
        Run { context: &context, book, commands, plan, past, unguarded: None }.take_up(who(), torn, false).await
    };
    let halt = tokio::select! {
        halt = run => halt,
        () = happen(day, &host, &office, &id, good) => unreachable!(),
    };
    let elapsed = context.clock.now().duration_since(began);
    judge(day, &host, &halt, &before, good)?;
    let requests = host.requests().len() - asked_for_plan;
    let most = 150 + elapsed.as_secs() as usize;
    prop_assert!(requests <= most, "{requests} requests in {} s", elapsed.as_secs());
    let bytes = std::fs::read(office.store.journal(&id)).unwrap();
    let verified = verify(&id, &bytes).unwrap();
    prop_assert!(verified.ended, "{}: {}", halt.ending, halt.words);
    prop_assert!(!String::from_utf8_lossy(&bytes).contains(SECRET), "a secret is in the journal");
    prop_assert!(!halt.words.is_empty());
    Ok(())
}

/// The ending, held against what the world is like at that very moment.
fn judge(
    day: &Day,
    host: &Host,
    halt: &Halt,
    before: &(u32, (u32, u32), String),
    good: u32,
) -> Result<(), TestCaseError> {
    let (now, done) = (state(host), count(&host.carried_out()));
    let ((number, rollout), words) = (running(host), format!("{}: {} {:?} {done:?}", halt.ending, halt.words, now));
    // Once there, and once back: where it was asked for, or held only until a time.
    let taken_back = day.said.is_some() || day.answers.iter().any(|(name, _)| *name == "until");
    for (operation, times) in &done {
        prop_assert!(*times <= 1 + usize::from(taken_back), "{operation} {times} times; {words}");
    }
    // Nobody and nothing but the run changes the service.
    let alone = day.meddling.is_none() && !day.scales;
    match halt.ending {
        Ending::Succeeded if alone && day.runbook == "scale" => {
            prop_assert_eq!(now.0.to_string(), day.answers[0].1.clone(), "{}", words);
        }
        Ending::Succeeded if alone => {
            prop_assert!(rollout == Rollout::Completed, "{rollout:?}; {words}");
            prop_assert_eq!(number == good, false, "{}", words);
        }
        Ending::RolledBackByEcs if alone && !day.deploying => prop_assert_eq!(number, good, "{}", words),
        Ending::DeploymentFailed if alone => prop_assert!(rollout == Rollout::Failed, "{rollout:?}; {words}"),
        Ending::KeepsFailing => prop_assert!(day.ailment.is_some() || day.scenario == "az-down", "{words}"),
        Ending::Superseded => prop_assert!(day.meddling.is_some() || day.deploying || day.scales, "{words}"),
        Ending::FailedBefore => prop_assert!(done.is_empty(), "{words}"),
        Ending::FailedAfter => prop_assert!(!count(&host.requests()).is_empty(), "{words}"),
        Ending::Undone if alone => prop_assert_eq!(&now, before, "{}", words),
        Ending::TimedOut => {
            let unheard = halt.words.contains("nobody can tell");
            prop_assert!(unheard || rollout != Rollout::Completed || now.0 != before.0, "{words}");
        }
        _ => {}
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn in_any_world_with_any_fault_nothing_is_done_twice_or_unwritten_and_the_ending_is_true(day in days()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(carry_out(&day))?;
    }
}
