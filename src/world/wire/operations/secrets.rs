//! Secrets Manager.

use super::super::error::AwsError;
use super::super::value::{Value, list, map, text};
use super::Answer;
use crate::world::World;
use crate::world::model::names;

pub fn get(world: &World, params: &Value) -> Answer {
    let asked = params.get("SecretId").text().unwrap_or_default();
    // AWS adds six characters to a name, so that a secret that is made anew is another one.
    let arn = |name: &str| names::arn("secretsmanager", &format!("secret:{name}-Qk3vB9"));
    let found = world.secrets.iter().find(|(name, _)| name == asked || arn(name) == asked);
    let Some((name, value)) = found else {
        let message = "Secrets Manager can't find the specified secret.";
        return Err(AwsError::new("ResourceNotFoundException", message));
    };
    Ok(map([
        ("ARN", text(arn(name))),
        ("Name", text(name)),
        ("VersionId", text("5048e4a5-29d0-4a3f-9b1c-6f1d1e0b7a52")),
        ("SecretString", text(value)),
        ("VersionStages", list(["AWSCURRENT"])),
        ("CreatedDate", Value::Time(world.databases.first().map_or(world.now, |d| d.created))),
    ]))
}
