//! What the user can say.
#![expect(clippy::doc_markdown, reason = "these comments are the help text, which is not Markdown")]

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand};

use super::run_args::{HostArgs, RunArgs, RunsCommand, WishArgs};

const AFTER: &str = "\
Exit codes:
  plantao status   0 all well, 1 warning, 2 critical, 3 could not tell
  all others       0 done, 1 failed, 2 this command line makes no sense

Files:
  ~/.config/plantao/platform.toml   the platform (XDG_CONFIG_HOME is honoured)
  ~/.config/plantao/NAME.toml       the platform of -p NAME

Credentials, profile and region are found as every AWS tool finds them: AWS_PROFILE,
AWS_REGION, AWS_ENDPOINT_URL, ~/.aws, SSO, container and instance roles.

Start with: plantao demo";

/// The terminal an on-call engineer opens when the pager goes off.
///
/// Shows in one screen what is wrong with an ECS and RDS platform, and the runbook that treats it.
/// Without a command, it opens the dashboard.
#[derive(Debug, Parser)]
#[command(name = "plantao", version, after_help = AFTER, max_term_width = 100, disable_help_subcommand = true)]
pub struct Cli {
    /// Which platform and which AWS.
    #[command(flatten, next_help_heading = "Platform and AWS")]
    pub whence: Whence,
    /// How the screen behaves.
    #[command(flatten, next_help_heading = "Screen")]
    pub screen: Screen,
    /// What to do; the dashboard if there is none.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Which platform, and which AWS.
#[derive(Args, Clone, Debug, Default)]
pub struct Whence {
    /// The platform file [env: PLANTAO_CONFIG] [default: ~/.config/plantao/platform.toml].
    #[arg(short, long, global = true, value_name = "PATH", conflicts_with = "platform")]
    pub config: Option<PathBuf>,
    /// The platform of ~/.config/plantao/NAME.toml.
    #[arg(short, long, global = true, value_name = "NAME")]
    pub platform: Option<String>,
    /// AWS profile; wins over the platform file and AWS_PROFILE.
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// AWS region; wins over the platform file and AWS_REGION.
    #[arg(long, global = true, value_name = "REGION")]
    pub region: Option<String>,
    /// Ask this address instead of AWS.
    #[arg(long, global = true, value_name = "URL", value_parser = endpoint)]
    pub endpoint_url: Option<String>,
    /// Refuse, before it is sent, any request that would change something [env: PLANTAO_READ_ONLY].
    #[arg(long, global = true)]
    pub read_only: bool,
}

/// How the screen behaves.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct Screen {
    /// Draw with ASCII only, whatever the locale says.
    #[arg(long, global = true)]
    pub ascii: bool,
    /// Leave the mouse to the terminal.
    #[arg(long, global = true)]
    pub no_mouse: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write the platform file by looking at the account.
    Init(InitArgs),
    /// Say once, as text or JSON, what the dashboard shows.
    ///
    /// Exit code: 0 all well, 1 warning, 2 critical, 3 could not tell (and says what).
    Status {
        /// As JSON, for programs.
        #[arg(long)]
        json: bool,
    },
    /// Check credentials, permissions, tools and terminal, one by one.
    Doctor {
        /// As JSON, for programs.
        #[arg(long)]
        json: bool,
    },
    /// Open the dashboard on a simulated platform; no account needed.
    Demo(DemoArgs),
    /// Say all that is wrong with platform files and runbooks (NAME.md), offline.
    Check {
        /// The files; the platform that plantao would open and all your runbooks if there are none.
        files: Vec<PathBuf>,
    },
    /// List the runbooks: the shipped ones, and yours.
    Runbooks {
        /// As JSON, for programs.
        #[arg(long)]
        json: bool,
    },
    /// Say what an action does and takes, for those who write runbooks.
    Explain {
        /// The action; a list of all if there is none.
        action: Option<String>,
    },
    /// Show what a runbook would do now. Only reads.
    Plan(WishArgs),
    /// Carry a runbook out: plan, confirmation, and a process of its own that outlives this terminal.
    ///
    /// The exit code tells the ending: 0 succeeded, 10 rolled back by ECS, 11 rollback failed, 12 superseded, 13 timed
    /// out and still going, 14 stopped, 15 failed and nothing was changed, 16 failed after a change, 17 refused, 18 the
    /// plan is out of date, 19 undone, 20 the journal can't be written, 21 the deployment failed, 22 tasks keep failing,
    /// 23 another run is on it, 24 succeeded in part: something was left out, or as it was.
    Run(RunArgs),
    /// List runs, newest first; show, verify, stop, undo or resume one.
    #[command(args_conflicts_with_subcommands = true)]
    Runs {
        /// The list as JSON, for programs.
        #[arg(long)]
        json: bool,
        /// What to do.
        #[command(subcommand)]
        command: Option<RunsCommand>,
    },
    /// Follow a run to its end; its exit code is the run's.
    Follow {
        /// The run: its id, or the start or the end of it; the newest if there is none.
        id: Option<String>,
        /// The journal's own lines, for programs.
        #[arg(long)]
        json: bool,
    },
    /// Carry out the order on standard input.
    #[command(hide = true)]
    Host(HostArgs),
    /// Print completions for a shell.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page.
    Man,
}

