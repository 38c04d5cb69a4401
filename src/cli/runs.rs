//! `plantao runs`, `plantao follow`, `plantao runbooks`, `plantao explain`.

use std::fmt::Write as _;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::process::ExitCode;
use std::sync::Arc;

use serde_json::json;

use super::args::Whence;
use super::library::library;
use super::locate::Environment;
use super::output::{complain, print, print_json};
use super::run_args::{RunArgs, RunsCommand, WishArgs};
use super::{connection, failed, failed_as, follow, on_runtime, read_only, run};
use crate::aws::Clients;
use crate::aws::sts::get_caller_identity;
use crate::clock::Clock;
use crate::headless;
use crate::platform::text::printable;
use crate::run::{
    Beginning, Command, Commands, Context, Dead, Follower, Halt, Locks, Lookup, Order, Plan, Reached, RunId, Said,
    Standing, Store, examine, going_back, user,
};
use crate::runbook::{ACTIONS, BLOCKS, explain};

const NO_RUNS: &str = "neither XDG_STATE_HOME nor HOME is set: there are no runs";

/// `plantao runs …`.
pub(super) fn runs(whence: &Whence, command: Option<RunsCommand>, json: bool) -> ExitCode {
    let json = match command {
        Some(RunsCommand::Show { json, .. } | RunsCommand::Undo { json, .. }) => json,
        _ => json,
    };
    let Some(store) = Store::of_user() else {
        return failed_as(json, NO_RUNS);
    };
    let on = |word: &str, act: &dyn Fn(RunId) -> ExitCode| match find(&store, word) {
        Ok(id) => act(id),
        Err(message) => failed_as(json, &message),
    };
    // A run that is told to undo changes something, whosever process it is.
    if let Some(RunsCommand::Undo { .. } | RunsCommand::Resume { .. }) = &command
        && let Err(halt) = refuse_to_change(whence)
    {
        return run::refused(&halt, json);
    }
    match command {
        None => list(&store, json),
        Some(RunsCommand::Show { id, .. }) => on(&id, &|id| show(&store, &id, json)),
        Some(RunsCommand::Verify { id: Some(id) }) => on(&id, &|id| check(&store, &[id])),
        Some(RunsCommand::Verify { id: None }) => match store.runs() {
            Ok(runs) => check(&store, &runs),
            Err(error) => failed(&format!("the runs can't be listed: {}", super::locate::why(&error))),
        },
        Some(RunsCommand::Stop { id }) => on(&id, &|id| stop(whence, &store, &id)),
        Some(RunsCommand::Undo { id, yes, reason, .. }) => {
            let wish = WishArgs { json, ..WishArgs::default() };
            let args = RunArgs { wish, yes, reason, ..RunArgs::default() };
            on(&id, &|id| undo(whence, &store, &id, &args))
        }
        Some(RunsCommand::Resume { id }) => on(&id, &|id| resume(whence, &store, id)),
    }
}

fn refuse_to_change(whence: &Whence) -> Result<(), Halt> {
    let platform = Environment::read().platform(whence).ok();
    read_only::refuse(whence, platform.as_ref().map(|(_, platform)| platform))
}

/// A run that holds bounds moves them back when it is stopped; any other only ends.
fn stop(whence: &Whence, store: &Store, id: &RunId) -> ExitCode {
    if Beginning::under_way(store, id).is_ok_and(|beginning| beginning.plan.puts_back_by_itself())
        && let Err(halt) = refuse_to_change(whence)
    {
        return run::halted(&halt.and("stopped, the run would move bounds back at once"));
    }
    say(store, id, Command::Stop, None, false)
}

