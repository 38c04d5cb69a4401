//! What brings a run back whose process was killed while it held something for a time: a process of its own, that waits
//! for the end of the run's. Nobody polls: the system frees a lock when its holder dies.

use std::fmt;
use std::io;
use std::sync::Arc;

use super::beginning::Beginning;
use super::{Event, Halt, Holder, Journal, JournalError, Lock, LockError, Office, Plan, Resumed, RunId, user, verify};

/// So often guardians take a run up. What kills its process again and again is for a person.
const MOST: usize = 3;

type Start = dyn Fn(&RunId) -> io::Result<()> + Send + Sync;

/// How guardians are started, if they are.
#[derive(Clone, Default)]
pub struct Guardians(Option<Arc<Start>>);

/// A run whose process is gone, held by this one.
#[derive(Debug)]
pub struct Orphan {
    pub(super) locks: Vec<Lock>,
    pub(super) resumed: Resumed,
}

impl Guardians {
    /// By this function, which returns at once.
    pub fn by(start: impl Fn(&RunId) -> io::Result<()> + Send + Sync + 'static) -> Guardians {
        Guardians(Some(Arc::new(start)))
    }

    /// Has a run guarded that holds something for a time, and was taken up so often by its guardians. Answers with why
    /// nobody does, where somebody should.
    pub(super) fn guard(&self, id: &RunId, plan: &Plan, guarded: usize) -> Option<String> {
        let start = self.0.as_ref()?;
        // What takes another run back holds nothing.
        if plan.undoes.is_some() || plan.steps.iter().all(|step| step.action.until().is_none()) {
            return None;
        }
        if guarded >= MOST {
            return Some(format!("its guardians have taken it up {MOST} times"));
        }
        start(id).err().map(|error| format!("its guardian can't be started: {error}"))
    }
}

impl fmt::Debug for Guardians {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Guardians").field(&self.0.is_some()).finish()
    }
}

impl Office {
    /// Waits for the end of the process that carries a run out. Answers with the run if it was killed and left what
    /// it would have put back by itself; `None` if there is nothing to do, or guardians have done enough.
    ///
    /// # Errors
    /// If the journal or a lock can't be had, or is not what was written.
    pub fn guard(&self, id: &RunId) -> Result<Option<Orphan>, Halt> {
        loop {
            Journal::wait(&self.store, id)?;
            let path = self.store.journal(id);
            let bytes = std::fs::read(&path).map_err(|why| Halt::failed(format!("{}: {why}", path.display())))?;
            let (records, _) = verify::read(id, &bytes).map_err(|broken| Halt::failed(broken.to_string()))?;
            let events: Vec<Event> = records.into_iter().map(|record| record.event).collect();
            let Some(Beginning { plan, did, .. }) = Beginning::of(id, &events)? else { return Ok(None) };
            if did.ended.is_some() || did.guarded >= MOST || plan.held(&did).is_empty() {
                return Ok(None);
            }
            let holder = Holder { run: id.clone(), pid: std::process::id(), user: user() };
            let locks = match self.locks.take_all(plan.targets(), &holder) {
                Ok(locks) => locks,
                // Another run was quicker, or somebody takes this one up: it is looked at again after that.
                Err(LockError::Busy(_)) => {
                    let mut waited = plan.targets().map(|target| self.locks.wait(target));
                    waited.try_for_each(|waited| waited).map_err(|error| Halt::failed(error.to_string()))?;
                    continue;
                }
                Err(error) => return Err(Halt::failed(error.to_string())),
            };
            match Journal::resume(&self.store, id) {
                Ok(resumed) => return Ok(Some(Orphan { locks, resumed })),
                Err(JournalError::Held(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}
