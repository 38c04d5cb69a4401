//! A `sh` block: a script on this machine, exactly as it stands in the runbook; parameters are in its environment.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::process::Command;

use super::once::{self, NUMBER, Noun};
use super::{Context, Done};
use crate::platform::text::{printable, shell_word};
use crate::run::container::process::{Cut, carry};
use crate::run::{Answer, Ending, Halt, View, Work};

/// There is no taking back.
pub(super) const STAYS: &str = "what the script changed stays: only you know how to change it back";
const NOUN: Noun = Noun { one: "script", look: "what it does, and whether it still runs," };
const OPERATION: &str = "sh:script";
/// Every variable of ours begins so, and so do those that hold URLs with passwords.
const OURS: &str = "PLANTAO_";
/// For a plan.
const EXPECTED_SECONDS: u64 = 10;
/// Lines of its output that are told when it has ended; all are in the run's log.
const TOLD: usize = 20;

/// Which script, and what its environment says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RunScript {
    /// For `sh -eu`; nothing is ever put into it.
    pub script: String,
    /// `PLANTAO_DESIRED` and its like.
    pub variables: BTreeMap<String, String>,
}

/// What a plan was made on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Made {
    folder: PathBuf,
}

impl RunScript {
    pub(super) fn plan(&self) -> Result<View, Halt> {
        let folder = std::env::current_dir()
            .map_err(|error| Halt::refused(format!("the folder to run a script in can't be found: {error}")))?;
        let mut view = View { expected_seconds: EXPECTED_SECONDS, undo: Some(STAYS.to_owned()), ..View::default() };
        view.facts.push(format!("sh -eu, on this machine, in {}:", printable(&folder.to_string_lossy())));
        view.facts.extend(self.script.lines().map(|line| format!("  {}", printable(line))));
        for (name, value) in &self.variables {
            view.facts.push(format!("  {name}={}", printable(&shell_word(value))));
        }
        view.basis = json!(Made { folder });
        Ok(view)
    }

    pub(super) async fn apply(&self, work: &mut Work<'_>) -> Result<Done, Halt> {
        let Work { context, scribe, view, past, .. } = work;
        once::settled(past, NOUN, 1)?;
        if let Some(details) = once::accepted(past, 1) {
            let status = details.get("status").and_then(Value::as_str).unwrap_or_default();
            let words = format!("the script had come to its end before: {}", printable(status));
            return if details.get("well") == Some(&json!(true)) {
                Ok(Done::new(words))
            } else {
                Err(Halt::failed(words))
            };
        }
        let command = self.command(context, view)?;
        scribe.request(
            OPERATION,
            json!({ NUMBER: 1, "script": self.script, "variables": self.variables }),
            Value::Null,
        )?;
        let ended = match carry(scribe, command, "script", None, context).await {
            Ok(ended) => ended,
            Err(Cut::NotStarted(why)) => {
                let (kind, remedy, details) = ("refused".to_owned(), None, Value::Null);
                scribe.answered(OPERATION, Answer::Trouble { kind, why: why.clone(), remedy, details })?;
                return Err(Halt::failed(format!("{why}: nothing was run")));
            }
            // Without an answer in the journal: nor does the next process know.
            Err(Cut::Lost(why)) => return Err(once::nobody_knows(NOUN, 1, 1, OPERATION, &why)),
            Err(Cut::Ended(halt)) if halt.ending == Ending::Unrecorded => return Err(halt),
            Err(Cut::Ended(halt)) => {
                scribe.accepted(OPERATION, json!({ "well": false, "status": halt.words }))?;
                return Err(halt.and("the script was ended in the middle"));
            }
        };
        scribe.accepted(OPERATION, json!({ "well": ended.is_well(), "status": ended.status() }))?;
        for line in &ended.lines[ended.lines.len().saturating_sub(TOLD)..] {
            scribe.progress(line, None)?;
        }
        if ended.is_well() {
            return Ok(Done::new("the script ended well"));
        }
        Err(Halt::failed(format!("the script failed, {}{}", ended.tail(), scribe.where_all_is())))
    }

    fn command(&self, context: &Context, view: &View) -> Result<Command, Halt> {
        let Made { folder } = view.basis()?;
        if !folder.is_dir() {
            let words = "the folder that the plan would run the script in is no longer there: nothing was run";
            return Err(Halt::stale(words));
        }
        // Not on its standard input: a command of the script that reads that would read the rest of the script.
        let mut command = Command::new("sh");
        command.arg("-euc").arg(&self.script).arg("plantao").current_dir(folder);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with(OURS)) {
            command.env_remove(name);
        }
        command.envs(&self.variables);
        if let Some(region) = context.clients.region() {
            command.env("AWS_REGION", region).env("AWS_DEFAULT_REGION", region);
        }
        if let Some(profile) = context.clients.profile() {
            // A profile named to plantao wins over keys in the environment, which would win there.
            if std::env::var_os("AWS_PROFILE").is_none_or(|own| own != profile) {
                command
                    .env_remove("AWS_ACCESS_KEY_ID")
                    .env_remove("AWS_SECRET_ACCESS_KEY")
                    .env_remove("AWS_SESSION_TOKEN");
            }
            command.env("AWS_PROFILE", profile);
        }
        if let Some(endpoint) = context.clients.endpoint() {
            command.env("AWS_ENDPOINT_URL", endpoint);
        }
        Ok(command)
    }
}
