//! `image.find` and `ecs.register-image`: an image of ECR, by digest, in a new revision.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::service::{Basis, Place, quoted};
use super::{Context, Done};
use crate::aws::ecr_images::describe_image;
use crate::aws::ecs_write::{definition_status, register_with_image};
use crate::platform::Image;
use crate::platform::text::date;
use crate::run::plan::Change;
use crate::run::scribe::was_uncertain;
use crate::run::{Answer, Halt, View, Work};

const OPERATION: &str = "ecs:RegisterTaskDefinition";

/// An image of the service's repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindImage {
    /// The service.
    #[serde(flatten)]
    pub place: Place,
    /// The container that runs it.
    pub container: Option<String>,
    /// Its tag or digest.
    pub image: String,
}

/// The image that an earlier step made ready, in a new revision of what runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterImage {
    /// The service.
    #[serde(flatten)]
    pub place: Place,
    /// Whose image is changed; the first container's if none is named.
    pub container: Option<String>,
}

/// The container whose image it is, and the image that it runs.
async fn running(context: &Context, place: &Place, container: Option<&str>) -> Result<(Basis, String, Image), Halt> {
    let basis = Basis::of(&place.look_to_change(context).await?);
    let (_, containers) = definition_status(&context.clients, &basis.revision).await?;
    let found = match container {
        Some(name) => containers.into_iter().find(|(found, _)| found == name),
        None => containers.into_iter().next(),
    };
    match found {
        Some((name, image)) => Ok((basis, name, image)),
        None => Err(Halt::refused(format!("{} has no container {}", basis.revision, container.unwrap_or("at all")))),
    }
}

impl FindImage {
    /// `repository@sha256:…`, and what there is to say of it.
    async fn find(&self, context: &Context) -> Result<(String, String), Halt> {
        let (_, _, image) = running(context, &self.place, self.container.as_deref()).await?;
        let repository = image.repository.split_once('/').filter(|(host, _)| host.contains(".dkr.ecr."));
        let Some((_, repository)) = repository else {
            return Err(Halt::refused(format!("{} is not in ECR: this step looks only there", image.repository)));
        };
        let found = describe_image(&context.clients, repository, &self.image).await?;
        let pushed = found.pushed_at.map(|at| format!(", pushed {}", date(at))).unwrap_or_default();
        let fact = format!("{} is {}{pushed}", self.image, found.digest);
        Ok((format!("{}@{}", image.repository, found.digest), fact))
    }

    pub(super) async fn plan(&self, context: &Context) -> Result<View, Halt> {
        let (pinned, fact) = self.find(context).await?;
        let warnings = vec!["its architecture is not compared with the task definition's by this version: an x86 image on ARM64 does not start".to_owned()];
        Ok(View { facts: vec![fact], warnings, basis: json!(pinned), expected_seconds: 1, ..View::default() })
    }

    pub(super) async fn apply(&self, work: &mut Work<'_>) -> Result<Done, Halt> {
        let (pinned, fact) = self.find(work.context).await?;
        if work.view.basis != json!(pinned) {
            return Err(Halt::stale(format!("since the plan was made {} became another image: {fact}", self.image)));
        }
        Ok(Done::new(fact).with("ready.image", pinned))
    }
}

impl RegisterImage {
    pub(super) async fn plan(&self, context: &Context) -> Result<View, Halt> {
        let (basis, container, image) = running(context, &self.place, self.container.as_deref()).await?;
        Ok(View {
            changes: vec![Change::of(
                &format!("image of {container} in a new revision"),
                image,
                "the one of the step before, by digest",
            )],
            facts: vec![format!("all else of the new revision is as in {}", basis.revision)],
            undo: Some("a revision that nothing runs is left where it is, never deregistered".to_owned()),
            command: Some(format!(
                "aws ecs describe-task-definition --task-definition {} --include TAGS, with the image changed: aws ecs register-task-definition --cli-input-json file://new.json",
                quoted(&basis.revision)
            )),
            expected_seconds: 1,
            basis: json!(basis),
            ..View::default()
        })
    }

    pub(super) async fn apply(&self, work: &mut Work<'_>) -> Result<Done, Halt> {
        let Work { context, scribe, view, outputs, past } = work;
        let basis = Basis::read(&view.basis)?;
        let Some(image) = outputs.get("ready.image").and_then(Value::as_str) else {
            return Err(Halt::failed("no step made an image ready"));
        };
        let (now, container, before) = running(context, &self.place, self.container.as_deref()).await?;
        if let Some(last) = past.asked.iter().rfind(|asked| asked.operation == OPERATION) {
            if let Some(Answer::Accepted { details } | Answer::Found { details }) = &last.answer {
                return done(details);
            }
            if was_uncertain(last.answer.as_ref())
                && let Some(details) = self.find_registered(context, &basis, &container, image).await?
            {
                scribe.found(OPERATION, details.clone())?;
                return done(&details);
            }
        }
        if now.revision != basis.revision {
            return Err(Halt::stale(format!("since the plan was made {}: nothing was sent", basis.difference(&now))));
        }
        let parameters = json!({"from": basis.revision, "container": container, "image": image});
        scribe.request(OPERATION, parameters, json!({"image": before.to_string()}))?;
        match register_with_image(&context.clients, &basis.revision, &container, image).await {
            Ok(made) => {
                let details = json!({"family": made.family, "number": made.number});
                scribe.accepted(OPERATION, details.clone())?;
                done(&details)
            }
            Err(trouble) => {
                scribe.trouble(OPERATION, &trouble)?;
                Err(trouble.into())
            }
        }
    }

    /// The newest revision of the family, if it is later than the one that runs and has this very image.
    async fn find_registered(
        &self,
        context: &Context,
        basis: &Basis,
        container: &str,
        image: &str,
    ) -> Result<Option<Value>, Halt> {
        let Some((family, number)) = basis.revision.rsplit_once(':') else { return Ok(None) };
        let found = crate::aws::task_definition::describe_task_definition(&context.clients, family).await?;
        let newer =
            found.revision.number.is_some_and(|newest| number.parse().is_ok_and(|running: u32| newest > running));
        let same = found.containers.iter().any(|c| c.name == container && c.image.to_string() == image);
        Ok((newer && same).then(|| json!({"family": found.revision.family, "number": found.revision.number})))
    }
}

fn done(details: &Value) -> Result<Done, Halt> {
    match details.get("number").and_then(Value::as_u64) {
        Some(number) => Ok(Done::new(format!("revision {number} is registered")).with("registered.revision", number)),
        None => Err(Halt::failed("ECS did not say which revision it registered")),
    }
}
