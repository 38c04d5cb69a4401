//! The way back from what was dangerous, and the same by hand.

use plantao::world::Change;

use super::runs::{changes, pushed};
use crate::flows::flow::Flow;
use crate::harness::Paste;

#[tokio::test(start_paused = true)]
async fn from_an_emergency_deploy_under_way_one_key_and_a_yes_go_back_and_the_reason_is_kept() {
    let mut flow = Flow::calm().await;
    pushed(&flow, "hotfix", None);
    flow.passes(600).await;
    flow.deploying("hotfix").await;
    flow.confirmed().await;
    flow.passes(20).await;
    flow.keys("u").await;
    assert_both!(flow, "deploy_going_back");
    flow.keys("enter").await;
    flow.passes(5).await;
    assert_eq!(changes(&flow), 1, "enter is never a yes");
    flow.keys("u y").await;
    flow.passes(240).await;
    assert!(flow.text().contains("Undone"), "{}", flow.text());
    let id = flow.app.run.as_ref().unwrap().id.clone();
    let journal = std::fs::read_to_string(flow.store().journal(&id)).unwrap();
    assert!(journal.contains(&format!("ana asked to undo: going back from {id}: ")), "{journal}");
    assert_eq!(changes(&flow), 2);
}

#[tokio::test(start_paused = true)]
async fn after_the_end_of_an_emergency_deploy_too_one_key_and_a_yes_go_back() {
    let mut flow = Flow::calm().await;
    pushed(&flow, "hotfix", None);
    flow.passes(600).await;
    flow.deploying("hotfix").await;
    flow.confirmed().await;
    flow.passes(600).await;
    assert!(flow.text().contains("Succeeded"), "{}", flow.text());
    let id = flow.app.run.as_ref().unwrap().id.clone();
    // A yes typed before there is anything to say yes to is none.
    flow.keys("u y").await;
    flow.passes(1).await;
    assert_both!(flow, "deploy_going_back_after_its_end");
    assert_eq!(changes(&flow), 1);
    flow.keys("y").await;
    flow.passes(240).await;
    assert_eq!(flow.app.picture.services[0].state.value().unwrap().revision.number, Some(41));
    let journal = std::fs::read_to_string(flow.store().journal(&flow.app.run.as_ref().unwrap().id)).unwrap();
    assert!(journal.contains(&format!(r#""reason":"going back from {id}: "#)), "{journal}");
    assert_eq!(changes(&flow), 2);
}

#[tokio::test(start_paused = true)]
async fn to_take_a_run_back_that_would_be_an_outage_a_reason_and_the_name_are_typed() {
    let mut flow = Flow::calm().await;
    let service = "analytics-api".to_owned();
    flow.host.with(|world| {
        world.apply(Change::Scalable { service: service.clone(), min: 0, max: 6, suspended: true.into() });
        world.apply(Change::SetDesired { service, count: 0 });
    });
    flow.passes(120).await;
    flow.keys("s").await;
    flow.passes(3).await;
    flow.keys("backspace 3 enter").await;
    flow.passes(3).await;
    flow.keys("enter y").await;
    flow.passes(10).await;
    let before = changes(&flow);
    flow.keys("u y backspace enter enter").await;
    assert!(flow.text().contains("say why first"), "{}", flow.text());
    flow.pastes("it was the wrong service").await;
    flow.keys("enter").await;
    flow.types("analytics").await;
    flow.keys("enter").await;
    assert_both!(flow, "undo_that_is_an_outage");
    assert_eq!(changes(&flow), before, "half a name is no confirmation");
    flow.types("-api").await;
    flow.keys("enter").await;
    flow.passes(240).await;
    assert!(flow.text().contains("Undone"), "{}", flow.text());
    let journal = std::fs::read_to_string(flow.store().journal(&flow.app.run.as_ref().unwrap().id)).unwrap();
    assert!(journal.contains("ana asked to undo: it was the wrong service"), "{journal}");
}

#[tokio::test(start_paused = true)]
async fn what_a_plan_says_for_who_does_it_by_hand_can_be_pasted_and_does_the_same() {
    let mut flow = Flow::calm().await;
    pushed(&flow, "hotfix", None);
    flow.passes(600).await;
    flow.deploying("hotfix").await;
    let commands = flow.by_hand();
    let paste = Paste::new();
    paste.paste(&commands.iter().map(String::as_str).collect::<Vec<_>>());
    let registered = paste.registered();
    let image = registered["containerDefinitions"][0]["image"].as_str().unwrap();
    assert!(image.contains("/analytics-api@sha256:"), "{registered}");
    assert_eq!(registered["containerDefinitions"][1]["image"], "side");
    assert_eq!((&registered["cpu"], &registered["tags"][0]["value"]), (&"256".into(), &"data".into()));
    assert!(registered.get("revision").is_none() && registered.get("registeredBy").is_none(), "{registered}");
    let asked = paste.asked("aws");
    assert!(
        asked.contains("ecs update-service") && asked.contains("--task-definition arn:aws:ecs:us-east-1:1:"),
        "{asked}"
    );

    // The step that deploys, pasted alone, deploys nothing.
    let alone = commands.iter().find(|command| command.contains("REVISION:?")).unwrap();
    let refused = std::process::Command::new("sh").args(["-c", alone]).output().unwrap();
    assert!(String::from_utf8_lossy(&refused.stderr).contains("the one that was registered before"), "{refused:?}");

    for (keys, known) in [("s", "update-service"), ("r", "update-service")] {
        flow.keys("esc esc").await;
        flow.keys(keys).await;
        flow.passes(5).await;
        let (commands, paste) = (flow.by_hand(), Paste::new());
        paste.paste(&commands.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(paste.asked("aws").contains(known), "{commands:#?}");
    }
}
