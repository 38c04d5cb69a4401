//! What AWS's answers say of credentials, permissions, and whether the file tells the truth. Pure.

use jiff::SignedDuration;

use super::{Check, Outcome, Seen};
use crate::aws::permissions::{PERMISSIONS, Permission, READ_POLICY_FILE, permission};
use crate::platform::text::{self, nearest};
use crate::platform::{Part, Picture, Platform, ServiceStatus, Subject, Trouble, TroubleKind};
use crate::platform::{region, skew};
use crate::triage::{self, Finding};

/// Clocks are compared to the second.
const A_SECOND: SignedDuration = SignedDuration::from_secs(1);

/// All checks of what AWS said.
pub(super) fn checks(platform: &Platform, seen: &Seen) -> Vec<Check> {
    let mut checks = Vec::from_iter(region(seen));
    checks.push(identity(platform, seen));
    checks.extend(clock(&seen.picture));
    // Without credentials, or a way, every other question fails for the same reason, said once.
    if seen.picture.identity.trouble().is_some_and(is_mute) && heard_nothing(platform, &seen.picture) {
        checks.push(nothing_heard());
        return checks;
    }
    checks.extend(permissions(platform, seen));
    // Elsewhere each thing is missing for one reason, and to write them out of the file would be wrong.
    match triage::elsewhere(&triage::findings(platform, &seen.picture, seen.at)) {
        Some(found) => checks.push(elsewhere(found)),
        None => checks.extend(things(platform, &seen.picture)),
    }
    checks
}

fn elsewhere(found: &Finding) -> Check {
    let said = format!("{}: {}", found.title, found.evidence);
    Check { remedy: found.advice.clone(), ..Check::new("platform", "all of it", Outcome::Fail, said) }
}

/// A trouble that is no answer of AWS's.
fn is_mute(trouble: &Trouble) -> bool {
    use TroubleKind::{ExpiredCredentials, NoCredentials, TimedOut, Unreachable};
    matches!(trouble.kind, NoCredentials | ExpiredCredentials | Unreachable | TimedOut)
}

fn heard_nothing(platform: &Platform, picture: &Picture) -> bool {
    troubles(picture).into_iter().all(is_mute) && !PERMISSIONS.iter().any(|p| is_answered(platform, picture, p.action))
}

/// What stands for the permissions where no question was answered.
fn nothing_heard() -> Check {
    Check::new("permissions", "all of them", Outcome::Fail, "not checked: AWS gave no answer to who asks")
}

fn region(seen: &Seen) -> Option<Check> {
    let profile = seen.profile.as_ref().map(|profile| format!(", profile {profile}")).unwrap_or_default();
    Some(match &seen.region {
        Some(region) => match region::doubt(region) {
            None => Check::new("AWS", "region", Outcome::Ok, format!("{region}{profile}")),
            Some(doubt) => Check::new("AWS", "region", Outcome::Warn, format!("{region}{profile}: {doubt}")),
        },
        // The file that can't be read may name one. The check of the credentials says where it breaks.
        None if !seen.readable => return None,
        None => Check::new("AWS", "region", Outcome::Fail, format!("nothing names one{profile}"))
            .remedy("write region = \"us-east-1\" in the platform file, or set AWS_REGION"),
    })
}

fn identity(platform: &Platform, seen: &Seen) -> Check {
    let part = &seen.picture.identity;
    match (part.value(), part.trouble()) {
        (_, Some(trouble)) => {
            let mut check = Check::trouble("AWS", "credentials", Outcome::Fail, trouble);
            if check.remedy.is_none() && matches!(trouble.kind, TroubleKind::TimedOut | TroubleKind::Unreachable) {
                check.remedy = Some("check the network, the proxy and AWS_ENDPOINT_URL".to_owned());
            }
            check
        }
        (Some(identity), None) => {
            let found = format!("{} in account {}", identity.arn, identity.account);
            match &platform.account {
                Some(account) if *account != identity.account => {
                    Check::new("AWS", "credentials", Outcome::Fail, format!("{found}, but the file says {account}"))
                        .remedy("use another profile (--profile), or another platform file (-p NAME)")
                }
                _ => Check::new("AWS", "credentials", Outcome::Ok, found),
            }
        }
        (None, None) => Check::new("AWS", "credentials", Outcome::Fail, "no answer in time"),
    }
}

