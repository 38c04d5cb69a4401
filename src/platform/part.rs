//! One part of the picture: a value, its age, and what went wrong the last time it was asked for.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::Trouble;

/// The last good value of one thing, kept beside the last error: an error never clears a value.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Part<T> {
    value: Option<T>,
    /// When the value was true, by the clock of whoever asked.
    as_of: Option<Timestamp>,
    /// Why the last question was not answered; `None` once it is answered again.
    trouble: Option<Trouble>,
    /// How long a value is expected to stay the newest: the cadence of its source.
    #[serde(skip)]
    expected_within: SignedDuration,
}

impl<T> Default for Part<T> {
    fn default() -> Self {
        Part { value: None, as_of: None, trouble: None, expected_within: SignedDuration::ZERO }
    }
}

impl<T> Part<T> {
    /// A part that was answered once, for tests and samples.
    pub fn known(value: T, as_of: Timestamp) -> Self {
        Part { value: Some(value), as_of: Some(as_of), ..Part::default() }
    }

    /// Takes an answer. An error leaves the last good value where it was, as old as it is: a back-off
    /// does not make it count as fresh for longer.
    ///
    /// `next` is how long it will be until the question is asked again. Answers whether that is news: anything else than
    /// the value that was fresh before.
    pub fn take(&mut self, answer: Result<T, Trouble>, at: Timestamp, next: SignedDuration) -> bool
    where
        T: PartialEq,
    {
        match answer {
            Ok(value) => {
                let is_news = self.value.as_ref() != Some(&value) || !self.is_live(at);
                self.expected_within = next;
                self.value = Some(value);
                self.as_of = Some(at);
                self.trouble = None;
                is_news
            }
            Err(trouble) => {
                self.fail(trouble);
                true
            }
        }
    }

    /// Changes the value in place, as [`Part::take`] does with a whole one.
    pub(super) fn amend(&mut self, at: Timestamp, next: SignedDuration, change: impl FnOnce(&mut T))
    where
        T: Default,
    {
        self.expected_within = next;
        self.as_of = Some(at);
        self.trouble = None;
        change(self.value.get_or_insert_default());
    }

    fn fail(&mut self, mut trouble: Trouble) {
        if let Some(before) = &self.trouble
            && before.kind == trouble.kind
        {
            trouble.since = before.since;
        }
        self.trouble = Some(trouble);
    }

    /// The last good value, however old.
    pub fn value(&self) -> Option<&T> {
        self.value.as_ref()
    }

    /// When the value was true.
    pub fn as_of(&self) -> Option<Timestamp> {
        self.as_of
    }

    /// Why the last question was not answered.
    pub fn trouble(&self) -> Option<&Trouble> {
        self.trouble.as_ref()
    }

    /// Nothing has been heard at all yet, neither a value nor an error.
    pub fn is_pending(&self) -> bool {
        self.value.is_none() && self.trouble.is_none()
    }

    /// The age of the value, if it is older than it should be: past twice its cadence and a little.
    pub fn stale_age(&self, now: Timestamp) -> Option<SignedDuration> {
        let age = now.duration_since(self.as_of?);
        let allowed = self.expected_within.saturating_mul(2).saturating_add(SignedDuration::from_secs(5));
        (age > allowed).then_some(age)
    }

    /// The value can be trusted as the present: it is there, nothing failed, and it is not stale.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.value.is_some() && self.trouble.is_none() && self.stale_age(now).is_none()
    }
}
