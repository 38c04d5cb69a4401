//! What to do where no runbook fits: in words, and as a command that can be pasted.

use jiff::SignedDuration;

use super::draft::{Draft, Topic};
use super::identity;
use super::scene::Scene;
use super::symptom::Symptom;
use crate::platform::text::shell_word;
use crate::platform::{STOPPED_AFTER, Service, ServiceStatus, Serving, Severity, Subject};

const GIB: u64 = 1 << 30;

/// The words, and the command if one does it. `None` where the finding's own words say it.
pub(super) fn instead(scene: &Scene, draft: &Draft, deployed: Option<bool>) -> Option<(String, Option<String>)> {
    let why_they_stop = "see why its tasks stop: their exit codes, events and logs";
    let id = |start: &str| draft.id.starts_with(start);
    let (words, command) = match draft.symptom {
        _ if draft.id == identity::REGION => return Some((identity::instead(scene), None)),
        _ if id("unknown/Throttled") => ("asked again by itself; see what else asks so much here", None),
        _ if id("alarms/missing") => ("create it (put-metric-alarm), or take it out of the platform file", None),
        _ if id("silent/") => ("see whether it still answers, and its logs; or whether CloudWatch is late", None),
        _ if id("restorable/") => {
            ("RDS ships its log by itself every 5 min; if it does not catch up, ask AWS Support", None)
        }
        _ if id("backups/") => ("turn backups on", Some(modify(scene, draft.subject, "--backup-retention-period 7"))),
        Symptom::DatabaseDown if matches!(draft.topic, Topic::Database(_)) => {
            return Some(bring_back(scene, draft));
        }
        Symptom::Connections => (free_connections(scene), Some(replace(scene))),
        Symptom::Storage => ("enlarge the volume", Some(enlarge(scene, draft.subject))),
        Symptom::TasksDown if is_gone(scene, draft.subject) => {
            ("create it again as it was made: CloudFormation, Terraform, create-service", None)
        }
        Symptom::TasksDown | Symptom::Other if draft.severity >= Severity::Warning && is_cut_off(scene, draft) => {
            return Some((
                "ECS replaces those that its load balancer gives up; if it does not, replace them".to_owned(),
                Some(replace(scene)),
            ));
        }
        Symptom::TasksDown if matches!(draft.subject, Subject::Service(_)) => (why_they_stop, None),
        Symptom::Errors | Symptom::Latency if deployed.is_none() && deployer(scene, draft.subject).is_some() => {
            return deployer(scene, draft.subject).map(|words| (words, None));
        }
        Symptom::Errors | Symptom::Latency => {
            let words = match deployed {
                Some(false) => "no deployment in 2 h: look at logs and dependencies",
                Some(true) => "no deployment just before it: look at logs and dependencies",
                None => "whether anything was deployed can't be told: look at its deployments first",
            };
            (words, None)
        }
        Symptom::Other if matches!(draft.topic, Topic::Tasks(_)) && draft.severity >= Severity::Warning => {
            (why_they_stop, None)
        }
        _ if matches!(draft.topic, Topic::Metric(..)) || id("alarm/") => {
            ("the platform file names no runbook for it", None)
        }
        _ => return None,
    };
    Some((words.to_owned(), command))
}

/// Tasks that run are not heard from: there is no stop to look into.
fn is_cut_off(scene: &Scene, draft: &Draft) -> bool {
    let Topic::Tasks(i) = draft.topic else { return false };
    scene.service(i).is_some_and(|(_, service)| service.pulse().cut_off > 0)
}

/// Who deploys a service that ECS does not deploy itself, and so knows whether anything was: of a platform's trouble
/// the first such.
pub(super) fn deployer(scene: &Scene, subject: Subject) -> Option<String> {
    let services = match subject {
        Subject::Service(i) => i..i + 1,
        _ => 0..scene.platform.services.len(),
    };
    services.filter_map(|i| Some((i, scene.service(i)?.1))).find_map(|(i, service)| {
        let who = service.state.value()?.controller.other()?;
        Some(format!("{who} deploys {}: see there what was deployed, and go back there", scene.called(i)))
    })
}

/// The service was deleted, or is being.
pub(super) fn is_gone(scene: &Scene, subject: Subject) -> bool {
    let Subject::Service(i) = subject else { return false };
    let state = scene.service(i).and_then(|(_, service)| service.state.value());
    state.is_some_and(|state| matches!(state.status, ServiceStatus::Inactive | ServiceStatus::Draining))
}

/// Words in capitals stand for what nobody knows.
fn identifier<'a>(scene: &Scene<'a>, subject: Subject) -> &'a str {
    let known = if let Subject::Database(i) = subject { scene.platform.databases.get(i) } else { None };
    known.map_or("DATABASE", |database| database.id.as_str())
}

