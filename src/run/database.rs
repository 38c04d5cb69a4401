//! Reaching the platform's databases: whence the URL comes, and what goes wrong on the way.

use super::{Answer, Context, Ending, Halt};
use crate::aws::{rds, secrets};
use crate::database::{Database, DatabaseTrouble, DatabaseTroubleKind as Kind, Endpoint, Target};
use crate::platform::DatabaseSpec;
use crate::platform::text::printable;

/// Where a database is and who logs in, by the platform's `url`, or else its `secret`.
pub(super) async fn target(context: &Context, id: &str) -> Result<Target, Halt> {
    let spec = context.platform.databases.iter().find(|spec| spec.id == id);
    let Some(spec) = spec else {
        return Err(Halt::refused(format!("the platform file names no database \"{}\"", printable(id))));
    };
    match (&spec.url, &spec.secret) {
        (Some(url), _) => Target::from_url(url.reveal()).map_err(|trouble| whence(trouble, spec)),
        (None, Some(secret)) => of_secret(context, spec, secret).await,
        (None, None) => Err(Halt::refused(format!(
            "nothing says how to reach the database {0}: set PLANTAO_DATABASE_URL, or give [[database]] {0} a url or a \
             secret in the platform file",
            printable(id)
        ))),
    }
}

async fn of_secret(context: &Context, spec: &DatabaseSpec, name: &str) -> Result<Target, Halt> {
    let secret = secrets::get_secret_value(&context.clients, name).await?;
    let mut endpoint = Endpoint { database: spec.database.clone(), ..Endpoint::default() };
    let first = match Target::from_secret(secret.reveal(), &endpoint) {
        Ok(target) => return Ok(target),
        Err(trouble) => trouble,
    };
    // A secret that RDS manages itself holds user and password only: the instance tells the rest.
    let instance = rds::describe_db_instance(&context.clients, &spec.id).await;
    let Ok(Some((host, port))) = instance.map(|instance| instance.endpoint) else { return Err(whence(first, spec)) };
    endpoint = Endpoint { host: Some(host), port: Some(port), ..endpoint };
    Target::from_secret(secret.reveal(), &endpoint).map_err(|trouble| whence(trouble, spec))
}

/// A session for questions, and where it is.
pub(super) async fn open(context: &Context, id: &str) -> Result<(Target, Database), Halt> {
    let target = target(context, id).await?;
    match Database::connect(&target).await {
        Ok(database) => Ok((target, database)),
        Err(trouble) => {
            let spec = context.platform.databases.iter().find(|spec| spec.id == id);
            Err(spec.map_or_else(|| trouble.clone().into(), |spec| whence(trouble.clone(), spec)))
        }
    }
}

/// The trouble, with where the URL is from: that is what has to be mended.
fn whence(trouble: DatabaseTrouble, spec: &DatabaseSpec) -> Halt {
    let source = match (&spec.url, &spec.secret) {
        (None, Some(secret)) => format!("the secret {}", printable(secret)),
        _ => "PLANTAO_DATABASE_URL or the platform file".to_owned(),
    };
    let halt = Halt::from(trouble);
    Halt { words: format!("{} (the URL is from {source})", halt.words), ..halt }
}

impl From<DatabaseTrouble> for Halt {
    fn from(trouble: DatabaseTrouble) -> Halt {
        let ending = match trouble.kind {
            Kind::Configuration | Kind::NoRight | Kind::NoTable | Kind::NoStorage | Kind::Standby => Ending::Refused,
            _ => Ending::FailedBefore,
        };
        Halt::new(ending, trouble.to_string())
    }
}

impl From<&DatabaseTrouble> for Answer {
    fn from(trouble: &DatabaseTrouble) -> Answer {
        let kind = serde_json::to_value(trouble.kind).ok();
        Answer::Trouble {
            kind: kind.as_ref().and_then(serde_json::Value::as_str).unwrap_or("refused").to_owned(),
            why: trouble.for_the_record(),
            remedy: trouble.remedy.clone(),
            details: serde_json::Value::Null,
        }
    }
}
