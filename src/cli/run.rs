//! `plantao plan` and `plantao run`: a plan, its confirmation, and a process of its own that carries it out.

use std::ffi::OsString;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::ArgMatches;
use tokio::signal::unix::{SignalKind, signal};

use super::args::Whence;
use super::guardian::{guard, guardians};
use super::library::library;
use super::locate::Environment;
use super::output::{complain, print, print_json};
use super::run_args::{HostArgs, RunArgs, WishArgs};
use super::{connection, demo, failed, failed_as, follow, on_runtime, read_only, wish};
use crate::aws::Clients;
use crate::aws::sts::get_caller_identity;
use crate::clock::Clock;
use crate::headless;
use crate::platform::text::printable;
use crate::platform::{Platform, Trouble};
use crate::run::{
    Context, Ending, Finished, Halt, JournalError, Locks, Office, Order, Plan, RunId, Store, Who, Wish, offer, opened,
};
use crate::runbook::Danger;

/// `plantao plan RUNBOOK`.
pub(super) fn plan(whence: &Whence, args: &WishArgs, matches: &ArgMatches) -> ExitCode {
    let environment = Environment::read();
    let platform = environment.platform(whence).map(|(_, platform)| platform);
    on_runtime(async {
        match make(whence, &environment, platform, args, matches).await {
            Ok(plan) if args.json => print_json(&json(&plan), 0),
            Ok(plan) => print(&headless::plan(&plan), 0),
            Err(halt) => refused(&halt, args.json),
        }
    })
}

/// `plantao run RUNBOOK`.
pub(super) fn run(whence: &Whence, args: &RunArgs, matches: &ArgMatches) -> ExitCode {
    let environment = Environment::read();
    let platform = environment.platform(whence).map(|(_, platform)| platform);
    if let Err(halt) = read_only::refuse(whence, platform.as_ref().ok()) {
        return refused(&halt, args.wish.json);
    }
    on_runtime(async {
        let plan = match make(whence, &environment, platform, &args.wish, matches).await {
            Ok(plan) => plan,
            Err(halt) => return refused(&halt, args.wish.json),
        };
        let id = RunId::new(&plan.runbook, Clock::system().now());
        confirmed(whence, id, plan, args).await
    })
}

/// Shows a plan, asks, and has it carried out.
pub(super) async fn confirmed(whence: &Whence, id: RunId, plan: Plan, args: &RunArgs) -> ExitCode {
    complain_plainly(&headless::plan(&plan));
    // Refused by the run's process too, but then somebody has typed a reason and a name for nothing.
    if let Some(store) = Store::of_user()
        && let Err(halt) = plan.refuse_over_dead_runs(&store, Clock::system().now())
    {
        return refused(&halt, args.wish.json);
    }
    match confirm(&plan.danger, plan.typed(), args) {
        Ok(reason) => {
            let order = Order::CarryOut { id, plan: Box::new(plan), reason };
            start(whence, &order, args.wish.json, args.detach).await
        }
        Err(halt) => refused(&halt, args.wish.json),
    }
}

/// Starts the host process of an order, and follows its run.
pub(super) async fn start(whence: &Whence, order: &Order, json: bool, detach: bool) -> ExitCode {
    let Some(store) = Store::of_user() else { return failed_as(json, NOWHERE) };
    let program = match program() {
        Ok(program) => program,
        Err(message) => return failed_as(json, &message),
    };
    let child = match order.start(&store, &program, &host_arguments(whence)) {
        Ok(child) => child,
        Err(error) => return failed_as(json, &format!("cannot start the run: {}", super::locate::why(&error))),
    };
    let id = order.id();
    if detach {
        // Only a run that has begun is one: another may have the service.
        let mut child = Some(child);
        return match opened(&store, id, || follow::exited(&mut child)).await {
            Ok(_) => print(&format!("{id}\n"), 0),
            Err(unopened) => follow::unopened(&unopened, json),
        };
    }
    complain_plainly(&format!("run {id}; Ctrl-C leaves it running: plantao follow {id}\n"));
    follow::until_ended(&store, id, json, Some(child)).await
}

