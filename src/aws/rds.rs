//! Relational Database Service.

use aws_sdk_rds::types as sdk;

use super::Clients;
use super::convert::{count, instant_of};
use crate::platform::{Database, Trouble, TroubleKind};

const OPERATION: &str = "rds:DescribeDBInstances";

/// One instance.
///
/// `aws rds describe-db-instances --db-instance-identifier ID`
pub async fn describe_db_instance(clients: &Clients, id: &str) -> Result<Database, Trouble> {
    let answer = clients.rds.describe_db_instances().db_instance_identifier(id).send().await;
    let answer = answer.map_err(|error| clients.trouble(OPERATION, &error)).map_err(|mut trouble| {
        if trouble.kind == TroubleKind::NotFound {
            trouble.why = format!("no RDS instance \"{id}\" in {}", clients.place());
            trouble.remedy = Some("compare it with the platform file".to_owned());
        }
        trouble
    })?;
    let found = answer.db_instances().first().ok_or_else(|| clients.lacks(OPERATION, "DBInstances"))?;
    database(clients, found)
}

/// All instances of the region.
///
/// `aws rds describe-db-instances`
pub async fn list_db_instances(clients: &Clients) -> Result<Vec<Database>, Trouble> {
    let request = clients.rds.describe_db_instances().max_records(100);
    let found = request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
    let found = found.map_err(|error| clients.trouble(OPERATION, &error))?;
    found.iter().map(|from| database(clients, from)).collect()
}

fn database(clients: &Clients, from: &sdk::DbInstance) -> Result<Database, Trouble> {
    let lacks = |field| clients.lacks(OPERATION, field);
    Ok(Database {
        id: from.db_instance_identifier().ok_or_else(|| lacks("DBInstanceIdentifier"))?.to_owned(),
        status: from.db_instance_status().ok_or_else(|| lacks("DBInstanceStatus"))?.to_owned(),
        engine: from.engine().unwrap_or_default().to_owned(),
        version: from.engine_version().unwrap_or_default().to_owned(),
        class: from.db_instance_class().unwrap_or_default().to_owned(),
        multi_az: from.multi_az().unwrap_or(false),
        zone: from.availability_zone().map(str::to_owned),
        storage_bytes: from.allocated_storage().map(|gibibytes| u64::from(count(gibibytes)) << 30),
        storage_type: from.storage_type().map(str::to_owned),
        endpoint: from
            .endpoint()
            .and_then(|endpoint| Some((endpoint.address()?.to_owned(), u16::try_from(endpoint.port()?).ok()?))),
        latest_restorable: instant_of(from.latest_restorable_time()),
        backup_days: from.backup_retention_period().map(count),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::{Reply, Tiny};
    use crate::platform::Serving;

    fn answering(reply: Reply) -> Clients {
        Clients::over(Tiny::new(move |_, _| reply.clone()).client(), "us-east-1")
    }

    fn instances(inner: &str) -> Reply {
        Reply::xml(&format!(
            "<DescribeDBInstancesResponse><DescribeDBInstancesResult><DBInstances><DBInstance>{inner}</DBInstance></DBInstances>\
             </DescribeDBInstancesResult></DescribeDBInstancesResponse>"
        ))
    }

    #[tokio::test(start_paused = true)]
    async fn storage_is_told_in_bytes() {
        let clients = answering(instances(
            "<DBInstanceIdentifier>analytics</DBInstanceIdentifier><DBInstanceStatus>available</DBInstanceStatus>\
             <Engine>postgres</Engine><EngineVersion>16.3</EngineVersion><AllocatedStorage>20</AllocatedStorage>\
             <Endpoint><Address>db.example.com</Address><Port>5432</Port></Endpoint><MultiAZ>true</MultiAZ>\
             <LatestRestorableTime>2026-11-24T03:10:45Z</LatestRestorableTime>",
        ));
        let found = describe_db_instance(&clients, "analytics").await.unwrap();
        assert_eq!(found.storage_bytes, Some(20 * 1_073_741_824));
        assert_eq!(found.endpoint, Some(("db.example.com".to_owned(), 5432)));
        assert_eq!((found.serving(), found.multi_az), (Serving::Yes, true));
        assert_eq!(found.latest_restorable.unwrap().to_string(), "2026-11-24T03:10:45Z");
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_without_instances_does_not_say_that_the_database_was_deleted() {
        let clients = answering(Reply::xml("<DescribeDBInstancesResponse/>"));
        let trouble = describe_db_instance(&clients, "analytics").await.unwrap_err();
        assert_eq!(trouble.kind, TroubleKind::BadAnswer, "{trouble:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_missing_instance_and_a_missing_status_are_said_plainly() {
        let clients = answering(Reply::xml_error(404, "DBInstanceNotFound", "DBInstance analytics not found."));
        let trouble = describe_db_instance(&clients, "analytics").await.unwrap_err();
        assert_eq!(trouble.why, "no RDS instance \"analytics\" in us-east-1");
        let clients = answering(instances("<DBInstanceIdentifier>analytics</DBInstanceIdentifier>"));
        let trouble = describe_db_instance(&clients, "analytics").await.unwrap_err();
        assert_eq!(trouble.why, "no DBInstanceStatus in the answer of rds.us-east-1.amazonaws.com");
    }
}
