//! `check.connections`: whether the database has room for so many tasks' pools.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Context, Done};
use crate::platform::{Picture, Role, Subject, Target};
use crate::run::{Halt, View};
use crate::watch;

/// In the basis: there are fewer connections than new tasks would take.
const SHORT: &str = "short";

/// How many tasks, of which service, on which database: indexes of the platform, found when the plan was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CheckConnections {
    /// As the platform file names it.
    pub service: String,
    /// As the platform file names it; none where the platform has no database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// How many tasks will run.
    pub tasks: u32,
    /// Too few connections end the run.
    #[serde(default)]
    pub stop_when_short: bool,
}

impl CheckConnections {
    pub(super) fn plan(&self, context: &Context, picture: &Picture) -> Result<View, Halt> {
        let platform = &context.platform;
        let mut view = View::default();
        let service = platform.services.iter().position(|s| s.name == self.service);
        let pool = service.and_then(|i| platform.services[i].pool_size);
        let database = platform.databases.iter().position(|d| Some(&d.id) == self.database.as_ref());
        let (Some(service), Some(pool), Some(database)) = (service, pool, database) else {
            view.warnings.push(format!(
                "can't tell whether the database has connections left: the platform file gives {} no pool-size, or names no database",
                self.service
            ));
            return Ok(view);
        };
        let gauge = platform.gauge(Subject::Database(database), Role::Connections);
        let reading = gauge.and_then(|(i, gauge)| Some((picture.reading(i, gauge)?.0.value, gauge.target)));
        let Some((measured, Some(Target::Below(limit)))) = reading else {
            view.warnings.push(
                "can't tell whether the database has connections left: its connections gauge has no value or no limit"
                    .to_owned(),
            );
            return Ok(view);
        };
        let running = picture.services.get(service).and_then(|s| s.state.value()).map_or(0, |s| s.running);
        // What was measured is minutes old: tasks that started since may have filled their pools.
        let held = f64::from(running) * f64::from(pool);
        let used = measured.max(held);
        let more = f64::from(self.tasks.saturating_sub(running)) * f64::from(pool);
        let then = used + more;
        let used_by = if held > measured {
            format!(
                "{measured:.0} of {limit:.0} connections are measured, and the {running} tasks that run may use {held:.0}"
            )
        } else {
            format!("{measured:.0} of {limit:.0} connections are used")
        };
        view.facts.push(format!("{used_by}; {} tasks with a pool of {pool} make that up to {then:.0}", self.tasks));
        if then > limit {
            let (lack, tasks) = (then - limit, self.tasks);
            let short = format!("the database is short of up to {lack:.0} connections for {tasks} tasks");
            if self.stop_when_short {
                return Err(Halt::refused(short));
            }
            let outcome = "new tasks fail at the start, and requests of the old ones fail with them";
            // With no task more than now it is short already, and not by this run.
            view.warnings.push(if more > 0.0 { format!("{short}: {outcome}") } else { short });
            view.basis = json!({SHORT: more > 0.0});
        }
        Ok(view)
    }

    /// Where too few end the run they are counted again, as the plan may be old; elsewhere the plan has said it all, and
    /// nobody waits for a picture between the confirmation and the call.
    pub(super) async fn apply(&self, context: &Context, view: &View) -> Result<Done, Halt> {
        if !self.stop_when_short {
            return Ok(Done::new(view.facts.join("; ")));
        }
        let picture = watch::once(&context.platform, &context.clients, &context.clock).await;
        let now = self
            .plan(context, &picture)
            .map_err(|halt| Halt::stale(format!("since the plan was made there are fewer: {}", halt.words)))?;
        Ok(Done::new(now.facts.into_iter().chain(now.warnings).collect::<Vec<_>>().join("; ")))
    }

    /// What was seen is that the tasks which are to start take connections that there are not.
    pub(super) fn is_short(view: &View) -> bool {
        view.basis.get(SHORT) == Some(&Value::Bool(true))
    }
}
