//! A task definition, as far as a person compares two: what runs, with what, and how it is looked after.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use super::{CommandLine, Image, Revision, Secret};

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
    /// The ARN of who registered it.
    pub registered_by: Option<String>,
    /// All else that it says, by its name; compared, and never shown.
    pub rest: BTreeMap<String, Secret>,
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
    pub entry_point: CommandLine,
    /// … and its arguments.
    pub command: CommandLine,
    /// `3000/tcp`.
    pub ports: Vec<String>,
    /// Its environment.
    pub environment: BTreeMap<String, Secret>,
    /// Secrets by the variable's name, and where each comes from.
    pub secrets: BTreeMap<String, String>,
    /// The health check.
    pub health_check: Option<HealthCheck>,
    /// Where in CloudWatch Logs it logs, if it does.
    pub logs: Option<LogsTo>,
    /// All else that it says, by its name; compared, and never shown.
    pub rest: BTreeMap<String, Secret>,
}

/// Where a container logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogsTo {
    /// `awslogs-group`.
    pub group: String,
    /// `awslogs-stream-prefix`. Without it only the agent knows the streams' names.
    pub stream_prefix: Option<String>,
}

/// How the agent sees whether a container is well.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HealthCheck {
    /// What is run in it.
    pub command: CommandLine,
    /// `every 30, within 5`, in seconds.
    pub times: String,
}

impl Display for HealthCheck {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.command, self.times)
    }
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
    /// ECS starts tasks of it.
    pub fn is_active(&self) -> bool {
        self.status == "ACTIVE"
    }

    /// The container of this name; the first one if none is named.
    pub fn container(&self, name: Option<&str>) -> Option<&ContainerDefinition> {
        match name {
            Some(name) => self.containers.iter().find(|c| c.name == name),
            None => self.containers.first(),
        }
    }

    /// What changes on the way from this one to `after`: all of it is compared, and of secrets is told only that they
    /// changed.
    pub fn differences(&self, after: &Definition) -> Vec<Difference> {
        let mut found = Vec::new();
        let mut put = |what: &str, before: &Option<String>, after: &Option<String>| {
            compare(&mut found, what, before.as_ref(), after.as_ref());
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
            compare(&mut found, &gone.name, Some(&gone.image), None);
        }
        by_name(&mut found, &self.rest, &after.rest, str::to_owned);
        found
    }
}

impl ContainerDefinition {
    fn differences(&self, after: &ContainerDefinition, found: &mut Vec<Difference>) {
        let name = &self.name;
        let of = |what: &str| format!("{what} of {name}");
        compare(found, &of("image"), Some(&self.image), Some(&after.image));
        let cpu = |of: &ContainerDefinition| (of.cpu > 0).then_some(of.cpu);
        compare(found, &of("CPU"), cpu(self).as_ref(), cpu(after).as_ref());
        compare(found, &of("memory"), self.memory.as_ref(), after.memory.as_ref());
        compare(found, &of("entry point"), some(&self.entry_point), some(&after.entry_point));
        compare(found, &of("command"), some(&self.command), some(&after.command));
        let ports = |of: &ContainerDefinition| (!of.ports.is_empty()).then(|| of.ports.join(", "));
        compare(found, &of("ports"), ports(self).as_ref(), ports(after).as_ref());
        compare(found, &of("health check"), self.health_check.as_ref(), after.health_check.as_ref());
        by_name(found, &self.environment, &after.environment, |variable| format!("env {variable} of {name}"));
        by_name(found, &self.secrets, &after.secrets, |variable| format!("secret {variable} of {name}"));
        by_name(found, &self.rest, &after.rest, of);
    }
}

fn some(line: &CommandLine) -> Option<&CommandLine> {
    (!line.is_empty()).then_some(line)
}

/// What was added, removed or changed, by name: never what it is.
fn by_name<T: PartialEq>(
    found: &mut Vec<Difference>,
    before: &BTreeMap<String, T>,
    after: &BTreeMap<String, T>,
    what: impl Fn(&str) -> String,
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
        found.push(Difference { what: what(name), before, after });
    }
}

fn compare<T: PartialEq + Display>(found: &mut Vec<Difference>, what: &str, before: Option<&T>, after: Option<&T>) {
    if before != after {
        let text = |side: Option<&T>| side.map_or_else(|| ABSENT.to_owned(), T::to_string);
        let (before, mut after) = (text(before), text(after));
        if before == after {
            after.push_str(" (a hidden part changed)");
        }
        found.push(Difference { what: what.to_owned(), before, after });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(words: &[&str]) -> CommandLine {
        CommandLine::new(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    fn definition(image: &str, environment: &[(&str, &str)], command: &[&str]) -> Definition {
        let container = ContainerDefinition {
            name: "api".to_owned(),
            image: Image::parse(image),
            environment: environment.iter().map(|(n, v)| ((*n).to_owned(), Secret::new(*v))).collect(),
            command: line(command),
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
    fn two_that_differ_only_in_what_is_shown_nowhere_are_not_called_alike() {
        let before = definition("r/api:v1", &[], &[]);
        let mut after = before.clone();
        after.rest.insert("volumes".to_owned(), Secret::new("[Volume(x)]"));
        after.containers[0].rest.insert("mount points".to_owned(), Secret::new("[MountPoint(x)]"));
        let lines: Vec<String> =
            before.differences(&after).iter().map(|d| format!("{}: {} → {}", d.what, d.before, d.after)).collect();
        assert_eq!(lines, ["mount points of api: none → added", "volumes: none → added"]);
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
    fn two_that_differ_only_in_what_is_hidden_are_not_alike() {
        let check = |password: &str, image: &str| {
            let mut definition = definition(image, &[], &["serve", "--db-password", password]);
            let command = line(&["CMD-SHELL", &format!("redis-cli --pass {password} ping")]);
            definition.containers[0].health_check = Some(HealthCheck { command, times: ", every 30".to_owned() });
            definition
        };
        let (before, after) = (check("hunter2", "r/api:v1"), check("hunter3", "r/api:v1"));
        let found = before.differences(&after);
        let lines: Vec<String> = found.iter().map(|d| format!("{}: {} → {}", d.what, d.before, d.after)).collect();
        assert_eq!(
            lines,
            [
                "command of api: serve --db-password … → serve --db-password … (a hidden part changed)",
                "health check of api: CMD-SHELL redis-cli --pass … ping, every 30 → CMD-SHELL redis-cli --pass … ping, \
                 every 30 (a hidden part changed)"
            ]
        );
        assert!(!format!("{before:?} {after:?}").contains("hunter"));
        assert_eq!(before.differences(&before), []);
    }
}
