//! What the plan of a scale says, and what becomes of one that holds bounds, on the world.

use std::time::Duration;

use tokio::time::Instant;

use super::action::{Place, SetBounds};
use super::tests::{SERVICE, office, plan, start, state, who, world, world_that_scales};
use super::{Action, Change, Command, Commands, Ending, Finished, RunId, Said, Seen};
use crate::runbook::Danger;
use crate::world::Host;

#[tokio::test(start_paused = true)]
async fn past_its_maximum_a_service_is_scaled_together_with_its_bounds_and_not_warned_of_them() {
    let (_host, context) = world_that_scales();
    let outside = plan(&context, "scale", &[("desired", "8")]).await;
    assert!(outside.all_warnings().any(|warning| warning.contains("move the bounds first")));
    let with_bounds = plan(&context, "scale", &[("desired", "8"), ("maximum", "10")]).await;
    let warnings: Vec<&str> = with_bounds.all_warnings().filter(|w| w.contains("bounds")).collect();
    assert_eq!(warnings, [""; 0]);
    assert_eq!(with_bounds.steps[1].view.changes, [Change::of("auto scaling's maximum", 6, 10)]);
}

#[tokio::test(start_paused = true)]
async fn no_tasks_at_all_is_an_outage_and_never_confirmed_with_one_key() {
    let (_host, context) = world();
    assert_eq!(plan(&context, "scale", &[("desired", "0")]).await.danger, "danger");
    assert_eq!(plan(&context, "scale", &[("desired", "4")]).await.danger, "caution");
}

#[tokio::test(start_paused = true)]
async fn a_maximum_of_no_tasks_is_an_outage_and_never_confirmed_with_one_key() {
    let (_host, context) = world_that_scales();
    let none = Action::SetBounds(SetBounds { min: Some(0), max: Some(0), ..bounds() });
    let view = none.plan(&context, &Seen::default()).await.unwrap();
    assert!(view.warnings.iter().any(|warning| warning.contains("this is an outage")), "{view:?}");
    assert_eq!(none.least_danger(&view), Danger::Danger);
    let some = Action::SetBounds(SetBounds { max: Some(9), ..bounds() });
    let view = some.plan(&context, &Seen::default()).await.unwrap();
    assert_eq!((some.least_danger(&view), view.warnings.len()), (Danger::Caution, 0));
}

/// Runs a scale that holds its bounds for half an hour; after ten seconds its user says this, all at once.
async fn told(commands: &[Command]) -> (Host, Finished, Duration) {
    let (host, context) = world();
    let (_folder, office) = office();
    let plan = plan(&context, "scale", &[("desired", "4"), ("minimum", "2"), ("until", "30m")]).await;
    let (id, began) = (RunId::new("scale", context.clock.now()), Instant::now());
    let (finished, ()) = tokio::join!(office.carry_out(&context, &id, plan, who(), None), async {
        tokio::time::sleep(Duration::from_secs(10)).await;
        for command in commands {
            let said = Said { at: start(), by: "ana".to_owned(), command: *command, reason: None };
            Commands::say(&office.store, &id, &said).unwrap();
        }
    });
    (host, finished, began.elapsed())
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_stopped_while_it_holds_bounds_puts_them_back_at_once() {
    let (host, finished, took) = told(&[Command::Stop]).await;
    assert_eq!(finished.ending, Ending::Stopped, "{}", finished.words);
    assert!(took < Duration::from_mins(2), "it waited for its time: {took:?}");
    assert_eq!((state(&host).0, state(&host).1), (4, (1, 6)), "{}", finished.words);
}

#[tokio::test(start_paused = true)]
async fn a_wish_to_undo_is_not_lost_over_the_wish_to_stop_that_came_with_it() {
    for commands in [[Command::Stop, Command::Undo], [Command::Undo, Command::Stop]] {
        let (host, finished, _) = told(&commands).await;
        assert_eq!(finished.ending, Ending::Undone, "{commands:?}: {}", finished.words);
        assert_eq!((state(&host).0, state(&host).1), (3, (1, 6)), "{commands:?}");
    }
}

fn bounds() -> SetBounds {
    let place = Place { cluster: "analytics-production".to_owned(), name: SERVICE.to_owned() };
    SetBounds { place, ..SetBounds::default() }
}
