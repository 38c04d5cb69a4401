//! `image.build`: an image built on this machine, for the task definition's architecture.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::registry::Running;
use super::service::Place;
use super::{Context, Done};
use crate::platform::text::{printable, shell_word};
use crate::run::container::git::Tree;
use crate::run::container::process::carry;
use crate::run::container::tool::{Build, Tool};
use crate::run::plan::Change;
use crate::run::{Halt, Seen, View, Work};

/// A build of a middling application, with a warm cache.
const EXPECTED_SECONDS: u64 = 3 * 60;
/// Dirty files that are named.
const NAMED: usize = 3;

/// What is built.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildImage {
    /// The service.
    #[serde(flatten)]
    pub place: Place,
    /// The container whose repository it is for; the first one if none is named.
    pub container: Option<String>,
    /// The folder, absolute: the run may be carried out elsewhere.
    pub context: PathBuf,
    /// The Dockerfile; the folder's own if none is named.
    pub dockerfile: Option<PathBuf>,
    /// The program that builds; the first one found if none is named.
    pub tool: Option<String>,
}

/// What the plan was made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Made {
    running: Running,
    tool: Tool,
    dockerfile: PathBuf,
    tree: Option<Tree>,
    /// `REPOSITORY:TAG`.
    image: String,
}

impl BuildImage {
    pub(super) async fn plan(&self, context: &Context, seen: &Seen) -> Result<View, Halt> {
        let running = Running::of(context, &self.place, self.container.as_deref()).await?;
        let (repository, _) = running.repository(context).await?;
        let dockerfile = self.dockerfile()?;
        let tool = Tool::find(self.tool.as_deref()).await.map_err(Halt::refused)?;
        let tree = Tree::of(&self.context).await;
        let mut view = View::default();
        match &tree {
            Ok(tree) if tree.dirty.is_empty() => {
                view.facts.push(format!("commit {}, nothing uncommitted", tree.commit));
            }
            Ok(tree) => view.warnings.push(uncommitted(tree)),
            Err(why) => {
                let why = printable(why);
                view.warnings.push(format!(
                    "can't tell which commit this is ({why}): what is built can't be found again in git"
                ));
            }
        }
        let tree = tree.ok();
        let image = format!("{repository}:{}", tag(tree.as_ref(), context.clock.now()));
        seen.will_be_ready(&image);
        let made = Made { running, tool, dockerfile, tree, image };
        let platform = made.platform();
        view.facts.push(format!(
            "{} builds {} with {} for {platform}, the architecture {} of {}",
            printable(&made.tool.version),
            shown(&self.context),
            shown(&made.dockerfile),
            made.running.named(),
            made.running.basis.revision
        ));
        if let Some(warning) = emulation(made.running.machine()) {
            view.warnings.push(warning);
        }
        let program = made.tool.name();
        let words = self.build(&made, &platform)?;
        let words: Vec<String> = made.tool.build_arguments(words).into_iter().map(shell_word).collect();
        view.changes = vec![Change::of("image on this machine", "not there", &made.image)];
        view.command = Some(format!("{program} {}", words.join(" ")));
        view.undo = Some("nothing has left this machine".to_owned());
        view.expected_seconds = EXPECTED_SECONDS;
        view.basis = json!(made);
        Ok(view)
    }

    pub(super) async fn apply(&self, work: &mut Work<'_>) -> Result<Done, Halt> {
        let Work { context, scribe, view, past, .. } = work;
        let made: Made = view.basis()?;
        let running = Running::of(context, &self.place, self.container.as_deref()).await?;
        if (&running.image, running.machine()) != (&made.running.image, made.running.machine()) {
            let words = format!(
                "since the plan was made the service went from {} to {}: nothing was built",
                made.running.image, running.image
            );
            return Err(Halt::stale(words));
        }
        let dockerfile = self.dockerfile()?;
        if Tree::of(&self.context).await.ok() != made.tree || dockerfile != made.dockerfile {
            let words = format!("since the plan was made {} was changed: nothing was built", shown(&self.context));
            return Err(Halt::stale(words));
        }
        if past.begun {
            scribe.progress(
                "the process before this one began to build: building again, which changes nothing elsewhere",
                None,
            )?;
        }
        let platform = made.platform();
        let began = std::time::Instant::now();
        let command = made.tool.build(self.build(&made, &platform)?);
        let ended = carry(scribe, command, "build", None, context).await?;
        if !ended.is_well() {
            let mut words = format!("{} did not build the image, {}", made.tool.name(), ended.tail());
            if ended.lines.iter().any(|line| line.to_lowercase().contains("exec format error")) {
                words.push_str("; this machine can't run programs for that architecture: install qemu-user-static");
            }
            return Err(Halt::failed(format!("{words}{}", scribe.where_all_is())));
        }
        let machine = made.running.machine();
        if let Some(other) = made.tool.architecture(&made.image).await.filter(|found| found != machine) {
            let words = format!(
                "the Dockerfile builds for {}, whatever it is asked for, and the task definition runs on {machine}: it would stop with \"exec format error\"; look at --platform in its FROM",
                printable(&other)
            );
            return Err(Halt::failed(words));
        }
        let words = format!("{} is built, in {} s", made.image, began.elapsed().as_secs());
        Ok(Done::new(words).with("built.image", made.image))
    }

