//! The actions that a step can name: a closed set, documented here and nowhere else.
//! `plantao explain ACTION` and the checker both read this table.

use serde::{Serialize, Serializer};

use super::kind::Kind;

/// Something that a step can do.
#[derive(Debug, PartialEq, Eq)]
pub struct Action {
    /// `ecs.update-service`.
    pub name: &'static str,
    /// What it does, one sentence.
    pub does: &'static str,
    /// What is worth knowing before it is used.
    pub notes: &'static str,
    /// It changes something; the others only look.
    pub changes: bool,
    /// How it is undone, if it can be.
    pub undo: Option<&'static str>,
    /// What it takes.
    pub fields: &'static [Field],
    /// At least one of these fields must be there.
    pub needs_one_of: &'static [&'static str],
    /// The name under which later steps find what it made.
    pub gives: Option<&'static str>,
}

/// One thing that an action takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// `desired-count`.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Smallest and greatest integer.
    pub range: Option<(i64, i64)>,
    /// The words that it may be, for a choice.
    pub choices: &'static [&'static str],
    /// It must be there.
    pub required: bool,
    /// What holds where it is left out, in words.
    pub default: &'static str,
    /// What it means.
    pub doc: &'static str,
}

impl Serialize for Action {
    /// Its name: all else is in this table.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name)
    }
}

impl Action {
    /// The field of this name.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|f| f.name == name)
    }
}

/// The action of this name.
pub fn action(name: &str) -> Option<&'static Action> {
    ACTIONS.iter().find(|a| a.name == name)
}

const fn field(name: &'static str, kind: Kind, default: &'static str, doc: &'static str) -> Field {
    Field { name, kind, range: None, choices: &[], required: false, default, doc }
}

const fn needed(name: &'static str, kind: Kind, doc: &'static str) -> Field {
    Field { name, kind, range: None, choices: &[], required: true, default: "", doc }
}

const fn within(field: Field, min: i64, max: i64) -> Field {
    Field { range: Some((min, max)), ..field }
}

const fn of(field: Field, choices: &'static [&'static str]) -> Field {
    Field { choices, ..field }
}

const LOOK: Action =
    Action { name: "", does: "", notes: "", changes: false, undo: None, fields: &[], needs_one_of: &[], gives: None };
const CHANGE: Action = Action { changes: true, ..LOOK };

const SERVICE: Field =
    field("service", Kind::Text, "the service that the run is for", "The ECS service, as the platform file names it.");
const TOOL: Field = of(
    field("tool", Kind::Choice, "the first one that works", "The program that builds and pushes."),
    &["docker", "podman", "buildah"],
);
const DATABASE: Field = field(
    "database",
    Kind::Text,
    "the database that the run is for",
    "The RDS instance, as the platform file names it.",
);

