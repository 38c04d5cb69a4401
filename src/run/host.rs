//! The process that carries a run out: a session of its own, so that nothing that happens to a
//! terminal or an SSH line reaches it.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde::{Deserialize, Serialize};

use super::{Plan, RunId, Store};

/// Largest order that is read.
const LARGEST: u64 = 8 << 20;

/// What a host process is to do. It reads it on its standard input: never among its arguments, which all can see.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "kebab-case")]
pub enum Order {
    /// Carry out this plan, the one that was shown and confirmed.
    CarryOut {
        /// The run's id, so that who orders can follow it.
        id: RunId,
        /// The plan.
        plan: Box<Plan>,
        /// Why.
        reason: Option<String>,
    },
    /// Take up a run whose process is gone.
    Resume {
        /// Which.
        id: RunId,
    },
    /// Wait for the end of a run's process, and take the run up if that left what it was to put back.
    Guard {
        /// Which.
        id: RunId,
    },
}

impl Order {
    /// The run that it is about.
    pub fn id(&self) -> &RunId {
        match self {
            Order::CarryOut { id, .. } | Order::Resume { id } | Order::Guard { id } => id,
        }
    }

    /// Starts a process of its own for the order: `program arguments…`, which must come to [`Order::receive`].
    /// What it prints goes to the run's log. The process is answered so that its end can be noticed;
    /// dropping it ends nothing.
    pub fn start(&self, store: &Store, program: &Path, arguments: &[OsString]) -> io::Result<Child> {
        store.prepare()?;
        let log = OpenOptions::new().append(true).create(true).mode(0o600).open(store.log(self.id()))?;
        let mut command = Command::new(program);
        let started = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log).spawn();
        let mut child = started.inspect_err(|_| {
            // Of a run that is taken up it is the log of the process before, too.
            if matches!(self, Order::CarryOut { .. }) {
                let _ = std::fs::remove_file(store.log(self.id()));
            }
        })?;
        let order = serde_json::to_vec(self)?;
        match child.stdin.take() {
            Some(mut stdin) => stdin.write_all(&order)?,
            None => return Err(io::Error::other("the host process has no standard input")),
        }
        Ok(child)
    }

    /// In the host process, before anything else: leaves the terminal, and reads the order.
    pub fn receive() -> io::Result<Order> {
        // A process that leads a group already can't; it then has been started by hand, and goes on so.
        let _ = rustix::process::setsid();
        let mut text = Vec::new();
        io::stdin().lock().take(LARGEST).read_to_end(&mut text)?;
        Ok(serde_json::from_slice(&text)?)
    }
}
