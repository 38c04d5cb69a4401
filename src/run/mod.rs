//! Carries a plan out: journal, locks, commands, steps, resume, undo.
//!
//! A run outlives its screen: `plantao run` is a process of its own, and screens only follow its
//! [`Journal`]. Write before you act: every step and every request that changes something is on the
//! disk before it is sent, so that a killed run can be resumed by looking, never by doing it twice.

pub mod action;
mod again;
mod answer;
mod beginning;
mod choice;
mod choice_tables;
mod commands;
mod container;
mod database;
mod dead;
mod elsewhere;
mod ending;
mod engine;
mod event;
mod facts;
mod follow;
mod guardian;
mod halt;
mod head;
mod history;
mod host;
mod id;
mod images;
mod journal;
mod kept;
mod left;
mod lock;
mod office;
mod past;
mod plan;
mod record;
mod resolve;
mod scribe;
mod secrets;
mod seen;
mod standing;
mod store;
mod take_back;
mod told;
mod verify;
mod who;
mod work;

pub use action::{Action, Context};
pub use beginning::{Beginning, going_back};
pub use choice::{Choice, choices, offer};
pub use commands::{Command, Commands, Said};
pub use container::tool::builder;
pub use dead::{Dead, Held};
pub use elsewhere::Here;
pub use ending::Ending;
pub use event::{Answer, Event, StepOutcome, Superseder};
pub use follow::{Follower, Unopened, last_words, opened};
pub use guardian::{Guardians, Orphan};
pub use halt::Halt;
pub use host::Order;
pub use id::RunId;
pub use journal::{Book, Journal, JournalError, Resumed};
pub use lock::{Busy, Holder, Lock, LockError, Locks, Target};
pub use office::{Finished, Office};
pub use past::Past;
pub use plan::{Candidate, Change, Plan, PlannedStep, View};
pub use record::Record;
pub use resolve::Wish;
use scribe::Scribe;
pub use seen::Seen;
pub use standing::Standing;
pub use store::{Lookup, Store};
pub use told::told;
pub use verify::{Broken, Reached, Verified, examine, verify};
pub use who::{Who, user};
use work::Work;

#[cfg(test)]
mod dead_tests;
#[cfg(test)]
mod guardian_tests;
#[cfg(test)]
mod images_tests;
#[cfg(test)]
mod lost_tests;
#[cfg(test)]
mod promises_tests;
#[cfg(test)]
mod reading_tests;
#[cfg(test)]
mod rollback_tests;
#[cfg(test)]
mod scale_tests;
#[cfg(test)]
mod scripted_tests;
#[cfg(test)]
mod take_back_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod truth_tests;