/// All actions, by name.
pub static ACTIONS: [Action; 14] = [
    Action {
        name: "check.alarms",
        does: "Looks whether alarms fire that would stop or confuse what follows.",
        fields: &[
            SERVICE,
            of(
                field("when-firing", Kind::Choice, "warn", "What a firing alarm of the service does to the run."),
                &["warn", "stop"],
            ),
        ],
        ..LOOK
    },
    Action {
        name: "check.connections",
        does: "Reckons whether the database has connections left for so many tasks.",
        notes: "Tasks × the service's pool-size against the connections gauge's limit. While a deployment rolls, old \
                and new tasks both hold connections.",
        fields: &[
            SERVICE,
            DATABASE,
            within(needed("tasks", Kind::Integer, "How many tasks will run."), 0, 5_000),
            of(
                field(
                    "when-short",
                    Kind::Choice,
                    "warn",
                    "What too few connections for new tasks do: make the plan a danger, or end the run.",
                ),
                &["warn", "stop"],
            ),
        ],
        ..LOOK
    },
    Action {
        name: "database.blockers",
        does: "Shows what holds vacuum back: old transactions, replication slots, prepared transactions.",
        notes: "Dead rows that the oldest of them can still see are kept, however often a table is vacuumed.",
        fields: &[DATABASE, field("older-than", Kind::Duration, "5m", "Transactions younger than this are not shown.")],
        ..LOOK
    },
    Action {
        name: "database.tables",
        does: "Shows the tables that need vacuum most: dead rows, size, last vacuum, age of their oldest rows.",
        fields: &[DATABASE, within(field("show", Kind::Integer, "10", "How many tables."), 1, 100)],
        ..LOOK
    },
    Action {
        name: "ecs.register-image",
        does: "Registers a new revision of the running task definition with only the image of one container changed.",
        notes: "The image is pinned by digest. All else is taken from the revision that runs, not from the newest one \
                of the family. Refused when the image's architecture is not the task definition's.",
        undo: Some("nothing runs a revision that no service uses; it is left where it is, never deregistered"),
        fields: &[
            SERVICE,
            field("container", Kind::Text, "the service's container in the platform file", "Whose image is changed."),
            needed("image", Kind::Image, "The image, as it stands in ECR."),
        ],
        gives: Some("registered.revision"),
        ..CHANGE
    },
    Action {
        name: "ecs.rollback",
        does: "Puts a revision back that ran successfully before.",
        notes: "With a deployment in progress, ECS is asked to stop it and roll back (StopServiceDeployment) where it \
                can; otherwise the service is updated. Refused when the revision is INACTIVE, or its image is gone \
                from ECR or built for another architecture. Nothing is ever deregistered.",
        undo: Some("puts the revision back that ran when the plan was made"),
        fields: &[
            SERVICE,
            needed("to", Kind::Revision, "The revision to go back to."),
            field(
                "migrations",
                Kind::Text,
                "no warning",
                "When a database migration makes this unsafe; the plan shows it.",
            ),
        ],
        ..CHANGE
    },
    Action {
        name: "ecs.update-service",
        does: "Changes an ECS service; only what is given is sent.",
        notes: "A desired count outside auto scaling's bounds is accepted by ECS and then changed back; the plan says \
                so. With minimum healthy percent 0 and one task a new revision is an outage; the plan says that too.",
        undo: Some("puts the values back that were there when the plan was made"),
        fields: &[
            SERVICE,
            within(field("desired-count", Kind::Integer, "unchanged", "How many tasks are wanted."), 0, 5_000),
            field("task-definition", Kind::Revision, "unchanged", "The revision to run."),
            field(
                "force-new-deployment",
                Kind::Boolean,
                "false",
                "Start fresh tasks although nothing changed: they read secrets and mutable tags anew.",
            ),
        ],
        needs_one_of: &["desired-count", "task-definition", "force-new-deployment"],
        ..CHANGE
    },
    Action {
        name: "ecs.wait-steady",
        does: "Waits until the deployment that this run made runs all its tasks, healthy.",
        notes: "It follows that deployment's id: steady after a rollback by ECS, or after somebody else's deployment, \
                is not success and is not called so. Says at the second failed task why, and whether a circuit breaker \
                will act.",
        fields: &[SERVICE, field("timeout", Kind::Duration, "15m", "After this long the run ends; ECS goes on.")],
        ..LOOK
    },
    Action {
        name: "http.check-health",
        does: "Asks the health URL until it answers well several times in a row.",
        fields: &[
            SERVICE,
            field("url", Kind::Url, "the service's health-url in the platform file", "The address to ask."),
            within(field("status", Kind::Integer, "200", "The HTTP status that is well."), 100, 599),
            within(field("successes", Kind::Integer, "3", "So many in a row."), 1, 100),
            field("timeout", Kind::Duration, "2m", "After this long the step fails."),
        ],
        ..LOOK
    },
    Action {
        name: "image.build",
        does: "Builds a container image on this machine, for the task definition's architecture.",
        notes: "Uses docker with buildx, podman or buildah, whichever is found. The tag is never reused: \
                emergency-<git commit>-<time>. A tree with uncommitted changes is said in the plan. What the tool prints \
                goes to the run's log. A run that is resumed builds again.",
        undo: Some("nothing has left this machine"),
        fields: &[
            SERVICE,
            needed("context", Kind::Path, "The folder that is built."),
            field("dockerfile", Kind::Path, "Dockerfile in the context", "The file that says how."),
            TOOL,
        ],
        gives: Some("built.image"),
        ..CHANGE
    },
    Action {
        name: "image.find",
        does: "Finds an image in the service's ECR repository and pins it by digest.",
        notes: "Fails when it is not there, or is built for another architecture than the task definition's.",
        fields: &[SERVICE, needed("image", Kind::Image, "Its tag or digest.")],
        gives: Some("ready.image"),
        ..LOOK
    },
    Action {
        name: "image.push",
        does: "Pushes an image to the service's ECR repository and reads its digest back.",
        notes: "Signs in through the API; the password goes to the tool's standard input, never to an argument, and what \
                the tool keeps of it is removed after the push. A run that is resumed looks in ECR first.",
        undo: Some("an image that no task definition names runs nowhere; it is left where it is"),
        fields: &[SERVICE, needed("image", Kind::Image, "The image that was built."), TOOL],
        gives: Some("ready.image"),
        ..CHANGE
    },
    Action {
        name: "scaling.set-bounds",
        does: "Moves auto scaling's bounds, for ever or until a time.",
        notes: "With `until`, the run stays and puts the old bounds back then, or at once when it is stopped; also after a crash of the run.",
        undo: Some("puts the bounds back that were there when the plan was made"),
        fields: &[
            SERVICE,
            within(field("min", Kind::Integer, "unchanged", "Fewest tasks."), 0, 5_000),
            within(field("max", Kind::Integer, "unchanged", "Most tasks."), 0, 5_000),
            field("until", Kind::Moment, "for ever", "When the old bounds come back."),
        ],
        needs_one_of: &["min", "max"],
        ..CHANGE
    },
    Action {
        name: "vacuum",
        does: "Vacuums the database or chosen tables, with progress, and says what it gained.",
        notes: "A plain vacuum takes no lock that readers or writers wait for. `full` rewrites each table under an \
                exclusive lock and needs its size again in free storage: it is refused without that, and only a \
                step with danger = \"danger\", or a runbook with it, may use it.",
        undo: Some("there is nothing to undo; a cancelled vacuum leaves every row as it was"),
        fields: &[
            DATABASE,
            field("tables", Kind::Tables, "every table", "Which tables."),
            field("analyze", Kind::Boolean, "true", "Renew the planner's statistics too."),
            field("full", Kind::Boolean, "false", "Rewrite the tables and give their storage back."),
            field("lock-timeout", Kind::Duration, "5s", "A table that cannot be locked by then is left out."),
        ],
        ..CHANGE
    },
];
