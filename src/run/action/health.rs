//! `http.check-health`: asks the health URL until it answers well several times in a row.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::Done;
use crate::aws::probe;
use crate::platform::text::shell_word;
use crate::run::{Halt, View, Work};

const CADENCE: Duration = Duration::from_secs(3);

/// Which address, and what is well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CheckHealth {
    /// The address; none where neither the runbook nor the platform file has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The HTTP status that is well.
    pub status: u16,
    /// So many in a row.
    pub successes: u32,
    /// Seconds, after which the step fails.
    pub timeout_seconds: u64,
}

impl CheckHealth {
    pub(super) fn plan(&self) -> View {
        match &self.url {
            Some(url) => View {
                facts: vec![format!("asks {url} until it answers {} {} times in a row", self.status, self.successes)],
                expected_seconds: CADENCE.as_secs() * u64::from(self.successes),
                command: Some(format!("curl --fail --silent --show-error {}", shell_word(url))),
                ..View::default()
            },
            None => View {
                warnings: vec![
                    "the platform file has no health-url: see for yourself that users are served".to_owned(),
                ],
                ..View::default()
            },
        }
    }

    pub(super) async fn apply(&self, work: &mut Work<'_>) -> Result<Done, Halt> {
        let Work { context, scribe, .. } = work;
        let Some(url) = &self.url else {
            return Ok(Done::unneeded("there is no health-url to ask: see for yourself that users are served"));
        };
        let began = Instant::now();
        let mut well = 0;
        loop {
            scribe.hear()?;
            let told = match probe::status(url).await {
                Ok(status) if status == self.status => {
                    well += 1;
                    format!("{status}, {well} of {}", self.successes)
                }
                Ok(status) => {
                    well = 0;
                    format!("{status}, not {}", self.status)
                }
                Err(why) => {
                    well = 0;
                    why
                }
            };
            if well >= self.successes {
                return Ok(Done::new(format!("{url} answers {} {well} times in a row", self.status)));
            }
            scribe.progress(&format!("{url}: {told}"), None)?;
            if context.elapsed(began).as_secs() >= self.timeout_seconds {
                return Err(Halt::failed(format!("{url} is not well: {told}")));
            }
            context.rest(scribe, CADENCE).await?;
        }
    }
}