/// This very program, which carries runs out.
pub(super) fn program() -> Result<PathBuf, String> {
    std::env::current_exe().map_err(|error| format!("cannot find plantao itself: {}", super::locate::why(&error)))
}

pub(super) const NOWHERE: &str =
    "neither XDG_STATE_HOME nor HOME is set: there is nowhere to keep the journal, so nothing is run";

/// `plantao host`: what [`start`] starts.
pub(super) fn host(whence: &Whence, args: &HostArgs) -> ExitCode {
    let order = match Order::receive() {
        Ok(order) => order,
        Err(error) => return failed(&format!("there is no order on standard input: {}", super::locate::why(&error))),
    };
    let (Some(store), Some(locks)) = (Store::of_user(), Locks::of_machine()) else { return failed(NOWHERE) };
    let platform = match Environment::read().platform(whence) {
        _ if args.sample => {
            demo::platform(whence.endpoint_url.as_deref().unwrap_or_default(), args.sample_cache.as_deref())
        }
        Ok((_, platform)) => platform,
        Err(message) => return failed(&message),
    };
    // The screen that ordered it may not have known; requests would be stopped one by one, after a journal began.
    if let Err(halt) = read_only::refuse(whence, Some(&platform)) {
        return halted(&halt);
    }
    let connection = connection(whence, Some(&platform));
    let clock = args.clock.clone().unwrap_or_default();
    let sample = connection.endpoint.clone().filter(|_| args.sample);
    let office = Office { locks, guardians: guardians(&store, &clock), store: store.clone() };
    on_runtime(async move {
        // A session of its own has no terminal that hangs up; whoever sends that by hand ends no run.
        let _hangups = signal(SignalKind::hangup());
        let platform = Arc::new(platform);
        let meet = async || -> Result<(Context, Who), Trouble> {
            let clients = match &sample {
                Some(endpoint) => Clients::at(endpoint, connection.region.as_deref().unwrap_or(demo::REGION)),
                None => Clients::connect(&connection).await,
            };
            clients.tell_time_by(&clock);
            let store = Some(store.clone());
            let context = Context { platform: Arc::clone(&platform), clients, clock: clock.clone(), store };
            let who = Who::here(&get_caller_identity(&context.clients).await?);
            Ok((context, who))
        };
        if let Order::Guard { id } = &order {
            return guard(&office, id, clock.speed(), meet).await;
        }
        let (context, who) = match meet().await {
            Ok(met) => met,
            Err(trouble) => return halted(&trouble.into()),
        };
        let finished = match order {
            Order::CarryOut { id, plan, reason } => office.carry_out(&context, &id, *plan, who, reason).await,
            Order::Resume { id } => match office.resume(&context, &id, who).await {
                Ok(finished) => finished,
                Err(error @ JournalError::Held(_)) => return halted(&error.into()),
                Err(error) => return failed(&error.to_string()),
            },
            Order::Guard { .. } => return ExitCode::SUCCESS,
        };
        ended(&finished)
    })
}

pub(super) fn ended(finished: &Finished) -> ExitCode {
    if finished.ending != Ending::Succeeded {
        complain(&format!("{}: {}", finished.ending, printable(&finished.words)));
    }
    ExitCode::from(finished.ending.exit_code())
}

/// The same platform and the same AWS for the host process.
pub(super) fn host_arguments(whence: &Whence) -> Vec<OsString> {
    let mut arguments = vec![OsString::from("host")];
    let mut add = |flag: &str, value: Option<OsString>| {
        if let Some(value) = value {
            arguments.extend([OsString::from(flag), value]);
        }
    };
    add("--config", whence.config.clone().map(OsString::from));
    add("--platform", whence.platform.clone().map(OsString::from));
    add("--profile", whence.profile.clone().map(OsString::from));
    add("--region", whence.region.clone().map(OsString::from));
    add("--endpoint-url", whence.endpoint_url.clone().map(OsString::from));
    if whence.read_only {
        arguments.push(OsString::from("--read-only"));
    }
    arguments
}

