//! Who asks AWS.

use serde::Serialize;

/// `sts get-caller-identity`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Identity {
    /// Twelve digits.
    pub account: String,
    /// The caller's ARN.
    pub arn: String,
}

impl Identity {
    /// The person or role session, as a person says it: the last part of the ARN.
    pub fn who(&self) -> &str {
        self.arn.rsplit(['/', ':']).next().unwrap_or(&self.arn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_person_is_the_last_part_of_the_arn() {
        let who = |arn: &str| Identity { account: String::new(), arn: arn.to_owned() }.who().to_owned();
        assert_eq!(who("arn:aws:iam::123456789012:user/ana"), "ana");
        assert_eq!(who("arn:aws:sts::123456789012:assumed-role/on-call/ana@example.com"), "ana@example.com");
        assert_eq!(who("arn:aws:iam::123456789012:root"), "root");
    }
}
