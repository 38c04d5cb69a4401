//! Pages of a long answer.

use super::super::error::AwsError;
use super::super::value::Value;

/// One page of a list, and the token of the next.
pub struct Page<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
}

/// The page that a request asks for, of at most `limit` items or fewer if `wanted` says so.
///
/// The token says where the page begins; `refusal` is what the API answers to one that is not ours.
pub fn page<T>(items: Vec<T>, token: &Value, wanted: &Value, limit: usize, refusal: &str) -> Result<Page<T>, AwsError> {
    let from = match token.text() {
        None => 0,
        Some(token) => token
            .strip_prefix("page-")
            .and_then(|n| n.parse::<usize>().ok())
            .ok_or_else(|| AwsError::new(refusal, "Invalid token"))?,
    };
    let size = wanted.int().map_or(limit, |n| n.clamp(1, limit as i64) as usize);
    let next = (from + size < items.len()).then(|| format!("page-{}", from + size));
    Ok(Page { items: items.into_iter().skip(from).take(size).collect(), next })
}
