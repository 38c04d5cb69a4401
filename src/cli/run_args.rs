//! What the user can say about runbooks and runs.

use clap::{Args, Subcommand};

use crate::clock::Clock;

/// What a runbook is planned on.
#[derive(Args, Clone, Debug, Default)]
pub struct WishArgs {
    /// The service; the platform's only one if there is none.
    #[arg(long, global = true, value_name = "NAME")]
    pub service: Option<String>,
    /// The RDS instance; the platform's first one if there is none.
    #[arg(long, global = true, value_name = "ID")]
    pub database: Option<String>,
    /// As JSON, for programs.
    #[arg(long, global = true)]
    pub json: bool,
}

/// `plantao run`.
#[derive(Args, Clone, Debug, Default)]
pub struct RunArgs {
    /// On what.
    #[command(flatten)]
    pub wish: WishArgs,
    /// Do not ask: the plan is confirmed.
    #[arg(short, long, global = true)]
    pub yes: bool,
    /// Why; kept in the journal. Needed where the danger is high.
    #[arg(long, global = true, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Start it and do not follow it.
    #[arg(long, global = true)]
    pub detach: bool,
}

/// `plantao host`.
#[derive(Args, Clone, Debug, Default)]
pub struct HostArgs {
    /// The seed platform at --endpoint-url, with fixed keys, instead of a platform file and credentials.
    #[arg(long, requires = "endpoint_url")]
    pub sample: bool,
    /// Where that platform's cache answers: it has no password.
    #[arg(long, requires = "sample", value_name = "URL")]
    pub sample_cache: Option<String>,
    /// The time there, and how fast it runs: 2026-11-24T03:12:45Z@20.
    #[arg(long, value_name = "INSTANT@SPEED", value_parser = clock)]
    pub clock: Option<Clock>,
}

fn clock(text: &str) -> Result<Clock, String> {
    let read = || {
        let (start, speed) = text.split_once('@')?;
        Some(Clock::simulated(start.parse().ok()?, speed.parse().ok().filter(|speed| (0.1..=3_600.0).contains(speed))?))
    };
    read().ok_or_else(|| "expected an instant and a speed: 2026-11-24T03:12:45Z@20".to_owned())
}

/// What about runs.
#[derive(Debug, Subcommand)]
pub enum RunsCommand {
    /// Show all of a run's journal.
    Show {
        /// The run: its id, or the start or the end of it.
        id: String,
        /// As it is written: JSON, a record a line.
        #[arg(long)]
        json: bool,
    },
    /// Say whether journals are what was written.
    Verify {
        /// The run; all if there is none.
        id: Option<String>,
    },
    /// Stop a run: a statement or script under way is cancelled, what AWS was asked for goes on.
    Stop {
        /// The run.
        id: String,
    },
    /// Take back what a run did.
    ///
    /// A run that goes on is stopped first, and asked about as dangerous as that is. One that was killed is taken up and
    /// takes itself back, if things are still as it left them: its exit code is 19 when that is done. One that is over is
    /// taken back by a run of its own: its exit code is 0.
    Undo {
        /// The run.
        id: String,
        /// Do not ask.
        #[arg(short, long)]
        yes: bool,
        /// Why; kept in the journal. Needed where the danger is high.
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        /// The journal's own lines, or why nothing is taken back, for programs.
        #[arg(long)]
        json: bool,
    },
    /// Take up a run whose process was killed.
    Resume {
        /// The run.
        id: String,
    },
}