/// `plantao init`.
#[derive(Args, Debug)]
pub struct InitArgs {
    /// Where to write [default: where plantao would look].
    #[arg(short, long, value_name = "PATH")]
    pub output: Option<PathBuf>,
    /// Overwrite a file that is there.
    #[arg(long)]
    pub force: bool,
    /// Take this cluster; may be given several times.
    #[arg(long, value_name = "NAME")]
    pub cluster: Vec<String>,
    /// Take this service; may be given several times.
    #[arg(long, value_name = "NAME")]
    pub service: Vec<String>,
    /// Take this RDS instance; may be given several times.
    #[arg(long, value_name = "ID")]
    pub database: Vec<String>,
    /// Ask nothing: take all that no flag narrows down.
    #[arg(short, long)]
    pub yes: bool,
}

/// `plantao demo`.
#[derive(Args, Debug)]
pub struct DemoArgs {
    /// What goes wrong: bad-deploy, cpu-surge, connection-leak, low-storage, bloat, az-down or calm.
    #[arg(long, value_name = "NAME", default_value = "bad-deploy")]
    pub scenario: String,
    /// How many seconds pass in the demo while one passes here.
    #[arg(long, value_name = "N", default_value_t = 1.0, value_parser = speed)]
    pub speed: f64,
    /// The same number gives the same day.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// The loopback port on which other AWS clients may read the demo; 0 takes a free one.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub port: u16,
    /// A real PostgreSQL to stand in for the demo's database: postgresql://USER@HOST/DATABASE. A password is better
    /// kept out of the command line: in PLANTAO_DEMO_DATABASE.
    #[arg(long, value_name = "URL", env = "PLANTAO_DEMO_DATABASE", hide_env_values = true)]
    pub database: Option<String>,
    /// Open no screen: print the address, and answer until Ctrl-C.
    #[arg(long, action = ArgAction::SetTrue)]
    pub serve: bool,
}

fn speed(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|speed| (0.1..=3_600.0).contains(speed))
        .ok_or_else(|| "expected a number from 0.1 to 3600".to_owned())
}

/// The SDK would name a host that it never asked: better said before any call.
fn endpoint(text: &str) -> Result<String, String> {
    let host = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    match host {
        Some(host) if !host.is_empty() && !host.starts_with(['/', ':']) && !text.contains(char::is_whitespace) => {
            Ok(text.to_owned())
        }
        _ => Err("expected http://HOST[:PORT] or https://HOST[:PORT]".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn global_flags_work_before_and_after_the_command() {
        let cli = Cli::try_parse_from(["plantao", "-p", "staging", "status", "--region", "eu-west-1"]).unwrap();
        assert_eq!(cli.whence.platform.as_deref(), Some("staging"));
        assert_eq!(cli.whence.region.as_deref(), Some("eu-west-1"));
        assert!(Cli::try_parse_from(["plantao", "-p", "a", "-c", "b"]).is_err(), "one platform at a time");
    }

    #[test]
    fn a_demo_cannot_stand_still_or_run_away() {
        let demo = |speed| Cli::try_parse_from(["plantao", "demo", "--speed", speed]).is_ok();
        assert!(demo("60") && demo("0.5"));
        assert!(!demo("0") && !demo("-1") && !demo("NaN") && !demo("inf"));
    }
}