/// `plantao follow [ID]`: the newest run if none is named.
pub(super) fn follow(word: Option<&str>, json: bool) -> ExitCode {
    let Some(store) = Store::of_user() else {
        return failed_as(json, NO_RUNS);
    };
    let id = match word {
        Some(word) => find(&store, word),
        None => match store.runs() {
            Ok(runs) => runs.into_iter().next().ok_or_else(|| "there are no runs yet".to_owned()),
            Err(error) => Err(format!("the runs can't be listed: {}", super::locate::why(&error))),
        },
    };
    match id {
        Ok(id) => on_runtime(follow::until_ended(&store, &id, json, None)),
        Err(message) => failed_as(json, &message),
    }
}

fn find(store: &Store, word: &str) -> Result<RunId, String> {
    match store.find(word) {
        Ok(Lookup::One(id)) => Ok(id),
        Ok(Lookup::None) => Err(format!("there is no run \"{}\": `plantao runs` lists them", printable(word))),
        Ok(Lookup::Several(ids)) => {
            let ids: Vec<&str> = ids.iter().map(RunId::as_str).collect();
            Err(format!("\"{}\" is any of {}", printable(word), ids.join(", ")))
        }
        Err(error) => Err(format!("the runs can't be listed: {}", super::locate::why(&error))),
    }
}

fn list(store: &Store, json: bool) -> ExitCode {
    let runs = match store.runs() {
        Ok(runs) => runs,
        Err(error) => return failed_as(json, &format!("the runs can't be listed: {}", super::locate::why(&error))),
    };
    if json {
        return print_json(&headless::runs(store, &runs), 0);
    }
    let mut text = String::new();
    for id in runs {
        let _ = writeln!(text, "{id}  {}", row(store, &id));
    }
    print(&text, 0)
}

/// What a run is on, whether that is only simulated, and how it stands.
fn row(store: &Store, id: &RunId) -> String {
    let standing = Standing::of(store, id);
    let Ok(Standing { target: Some(target), ended, alive, .. }) = &standing else { return words(&standing) };
    let simulated = if target.simulated.is_some() { " (simulated)" } else { "" };
    // Only a run that was killed may hold something: no other journal is read again.
    let dead = if ended.is_none() && !alive { Dead::of(store, id) } else { None };
    let held = dead.filter(|dead| !dead.holds.is_empty()).map(|dead| dead.words(Clock::system().now()));
    format!("{target}{simulated}  {}", held.unwrap_or_else(|| words(&standing)))
}

/// In a few words, how a run stands.
fn words(standing: &io::Result<Standing>) -> String {
    match standing {
        Ok(standing) => printable(&standing.words()).into_owned(),
        Err(error) => format!("can't be read: {}", super::locate::why(error)),
    }
}

fn show(store: &Store, id: &RunId, json: bool) -> ExitCode {
    match Follower::open(store, id).and_then(|mut follower| follower.poll()) {
        Ok(records) => {
            for record in &records {
                follow::show(record, json);
            }
            ExitCode::SUCCESS
        }
        Err(error) => failed_as(json, &format!("the journal of run {id} can't be read: {error}")),
    }
}

fn check(store: &Store, runs: &[RunId]) -> ExitCode {
    let (mut text, mut broken) = (String::new(), 0);
    for id in runs {
        match examine(store, id) {
            Ok((verified, reached)) => {
                let end = reached_in_words(id, reached);
                let open = store.journal(id).metadata().map(|found| found.permissions().mode() & 0o777);
                let open = match open {
                    Ok(mode) if mode != 0o600 => {
                        format!("; its mode is {mode:03o}, and should be 600: its owner's alone")
                    }
                    _ => String::new(),
                };
                let _ = writeln!(text, "{id}: well, {} records{end}{open}", verified.records);
            }
            Err(error) => {
                broken += 1;
                complain(&format!("{id}: {}", super::locate::why(&error)));
            }
        }
    }
    print(&text, u8::from(broken > 0))
}

