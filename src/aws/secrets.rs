//! Secrets Manager.

use super::Clients;
use super::operate::OPERATE_POLICY_FILE;
use crate::platform::{Secret, Trouble, TroubleKind};

/// The present text of a secret, by its name or ARN.
///
/// `aws secretsmanager get-secret-value --secret-id NAME --query SecretString --output text`
pub async fn get_secret_value(clients: &Clients, name: &str) -> Result<Secret, Trouble> {
    const OPERATION: &str = "secretsmanager:GetSecretValue";
    let answer = clients.secrets.get_secret_value().secret_id(name).send().await;
    let answer = answer.map_err(|error| clients.trouble(OPERATION, &error)).map_err(|mut trouble| {
        if trouble.kind == TroubleKind::NotFound {
            trouble.why = format!("no secret \"{name}\" in {}", clients.place());
            trouble.remedy = Some("compare it with the platform file".to_owned());
        } else if trouble.kind == TroubleKind::Denied {
            let statement = format!("statement \"Secrets\" of {OPERATE_POLICY_FILE}");
            trouble.remedy = Some(format!("{statement} grants it for the secrets that its Resource names"));
        }
        trouble
    })?;
    let text = answer.secret_string().ok_or_else(|| clients.lacks(OPERATION, "SecretString"))?;
    let secret = Secret::new(text.to_owned());
    clients.known.learn_secret(&secret);
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::{Reply, Tiny};

    fn answering(reply: Reply) -> Clients {
        Clients::over(Tiny::new(move |_, _| reply.clone()).client(), "us-east-1")
    }

    #[tokio::test(start_paused = true)]
    async fn a_secret_is_read_and_does_not_print() {
        let clients = answering(Reply::json(r#"{"Name": "db", "SecretString": "postgresql://ana:hunter2@db/x"}"#));
        let secret = get_secret_value(&clients, "db").await.unwrap();
        assert_eq!(secret.reveal(), "postgresql://ana:hunter2@db/x");
        assert!(!format!("{secret:?}").contains("hunter2"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_missing_and_a_binary_secret_are_said_plainly() {
        let missing = Reply::json_error(400, "ResourceNotFoundException", "Secrets Manager can't find it.");
        let trouble = get_secret_value(&answering(missing), "db").await.unwrap_err();
        assert_eq!((trouble.kind, trouble.why.as_str()), (TroubleKind::NotFound, "no secret \"db\" in us-east-1"));
        let binary = Reply::json(r#"{"Name": "db", "SecretBinary": "aHVudGVyMg=="}"#);
        let trouble = get_secret_value(&answering(binary), "db").await.unwrap_err();
        assert_eq!(trouble.why, "no SecretString in the answer of secretsmanager.us-east-1.amazonaws.com");
    }
}