/// By RDS's own word for how the instance is (Amazon RDS User Guide, "Viewing Amazon RDS DB instance status"): of most
/// states it comes out by itself, and to restore a copy takes long and loses minutes.
fn bring_back(scene: &Scene, draft: &Draft) -> (String, Option<String>) {
    let subject = draft.subject;
    let known = if let Subject::Database(i) = subject { scene.picture.databases.get(i) } else { None };
    let Some(database) = known.and_then(|part| part.value()) else {
        return ("see in the RDS console whether it is there".to_owned(), None);
    };
    let (status, serves) = (database.status.as_str(), database.serving() == Serving::Yes);
    let id = shell_word(&database.id);
    match status {
        _ if serves && is_back(scene, draft) => {
            (format!("it is {status} again: its alarm follows within minutes"), None)
        }
        _ if serves => {
            let words = "its alarm says not: try to connect; security group, events, reboot";
            let events = format!("aws rds describe-events --source-type db-instance --source-identifier {id}");
            (format!("RDS says {status}, {words}"), Some(events))
        }
        "storage-full" => ("its volume is full: enlarge it".to_owned(), Some(enlarge(scene, subject))),
        "stopped" => ("start it".to_owned(), Some(format!("aws rds start-db-instance --db-instance-identifier {id}"))),
        "failed" | "restore-error" | "inaccessible-encryption-credentials" => {
            ("if RDS does not bring it back: restore it beside".to_owned(), Some(restore(scene, subject)))
        }
        _ if status.starts_with("incompatible-") => {
            (format!("see in its events what is {status}; or restore it beside"), Some(restore(scene, subject)))
        }
        _ => (format!("it is {status}: wait for it, and see its events"), None),
    }
}

/// Whether a database whose alarm still fires can be said to serve again: it was seen to come back, or the alarm rose, so
/// lately that the alarm could not have cleared yet, or what that watches is well in its newest minute. RDS's own word is of the instance: it stays
/// `available` while a security group, a full disk of a host or a hung server lets nobody in.
fn is_back(scene: &Scene, draft: &Draft) -> bool {
    let mut alarms = scene.picture.alarms.value().into_iter().flatten();
    let Some(condition) = alarms.find(|a| a.name == draft.title).and_then(|a| a.condition.as_ref()) else {
        return false;
    };
    // So many good periods clear it; a minute is published within two of its end.
    let good = (condition.evaluation_periods + 1).saturating_sub(condition.datapoints_to_alarm);
    let seconds = i64::from(good.max(1)) * i64::from(condition.period_seconds);
    let clears = SignedDuration::from_secs(seconds) + SignedDuration::from_mins(2);
    let changes = &scene.picture.database_changes;
    let came = changes.iter().find(|c| Subject::Database(c.database) == draft.subject).filter(|c| c.serves);
    let began = draft.fired.max(came.map(|change| change.at));
    if began.is_some_and(|began| scene.now.duration_since(began) <= clears) {
        return true;
    }
    let gauges = scene.subjects.gauges(&condition.query);
    let newest = gauges.iter().filter_map(|(i, _)| scene.fresh_point(*i)).max_by_key(|point| point.at);
    newest.is_some_and(|point| {
        scene.now.duration_since(point.at) <= STOPPED_AFTER
            && !condition.comparison.holds(point.value, condition.threshold)
    })
}

fn modify(scene: &Scene, subject: Subject, what: &str) -> String {
    let id = shell_word(identifier(scene, subject));
    format!("aws rds modify-db-instance --db-instance-identifier {id} {what} --apply-immediately")
}

/// Half as large again: RDS takes no less than a tenth more, and no other change of storage for six hours after.
fn enlarge(scene: &Scene, subject: Subject) -> String {
    let known = if let Subject::Database(i) = subject { scene.picture.databases.get(i) } else { None };
    let bytes = known.and_then(|part| part.value()).and_then(|database| database.storage_bytes);
    let wanted = bytes.map(|bytes| bytes.div_ceil(GIB)).map(|gib| (gib + gib.div_ceil(2)).to_string());
    let wanted = wanted.unwrap_or_else(|| "GIB".to_owned());
    modify(scene, subject, &format!("--allocated-storage {wanted}"))
}

fn restore(scene: &Scene, subject: Subject) -> String {
    let id = identifier(scene, subject);
    format!(
        "aws rds restore-db-instance-to-point-in-time --source-db-instance-identifier {} \
         --target-db-instance-identifier {} --use-latest-restorable-time",
        shell_word(id),
        shell_word(&format!("{id}-restored"))
    )
}

/// New tasks need connections of their own: where ECS starts them beside the old, they fail for want of the very thing
/// that they should free. Where it stops the old first, nobody is served in between.
fn free_connections(scene: &Scene) -> &'static str {
    let only = scene.service(0).filter(|_| scene.platform.services.len() == 1);
    let stops_first = only.and_then(|(_, service)| service.state.value()).is_some_and(Service::stops_before_it_starts);
    if stops_first {
        "replace the tasks that hold them: a short outage"
    } else {
        "new tasks need some too: first end idle sessions (pg_terminate_backend), then replace the tasks that hold them"
    }
}

/// Of several services nobody knows whose tasks hold the connections.
fn replace(scene: &Scene) -> String {
    let (cluster, service) = match scene.platform.services.as_slice() {
        [only] => (only.cluster.as_str(), only.name.as_str()),
        _ => ("CLUSTER", "SERVICE"),
    };
    let (cluster, service) = (shell_word(cluster), shell_word(service));
    format!("aws ecs update-service --cluster {cluster} --service {service} --force-new-deployment")
}
