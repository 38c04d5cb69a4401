//! What tokio-postgres and rustls say, as a [`DatabaseTrouble`].

use std::error::Error as StdError;
use std::io;

use rustls::CertificateError;
use tokio_postgres::Error;
use tokio_postgres::error::DbError;

use crate::platform::text::printable;

use super::trouble::{DatabaseTrouble, DatabaseTroubleKind as Kind};

/// The trouble behind an error of a statement or a connection. `what` was being done, as an infinitive.
pub(super) fn trouble(what: &str, error: &Error) -> DatabaseTrouble {
    if let Some(said) = error.as_db_error() {
        return refused(what, said);
    }
    if let Some(tls) = cause::<rustls::Error>(error) {
        return tls_trouble(what, tls);
    }
    if let Some(io) = cause::<io::Error>(error) {
        return io_trouble(what, io);
    }
    let reason = error.source().map_or_else(|| error.to_string(), ToString::to_string);
    if error.is_closed() {
        return gone(what);
    }
    if reason == "password missing" {
        return DatabaseTrouble::new(Kind::Login, what, "the server wants a password and the URL has none")
            .remedy("write it into the URL or the secret as postgresql://USER:PASSWORD@HOST/DATABASE");
    }
    if reason.contains("does not support TLS") {
        return DatabaseTrouble::new(Kind::NoTls, what, "the server has no TLS")
            .remedy("turn on ssl at the server, or add sslmode=disable to the URL if the line is safe");
    }
    DatabaseTrouble::new(Kind::Other, what, reason)
}

/// The connection ended in the middle.
pub(super) fn gone(what: &str) -> DatabaseTrouble {
    DatabaseTrouble::new(Kind::Gone, what, "the connection to the server broke")
        .remedy("see whether the instance restarts or fails over, then try again")
}

/// No answer within our own patience.
pub(super) fn no_answer(what: &str, patience: std::time::Duration) -> DatabaseTrouble {
    DatabaseTrouble::new(Kind::TimedOut, what, format!("no answer within {} s", patience.as_secs_f64().round()))
        .remedy("the security group, the route or the VPN may not let this machine through")
}

fn cause<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        // An io::Error's source() is the source of what it wraps, not what it wraps.
        if let Some(inner) = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref)
            && let Some(found) = cause_of_inner(inner)
        {
            return Some(found);
        }
        next = error.source();
    }
    None
}

fn cause_of_inner<'a, E: StdError + 'static>(inner: &'a (dyn StdError + Send + Sync + 'static)) -> Option<&'a E> {
    inner.downcast_ref()
}

/// PostgreSQL answered with an error.
fn refused(what: &str, said: &DbError) -> DatabaseTrouble {
    let words = said.message();
    let new = |kind, why: &str| DatabaseTrouble::new(kind, what, why);
    let trouble = match said.code().code() {
        "28P01" => new(Kind::Login, "the password is wrong, or there is no such role")
            .remedy("see whether the secret was rotated and the URL not"),
        "28000" if words.contains("no encryption") => {
            new(Kind::Login, "the server refuses connections without TLS").remedy("take sslmode=disable out of the URL")
        }
        "28000" => new(Kind::Login, words).remedy("the server's pg_hba.conf or its roles do not let this one in"),
        "3D000" => new(Kind::NoDatabase, words).remedy("psql -l lists the databases of the server"),
        "42501" => new(Kind::NoRight, words)
            .remedy("log in as the owner, or as a role with pg_maintain (PostgreSQL 17 and newer)"),
        "53300" => new(Kind::TooManyConnections, &format!("all connection slots are taken ({words})"))
            .remedy("scale the service in or end idle sessions; a role with reserved slots may still get in"),
        "55P03" => new(Kind::LockTimeout, "somebody else holds a lock on it, and lock_timeout has passed")
            .remedy("see who blocks, and try again when it is done"),
        "57014" if words.contains("statement timeout") => {
            new(Kind::TimedOut, "the server did not finish within statement_timeout")
        }
        "57014" => new(Kind::Canceled, "it was canceled"),
        "57P01" => new(Kind::ShuttingDown, "the server goes down, or an administrator ended the session")
            .remedy("see whether the instance restarts or fails over, then try again"),
        "57P02" => new(Kind::ShuttingDown, "a process of the server crashed, and it restarts all of them")
            .remedy("wait until it is available, then try again"),
        "57P03" => new(Kind::ShuttingDown, words).remedy("wait until it is available, then try again"),
        "57P05" | "25P03" => new(Kind::Gone, "the server ended the session because it was idle"),
        "25006" => new(Kind::Standby, "it is a standby, which can't be written to")
            .remedy("use the endpoint of the instance that writes"),
        "53100" => new(Kind::NoStorage, words).remedy("give the instance more storage before anything else"),
        "42P01" => new(Kind::NoTable, "the table is not there"),
        "42601" | "42703" | "42883" => {
            new(Kind::Unsupported, &format!("the server does not know the question ({words})"))
        }
        _ => new(Kind::Other, &words_with_detail(said)),
    };
    DatabaseTrouble { sqlstate: Some(said.code().code().to_owned()), said: Some(printable(words).into()), ..trouble }
}

