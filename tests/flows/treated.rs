//! What *Now* says to do: after a rollback, and where a runbook can't be used.

use plantao::platform::file;
use plantao::runbook::{Broken, Library};

use super::{LARGE, SMALL, opened};
use crate::flows::flow::Flow;

#[tokio::test(start_paused = true)]
async fn a_rollback_that_is_done_is_not_advised_again_while_its_alarm_still_fires() {
    let mut platform = file::sample();
    platform.services[0].health_url = None;
    let mut flow = Flow::with("bad-deploy", SMALL, platform);
    flow.connect();
    flow.passes(100).await;
    let alarm = |flow: &Flow| flow.app.findings.iter().find(|f| f.title == "API-HighErrorRate").cloned();
    assert_eq!(alarm(&flow).and_then(|found| found.runbook).as_deref(), Some("rollback"));
    flow.keys("r").await;
    flow.passes(3).await;
    flow.keys("enter y").await;
    // The run goes on behind the overview.
    flow.keys("esc").await;
    let mut seen = Vec::new();
    while let Some(found) = alarm(&flow) {
        if let Some(advice) = found.advice {
            assert_eq!(found.runbook, None, "{advice}");
            if advice.starts_with("rolled back") && !seen.contains(&advice) {
                assert_both!(flow, "rolled_back_and_the_alarm_still_fires");
            }
            if !seen.contains(&advice) {
                seen.push(advice);
            }
        }
        flow.passes(10).await;
        assert!(flow.host.requests().len() < 5_000, "the alarm never clears");
    }
    assert_eq!(
        seen,
        [
            "going back to :41 5f862a4 since 03:14: wait for it",
            "rolled back to :41 5f862a4 at 03:14; the alarm needs 1 good minute to clear",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_runbook_of_ones_own_that_is_broken_is_named_wherever_its_key_would_be_trusted() {
    let why = "line 12: \"desird\" is no parameter of this runbook".to_owned();
    let drain = Broken { name: "drain".to_owned(), why: "line 1: the runbook has no title".to_owned() };
    let mut flow = opened("calm", SMALL).await;
    flow.app.library = Library::of(Vec::new()).without(vec![Broken { name: "scale".to_owned(), why }, drain]);
    flow.passes(12).await;
    assert_both!(flow, "broken_runbook_1_now");
    flow.keys("enter").await;
    assert!(flow.text().contains("the shipped scale is used; plantao check"), "{}", flow.text());
    flow.keys("enter").await;
    assert_both!(flow, "broken_runbook_2_list");
    flow.keys("esc s").await;
    assert!(flow.text().contains("the shipped scale is used: scale.md is broken (line 12"), "{}", flow.text());
    assert_eq!(flow.app.size, SMALL);
    flow.resize(LARGE.0, LARGE.1);
}
