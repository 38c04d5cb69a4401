use std::io::ErrorKind;

use super::*;
use crate::aws::causes::QUOTE;
use crate::aws::ecs_write::{self, ServiceUpdate};
use crate::aws::testing::{Reply, Tiny};

async fn ecs_trouble(reply: Reply) -> Trouble {
    let clients = Clients::over(Tiny::new(move |_, _| reply.clone()).client(), "us-east-1");
    let error = clients.ecs.describe_services().services("api").send().await.unwrap_err();
    clients.trouble("ecs:DescribeServices", &error)
}

async fn rds_trouble(reply: Reply) -> Trouble {
    let clients = Clients::over(Tiny::new(move |_, _| reply.clone()).client(), "us-east-1");
    let error = clients.rds.describe_db_instances().send().await.unwrap_err();
    clients.trouble("rds:DescribeDBInstances", &error)
}

#[test]
fn a_denial_names_the_permission_that_is_missing_and_not_the_operation_that_needs_it() {
    for (action, sid) in [("ecs:TagResource", "Tags"), ("iam:PassRole", "Roles")] {
        let message = format!("User: arn:aws:iam::1:user/ana is not authorized to perform: {action} on resource: x");
        let (_, why, remedy) = denied("ecs:RegisterTaskDefinition", &message);
        assert_eq!(why, format!("not allowed: {action}"));
        assert!(remedy.unwrap().starts_with(&format!("statement \"{sid}\" of assets/iam/plantao-operate.json")));
    }
    let (_, why, _) = denied("ecs:RegisterTaskDefinition", "not authorized to perform: ecs:RegisterTaskDefinition");
    assert_eq!(why, "not allowed: ecs:RegisterTaskDefinition");
}

