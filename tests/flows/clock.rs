//! A machine whose clock is not AWS's.

use std::time::Duration;

use jiff::SignedDuration;

use super::SMALL;
use crate::flows::flow::Flow;

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_wrong_is_named() {
    let mut flow = Flow::of("calm", SMALL);
    flow.clock_is_ahead(SignedDuration::from_mins(10));
    flow.connect();
    flow.pass(Duration::from_mins(1)).await;
    assert_snapshot!("a_clock_that_is_wrong_is_named_80x24", flow.screen());
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_wrong_makes_nothing_older_or_younger_than_it_is() {
    let mut screens = Vec::new();
    for minutes in [0, 10, -4] {
        let mut flow = Flow::of("bad-deploy", SMALL);
        flow.clock_is_ahead(SignedDuration::from_mins(minutes));
        flow.connect();
        flow.pass(Duration::from_mins(1)).await;
        flow.keys("2").await;
        let text = flow.text();
        assert!(text.contains(":42"), "{text}");
        screens.push(text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>());
    }
    assert_eq!(screens[1], screens[0], "ahead");
    assert_eq!(screens[2], screens[0], "behind");
}
