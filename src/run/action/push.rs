//! `image.push`: an image of this machine into the service's ECR repository.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::registry::{Fit, Running};
use super::service::Place;
use super::{Context, Done};
use crate::aws::ecr_auth::get_login;
use crate::aws::ecr_images::find_image;
use crate::platform::text::shell_word;
use crate::platform::{Image, Trouble, TroubleKind};
use crate::run::container::auth::{self, AuthFolder};
use crate::run::container::process::{Cut, Ended, carry};
use crate::run::container::reach;
use crate::run::container::tool::{SignedIn, Tool, is_digest};
use crate::run::plan::Change;
use crate::run::scribe::was_uncertain;
use crate::run::{Answer, Ending, Halt, Scribe, Seen, View, Work};

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
    pub(super) async fn plan(&self, context: &Context, seen: &Seen) -> Result<View, Halt> {
        let running = Running::of(context, &self.place, self.container.as_deref()).await?;
        let (uri, repository) = running.repository(context).await?;
        // The way in is tried now, before minutes of building.
        get_login(&context.clients).await?;
        let tool = Tool::find(self.tool.as_deref()).await.map_err(Halt::refused)?;
        let out_of_reach = reach::out_of_reach(registry(&uri)).await;
        let (program, registry) = (tool.name(), registry(&uri));
        let image = seen.image().map_or_else(|| format!("{uri}:TAG"), str::to_owned);
        let command = format!(
            "aws ecr get-login-password | {program} login --username AWS --password-stdin {} && {program} push {}",
            shell_word(registry),
            shell_word(&image)
        );
        Ok(View {
            changes: vec![Change::of(&format!("images in {repository}"), "as they are", "the built one beside them")],
            facts: vec!["ECR lets these credentials sign in; the user's own sign-ins are not touched".to_owned()],
            warnings: out_of_reach.into_iter().collect(),
            undo: Some("the image stays in ECR; one that no task definition names runs nowhere".to_owned()),
            command: Some(command),
            expected_seconds: EXPECTED_SECONDS,
            basis: json!(Made { tool, uri, repository }),
            ..View::default()
        })
    }

    pub(super) async fn apply(&self, work: &mut Work<'_>) -> Result<Done, Halt> {
        let Work { context, scribe, view, outputs, past } = work;
        let made: Made = view.basis()?;
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
        let at = SignedIn { folder: folder.path().to_owned(), context: made.tool.context().await };
        sign_in(context, scribe, &made, &at).await?;
        scribe.request(OPERATION, json!({"image": image}), Value::Null)?;
        let ended = match carry(scribe, made.tool.push(image, &at), "push", None, context).await {
            Ok(ended) => ended,
            Err(Cut::NotStarted(why)) => {
                scribe.trouble(OPERATION, &refused(context, &why))?;
                return Err(Halt::failed(format!("{why}: nothing was pushed")));
            }
            Err(Cut::Ended(halt)) if halt.ending == Ending::Stopped => {
                return Err(cut(context, scribe, &made, &tag, halt).await?);
            }
            Err(cut) => return Err(cut.into()),
        };
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
        let name = made.tool.name();
        let failed = || format!("{name} did not push the image, {}{}", ended.tail(), scribe.where_all_is());
        let (why, there) = match (ended.is_well(), told, found) {
            (true, Some(told), Ok(Some(found))) if told == found => return Ok(found),
            // Nothing that ECR denies: its silence is no reason to think that the tool lies.
            (true, Some(told), Err(_)) => return Ok(told),
            (true, None, Ok(Some(found))) if is_digest(&found) => return Ok(found),
            (true, told, Ok(Some(found))) => {
                let told = told.unwrap_or_else(|| "an image".to_owned());
                (format!("{name} pushed {told}, and ECR has {found} as {tag}: somebody else pushed there"), Ok(found))
            }
            (true, _, Ok(None)) => {
                (format!("{name} says that it pushed {tag}, and ECR does not have it"), Err(TroubleKind::Refused))
            }
            (true, None, Err(trouble)) => (
                format!("{name} does not say what it pushed, and neither does ECR: {trouble}"),
                Err(TroubleKind::BadAnswer),
            ),
            (false, _, Ok(Some(found))) => (format!("{}; and yet ECR has it, as {tag}", failed()), Ok(found)),
            (false, _, Ok(None)) => (failed(), Err(TroubleKind::Refused)),
            // Perhaps it is there: nobody can say now that nothing was changed.
            (false, _, Err(_)) => (failed(), Err(TroubleKind::BadAnswer)),
        };
        match there {
            // With the reason why it is not to be used: a process that takes the run up here must not use it either.
            Ok(digest) => {
                scribe.found(OPERATION, json!({"image": format!("{}@{digest}", made.uri), "wrong": why}))?;
            }
            Err(kind) => scribe.trouble(OPERATION, &Trouble { kind, ..refused(context, &why) })?,
        }
        Err(Halt::failed(why))
    }
}

/// A push that was ended on somebody's wish: what came of it is said, and is in the journal.
async fn cut(context: &Context, scribe: &mut Scribe<'_>, made: &Made, tag: &str, halt: Halt) -> Result<Halt, Halt> {
    let words = match find_image(&context.clients, &made.repository, tag).await {
        Ok(Some(found)) => {
            scribe.found(OPERATION, details(made, &found.digest))?;
            format!("the image is in ECR already, as {tag}")
        }
        Ok(None) => {
            let words = "the push was ended, and ECR does not have the image";
            scribe.trouble(OPERATION, &refused(context, words))?;
            words.to_owned()
        }
        Err(trouble) => format!("the push was ended, and whether ECR has {tag} can't be told: {trouble}"),
    };
    Ok(Halt { words: format!("{}: {words}", halt.words), ..halt })
}

fn refused(context: &Context, why: &str) -> Trouble {
    let operation = OPERATION.to_owned();
    Trouble { kind: TroubleKind::Refused, operation, why: why.to_owned(), remedy: None, since: context.clock.now() }
}

async fn sign_in(context: &Context, scribe: &mut Scribe<'_>, made: &Made, at: &SignedIn) -> Result<(), Halt> {
    let login = get_login(&context.clients).await?;
    let command = made.tool.sign_in(&login.user, registry(&made.uri), at);
    let ended = carry(scribe, command, "sign in", Some(login.password.reveal()), context).await?;
    if ended.is_well() {
        return Ok(());
    }
    let words = format!("{} could not sign in at {}: {}", made.tool.name(), registry(&made.uri), ended.tail());
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
    if let Some(why) = details.get("wrong").and_then(Value::as_str) {
        return Err(Halt::failed(why));
    }
    match details.get("image").and_then(Value::as_str) {
        Some(image) => Ok(Done::new(format!("{image} is in ECR")).with("ready.image", image)),
        None => Err(Halt::failed("the journal does not say which image was pushed")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::container::tool::Make;

    #[test]
    fn an_image_that_was_found_to_be_wrong_is_wrong_for_the_next_process_too() {
        let made = Made {
            tool: Tool { make: Make::Podman, program: "podman".into(), version: String::new() },
            uri: "registry/api".to_owned(),
            repository: "api".to_owned(),
        };
        let mut details = details(&made, "sha256:1");
        assert_eq!(done(&details).unwrap().outputs["ready.image"], "registry/api@sha256:1");
        details["wrong"] = json!("somebody else pushed there");
        assert_eq!(done(&details).unwrap_err().words, "somebody else pushed there");
    }
}
