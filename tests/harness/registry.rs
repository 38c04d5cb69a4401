//! A real container registry: Debian's docker-registry. Each is a folder of its own, and ends with this process.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::packaged::Packaged;
use super::tools::run;

static REGISTRY: Packaged = Packaged::new("docker-registry", &["--version"], &["docker-registry"]);
static HTPASSWD: Packaged = Packaged::new("htpasswd", &["-nbB", "who", "secret"], &["apache2-utils"]);

/// Ends the registry with its standard input, and leaves nothing behind.
const KEEPER: &str = r#""$2" serve "$1/config.yml" >"$1/log" 2>&1 & server=$!
read -r _; kill $server; wait $server; rm -rf "$1""#;

/// A registry that one user may sign in to: `AWS`.
pub struct Registry {
    /// `127.0.0.1:PORT`, over plain HTTP.
    pub host: String,
    home: PathBuf,
    keeper: Child,
}

impl Registry {
    /// One whose user has this password. A read-only one refuses every push.
    pub fn start(password: &str, read_only: bool) -> Registry {
        let program = REGISTRY.path();
        let entry = run(HTPASSWD.command().args(["-Bbn", "AWS", password])).unwrap();
        // The keeper removes it.
        let home = tempfile::Builder::new().prefix("plantao-registry-").tempdir().expect("a folder for it").keep();
        fs::write(home.join("htpasswd"), entry).expect("the folder can be written");
        // Between finding a free port and taking it, somebody else can take it.
        for _ in 0..5 {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
            let host = listener.local_addr().expect("it has an address").to_string();
            drop(listener);
            let folder = home.display();
            let config = format!(
                "version: 0.1\nstorage:\n  filesystem: {{rootdirectory: {folder}/data}}\n  \
                 maintenance: {{readonly: {{enabled: {read_only}}}}}\nhttp: {{addr: \"{host}\"}}\n\
                 auth: {{htpasswd: {{realm: test, path: {folder}/htpasswd}}}}\n"
            );
            fs::write(home.join("config.yml"), config).expect("the folder can be written");
            let one_at_a_time = super::starting();
            let keeper = Command::new("/bin/sh")
                .args(["-c", KEEPER, "sh"])
                .arg(&home)
                .arg(program)
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("a shell");
            drop(one_at_a_time);
            let registry = Registry { host, home: home.clone(), keeper };
            if registry.is_ready() {
                return registry;
            }
        }
        panic!("docker-registry does not start:\n{}", fs::read_to_string(home.join("log")).unwrap_or_default());
    }

    fn is_ready(&self) -> bool {
        let end = Instant::now() + Duration::from_secs(30);
        while Instant::now() < end {
            let log = fs::read_to_string(self.home.join("log")).unwrap_or_default();
            if log.contains("address already in use") {
                return false;
            }
            if log.contains("listening on") && TcpStream::connect(&self.host).is_ok() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        false
    }

    /// Tags, digests and architectures of what is in a repository, as the registry's own files say.
    pub fn images(&self, repository: &str) -> Vec<(String, String, String)> {
        let data = self.home.join("data/docker/registry/v2");
        let blob = |digest: &str| -> Option<Value> {
            let hex = digest.strip_prefix("sha256:")?;
            let path = data.join("blobs/sha256").join(&hex[..2]).join(hex).join("data");
            serde_json::from_slice(&fs::read(path).ok()?).ok()
        };
        let tags = fs::read_dir(data.join("repositories").join(repository).join("_manifests/tags"));
        let tags = tags.into_iter().flatten().flatten();
        tags.filter_map(|tag| {
            let digest = fs::read_to_string(tag.path().join("current/link")).ok()?;
            let config = blob(&digest)?["config"]["digest"].as_str()?.to_owned();
            let architecture = blob(&config)?["architecture"].as_str()?.to_owned();
            Some((tag.file_name().to_string_lossy().into_owned(), digest, architecture))
        })
        .collect()
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}
