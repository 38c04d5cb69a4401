//! Deployments that are told as they are: counts, clocks and refusals that lead others astray. On the world.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;

use super::tests::{SERVICE, broken_revision, carry_out, deploy, office, plan, world, writes};
use super::*;
use crate::clock::Clock;
use crate::world::{Ailment, Change as Happening, Failure, Fault};

#[tokio::test(start_paused = true)]
async fn no_tasks_at_all_are_a_success_when_none_were_asked_for() {
    let (host, context) = world();
    let (_folder, office) = office();
    let to_none = plan(&context, "scale", &[("desired", "0")]).await;
    assert!(to_none.all_warnings().any(|w| w.contains("this is an outage")));
    let finished = carry_out(&office, &context, to_none).await;
    assert_eq!(finished.ending, Ending::Succeeded, "{}", finished.words);
    assert!(finished.words.contains("0 of 0 tasks"), "{}", finished.words);
    assert_eq!(host.with(|world| world.tasks(SERVICE)), Some((0, 0)));
    // A deployment of nothing is over as soon as it is there, and is no outage of its own.
    let (_, other) = broken_revision(&host, None).await;
    let finished = carry_out(&office, &context, deploy(&context, other).await).await;
    assert_eq!(finished.ending, Ending::Succeeded, "{}", finished.words);
}

#[tokio::test(start_paused = true)]
async fn more_tasks_than_one_page_holds_are_all_counted() {
    let (host, context) = world();
    let (_folder, office) = office();
    let service = SERVICE.to_owned();
    host.with(|world| world.apply(Happening::Scalable { service, min: 1, max: 200, suspended: true.into() }));
    let text = "# Many\n```toml runbook\ndanger = \"caution\"\n```\n## Set it\n```toml ecs.update-service\ndesired-count = 130\n```\n## Wait\n```toml ecs.wait-steady\ntimeout = \"30m\"\n```\n";
    let runbook = crate::runbook::read(text, "many.md").unwrap();
    let answers = BTreeMap::new();
    let wish = Wish { runbook: &runbook, answers: &answers, service: None, database: None };
    let (many, _) = Plan::make(&context, wish).await.unwrap();
    let finished = carry_out(&office, &context, many).await;
    assert_eq!(finished.ending, Ending::Succeeded, "{}", finished.words);
    assert!(finished.words.contains("130 of 130 tasks"), "{}", finished.words);
    let tasks = crate::aws::tasks::tasks(&context.clients, "analytics-production", SERVICE, false).await.unwrap();
    assert_eq!(tasks.len(), 130, "their health is asked of all");
}

#[tokio::test(start_paused = true)]
async fn a_throttled_update_is_sent_again_because_it_was_not_carried_out() {
    let (host, context) = world();
    let (_folder, office) = office();
    let plan = plan(&context, "scale", &[("desired", "5")]).await;
    host.inject(Fault::on("ecs:UpdateService", Failure::Throttled).times(2));
    let finished = carry_out(&office, &context, plan).await;
    assert_eq!(finished.ending, Ending::Succeeded, "{}", finished.words);
    assert_eq!(writes(&host), BTreeMap::from([("ecs:UpdateService".to_owned(), 3)]));
    assert_eq!(host.carried_out().iter().filter(|it| *it == "ecs:UpdateService").count(), 1);
    let journal = std::fs::read_to_string(office.store.journal(&finished.id)).unwrap();
    assert_eq!(journal.matches(r#""event":"request""#).count(), 3, "each is written down before it is sent");
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_wrong_by_minutes_hides_no_failed_task() {
    for minutes in [10, -10] {
        let (host, mut context) = world();
        let (_folder, office) = office();
        let (_, bad) = broken_revision(&host, Some(Ailment::Crashes)).await;
        let now = context.clock.now();
        context.clock = Clock::simulated(now + SignedDuration::from_mins(minutes), 1.0);
        context.clients.tell_time_by(&context.clock);
        let plan = deploy(&context, bad).await;
        let finished = carry_out(&office, &context, plan).await;
        assert_eq!(finished.ending, Ending::RolledBackByEcs, "{minutes}: {}", finished.words);
        assert!(finished.words.contains("first failed task"), "{minutes} minutes ahead: {}", finished.words);
        assert!(finished.words.contains("api exited with 1"), "{minutes} minutes ahead: {}", finished.words);
    }
}

#[tokio::test(start_paused = true)]
async fn a_number_that_somebody_changes_in_the_middle_is_not_waited_for_and_never_called_success() {
    for count in [6, 3] {
        let (host, context) = world();
        let (_folder, office) = office();
        let plan = plan(&context, "scale", &[("desired", "4")]).await;
        let (finished, ()) = tokio::join!(carry_out(&office, &context, plan), async {
            tokio::time::sleep(Duration::from_secs(20)).await;
            host.with(|world| world.apply(Happening::SetDesired { service: SERVICE.to_owned(), count }));
        });
        assert_eq!(finished.ending, Ending::Superseded, "{}", finished.words);
        let said = format!("changed from the 4 of this run to {count} by something else");
        assert!(finished.words.contains(&said), "{}", finished.words);
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_deleted_before_the_plan_is_refused_and_after_it_nothing_is_sent() {
    let (host, context) = world();
    let (_folder, office) = office();
    let made = plan(&context, "scale", &[("desired", "5")]).await;
    host.with(|world| world.apply(Happening::DeleteService { service: SERVICE.to_owned() }));
    let finished = carry_out(&office, &context, made).await;
    assert!(matches!(finished.ending, Ending::Refused | Ending::FailedBefore), "{}", finished.words);
    assert!(finished.words.contains("inactive") || finished.words.contains("no service"), "{}", finished.words);
    assert!(writes(&host).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_journal_that_cannot_be_made_stops_the_run_before_any_call() {
    let (host, context) = world();
    let (folder, office) = office();
    let plan = plan(&context, "scale", &[("desired", "5")]).await;
    std::fs::write(folder.path().join("runs"), "a file where the folder should be").unwrap();
    let asked = host.requests().len();
    let finished = carry_out(&office, &context, plan).await;
    assert_eq!(finished.ending, Ending::Unrecorded, "{}", finished.words);
    assert_eq!(host.requests().len(), asked, "nothing was even looked at");
}
