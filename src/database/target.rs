//! Where a database is, who asks, and how much TLS is wanted.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use super::{DatabaseTrouble, DatabaseTroubleKind};
use crate::platform::Secret;
use crate::platform::text::shell_word;

/// Where a database is and who asks: what a connection needs, and no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// A host name, an IP address, or the folder of a Unix socket (it then begins with `/`).
    pub host: String,
    /// TCP port; 5432 unless told.
    pub port: u16,
    /// The role that logs in.
    pub user: String,
    /// The database inside the server.
    pub database: String,
    /// Its password, if it has one.
    pub password: Option<Secret>,
    /// How much TLS, as libpq means it.
    pub sslmode: SslMode,
    /// Whose certificates are trusted, as libpq's `sslrootcert`.
    pub roots: Roots,
    /// Command-line options for the server process, libpq's `options`: `-c search_path=app`.
    pub options: Option<String>,
    /// Parameters of the URL that mean nothing to PostgreSQL, such as Prisma's `connection_limit`; they are ignored.
    pub ignored: Vec<String>,
}

/// libpq's `sslmode`.
///
/// From the PostgreSQL documentation, "Protection Provided in Different Modes".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SslMode {
    /// Never TLS.
    Disable,
    /// No TLS unless the server wants it.
    Allow,
    /// TLS if the server has it, any certificate; without it otherwise.
    Prefer,
    /// TLS; any certificate, unless root certificates are named, which make it [`SslMode::VerifyCa`].
    Require,
    /// TLS, and a certificate that a trusted authority signed.
    VerifyCa,
    /// TLS, a trusted certificate, and the host's name in it.
    VerifyFull,
}

impl SslMode {
    /// All modes, the weakest first.
    pub const ALL: [SslMode; 6] =
        [SslMode::Disable, SslMode::Allow, SslMode::Prefer, SslMode::Require, SslMode::VerifyCa, SslMode::VerifyFull];

    /// As a URL writes it: `verify-full`.
    pub fn name(self) -> &'static str {
        match self {
            SslMode::Disable => "disable",
            SslMode::Allow => "allow",
            SslMode::Prefer => "prefer",
            SslMode::Require => "require",
            SslMode::VerifyCa => "verify-ca",
            SslMode::VerifyFull => "verify-full",
        }
    }
}

/// The certificate authorities that are trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Roots {
    /// Amazon's for RDS and RDS Proxy (shipped), and the system's.
    #[default]
    AmazonAndSystem,
    /// The system's only: libpq's `sslrootcert=system`.
    System,
    /// Those of a PEM file, and no others.
    File(PathBuf),
}

impl Target {
    /// A target without a password; [`SslMode::VerifyFull`] unless the host is this machine.
    pub fn new(host: &str, port: u16, user: &str, database: &str) -> Target {
        let sslmode = if is_this_machine(host) { SslMode::Prefer } else { SslMode::VerifyFull };
        Target {
            host: host.to_owned(),
            port,
            user: user.to_owned(),
            database: database.to_owned(),
            password: None,
            sslmode,
            roots: Roots::default(),
            options: None,
            ignored: Vec::new(),
        }
    }

    /// A Unix socket's folder: no TCP, no TLS.
    pub fn is_socket(&self) -> bool {
        self.host.starts_with('/')
    }

    /// The same place for `psql`, without the password: `psql "host=… port=5432 user=ana dbname=analytics sslmode=verify-full"`.
    pub fn psql(&self) -> String {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:".contains(c);
        let value = |text: &str| {
            if !text.is_empty() && text.chars().all(plain) {
                text.to_owned()
            } else {
                format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
            }
        };
        let mut command = format!(
            "host={} port={} user={} dbname={} sslmode={}",
            value(&self.host),
            self.port,
            value(&self.user),
            value(&self.database),
            self.sslmode.name()
        );
        match &self.roots {
            Roots::AmazonAndSystem => {}
            Roots::System => command.push_str(" sslrootcert=system"),
            Roots::File(path) => command.extend([" sslrootcert=", &value(&path.to_string_lossy())]),
        }
        format!("psql {}", shell_word(&command))
    }

    /// Refuses what no server could have: an empty host, a NUL in a name.
    pub(super) fn checked(self) -> Result<Target, DatabaseTrouble> {
        for (name, text) in [("host", &self.host), ("user", &self.user), ("database", &self.database)] {
            let why = match text {
                text if text.is_empty() => format!("it names no {name}"),
                text if text.contains('\0') => format!("its {name} has a NUL character in it"),
                _ => continue,
            };
            return Err(DatabaseTrouble::new(DatabaseTroubleKind::Configuration, "read the database URL", why)
                .remedy("write it as postgresql://USER:PASSWORD@HOST:5432/DATABASE"));
        }
        Ok(self)
    }
}

impl fmt::Display for Target {
    /// `ana@db.example:5432/analytics`, never a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let text = format!("{}@{host}:{}/{}", self.user, self.port, self.database);
        f.write_str(&crate::platform::text::printable(&text))
    }
}

/// A socket's folder, `localhost` and loopback addresses: a line that TLS would not make safer.
pub(super) fn is_this_machine(host: &str) -> bool {
    host.starts_with('/') || host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_to_copy_keeps_names_together_and_holds_no_password() {
        let mut target = Target::new("db.example", 5433, "o'brien", "two words");
        target.password = Some(Secret::new("hunter2"));
        let command = target.psql();
        assert_eq!(
            command,
            r"psql 'host=db.example port=5433 user='\''o\'\''brien'\'' dbname='\''two words'\'' sslmode=verify-full'"
        );
        assert!(!command.contains("hunter2"));
    }

    #[test]
    fn a_target_can_be_printed_and_the_password_cannot() {
        let mut target = Target::new("::1", 5432, "ana", "analytics");
        target.password = Some(Secret::new("hunter2"));
        assert_eq!(target.to_string(), "ana@[::1]:5432/analytics");
        assert!(!format!("{target:?} {target:#?}").contains("hunter2"));
    }

    #[test]
    fn only_this_machine_is_reached_without_a_checked_certificate_by_default() {
        for host in ["localhost", "127.0.0.1", "::1", "/var/run/postgresql"] {
            assert_eq!(Target::new(host, 1, "a", "b").sslmode, SslMode::Prefer, "{host}");
        }
        for host in ["10.0.0.1", "analytics.example", "localhost.evil.example"] {
            assert_eq!(Target::new(host, 1, "a", "b").sslmode, SslMode::VerifyFull, "{host}");
        }
    }
}
