//! A real container registry, and real tools that build and push: Debian's docker-registry, podman and buildah, without
//! any engine. Each registry and each store of images is a folder of its own, and ends with this process.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;

const PROGRAMS: [&str; 5] = ["podman", "buildah", "docker-registry", "htpasswd", "git"];
const PACKAGES: [&str; 6] = ["podman", "buildah", "docker-registry", "apache2-utils", "crun", "git"];

/// Ends the registry with its standard input, and leaves nothing behind.
const KEEPER: &str = r#"docker-registry serve "$1/config.yml" >"$1/log" 2>&1 & server=$!
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
        installed();
        let home = tempfile::Builder::new().prefix("plantao-registry-").tempdir().expect("a folder for it").keep();
        let entry = output(Command::new("htpasswd").args(["-Bbn", "AWS", password]));
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

/// A folder in which container tools work without an engine and without touching the machine's own images.
pub struct Workshop {
    /// All of it.
    pub home: PathBuf,
    _folder: tempfile::TempDir,
}

impl Workshop {
    /// With these tools and git on its PATH, and nothing else. `insecure` is a registry that speaks plain HTTP.
    pub fn new(tools: &[&str], insecure: &str) -> Workshop {
        installed();
        let folder = tempfile::Builder::new().prefix("plantao-workshop-").tempdir().expect("a folder for it");
        let home = folder.path().to_owned();
        fs::create_dir(home.join("bin")).expect("the folder can be written");
        for tool in tools.iter().chain(&["git"]) {
            symlink(program(tool).expect("it is installed"), home.join("bin").join(tool)).expect("a link");
        }
        let shown = home.display();
        fs::write(home.join("registries.conf"), format!("[[registry]]\nlocation = \"{insecure}\"\ninsecure = true\n"))
            .expect("the folder can be written");
        let storage =
            format!("[storage]\ndriver = \"vfs\"\ngraphroot = \"{shown}/images\"\nrunroot = \"{shown}/run\"\n");
        fs::write(home.join("storage.conf"), storage).expect("the folder can be written");
        Workshop { home, _folder: folder }
    }

    /// Puts a script before a tool: `$TOOL` is the tool itself, `$HERE` this folder.
    pub fn wrap(&self, tool: &str, script: &str) {
        use std::os::unix::fs::PermissionsExt;
        let link = self.home.join("bin").join(tool);
        fs::remove_file(&link).expect("it is there");
        let program = program(tool).expect("it is installed");
        let text = format!("#!/bin/sh\nTOOL={}\nHERE={}\n{script}\n", program.display(), self.home.display());
        fs::write(&link, text).expect("the folder can be written");
        fs::set_permissions(&link, fs::Permissions::from_mode(0o755)).expect("it is ours");
    }

    /// What the tools' environment must be.
    pub fn env(&self) -> Vec<(&'static str, PathBuf)> {
        vec![
            ("PATH", self.home.join("bin")),
            ("STORAGE_DRIVER", "vfs".into()),
            ("BUILDAH_ISOLATION", "chroot".into()),
            ("CONTAINERS_REGISTRIES_CONF", self.home.join("registries.conf")),
            ("CONTAINERS_STORAGE_CONF", self.home.join("storage.conf")),
        ]
    }

    /// A context to build, committed to git.
    pub fn context(&self, dockerfile: &str) -> PathBuf {
        let context = self.home.join("context");
        fs::create_dir(&context).expect("the folder can be written");
        fs::write(context.join("Dockerfile"), dockerfile).expect("the folder can be written");
        fs::write(context.join("hello"), "hello\n").expect("the folder can be written");
        let git = |arguments: &[&str]| {
            let who = ["-c", "user.name=ana", "-c", "user.email=ana@example.com", "-c", "commit.gpgsign=false"];
            output(Command::new("git").arg("-C").arg(&context).args(who).args(arguments));
        };
        git(&["init", "--quiet"]);
        git(&["add", "."]);
        git(&["commit", "--quiet", "--message", "a fix"]);
        context
    }
}

fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/bin"), PathBuf::from("/usr/sbin")]);
    folders.map(|folder| folder.join(name)).find(|program| program.is_file())
}

/// With Debian's packages, once. They come from nowhere else, so without them the tests fail and say why.
fn installed() {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        let missing = || PROGRAMS.iter().any(|name| program(name).is_none());
        if !missing() {
            return;
        }
        eprintln!("installing podman, buildah and docker-registry of the distribution (once)");
        let root = Path::new("/proc/self").metadata().is_ok_and(|it| std::os::unix::fs::MetadataExt::uid(&it) == 0);
        let sudo: &[&str] = if root { &[] } else { &["sudo", "-n"] };
        for action in [&["update"][..], &["install", "-y", "--no-install-recommends"]] {
            let packages: &[&str] = if action[0] == "install" { &PACKAGES } else { &[] };
            let words = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"];
            let words: Vec<&str> = sudo.iter().chain(&words).chain(action).chain(packages).copied().collect();
            output(Command::new(words[0]).args(&words[1..]));
        }
        assert!(!missing(), "of {PROGRAMS:?} some are still missing");
    });
}

fn output(command: &mut Command) -> Vec<u8> {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}:\n{said}");
    output.stdout
}
