//! What may be answered to a question where there is a choice: what a picker lists.

use std::fmt::Write as _;

use serde::Serialize;

use super::action::{Context, Place};
use super::choice_tables::tables_choices;
use super::images::image_choices;
use super::plan::DIGEST;
use super::resolve::{find_database, find_service};
use super::{Candidate, Halt, Wish, history};
use crate::aws::ecs;
use crate::platform::text::{nearest, printable};
use crate::platform::{Image, ServiceSpec};
use crate::runbook::{Kind, Param};

/// So many are listed in words.
const LISTED: usize = 10;

/// One answer of several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// As it would be typed.
    pub value: String,
    /// What it is called in a list.
    pub label: String,
    /// What helps to choose.
    pub detail: String,
}

/// The answers to choose from for a question of a runbook, the likeliest first; none where anything may be
/// typed. Only reads.
pub async fn choices(context: &Context, wish: Wish<'_>, param: &Param) -> Result<Vec<Choice>, Halt> {
    match param.kind {
        Kind::Revision => revisions(context, find_service(context, wish.service)?).await,
        Kind::Image => {
            let spec = find_service(context, wish.service)?;
            image_choices(context, &Place::from(spec), spec.container.as_deref()).await
        }
        Kind::Tables => match find_database(context, wish.database)? {
            Some(database) => tables_choices(context, &database.id).await,
            None => Ok(Vec::new()),
        },
        _ => Ok(Vec::new()),
    }
}

/// A refusal for want of an answer, or of what was answered, with the answers that there are, where there is a choice.
/// Only reads.
pub async fn offer(context: &Context, wish: Wish<'_>, mut halt: Halt) -> Halt {
    let missing = |param: &&Param| halt.words.contains(&format!("--{} is missing", param.name));
    let unknown = |param: &&Param| Some(param.kind) == halt.unknown && wish.answers.contains_key(&param.name);
    let params = &wish.runbook.params;
    let Some(param) = params.iter().find(missing).or_else(|| params.iter().find(unknown)) else { return halt };
    // The refusal stands, whether or not anybody can say what there is.
    let choices = choices(context, wish, param).await.unwrap_or_default();
    if choices.is_empty() {
        return halt;
    }
    let answered = wish.answers.get(&param.name).filter(|_| param.kind == Kind::Image);
    if let Some(near) = answered.and_then(|word| nearest(word, choices.iter().map(|choice| choice.value.as_str()))) {
        let _ = write!(halt.words, "; did you mean {}?", printable(near));
    }
    let _ = write!(halt.words, "\n--{} can be one of these:", param.name);
    for Choice { value, detail, .. } in choices.iter().take(LISTED) {
        let _ = write!(halt.words, "\n  {}  {detail}", printable(value));
    }
    if let Some(more) = choices.len().checked_sub(LISTED).filter(|more| *more > 0) {
        let _ = write!(halt.words, "\n  and {more} more");
    }
    halt.candidates = choices.iter().filter_map(|choice| serde_json::to_value(choice).ok()).collect();
    halt
}

/// What the service may go back to.
async fn revisions(context: &Context, spec: &ServiceSpec) -> Result<Vec<Choice>, Halt> {
    let now = context.clock.now();
    let seen = ecs::describe_services(&context.clients, &spec.cluster, &[&spec.name]).await?.swap_remove(0)?;
    let candidates = history::candidates(context, spec, &seen).await;
    Ok(candidates
        .into_iter()
        .map(|ran| {
            let image = ran.image.as_ref().map_or("image unknown", Image::short);
            let Candidate { revision, digest, ran: when, rolled_back, .. } = ran.candidate(now);
            let digest = digest.map(|digest| digest.get(..DIGEST).unwrap_or(&digest).to_owned());
            let detail: Vec<String> =
                digest.into_iter().chain([when]).chain(rolled_back).map(|part| printable(&part).into_owned()).collect();
            Choice {
                value: revision.to_string(),
                label: printable(&format!(":{revision}  {image}")).into_owned(),
                detail: detail.join(" · "),
            }
        })
        .collect())
}
