//! The profiles of `~/.aws`: which there are, and what kind of credentials one leads to.

use std::path::PathBuf;

use super::profile_fault::fault;

/// Where credentials come from, as far as the remedy for their expiry depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// A profile that signs in with IAM Identity Center.
    Sso,
    /// `AWS_ACCESS_KEY_ID` and its like: a running process never sees new ones.
    Environment,
    /// Keys written into one of the two files, by hand or by a tool.
    Keys(Kind),
    /// Any other.
    Other,
}

/// The two files that have profiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Its profiles are `[default]` and `[profile NAME]`; `[sso-session NAME]`, `[services NAME]` and the like are none.
    Config,
    /// Every section of it is a profile.
    Credentials,
}

impl Kind {
    /// Where it is, if anybody says.
    pub(super) fn path(self) -> Option<PathBuf> {
        let (named, usual) = match self {
            Kind::Config => ("AWS_CONFIG_FILE", "config"),
            Kind::Credentials => ("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
        };
        let home = || variable("HOME").map(|home| PathBuf::from(home).join(".aws").join(usual));
        variable(named).map(PathBuf::from).or_else(home)
    }

    /// The profile that a section's header begins; none if the section is something else.
    fn profile(self, header: &str) -> Option<&str> {
        match (self, header.split_once(char::is_whitespace)) {
            (Kind::Config, Some(("profile", name))) => Some(name.trim()),
            (Kind::Config, _) if header == "default" => Some(header),
            (Kind::Config, _) => None,
            (Kind::Credentials, _) => Some(header),
        }
    }

    /// The lines of a file's text, each with the profile that it stands in; headers are told by themselves.
    fn lines(self, text: &str) -> impl Iterator<Item = (Option<&str>, &str)> {
        let mut inside = None;
        text.lines().map(move |line| {
            let line = line.trim();
            if let Some((header, _)) = line.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
                inside = self.profile(header.trim());
            }
            (inside, line)
        })
    }
}

/// A variable of the environment; an empty one counts as none.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The profile's name, if any, and what kind of credentials it leads to.
pub(super) fn origin(named: Option<&str>) -> (Option<String>, Origin) {
    if named.is_none() && variable("AWS_ACCESS_KEY_ID").is_some() {
        return (None, Origin::Environment);
    }
    let profile = named.map(str::to_owned).or_else(|| variable("AWS_PROFILE"));
    let name = profile.as_deref().unwrap_or("default");
    let config = text(Kind::Config);
    let origin = if signs_in(&config, name, 0) {
        Origin::Sso
    } else {
        let files = [(Kind::Credentials, text(Kind::Credentials)), (Kind::Config, config)];
        files
            .iter()
            .find(|(kind, text)| has_keys(*kind, text, name))
            .map_or(Origin::Other, |(kind, _)| Origin::Keys(*kind))
    };
    (profile, origin)
}

/// What a file holds; nothing if there is none.
fn text(kind: Kind) -> String {
    kind.path().and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default()
}

/// The names of all profiles, sorted: for who has misspelt one.
pub(super) fn profiles() -> Vec<String> {
    names(&text(Kind::Config), &text(Kind::Credentials))
}

/// The first of the two files that the SDK can't read, and where: `/home/ana/.aws/config:4: a line without =`.
pub(super) fn broken() -> Option<String> {
    [Kind::Config, Kind::Credentials].into_iter().find_map(|kind| {
        let path = kind.path()?;
        let (line, why) = fault(&std::fs::read_to_string(&path).ok()?)?;
        Some(format!("{}:{line}: {why}", path.display()))
    })
}

/// No file of `~/.aws` has a line that the SDK can't read.
pub fn is_readable() -> bool {
    broken().is_none()
}

fn names(config: &str, credentials: &str) -> Vec<String> {
    let of = |kind: Kind, text: &str| -> Vec<String> {
        kind.lines(text).filter_map(|(profile, _)| profile.map(str::to_owned)).collect()
    };
    let mut names = [of(Kind::Config, config), of(Kind::Credentials, credentials)].concat();
    names.sort();
    names.dedup();
    names
}

/// A profile's own section has keys.
fn has_keys(kind: Kind, text: &str, profile: &str) -> bool {
    kind.lines(text)
        .filter(|(inside, _)| *inside == Some(profile))
        .filter_map(|(_, line)| line.split_once('='))
        .any(|(key, _)| key.trim() == "aws_access_key_id")
}

/// A profile of `~/.aws/config` signs in with IAM Identity Center, by itself or through its source.
fn signs_in(text: &str, profile: &str, depth: u8) -> bool {
    let own = Kind::Config.lines(text).filter(|(inside, _)| *inside == Some(profile));
    own.filter_map(|(_, line)| line.split_once('=')).any(|(key, value)| match key.trim() {
        "sso_session" | "sso_start_url" => true,
        "source_profile" => depth < 4 && signs_in(text, value.trim(), depth + 1),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "[default]\nregion = us-east-1\n\n[profile prod]\nsso_session = corp\n\n\
                          [ profile deep ]\nsource_profile = prod\nrole_arn = arn:aws:iam::1:role/x\n\
                          [profile loop]\nsource_profile = loop\n[sso-session corp]\nsso_start_url = https://example.com\n\
                          [services local]\n[profile services-prod]\n";

    #[test]
    fn the_remedy_is_sso_login_only_for_profiles_that_sign_in() {
        assert!(signs_in(CONFIG, "prod", 0));
        assert!(signs_in(CONFIG, "deep", 0));
        assert!(!signs_in(CONFIG, "default", 0));
        assert!(!signs_in(CONFIG, "loop", 0));
        assert!(!signs_in(CONFIG, "absent", 0));
    }

    #[test]
    fn keys_that_have_expired_are_renewed_in_the_file_that_has_them() {
        let text = "[prod]\naws_access_key_id = a\n[staging]\nregion = us-east-1\n";
        assert!(has_keys(Kind::Credentials, text, "prod") && !has_keys(Kind::Credentials, text, "staging"));
        assert!(!has_keys(Kind::Config, text, "prod"), "there it would be [profile prod]");
    }

    #[test]
    fn a_profile_that_is_called_like_another_section_is_not_hidden_from_who_misspelt_it() {
        let credentials = "[services-staging]\naws_access_key_id = a\n[ops]\n";
        let all = ["deep", "default", "loop", "ops", "prod", "services-prod", "services-staging"];
        assert_eq!(names(CONFIG, credentials), all);
    }
}
