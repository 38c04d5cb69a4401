//! Real tools that build and push images: Debian's podman and buildah, without any engine. All that they keep is in a
//! folder of its own.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::packaged::Packaged;
use super::tools::{is_root, run};

static PODMAN: Packaged = Packaged::new("podman", &["--version"], &["podman", "crun"]);
static BUILDAH: Packaged = Packaged::new("buildah", &["--version"], &["buildah", "crun"]);
static GIT: Packaged = Packaged::new("git", &["--version"], &["git"]);

/// Where the system's programs are.
const SYSTEM: &str = "/usr/bin:/bin:/usr/sbin:/sbin";

/// What makes a user root of a namespace, before a tool: the first that works. One user id is enough for what is built
/// here, and so is no privilege. Where the kernel trusts an installed buildah alone with it, that does it with more ids.
/// Podman's own way leaves a process behind.
const NAMESPACES: [&[&str]; 2] =
    [&["/usr/bin/unshare", "--user", "--map-root-user", "--mount", "--"], &["/usr/bin/buildah", "unshare", "--"]];

/// What there is to do where none works.
const WAYS: &str = "Without a user namespace only root builds images, and these tests build some. One of these is enough:
    run the tests as root
    allow it, by those of these that are there:
        sysctl -w user.max_user_namespaces=15000 kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0
    where AppArmor restricts it (Ubuntu): apt-get install buildah uidmap, which is trusted with it
    in a container: docker run --security-opt seccomp=unconfined";

/// A folder in which container tools work without an engine and without touching the machine's own images.
pub struct Workshop {
    /// All of it.
    pub home: PathBuf,
    _folder: tempfile::TempDir,
}

impl Workshop {
    /// With these tools and git on its PATH, and nothing else. `insecure` is a registry that speaks plain HTTP.
    pub fn new(tools: &[&str], insecure: &str) -> Workshop {
        let folder = tempfile::Builder::new().prefix("plantao-workshop-").tempdir().expect("a folder for it");
        let workshop = Workshop { home: folder.path().to_owned(), _folder: folder };
        for folder in ["bin", "tools", "tmp"] {
            fs::create_dir(workshop.home.join(folder)).expect("the folder can be written");
        }
        let shown = workshop.home.display();
        let write = |name: &str, text: String| {
            let path = workshop.home.join(name);
            fs::create_dir_all(path.parent().expect("it has one")).expect("the folder can be written");
            fs::write(path, text).expect("the folder can be written");
        };
        write("registries.conf", format!("[[registry]]\nlocation = \"{insecure}\"\ninsecure = true\n"));
        write(
            "storage.conf",
            format!("[storage]\ndriver = \"vfs\"\ngraphroot = \"{shown}/images\"\nrunroot = \"{shown}/run\"\n"),
        );
        write("containers.conf", format!("[engine]\ntmp_dir = \"{shown}/run/libpod\"\n"));
        // The one file that a package brings and no variable names.
        write(".config/containers/policy.json", r#"{"default": [{"type": "insecureAcceptAnything"}]}"#.to_owned());
        let namespace = workshop.namespace();
        for tool in tools {
            workshop.put(tool, if *tool == "buildah" { &BUILDAH } else { &PODMAN }, namespace);
        }
        workshop.put("git", &GIT, &[]);
        workshop
    }

    /// What starts a tool.
    fn namespace(&self) -> &'static [&'static str] {
        if is_root() {
            return &[];
        }
        let mut said = Vec::new();
        for words in NAMESPACES {
            let mut command = Command::new(words[0]);
            command.args(&words[1..]).arg("true").envs(self.env()).env("HOME", &self.home).env("PATH", SYSTEM);
            match run(&mut command) {
                Ok(_) => return words,
                // After the command with all its environment.
                Err(why) => said.push(why.split("\"true\": ").last().unwrap_or_default().to_owned()),
            }
        }
        panic!("the kernel gives this user no user namespace:\n{}\n{WAYS}", said.join("\n"));
    }

    /// Puts a tool there that finds what it starts, on the PATH of the system.
    fn put(&self, tool: &str, packaged: &Packaged, before: &[&str]) {
        let (path, before) = (packaged.path().display(), before.join(" "));
        let text = format!("PATH=\"$PATH:{SYSTEM}\" exec {before} '{path}' \"$@\"");
        write_script(&self.tool(tool), &text);
        symlink(self.tool(tool), self.home.join("bin").join(tool)).expect("a link");
    }

    fn tool(&self, name: &str) -> PathBuf {
        self.home.join("tools").join(name)
    }

    /// Puts a script before a tool: `$TOOL` is the tool itself, `$HERE` this folder.
    pub fn wrap(&self, tool: &str, script: &str) {
        let link = self.home.join("bin").join(tool);
        fs::remove_file(&link).expect("it is there");
        write_script(&link, &format!("TOOL={}\nHERE={}\n{script}", self.tool(tool).display(), self.home.display()));
    }

    /// What the tools' environment must be.
    pub fn env(&self) -> Vec<(&'static str, PathBuf)> {
        vec![
            ("PATH", self.home.join("bin")),
            ("TMPDIR", self.home.join("tmp")),
            ("STORAGE_DRIVER", "vfs".into()),
            ("BUILDAH_ISOLATION", "chroot".into()),
            ("CONTAINERS_CONF", self.home.join("containers.conf")),
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
            run(GIT.command().arg("-C").arg(&context).args(who).args(arguments)).unwrap();
        };
        git(&["init", "--quiet"]);
        git(&["add", "."]);
        git(&["commit", "--quiet", "--message", "a fix"]);
        context
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        // Folders of an image may be read-only, and only root removes what is in such a folder.
        let _ = run(Command::new("chmod").args(["-R", "u+rwX"]).arg(&self.home));
    }
}

fn write_script(path: &Path, text: &str) {
    fs::write(path, format!("#!/bin/sh\n{text}\n")).expect("the folder can be written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("it is ours");
}
