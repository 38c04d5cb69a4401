//! Platforms with more than one service and database.

use plantao::tui::app::Overlay;
use plantao::tui::effect::Effect;

use super::{LARGE, several};

#[tokio::test(start_paused = true)]
async fn of_several_databases_the_one_that_is_shown_is_copied_and_named_by_its_charts() {
    let mut flow = several().await;
    flow.keys("3 ] c").await;
    assert_eq!(flow.terminal.last(), Some(&Effect::Copy("reporting".to_owned())));
    flow.keys("j c").await;
    assert_eq!(flow.terminal.last(), Some(&Effect::Copy("reporting".to_owned())), "no line is selected unseen");
    flow.keys("[").await;
    flow.resize(LARGE.0, LARGE.1);
    assert!(flow.text().contains("analytics connections"), "{}", flow.text());
}

#[tokio::test(start_paused = true)]
async fn nothing_that_is_open_changes_the_service_below_it_unseen() {
    let mut flow = several().await;
    flow.keys("2 enter").await;
    assert!(matches!(flow.app.overlay, Some(Overlay::Task(_))));
    flow.keys("]").await;
    assert_eq!((flow.app.overlay.is_none(), flow.app.service), (true, 1), "{}", flow.text());
    flow.keys("1 enter ]").await;
    assert_eq!((matches!(flow.app.overlay, Some(Overlay::Finding(_))), flow.app.service), (true, 1));
}
