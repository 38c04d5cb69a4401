//! Secrets that this process knows: what a program prints of them is shown and kept as `…`.

use crate::platform::{Platform, passwords};

/// Variables whose names say so hold one; what only tells where one is does not.
const SECRET: [&str; 6] = ["PASSWORD", "PASSWD", "SECRET", "TOKEN", "PRIVATE_KEY", "API_KEY"];
const ONLY_WHERE: [&str; 6] = ["_ID", "_NAME", "_ARN", "_FILE", "_PATH", "_URI"];
/// Shorter ones are parts of other words: hiding them would tell what they are.
const SHORTEST: usize = 6;

/// Of the environment, and of the platform's URLs.
pub(super) fn known(platform: &Platform) -> Vec<String> {
    let variables = std::env::vars_os()
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()));
    let databases = platform.databases.iter().filter_map(|database| database.url.as_ref());
    let caches = platform.caches.iter().filter_map(|cache| cache.url.as_ref());
    let urls = databases.chain(caches).map(|url| url.reveal().to_owned());
    of(variables, urls)
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