fn words_with_detail(said: &DbError) -> String {
    match said.detail() {
        Some(detail) => format!("{} ({detail})", said.message()),
        None => said.message().to_owned(),
    }
}

fn io_trouble(what: &str, error: &io::Error) -> DatabaseTrouble {
    let new = |kind, why: &str| DatabaseTrouble::new(kind, what, why);
    match error.kind() {
        io::ErrorKind::ConnectionRefused => new(Kind::Refused, "nothing listens there (connection refused)")
            .remedy("look at host and port, and whether the instance is available"),
        io::ErrorKind::NotFound => new(Kind::Refused, "there is no such socket")
            .remedy("look at the socket's folder and at the port, and whether the server runs"),
        io::ErrorKind::TimedOut => new(Kind::TimedOut, "no answer in time")
            .remedy("the security group, the route or the VPN may not let this machine through"),
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe => gone(what),
        // The resolver's errors have no kind of their own.
        _ if error.to_string().contains("lookup address") => new(Kind::UnknownHost, "the host name has no address")
            .remedy("look at the host's spelling, and whether this machine can see the VPC's names"),
        _ => new(Kind::Unreachable, &error.to_string()),
    }
}

fn tls_trouble(what: &str, error: &rustls::Error) -> DatabaseTrouble {
    let new = |kind, why: &str| DatabaseTrouble::new(kind, what, why);
    let rustls::Error::InvalidCertificate(certificate) = error else {
        return new(Kind::NoTls, &format!("no TLS could be agreed on ({error})"));
    };
    match certificate {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            new(Kind::Certificate, "its certificate is signed by nobody that is trusted here").remedy(
                "name its authority's file with sslrootcert=FILE; somebody on the line could also pose as the server",
            )
        }
        CertificateError::NotValidForName => new(Kind::Certificate, "its certificate is for another host name")
            .remedy("connect by the name in the certificate, not through an alias or an address"),
        CertificateError::NotValidForNameContext { expected, presented } => {
            let expected = expected.to_str();
            let presented: Vec<&str> = presented.iter().map(|name| plain_name(name)).collect();
            new(Kind::Certificate, &format!("its certificate is for {}, not for {expected}", presented.join(" and ")))
                .remedy("connect by the name in the certificate, not through an alias or an address")
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            new(Kind::Certificate, "its certificate has expired")
                .remedy("rotate the instance's certificate, or look at this machine's clock")
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            new(Kind::Certificate, "its certificate is not valid yet").remedy("look at this machine's clock")
        }
        other if format!("{other:?}").contains("CaUsedAsEndEntity") => {
            new(Kind::Certificate, "it presents an authority's certificate as its own")
                .remedy("give the server a certificate of its own, signed by that authority")
        }
        other => new(Kind::Certificate, &format!("its certificate can't be used ({other})")),
    }
}

/// webpki writes a name as `DnsName("db.example")`.
fn plain_name(name: &str) -> &str {
    name.split('"').nth(1).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_name_in_a_certificate_is_told_with_both_names() {
        let error = rustls::Error::InvalidCertificate(CertificateError::NotValidForNameContext {
            expected: rustls::pki_types::ServerName::try_from("db.example").unwrap(),
            presented: vec!["DnsName(\"other.example\")".to_owned()],
        });
        let wrapped = io::Error::new(io::ErrorKind::InvalidData, error);
        let found: &rustls::Error = cause(&wrapped).unwrap();
        let trouble = tls_trouble("connect", found);
        assert_eq!(trouble.why, "its certificate is for other.example, not for db.example");
        assert_eq!(trouble.kind, Kind::Certificate);
    }

    #[test]
    fn a_dead_network_and_a_closed_port_have_different_remedies() {
        let of = |kind| io_trouble("connect", &io::Error::from(kind));
        assert_eq!(of(io::ErrorKind::ConnectionRefused).kind, Kind::Refused);
        assert_eq!(of(io::ErrorKind::TimedOut).kind, Kind::TimedOut);
        assert_eq!(of(io::ErrorKind::ConnectionReset).kind, Kind::Gone);
        assert_eq!(of(io::ErrorKind::HostUnreachable).kind, Kind::Unreachable);
        assert_ne!(of(io::ErrorKind::ConnectionRefused).remedy, of(io::ErrorKind::TimedOut).remedy);
    }
}
