//! What a window of forty columns must still tell.

use super::opened;
use super::runs::changes;

#[tokio::test(start_paused = true)]
async fn on_a_narrow_line_nobody_says_yes_to_what_is_out_of_sight() {
    let mut flow = opened("bad-deploy", (40, 10)).await;
    flow.keys("r").await;
    flow.passes(3).await;
    flow.keys("enter").await;
    flow.passes(3).await;
    assert_snapshot!("rollback_confirm_40x10", flow.text());
    let seen = flow.text();
    assert!(seen.contains("analytics-api") && seen.contains("123456789012") && seen.contains("↓"), "{seen}");
    flow.keys("y").await;
    assert!(flow.text().contains("first see what it is for: pgdn"), "{}", flow.text());
    flow.keys("down").await;
    assert!(flow.text().contains("↑ 1 more"), "arrows scroll too: {}", flow.text());
    assert_snapshot!("rollback_confirm_40x10_seen", flow.text());
    flow.keys("pgdn pgdn").await;
    assert!(flow.text().contains("new     │\n│  schema."), "the warnings too: {}", flow.text());
    assert_eq!(changes(&flow), 0);
    flow.keys("y").await;
    flow.passes(5).await;
    assert_eq!(changes(&flow), 1);
}
