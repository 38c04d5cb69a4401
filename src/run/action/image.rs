//! `image.find` and `ecs.register-image`: an image of ECR, by digest, in a new revision.

use futures::FutureExt as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::lost::{LOST, Looks};
use super::registry::{Fit, Running, repository_name};
use super::service::{Basis, Place};
use super::{Context, Done};
use crate::aws::ecr_images::find_image;
use crate::aws::ecs_write::register_with_image;
use crate::platform::Image;
use crate::platform::text::{date, printable, shell_word};
use crate::run::left::left;
use crate::run::plan::Change;
use crate::run::scribe::{is_uncertain, was_uncertain};
use crate::run::{Answer, Ending, Halt, Seen, View, Work};
use crate::runbook::Kind;

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

/// The image that was found, and where.
struct Found {
    /// `123456789012.dkr.ecr.us-east-1.amazonaws.com/api`.
    uri: String,
    /// The repository's name in ECR.
    repository: String,
    /// The tag or digest by which it was found.
    name: String,
    digest: String,
    /// What there is to say of it.
    fact: String,
    /// What nobody can tell.
    doubt: Option<String>,
}

impl Found {
    /// `URI@sha256:…`.
    fn pinned(&self) -> String {
        format!("{}@{}", self.uri, self.digest)
    }
}

impl FindImage {
    async fn running(&self, context: &Context) -> Result<Running, Halt> {
        Running::of(context, &self.place, self.container.as_deref()).await
    }

    async fn find(&self, context: &Context, running: &Running) -> Result<Found, Halt> {
        let (uri, repository) = running.repository(context).await?;
        // The whole name may have been given too.
        let name = match Image::parse(&self.image) {
            Image { repository, tag, digest } if repository == uri => digest.or(tag).unwrap_or_default(),
            _ => self.image.clone(),
        };
        let found = find_image(&context.clients, &repository, &name).await?.ok_or_else(|| {
            let words = format!("there is no image {} in the repository {repository}", printable(&name));
            Halt::unknown(Kind::Image, Halt::refused(words))
        })?;
        let pushed = found.pushed_at.map(|at| format!(", pushed {}", date(at))).unwrap_or_default();
        let fact = format!("{} is {}{pushed}", printable(&self.image), found.digest);
        let (fact, doubt) = match running.fits(context, &repository, &found.digest).await? {
            Fit::Fits(words) => (format!("{fact}, {words}"), None),
            Fit::Unknown(why) => (fact, Some(why)),
        };
        Ok(Found { uri, repository, name, digest: found.digest, fact, doubt })
    }

    pub(super) async fn plan(&self, context: &Context, seen: &Seen) -> Result<View, Halt> {
        let running = self.running(context).await?;
        let found = self.find(context, &running).await?;
        let mut warnings: Vec<String> = found.doubt.iter().cloned().collect();
        if runs_already(context, &running, &found).await {
            warnings.push("this is the image that runs now: only fresh tasks would come of it".to_owned());
        } else {
            let tags = [found.name.clone()];
            let left = left(context, &self.place, running.container(), running.revision()).await;
            if let Some(left) = left.iter().find(|left| left.is(&found.digest, &tags)) {
                let words = left.words(context.clock.now());
                warnings.push(format!("this image was {words}: what was wrong with it still is"));
            }
        }
        let pinned = found.pinned();
        seen.will_be_ready(&pinned);
        let after = match found.name.as_str() {
            name if name.starts_with("sha256:") => pinned.clone(),
            tag => format!("{}:{tag}@{}", found.uri, found.digest),
        };
        Ok(View {
            changes: vec![Change::of(&format!("image of {}", running.container), &running.image, after)],
            facts: vec![found.fact],
            warnings,
            basis: json!(pinned),
            expected_seconds: 1,
            ..View::default()
        })
    }

    pub(super) async fn apply(&self, work: &mut Work<'_>) -> Result<Done, Halt> {
        let found = async { self.find(work.context, &self.running(work.context).await?).await }.await;
        let found = found.map_err(|halt| match halt.ending {
            Ending::Refused => Halt::stale(format!("what the plan found is no longer so: {}", halt.words)),
            _ => halt,
        })?;
        let pinned = found.pinned();
        if work.view.basis != json!(pinned) {
            let words = format!("since the plan was made {} became another image: {}", self.image, found.fact);
            return Err(Halt::stale(words));
        }
        Ok(Done::new(found.fact).with("ready.image", pinned))
    }
}

/// What runs is this very image; where nobody can tell, it is not said.
async fn runs_already(context: &Context, running: &Running, found: &Found) -> bool {
    let runs = Image::parse(&running.image);
    match (runs.digest, runs.tag) {
        _ if runs.repository != found.uri => false,
        (Some(digest), _) => digest == found.digest,
        (None, Some(tag)) if tag == found.name => true,
        (None, Some(tag)) => find_image(&context.clients, &found.repository, &tag)
            .await
            .is_ok_and(|runs| runs.is_some_and(|runs| runs.digest == found.digest)),
        (None, None) => false,
    }
}

