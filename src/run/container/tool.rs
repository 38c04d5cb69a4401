//! A program that builds and pushes container images.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::process::Command;

use super::{ask, auth, on_path};

/// A daemon that does not answer by then is not there.
const PATIENCE: Duration = Duration::from_secs(5);

/// The programs known, in the order in which they are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::run) enum Make {
    Docker,
    Podman,
    Buildah,
}

const MAKES: [Make; 3] = [Make::Docker, Make::Podman, Make::Buildah];

impl Make {
    fn name(self) -> &'static str {
        match self {
            Make::Docker => "docker",
            Make::Podman => "podman",
            Make::Buildah => "buildah",
        }
    }
}

/// One that can be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::run) struct Tool {
    pub(in crate::run) make: Make,
    pub(in crate::run) program: PathBuf,
    /// As it tells it, for people.
    pub(in crate::run) version: String,
}

/// What is built, of what, as what.
#[derive(Clone, Copy, Debug)]
pub(in crate::run) struct Build<'a> {
    /// `linux/arm64`.
    pub(in crate::run) platform: &'a str,
    /// `REPOSITORY:TAG`.
    pub(in crate::run) image: &'a str,
    pub(in crate::run) dockerfile: &'a str,
    pub(in crate::run) context: &'a str,
}

/// What a build on this machine would be made with: its name and version, and where it is. The error says of each
/// tool why not, and what to install.
///
/// # Errors
/// If there is none.
pub async fn builder() -> Result<(String, PathBuf), String> {
    Tool::find(None).await.map(|tool| (tool.version, tool.program))
}

impl Tool {
    /// The first one that works, or the one that is wanted. The error says of each why not, and what to install.
    pub(in crate::run) async fn find(wanted: Option<&str>) -> Result<Tool, String> {
        let mut why_not = Vec::new();
        for make in MAKES.into_iter().filter(|make| wanted.is_none_or(|wanted| wanted == make.name())) {
            let Some(program) = on_path(make.name()) else {
                why_not.push(format!("{} is not on the PATH", make.name()));
                continue;
            };
            match version(make, &program).await {
                Ok(version) => return Ok(Tool { make, program, version }),
                Err(why) => why_not.push(format!("{} can't be used: {why}", make.name())),
            }
        }
        let install = "install one of docker with buildx, podman, buildah (Debian: apt-get install podman)";
        Err(format!("no program to build an image with: {}; {install}", why_not.join("; ")))
    }

    /// Its name.
    pub(in crate::run) fn name(&self) -> &'static str {
        self.make.name()
    }

    fn command(&self) -> Command {
        Command::new(&self.program)
    }

    /// The arguments of a build.
    pub(in crate::run) fn build_arguments<'a>(&self, build: Build<'a>) -> Vec<&'a str> {
        let Build { platform, image, dockerfile, context } = build;
        let mut arguments = match self.make {
            Make::Docker => vec!["buildx", "build", "--load", "--progress", "plain"],
            Make::Podman | Make::Buildah => vec!["build"],
        };
        arguments.extend(["--platform", platform, "--tag", image, "--file", dockerfile, context]);
        arguments
    }

    /// Builds.
    pub(in crate::run) fn build(&self, build: Build<'_>) -> Command {
        let mut command = self.command();
        command.args(self.build_arguments(build));
        command
    }

    /// For which architecture an image of this machine is built; `None` if the tool does not say.
    pub(in crate::run) async fn architecture(&self, image: &str) -> Option<String> {
        let mut command = self.command();
        match self.make {
            Make::Docker | Make::Podman => command.args(["image", "inspect", "--format", "{{.Architecture}}", image]),
            Make::Buildah => command.args(["inspect", "--type", "image", "--format", "{{.OCIv1.Architecture}}", image]),
        };
        ask(&mut command, PATIENCE).await.ok().filter(|architecture| !architecture.is_empty())
    }

    /// Signs in at a registry, with the password that comes on standard input, into that folder alone.
    pub(in crate::run) fn sign_in(&self, user: &str, registry: &str, at: &SignedIn) -> Command {
        let mut command = self.command();
        command.arg("login");
        at.apply(self.make, &mut command);
        command.args(["--username", user, "--password-stdin", registry]);
        command
    }

    /// Pushes. Podman and buildah write the digest into a file; docker says it at the end.
    pub(in crate::run) fn push(&self, image: &str, at: &SignedIn) -> Command {
        let mut command = self.command();
        command.arg("push");
        at.apply(self.make, &mut command);
        if self.make != Make::Docker {
            command.arg("--digestfile").arg(at.digest_file());
        }
        command.arg(image);
        command
    }

    /// The digest of what was pushed.
    pub(in crate::run) fn digest(&self, at: &SignedIn, said: &[String]) -> Option<String> {
        let text = match self.make {
            // `TAG: digest: sha256:… size: 1234`
            Make::Docker => said.iter().rev().find_map(|line| line.split_once("digest: "))?.1.to_owned(),
            Make::Podman | Make::Buildah => std::fs::read_to_string(at.digest_file()).ok()?,
        };
        text.split_whitespace().next().filter(|word| is_digest(word)).map(str::to_owned)
    }

    /// The context that docker speaks to its daemon by, as the user's own settings name it: they are not read where it
    /// signs in. That of the environment (`default`) is there in any case.
    pub(in crate::run) async fn context(&self) -> Option<String> {
        if self.make != Make::Docker {
            return None;
        }
        let mut command = self.command();
        command.args(["context", "inspect", "--format", "{{.Name}}"]);
        ask(&mut command, PATIENCE).await.ok().filter(|name| !name.is_empty() && name != "default")
    }
}