    fn build<'a>(&'a self, made: &'a Made, platform: &'a str) -> Result<Build<'a>, Halt> {
        let text = |path: &'a Path| {
            path.to_str().ok_or_else(|| Halt::refused(format!("{} is not a name in UTF-8", shown(path))))
        };
        Ok(Build { platform, image: &made.image, dockerfile: text(&made.dockerfile)?, context: text(&self.context)? })
    }

    /// The Dockerfile that is meant, if all that is to be built from is there.
    fn dockerfile(&self) -> Result<PathBuf, Halt> {
        let folder = &self.context;
        match folder.metadata() {
            Ok(found) if found.is_dir() => {}
            Ok(_) => {
                return Err(Halt::refused(format!("{} is no folder: the context of a build is one", shown(folder))));
            }
            Err(error) => return Err(Halt::refused(format!("the folder {} can't be built: {error}", shown(folder)))),
        }
        let candidates = match &self.dockerfile {
            Some(path) => vec![path.clone(), folder.join(path)],
            None => vec![folder.join("Dockerfile"), folder.join("Containerfile")],
        };
        // Absolute, as who carries the run out may be elsewhere.
        let absolute = candidates.iter().filter_map(|path| std::path::absolute(path).ok());
        absolute.into_iter().find(|path| path.is_file()).ok_or_else(|| match &self.dockerfile {
            Some(path) => Halt::refused(format!("there is no Dockerfile {}", shown(path))),
            None => Halt::refused(format!("{} has no Dockerfile: name one with --dockerfile", shown(folder))),
        })
    }
}

impl Made {
    fn platform(&self) -> String {
        format!("linux/{}", self.running.machine())
    }
}

/// Never one that was there before: `emergency-a1b2c3d-20261124-031245`.
fn tag(tree: Option<&Tree>, now: Timestamp) -> String {
    let commit = tree.map_or("nocommit", |tree| tree.commit.as_str());
    format!("emergency-{commit}-{}", now.strftime("%Y%m%d-%H%M%S"))
}

fn uncommitted(tree: &Tree) -> String {
    let count = tree.dirty.len();
    let files = if count == 1 { "1 file is" } else { &format!("{count} files are") };
    let mut named: Vec<&str> = tree.dirty.iter().take(NAMED).map(String::as_str).collect();
    if count > NAMED {
        named.push("…");
    }
    let named = printable(&named.join(", ")).into_owned();
    format!("{files} not as committed in {} and will be in the image: {named}", tree.commit)
}

/// Steps of a Dockerfile that run programs need the machine's own architecture, or an emulator.
fn emulation(machine: &str) -> Option<String> {
    let own = match std::env::consts::ARCH {
        "aarch64" => "arm64",
        "x86_64" => "amd64",
        other => other,
    };
    (own != machine).then(|| {
        format!("this machine is {own} and the image is for {machine}: RUN steps of the Dockerfile need an emulator (qemu-user-static), and are slow")
    })
}

fn shown(path: &Path) -> String {
    printable(&path.to_string_lossy()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_names_the_commit_and_the_second_so_that_it_is_never_another_builds() {
        let now = "2026-11-24T03:12:45Z".parse().unwrap();
        let tree = Tree { commit: "a1b2c3d".to_owned(), dirty: Vec::new(), contents: String::new() };
        assert_eq!(tag(Some(&tree), now), "emergency-a1b2c3d-20261124-031245");
        assert_eq!(tag(None, now), "emergency-nocommit-20261124-031245");
    }

    #[test]
    fn what_is_not_committed_is_counted_and_its_names_reach_no_terminal_raw() {
        let dirty = |names: &[&str]| names.iter().map(|name| format!("M {name}")).collect();
        let one = Tree { commit: "a1b2c3d".to_owned(), dirty: dirty(&["a\u{1b}[2J"]), contents: String::new() };
        assert!(uncommitted(&one).starts_with("1 file is not as committed in a1b2c3d"));
        assert!(!uncommitted(&one).contains('\u{1b}'));
        let many = Tree { dirty: dirty(&["a", "b", "c", "d"]), ..one };
        assert!(uncommitted(&many).starts_with("4 files are") && uncommitted(&many).ends_with("M a, M b, M c, …"));
    }
}
