//! A request whose answer nobody heard: its effect is looked for, a few times, before anything is said of it.

use std::time::Duration;

use futures::future::BoxFuture;

use super::Context;
use crate::run::{Ending, Halt, Scribe};

/// The point of it, whatever else there is to say.
pub(super) const LOST: &str =
    "it may have been carried out all the same, and nothing showed it: look again before you repeat it";

/// How often, and how far apart: what AWS shows lags what it does.
pub(super) struct Looks {
    pub(super) most: u32,
    pub(super) between: Duration,
}

impl Looks {
    /// For what shows at once, or nearly.
    pub(super) const FEW: Looks = Looks { most: 5, between: Duration::from_secs(3) };

    /// Looks until the effect is seen; `None` if it never is. A look that fails for a while is one that has not seen it
    /// yet. Where no more can be looked, and where somebody asks to stop, the words are added.
    pub(super) async fn find<'f, T>(
        &self,
        context: &Context,
        scribe: &mut Scribe<'_>,
        words: &str,
        look: impl Fn() -> BoxFuture<'f, Result<Option<T>, Halt>>,
    ) -> Result<Option<T>, Halt> {
        for number in 1..=self.most {
            match look().await {
                Ok(Some(found)) => return Ok(Some(found)),
                Ok(None) => {}
                Err(halt) if halt.passes => {
                    let told = format!("AWS does not answer, looking again for what became of it: {}", halt.words);
                    scribe.progress(&told, None)?;
                }
                Err(halt) => return Err(halt.and(words)),
            }
            if number < self.most {
                context.rest(scribe, self.between).await.map_err(|halt| match halt.ending {
                    Ending::Unrecorded => halt,
                    _ => halt.and(words),
                })?;
            }
        }
        Ok(None)
    }
}
