//! A `redis` block: commands on the platform's cache, each argument as it is.

mod apply;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Context, Done};
use crate::cache::{Cache, CacheTrouble, only_reads};
use crate::platform::text::{printable, shell_word};
use crate::run::{Halt, View, Work};

/// There is no taking back.
pub(super) const STAYS: &str = "what a command changed stays: a cache fills again, other data does not";

/// Which commands, on which cache.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RunRedis {
    /// As the platform file names it.
    pub cache: String,
    /// Each with its arguments.
    pub commands: Vec<Vec<String>>,
}

/// What a plan was made on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Made {
    server: String,
}

impl RunRedis {
    /// A connection; the URL is the platform file's or that of the environment.
    async fn open(&self, context: &Context) -> Result<Cache, Halt> {
        let name = printable(&self.cache);
        let Some(spec) = context.platform.caches.iter().find(|spec| spec.name == self.cache) else {
            return Err(Halt::refused(format!("the platform file names no cache \"{name}\"")));
        };
        let Some(url) = &spec.url else {
            return Err(Halt::refused(format!(
                "nothing says how to reach the cache {name}: set PLANTAO_REDIS_URL, or give [[cache]] {name} a url in \
                 the platform file"
            )));
        };
        Ok(Cache::connect(url.reveal()).await?)
    }

    pub(super) async fn plan(&self, context: &Context) -> Result<View, Halt> {
        let cache = self.open(context).await?;
        let mut view = View { expected_seconds: 1, ..View::default() };
        view.facts.push(format!("cache {} at {}", printable(&self.cache), cache.place()));
        for command in &self.commands {
            let does = if only_reads(command) { "only reads" } else { "may change something" };
            view.facts.push(format!("{}  ({does})", shown(command)));
        }
        if self.commands.iter().any(|command| !only_reads(command)) {
            view.undo = Some(STAYS.to_owned());
        }
        let (host, database) = cache.place().split_once('/').unwrap_or((cache.place(), "0"));
        let by_hand = self.commands.iter().map(|command| {
            format!("redis-cli -u {} {}", shell_word(&format!("redis://{host}/{database}")), shown(command))
        });
        view.command = Some(by_hand.collect::<Vec<_>>().join("; "));
        view.basis = json!(Made { server: cache.place().to_owned() });
        Ok(view)
    }

    pub(super) async fn apply(&self, work: &mut Work<'_>) -> Result<Done, Halt> {
        apply::apply(self, work).await
    }
}

/// A command as it would be typed.
fn shown(command: &[String]) -> String {
    let words: Vec<String> = command.iter().map(|word| shell_word(word)).collect();
    printable(&words.join(" ")).into_owned()
}

impl From<CacheTrouble> for Halt {
    fn from(trouble: CacheTrouble) -> Halt {
        Halt::failed(trouble.to_string())
    }
}
