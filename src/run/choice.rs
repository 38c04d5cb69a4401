//! What may be answered to a question where there is a choice: what a picker lists.

use super::action::Context;
use super::resolve::find_service;
use super::{Halt, history};
use crate::aws::ecs;
use crate::platform::Image;
use crate::platform::text::printable;
use crate::runbook::{Kind, Param, Runbook};

/// One answer of several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// As it would be typed.
    pub value: String,
    /// What it is called in a list.
    pub label: String,
    /// What helps to choose.
    pub detail: String,
}

/// The answers to choose from for a question of this runbook, the likeliest first; none where anything may be
/// typed. Only reads.
pub async fn choices(
    context: &Context,
    _runbook: &Runbook,
    param: &Param,
    service: Option<&str>,
) -> Result<Vec<Choice>, Halt> {
    match param.kind {
        Kind::Revision => revisions(context, service).await,
        Kind::Choice => Ok(words(param)),
        _ => Ok(Vec::new()),
    }
}

/// The words of the runbook itself.
fn words(param: &Param) -> Vec<Choice> {
    let word = |word: &String| Choice { value: word.clone(), label: word.clone(), detail: String::new() };
    param.choices.iter().map(word).collect()
}

/// What the service may go back to.
async fn revisions(context: &Context, service: Option<&str>) -> Result<Vec<Choice>, Halt> {
    let spec = find_service(context, service)?;
    let now = context.clock.now();
    let seen = ecs::describe_services(&context.clients, &spec.cluster, &[&spec.name]).await?.swap_remove(0)?;
    let candidates = history::candidates(context, spec, &seen).await;
    Ok(candidates
        .into_iter()
        .map(|ran| {
            let image = ran.image.as_ref().map_or("image unknown", Image::short);
            let digest = ran.image.as_ref().and_then(|image| image.digest.as_deref()).map(|d| d.get(..19).unwrap_or(d));
            let detail: Vec<String> = digest
                .map(str::to_owned)
                .into_iter()
                .chain([ran.when(now)])
                .map(|p| printable(&p).into_owned())
                .collect();
            Choice {
                value: ran.number.to_string(),
                label: printable(&format!(":{}  {image}", ran.number)).into_owned(),
                detail: detail.join(" · "),
            }
        })
        .collect())
}
