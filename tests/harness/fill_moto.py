"""Fills a region of moto with the seed platform, as far as moto can hold it."""
import json
import math
import time

import boto3
from botocore.config import Config

NAME = "analytics-production"
SERVICE = "analytics-api"
TOPIC = "arn:aws:sns:{region}:123456789012:{name}"
SERVICE_DIMENSIONS = {"ClusterName": NAME, "ServiceName": SERVICE}
DATABASE_DIMENSIONS = {"DBInstanceIdentifier": "analytics"}
API_DIMENSIONS = {"Service": SERVICE}

# namespace, metric, dimensions, unit, value by minutes ago
METRICS = [
    ("AWS/ECS", "CPUUtilization", SERVICE_DIMENSIONS, "Percent", lambda m: 91.0 if m < 6 else 40 + 5 * math.sin(m / 9)),
    ("AWS/ECS", "MemoryUtilization", SERVICE_DIMENSIONS, "Percent", lambda m: 55.0),
    ("AWS/RDS", "CPUUtilization", DATABASE_DIMENSIONS, "Percent", lambda m: 30 + 3 * math.cos(m / 7)),
    ("AWS/RDS", "DatabaseConnections", DATABASE_DIMENSIONS, "Count", lambda m: 38.0),
    ("AWS/RDS", "FreeStorageSpace", DATABASE_DIMENSIONS, "Bytes", lambda m: 11.5e9 + 1e6 * m),
    ("Analytics/API", "Latency", API_DIMENSIONS, "Milliseconds", lambda m: 120.0 + m % 5),
    ("Analytics/API", "ErrorRate", API_DIMENSIONS, "Percent", lambda m: 12.4 if m < 8 else 0.2),
    ("Analytics/API", "WebhookLatency", API_DIMENSIONS, "Milliseconds", lambda m: 800.0),
    ("Analytics/API", "WebhookFailureRate", API_DIMENSIONS, "Percent", lambda m: 1.0),
    ("Analytics/API", "QueueDepth", API_DIMENSIONS, "Count", lambda m: 12.0),
]

LOAD_BALANCER_DIMENSIONS = {
    "LoadBalancer": "app/analytics/50dc6c495c0c9188", "TargetGroup": "targetgroup/analytics-api/73e2d6bc24d8a067"}

# name, description, namespace, metric, dimensions, statistic, comparison, threshold, minutes, missing data, topic
# As src/world/model/seed.rs has them: a test compares what comes out of both.
PAGE, TELL = "critical-alerts", "warning-alerts"
ALARMS = [
    ("ECS-AllTasksDown", "All tasks unhealthy for 2 min", "AWS/ApplicationELB", "HealthyHostCount",
     LOAD_BALANCER_DIMENSIONS, "Maximum", "<", 1, 2, "breaching", PAGE),
    ("RDS-Down", "No database connection for 1 min", "AWS/RDS", "DatabaseConnections",
     DATABASE_DIMENSIONS, "Maximum", "<", 1, 1, "breaching", PAGE),
    ("API-HighErrorRate", "5xx > 5 % for 5 min", "Analytics/API", "ErrorRate",
     API_DIMENSIONS, "Average", ">", 5, 5, "notBreaching", PAGE),
    ("Webhook-ProcessingFailure", "Failed > 20 % for 10 min", "Analytics/API", "WebhookFailureRate",
     API_DIMENSIONS, "Average", ">", 20, 10, "notBreaching", PAGE),
    ("ECS-HighCPU", "CPU > 80 % for 5 min", "AWS/ECS", "CPUUtilization",
     SERVICE_DIMENSIONS, "Average", ">", 80, 5, "missing", TELL),
    ("RDS-HighCPU", "CPU > 85 % for 5 min", "AWS/RDS", "CPUUtilization",
     DATABASE_DIMENSIONS, "Average", ">", 85, 5, "missing", TELL),
    ("RDS-LowStorage", "Free storage < 2 GB", "AWS/RDS", "FreeStorageSpace",
     DATABASE_DIMENSIONS, "Average", "<", 2e9, 1, "missing", TELL),
    ("API-SlowResponse", "p95 > 500 ms for 10 min", "Analytics/API", "Latency",
     API_DIMENSIONS, "p95", ">", 500, 10, "notBreaching", TELL),
    ("BullMQ-Backlog", "More than 100 jobs wait for 15 min", "Analytics/API", "QueueDepth",
     API_DIMENSIONS, "Average", ">", 100, 15, "notBreaching", TELL),
]
COMPARISONS = {"<": "LessThanThreshold", ">": "GreaterThanThreshold"}


