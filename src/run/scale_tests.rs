//! What the plan of a scale says, on the world.

use super::action::{Place, SetBounds};
use super::tests::{SERVICE, plan, world, world_that_scales};
use super::{Action, Change, Seen};
use crate::runbook::Danger;

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

fn bounds() -> SetBounds {
    let place = Place { cluster: "analytics-production".to_owned(), name: SERVICE.to_owned() };
    SetBounds { place, ..SetBounds::default() }
}
