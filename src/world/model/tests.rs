//! The model as a user of the demo would judge it: does each story happen, and for its reason?

use jiff::{SignedDuration, Timestamp};

use super::{Ailment, Change, Scenario, World};
use crate::platform::{AlarmState, Health, Rollout, Statistic};
use crate::world::model::alarm::Alarm;
use crate::world::model::metric::MetricKey;
use crate::world::model::server::{Begun, NoSlot};
use crate::world::model::task::Phase;
use crate::world::model::vacuum::Wish;

const SEED: u64 = 7;

/// A start that is no whole minute.
fn start() -> Timestamp {
    "2026-11-24T15:12:37Z".parse().unwrap()
}

fn world(scenario: &str) -> World {
    World::new(&Scenario::named(scenario).unwrap(), SEED, start())
}

fn after(world: &mut World, seconds: i64) {
    world.advance(start() + SignedDuration::from_secs(seconds));
}

fn state(world: &World, alarm: &str) -> AlarmState {
    world.alarm(alarm).unwrap().0
}

/// The newest published minute of one of the application's or the service's series.
fn latest(world: &World, key: &MetricKey, statistic: Statistic) -> Option<f64> {
    let series = world.metrics.find(key)?;
    (1..=3)
        .find_map(|back| series.over(world.now.div_euclid(60) * 60 - back * 60, 60, world.now))
        .map(|d| d.statistic(statistic))
}

fn own(metric: &str) -> MetricKey {
    MetricKey::new("Analytics/API", metric, &[("Service", "analytics-api")])
}

fn cpu() -> MetricKey {
    MetricKey::ecs("analytics-production", "analytics-api", "CPUUtilization")
}

fn said(world: &World, what: &str) -> bool {
    world.services[0].events.iter().any(|e| e.message.contains(what))
}

fn deploy(ailment: Option<Ailment>) -> Change {
    Change::Deploy { service: "analytics-api".into(), image: None, ailment }
}

/// All alarms but auto scaling's own, of which one is in ALARM on any calm day.
fn ours(world: &World) -> impl Iterator<Item = &Alarm> {
    world.alarms.iter().filter(|alarm| !alarm.name.starts_with("TargetTracking-"))
}

#[test]
fn a_calm_day_is_calm_and_leaves_a_history() {
    let mut world = world("calm");
    for alarm in ours(&world) {
        assert_eq!(alarm.state, AlarmState::Ok, "{}: {}", alarm.name, alarm.reason);
    }
    assert_eq!(world.tasks("analytics-api"), Some((3, 3)));
    assert_eq!(world.definitions[world.services[0].deployments[0].definition].number, 41);
    assert!(said(&world, "deployment completed."));
    assert!(said(&world, "has reached a steady state."));
    assert!(world.services[0].scaling.as_ref().unwrap().activities.len() > 2);
    assert!(
        world.alarms.iter().any(|a| a.name == "ECS-HighCPU" && a.history.len() >= 2),
        "the busy quarter of an hour"
    );
    assert!(world.databases[0].events.iter().any(|e| e.message == "Finished DB Instance backup"));
    let p95 = latest(&world, &own("Latency"), Statistic::Percentile(95.0)).unwrap();
    assert!((100.0..300.0).contains(&p95), "{p95}");
    let cpu = latest(&world, &cpu(), Statistic::Average).unwrap();
    assert!((40.0..64.0).contains(&cpu), "{cpu}");
    assert!((20.0..60.0).contains(&world.databases[0].connections), "{}", world.databases[0].connections);
    assert!((11.0e9..12.5e9).contains(&world.databases[0].free_bytes), "{}", world.databases[0].free_bytes);
    for minute in 1..=30 {
        after(&mut world, minute * 60);
        assert!(ours(&world).all(|a| a.state == AlarmState::Ok), "still calm after {minute} min");
    }
}

#[test]
fn metrics_cover_the_whole_day_without_a_hole() {
    let world = world("calm");
    let series = world.metrics.find(&cpu()).unwrap();
    let end = world.now.div_euclid(60) * 60 - 60;
    let holes = (0..25 * 60).filter(|back| series.over(end - back * 60, 60, world.now).is_none()).count();
    assert_eq!(holes, 0);
}

