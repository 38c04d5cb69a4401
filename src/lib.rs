//! # plantao: the map of the house
//!
//! The terminal that an on-call engineer opens over SSH when the pager goes off. Rooms, each using
//! only those below it:
//!
//! | room | what it is |
//! |---|---|
//! | [`cli`] | the command line: what the user can say |
//! | [`tui`] | the screen: `update(&mut App, Message) -> Vec<Effect>`, `draw(&App)`; nothing in it awaits I/O |
//! | [`headless`] | the same picture as text or JSON, for scripts |
//! | [`doctor`] | whether this machine and these credentials can do the job, check by check |
//! | [`init`] | looks at an account and writes its platform file |
//! | [`run`] | carries a plan out: journal, locks, steps, resume, undo |
//! | [`watch`] | keeps the picture fresh: when to ask whom, back-off, cost; one task per source |
//! | [`runbook`] | Markdown to runbooks (pure): parameters, steps, and the actions that there are |
//! | [`triage`] | picture to findings (pure): what is wrong, since when, which runbook |
//! | [`world`] | the simulated platform: a pure model, and a wire that speaks AWS and PostgreSQL |
//! | [`aws`] | all that touches an AWS SDK: one file per service, over one `Clients` |
//! | [`database`] | PostgreSQL over tokio-postgres: what is bloated, what holds vacuum back, vacuum, cancel |
//! | [`cache`] | Redis over the redis crate: commands, and their replies as lines |
//! | [`clock`] | the present: the system's or the world's |
//! | [`platform`] | the domain: config to `Platform`, picture, gauge, target; no I/O, no SDK types |

pub mod aws;
pub mod cache;
pub mod cli;
pub mod clock;
pub mod database;
pub mod doctor;
pub mod headless;
pub mod init;
pub mod platform;
pub mod run;
pub mod runbook;
pub mod triage;
pub mod tui;
pub mod watch;
pub mod world;
