//! A task definition, as far as a person compares two: what runs, with what, and how it is looked after.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::{Image, Revision};

/// Text that can be compared, and never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Hidden(String);

impl Hidden {
    /// Hides this.
    pub fn new(text: impl Into<String>) -> Hidden {
        Hidden(text.into())
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// One revision of a family.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Definition {
    /// Family and number.
    pub revision: Revision,
    /// `ACTIVE`, `INACTIVE`, `DELETE_IN_PROGRESS`.
    pub status: String,
    /// `ARM64` or `X86_64`, if it says so.
    pub architecture: Option<String>,
    /// CPU units of the task, 1,024 to a vCPU.
    pub cpu: Option<String>,
    /// MiB of the task.
    pub memory: Option<String>,
    /// The role that the application has.
    pub task_role: Option<String>,
    /// The role that starts it.
    pub execution_role: Option<String>,
    /// Its containers by name, in its own order.
    pub containers: Vec<ContainerDefinition>,
}

/// One container of a task definition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContainerDefinition {
    /// Its name.
    pub name: String,
    /// What it is started from.
    pub image: Image,
    /// CPU units, 0 if it has no share of its own.
    pub cpu: i32,
    /// MiB that it is killed at.
    pub memory: Option<i32>,
    /// What is run instead of the image's own entry point.
    pub entry_point: Vec<String>,
    /// … and its arguments.
    pub command: Vec<String>,
    /// `3000/tcp`.
    pub ports: Vec<String>,
    /// Its environment.
    pub environment: BTreeMap<String, Hidden>,
    /// Secrets by the variable's name, and where each comes from.
    pub secrets: BTreeMap<String, String>,
    /// The health check, in one line.
    pub health_check: Option<String>,
    /// `awslogs-group` and `awslogs-stream-prefix`, if that is where it logs.
    pub logs: Option<(String, String)>,
}

/// One thing in which two task definitions differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// `image of api`.
    pub what: String,
    /// As it is.
    pub before: String,
    /// As it will be.
    pub after: String,
}

const ABSENT: &str = "none";

impl Definition {
    /// The container of this name; the first one if none is named.
    pub fn container(&self, name: Option<&str>) -> Option<&ContainerDefinition> {
        match name {
            Some(name) => self.containers.iter().find(|c| c.name == name),
            None => self.containers.first(),
        }
    }

    /// What changes on the way from this one to `after`. Values of the environment are never told.
    pub fn differences(&self, after: &Definition) -> Vec<Difference> {
        let mut found = Vec::new();
        let mut put = |what: &str, before: &Option<String>, after: &Option<String>| {
            compare(&mut found, what, before.as_deref(), after.as_deref());
        };
        put("CPU of a task", &self.cpu, &after.cpu);
        put("memory of a task", &self.memory, &after.memory);
        put("architecture", &self.architecture, &after.architecture);
        put("task role", &self.task_role, &after.task_role);
        put("execution role", &self.execution_role, &after.execution_role);
        for container in &after.containers {
            match self.container(Some(&container.name)) {
                Some(before) => before.differences(container, &mut found),
                None => compare(&mut found, &container.name, None, Some(&format!("starts {}", container.image))),
            }
        }
        for gone in self.containers.iter().filter(|c| after.container(Some(&c.name)).is_none()) {
            compare(&mut found, &gone.name, Some(&gone.image.to_string()), None);
        }
        found
    }
}

impl ContainerDefinition {
    fn differences(&self, after: &ContainerDefinition, found: &mut Vec<Difference>) {
        let name = &self.name;
        let some = |text: String| (!text.is_empty()).then_some(text);
        let mut put = |what: &str, before: Option<String>, after: Option<String>| {
            compare(found, &format!("{what} of {name}"), before.as_deref(), after.as_deref());
        };
        put("image", Some(self.image.to_string()), Some(after.image.to_string()));
        let cpu = |of: &ContainerDefinition| (of.cpu > 0).then(|| of.cpu.to_string());
        put("CPU", cpu(self), cpu(after));
        put("memory", self.memory.map(|m| m.to_string()), after.memory.map(|m| m.to_string()));
        put("entry point", some(masked(&self.entry_point)), some(masked(&after.entry_point)));
        put("command", some(masked(&self.command)), some(masked(&after.command)));
        put("ports", some(self.ports.join(", ")), some(after.ports.join(", ")));
        put("health check", self.health_check.clone(), after.health_check.clone());
        by_name(found, name, "env", &self.environment, &after.environment);
        by_name(found, name, "secret", &self.secrets, &after.secrets);
    }
}