fn clock(picture: &Picture) -> Option<Check> {
    let off = picture.clock_skew?;
    Some(if skew::is_wrong(off) {
        let outcome = if skew::is_refused(off) { Outcome::Fail } else { Outcome::Warn };
        Check::new("AWS", "clock", outcome, skew::words(off)).remedy("set the clock: sudo timedatectl set-ntp true")
    } else {
        Check::new("AWS", "clock", Outcome::Ok, format!("within {} of AWS's", text::duration(off.abs().max(A_SECOND))))
    })
}

/// Every trouble that the picture holds.
fn troubles(picture: &Picture) -> Vec<&Trouble> {
    let services = picture.services.iter().flat_map(|s| [s.state.trouble(), s.tasks.trouble(), s.scaling.trouble()]);
    let databases = picture.databases.iter().map(Part::trouble);
    let series = picture.series.iter().map(Part::trouble);
    services.chain(databases).chain(series).chain([picture.alarms.trouble()]).flatten().collect()
}

fn permissions(platform: &Platform, seen: &Seen) -> Vec<Check> {
    let troubles = troubles(&seen.picture);
    let mut checks = Vec::new();
    for permission in PERMISSIONS.iter().filter(|p| p.sid.is_some()) {
        let beside = seen.beside.iter().find(|(action, _)| *action == permission.action);
        let trouble = match beside {
            Some((_, trouble)) => trouble.as_ref(),
            None => troubles.iter().copied().find(|t| t.operation == permission.action),
        };
        let asked = beside.is_some() || is_asked(platform, permission.action);
        if trouble.is_none() && beside.is_none() && asked && !is_answered(platform, &seen.picture, permission.action) {
            checks.push(Check::new("permissions", permission.action, Outcome::Note, unasked(permission.action)));
        } else if asked || trouble.is_some() {
            checks.push(one(permission, trouble, beside.is_some()));
        }
    }
    checks
}

/// Whether something in the picture came from this: only then is the call known to be allowed.
fn is_answered(platform: &Platform, picture: &Picture, action: &str) -> bool {
    let services = &picture.services;
    match action {
        "ecs:DescribeServices" => services.iter().any(|s| s.state.value().is_some()),
        "ecs:ListTasks" => services.iter().any(|s| s.tasks.value().is_some()),
        // Asked for the tasks that ListTasks named, so never where it named none.
        "ecs:DescribeTasks" => services.iter().filter_map(|s| s.tasks.value()).any(|tasks| !tasks.is_empty()),
        // Of one that has none by the file nothing is asked.
        "application-autoscaling:DescribeScalableTargets" => {
            platform.services.iter().zip(services).any(|(spec, s)| spec.auto_scaling && s.scaling.value().is_some())
        }
        "rds:DescribeDBInstances" => picture.databases.iter().any(|part| part.value().is_some()),
        "cloudwatch:GetMetricData" => picture.series.iter().any(|part| part.value().is_some()),
        "cloudwatch:DescribeAlarms" => picture.alarms.value().is_some(),
        _ => false,
    }
}

fn unasked(action: &str) -> String {
    let why = if action == "ecs:DescribeTasks" { "ecs:ListTasks named no task" } else { "no answer in time" };
    format!("not checked: {why}")
}

/// Whether the watch asks this for such a platform.
fn is_asked(platform: &Platform, action: &str) -> bool {
    match action {
        "ecs:DescribeServices" | "ecs:ListTasks" | "ecs:DescribeTasks" => !platform.services.is_empty(),
        "application-autoscaling:DescribeScalableTargets" => platform.services.iter().any(|s| s.auto_scaling),
        "rds:DescribeDBInstances" => !platform.databases.is_empty(),
        "cloudwatch:GetMetricData" => !platform.gauges.is_empty(),
        "cloudwatch:DescribeAlarms" => true,
        _ => false,
    }
}

