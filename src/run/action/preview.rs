//! What a change of a service comes to, as far as it can be told before: differences and cost.

use super::Context;
use crate::aws::task_definition::describe_task_definition;
use crate::platform::{Definition, Prices, Revision, Service, Trouble};
use crate::run::plan::Change;
use crate::run::{Halt, View};

/// A revision of the service's family.
pub(super) async fn revision(context: &Context, service: &Service, number: u32) -> Result<Definition, Trouble> {
    let revision = Revision { family: service.revision.family.clone(), number: Some(number) };
    describe_task_definition(&context.clients, &revision.name()).await
}

/// Only an ACTIVE revision can be started; and what it changes of the one that runs, which is called `name`.
pub(super) fn compare(
    name: &str,
    running: &Result<Definition, Trouble>,
    wanted: &Definition,
    view: &mut View,
) -> Result<(), Halt> {
    let other = wanted.revision.name();
    if !wanted.is_active() {
        return Err(Halt::refused(format!("{other} is {}: ECS starts only ACTIVE revisions", wanted.status)));
    }
    match running {
        Ok(running) => {
            let differences = running.differences(wanted);
            if differences.is_empty() && other != name {
                view.facts.push(format!("{other} is like {name}, line by line"));
            }
            view.changes.extend(differences.iter().map(|d| Change::of(&d.what, &d.before, &d.after)));
        }
        Err(trouble) => view.warnings.push(format!("{other} can't be compared with {name}: {trouble}")),
    }
    Ok(())
}

/// What so many tasks (`before`, `after`) cost in a month, where it is anything else than now.
pub(super) fn cost(
    prices: &Prices,
    before: u32,
    after: u32,
    running: &Result<Definition, Trouble>,
    wanted: Option<&Definition>,
) -> Option<String> {
    let now = match running {
        Ok(running) => prices.month_of(running)?,
        Err(_) => prices.task_month,
    };
    let then = wanted.map_or(Some(now), |wanted| prices.month_of(wanted))?;
    let change = f64::from(after) * then - f64::from(before) * now;
    (change.abs() >= 0.005).then(|| {
        let sign = if change > 0.0 { '+' } else { '−' };
        format!(
            "{sign}${:.2} a month if it stays so: {after} × ${then:.2} instead of {before} × ${now:.2} (list prices)",
            change.abs()
        )
    })
}
