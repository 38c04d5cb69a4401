//! Runbooks on the command line: each is a command of `plan` and `run`, and its parameters are flags.

use std::collections::BTreeMap;

use clap::{Arg, ArgMatches, Command};

use crate::platform::text::printable;
use crate::runbook::{Kind, Library, Param, Runbook};

/// Adds every runbook to `plan` and `run`.
pub fn with_runbooks(command: Command, library: &Library) -> Command {
    ["plan", "run"].into_iter().fold(command, |command, name| {
        command.mut_subcommand(name, |command| {
            let command =
                command.subcommand_required(true).subcommand_value_name("RUNBOOK").subcommand_help_heading("Runbooks");
            library.all().iter().fold(command, |command, runbook| command.subcommand(of(runbook)))
        })
    })
}

fn of(runbook: &Runbook) -> Command {
    let command =
        Command::new(runbook.name.clone()).about(printable(&runbook.title).into_owned()).disable_version_flag(true);
    runbook.params.iter().fold(command, |command, param| command.arg(flag(param)))
}

fn flag(param: &Param) -> Arg {
    let arg = Arg::new(param.name.clone())
        .long(param.name.clone())
        .help(printable(&param.ask).into_owned())
        .value_name(param.kind.word().to_ascii_uppercase());
    if param.kind == Kind::Boolean {
        // `--full --yes` are two flags.
        arg.num_args(0..=1).default_missing_value("true")
    } else {
        // A number below zero is read, and refused with its range, instead of being taken for a flag.
        arg.allow_hyphen_values(true)
    }
}

/// What the user answered.
pub fn answers(runbook: &Runbook, matches: &ArgMatches) -> BTreeMap<String, String> {
    let given = |param: &Param| matches.try_get_one::<String>(&param.name).ok().flatten().cloned();
    runbook.params.iter().filter_map(|param| Some((param.name.clone(), given(param)?))).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::CommandFactory;

    use super::*;
    use crate::cli::args::Cli;
    use crate::runbook::TAKEN;

    fn matches(arguments: &[&str]) -> Result<ArgMatches, clap::Error> {
        with_runbooks(Cli::command(), &Library::of(Vec::new())).try_get_matches_from(arguments)
    }

    #[test]
    fn no_question_of_a_runbook_can_take_the_name_of_a_flag_and_every_other_name_is_free() {
        let command = Cli::command();
        let longs =
            |command: &Command| command.get_arguments().filter_map(|arg| Some(arg.get_long()?.to_owned())).collect();
        let mut flags: BTreeSet<String> = longs(&command);
        for name in ["plan", "run"] {
            flags.extend::<BTreeSet<String>>(longs(command.find_subcommand(name).unwrap()));
        }
        flags.extend(["help".to_owned(), "version".to_owned()]);
        assert_eq!(flags, TAKEN.into_iter().map(str::to_owned).collect());
        let mine = |name: &str| {
            let text = format!(
                "# Mine\n```toml runbook\ndanger = \"safe\"\n[param.{name}]\nask = \"?\"\ntype = \"text\"\n```\n## Go\n```sh\ntrue\n```\n"
            );
            crate::runbook::read(&text, "mine.md")
        };
        for name in TAKEN {
            assert!(mine(name).unwrap_err().to_string().contains(&format!("--{name} is a flag of plantao itself")));
        }
        sound_with(&mine("follow").unwrap());
    }

    /// Would end the program if a flag were there twice.
    fn sound_with(runbook: &Runbook) {
        let add = |command: Command| command.subcommand(of(runbook));
        Cli::command().mut_subcommand("plan", add).mut_subcommand("run", add).debug_assert();
    }

    #[test]
    fn a_runbook_is_a_command_and_its_questions_are_flags() {
        with_runbooks(Cli::command(), &Library::of(Vec::new())).debug_assert();
        let found =
            matches(&["plantao", "run", "scale", "--desired", "-3", "--yes", "--reason", "why", "-p", "x"]).unwrap();
        let run = found.subcommand_matches("run").unwrap();
        let (name, scale) = run.subcommand().unwrap();
        let library = Library::of(Vec::new());
        let answers = answers(library.named(name).unwrap(), scale);
        assert_eq!(answers, BTreeMap::from([("desired".to_owned(), "-3".to_owned())]));
        assert!(run.get_flag("yes"), "flags after the runbook are the command's own");
        assert!(matches(&["plantao", "run", "scale", "--desird", "3"]).unwrap_err().to_string().contains("--desired"));
        assert!(matches(&["plantao", "run"]).is_err());
    }
}