#[test]
fn the_same_seed_gives_the_same_world_however_time_is_cut() {
    let picture =
        |w: &World| format!("{:?} {:?} {:?} {:?} {:?}", w.services, w.databases, w.alarms, w.logs, w.metrics.series);
    let (mut one, mut other) = (world("bad-deploy"), world("bad-deploy"));
    after(&mut one, 300);
    for second in 0..=300 {
        after(&mut other, second);
    }
    assert!(picture(&one) == picture(&other), "the same seed gave two worlds");
    let mut third = World::new(&Scenario::named("bad-deploy").unwrap(), SEED + 1, start());
    after(&mut third, 300);
    assert!(picture(&one) != picture(&third), "the seed makes no difference");
}

#[test]
fn a_days_life_is_lived_before_the_first_frame_is_missed() {
    let best = (0..5).map(|_| {
        let began = std::time::Instant::now();
        let _ = world("calm");
        began.elapsed().as_millis()
    });
    // 50 ms is the aim on an idle machine; a loaded one must not fail the suite.
    let best = best.min().unwrap();
    assert!(best < 400, "{best} ms");
}

/// Each scenario's alarm: quiet at the start, risen within the first minute and a half, whatever the second of the start.
#[test]
fn every_incident_raises_its_alarm_within_the_first_minute() {
    for (scenario, alarm) in [
        ("bad-deploy", "API-HighErrorRate"),
        ("cpu-surge", "ECS-HighCPU"),
        ("connection-leak", "API-HighErrorRate"),
        ("low-storage", "RDS-LowStorage"),
        ("bloat", "RDS-HighCPU"),
        ("az-down", "RDS-Down"),
    ] {
        for offset in [0, 1, 23, 59] {
            let start = start() + SignedDuration::from_secs(offset);
            let mut world = World::new(&Scenario::named(scenario).unwrap(), SEED, start);
            assert_eq!(state(&world, alarm), AlarmState::Ok, "{scenario} +{offset}: too early");
            world.advance(start + SignedDuration::from_secs(90));
            let (state, reason) = world.alarm(alarm).unwrap();
            assert_eq!(state, AlarmState::Alarm, "{scenario} +{offset}: {reason}");
        }
    }
}

#[test]
fn a_bad_deploy_raises_the_error_rate_and_rolling_back_ends_it() {
    let mut world = world("bad-deploy");
    assert!(latest(&world, &own("ErrorRate"), Statistic::Average).unwrap() > 8.0, "visible at once");
    after(&mut world, 120);
    assert!(
        world
            .alarm("API-HighErrorRate")
            .unwrap()
            .1
            .starts_with("Threshold Crossed: 5 out of the last 5 datapoints [12")
    );
    world.apply(Change::Redeploy { service: "analytics-api".into(), revision: 41 });
    after(&mut world, 420);
    assert_eq!(state(&world, "API-HighErrorRate"), AlarmState::Ok);
    assert!(latest(&world, &own("ErrorRate"), Statistic::Average).unwrap() < 1.0);
}

#[test]
fn an_image_that_crashes_trips_the_breaker_and_is_rolled_back() {
    for (ailment, code) in [(Ailment::Crashes, 1), (Ailment::WrongArchitecture, 255)] {
        let mut world = world("calm");
        let good = world.services[0].deployments[0].id.clone();
        world.apply(deploy(Some(ailment)));
        let bad = world.services[0].deployments[0].id.clone();
        after(&mut world, 400);
        let service = &world.services[0];
        assert_eq!(
            (service.deployments[0].id.as_str(), service.deployments[0].rollout),
            (good.as_str(), Rollout::Completed)
        );
        assert_eq!(
            service.tasks.iter().filter(|t| t.deployment == good && t.health == Health::Healthy && t.wanted).count(),
            3
        );
        let failed = service.past.iter().find(|d| d.id == bad).unwrap();
        assert!(failed.rollout == Rollout::Failed && failed.failed >= 3);
        let task = service.tasks.iter().find(|t| t.deployment == bad && t.phase == Phase::Stopped).unwrap();
        assert_eq!(task.stopped_reason.as_deref(), Some("Essential container in task exited"));
        assert_eq!(task.exit.as_ref().unwrap().code, code);
        assert!(said(
            &world,
            &format!("(service analytics-api) (deployment {bad}) deployment failed: tasks failed to start.")
        ));
        assert!(said(&world, &format!("rolling back to deployment {good}.")));
    }
}

