//! The journal of a run that another process writes.

use std::time::Duration;

use plantao::run::{Event, Follower, Record, RunId, Store};

/// The one run of a store and the process that carries it out, once it has come to a record that fits.
pub async fn run_that(store: &Store, fits: impl Fn(&Record) -> bool) -> (RunId, u32) {
    let (mut followed, mut pid) = (None, 0);
    loop {
        if followed.is_none() {
            let id = store.runs().unwrap().into_iter().next();
            followed = id.map(|id| (Follower::open(store, &id).unwrap(), id));
        }
        if let Some((follower, id)) = &mut followed {
            for record in follower.poll().unwrap() {
                if let Event::Began { pid: host, .. } | Event::Resumed { pid: host, .. } = &record.event {
                    pid = *host;
                }
                if fits(&record) {
                    return (id.clone(), pid);
                }
                assert!(!matches!(record.event, Event::Ended { .. }), "it came to its end before: {record:?}");
            }
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