#[tokio::test(start_paused = true)]
async fn each_kind_of_trouble_says_why_and_what_now() {
    use TroubleKind::*;
    let aws = |code, message| Reply::json_error(400, code, message);
    let cases = [
        (
            aws("ExpiredTokenException", "The security token included in the request is expired"),
            ExpiredCredentials,
            "credentials expired: refresh the AWS credentials; plantao picks them up",
        ),
        (
            aws("UnrecognizedClientException", "The security token included in the request is invalid."),
            ExpiredCredentials,
            "AWS does not accept these credentials: refresh the AWS credentials; plantao picks them up",
        ),
        (
            aws(
                "AccessDeniedException",
                "User: arn:aws:iam::1:user/ana is not authorized to perform: ecs:DescribeServices",
            ),
            Denied,
            "not allowed: ecs:DescribeServices: statement \"Services\" of assets/iam/plantao-read.json grants it",
        ),
        (
            aws("AccessDeniedException", "… with an explicit deny in a service control policy"),
            Denied,
            "a policy explicitly denies ecs:DescribeServices: statement \"Services\" of assets/iam/plantao-read.json grants it",
        ),
        (
            aws("ThrottlingException", "Rate exceeded"),
            Throttled,
            "throttled: DescribeServices by ecs.us-east-1.amazonaws.com",
        ),
        (aws("ClusterNotFoundException", "Cluster not found."), NotFound, "Cluster not found."),
        (
            aws("RequestTimeTooSkewed", ""),
            ClockSkew,
            "the local clock is too far from AWS's: synchronise the clock (timedatectl, chronyc)",
        ),
        (
            aws("InvalidSignatureException", "Signature expired: 20261124T031245Z is now earlier than …"),
            ClockSkew,
            "the local clock is too far from AWS's: synchronise the clock (timedatectl, chronyc)",
        ),
        (
            aws("InvalidSignatureException", "The request signature we calculated does not match"),
            ExpiredCredentials,
            "AWS does not accept these credentials: the secret key does not fit its key id: refresh the AWS credentials; plantao picks them up",
        ),
        (
            aws("InvalidParameterException", "services cannot be\nempty."),
            Refused,
            "AWS refuses DescribeServices: services cannot be empty. (InvalidParameterException)",
        ),
        (
            Reply::json_error(500, "ServerException", "Service Unavailable. Please try again later."),
            Unavailable,
            "answer 500 ServerException from ecs.us-east-1.amazonaws.com: it is in trouble",
        ),
        (
            Reply::Answer(503, "text/plain", b"no".to_vec()),
            Unavailable,
            "answer 503 from ecs.us-east-1.amazonaws.com: it is in trouble",
        ),
        (
            Reply::Answer(200, "text/html", b"<html><body>Sign in</body></html>".to_vec()),
            BadAnswer,
            "HTML, not AWS, from ecs.us-east-1.amazonaws.com: a proxy or captive portal?",
        ),
        (
            Reply::Answer(407, "text/html", b"<!DOCTYPE html>".to_vec()),
            BadAnswer,
            "HTML (407), not AWS, from ecs.us-east-1.amazonaws.com: a proxy or captive portal?",
        ),
        (
            Reply::Answer(404, "text/html; charset=utf-8", b"<html>no such page".to_vec()),
            BadAnswer,
            "HTML (404), not AWS, from ecs.us-east-1.amazonaws.com: a proxy or captive portal?",
        ),
        (
            Reply::Answer(404, "text/plain", b"404 page not found".to_vec()),
            BadAnswer,
            "this is not AWS: ecs.us-east-1.amazonaws.com answered HTTP 404 as AWS never does: \
             check the endpoint (--endpoint-url, AWS_ENDPOINT_URL) and the proxy",
        ),
        (Reply::json("{\"services\": [{\"serv"), BadAnswer, "unreadable answer from ecs.us-east-1.amazonaws.com"),
        (Reply::Never, TimedOut, "no answer from ecs.us-east-1.amazonaws.com in 10 s"),
        (
            Reply::Broken(ErrorKind::ConnectionRefused, "Connection refused"),
            Unreachable,
            "connection refused by ecs.us-east-1.amazonaws.com",
        ),
        (
            Reply::Broken(ErrorKind::ConnectionReset, "reset by peer"),
            Unreachable,
            "connection broken by ecs.us-east-1.amazonaws.com",
        ),
        (
            Reply::Broken(ErrorKind::Other, "dns error: failed to lookup address information"),
            Unreachable,
            "no such host: ecs.us-east-1.amazonaws.com: is the region right, and the network up?",
        ),
        (
            Reply::Broken(ErrorKind::InvalidData, "invalid peer certificate: UnknownIssuer"),
            Unreachable,
            "untrusted certificate of ecs.us-east-1.amazonaws.com: a proxy that opens TLS? Its certificate authority must be among the system's",
        ),
    ];
    for (reply, kind, words) in cases {
        let trouble = ecs_trouble(reply).await;
        assert_eq!((trouble.kind, trouble.to_string()), (kind, words.to_owned()));
        assert_eq!(trouble.operation, "ecs:DescribeServices");
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_that_nobody_answered_says_how_long_it_was_waited_for() {
    let clients = Clients::over(Tiny::new(|_, _| Reply::Never).client(), "us-east-1");
    let began = tokio::time::Instant::now();
    let sent = ecs_write::update_service(&clients, "prod", "api", &ServiceUpdate::default()).await;
    assert_eq!(
        sent.unwrap_err().why,
        format!("no answer from ecs.us-east-1.amazonaws.com in {} s", began.elapsed().as_secs())
    );
}

#[tokio::test(start_paused = true)]
async fn xml_services_speak_the_same_words() {
    let trouble = rds_trouble(Reply::xml_error(403, "AccessDenied", "User is not authorized")).await;
    assert_eq!(trouble.kind, TroubleKind::Denied);
    assert!(trouble.remedy.unwrap().contains("\"Databases\""));
    assert_eq!(rds_trouble(Reply::xml_error(400, "Throttling", "Rate exceeded")).await.kind, TroubleKind::Throttled);
    assert_eq!(
        rds_trouble(Reply::xml_error(403, "ExpiredToken", "expired")).await.kind,
        TroubleKind::ExpiredCredentials
    );
    let missing = rds_trouble(Reply::xml_error(404, "DBInstanceNotFound", "DBInstance analytics not found.")).await;
    assert_eq!((missing.kind, missing.why.as_str()), (TroubleKind::NotFound, "DBInstance analytics not found."));
    assert_eq!(rds_trouble(Reply::Answer(503, "text/html", b"<html>".to_vec())).await.kind, TroubleKind::BadAnswer);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_wrong_is_told_by_how_much() {
    let mut aws = Tiny::new(|_, _| Reply::json_error(400, "RequestTimeTooSkewed", ""));
    aws.date = Some("Tue, 24 Nov 2026 03:00:00 GMT");
    let clients = Clients::over(aws.client(), "us-east-1");
    clients.tell_time_by(&crate::clock::Clock::simulated("2026-11-24T03:10:00Z".parse().unwrap(), 1.0));
    assert_eq!(clients.clock_skew(), None);
    let error = clients.ecs.list_clusters().send().await.unwrap_err();
    let trouble = clients.trouble("ecs:ListClusters", &error);
    assert!(trouble.why.starts_with("the local clock is 10m ahead of AWS's"), "{}", trouble.why);
    assert!((600..605).contains(&clients.clock_skew().unwrap().as_secs()));
    assert!(trouble.since.to_string().starts_with("2026-11-24T03:00:0"), "its age is AWS's: {}", trouble.since);
}

#[tokio::test(start_paused = true)]
async fn a_proxys_clock_is_not_taken_for_aws_s() {
    for (status, kind) in [(404, "text/html"), (200, "text/html"), (503, "text/html")] {
        let mut aws = Tiny::new(move |_, _| Reply::Answer(status, kind, b"<html>a proxy</html>".to_vec()));
        aws.date = Some("Tue, 24 Nov 2026 03:00:00 GMT");
        let clients = Clients::over(aws.client(), "us-east-1");
        clients.ecs.list_clusters().send().await.unwrap_err();
        assert_eq!(clients.clock_skew(), None, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn retries_count_as_one_call() {
    let aws = Tiny::new(|_, _| Reply::json_error(400, "ThrottlingException", "Rate exceeded"));
    let clients = Clients::over(aws.client(), "us-east-1");
    clients.ecs.list_clusters().send().await.unwrap_err();
    assert_eq!((aws.asked().len(), clients.spent().calls), (3, 1));
}

#[test]
fn a_strange_message_is_one_short_printable_line() {
    assert_eq!(quote("a\u{1b}[2J\n\n  b"), "a·[2J b");
    assert_eq!(quote(&"x".repeat(1_000)).chars().count(), QUOTE + 1);
}

#[tokio::test(start_paused = true)]
async fn cbor_services_speak_the_same_words() {
    for (code, kind) in [
        ("ExpiredTokenException", TroubleKind::ExpiredCredentials),
        ("AccessDenied", TroubleKind::Denied),
        ("ThrottlingException", TroubleKind::Throttled),
        ("InternalServiceFault", TroubleKind::Unavailable),
    ] {
        let status = if kind == TroubleKind::Unavailable { 500 } else { 400 };
        let tiny = Tiny::new(move |operation, _| Reply::error_of(operation, status, code, "because"));
        let clients = Clients::over(tiny.client(), "us-east-1");
        assert_eq!(crate::aws::alarms::describe_alarms(&clients).await.unwrap_err().kind, kind);
    }
}