#[test]
fn without_rollback_the_breaker_leaves_the_failure_standing() {
    let mut world = world("calm");
    world.apply(Change::Breaker { service: "analytics-api".into(), enabled: true, rollback: false });
    world.apply(deploy(Some(Ailment::Crashes)));
    after(&mut world, 600);
    assert_eq!(world.services[0].deployments[0].rollout, Rollout::Failed);
    assert_eq!(world.tasks("analytics-api"), Some((3, 0)), "minimum healthy 0 %: the old tasks are gone");
}

#[test]
fn without_a_breaker_a_crashing_deployment_never_ends() {
    let mut world = world("calm");
    world.apply(Change::Breaker { service: "analytics-api".into(), enabled: false, rollback: false });
    world.apply(deploy(Some(Ailment::Crashes)));
    after(&mut world, 1_800);
    let deployment = &world.services[0].deployments[0];
    assert!(deployment.rollout == Rollout::InProgress && deployment.failed > 6, "{deployment:?}");
    assert!(deployment.failed < 60, "ECS starts failing tasks ever more slowly");
    assert!(said(&world, "is unable to consistently start tasks successfully."));
}

#[test]
fn a_leak_of_memory_ends_in_an_out_of_memory_kill() {
    let mut world = world("calm");
    world.apply(deploy(Some(Ailment::LeaksMemory(40.0))));
    after(&mut world, 600);
    let killed = world.services[0].tasks.iter().find_map(|t| t.exit.as_ref().filter(|e| e.code == 137)).unwrap();
    assert!(killed.reason.as_deref().unwrap().starts_with("OutOfMemoryError"));
}

#[test]
fn auto_scaling_follows_a_surge_stops_at_its_maximum_and_comes_back() {
    let mut world = world("calm");
    world.apply(Change::Surge { service: "analytics-api".into(), factor: 3.8 });
    after(&mut world, 15 * 60);
    assert_eq!(world.tasks("analytics-api"), Some((6, 6)));
    assert!(said(&world, "Successfully set desired count to 6."));
    world.apply(Change::Surge { service: "analytics-api".into(), factor: 1.0 });
    after(&mut world, 60 * 60);
    assert_eq!(world.tasks("analytics-api"), Some((3, 3)));
}

#[test]
fn a_leak_fills_the_connections_and_new_tasks_free_them() {
    let mut world = world("connection-leak");
    assert!(world.databases[0].connections >= 80.0, "{}", world.databases[0].connections);
    world.apply(Change::LeakConnections { service: "analytics-api".into(), per_minute: 0.0 });
    world.apply(Change::Force { service: "analytics-api".into() });
    after(&mut world, 300);
    assert!(world.databases[0].connections < 50.0, "{}", world.databases[0].connections);
    assert!(latest(&world, &own("ErrorRate"), Statistic::Average).unwrap() < 1.0);
}

#[test]
fn a_zone_takes_the_database_and_the_tasks_health_with_it_and_gives_them_back() {
    let mut world = world("az-down");
    assert_eq!(world.databases[0].status(world.now), "failed");
    after(&mut world, 5 * 60);
    assert_eq!(state(&world, "ECS-AllTasksDown"), AlarmState::Alarm);
    assert!(said(&world, "failed container health checks."));
    assert!(said(&world, "due to (reason Request timed out)."), "the load balancer gave up the task that was cut off");
    after(&mut world, 30 * 60);
    assert_eq!(world.databases[0].status(world.now), "available");
    assert_eq!(world.tasks("analytics-api").map(|(wanted, running)| wanted == running), Some(true));
    assert_eq!((state(&world, "RDS-Down"), state(&world, "ECS-AllTasksDown")), (AlarmState::Ok, AlarmState::Ok));
}

#[test]
fn a_full_disk_stops_the_database() {
    let mut world = world("calm");
    world.apply(Change::FillStorage { database: "analytics".into(), free: Some(0.3e9), per_minute: 100e6 });
    after(&mut world, 240);
    assert_eq!(world.databases[0].status(world.now), "storage-full");
    assert_eq!(state(&world, "RDS-LowStorage"), AlarmState::Alarm);
}

