//! The way to sign in to the registry: a password for twelve hours, for a container tool's standard input.

use aws_smithy_types::base64;

use super::Clients;
use crate::platform::{Secret, Trouble};

/// What a container tool signs in with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// `AWS`.
    pub user: String,
    /// The password itself.
    pub password: Secret,
}

/// User and password of the account's registry.
///
/// `aws ecr get-login-password`
pub async fn get_login(clients: &Clients) -> Result<Login, Trouble> {
    const OPERATION: &str = "ecr:GetAuthorizationToken";
    let answer = clients.ecr.get_authorization_token().send().await;
    let answer = answer.map_err(|error| clients.trouble(OPERATION, &error))?;
    let token = answer.authorization_data().first().and_then(|data| data.authorization_token());
    let token = token.ok_or_else(|| clients.lacks(OPERATION, "authorizationToken"))?;
    let text = base64::decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let (user, password) = text
        .as_deref()
        .and_then(|text| text.split_once(':'))
        .ok_or_else(|| clients.lacks(OPERATION, "user and password in its token"))?;
    Ok(Login { user: user.to_owned(), password: Secret::new(password) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::{Reply, Tiny};

    #[tokio::test(start_paused = true)]
    async fn the_password_is_taken_out_of_the_token_and_is_never_printed() {
        let token = base64::encode("AWS:hunter2:with-colon");
        let answer = format!(r#"{{"authorizationData": [{{"authorizationToken": "{token}"}}]}}"#);
        let tiny = Tiny::new(move |_, _| Reply::json(&answer));
        let login = get_login(&Clients::over(tiny.client(), "us-east-1")).await.unwrap();
        assert_eq!((login.user.as_str(), login.password.reveal()), ("AWS", "hunter2:with-colon"));
        assert!(!format!("{login:?}").contains("hunter2"));
        for bad in [r#"{"authorizationData": []}"#, r#"{"authorizationData": [{"authorizationToken": "QVdT"}]}"#] {
            let tiny = Tiny::new(move |_, _| Reply::json(bad));
            assert!(get_login(&Clients::over(tiny.client(), "us-east-1")).await.is_err(), "{bad}");
        }
    }
}
