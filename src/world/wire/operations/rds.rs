//! RDS instances and their events.

use super::super::error::AwsError;
use super::super::value::{Value, list, map, text};
use super::Answer;
use super::page::page;
use crate::world::World;
use crate::world::model::database::Database;
use crate::world::model::names;

/// Point-in-time recovery is this far behind.
const RESTORABLE_BEHIND: i64 = 300;

pub fn describe(world: &World, params: &Value) -> Answer {
    let asked = params.get("DBInstanceIdentifier").text();
    let found: Vec<&Database> =
        world.databases.iter().filter(|d| asked.is_none_or(|id| d.id == id || d.arn() == id)).collect();
    if let (Some(id), true) = (asked, found.is_empty()) {
        return Err(AwsError {
            status: 404,
            ..AwsError::new("DBInstanceNotFound", format!("DBInstance {id} not found."))
        });
    }
    let page = page(found, params.get("Marker"), params.get("MaxRecords"), 100, "InvalidParameterValue")?;
    let shown = page.items.into_iter().map(|d| show(d, world.now));
    Ok(map([("DBInstances", list(shown))]).with("Marker", page.next))
}

fn show(database: &Database, now: i64) -> Value {
    let endpoint = map([
        ("Address", text(format!("{}.c9akciq32.{}.rds.amazonaws.com", database.id, names::REGION))),
        ("Port", 5432.into()),
        ("HostedZoneId", text("Z2R2ITUGPM61AM")),
    ]);
    let security = map([("VpcSecurityGroupId", text("sg-0a1b2c3d4e5f60718")), ("Status", text("active"))]);
    let restorable = (if database.serves(now) { now } else { database.answered }) - RESTORABLE_BEHIND;
    map([
        ("DBInstanceIdentifier", text(&database.id)),
        ("DBInstanceArn", text(database.arn())),
        ("DBInstanceClass", text(&database.class)),
        ("DBInstanceStatus", text(database.status(now))),
        ("Engine", text("postgres")),
        ("EngineVersion", text(&database.version)),
        ("MasterUsername", text("postgres")),
        ("DBName", text(&database.id)),
        ("Endpoint", endpoint),
        ("AllocatedStorage", database.allocated_gib.into()),
        ("StorageType", text("gp3")),
        ("Iops", 3_000.into()),
        ("StorageThroughput", 125.into()),
        ("StorageEncrypted", true.into()),
        ("InstanceCreateTime", Value::Time(database.created)),
        // Whole minutes: the transaction log is archived every five.
        ("LatestRestorableTime", Value::Time(restorable.div_euclid(60) * 60)),
        ("BackupRetentionPeriod", 7.into()),
        ("PreferredBackupWindow", text("03:00-03:30")),
        ("PreferredMaintenanceWindow", text("sun:04:30-sun:05:00")),
        ("MultiAZ", false.into()),
        ("AvailabilityZone", text(&database.zone)),
        ("PubliclyAccessible", false.into()),
        ("VpcSecurityGroups", list([security])),
        ("CACertificateIdentifier", text("rds-ca-rsa2048-g1")),
        ("PerformanceInsightsEnabled", false.into()),
        ("DeletionProtection", true.into()),
        ("AutoMinorVersionUpgrade", true.into()),
        ("LicenseModel", text("postgresql-license")),
    ])
}

pub fn events(world: &World, params: &Value) -> Answer {
    let source = params.get("SourceIdentifier").text();
    let to = params.get("EndTime").time().unwrap_or(world.now);
    // Minutes; an hour if nothing is said.
    let duration = params.get("Duration").int().unwrap_or(60) * 60;
    let from = params.get("StartTime").time().unwrap_or(to - duration);
    let mut found = Vec::new();
    for database in world.databases.iter().filter(|d| source.is_none_or(|id| d.id == id)) {
        for event in database.events.iter().filter(|e| e.at >= from && e.at <= to) {
            found.push(map([
                ("SourceIdentifier", text(&database.id)),
                ("SourceType", text("db-instance")),
                ("Message", text(&event.message)),
                ("EventCategories", list([event.category])),
                ("Date", Value::Time(event.at)),
                ("SourceArn", text(database.arn())),
            ]));
        }
    }
    let page = page(found, params.get("Marker"), params.get("MaxRecords"), 100, "InvalidParameterValue")?;
    Ok(map([("Events", list(page.items))]).with("Marker", page.next))
}
