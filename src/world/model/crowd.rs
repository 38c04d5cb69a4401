//! A platform of any size, for benches: how does the screen bear a thousand services?

use jiff::Timestamp;

use super::World;
use super::definition::Definition;
use super::seed;

/// A crowd lives through this much of the past, in whole minutes: enough for its gauges to show something.
const PAST: i64 = 20 * 60;

impl World {
    /// The same account in another region: there is nothing.
    pub(in crate::world) fn elsewhere(now: Timestamp) -> World {
        let mut world = World::empty(0, now.as_second(), 0);
        world.clusters.clear();
        world
    }

    /// The seed platform, with this many more services (`service-0001` …) of so many tasks each, and this many
    /// more alarms (`alarm-0001` …), one after another on the services' CPU.
    pub fn crowd(services: usize, tasks_each: u32, alarms: usize, start: Timestamp) -> World {
        let start = start.as_second();
        let mut world = World::seed(1, start, PAST);
        let now = world.now;
        world.coarse_until = start;
        for n in 1..=services {
            let name = format!("service-{n:04}");
            let tag = super::definition::release(&name, 1).0;
            let image = format!("{}/{name}:{tag}", super::names::registry());
            world.definitions.push(Definition::of(&name, "app", 1, &image, now - 9 * 86_400));
            let definition = world.definitions.len() - 1;
            let service = world.steady_service(&name, "app", definition, tasks_each, None);
            world.services.push(service);
        }
        for n in 0..alarms {
            let service = format!("service-{:04}", n % services.max(1) + 1);
            world.alarms.push(seed::cpu_alarm(format!("alarm-{:04}", n + 1), &service, now - 86_400));
        }
        world.run_to(start);
        world
    }
}