/// What there is to say of a journal that has no end.
fn reached_in_words(id: &RunId, reached: Reached) -> String {
    let said = match reached {
        Reached::Ended => return String::new(),
        Reached::GoesOn(Some(pid)) => format!("the run goes on (process {pid})"),
        Reached::GoesOn(None) => "the run goes on".to_owned(),
        Reached::Killed => format!("its process was killed; plantao runs resume {id} takes it up"),
        Reached::KilledOrCut => format!(
            "its process was killed, or its end was cut off: there is no {id}.head to tell; plantao runs resume {id} \
             takes it up by looking at what is"
        ),
    };
    format!("; its last one is no ending: {said}")
}

fn resume(whence: &Whence, store: &Store, id: RunId) -> ExitCode {
    // A journal that tells no plan is for the process that takes it up to complain about.
    let plan = Beginning::under_way(store, &id).ok().map(|beginning| beginning.plan);
    on_runtime(async {
        if let Some(plan) = plan
            && let Err(halt) = elsewhere(whence, &plan, &id).await
        {
            return run::halted(&halt);
        }
        run::start(whence, &Order::Resume { id }, false, false).await
    })
}

/// Refuses what is not here, before anybody is asked or any process started.
async fn elsewhere(whence: &Whence, plan: &Plan, id: &RunId) -> Result<Option<Context>, Halt> {
    // Who has no platform file any more is told by the process that carries the run out.
    let Ok((_, platform)) = Environment::read().platform(whence) else { return Ok(None) };
    let clients = Clients::connect(&connection(whence, Some(&platform))).await;
    let context = Context { platform: Arc::new(platform), clients, clock: Clock::system(), store: None };
    plan.refuse_elsewhere(id, &context, None)?;
    let identity = get_caller_identity(&context.clients).await?;
    plan.refuse_elsewhere(id, &context, Some(&identity.account))?;
    Ok(Some(context))
}

/// A run that goes on takes itself back, also one that was killed, once it is taken up; one that is over is taken back by
/// another.
fn undo(whence: &Whence, store: &Store, id: &RunId, args: &RunArgs) -> ExitCode {
    let json = args.wish.json;
    if Follower::open(store, id).is_ok_and(|follower| follower.is_alive()) {
        return match Beginning::under_way(store, id).and_then(|run| undo_of_one_that_goes_on(id, run, args)) {
            Ok(reason) => say(store, id, Command::Undo, reason, json),
            Err(halt) => run::refused(&halt, json),
        };
    }
    if let Ok(killed) = Beginning::under_way(store, id)
        && killed.did.ended.is_none()
    {
        return on_runtime(undo_of_one_that_was_killed(whence, store, id, killed, args));
    }
    match Plan::taking_back(store, id, Clock::system().now()) {
        Ok(mut plan) => {
            plan.warn_of_other_run(Locks::of_machine().as_ref());
            on_runtime(async {
                let plan = match elsewhere(whence, &plan, id).await {
                    Ok(Some(context)) => plan.as_things_are(&context, store).await,
                    Ok(None) => Ok(plan),
                    Err(halt) => Err(halt),
                };
                match plan {
                    Ok(plan) => run::confirmed(whence, RunId::new("undo", Clock::system().now()), plan, args).await,
                    Err(halt) => run::refused(&halt, json),
                }
            })
        }
        Err(halt) => run::refused(&halt, json),
    }
}

/// Tells it before it is taken up: that is the first thing that its process hears.
async fn undo_of_one_that_was_killed(
    whence: &Whence,
    store: &Store,
    id: &RunId,
    killed: Beginning,
    args: &RunArgs,
) -> ExitCode {
    let json = args.wish.json;
    let confirmed = async {
        if let Some(other) = &killed.plan.undoes {
            let words =
                format!("run {id} was killed while it took back {other}: plantao runs resume {id} goes on with it");
            return Err(Halt::refused(words));
        }
        elsewhere(whence, &killed.plan, id).await?;
        undo_of_one_that_goes_on(id, killed, args)
    };
    match confirmed.await.map(|reason| tell(store, id, Command::Undo, reason)) {
        Ok(Ok(())) => run::start(whence, &Order::Resume { id: id.clone() }, json, false).await,
        Ok(Err(error)) => untold(id, &error, json),
        Err(halt) => run::refused(&halt, json),
    }
}

