//! Where runs are started, and where their journals are.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use crate::run::{Locks, Order, Store, user};

/// The exit code of a run's process, once it has one.
pub type Exit = Arc<OnceLock<u8>>;

type Start = dyn Fn(Order) -> io::Result<Exit> + Send + Sync;

/// How this screen has runs carried out: never by itself, so that a run outlives it.
#[derive(Clone)]
pub struct Hosting {
    store: Store,
    start: Arc<Start>,
    /// Where runs are kept apart: a plan says who has what it is for.
    locks: Option<Locks>,
    /// Whose wishes a run is told, as this machine knows them.
    user: String,
}

impl Hosting {
    /// Each run in a process `program arguments…`, which must come to [`Order::receive`]. The arguments are
    /// asked for when it starts: they may tell it the time.
    pub fn by_process(
        store: Store,
        program: PathBuf,
        arguments: impl Fn() -> Vec<OsString> + Send + Sync + 'static,
    ) -> Hosting {
        let at = store.clone();
        Hosting::by(store, move |order| {
            let mut child = order.start(&at, &program, &arguments())?;
            let exit = Exit::default();
            let told = Arc::clone(&exit);
            // Somebody has to wait for a process that ends, and the screen never waits.
            std::thread::Builder::new().name("run".to_owned()).spawn(move || {
                let code = child.wait().ok().and_then(|status| status.code());
                told.set(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
            })?;
            Ok(exit)
        })
    }

    /// Each run by a function, which returns at once.
    pub fn by(store: Store, start: impl Fn(Order) -> io::Result<Exit> + Send + Sync + 'static) -> Hosting {
        Hosting { store, start: Arc::new(start), locks: None, user: user() }
    }

    /// … for this user of the machine.
    #[must_use]
    pub fn of(self, user: &str) -> Hosting {
        Hosting { user: user.to_owned(), ..self }
    }

    /// … kept apart by these locks.
    #[must_use]
    pub fn with(self, locks: Option<Locks>) -> Hosting {
        Hosting { locks, ..self }
    }

    /// What keeps the runs apart.
    pub fn locks(&self) -> Option<&Locks> {
        self.locks.as_ref()
    }

    /// The user of this machine.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Where the journals are.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Starts a run and does not wait for it.
    pub fn start(&self, order: Order) -> io::Result<Exit> {
        (self.start)(order)
    }
}
