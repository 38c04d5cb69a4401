//! What can be done to the world, by a scenario, a test, or an AWS request.

use serde::Deserialize;

use super::ailment::Ailment;
use crate::platform::Suspended;

/// One thing done to the world. Names of what does not exist change nothing.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields)]
pub enum Change {
    /// Push an image, register a revision with it, and deploy that.
    Deploy {
        /// The service.
        service: String,
        /// The image's tag; the next release's git commit if there is none.
        image: Option<String>,
        /// What is wrong with it.
        ailment: Option<Ailment>,
    },
    /// Somebody pushes an image: one manifest, for one kind of machine.
    Push {
        /// The repository's name.
        repository: String,
        /// The image's tag.
        tag: String,
        /// `sha256:…`.
        digest: String,
        /// `arm64`, `amd64`.
        architecture: String,
    },
    /// An image turns out to be bad, or is well again: what it needs at its start is gone, or back. What runs goes on.
    Ail {
        /// The repository's name.
        repository: String,
        /// The image's tag.
        tag: String,
        /// What is wrong with it; nothing any more if there is none.
        ailment: Option<Ailment>,
    },
    /// Somebody, or a lifecycle policy, deletes an image.
    DeleteImage {
        /// The repository's name.
        repository: String,
        /// The image's tag.
        tag: String,
    },
    /// All repositories are found, and are signed in to, at another registry.
    Registry {
        /// Its host and port.
        host: String,
        /// The password of its user `AWS`.
        password: String,
    },
    /// Deploy a revision that exists, as `UpdateService` with a task definition does.
    Redeploy {
        /// The service.
        service: String,
        /// The revision's number.
        revision: u32,
    },
    /// `UpdateService --force-new-deployment`.
    Force {
        /// The service.
        service: String,
    },
    /// `UpdateService --desired-count`.
    SetDesired {
        /// The service.
        service: String,
        /// Tasks wanted.
        count: u32,
    },
    /// Fargate has room for no more than so many tasks of a service.
    Room {
        /// The service.
        service: String,
        /// Tasks; any number again if there is none.
        tasks: Option<u32>,
    },
    /// `RegisterScalableTarget`: new bounds.
    Scalable {
        /// The service.
        service: String,
        /// Fewest tasks.
        min: u32,
        /// Most tasks.
        max: u32,
        /// What of scaling is suspended.
        #[serde(default)]
        suspended: Suspended,
    },
    /// The deployment circuit breaker.
    Breaker {
        /// The service.
        service: String,
        /// It gives up on failing deployments.
        enabled: bool,
        /// It puts the last good one back.
        rollback: bool,
    },
    /// `deploymentConfiguration`.
    Percents {
        /// The service.
        service: String,
        /// `minimumHealthyPercent`.
        minimum_healthy: u32,
        /// `maximumPercent`.
        maximum: u32,
    },
    /// Users ask this many times as much as usual; 1 ends it.
    Surge {
        /// The service.
        service: String,
        /// Times the usual load.
        factor: f64,
    },
    /// Each task of the service loses database connections, until it is stopped.
    LeakConnections {
        /// The service.
        service: String,
        /// Connections a task loses in a minute; 0 ends it.
        per_minute: f64,
    },
    /// Something fills the database's storage.
    FillStorage {
        /// The instance.
        database: String,
        /// What is left now, in bytes; as it was if there is none.
        free: Option<f64>,
        /// Bytes a minute from now on, beside the usual.
        per_minute: f64,
    },
    /// Updates leave dead rows in a table that autovacuum does not clear: it is turned off for it from now on.
    Bloat {
        /// The instance.
        database: String,
        /// The table; the largest if none is named.
        table: Option<String>,
        /// Bytes of dead rows that come now; none if nothing is said.
        dead: Option<f64>,
        /// Bytes of dead rows that come a minute, beside those of the usual load.
        #[serde(default)]
        per_minute: f64,
    },
    /// Somebody begins a transaction in the database and leaves it open: rows that die meanwhile stay.
    OpenTransaction {
        /// The instance.
        database: String,
        /// Their role.
        user: String,
        /// `application_name`.
        application: String,
        /// A table that they have locked.
        locks: Option<String>,
    },
    /// All transactions that were left open end.
    CloseTransactions {
        /// The instance.
        database: String,
    },
    /// `RebootDBInstance`.
    Reboot {
        /// The instance.
        database: String,
    },
    /// An availability zone goes, with all that is in it.
    ZoneDown {
        /// `us-east-1a`.
        zone: String,
    },
    /// … and comes back.
    ZoneUp {
        /// `us-east-1a`.
        zone: String,
    },
    /// `EnableAlarmActions` and `DisableAlarmActions`.
    AlarmActions {
        /// The alarm.
        alarm: String,
        /// Its actions are carried out.
        enabled: bool,
    },
    /// The service is deleted: `INACTIVE`, with no tasks.
    DeleteService {
        /// The service.
        service: String,
    },
}
