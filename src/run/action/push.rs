//! `image.push`: an image of this machine into the service's ECR repository.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::registry::{Fit, Running};
use super::service::Place;
use super::{Context, Done};
use crate::aws::ecr_auth::get_login;
use crate::aws::ecr_images::find_image;
use crate::platform::{Image, Trouble, TroubleKind};
use crate::run::container::auth::{self, AuthFolder};
use crate::run::container::process::{Ended, carry};
use crate::run::container::tool::{SignedIn, Tool, is_digest};
use crate::run::plan::Change;
use crate::run::scribe::was_uncertain;
use crate::run::{Answer, Halt, Scribe, View, Work};

/// What the tool asks for in the end.
const OPERATION: &str = "ecr:PutImage";
/// Some hundred megabytes over a home's line.
const EXPECTED_SECONDS: u64 = 2 * 60;

/// The image that an earlier step built.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushImage {
    /// The service.
    #[serde(flatten)]
    pub place: Place,
    /// The container whose repository it is for; the first one if none is named.
    pub container: Option<String>,
    /// The program that pushes; the first one found if none is named. It must be the one that built.
    pub tool: Option<String>,
}

/// What the plan was made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Made {
    tool: Tool,
    /// The whole name.
    uri: String,
    /// The name in ECR.
    repository: String,
}

impl PushImage {
    pub(super) async fn plan(&self, context: &Context) -> Result<View, Halt> {
        let running = Running::of(context, &self.place, self.container.as_deref()).await?;
        let (uri, repository) = running.repository(context).await?;
        let tool = Tool::find(self.tool.as_deref()).await.map_err(Halt::refused)?;
        // The way in is tried now, before minutes of building.
        get_login(&context.clients).await?;
        let (program, registry) = (tool.name(), registry(&uri));
        let command = format!(
            "aws ecr get-login-password | {program} login --username AWS --password-stdin {registry} && {program} push {uri}:TAG"
        );
        Ok(View {
            changes: vec![Change::of(&format!("images in {repository}"), "as they are", "the built one beside them")],
            facts: vec!["ECR lets these credentials sign in; the user's own sign-ins are not touched".to_owned()],
            undo: Some("the image stays in ECR; one that no task definition names runs nowhere".to_owned()),
            command: Some(command),
            expected_seconds: EXPECTED_SECONDS,
            basis: json!(Made { tool, uri, repository }),
            ..View::default()
        })
    }

    pub(super) async fn apply(&self, work: &mut Work<'_>) -> Result<Done, Halt> {
        let Work { context, scribe, view, outputs, past } = work;
        let made: Made = serde_json::from_value(view.basis.clone())
            .map_err(|error| Halt::failed(format!("the plan can't be read: {error}")))?;
        let Some(image) = outputs.get("built.image").and_then(Value::as_str) else {
            return Err(Halt::failed("no step built an image"));
        };
        let Some(tag) = Image::parse(image).tag else {
            return Err(Halt::failed(format!("{image} has no tag")));
        };
        let place = scribe.auth_folder();
        // What a killed process left.
        auth::remove(&place).map_err(|error| Halt::failed(format!("{}: {error}", place.display())))?;
        let running = Running::of(context, &self.place, self.container.as_deref()).await?;
        if let Some(last) = past.asked.last() {
            if let Some(Answer::Accepted { details } | Answer::Found { details }) = &last.answer {
                return done(details);
            }
            if was_uncertain(last.answer.as_ref())
                && let Some(found) = find_image(&context.clients, &made.repository, &tag).await?
            {
                let details = details(&made, &found.digest);
                scribe.found(OPERATION, details.clone())?;
                return done(&details);
            }
        } else if Image::parse(&running.image).repository != made.uri {
            return Err(Halt::stale(format!("since the plan was made the service went to {}", running.image)));
        } else if let Some(found) = find_image(&context.clients, &made.repository, &tag).await? {
            let words = format!("{tag} is taken in {} by {}: nothing was pushed", made.repository, found.digest);
            return Err(Halt::refused(words));
        }
        let folder = AuthFolder::new(&place)
            .map_err(|error| Halt::failed(format!("the folder to sign in, {}: {error}", place.display())))?;
        let at = SignedIn { folder: folder.path().to_owned(), daemon: made.tool.daemon().await };
        sign_in(context, scribe, &made, &at).await?;
        scribe.request(OPERATION, json!({"image": image}), Value::Null)?;
        let ended = carry(scribe, made.tool.push(image, &at), "push", None).await?;
        let told = made.tool.digest(&at, &ended.lines);
        drop(folder);
        let digest = self.look(context, scribe, &made, &tag, &ended, told).await?;
        let details = details(&made, &digest);
        scribe.accepted(OPERATION, details.clone())?;
        let fit = running.fits(context, &made.repository, &digest).await.map_err(|halt| Halt::failed(halt.words))?;
        let mut done = done(&details)?;
        done.words = match fit {
            Fit::Fits(words) | Fit::Unknown(words) => format!("{}, {words}", done.words),
        };
        Ok(done)
    }

