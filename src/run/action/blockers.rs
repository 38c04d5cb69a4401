//! `database.blockers`: what holds vacuum back.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::tables::count;
use super::{Context, Done};
use crate::database::{Blocked, Holder, Target};
use crate::platform::text::duration;
use crate::run::database::open;
use crate::run::{Halt, View, Work};

/// In which database, and from which age on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ShowBlockers {
    /// As the platform file names it.
    pub database: String,
    /// Transactions younger than this are not shown.
    pub older_than_seconds: u32,
}

impl ShowBlockers {
    fn is_old(&self, holder: &Holder) -> bool {
        let least = SignedDuration::from_secs(i64::from(self.older_than_seconds));
        match holder {
            // An age that this role may not see could be any.
            Holder::Transaction { session, .. } => session.transaction_age.is_none_or(|age| age >= least),
            Holder::Prepared { age, .. } => *age >= least,
            Holder::Slot { .. } | Holder::Standby { .. } => true,
        }
    }

    async fn look(&self, context: &Context) -> Result<View, Halt> {
        let (target, database) = open(context, &self.database).await?;
        let (holdback, blocked) = (database.holdback().await?, database.blocked().await?);
        let mut view = View { expected_seconds: 1, command: Some(command(&target)), ..View::default() };
        for holder in holdback.holders.iter().filter(|holder| self.is_old(holder)) {
            view.warnings.push(format!(
                "{} holds vacuum back ({} transactions behind): {}",
                holder.words(),
                count(holder.xid_age()),
                holder.remedy()
            ));
        }
        view.warnings.extend(blocked.iter().map(Blocked::words));
        if view.warnings.is_empty() {
            let least = duration(SignedDuration::from_secs(i64::from(self.older_than_seconds)));
            view.facts.push(format!("nothing older than {least} holds vacuum back, and nobody waits for a lock"));
        }
        if holdback.hidden_sessions > 0 {
            view.facts.push(format!(
                "{} sessions of other roles can't be seen into: GRANT pg_monitor TO this role shows them",
                holdback.hidden_sessions
            ));
        }
        Ok(view)
    }

    pub(super) async fn plan(&self, context: &Context) -> Result<View, Halt> {
        self.look(context).await
    }

    pub(super) async fn apply(&self, work: &mut Work<'_>) -> Result<Done, Halt> {
        let view = self.look(work.context).await?;
        Ok(Done::new([view.warnings, view.facts].concat().join("; ")))
    }
}

fn command(target: &Target) -> String {
    format!(
        "{} -c \"SELECT pid, usename, state, now() - xact_start AS age FROM pg_stat_activity \
         WHERE backend_xmin IS NOT NULL ORDER BY xact_start LIMIT 5\"",
        target.psql()
    )
}
