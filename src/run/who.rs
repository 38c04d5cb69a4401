//! Who starts a run: for AWS, on this machine, and from where.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::platform::Identity;

/// Who started a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    /// The AWS account.
    pub account: String,
    /// The caller's ARN.
    pub arn: String,
    /// The user of this machine.
    pub user: String,
    /// Whom `sudo` was called by, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sudo: Option<String>,
    /// This machine's name.
    pub host: String,
    /// The address that the SSH session came from, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssh: Option<String>,
}

impl Who {
    /// Whoever runs this process, as AWS and the machine know them.
    pub fn here(identity: &Identity) -> Who {
        let of = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        Who {
            account: identity.account.clone(),
            arn: identity.arn.clone(),
            user: user(),
            sudo: of("SUDO_USER"),
            host: std::fs::read_to_string("/proc/sys/kernel/hostname")
                .map(|name| name.trim().to_owned())
                .ok()
                .or_else(|| of("HOSTNAME"))
                .unwrap_or_default(),
            ssh: of("SSH_CONNECTION").and_then(|connection| origin(&connection)),
        }
    }
}

impl fmt::Display for Who {
    /// `ana (arn:…) as ubuntu on bastion from 203.0.113.7`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let identity = Identity { account: self.account.clone(), arn: self.arn.clone() };
        write!(f, "{} ({}) as {} on {}", identity.who(), self.arn, self.user, self.host)?;
        if let Some(sudo) = &self.sudo {
            write!(f, " by sudo of {sudo}")?;
        }
        match &self.ssh {
            Some(ssh) => write!(f, " from {ssh}"),
            None => Ok(()),
        }
    }
}

/// The account that the process runs as; by the number, because `USER` can say anything.
pub fn user() -> String {
    let uid = rustix::process::getuid().as_raw();
    let name = std::fs::read_to_string("/etc/passwd").ok().and_then(|passwd| name_of(&passwd, uid));
    name.or_else(|| std::env::var("USER").ok()).unwrap_or_else(|| format!("uid {uid}"))
}

fn name_of(passwd: &str, uid: u32) -> Option<String> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

/// `SSH_CONNECTION` is `client port server port`.
fn origin(connection: &str) -> Option<String> {
    connection.split_whitespace().next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_is_the_one_of_the_number_and_the_origin_is_the_client() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\nana:x:1000:1000::/home/ana:/bin/sh\n";
        assert_eq!((name_of(passwd, 1000).as_deref(), name_of(passwd, 7)), (Some("ana"), None));
        assert_eq!(origin("2001:db8::7 50412 10.0.0.1 22").as_deref(), Some("2001:db8::7"));
    }
}
