use std::time::Instant;

use super::*;
use crate::platform::fixture::{self, ago};
use crate::platform::{AlarmChange, AlarmState, Comparison, MetricQuery, Part, ServiceEvent, ServiceSpec, timeline};

/// 1,000 services with 10 tasks and 100 events each, 2,000 alarms of which half fire.
fn large() -> (Platform, Picture) {
    let (mut platform, mut picture) = (fixture::platform(), fixture::picture());
    let (seed, gauges) = (picture.services[0].clone(), platform.gauges.clone());
    let mut alarms = Vec::new();
    for n in 1..1_000_usize {
        let name = format!("service-{n}");
        platform.services.push(ServiceSpec { name: name.clone(), ..platform.services[0].clone() });
        let mut service = seed.clone();
        fixture::edit(&mut service.tasks, |t| *t = (0..10).map(|n| fixture::task(n, 41)).collect());
        fixture::edit(&mut service.state, |s| {
            s.running = 2;
            s.events = (0..100)
                .map(|m| ServiceEvent { message: format!("(service {name}) line {m}."), ..fixture::event(m, "") })
                .collect();
        });
        picture.services.push(service);
        for gauge in &gauges[..2] {
            let mut gauge = gauge.clone();
            gauge.subject = Subject::Service(n);
            gauge.query.dimensions[1].1.clone_from(&name);
            platform.gauges.push(gauge.clone());
            picture.series.push(fixture::last(&[99.0; 180]));
            let mut alarm = fixture::alarm(&format!("{name}-{}", gauge.title), "x", Comparison::Greater, 80.0);
            alarm.condition.as_mut().unwrap().query = MetricQuery { ..gauge.query };
            if n % 2 == 0 {
                alarm.state = AlarmState::Alarm;
                alarm.since = Some(ago(4));
            }
            picture.alarm_changes.push(AlarmChange {
                alarm: alarm.name.clone(),
                at: ago(4),
                from: None,
                to: alarm.state,
                summary: None,
            });
            alarms.push(alarm);
        }
    }
    picture.alarms = Part::known(alarms, fixture::now());
    (platform, picture)
}

/// Not a benchmark: a debug build on a busy machine. It fails when something is quadratic.
#[test]
fn a_thousand_services_do_not_freeze_the_screen() {
    let (platform, picture) = large();
    let start = Instant::now();
    let found = findings(&platform, &picture, fixture::now());
    let triage = start.elapsed();
    let start = Instant::now();
    let entries = timeline::timeline(&platform, &picture);
    let history = start.elapsed();
    println!("triage {triage:?}, timeline {history:?}");
    // One about too few tasks, CPU and memory for each; the three expected alarms are gone.
    assert_eq!((found.len(), entries.len()), (999 * 3 + 1, timeline::LONGEST));
    assert!(triage.as_millis() < 1_000 && history.as_millis() < 1_000, "triage {triage:?}, timeline {history:?}");
}