    /// The digest that the tool told, if it and ECR agree.
    async fn look(
        &self,
        context: &Context,
        scribe: &mut Scribe<'_>,
        made: &Made,
        tag: &str,
        ended: &Ended,
        told: Option<String>,
    ) -> Result<String, Halt> {
        let found = find_image(&context.clients, &made.repository, tag).await;
        let found = found.map(|found| found.map(|found| found.digest));
        let why = match (ended.is_well(), told, found) {
            (true, Some(told), Ok(Some(found))) if told == found => return Ok(found),
            (true, Some(told), Ok(Some(found))) => {
                format!("{} pushed {told}, and ECR has {found} as {tag}: somebody else pushed there", made.tool.name())
            }
            // Nothing that ECR denies: its silence is no reason to think that the tool lies.
            (true, Some(told), Err(_)) => return Ok(told),
            (true, None, Ok(Some(found))) if is_digest(&found) => return Ok(found),
            (true, _, Ok(None)) => {
                format!("{} says that it pushed {tag}, and ECR does not have it", made.tool.name())
            }
            (true, None, _) => format!("{} does not say what it pushed", made.tool.name()),
            (false, _, _) => {
                format!("{} did not push the image, {}{}", made.tool.name(), ended.tail(), scribe.where_all_is())
            }
        };
        let trouble = Trouble {
            kind: TroubleKind::Refused,
            operation: OPERATION.to_owned(),
            why: why.clone(),
            remedy: None,
            since: context.clock.now(),
        };
        scribe.trouble(OPERATION, &trouble)?;
        Err(Halt::failed(why))
    }
}

async fn sign_in(context: &Context, scribe: &mut Scribe<'_>, made: &Made, at: &SignedIn) -> Result<(), Halt> {
    let login = get_login(&context.clients).await?;
    let command = made.tool.sign_in(&login.user, registry(&made.uri), at);
    let ended = carry(scribe, command, "sign in", Some(&login.password)).await?;
    if ended.is_well() {
        return Ok(());
    }
    // A tool that repeats what it read must not carry it into the journal.
    let said = ended.tail().replace(&login.password, "…");
    let words = format!("{} could not sign in at {}: {said}", made.tool.name(), registry(&made.uri));
    Err(Halt::failed(format!("{words}; nothing was pushed")))
}

/// The host before a repository's name.
fn registry(uri: &str) -> &str {
    uri.split('/').next().unwrap_or(uri)
}

fn details(made: &Made, digest: &str) -> Value {
    json!({"image": format!("{}@{digest}", made.uri)})
}

fn done(details: &Value) -> Result<Done, Halt> {
    match details.get("image").and_then(Value::as_str) {
        Some(image) => Ok(Done::new(format!("{image} is in ECR")).with("ready.image", image)),
        None => Err(Halt::failed("the journal does not say which image was pushed")),
    }
}
