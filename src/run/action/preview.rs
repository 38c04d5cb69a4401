//! What a change of a service comes to, as far as it can be told before: differences and cost.

use super::Context;
use super::service::Basis;
use crate::aws::task_definition::describe_task_definition;
use crate::platform::Service;
use crate::run::plan::Change;
use crate::run::{Halt, View};

/// Only an ACTIVE revision can be started; and what it changes of the running one.
pub(super) async fn compare(context: &Context, running: &str, wanted: &str, view: &mut View) -> Result<(), Halt> {
    let target = describe_task_definition(&context.clients, wanted).await?;
    if target.status != "ACTIVE" {
        return Err(Halt::refused(format!("{wanted} is {}: ECS starts only ACTIVE revisions", target.status)));
    }
    match describe_task_definition(&context.clients, running).await {
        Ok(present) => {
            let differences = present.differences(&target);
            if differences.is_empty() && running != wanted {
                view.facts.push(format!("{wanted} is like {running}, line by line"));
            }
            view.changes.extend(differences.iter().map(|d| Change::of(&d.what, &d.before, &d.after)));
        }
        Err(trouble) => view.warnings.push(format!("{wanted} can't be compared with {running}: {trouble}")),
    }
    Ok(())
}

/// What the change costs in a month, where it costs anything else than now.
pub(super) async fn cost(
    context: &Context,
    service: &Service,
    desired: Option<u32>,
    revision: Option<u32>,
) -> Option<String> {
    let prices = &context.platform.prices;
    let count = desired.unwrap_or(service.desired);
    if count == service.desired && revision.is_none() {
        return None;
    }
    let family = &service.revision.family;
    let month = async |name: &str| match describe_task_definition(&context.clients, name).await {
        Ok(definition) => prices.month_of(&definition),
        Err(_) => Some(prices.task_month),
    };
    let now = month(&Basis::of(service).revision).await?;
    let then = match revision {
        Some(number) => month(&format!("{family}:{number}")).await?,
        None => now,
    };
    let (before, after) = (f64::from(service.desired) * now, f64::from(count) * then);
    ((after - before).abs() >= 0.005).then(|| {
        let sign = if after > before { '+' } else { '−' };
        format!(
            "{sign}${:.2} a month if it stays so: {count} × ${then:.2} instead of {} × ${now:.2} (list prices)",
            (after - before).abs(),
            service.desired
        )
    })
}
