//! PostgreSQL over tokio-postgres: what is bloated, what holds vacuum back, vacuum, cancel.
//!
//! A [`Target`] says where; a [`Database`] is one session there, with plain questions; a [`Vacuum`] works in the
//! background. Every trouble is a [`DatabaseTrouble`] in a person's words. Oldest server: PostgreSQL 13.

mod blocking;
mod cell;
mod connect;
mod error;
mod holdback;
pub mod lexer;
mod notice;
mod quote;
mod reads;
mod server;
mod session;
mod statement;
mod tables;
mod target;
mod tls;
mod trouble;
mod url;
mod vacuum;
mod version;

pub use blocking::Blocked;
pub use connect::{APPLICATION_NAME, CONNECT_TIMEOUT, Canceler, Database, Patience};
pub use holdback::{Holdback, Holder};
pub use notice::Notice;
pub use quote::{TableName, quoted};
pub use reads::verb;
pub use server::{ConnectionGroup, Connections, Server};
pub use session::Session;
pub use statement::{Bound, Rows};
pub use tables::{RunningVacuum, Table, Wraparound, table_named};
pub use target::{Roots, SslMode, Target};
pub use trouble::{DatabaseTrouble, DatabaseTroubleKind};
pub use url::Endpoint;
pub use vacuum::{
    FullEstimate, Order, Progress, Scope, Skip, Stopper, TableEnding, TableReport, Vacuum, VacuumEnding, VacuumEvent,
    VacuumKind, VacuumReport, Work,
};
pub use version::Version;
