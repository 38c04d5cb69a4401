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

impl Database {
    /// RDS's states in which connections are served; a change may be under way.
    ///
    /// From the Amazon RDS User Guide, "Viewing Amazon RDS DB instance status".
    pub fn serves(&self) -> bool {
        matches!(
            self.status.as_str(),
            "available"
                | "backing-up"
                | "configuring-enhanced-monitoring"
                | "configuring-iam-database-auth"
                | "configuring-log-exports"
                | "converting-to-vpc"
                | "maintenance"
                | "modifying"
                | "moving-to-vpc"
                | "resetting-master-credentials"
                | "renaming"
                | "storage-config-upgrade"
                | "storage-initialization"
                | "storage-optimization"
                | "upgrading"
        )
    }
}
