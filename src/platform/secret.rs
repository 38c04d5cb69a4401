//! What must not be written down.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

/// A password, token or URL with one in it. It has no `Serialize`, so it can't be part of an event or a picture:
///
/// ```compile_fail
/// serde_json::to_string(&plantao::platform::Secret::new("x".to_owned()));
/// ```
///
/// and what it prints is not it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides a text.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// The text itself, for the one call that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The text with the password of each URL in it (`scheme://user:password@host`) starred out, byte for byte, so that
/// places in it stay where they were.
pub fn without_passwords(text: &str) -> Cow<'_, str> {
    let mut hidden = Cow::Borrowed(text);
    for login in logins(text, |c| ['"', '\'', ' ', '\t', '\r', '\n'].contains(&c)) {
        let Some(colon) = text[login.clone()].find(':') else { continue };
        let password = login.start + colon + 1..login.end;
        let stars = "*".repeat(password.len());
        hidden.to_mut().replace_range(password, &stars);
    }
    hidden
}

/// The password of each URL in a text, as it stands there and as it is meant (`%40` is `@`).
pub fn passwords(text: &str) -> Vec<String> {
    let mut passwords = Vec::new();
    for login in logins(text, |c| ['"', '\'', ' ', '\t', '\r', '\n'].contains(&c)) {
        let Some((_, password)) = text[login].split_once(':').filter(|(_, password)| !password.is_empty()) else {
            continue;
        };
        let meant = meant(password);
        passwords.push(password.to_owned());
        if meant != password {
            passwords.push(meant);
        }
    }
    passwords
}

/// Without its percent signs; one that is no code stays.
fn meant(text: &str) -> String {
    let (bytes, mut meant, mut at) = (text.as_bytes(), Vec::new(), 0);
    while at < bytes.len() {
        let code = text.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        let code = code.and_then(|code| u8::from_str_radix(code, 16).ok());
        meant.push(code.unwrap_or(bytes[at]));
        at += if code.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&meant).into_owned()
}

/// A URL in this word says who signs in: with a password, or with a token in the user's place.
pub(super) fn has_login(word: &str) -> bool {
    logins(word, char::is_whitespace).next().is_some()
}

/// Where the login of each URL stands: what is between `://` and the last `@` before the URL's end.
fn logins(text: &str, ends: impl Fn(char) -> bool) -> impl Iterator<Item = Range<usize>> {
    text.match_indices("://").filter_map(move |(at, separator)| {
        let start = at + separator.len();
        let url = text[start..].split(&ends).next().unwrap_or_default();
        Some(start..start + url.rfind('@')?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_quoted_shows_no_password() {
        let line = r#"url = "postgresql://ana:pä@ss:w/rd@db:5432/x" # see http://h:1/@"#;
        let shown = without_passwords(line);
        assert_eq!(shown, r#"url = "postgresql://ana:***********@db:5432/x" # see http://h:**@"#);
        assert_eq!(shown.len(), line.len());
        assert!(matches!(without_passwords("https://host:80/a redis://h"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_secret_does_not_print() {
        assert_eq!(format!("{:?}", Some(Secret::new("hunter2".to_owned()))), "Some(Secret(…))");
    }
}
