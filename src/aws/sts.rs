//! Security Token Service: who asks.

use super::Clients;
use crate::platform::{Identity, Trouble};

/// The caller. Needs no permission.
///
/// `aws sts get-caller-identity`
pub async fn get_caller_identity(clients: &Clients) -> Result<Identity, Trouble> {
    const OPERATION: &str = "sts:GetCallerIdentity";
    let answer = clients.sts.get_caller_identity().send().await;
    let answer = answer.map_err(|error| clients.trouble(OPERATION, &error))?;
    let lacks = |field| clients.lacks(OPERATION, field);
    let account = answer.account().ok_or_else(|| lacks("Account"))?.to_owned();
    let arn = answer.arn().ok_or_else(|| lacks("Arn"))?.to_owned();
    clients.known.learn_account(&account);
    Ok(Identity { account, arn })
}