#[test]
fn a_deployment_moves_its_tasks_through_ecss_own_states() {
    let mut world = world("calm");
    world.apply(deploy(None));
    let id = world.services[0].deployments[0].id.clone();
    let mut seen = Vec::new();
    for second in 0..240 {
        after(&mut world, second);
        for task in world.services[0].tasks.iter().filter(|t| t.deployment == id) {
            let now = (task.phase, task.health);
            if seen.last() != Some(&now) && !seen.contains(&now) {
                seen.push(now);
            }
        }
    }
    let expected = [
        (Phase::Provisioning, Health::Unknown),
        (Phase::Pending, Health::Unknown),
        (Phase::Running, Health::Unknown),
        (Phase::Running, Health::Healthy),
    ];
    assert_eq!(seen, expected);
    assert_eq!(
        (world.services[0].deployments.len(), world.services[0].deployments[0].rollout),
        (1, Rollout::Completed)
    );
    assert!(said(&world, &format!("(service analytics-api) (deployment {id}) deployment completed.")));
    let stopped = world.services[0].tasks.iter().find(|t| t.phase == Phase::Stopped).unwrap();
    assert_eq!(stopped.stop_code, Some("ServiceSchedulerInitiated"));
    assert_eq!(
        stopped.stopped_reason.as_deref(),
        Some(format!("Scaling activity initiated by (deployment {id})").as_str())
    );
}

#[test]
fn stopped_tasks_can_be_looked_at_for_an_hour() {
    let mut world = world("calm");
    world.apply(deploy(None));
    after(&mut world, 50 * 60);
    let stopped = |world: &World| world.services[0].tasks.iter().filter(|t| t.phase == Phase::Stopped).count();
    assert_eq!(stopped(&world), 3);
    after(&mut world, 64 * 60);
    assert_eq!(stopped(&world), 0);
}

#[test]
fn a_crowd_is_as_large_as_it_was_asked_to_be() {
    let world = World::crowd(40, 5, 60, start());
    assert_eq!((world.services.len(), world.alarms.len()), (41, 73));
    assert_eq!(world.services[1].tasks.iter().filter(|t| t.phase == Phase::Running).count(), 5);
    let key = MetricKey::ecs("analytics-production", "service-0040", "CPUUtilization");
    assert!(latest(&world, &key, Statistic::Average).is_some());
}

#[test]
fn a_bloated_table_makes_the_database_slow_and_a_vacuum_ends_it() {
    let mut world = world("bloat");
    let cpu = |world: &World| world.databases[0].cpu;
    assert!(cpu(&world) > 86.0, "{}", cpu(&world));
    after(&mut world, 90);
    assert_eq!(state(&world, "RDS-HighCPU"), AlarmState::Alarm);
    let others: Vec<_> = ours(&world).filter(|a| a.state == AlarmState::Alarm).map(|a| &a.name).collect();
    assert_eq!(others, ["RDS-HighCPU"], "at first nothing else is wrong");
    let sessions = world.databases[0].server.table_named("sessions").unwrap().clone();
    let wish = Wish { table: sessions.oid, analyze: true, ..Wish::default() };
    let now = world.now;
    assert_eq!(world.databases[0].vacuum(now, 7, wish), Begun::Runs);
    let ends = world.databases[0].vacuum_ends(7).unwrap();
    assert!((20..120).contains(&(ends - now)), "{}", ends - now);
    world.advance(Timestamp::from_second(ends - 1).unwrap());
    assert!(cpu(&world) > 86.0, "only its end helps");
    world.advance(Timestamp::from_second(ends + 360).unwrap());
    assert!(cpu(&world) < 60.0, "{}", cpu(&world));
    world.apply(Change::CloseTransactions { database: "analytics".into() });
    assert_eq!(state(&world, "RDS-HighCPU"), AlarmState::Ok);
    let left = world.databases[0].server.table_named("sessions").unwrap();
    assert_eq!((left.last_vacuum, left.vacuums), (Some(ends), sessions.vacuums + 1));
    assert!(left.autovacuum_off && left.held < 1.0 && left.dead > 1e6, "now the rest can be removed: {left:?}");
}

