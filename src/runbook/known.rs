//! What a template may name beside the runbook's own parameters.

use serde::{Serialize, Serializer};

use super::kind::Kind;

/// A value that is known without asking: a fact of the platform, or what an earlier step made.
#[derive(Debug, PartialEq, Eq)]
pub struct Known {
    /// `service.desired`.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// What it is.
    pub doc: &'static str,
    /// Steps make it, so it is there only after one of them.
    pub made: bool,
}

impl Serialize for Known {
    /// Its name.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name)
    }
}

const fn fact(name: &'static str, kind: Kind, doc: &'static str) -> Known {
    Known { name, kind, doc, made: false }
}

const fn made(name: &'static str, kind: Kind, doc: &'static str) -> Known {
    Known { name, kind, doc, made: true }
}

/// All of them.
pub static KNOWN: [Known; 17] = [
    fact("platform.name", Kind::Text, "the platform's name"),
    fact("platform.account", Kind::Text, "the AWS account's twelve digits"),
    fact("platform.region", Kind::Text, "the AWS region"),
    fact("service.name", Kind::Text, "the service's name"),
    fact("service.cluster", Kind::Text, "its cluster's name"),
    fact("service.desired", Kind::Integer, "tasks wanted now"),
    fact("service.running", Kind::Integer, "tasks running now"),
    fact("service.revision", Kind::Revision, "the revision it runs"),
    fact("service.previous", Kind::Revision, "the newest revision that ran successfully before the present one"),
    fact("service.health-url", Kind::Url, "its health URL"),
    fact("scaling.min", Kind::Integer, "auto scaling's fewest tasks"),
    fact("scaling.max", Kind::Integer, "auto scaling's most tasks"),
    fact("database.id", Kind::Text, "the RDS instance's identifier"),
    fact("database.name", Kind::Text, "the database's name"),
    made("built.image", Kind::Image, "the image that image.build made, on this machine only"),
    made("ready.image", Kind::Image, "the image that stands in ECR, by digest: image.find or image.push"),
    made("registered.revision", Kind::Revision, "the revision that ecs.register-image made"),
];

/// The known value of this name.
pub fn known(name: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|k| k.name == name)
}
