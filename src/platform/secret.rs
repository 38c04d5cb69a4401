//! What must not be written down.

use std::borrow::Cow;
use std::fmt;

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
    pub fn new(text: String) -> Secret {
        Secret(text)
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
    for (at, separator) in text.match_indices("://") {
        let start = at + separator.len();
        let url = text[start..].split(['"', '\'', ' ', '\t', '\r', '\n']).next().unwrap_or_default();
        let Some((login, _)) = url.rsplit_once('@') else { continue };
        let Some((user, password)) = login.split_once(':') else { continue };
        let begin = start + user.len() + 1;
        hidden.to_mut().replace_range(begin..begin + password.len(), &"*".repeat(password.len()));
    }
    hidden
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