/// Where a tool keeps that it is signed in.
#[derive(Debug)]
pub(in crate::run) struct SignedIn {
    pub(in crate::run) folder: PathBuf,
    /// Docker's context.
    pub(in crate::run) context: Option<String>,
}

impl SignedIn {
    fn apply(&self, make: Make, command: &mut Command) {
        match make {
            Make::Docker => {
                command.env("DOCKER_CONFIG", &self.folder);
                if let Some(context) = &self.context {
                    command.env("DOCKER_CONTEXT", context);
                }
                // Where nobody says where the certificates of a daemon are, they are among the settings.
                let is_set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
                if ["DOCKER_TLS_VERIFY", "DOCKER_TLS"].iter().any(is_set)
                    && !is_set(&"DOCKER_CERT_PATH")
                    && let Some(own) = auth::docker_settings()
                {
                    command.env("DOCKER_CERT_PATH", own);
                }
            }
            Make::Podman | Make::Buildah => {
                command.arg("--authfile").arg(self.folder.join("auth.json"));
            }
        }
    }

    fn digest_file(&self) -> PathBuf {
        self.folder.join("digest")
    }
}

async fn version(make: Make, program: &Path) -> Result<String, String> {
    let question = |arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(arguments);
        command
    };
    if make == Make::Docker {
        ask(&mut question(&["buildx", "version"]), PATIENCE).await.map_err(|_| "it has no buildx".to_owned())?;
        let server = ask(&mut question(&["version", "--format", "{{.Server.Version}}"]), PATIENCE).await?;
        return Ok(format!("docker {server}"));
    }
    ask(&mut question(&["--version"]), PATIENCE).await
}

/// `sha256:` and 64 hexadecimal digits.
pub(in crate::run) fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tool(make: Make) -> Tool {
        Tool { make, program: PathBuf::from("/usr/bin/tool"), version: String::new() }
    }

    fn at() -> SignedIn {
        SignedIn { folder: PathBuf::from("/run/x.auth"), context: Some("rootless".to_owned()) }
    }

    fn words(command: &Command) -> Vec<String> {
        command.as_std().get_args().map(|word| word.to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn docker_keeps_its_daemon_though_its_settings_are_put_aside_to_sign_in() {
        let command = tool(Make::Docker).sign_in("AWS", "registry", &at());
        assert_eq!(words(&command), ["login", "--username", "AWS", "--password-stdin", "registry"]);
        let env: Vec<_> = command.as_std().get_envs().collect();
        assert!(env.contains(&("DOCKER_CONFIG".as_ref(), Some("/run/x.auth".as_ref()))), "{env:?}");
        assert!(env.contains(&("DOCKER_CONTEXT".as_ref(), Some("rootless".as_ref()))), "{env:?}");
        let build = Build { platform: "linux/arm64", image: "r/x:t", dockerfile: "/c/Dockerfile", context: "/c" };
        assert_eq!(words(&tool(Make::Docker).build(build))[..3], ["buildx", "build", "--load"]);
    }

    #[test]
    fn no_tool_is_told_to_trust_a_registry_without_a_certificate() {
        let build = Build { platform: "linux/arm64", image: "r/x:t", dockerfile: "/c/Dockerfile", context: "/c" };
        for make in MAKES {
            let tool = tool(make);
            for command in [tool.build(build), tool.sign_in("AWS", "r", &at()), tool.push("r/x:t", &at())] {
                assert!(!words(&command).iter().any(|word| word.contains("tls")), "{command:?}");
            }
        }
    }

    #[test]
    fn the_digest_that_docker_says_is_read_and_other_words_are_not() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        let said = |line: &str| vec!["The push refers to repository [r/x]".to_owned(), line.to_owned()];
        let docker = tool(Make::Docker);
        assert_eq!(docker.digest(&at(), &said(&format!("t: digest: {digest} size: 1367"))), Some(digest));
        assert_eq!(docker.digest(&at(), &said("t: digest: sha256:short size: 1")), None);
        assert_eq!(docker.digest(&at(), &said("denied: no basic auth credentials")), None);
    }
}
