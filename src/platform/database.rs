//! An RDS instance as `DescribeDBInstances` tells it.

use jiff::Timestamp;
use serde::Serialize;

/// An RDS instance.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Database {
    /// `DBInstanceIdentifier`.
    pub id: String,
    /// `available`, `backing-up`, `storage-full` …, as AWS writes it.
    pub status: String,
    /// `postgres`.
    pub engine: String,
    /// `16.3`.
    pub version: String,
    /// `db.t4g.micro`.
    pub class: String,
    /// A standby in another zone.
    pub multi_az: bool,
    /// Availability zone.
    pub zone: Option<String>,
    /// Allocated storage in bytes (AWS says GiB).
    pub storage_bytes: Option<u64>,
    /// `gp3`.
    pub storage_type: Option<String>,
    /// Host name and port, once it has one.
    pub endpoint: Option<(String, u16)>,
    /// Point-in-time recovery reaches up to here, usually 5 minutes ago.
    pub latest_restorable: Option<Timestamp>,
    /// Days of automated backups; 0 means none.
    pub backup_days: Option<u32>,
}

/// Whether an instance takes connections, as far as its status tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Serving {
    /// It does; a change may be under way.
    Yes,
    /// It may refuse them for minutes: a major upgrade is an outage, a new name is a new address.
    Perhaps,
    /// It does not.
    No,
}

impl Database {
    /// By RDS's status of the instance.
    ///
    /// From the Amazon RDS User Guide, "Viewing Amazon RDS DB instance status" and "Upgrading the engine version": the
    /// instance is down for a major upgrade, and for a minor one of a single zone.
    pub fn serving(&self) -> Serving {
        match self.status.as_str() {
            "available"
            | "backing-up"
            | "configuring-enhanced-monitoring"
            | "configuring-iam-database-auth"
            | "configuring-log-exports"
            | "modifying"
            | "resetting-master-credentials"
            | "storage-config-upgrade"
            | "storage-initialization"
            | "storage-optimization" => Serving::Yes,
            "converting-to-vpc" | "maintenance" | "moving-to-vpc" | "renaming" | "upgrading" => Serving::Perhaps,
            _ => Serving::No,
        }
    }
}
