//! What the screen asks about plans and runs, and the journals that it follows.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::Sender;
use tokio::task::AbortHandle;

use super::effect::{Effect, Wanted, What};
use super::hosting::Hosting;
use super::message::{Message, RunRow};
use crate::aws::Clients;
use crate::clock::Clock;
use crate::platform::Platform;
use crate::run::{
    self, Command, Commands, Context, Dead, Event, Follower, Halt, Here, Order, Plan, RunId, Said, Standing, Store,
    Wish,
};
use crate::runbook::Runbook;

/// How often a journal is looked at.
const PAUSE: Duration = Duration::from_millis(200);
/// So many runs are listed, the newest.
const LISTED: usize = 50;

/// Plans are made and runs are started and followed for the screen here, without it waiting.
pub struct Runs {
    context: Context,
    hosting: Result<Hosting, String>,
    queue: Sender<Message>,
    following: Mutex<Option<AbortHandle>>,
}

impl Runs {
    /// Over the screen's clients; `hosting` says why no run can be started, if none can.
    pub fn new(
        platform: Arc<Platform>,
        clients: Clients,
        clock: Clock,
        hosting: Result<Hosting, String>,
        queue: Sender<Message>,
    ) -> Runs {
        // A rollback looks in the journals for what ran.
        let store = hosting.as_ref().ok().map(|hosting| hosting.store().clone());
        Runs { context: Context { platform, clients, clock, store }, hosting, queue, following: Mutex::default() }
    }

    /// Where on this machine the account is simulated, if it is.
    pub fn simulated(&self) -> Option<String> {
        self.context.simulated()
    }

    fn answer(&self, answer: impl Future<Output = Message> + Send + 'static) {
        let queue = self.queue.clone();
        // The receiver is gone only when the program ends.
        tokio::spawn(async move { queue.send(answer.await).await });
    }

    /// Carries out an effect that concerns runs; any other is not for here.
    pub fn carry_out(&self, effect: Effect) {
        match effect {
            Effect::MakePlan(wanted) => self.plan(wanted),
            Effect::LookUp { opened, wanted, param } => self.look_up(opened, wanted, param),
            Effect::StartRun { opened, plan, reason } => self.start(opened, plan, reason),
            Effect::Follow(id) => self.follow(id),
            Effect::Tell(id, command, reason) => self.tell(id, command, reason),
            Effect::ListRuns => self.list(),
            Effect::FindRun => {
                self.find_dead();
                self.find();
            }
            Effect::FindDead => self.find_dead(),
            Effect::TakeUp(id) => self.take_up(id),
            _ => {}
        }
    }

    fn plan(&self, wanted: Box<Wanted>) {
        let context = self.context.clone();
        let locks = self.hosting.as_ref().ok().and_then(|hosting| hosting.locks().cloned());
        self.answer(async move {
            let plan = match &wanted.what {
                What::Runbook(runbook) => Plan::make(&context, wanted.wish(runbook)).await.map(|(plan, _)| plan),
                What::Back(id) => match &context.store {
                    Some(store) => back(&context, store, id).await,
                    None => Err(Halt::refused("there are no journals here")),
                },
            };
            let plan = plan.map(|mut plan| {
                plan.warn_of_dead_runs(context.store.as_ref(), context.clock.now());
                plan.warn_of_other_run(locks.as_ref());
                Box::new(plan)
            });
            let plan = plan.map_err(|halt| format!("{}: {}", halt.ending, halt.words));
            Message::Planned { ticket: wanted.ticket, plan }
        });
    }

    fn look_up(&self, opened: u64, wanted: Box<Wanted>, param: String) {
        let context = self.context.clone();
        let What::Runbook(runbook) = wanted.what.clone() else { return };
        self.answer(async move {
            let choices = match runbook.param(&param) {
                Some(asked) => run::choices(&context, wanted.wish(&runbook), asked).await.map_err(|halt| halt.words),
                None => Ok(Vec::new()),
            };
            Message::Offered { opened, param, choices }
        });
    }

    fn start(&self, opened: u64, plan: Box<Plan>, reason: Option<String>) {
        let hosting = self.hosting.clone();
        let name = if plan.undoes.is_some() { "undo" } else { &plan.runbook };
        let id = RunId::new(name, self.context.clock.now());
        self.answer(async move {
            let started = async {
                let hosting = hosting?;
                let order = Order::CarryOut { id: id.clone(), plan, reason };
                let exit = hosting.start(order).map_err(|error| format!("the run can't be started: {error}"))?;
                let follower = run::opened(hosting.store(), &id, || exit.get().copied()).await;
                follower.map(|_| id).map_err(|unopened| unopened.words)
            };
            Message::Started { opened, started: started.await }
        });
    }

    /// Follows a run, and no other any more.
    fn follow(&self, id: RunId) {
        let Ok(hosting) = &self.hosting else { return };
        let (store, queue) = (hosting.store().clone(), self.queue.clone());
        let task = tokio::spawn(async move {
            if let Err(why) = follow(&store, &id, &queue).await {
                // The receiver is gone only when the program ends.
                let why = format!("the journal can't be read any further: {why}");
                let _ = queue.send(Message::Untold { id, why }).await;
            }
        });
        let mut following = self.following.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = following.replace(task.abort_handle()) {
            before.abort();
        }
    }