fn one(permission: &Permission, trouble: Option<&Trouble>, beside: bool) -> Check {
    let worst = if beside { Outcome::Warn } else { Outcome::Fail };
    match trouble {
        // That a thing is not there is an answer: the call itself is allowed.
        None => Check::new("permissions", permission.action, Outcome::Ok, permission.purpose),
        Some(trouble) if trouble.kind == TroubleKind::NotFound => {
            Check::new("permissions", permission.action, Outcome::Ok, permission.purpose)
        }
        Some(trouble) if trouble.kind == TroubleKind::Denied => {
            let check = Check::new(
                "permissions",
                permission.action,
                worst,
                format!("denied: it would tell {}", permission.purpose),
            );
            match permission.sid {
                Some(sid) => check.remedy(format!("attach the statement \"{sid}\" of {READ_POLICY_FILE}")),
                None => check,
            }
        }
        Some(trouble) => {
            let mut check = Check::new("permissions", permission.action, worst, trouble.why.clone());
            check.remedy.clone_from(&trouble.remedy);
            check
        }
    }
}

/// Whether what the file names is there.
fn things(platform: &Platform, picture: &Picture) -> Vec<Check> {
    const GROUP: &str = "platform";
    let mut checks = Vec::new();
    for (spec, service) in platform.services.iter().zip(&picture.services) {
        let what = format!("service {}", platform.service_name(spec));
        let status = service.state.value().map(|state| &state.status);
        let deleted = match status {
            Some(ServiceStatus::Inactive) => Some("it was deleted (INACTIVE)"),
            Some(ServiceStatus::Draining) => Some("it is being deleted (DRAINING)"),
            _ => None,
        };
        checks.extend(match deleted {
            Some(words) => {
                let check = Check::new(GROUP, what, Outcome::Fail, words);
                Some(check.remedy("create it again, or take its [[service]] out of the file"))
            }
            None => found(&what, &service.state, |s| format!("{} of {} tasks running", s.running, s.desired)),
        });
        // What is not there has no auto scaling either: that says nothing of the file.
        if !spec.auto_scaling || status != Some(&ServiceStatus::Active) {
            continue;
        }
        let what = format!("auto scaling of {}", platform.service_name(spec));
        match service.scaling.value() {
            Some(Some(scaling)) => {
                let bounds = format!("{} to {} tasks", scaling.min, scaling.max);
                checks.push(Check::new(GROUP, what, Outcome::Ok, bounds));
            }
            Some(None) => checks.push(
                Check::new(GROUP, what, Outcome::Warn, "there is no scalable target")
                    .remedy("write auto-scaling = false in its [[service]]"),
            ),
            None => {}
        }
    }
    for (spec, database) in platform.databases.iter().zip(&picture.databases) {
        let what = format!("database {}", spec.id);
        checks.extend(found(&what, database, |d| format!("{}, {} {}", d.status, d.engine, d.version)));
    }
    if let Some(alarms) = picture.alarms.value() {
        for expected in &platform.alarms {
            let what = format!("alarm {}", expected.name);
            if alarms.iter().any(|alarm| alarm.name == expected.name) {
                checks.push(Check::new(GROUP, what, Outcome::Ok, "there"));
            } else {
                let near = nearest(&expected.name, alarms.iter().map(|alarm| alarm.name.as_str()));
                let remedy = near.map_or_else(
                    || "create it, or take its [[alarm]] out of the file".to_owned(),
                    |near| format!("did you mean \"{near}\"?"),
                );
                checks.push(Check::new(GROUP, what, Outcome::Warn, "CloudWatch has no such alarm").remedy(remedy));
            }
        }
    }
    for (gauge, series) in platform.gauges.iter().zip(&picture.series) {
        let empty = series.value().is_some_and(|s| s.latest().is_none());
        if empty && !is_gone(picture, gauge.subject) {
            let what = format!("gauge {} of {}", gauge.title, platform.called(gauge.subject));
            let metric = format!("{} {}", gauge.query.namespace, gauge.query.metric);
            checks.push(
                Check::new(GROUP, what, Outcome::Warn, format!("{metric}: no data in the last 3 hours"))
                    .remedy("check the metric's name, dimensions and region, or that something publishes it"),
            );
        }
    }
    checks
}

