//! Where runs are carried out: one at a time on a target, each written down.

use super::action::Context;
use super::beginning::Beginning;
use super::engine::Run;
use super::{
    Commands, Ending, Event, Guardians, Halt, Holder, Journal, JournalError, Lock, LockError, Locks, Orphan, Plan,
    Resumed, RunId, Store, Who, take_back,
};

/// A run that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// Its id, if it came to have a journal.
    pub id: RunId,
    /// How it ended.
    pub ending: Ending,
    /// What there is to say.
    pub words: String,
}

/// Where runs are written down and kept apart.
#[derive(Clone, Debug)]
pub struct Office {
    /// The journals.
    pub store: Store,
    /// One run at a time.
    pub locks: Locks,
    /// Who puts back what a run held whose process was killed.
    pub guardians: Guardians,
}

impl Office {
    /// Carries out a plan under a new id.
    pub async fn carry_out(
        &self,
        context: &Context,
        id: &RunId,
        plan: Plan,
        who: Who,
        reason: Option<String>,
    ) -> Finished {
        Finished::of(id, self.begin(context, id, plan, who, reason).await)
    }

    /// Takes up a run whose process is gone. A run that is over is not taken up again.
    pub async fn resume(&self, context: &Context, id: &RunId, who: Who) -> Result<Finished, JournalError> {
        let resumed = Journal::resume(&self.store, id)?;
        Ok(Finished::of(id, self.take_up(context, id, resumed, who, None).await))
    }

    /// Takes up a run that this process guarded, as [`Office::resume`] does.
    pub async fn rear(&self, context: &Context, id: &RunId, Orphan { locks, resumed }: Orphan, who: Who) -> Finished {
        Finished::of(id, self.take_up(context, id, resumed, who, Some(locks)).await)
    }

    async fn begin(
        &self,
        context: &Context,
        id: &RunId,
        plan: Plan,
        who: Who,
        reason: Option<String>,
    ) -> Result<Halt, Halt> {
        if let Some(other) = &plan.undoes {
            plan.refuse_elsewhere(other, context, Some(&who.account))?;
        }
        let _locks = self.lock(&plan, id, &who)?;
        plan.refuse_over_dead_runs(&self.store, context.clock.now())?;
        let past = take_back::inherited(&self.store, &plan)?;
        let reason = reason.or_else(|| take_back::inherited_reason(&self.store, &plan));
        let journal = Journal::create(&self.store, id)?;
        let commands = Some(Commands::of(&self.store, id));
        let unguarded = self.guardians.guard(id, &plan, past.guarded);
        let mut run = Run { context, book: Box::new(journal), commands, plan, past, unguarded };
        // On the heap: the compiler does not reckon through all that a step may wait for at once.
        Ok(Box::pin(run.begin(who, reason)).await)
    }

    /// `guarded` are the locks of its targets, where its guardian holds them.
    async fn take_up(
        &self,
        context: &Context,
        id: &RunId,
        resumed: Resumed,
        who: Who,
        guarded: Option<Vec<Lock>>,
    ) -> Result<Halt, Halt> {
        let Resumed { journal, records, torn } = resumed;
        let events: Vec<Event> = records.into_iter().map(|record| record.event).collect();
        let Some(Beginning { plan, .. }) = Beginning::of(id, &events)? else {
            let words = "the run was killed before it began: nothing was asked of anyone; start it again";
            return Err(Halt::failed(words));
        };
        let mut past = take_back::inherited(&self.store, &plan)?;
        for event in &events {
            past.take(event);
        }
        if let Some(ending) = past.ended {
            return Ok(Halt::new(ending, "it was over already"));
        }
        plan.refuse_elsewhere(id, context, Some(&who.account))?;
        let guardian = guarded.is_some();
        let _locks = guarded.map_or_else(|| self.lock(&plan, id, &who), Ok)?;
        // From the first one on: a wish to stop or to undo that was heard and not yet obeyed is heard again.
        let commands = Some(Commands::of(&self.store, id));
        let unguarded = self.guardians.guard(id, &plan, past.guarded + usize::from(guardian));
        let mut run = Run { context, book: Box::new(journal), commands, plan, past, unguarded };
        Ok(Box::pin(run.take_up(who, torn, guardian)).await)
    }

    fn lock(&self, plan: &Plan, id: &RunId, who: &Who) -> Result<Vec<Lock>, Halt> {
        let holder = Holder { run: id.clone(), pid: std::process::id(), user: who.user.clone() };
        self.locks.take_all(plan.targets(), &holder).map_err(|error| match error {
            LockError::Busy(_) => Halt::new(Ending::Busy, error.to_string()),
            LockError::Io { .. } => Halt::failed(error.to_string()),
        })
    }
}

impl Finished {
    /// A run that came to its end, or that never began.
    fn of(id: &RunId, halt: Result<Halt, Halt>) -> Finished {
        let (Ok(halt) | Err(halt)) = halt;
        Finished { id: id.clone(), ending: halt.ending, words: halt.words }
    }
}
