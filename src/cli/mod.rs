//! The command line: what the user can say, and who answers.
//!
//! Exit codes: `status` answers 0 (all well), 1 (warning), 2 (critical), 3 (could not tell, which
//! includes a command line or a platform file that makes no sense: a script must not read a typing
//! mistake as an outage). All other commands: 0 done, 1 failed, 2 usage.

mod args;
mod demo;
mod follow;
mod guardian;
mod library;
mod locate;
mod output;
mod read_only;
mod run;
mod run_args;
mod runs;
mod screen;
mod wish;

use std::ffi::OsString;
use std::fmt::Write as _;
use std::future::Future;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, FromArgMatches as _};

use self::args::{Cli, Command, InitArgs, Whence};
use self::locate::{Environment, show};
use self::output::{complain, print, print_json, print_text};
use crate::aws::{Clients, Connection};
use crate::clock::Clock;
use crate::platform::{Platform, region};
use crate::run::{Context, Dead, Here, Store};
use crate::runbook::Library;
use crate::{doctor, headless, init};

/// Exit code: could not tell.
const COULD_NOT_TELL: u8 = 3;

/// Does what the command line says.
pub fn main() -> ExitCode {
    let (cli, matches) = match parse() {
        Ok(parsed) => parsed,
        Err(error) => {
            // A closed pipe is no failure here either.
            let _ = error.print();
            let asked_status = std::env::args_os().skip(1).any(|arg| arg == "status");
            return match error.exit_code() {
                0 => ExitCode::SUCCESS,
                _ if asked_status => ExitCode::from(COULD_NOT_TELL),
                code => ExitCode::from(u8::try_from(code).unwrap_or(2)),
            };
        }
    };
    let Cli { whence, screen, command } = cli;
    match command {
        None => screen::dashboard(&whence, screen),
        Some(Command::Demo(demo)) => demo::run(&demo, &whence, screen),
        Some(Command::Status { json }) => status(&whence, json),
        Some(Command::Doctor { json }) => examine(&whence, json),
        Some(Command::Init(init)) => write_platform(&whence, init),
        Some(Command::Check { files }) => check(&whence, files),
        Some(Command::Runbooks { json }) => runs::runbooks(json),
        Some(Command::Explain { action }) => runs::explained(action.as_deref()),
        Some(Command::Plan(args)) => run::plan(&whence, &args, under(&matches)),
        Some(Command::Run(args)) => run::run(&whence, &args, under(&matches)),
        Some(Command::Runs { json, command }) => runs::runs(&whence, command, json),
        Some(Command::Follow { id, json }) => runs::follow(id.as_deref(), json),
        Some(Command::Host(args)) => run::host(&whence, &args),
        Some(Command::Completions { shell }) => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "plantao", &mut text);
            print(&String::from_utf8_lossy(&text), 0)
        }
        Some(Command::Man) => {
            let mut text = Vec::new();
            match clap_mangen::Man::new(Cli::command()).render(&mut text) {
                Ok(()) => print(&String::from_utf8_lossy(&text), 0),
                Err(error) => failed(&format!("cannot write the manual page: {error}")),
            }
        }
    }
}

/// Reads the command line. Runbooks become commands only where one is meant: nothing else waits for their files.
fn parse() -> Result<(Cli, clap::ArgMatches), clap::Error> {
    let words = spoken(std::env::args_os().collect());
    let mut command = Cli::command();
    if words.iter().any(|word| word == "--help" || word == "-h") {
        command = without_idle_flags(command);
    }
    let mut own = None;
    if std::env::args_os().any(|word| word == "plan" || word == "run") {
        let (library, _) = library::library(&Environment::read());
        command = wish::with_runbooks(command, &library);
        own = Some(library);
    }
    let matches =
        command.try_get_matches_from(words).map_err(|error| match own.and_then(|own| broken(&error, &own)) {
            Some(why) => clap::Error::raw(ErrorKind::InvalidSubcommand, why),
            None => error,
        })?;
    Cli::from_arg_matches(&matches).map(|cli| (cli, matches))
}

/// A runbook of one's own that can't be read is no command: why, and where to look.
fn broken(error: &clap::Error, library: &Library) -> Option<String> {
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) else { return None };
    let broken = library.broken().iter().find(|broken| broken.name == *word)?;
    let file = Environment::read().folder()?.join(format!("runbooks/{word}.md"));
    let (file, why) = (show(&file), &broken.why);
    Some(format!("your runbook {word} can't be read: {file}: {why}\nTo see all that is wrong: plantao check {file}\n"))
}

/// `plantao help status` is what other tools understand by `plantao status --help`.
fn spoken(mut words: Vec<OsString>) -> Vec<OsString> {
    if words.get(1).is_some_and(|word| word == "help") {
        words.remove(1);
        words.push("--help".into());
    }
    words
}

/// Leaves out of a command's help the flags for all commands that mean nothing to it.
fn without_idle_flags(mut command: clap::Command) -> clap::Command {
    const AWS: [&str; 6] = ["config", "platform", "profile", "region", "endpoint_url", "read_only"];
    const SCREEN: [&str; 2] = ["ascii", "no_mouse"];
    // The flags are on the commands only once it is built.
    command.build();
    let idle: [(&str, &[&str], bool); 9] = [
        ("demo", &AWS, false),
        ("check", &AWS[2..], true),
        ("init", &["read_only"], true),
        ("status", &[], true),
        ("doctor", &[], true),
        ("runbooks", &AWS, true),
        ("explain", &AWS, true),
        ("completions", &AWS, true),
        ("man", &AWS, true),
    ];
    for (name, flags, no_screen) in idle {
        let flags: Vec<&str> = flags.iter().chain(SCREEN.iter().filter(|_| no_screen)).copied().collect();
        command = command.mut_subcommand(name, |under| {
            under.mut_args(|arg| if flags.contains(&arg.get_id().as_str()) { arg.hide(true) } else { arg })
        });
    }
    command
}

