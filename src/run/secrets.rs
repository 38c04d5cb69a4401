//! Secrets that this process knows: what a program prints of them is shown and kept as `…`.

use serde_json::Value;

use super::Context;
use crate::platform::passwords;

/// Variables whose names say so hold one; what only tells where one is does not.
const SECRET: [&str; 6] = ["PASSWORD", "PASSWD", "SECRET", "TOKEN", "PRIVATE_KEY", "API_KEY"];
const ONLY_WHERE: [&str; 6] = ["_ID", "_NAME", "_ARN", "_FILE", "_PATH", "_URI"];
/// Shorter ones are parts of other words: hiding them would tell what they are.
const SHORTEST: usize = 6;

/// Of the environment, the platform's URLs, the credentials in hand, and what Secrets Manager told.
pub(super) fn known(context: &Context) -> Vec<String> {
    let platform = &context.platform;
    let in_hand = context.clients.secrets();
    let told = in_hand.iter().flat_map(|secret| told(secret.reveal()));
    let variables = std::env::vars_os()
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()));
    let databases = platform.databases.iter().filter_map(|database| database.url.as_ref());
    let caches = platform.caches.iter().filter_map(|cache| cache.url.as_ref());
    let urls = databases.chain(caches).map(|url| url.reveal().to_owned());
    of(variables.chain(told), urls)
}

/// A text without these secrets.
pub(super) fn hide(secrets: &[String], text: String) -> String {
    secrets.iter().fold(text, |text, secret| text.replace(secret.as_str(), "…"))
}

/// A secret as variables, by whose names it is known what is hidden: the fields of one that is JSON, or all of it. Of a
/// URL only the password is: what it leads to is no secret.
fn told(secret: &str) -> Vec<(String, String)> {
    if let Ok(Value::Object(fields)) = serde_json::from_str(secret) {
        return fields.into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.to_owned()))).collect();
    }
    let name = if secret.contains("://") { "URL" } else { "SECRET" };
    vec![(name.to_owned(), secret.to_owned())]
}

fn of(variables: impl Iterator<Item = (String, String)>, urls: impl Iterator<Item = String>) -> Vec<String> {
    let mut secrets: Vec<String> = urls.flat_map(|url| passwords(&url)).collect();
    for (name, value) in variables {
        secrets.extend(passwords(&value));
        let name = name.to_ascii_uppercase();
        if SECRET.iter().any(|word| name.contains(word)) && !ONLY_WHERE.iter().any(|end| name.ends_with(end)) {
            // Output is read line by line.
            secrets.extend(value.lines().map(|line| line.trim().to_owned()));
        }
    }
    secrets.retain(|secret| secret.chars().count() >= SHORTEST);
    // One that holds another is hidden whole.
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    secrets.dedup();
    secrets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_of_a_secret_is_hidden_whether_it_is_a_url_or_json_and_a_key_is_hidden_whole() {
        let known = |secret: &str| of(told(secret).into_iter(), [].into_iter());
        assert_eq!(known("postgresql://ana:hunter-2@db.example:5432/x"), ["hunter-2"]);
        assert_eq!(known(r#"{"username": "analytics", "password": "hunter-2", "port": 5432}"#), ["hunter-2"]);
        assert_eq!(known("wJalrXUtnFEMI/K7MDENG"), ["wJalrXUtnFEMI/K7MDENG"]);
    }

    #[test]
    fn keys_tokens_and_the_passwords_of_urls_are_secrets_and_names_of_secrets_are_not() {
        let variables = [
            ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI"),
            ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
            ("DB_SECRET_ARN", "arn:aws:secretsmanager:x"),
            ("PGPASSWORD", "hunter2"),
            ("CI_TOKEN", "short"),
            ("HOME", "/home/ana-of-the-house"),
            ("QUEUE_URL", "amqp://ana:p%40ssword@mq"),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter();
        let urls = ["redis://:of-the-cache@h".to_owned()].into_iter();
        let known = of(variables, urls);
        assert_eq!(known, ["wJalrXUtnFEMI", "of-the-cache", "p%40ssword", "p@ssword", "hunter2"]);
    }
}
