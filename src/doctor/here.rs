//! What this machine can do: pages in reach, tools on the PATH, the terminal.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::time::Duration;

use futures::future::join_all;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Check, Outcome};
use crate::platform::Platform;
use crate::run;

const CONTAINER: &str = "container tool";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Whether the health pages of the services can be connected to, all at once. No request is made: a
/// proxy or a firewall in between is what is looked for.
pub(super) async fn pages(platform: &Platform) -> Vec<Check> {
    let pages = platform.services.iter().filter_map(|service| {
        let url = service.health_url.as_ref()?;
        let what = format!("health of {}", platform.service_name(service));
        Some(async move {
            let Some((host, port)) = address(url) else {
                return Check::new("network", what, Outcome::Warn, format!("{url} names no host"));
            };
            let outcome = timeout(CONNECT_TIMEOUT, TcpStream::connect((host.as_str(), port))).await;
            match outcome {
                Ok(Ok(_)) => Check::new("network", what, Outcome::Ok, format!("{host}:{port} accepts connections")),
                Ok(Err(_)) => Check::new("network", what, Outcome::Warn, format!("no connection to {host}:{port}"))
                    .remedy("it may be private to the VPC; what CloudWatch and ECS say does not depend on it"),
                Err(_) => Check::new("network", what, Outcome::Warn, format!("{host}:{port} does not answer in 5 s")),
            }
        })
    });
    join_all(pages).await
}

