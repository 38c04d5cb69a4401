//! A container image's name, taken apart.

use std::fmt;

use serde::Serialize;

/// `registry/repository:tag@sha256:…`, with the tag and digest that are there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct Image {
    /// Registry and repository.
    pub repository: String,
    /// What the image is called there.
    pub tag: Option<String>,
    /// `sha256:…`; the only name that never changes its meaning.
    pub digest: Option<String>,
}

impl Image {
    /// Takes an image reference apart. Any text is one: what is no tag or digest is repository.
    pub fn parse(reference: &str) -> Image {
        let (name, digest) = match reference.split_once('@') {
            Some((name, digest)) => (name, Some(digest.to_owned())),
            None => (reference, None),
        };
        // A colon before the last slash is a registry's port.
        let path = name.rfind('/').map_or(0, |slash| slash + 1);
        let (repository, tag) = match name[path..].rfind(':') {
            Some(colon) => (&name[..path + colon], Some(name[path + colon + 1..].to_owned())),
            None => (name, None),
        };
        Image { repository: repository.to_owned(), tag, digest }
    }

    /// What a person calls it: the tag, or else the start of the digest, or else the repository.
    pub fn short(&self) -> &str {
        match (&self.tag, &self.digest) {
            (Some(tag), _) => tag,
            (None, Some(digest)) => {
                let hex = digest.strip_prefix("sha256:").unwrap_or(digest);
                hex.get(..12).unwrap_or(hex)
            }
            (None, None) => &self.repository,
        }
    }
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registrys_port_is_not_taken_for_a_tag() {
        let image = Image::parse("127.0.0.1:5000/api");
        assert_eq!((image.tag.as_deref(), image.short()), (None, "127.0.0.1:5000/api"));
        let image = Image::parse("127.0.0.1:5000/api:a1b2c3d");
        assert_eq!((image.repository.as_str(), image.short()), ("127.0.0.1:5000/api", "a1b2c3d"));
    }

    #[test]
    fn a_digest_is_shortened_only_when_there_is_no_tag() {
        let text = "api@sha256:0123456789abcdef0123";
        let image = Image::parse(text);
        assert_eq!(image.short(), "0123456789ab");
        assert_eq!(image.to_string(), text);
    }
}