/// Asks as for every change, by the danger of taking it back. Answers with the reason.
fn undo_of_one_that_goes_on(id: &RunId, run: Beginning, args: &RunArgs) -> Result<Option<String>, Halt> {
    let Beginning { plan, reason, did } = run;
    if let Some(why) = plan.never_taken_back() {
        return Err(Halt::refused(format!(
            "run {id}: {why}; to stop it: plantao runs stop {id}; if it was killed: plantao runs resume {id}"
        )));
    }
    let (danger, outage) = plan.danger_of_undo();
    let warning = outage.map(|outage| format!("! {outage}\n")).unwrap_or_default();
    let back = match plan.put_back(&did) {
        back if back.is_empty() => "nothing was changed so far\n".to_owned(),
        back => format!("what is put back: {}\n", printable(&back)),
    };
    run::complain_plainly(&format!(
        "Stop, and take back: {}\n{back}on {} of account {} in {}\n{warning}Danger: {}.\n",
        printable(&plan.title),
        plan.on(),
        plan.target.account,
        plan.target.region,
        danger.word()
    ));
    let said = run::confirm(danger.word(), plan.typed(), args)?;
    Ok(said.or_else(|| Some(going_back(id, &reason?))))
}

fn say(store: &Store, id: &RunId, command: Command, reason: Option<String>, json: bool) -> ExitCode {
    match Follower::open(store, id) {
        Ok(follower) if follower.is_alive() => {}
        Ok(_) => return failed_as(json, &format!("run {id} is not going on: {}", words(&Standing::of(store, id)))),
        Err(error) => return failed_as(json, &format!("run {id} can't be read: {}", super::locate::why(&error))),
    }
    match tell(store, id, command, reason) {
        Ok(()) if json => print_json(&format!("{:#}\n", json!({ "told": id, "command": command })), 0),
        Ok(()) => print(&format!("told {id}; to see what it does: plantao follow {id}\n"), 0),
        Err(error) => untold(id, &error, json),
    }
}

fn tell(store: &Store, id: &RunId, command: Command, reason: Option<String>) -> io::Result<()> {
    Commands::say(store, id, &Said { at: Clock::system().now(), by: user(), command, reason })
}

fn untold(id: &RunId, error: &io::Error, json: bool) -> ExitCode {
    failed_as(json, &format!("run {id} can't be told: {}", super::locate::why(error)))
}

/// `plantao runbooks`.
pub(super) fn runbooks(json: bool) -> ExitCode {
    let (library, wrong) = library(&Environment::read());
    if json {
        return print_json(&headless::runbooks(&library), u8::from(!wrong.is_empty()));
    }
    let mut text = String::new();
    let width = library.all().iter().map(|runbook| runbook.name.chars().count()).max().unwrap_or_default();
    for runbook in library.all() {
        let key = runbook.key.map_or_else(|| " ".to_owned(), String::from);
        let _ = writeln!(text, "{key}  {:width$}  {}", printable(&runbook.name), printable(&runbook.title));
    }
    for message in wrong.iter().cloned().chain(library.warnings()) {
        complain(&message);
    }
    print(&text, u8::from(!wrong.is_empty()))
}

/// `plantao explain [ACTION]`.
pub(super) fn explained(action: Option<&str>) -> ExitCode {
    let Some(action) = action else {
        let actions = ACTIONS.iter().map(|action| (action.name, action.does));
        let blocks = BLOCKS.iter().map(|block| (block.name, block.does));
        let lines: Vec<String> = actions.chain(blocks).map(|(name, does)| format!("{name:22}{does}\n")).collect();
        return print(&lines.concat(), 0);
    };
    match explain(action) {
        Ok(text) => print(&text, 0),
        Err(message) => failed(&message),
    }
}
