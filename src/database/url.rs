//! A database URL, or the text of a Secrets Manager secret, to a [`Target`]. No error quotes what it read:
//! a password could be in it.

use std::path::PathBuf;

use serde_json::Value;

use super::target::{Roots, SslMode, Target};
use super::{DatabaseTrouble, DatabaseTroubleKind};
use crate::platform::Secret;
use crate::platform::text;

/// What a secret of RDS leaves out: a secret that RDS manages itself holds only user and password.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoint {
    /// From `DescribeDBInstances`.
    pub host: Option<String>,
    /// From `DescribeDBInstances`.
    pub port: Option<u16>,
    /// From the platform file.
    pub database: Option<String>,
}

impl Target {
    /// Reads `postgresql://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=…&sslrootcert=…&options=…`.
    ///
    /// `postgres://` and `postgresql+DRIVER://` mean the same. Parameters that only other clients know are kept in
    /// [`Target::ignored`]. Without `sslmode` it is `verify-full`, or `prefer` if the host is this machine.
    pub fn from_url(url: &str) -> Result<Target, DatabaseTrouble> {
        let (scheme, rest) = url.trim().split_once("://").ok_or_else(|| trouble("it is not a URL"))?;
        if !matches!(scheme.split('+').next(), Some("postgres" | "postgresql")) {
            return Err(trouble("it does not begin with postgresql://"));
        }
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, place) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = match login.split_once(':') {
            Some((user, password)) => (user, Some(decoded(password)?)),
            None => (login, None),
        };
        let (host, port) = host_and_port(place)?;
        let mut parts = Parts {
            host: Some(decoded(host)?),
            port,
            user: Some(decoded(user)?),
            database: Some(decoded(path)?),
            password,
            ..Parts::default()
        };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            parts.parameter(&decoded(name)?, decoded(value)?)?;
        }
        parts.target()
    }

    /// Reads the text of a secret: a URL, RDS's own JSON (`username`, `password`, `host`, `port`, `dbname`), or a
    /// JSON object with the URL in `url`, `DATABASE_URL` or `database_url`. What it leaves out is taken from
    /// `endpoint`.
    pub fn from_secret(secret: &str, endpoint: &Endpoint) -> Result<Target, DatabaseTrouble> {
        if !secret.trim_start().starts_with('{') {
            return Target::from_url(secret);
        }
        let object: Value = serde_json::from_str(secret)
            // serde_json's own words can quote the text.
            .map_err(|e| trouble(&format!("the secret is no JSON at line {}, column {}", e.line(), e.column())))?;
        let text = |name: &str| match &object[name] {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        if let Some(url) = ["url", "DATABASE_URL", "database_url"].into_iter().find_map(text) {
            return Target::from_url(&url);
        }
        let port = text("port").map(|port| port.parse().map_err(|_| trouble("its port is no number"))).transpose()?;
        Parts {
            host: text("host").or_else(|| endpoint.host.clone()),
            port: port.or(endpoint.port),
            user: text("username").or_else(|| text("user")),
            password: text("password"),
            database: text("dbname").or_else(|| text("database")).or_else(|| endpoint.database.clone()),
            ..Parts::default()
        }
        .target()
    }
}

#[derive(Default)]
struct Parts {
    host: Option<String>,
    port: Option<u16>,
    user: Option<String>,
    database: Option<String>,
    password: Option<String>,
    sslmode: Option<SslMode>,
    roots: Option<Roots>,
    options: Option<String>,
    ignored: Vec<String>,
}

impl Parts {
    fn parameter(&mut self, name: &str, value: String) -> Result<(), DatabaseTrouble> {
        match name {
            "host" => self.host = Some(value),
            "port" => self.port = Some(value.parse().map_err(|_| trouble("its port is no number up to 65535"))?),
            "user" => self.user = Some(value),
            "dbname" => self.database = Some(value),
            "password" => self.password = Some(value),
            "sslmode" => self.sslmode = Some(sslmode(&value)?),
            "sslrootcert" if value == "system" => self.roots = Some(Roots::System),
            "sslrootcert" => self.roots = Some(Roots::File(PathBuf::from(value))),
            "options" => self.options = Some(value),
            _ => self.ignored.push(text::printable(name).into_owned()),
        }
        Ok(())
    }

    fn target(self) -> Result<Target, DatabaseTrouble> {
        let text = Option::unwrap_or_default;
        let (host, user) = (text(self.host), text(self.user));
        // As libpq: the database is named after the role unless told.
        let database = self.database.filter(|name| !name.is_empty()).unwrap_or_else(|| user.clone());
        let mut target = Target::new(&host, self.port.unwrap_or(5432), &user, &database);
        target.password = self.password.map(Secret::new);
        target.roots = self.roots.unwrap_or_default();
        target.sslmode = match (self.sslmode, &target.roots) {
            (Some(mode), _) => mode,
            // Who names authorities wants them asked, on this machine too.
            (None, Roots::System | Roots::File(_)) => SslMode::VerifyFull,
            (None, Roots::AmazonAndSystem) => target.sslmode,
        };
        target.options = self.options;
        target.ignored = self.ignored;
        target.checked()
    }
}

fn sslmode(value: &str) -> Result<SslMode, DatabaseTrouble> {
    // node-postgres' word for a certificate that nobody looks at.
    let value = if value == "no-verify" { "require" } else { value };
    SslMode::ALL.into_iter().find(|mode| mode.name() == value).ok_or_else(|| {
        let names = SslMode::ALL.map(SslMode::name);
        let trouble = trouble("its sslmode is unknown");
        match text::nearest(value, names) {
            Some(name) => trouble.remedy(format!("probably sslmode={name}")),
            None => trouble.remedy(format!("it is one of {}", names.join(", "))),
        }
    })
}

fn host_and_port(place: &str) -> Result<(&str, Option<u16>), DatabaseTrouble> {
    if place.contains(',') {
        return Err(trouble("it names several hosts").remedy("name the one that writes: vacuum runs nowhere else"));
    }
    let (host, port) = match place.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']').ok_or_else(|| trouble("its IPv6 address has no closing ]"))?;
            (host, rest.strip_prefix(':').unwrap_or_default())
        }
        None => place.split_once(':').unwrap_or((place, "")),
    };
    let port = match port {
        "" => None,
        port => Some(port.parse().map_err(|_| {
            trouble("its port is no number up to 65535")
                .remedy("write / : @ ? # % inside a password as %2F %3A %40 %3F %23 %25")
        })?),
    };
    Ok((host, port))
}

/// Percent-encoding undone.
fn decoded(text: &str) -> Result<String, DatabaseTrouble> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        if *first != b'%' {
            bytes.push(*first);
            rest = more;
            continue;
        }
        let digit = |at: usize| more.get(at).and_then(|c| char::from(*c).to_digit(16)).map(|d| d as u8);
        let (Some(high), Some(low)) = (digit(0), digit(1)) else {
            return Err(trouble("a % in it is not followed by two hex digits").remedy("write a % itself as %25"));
        };
        bytes.push(high * 16 + low);
        rest = &more[2..];
    }
    String::from_utf8(bytes).map_err(|_| trouble("its %-encoded characters are not UTF-8"))
}

fn trouble(why: &str) -> DatabaseTrouble {
    DatabaseTrouble::new(DatabaseTroubleKind::Configuration, "read the database URL", why)
        .remedy("write it as postgresql://USER:PASSWORD@HOST:5432/DATABASE")
}

#[cfg(test)]
#[path = "url_tests.rs"]
mod tests;
