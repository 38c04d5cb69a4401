//! The world's wire: faults in every protocol, many services, what it does not know, a real port.

use super::*;

#[tokio::test(start_paused = true)]
async fn every_fault_reaches_each_protocol_as_aws_would_say_it() {
    let host = host("calm");
    let aws = over(host.http_client()).await;
    macro_rules! code {
        ($call:expr) => {
            $call.send().await.unwrap_err().code().map(ToOwned::to_owned)
        };
    }
    for (failure, json, query) in [
        (Failure::Throttled, "ThrottlingException", "Throttling"),
        (Failure::AccessDenied, "AccessDeniedException", "AccessDenied"),
        (Failure::ExpiredToken, "ExpiredTokenException", "ExpiredToken"),
    ] {
        host.heal();
        host.inject(Fault::on("*", failure));
        assert_eq!(code!(aws.ecs.list_clusters()).as_deref(), Some(json));
        assert_eq!(code!(aws.cloudwatch.describe_alarms()).as_deref(), Some(json));
        assert_eq!(code!(aws.rds.describe_db_instances()).as_deref(), Some(query));
    }
    host.heal();
    host.inject(Fault::on("ecs:DescribeServices", Failure::AccessDenied));
    let error = aws.ecs.describe_services().cluster(CLUSTER).services(SERVICE).send().await.unwrap_err();
    assert_eq!(
        error.message(),
        Some(
            "User: arn:aws:iam::123456789012:user/ana is not authorized to perform: ecs:DescribeServices on resource: * \
             because no identity-based policy allows the ecs:DescribeServices action"
        )
    );
    aws.ecs.list_clusters().send().await.unwrap();
    host.heal();
    host.inject(Fault::on("*", Failure::Reset).times(1));
    assert!(
        matches!(aws.ecs.list_clusters().send().await, Err(e) if matches!(e, aws_sdk_ecs::error::SdkError::DispatchFailure(_)))
    );
    host.inject(Fault::on("ecs:*", Failure::Garbage).times(1));
    aws.ecs.list_clusters().send().await.unwrap_err();
    host.inject(Fault::on("rds:*", Failure::Unavailable).times(1));
    aws.rds.describe_db_instances().send().await.unwrap_err();
    host.inject(Fault::on("cloudwatch:*", Failure::InternalError).times(1));
    aws.cloudwatch.describe_alarms().send().await.unwrap_err();
    host.inject(Fault::on("ecs:*", Failure::FieldsMissing).times(1));
    assert!(aws.ecs.list_clusters().send().await.unwrap().cluster_arns().is_empty());
    host.inject(Fault::on("ecs:*", Failure::Hang).times(1));
    let began = tokio::time::Instant::now();
    assert!(matches!(aws.ecs.list_clusters().send().await, Err(aws_sdk_ecs::error::SdkError::TimeoutError(_))));
    assert_eq!(began.elapsed(), Duration::from_secs(5), "in virtual time");
    host.inject(Fault::on("ecs:*", Failure::Slow(Duration::from_millis(20))));
    let began = tokio::time::Instant::now();
    aws.ecs.list_clusters().send().await.unwrap();
    assert!(began.elapsed() >= Duration::from_millis(20) && began.elapsed() < Duration::from_millis(30));
    assert_eq!(host.requests().iter().filter(|r| *r == "ecs:DescribeServices").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_services_are_described_page_by_page() {
    let clock = Clock::simulated(start(), 1.0);
    let host = Host::new(World::crowd(100, 10, 200, start()), clock);
    let aws = over(host.http_client()).await;
    let services = aws.ecs.list_services().cluster(CLUSTER).max_results(100).send().await.unwrap();
    assert!(services.service_arns().len() == 100 && services.next_token().is_some());
    let names = services.service_arns()[..10].to_vec();
    let found = aws.ecs.describe_services().cluster(CLUSTER).set_services(Some(names)).send().await.unwrap();
    assert!(found.services().len() == 10 && found.failures().is_empty());
    let too_many =
        aws.ecs.describe_services().cluster(CLUSTER).set_services(services.service_arns).send().await.unwrap_err();
    assert!(too_many.as_service_error().unwrap().is_invalid_parameter_exception());
    let tasks = aws.ecs.list_tasks().cluster(CLUSTER).send().await.unwrap();
    let tasks = aws.ecs.describe_tasks().cluster(CLUSTER).set_tasks(tasks.task_arns).send().await.unwrap();
    assert_eq!(tasks.tasks().len(), 100);
    let alarms = aws.cloudwatch.describe_alarms().max_records(100).send().await.unwrap();
    assert!(alarms.metric_alarms().len() == 100 && alarms.next_token().is_some());
}

#[tokio::test(start_paused = true)]
async fn an_operation_the_world_does_not_know_is_refused_by_its_name() {
    let aws = over(host("calm").http_client()).await;
    let error = aws.ecs.delete_cluster().cluster(CLUSTER).send().await.unwrap_err();
    assert_eq!(error.code(), Some("UnknownOperationException"));
    assert!(error.message().unwrap().contains("ecs:DeleteCluster"));
    let error = aws.rds.describe_db_clusters().send().await.unwrap_err();
    assert!(error.message().unwrap().contains("rds:DescribeDBClusters"));
}

#[tokio::test]
async fn the_same_answers_come_over_a_loopback_port() {
    let host = host("calm");
    let served = host.serve("127.0.0.1:0".parse().unwrap()).unwrap();
    let aws = clients(&config(|loader| loader.endpoint_url(&served.url)).await);
    let found = aws.ecs.describe_services().cluster(CLUSTER).services(SERVICE).send().await.unwrap();
    assert_eq!(found.services()[0].running_count(), 3);
    assert_eq!(aws.cloudwatch.describe_alarms().send().await.unwrap().metric_alarms().len(), 13);
    assert_eq!(aws.rds.describe_db_instances().send().await.unwrap().db_instances().len(), 1);
    host.inject(Fault::on("ecs:*", Failure::Reset).times(1));
    assert!(matches!(aws.ecs.list_clusters().send().await, Err(aws_sdk_ecs::error::SdkError::DispatchFailure(_))));
    aws.ecs.list_clusters().send().await.unwrap();
    drop(served);
    // The port closes once the runtime has dropped the task.
    let mut gone = false;
    for _ in 0..100 {
        gone = aws.sts.get_caller_identity().send().await.is_err();
        if gone {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert!(gone, "a demo that has ended still answers");
}

#[tokio::test]
async fn the_secret_tells_the_worlds_own_database_or_the_one_that_stands_in_for_it() {
    use plantao::database::{Database, Target};
    let host = host("calm");
    let read = async |config: aws_config::SdkConfig, id: &str| {
        let client = aws_sdk_secretsmanager::Client::new(&config);
        client.get_secret_value().secret_id(id).send().await
    };
    // In this process no port is open, and so there is nothing to tell.
    let inside = config(|loader| loader.http_client(host.http_client())).await;
    let error = read(inside, Host::DATABASE_SECRET).await.unwrap_err();
    assert!(error.as_service_error().unwrap().is_resource_not_found_exception());
    let served = host.serve("127.0.0.1:0".parse().unwrap()).unwrap();
    let outside = config(|loader| loader.endpoint_url(&served.url)).await;
    let secret = read(outside.clone(), Host::DATABASE_SECRET).await.unwrap();
    assert_eq!(read(outside, secret.arn().unwrap()).await.unwrap().name(), Some(Host::DATABASE_SECRET));
    let url = secret.secret_string().unwrap();
    assert_eq!(Some(url), served.database_url());
    assert!(url.starts_with("postgresql://analytics:") && url.ends_with("/analytics?sslmode=disable"));
    Database::connect(&Target::from_url(url).unwrap()).await.unwrap();
    assert!(host.requests().iter().all(|request| request == "secretsmanager:GetSecretValue"));

    // Served once more, it has one more port, and no other database stands in for it.
    let again = host.serve("127.0.0.1:0".parse().unwrap()).unwrap();
    assert!(again.database_url().is_some() && again.database_url() != served.database_url());
    let outside = config(|loader| loader.endpoint_url(&served.url)).await;
    let secret = read(outside, Host::DATABASE_SECRET).await.unwrap();
    assert_eq!(secret.secret_string(), again.database_url());
    for url in [served.database_url(), again.database_url()] {
        Database::connect(&Target::from_url(url.unwrap()).unwrap()).await.unwrap();
    }

    let other = self::host("calm");
    other.stand_in("postgresql://ana@127.0.0.1:5432/real");
    let served = other.serve("127.0.0.1:0".parse().unwrap()).unwrap();
    assert_eq!(served.database_url(), None);
    let outside = config(|loader| loader.endpoint_url(&served.url)).await;
    let secret = read(outside, Host::DATABASE_SECRET).await.unwrap();
    assert_eq!(secret.secret_string(), Some("postgresql://ana@127.0.0.1:5432/real"));
}