    fn tell(&self, id: RunId, command: Command, reason: Option<String>) {
        let Ok(hosting) = &self.hosting else { return };
        let by = hosting.user().to_owned();
        let said = Said { at: self.context.clock.now(), by, command, reason };
        let (store, queue) = (hosting.store().clone(), self.queue.clone());
        // Its answer is what the run then does.
        tokio::task::spawn_blocking(move || {
            if let Err(error) = Commands::say(&store, &id, &said) {
                // The receiver is gone only when the program ends.
                let _ = queue.blocking_send(Message::Notice(format!("run {id} can't be told: {error}")));
            }
        });
    }

    /// A lock tells without reading a journal.
    fn find(&self) {
        let Ok(hosting) = &self.hosting else { return };
        let (store, queue) = (hosting.store().clone(), self.queue.clone());
        let here = Here::of(&self.context);
        tokio::task::spawn_blocking(move || {
            let goes_on = |id: &RunId| Follower::open(&store, id).is_ok_and(|follower| follower.is_alive());
            // Runs that can't be listed are told where they are looked for: on their list.
            let runs = here.runs(&store).into_iter().flatten().take(LISTED);
            if let Some(id) = runs.map(|(id, _)| id).find(goes_on) {
                // The receiver is gone only when the program ends.
                let _ = queue.blocking_send(Message::Going(id));
            }
        });
    }

    fn find_dead(&self) {
        let Ok(hosting) = &self.hosting else { return };
        let (store, queue) = (hosting.store().clone(), self.queue.clone());
        let here = Here::of(&self.context);
        tokio::task::spawn_blocking(move || {
            // The receiver is gone only when the program ends.
            let _ = queue.blocking_send(Message::Dead(Dead::all(&store, &here)));
        });
    }

    /// What its new process does is read in its journal, which is followed.
    fn take_up(&self, id: RunId) {
        let (hosting, queue) = (self.hosting.clone(), self.queue.clone());
        tokio::task::spawn_blocking(move || {
            let order = Order::Resume { id: id.clone() };
            let started = hosting.and_then(|hosting| hosting.start(order).map_err(|error| error.to_string()));
            if let Err(why) = started {
                // The receiver is gone only when the program ends.
                let _ = queue.blocking_send(Message::Notice(format!("run {id} can't be taken up: {why}")));
            }
        });
    }

    fn list(&self) {
        let store = self.hosting.as_ref().map(|hosting| hosting.store().clone()).map_err(Clone::clone);
        let here = Here::of(&self.context);
        self.answer(async move {
            let rows = match store {
                Ok(store) => {
                    tokio::task::spawn_blocking(move || rows(&store, &here)).await.map_err(std::io::Error::other)
                }
                Err(why) => return Message::Runs(Err(why)),
            };
            Message::Runs(rows.and_then(|rows| rows).map_err(|error| format!("the runs can't be listed: {error}")))
        });
    }
}

impl Wanted {
    fn wish<'w>(&'w self, runbook: &'w Runbook) -> Wish<'w> {
        Wish { runbook, answers: &self.answers, service: self.service.as_deref(), database: self.database.as_deref() }
    }
}

async fn follow(store: &Store, id: &RunId, queue: &Sender<Message>) -> std::io::Result<()> {
    let mut follower = Follower::open(store, id)?;
    let (mut known, mut seen) = (None, true);
    let mut said = false;
    loop {
        // Asked first: what a process writes before it dies is then read below. One look is not enough: between
        // the making of a journal and its locking nobody holds it.
        let holds = follower.is_alive();
        let alive = holds || seen;
        seen = holds;
        let records = follower.poll()?;
        let ended = records.iter().any(|record| matches!(record.event, Event::Ended { .. }));
        if (!records.is_empty() || known != Some(alive))
            && queue.send(Message::Told { id: id.clone(), records, alive }).await.is_err()
        {
            return Ok(());
        }
        if ended {
            return Ok(());
        }
        known = Some(alive);
        // A process that could not write its journal says so in its log.
        if !alive
            && !said
            && let Some(words) = run::last_words(store, id)
        {
            said = true;
            let why = format!("{words}; when that is mended, in a shell: plantao runs resume {id}");
            if queue.send(Message::Untold { id: id.clone(), why }).await.is_err() {
                return Ok(());
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Those of the place that is watched: a store holds the runs of all, `plantao runs` lists them.
fn rows(store: &Store, here: &Here) -> std::io::Result<Vec<RunRow>> {
    let row = |id: RunId| match Standing::of(store, &id) {
        Ok(standing) => RunRow { goes_on: standing.goes_on(), state: standing.words(), who: standing.who, id },
        Err(error) => RunRow { id, who: String::new(), state: format!("can't be read: {error}"), goes_on: false },
    };
    Ok(here.runs(store)?.take(LISTED).map(|(id, _)| row(id)).collect())
}

/// The plan that takes a run back, which must have been here.
async fn back(context: &Context, store: &Store, id: &RunId) -> Result<Plan, Halt> {
    let plan = Plan::taking_back(store, id, context.clock.now())?;
    plan.refuse_elsewhere(id, context, None)?;
    plan.as_things_are(context, store).await
}