/// What was added, removed or changed, by name: never what it is.
fn by_name<T: PartialEq>(
    found: &mut Vec<Difference>,
    container: &str,
    kind: &str,
    before: &BTreeMap<String, T>,
    after: &BTreeMap<String, T>,
) {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for name in names {
        let change = match (before.get(name), after.get(name)) {
            (None, Some(_)) => (ABSENT, "added"),
            (Some(_), None) => ("set", "removed"),
            (Some(old), Some(new)) if old != new => ("set", "changed"),
            _ => continue,
        };
        let (before, after) = (change.0.to_owned(), change.1.to_owned());
        found.push(Difference { what: format!("{kind} {name} of {container}"), before, after });
    }
}

fn compare(found: &mut Vec<Difference>, what: &str, before: Option<&str>, after: Option<&str>) {
    if before != after {
        let text = |side: Option<&str>| side.unwrap_or(ABSENT).to_owned();
        found.push(Difference { what: what.to_owned(), before: text(before), after: text(after) });
    }
}

/// Words of a command line in which what looks like a secret is hidden.
pub fn masked(words: &[String]) -> String {
    const TELLING: [&str; 6] = ["pass", "secret", "token", "key", "credential", "auth"];
    let telling = |word: &str| TELLING.iter().any(|part| word.to_ascii_lowercase().contains(part));
    let mut hide_next = false;
    let mut shown = Vec::new();
    for word in words {
        let hide = std::mem::take(&mut hide_next);
        shown.push(match word.split_once('=') {
            _ if hide => "…".to_owned(),
            Some((name, _)) if telling(name) => format!("{name}=…"),
            _ if has_password(word) => "…".to_owned(),
            None => {
                hide_next = word.starts_with('-') && telling(word);
                word.clone()
            }
            Some(_) => word.clone(),
        });
    }
    shown.join(" ")
}

/// `scheme://user:password@host`.
fn has_password(word: &str) -> bool {
    word.split_once("://").is_some_and(|(_, rest)| rest.split('/').next().is_some_and(|host| host.contains('@')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition(image: &str, environment: &[(&str, &str)], command: &[&str]) -> Definition {
        let container = ContainerDefinition {
            name: "api".to_owned(),
            image: Image::parse(image),
            environment: environment.iter().map(|(n, v)| ((*n).to_owned(), Hidden::new(*v))).collect(),
            command: command.iter().map(|word| (*word).to_owned()).collect(),
            ..ContainerDefinition::default()
        };
        Definition { cpu: Some("256".to_owned()), containers: vec![container], ..Definition::default() }
    }

    #[test]
    fn what_changes_is_named_and_no_value_of_the_environment_is_told() {
        let before = definition("r/api:v1", &[("A", "hunter2"), ("B", "2"), ("C", "3")], &["serve"]);
        let mut after = definition("r/api:v2", &[("A", "hunter3"), ("C", "3"), ("D", "4")], &["serve", "--fast"]);
        after.cpu = Some("512".to_owned());
        let lines: Vec<String> =
            before.differences(&after).iter().map(|d| format!("{}: {} → {}", d.what, d.before, d.after)).collect();
        assert_eq!(
            lines,
            [
                "CPU of a task: 256 → 512",
                "image of api: r/api:v1 → r/api:v2",
                "command of api: serve → serve --fast",
                "env A of api: set → changed",
                "env B of api: set → removed",
                "env D of api: none → added"
            ]
        );
        assert!(!format!("{before:?}").contains("hunter2"), "not in a log either");
        assert_eq!(before.differences(&before), []);
    }

    #[test]
    fn a_container_that_comes_or_goes_is_named() {
        let one = definition("r/api:v1", &[], &[]);
        let mut two = one.clone();
        two.containers.push(ContainerDefinition { name: "redis".to_owned(), ..ContainerDefinition::default() });
        assert_eq!(one.differences(&two)[0].what, "redis");
        assert_eq!(two.differences(&one)[0].after, "none");
    }

    #[test]
    fn a_password_on_a_command_line_is_hidden() {
        let words: Vec<String> =
            ["run", "--db-password", "x1", "--api-key=x2", "postgres://ana:x3@db/app", "--port=80", "PGPASSWORD=x4"]
                .map(str::to_owned)
                .to_vec();
        assert_eq!(masked(&words), "run --db-password … --api-key=… … --port=80 PGPASSWORD=…");
    }
}
