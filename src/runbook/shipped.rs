//! The runbooks that come with plantao.

use super::{Runbook, read};

/// Their names and texts. Each is checked by a test.
pub const SHIPPED: [(&str, &str); 4] = [
    ("scale", include_str!("../../runbooks/scale.md")),
    ("rollback", include_str!("../../runbooks/rollback.md")),
    ("emergency-deploy", include_str!("../../runbooks/emergency-deploy.md")),
    ("vacuum", include_str!("../../runbooks/vacuum.md")),
];

/// The shipped runbooks, read.
pub fn shipped() -> Vec<Runbook> {
    SHIPPED.iter().filter_map(|(name, text)| read(text, &format!("runbooks/{name}.md")).ok()).collect()
}
