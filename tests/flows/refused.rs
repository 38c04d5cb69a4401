//! A run that does not begin: its reason stays until it is planned anew.

use plantao::run::{Holder, RunId};
use plantao::tui::app::Overlay;

use crate::flows::flow::Flow;

#[tokio::test(start_paused = true)]
async fn a_run_that_is_refused_leaves_its_reason_on_the_page_and_nothing_in_the_folder() {
    let mut flow = Flow::calm().await;
    std::fs::create_dir_all(flow.store().folder()).unwrap();
    flow.keys("s").await;
    flow.passes(3).await;
    flow.keys("5 enter").await;
    flow.passes(3).await;
    flow.keys("enter").await;
    let Some(Overlay::Plan(page)) = &flow.app.overlay else { panic!("{}", flow.text()) };
    let target = page.ready().unwrap().target.clone();
    let holder = Holder { run: RunId::new("scale", flow.app.now), pid: 1, user: "bob".to_owned() };
    let _held = flow.locks().take(&target, &holder).unwrap();
    flow.keys("y").await;
    flow.passes(3).await;
    flow.keys("k k c").await;
    flow.passes(30).await;
    assert!(flow.text().contains("of bob (process 1) is on"), "{}", flow.text());
    assert_both!(flow, "refused");
    assert_eq!(std::fs::read_dir(flow.store().folder()).unwrap().count(), 0, "there was no run");
    flow.keys("esc").await;
    assert!(flow.text().contains("of bob (process 1) is on"), "{}", flow.text());
    flow.keys("backspace 4 enter").await;
    flow.passes(3).await;
    assert!(!flow.text().contains("No run began"), "{}", flow.text());
}
