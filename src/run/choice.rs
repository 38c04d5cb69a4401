//! What a question can be answered with, where there is a choice.

/// One of the answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// As it would be typed.
    pub value: String,
    /// What it is called.
    pub label: String,
    /// What tells it from the others.
    pub detail: String,
}

/// What a question of a runbook can be answered with, as things are now; nothing where anything can be typed.
pub async fn choices(
    _context: &super::Context,
    _wish: super::Wish<'_>,
    _param: &crate::runbook::Param,
) -> Result<Vec<Choice>, super::Halt> {
    Ok(Vec::new())
}