async fn make(
    whence: &Whence,
    environment: &Environment,
    platform: Result<Platform, String>,
    args: &WishArgs,
    matches: &ArgMatches,
) -> Result<Plan, Halt> {
    let (library, wrong) = library(environment);
    let found = matches.subcommand().and_then(|(name, matches)| Some((library.named(name)?, matches)));
    let Some((runbook, matches)) = found else {
        return Err(Halt::refused("which runbook? `plantao runbooks` lists them"));
    };
    // Others are told of by `plantao runbooks`: they have nothing to do with this plan.
    let named = library.broken().iter().zip(&wrong).filter(|(broken, _)| broken.name == runbook.name);
    named.for_each(|(_, message)| complain(message));
    let platform = platform.map_err(Halt::refused)?;
    let clients = Clients::connect(&connection(whence, Some(&platform))).await;
    let context = Context { platform: Arc::new(platform), clients, clock: Clock::system(), store: Store::of_user() };
    let answers = wish::answers(runbook, matches);
    let wish =
        Wish { runbook, answers: &answers, service: args.service.as_deref(), database: args.database.as_deref() };
    let (mut plan, _) = match Plan::make(&context, wish).await {
        Ok(made) => made,
        Err(halt) => return Err(offer(&context, wish, halt).await),
    };
    plan.warn_of_dead_runs(context.store.as_ref(), context.clock.now());
    plan.warn_of_other_run(Locks::of_machine().as_ref());
    Ok(plan)
}

/// Asks, as the danger demands; never with a default Yes. Answers with the reason.
pub(super) fn confirm(danger: &str, typed: &str, args: &RunArgs) -> Result<Option<String>, Halt> {
    // A danger that this version does not know is taken for the greatest.
    let level = Danger::named(danger).unwrap_or_default();
    // A blank one says no more than none.
    let given = args.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
    let (danger, mut reason) = (level == Danger::Danger, given.map(str::to_owned));
    if args.yes {
        return match reason {
            None if danger => Err(Halt::refused("the danger is high: say why with --reason \"…\"")),
            reason => Ok(reason),
        };
    }
    if !io::stdin().is_terminal() {
        return Err(Halt::refused("nobody is there to confirm the plan: --yes confirms it"));
    }
    if danger && reason.is_none() {
        reason = Some(ask("Why? It is kept in the journal: ")?).filter(|reason| !reason.is_empty());
        if reason.is_none() {
            return Err(Halt::refused("without a reason nothing is run"));
        }
    }
    let (question, wanted) = if danger {
        (format!("Type {} to go on: ", printable(typed)), typed)
    } else if level == Danger::Caution {
        ("Type y to go on: ".to_owned(), "y")
    } else {
        ("Press enter to go on, Ctrl-C to leave: ".to_owned(), "")
    };
    if ask(&question)? == wanted { Ok(reason) } else { Err(Halt::refused("not confirmed: nothing was done")) }
}

fn ask(question: &str) -> Result<String, Halt> {
    let unread = |_| Halt::refused("the answer can't be read: nothing was done");
    let mut error = io::stderr().lock();
    error.write_all(question.as_bytes()).and_then(|()| error.flush()).map_err(unread)?;
    let mut answer = String::new();
    // Nothing at all, not even an empty line, is the end of the input and no answer.
    match io::stdin().lock().read_line(&mut answer).map_err(unread)? {
        0 => Err(Halt::refused("not confirmed: nothing was done")),
        _ => Ok(answer.trim().to_owned()),
    }
}

fn json(plan: &Plan) -> String {
    serde_json::to_string_pretty(plan).map(|text| text + "\n").unwrap_or_default()
}

pub(super) fn complain_plainly(text: &str) {
    // There is nobody to tell if that fails.
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Says why nothing is run, also as JSON where that was asked for.
pub(super) fn refused(halt: &Halt, json: bool) -> ExitCode {
    if json {
        print_json(&headless::refusal(halt), 0);
    }
    halted(halt)
}

/// Says why nothing is run, with the exit code of that ending.
pub(super) fn halted(halt: &Halt) -> ExitCode {
    complain(&format!("{}: {}", halt.ending, halt.words));
    ExitCode::from(halt.ending.exit_code())
}