impl RegisterImage {
    pub(super) async fn plan(&self, context: &Context, seen: &Seen) -> Result<View, Halt> {
        let Running { basis, container, image, .. } =
            Running::of(context, &self.place, self.container.as_deref()).await?;
        Ok(View {
            facts: vec![format!(
                "a new revision with that image for {container} instead of {image}; all else is as in {}",
                basis.revision
            )],
            undo: Some("a revision that nothing runs is left where it is, never deregistered".to_owned()),
            command: Some(by_hand(&basis.revision, &container, seen.image().unwrap_or(&image))),
            expected_seconds: 1,
            basis: json!(basis),
            ..View::default()
        })
    }

    pub(super) async fn apply(&self, work: &mut Work<'_>) -> Result<Done, Halt> {
        let Work { context, scribe, view, outputs, past } = work;
        let basis: Basis = view.basis()?;
        let Some(image) = outputs.get("ready.image").and_then(Value::as_str) else {
            return Err(Halt::failed("no step made an image ready"));
        };
        let running = Running::of(context, &self.place, self.container.as_deref()).await?;
        let (now, container) = (&running.basis, &running.container);
        if let Some(last) = past.asked.iter().rfind(|asked| asked.operation == OPERATION) {
            if let Some(Answer::Accepted { details } | Answer::Found { details }) = &last.answer {
                return done(details);
            }
            if was_uncertain(last.answer.as_ref())
                && let Some(details) = self.find_registered(context, &basis, container, image).await?
            {
                scribe.found(OPERATION, details.clone())?;
                return done(&details);
            }
        }
        if now.revision != basis.revision {
            return Err(Halt::stale(format!("since the plan was made {}: nothing was sent", basis.difference(now))));
        }
        if let Image { repository, digest: Some(digest), .. } = Image::parse(image)
            && let Some(repository) = repository_name(context, &repository).await?
        {
            // An image may have been pushed: this is no longer a refusal of all that was asked.
            running.fits(context, &repository, &digest).await.map_err(|halt| Halt::failed(halt.words))?;
        }
        let parameters = json!({"from": basis.revision, "container": container, "image": image});
        scribe.request(OPERATION, parameters, json!({"image": running.image}))?;
        match register_with_image(&context.clients, &basis.revision, container, image).await {
            Ok(made) => {
                let details = json!({"family": made.family, "number": made.number});
                scribe.accepted(OPERATION, details.clone())?;
                done(&details)
            }
            Err(trouble) => {
                scribe.trouble(OPERATION, &trouble)?;
                // What it was made from is asked for first: that question lost registers nothing.
                if trouble.operation != OPERATION || !is_uncertain(&trouble) {
                    return Err(trouble.into());
                }
                let look = || self.find_registered(context, &basis, container, image).boxed();
                let Some(details) = Looks::FEW.find(context, scribe, LOST, look).await? else {
                    return Err(Halt::from(trouble).and(LOST));
                };
                scribe.found(OPERATION, details.clone())?;
                done(&details)
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

/// What AWS adds to a task definition by itself and does not take back.
const ADDED: &str = ".taskDefinitionArn, .revision, .status, .requiresAttributes, .compatibilities, .registeredAt, \
                     .registeredBy, .deregisteredAt";

/// The same in a shell, without `file:///dev/stdin`, which version 1 of the AWS CLI finds empty. The revision is then
/// in `$REVISION`, for the step that deploys it.
fn by_hand(revision: &str, container: &str, image: &str) -> String {
    let parsed = Image::parse(image);
    let image = match (&parsed.digest, &parsed.tag, parsed.repository.split_once('/')) {
        // Its digest is known when it is pushed.
        (None, Some(tag), Some((_, repository))) => format!(
            "{}@\"$(aws ecr describe-images --repository-name {} --image-ids {} --query 'imageDetails[0].imageDigest' --output text)\"",
            shell_word(&parsed.repository),
            shell_word(repository),
            shell_word(&format!("imageTag={tag}"))
        ),
        _ => shell_word(image),
    };
    format!(
        "DEFINITION=$(aws ecs describe-task-definition --task-definition {} --include TAGS --output json | jq --arg container {} --arg image {image} '.tags as $tags | .taskDefinition | del({ADDED}) | (.containerDefinitions[] | select(.name == $container)).image = $image | if ($tags | length) == 0 then . else .tags = $tags end') && REVISION=$(aws ecs register-task-definition --cli-input-json \"$DEFINITION\" --query taskDefinition.taskDefinitionArn --output text)",
        shell_word(revision),
        shell_word(container)
    )
}

fn done(details: &Value) -> Result<Done, Halt> {
    match details.get("number").and_then(Value::as_u64) {
        Some(number) => Ok(Done::new(format!("revision {number} is registered")).with("registered.revision", number)),
        None => Err(Halt::failed("ECS did not say which revision it registered")),
    }
}