/// Host and port of an address.
fn address(url: &str) -> Option<(String, u16)> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let authority = authority.rsplit('@').next()?;
    let usual = if scheme == "http" { 80 } else { 443 };
    let (host, port) = match authority.strip_prefix('[') {
        Some(v6) => {
            let (host, port) = v6.split_once(']')?;
            (host, port.strip_prefix(':'))
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let port = port.map_or(Some(usual), |port| port.parse().ok())?;
    (!host.is_empty()).then(|| (host.to_owned(), port))
}

/// Tools that runbooks use; the dashboard needs none of them.
pub(super) fn tools(path: Option<&OsStr>) -> Vec<Check> {
    let folders: Vec<_> = path.map(|path| std::env::split_paths(path).collect()).unwrap_or_default();
    let at = |name: &&str| folders.iter().map(|folder| folder.join(name)).find(|file| is_executable(file));
    let wanted: [(&str, &[&str], &str); 4] = [
        ("session-manager-plugin", &["session-manager-plugin"], "a shell in a task needs it"),
        ("pg_dump", &["pg_dump"], "dumps before a risky change need it"),
        ("psql", &["psql"], "a database prompt of your own needs it"),
        ("git", &["git"], "tags of emergency builds come from it"),
    ];
    wanted
        .into_iter()
        .map(|(what, names, purpose)| match names.iter().find_map(at) {
            Some(file) => Check::new("tools", what, Outcome::Ok, file.display().to_string()),
            None => Check::new("tools", what, Outcome::Note, format!("{} not found: {purpose}", names.join(", "))),
        })
        .collect()
}

/// What an emergency deploy would build with, found as it finds it: a docker whose daemon is gone is passed over.
pub(super) async fn container() -> Check {
    match run::builder().await {
        Ok((version, program)) => {
            Check::new("tools", CONTAINER, Outcome::Ok, format!("{version}: {}", program.display()))
        }
        Err(why) => Check::new("tools", CONTAINER, Outcome::Note, format!("emergency deploys can't build here: {why}")),
    }
}

fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(file).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// What the terminal says of itself. `size` is columns and rows; `None` where there is no terminal.
pub(super) fn terminal(variable: impl Fn(&str) -> Option<String>, size: Option<(u16, u16)>) -> Vec<Check> {
    const GROUP: &str = "terminal";
    let term = variable("TERM");
    let mut checks = vec![match term.as_deref() {
        None => {
            Check::new(GROUP, "TERM", Outcome::Warn, "not set: no screen can be drawn").remedy("use plantao status")
        }
        Some("dumb") => {
            Check::new(GROUP, "TERM", Outcome::Warn, "dumb: no screen can be drawn").remedy("use plantao status")
        }
        Some(term) => Check::new(GROUP, "TERM", Outcome::Ok, term),
    }];
    let term = term.unwrap_or_default();
    let colours = if variable("NO_COLOR").is_some() {
        "none, as NO_COLOR asks"
    } else if variable("COLORTERM").is_some_and(|c| c == "truecolor" || c == "24bit") {
        "16 million"
    } else if term.contains("256color") {
        "256"
    } else {
        "16"
    };
    checks.push(Check::new(GROUP, "colours", Outcome::Ok, colours));
    checks.push(match size {
        Some((columns, rows)) if columns >= 80 && rows >= 24 => {
            Check::new(GROUP, "size", Outcome::Ok, format!("{columns} x {rows}"))
        }
        Some((columns, rows)) => {
            Check::new(GROUP, "size", Outcome::Note, format!("{columns} x {rows}: below 80 x 24, panels stack"))
        }
        None => Check::new(GROUP, "size", Outcome::Note, "this is no terminal"),
    });
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| Some((name, variable(name)?)));
    let utf8 = |value: &str| {
        let value = value.to_ascii_lowercase();
        value.contains("utf-8") || value.contains("utf8")
    };
    checks.push(match locale {
        Some((name, value)) if utf8(&value) => Check::new(GROUP, "locale", Outcome::Ok, format!("{name}={value}")),
        other => {
            let said = other.map_or_else(|| "none set".to_owned(), |(name, value)| format!("{name}={value}"));
            Check::new(GROUP, "locale", Outcome::Note, format!("{said}: not UTF-8, so charts are drawn in ASCII"))
                .remedy("export LC_ALL=C.UTF-8")
        }
    });
    let inside = if variable("TMUX").is_some() {
        Some("tmux: set -g set-clipboard on, for copying over SSH")
    } else if variable("STY").is_some() || term.starts_with("screen") {
        Some("screen")
    } else {
        None
    };
    checks.extend(inside.map(|inside| Check::new(GROUP, "multiplexer", Outcome::Note, inside)));
    checks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart_as_a_browser_does() {
        let of = |url| address(url).map(|(host, port)| format!("{host} {port}"));
        assert_eq!(of("https://api.example.com/health").as_deref(), Some("api.example.com 443"));
        assert_eq!(of("http://u:p@localhost:8080?x").as_deref(), Some("localhost 8080"));
        assert_eq!(of("http://[::1]:81/").as_deref(), Some("::1 81"));
        assert_eq!(of("https://:443"), None);
        assert_eq!(of("https://host:port"), None);
    }

    #[test]
    fn a_missing_tool_is_no_failure() {
        let checks = tools(None);
        assert!(checks.iter().all(|check| check.outcome == Outcome::Note));
        assert!(checks[1].found.contains("pg_dump not found"));
    }

    #[test]
    fn a_file_on_the_path_that_cannot_be_run_is_no_tool() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let git = folder.path().join("git");
        fs::write(&git, "").unwrap();
        fs::set_permissions(&git, fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(tools(Some(folder.path().as_os_str()))[3].outcome, Outcome::Note);
        fs::set_permissions(&git, fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(tools(Some(folder.path().as_os_str()))[3].outcome, Outcome::Ok);
    }

    #[test]
    fn a_poor_terminal_is_told_what_it_will_get() {
        let checks = terminal(|name| (name == "TERM").then(|| "dumb".to_owned()), Some((40, 10)));
        let found: Vec<_> = checks.iter().map(|check| check.found.as_str()).collect();
        assert!(found[0].contains("no screen"), "{found:?}");
        assert!(found[2].contains("40 x 10"), "{found:?}");
        assert!(found[3].contains("ASCII"), "{found:?}");
        let rich = |name: &str| match name {
            "TERM" => Some("tmux-256color".to_owned()),
            "LANG" => Some("pt_BR.UTF-8".to_owned()),
            "TMUX" => Some("/tmp/tmux".to_owned()),
            _ => None,
        };
        let checks = terminal(rich, Some((120, 40)));
        assert!(checks[..4].iter().all(|check| check.outcome == Outcome::Ok), "{checks:#?}");
        assert!(checks[4].found.starts_with("tmux"));
    }
}