#[test]
fn a_vacuum_that_is_cut_off_leaves_storage_and_table_as_they_were() {
    let mut world = world("bloat");
    let now = world.now;
    let database = &mut world.databases[0];
    let (free, table) = (database.free_bytes, database.server.table_named("sessions").unwrap().clone());
    let full = Wish { table: table.oid, full: true, ..Wish::default() };
    assert_eq!(database.vacuum(now, 7, full), Begun::Runs);
    assert!(database.free_bytes < free && database.server.locked_out() > 0.8);
    assert_eq!(database.vacuum(now, 8, full), Begun::Locked);
    database.cancel(7);
    assert!((database.free_bytes - free).abs() < 1.0);
    assert_eq!(format!("{table:?}"), format!("{:?}", database.server.table_named("sessions").unwrap()));
    assert!(database.server.locked_out() < 0.01);
}

#[test]
fn a_full_vacuum_of_a_busy_table_fails_requests_until_it_is_done() {
    let mut world = world("bloat");
    let now = world.now;
    let oid = world.databases[0].server.table_named("sessions").unwrap().oid;
    let free = world.databases[0].free_bytes;
    let full = Wish { table: oid, full: true, ..Wish::default() };
    assert_eq!(world.databases[0].vacuum(now, 7, full), Begun::Runs);
    let ends = world.databases[0].vacuum_ends(7).unwrap();
    world.advance(Timestamp::from_second(ends - 1).unwrap());
    assert!(world.databases[0].backend(world.now).refused > 0.8);
    world.advance(Timestamp::from_second(ends + 10).unwrap());
    assert!(world.databases[0].backend(world.now).refused < 0.01);
    assert!(world.databases[0].free_bytes > free + 0.5e9, "its storage comes back");
}

#[test]
fn autovacuum_keeps_a_calm_days_tables_tidy() {
    let world = world("calm");
    let server = &world.databases[0].server;
    for table in &server.tables {
        assert!(table.dead < table.live * 0.25 + 20_000.0, "{table:?}");
    }
    let sessions = server.table_named("sessions").unwrap();
    assert!(sessions.last_autovacuum.unwrap() > world.now - 600 && sessions.vacuums == 1, "{sessions:?}");
}

#[test]
fn the_sessions_are_as_many_as_the_metric_says() {
    for scenario in ["calm", "connection-leak", "bloat", "cpu-surge"] {
        let mut world = world(scenario);
        for second in (0..600).step_by(35) {
            after(&mut world, second);
            assert_eq!(world.sessions_counted(), world.connections() as usize, "{scenario} after {second} s");
            let mut pids: Vec<i32> = world.sessions().iter().map(|s| s.pid).collect();
            pids.sort_unstable();
            let all = pids.len();
            pids.dedup();
            assert_eq!(pids.len(), all, "{scenario}: two sessions have one pid");
        }
    }
}

#[test]
fn the_reserved_slots_are_the_masters_alone() {
    let mut world = world("connection-leak");
    let now = world.now;
    let database = &mut world.databases[0];
    assert_eq!(database.enter(now, "analytics", "plantao", "127.0.0.1"), Err(NoSlot::Reserved));
    let pids: Vec<i32> = (0..3).map(|_| database.enter(now, "postgres", "psql", "127.0.0.1").unwrap()).collect();
    assert_eq!(database.enter(now, "postgres", "psql", "127.0.0.1"), Err(NoSlot::None));
    database.leave(pids[0]);
    assert!(database.enter(now, "postgres", "psql", "127.0.0.1").is_ok());
}

#[test]
fn a_vacuum_ends_at_its_instant_however_time_is_cut() {
    let picture = |w: &World| format!("{:?} {:?}", w.databases, w.metrics.series);
    let run = |step: i64| {
        let mut world = world("bloat");
        let now = world.now;
        let oid = world.databases[0].server.table_named("sessions").unwrap().oid;
        world.databases[0].vacuum(now, 7, Wish { table: oid, ..Wish::default() });
        (0..=200).step_by(step as usize).for_each(|second| after(&mut world, second));
        picture(&world)
    };
    assert!(run(200) == run(1), "the same seed gave two worlds");
}