/// What was said after the command.
fn under(matches: &clap::ArgMatches) -> &clap::ArgMatches {
    matches.subcommand().map_or(matches, |(_, under)| under)
}

/// Says why, and fails.
fn failed(message: &str) -> ExitCode {
    complain(message);
    ExitCode::FAILURE
}

/// … also as JSON where that was asked for.
fn failed_as(json: bool, message: &str) -> ExitCode {
    if json {
        print_json(&headless::failure(message, 1), 0);
    }
    failed(message)
}

/// Runs to the end of the future, and does not wait for what it left behind: a question to an
/// endpoint that never answers must not hold the shell's prompt back.
fn on_runtime(future: impl Future<Output = ExitCode>) -> ExitCode {
    match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => {
            let code = runtime.block_on(future);
            runtime.shutdown_background();
            code
        }
        Err(error) => failed(&format!("cannot start: {error}")),
    }
}

/// How AWS is asked: the command line wins over the platform file, and the SDK decides the rest.
fn connection(whence: &Whence, platform: Option<&Platform>) -> Connection {
    Connection {
        profile: whence.profile.clone().or_else(|| platform.and_then(|p| p.profile.clone())),
        region: whence.region.clone().or_else(|| platform.and_then(|p| p.region.clone())),
        endpoint: whence.endpoint_url.clone(),
        read_only: read_only::said_by(whence, platform).is_some(),
    }
}

fn status(whence: &Whence, json: bool) -> ExitCode {
    let environment = Environment::read();
    let platform = match environment.platform(whence) {
        Ok((_, platform)) => Platform { treated: library::library(&environment).0.treated(), ..platform },
        Err(message) => {
            complain(&message);
            return ExitCode::from(COULD_NOT_TELL);
        }
    };
    let connection = connection(whence, Some(&platform));
    on_runtime(async move {
        let (clients, store) = (Clients::connect(&connection).await, Store::of_user());
        let context = Context { platform: platform.into(), clients, clock: Clock::system(), store };
        let status = headless::status(&context.platform, &context.clients, &context.clock).await;
        let dead = context.store.as_ref().map(|store| Dead::all(store, &Here::of(&context)));
        let status = status.beside(&dead.unwrap_or_default());
        let code = status.exit_code();
        if json { print_json(&status.json(), code) } else { print_text(&status.text(), code) }
    })
}

fn examine(whence: &Whence, json: bool) -> ExitCode {
    let environment = Environment::read();
    let (file, platform) = match environment.platform(whence) {
        Ok((path, platform)) => (Ok(show(&path)), Some(platform)),
        Err(message) => (Err(message), None),
    };
    let connection = connection(whence, platform.as_ref());
    on_runtime(async move {
        let report = doctor::examine(file, platform.as_ref(), &connection).await;
        let code = u8::from(report.failed());
        if json { print_json(&report.json(), code) } else { print_text(&report.text(), code) }
    })
}

fn write_platform(whence: &Whence, args: InitArgs) -> ExitCode {
    let InitArgs { output, force, cluster, service, database, yes } = args;
    let path = match output.map_or_else(|| Environment::read().path(whence), Ok) {
        Ok(path) => path,
        Err(message) => return failed(&message),
    };
    let choices = init::Choices { clusters: cluster, services: service, databases: database, all: yes };
    let connection = connection(whence, None);
    on_runtime(async move {
        match init::run(&connection, &path, force, &choices).await {
            Ok(said) => print(&said, 0),
            Err(message) => failed(&message),
        }
    })
}

fn check(whence: &Whence, mut files: Vec<PathBuf>) -> ExitCode {
    let environment = Environment::read();
    let (mut said, mut wrong) = (String::new(), 0);
    if files.is_empty() {
        // Runbooks are checked without it too.
        match environment.found(whence) {
            Ok(path) => files.push(path),
            Err(message) => {
                wrong += 1;
                complain(&message);
            }
        }
        files.extend(library::files(&environment));
    }
    for path in &files {
        let read = if path.extension().is_some_and(|extension| extension == "md") {
            library::read(path).map(|runbook| some(runbook.steps.len(), "step"))
        } else {
            environment.check(path).map(|platform| {
                if let Some(doubt) = platform.region.as_deref().and_then(region::doubt) {
                    complain(&format!("{}: {doubt}", show(path)));
                }
                contents(&platform)
            })
        };
        match read {
            Ok(contents) => {
                let _ = writeln!(said, "{}: well, {contents}", show(path));
            }
            Err(message) => {
                wrong += 1;
                complain(&message);
            }
        }
    }
    print_text(&said, u8::from(wrong > 0))
}

fn some(count: usize, one: &str) -> String {
    format!("{count} {one}{}", if count == 1 { "" } else { "s" })
}

/// What a platform file holds, in a line.
fn contents(platform: &Platform) -> String {
    [
        some(platform.services.len(), "service"),
        some(platform.databases.len(), "database"),
        some(platform.gauges.len(), "gauge"),
        some(platform.alarms.len(), "alarm"),
    ]
    .join(", ")
}