def fill(endpoint, region, service=True, firing=(), metrics=True, desired=3, databases=0, revisions=1):
    """`firing` alarms are put in ALARM, all others in OK; `databases` more instances make several pages of them."""
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=region)
    config = Config(retries={"max_attempts": 0})

    def client(name):
        return session.client(name, endpoint_url=endpoint, config=config)

    client("logs").create_log_group(logGroupName=f"/ecs/{SERVICE}")
    client("ecr").create_repository(repositoryName=SERVICE)
    client("ecs").create_cluster(clusterName=NAME)
    if service:
        fill_service(client, region, desired, revisions)
    for name in ["analytics"] + [f"extra-{n:03}" for n in range(databases)]:
        client("rds").create_db_instance(
            DBInstanceIdentifier=name, Engine="postgres", EngineVersion="16.3", DBInstanceClass="db.t4g.micro",
            AllocatedStorage=20, StorageType="gp3", MasterUsername="analytics", MasterUserPassword="not-a-secret",
            DBName="analytics", BackupRetentionPeriod=7)
    cloudwatch = client("cloudwatch")
    fill_alarms(cloudwatch, region, firing)
    if metrics:
        fill_metrics(cloudwatch)


def call(endpoint, region, service, operation, arguments):
    """Anything that boto3 can ask."""
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=region)
    client = session.client(service, endpoint_url=endpoint, config=Config(retries={"max_attempts": 0}))
    return getattr(client, operation)(**arguments)


def fill_service(client, region, desired, revisions):
    subnet = client("ec2").describe_subnets()["Subnets"][0]
    group = client("ec2").create_security_group(GroupName=SERVICE, Description=SERVICE, VpcId=subnet["VpcId"])
    ecs = client("ecs")
    for tag in ["a1b2c3d", "b2c3d4e", "c3d4e5f"][:revisions]:
        image = f"123456789012.dkr.ecr.{region}.amazonaws.com/{SERVICE}:{tag}"
        ecs.register_task_definition(
            family=SERVICE, networkMode="awsvpc", requiresCompatibilities=["FARGATE"], cpu="1024", memory="2048",
            runtimePlatform={"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
            containerDefinitions=[
                {"name": "api", "image": image, "essential": True, "memory": 1536},
                {"name": "redis", "image": "redis:7", "essential": False, "memory": 256},
            ])
    ecs.create_service(
        cluster=NAME, serviceName=SERVICE, taskDefinition=SERVICE, desiredCount=desired, launchType="FARGATE",
        deploymentConfiguration={"minimumHealthyPercent": 0, "maximumPercent": 200,
                                 "deploymentCircuitBreaker": {"enable": True, "rollback": True}},
        networkConfiguration={"awsvpcConfiguration": {
            "subnets": [subnet["SubnetId"]], "securityGroups": [group["GroupId"]]}})
    client("application-autoscaling").register_scalable_target(
        ServiceNamespace="ecs", ResourceId=f"service/{NAME}/{SERVICE}", ScalableDimension="ecs:service:DesiredCount",
        MinCapacity=1, MaxCapacity=6)


def fill_alarms(cloudwatch, region, firing):
    for name, says, namespace, metric, dimensions, statistic, comparison, threshold, minutes, missing, topic in ALARMS:
        how = {"ExtendedStatistic": statistic} if statistic.startswith("p") else {"Statistic": statistic}
        cloudwatch.put_metric_alarm(
            AlarmName=name, AlarmDescription=says, Namespace=namespace, MetricName=metric,
            Dimensions=pairs(dimensions), ComparisonOperator=COMPARISONS[comparison], Threshold=threshold, Period=60,
            EvaluationPeriods=minutes, DatapointsToAlarm=minutes, TreatMissingData=missing, ActionsEnabled=True,
            AlarmActions=[TOPIC.format(region=region, name=topic)], **how)
        raised = name in firing
        cloudwatch.set_alarm_state(
            AlarmName=name, StateValue="ALARM" if raised else "OK",
            StateReason=f"Threshold Crossed: {metric} is {comparison} {threshold}" if raised else "Within bounds",
            StateReasonData=json.dumps({"version": "1.0"}))


def fill_metrics(cloudwatch):
    minute = int(time.time()) // 60 * 60
    data = {}
    for namespace, metric, dimensions, unit, value in METRICS:
        data.setdefault(namespace, []).extend(
            {"MetricName": metric, "Dimensions": pairs(dimensions), "Unit": unit, "Value": value(ago),
             "Timestamp": minute - 60 * ago}
            for ago in range(180))
    for namespace, points in data.items():
        for start in range(0, len(points), 1000):
            cloudwatch.put_metric_data(Namespace=namespace, MetricData=points[start:start + 1000])


def pairs(dimensions):
    return [{"Name": name, "Value": value} for name, value in dimensions.items()]