/// AWS knows no such thing, or no more: that it has no data says nothing of its gauges.
fn is_gone(picture: &Picture, subject: Subject) -> bool {
    let is_missing = |trouble: Option<&Trouble>| trouble.is_some_and(|trouble| trouble.kind == TroubleKind::NotFound);
    match subject {
        Subject::Service(i) => picture.services.get(i).is_some_and(|service| {
            is_missing(service.state.trouble())
                || service.state.value().is_some_and(|state| state.status == ServiceStatus::Inactive)
        }),
        Subject::Database(i) => picture.databases.get(i).is_some_and(|database| is_missing(database.trouble())),
        Subject::Platform => false,
    }
}

/// Denied and the like are said among the permissions; here only what is there and what is not.
fn found<T>(what: &str, part: &Part<T>, say: impl Fn(&T) -> String) -> Option<Check> {
    match (part.value(), part.trouble()) {
        (_, Some(trouble)) if trouble.kind == TroubleKind::NotFound => {
            Some(Check::trouble("platform", what, Outcome::Fail, trouble))
        }
        (_, Some(trouble)) if permission(&trouble.operation).is_some() => None,
        (_, Some(trouble)) => Some(Check::trouble("platform", what, Outcome::Fail, trouble)),
        (Some(value), None) => Some(Check::new("platform", what, Outcome::Ok, say(value))),
        (None, None) => Some(Check::new("platform", what, Outcome::Fail, "no answer in time")),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::platform::{Fact, Identity, Observation, Service, Spent, file, fixture};

    fn trouble(kind: TroubleKind, operation: &str) -> Trouble {
        let (operation, why) = (operation.to_owned(), "because".to_owned());
        Trouble { kind, operation, why, remedy: None, since: Timestamp::UNIX_EPOCH }
    }

    fn seen(platform: &Platform, facts: Vec<Fact>, skew: i64) -> Seen {
        let mut picture = Picture::of(platform);
        let clock_skew = Some(SignedDuration::from_secs(skew));
        let (at, next, spent) = (Timestamp::UNIX_EPOCH, SignedDuration::ZERO, Spent::default());
        picture.take(Observation { at, next, facts, spent, clock_skew });
        let beside = vec![("ecs:ListClusters", Some(trouble(TroubleKind::Denied, "ecs:ListClusters")))];
        Seen { region: Some("us-east-1".into()), profile: None, readable: true, picture, at, beside }
    }

    fn me(account: &str) -> Fact {
        Fact::Identity(Ok(Identity { account: account.into(), arn: format!("arn:aws:iam::{account}:user/ana") }))
    }

    fn find<'a>(checks: &'a [Check], what: &str) -> &'a Check {
        checks.iter().find(|check| check.what == what).unwrap_or_else(|| panic!("no check {what}: {checks:#?}"))
    }

    #[test]
    fn a_denied_call_names_the_statement_that_gives_it() {
        let platform = file::sample();
        let denied = trouble(TroubleKind::Denied, "cloudwatch:DescribeAlarms");
        let checks = checks(&platform, &seen(&platform, vec![me("123456789012"), Fact::Alarms(Err(denied))], 0));
        let check = find(&checks, "cloudwatch:DescribeAlarms");
        assert_eq!(check.outcome, Outcome::Fail);
        assert_eq!(check.remedy.as_deref(), Some("attach the statement \"Alarms\" of assets/iam/plantao-read.json"));
        assert_eq!(find(&checks, "ecs:ListClusters").outcome, Outcome::Warn, "the dashboard does without");
        let unheard = find(&checks, "cloudwatch:GetMetricData");
        assert_eq!(unheard.outcome, Outcome::Note, "nothing came from it: who says that it is allowed?");
    }

    #[test]
    fn without_credentials_one_reason_is_said_and_not_fourteen() {
        let platform = file::sample();
        let none = trouble(TroubleKind::NoCredentials, "sts:GetCallerIdentity");
        let checks = checks(&platform, &seen(&platform, vec![Fact::Identity(Err(none))], 0));
        assert_eq!(checks.iter().filter(|check| check.outcome == Outcome::Fail).count(), 2, "{checks:#?}");
    }

    #[test]
    fn the_wrong_account_and_a_wrong_clock_are_failures() {
        let platform = file::sample();
        let checks = checks(&platform, &seen(&platform, vec![me("999999999999")], 400));
        assert_eq!(find(&checks, "credentials").outcome, Outcome::Fail);
        assert_eq!(find(&checks, "clock").outcome, Outcome::Fail);
    }

    #[test]
    fn in_a_wrong_region_nobody_is_told_to_take_the_platform_out_of_the_file() {
        let platform = file::sample();
        let missing = |operation| trouble(TroubleKind::NotFound, operation);
        let facts = vec![
            me("123456789012"),
            Fact::Region("eu-west-1".into()),
            Fact::Service(0, Err(missing("ecs:DescribeServices"))),
            Fact::Database(0, Err(missing("rds:DescribeDBInstances"))),
            Fact::Scaling(0, Ok(None)),
            Fact::Alarms(Ok(Vec::new())),
        ];
        let checks = checks(&platform, &seen(&platform, facts, 0));
        let of: Vec<_> = checks.iter().filter(|check| check.group == "platform").collect();
        assert_eq!(of.len(), 1, "{of:#?}");
        assert!(of[0].found.starts_with("platform is not in eu-west-1"), "{of:#?}");
        assert!(of[0].remedy.as_ref().unwrap().contains("--region"), "{of:#?}");
    }

    #[test]
    fn nothing_is_advised_about_the_auto_scaling_and_the_gauges_of_a_service_that_is_gone() {
        let platform = file::sample();
        let with = |service: Service| {
            let facts = vec![
                me("123456789012"),
                Fact::Service(0, Ok(Box::new(service))),
                Fact::Scaling(0, Ok(None)),
                Fact::Points(0, Ok(Vec::new())),
            ];
            checks(&platform, &seen(&platform, facts, 0))
        };
        let there = with(fixture::service());
        assert_eq!(find(&there, "auto scaling of analytics-api").outcome, Outcome::Warn);
        let deleted = with(Service { status: ServiceStatus::Inactive, ..fixture::service() });
        let check = find(&deleted, "service analytics-api");
        assert!(check.outcome == Outcome::Fail && check.found.contains("deleted"), "{check:?}");
        let advised = deleted.iter().find(|c| c.what.starts_with("auto scaling") || c.what.starts_with("gauge"));
        assert_eq!(advised, None);
    }

    #[test]
    fn a_region_that_a_broken_file_may_name_is_not_said_to_be_named_by_nothing() {
        let platform = file::sample();
        let refused = trouble(TroubleKind::Refused, "sts:GetCallerIdentity");
        let broken = Seen { region: None, readable: false, ..seen(&platform, vec![Fact::Identity(Err(refused))], 0) };
        assert!(!checks(&platform, &broken).iter().any(|check| check.what == "region"));
        let unnamed = checks(&platform, &Seen { readable: true, ..broken });
        assert_eq!(find(&unnamed, "region").outcome, Outcome::Fail);
    }

    #[test]
    fn what_the_file_names_and_aws_does_not_know_is_said() {
        let platform = file::sample();
        let missing = trouble(TroubleKind::NotFound, "rds:DescribeDBInstances");
        let facts = vec![
            me("123456789012"),
            Fact::Database(0, Err(missing)),
            Fact::Scaling(0, Ok(None)),
            Fact::Alarms(Ok(Vec::new())),
            Fact::Points(0, Ok(Vec::new())),
        ];
        let checks = checks(&platform, &seen(&platform, facts, 0));
        assert_eq!(find(&checks, "database analytics").outcome, Outcome::Fail);
        assert_eq!(find(&checks, "rds:DescribeDBInstances").outcome, Outcome::Ok, "the call itself is allowed");
        assert!(
            !checks.iter().any(|check| check.what.starts_with("auto scaling")),
            "of a service that nobody has seen"
        );
        assert_eq!(find(&checks, "alarm ECS-HighCPU").outcome, Outcome::Warn);
        assert_eq!(find(&checks, "gauge CPU of analytics-api").outcome, Outcome::Warn);
    }
}
