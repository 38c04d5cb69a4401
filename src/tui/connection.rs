//! The line to AWS behind the screen: it carries out effects, and its answers come back on the queue.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::mpsc::{self, Sender};

use super::effect::Effect;
use super::hosting::Hosting;
use super::message::Message;
use super::runs::Runs;
use super::screen::alarm_span;
use crate::aws::Clients;
use crate::aws::alarms::describe_alarm_history;
use crate::aws::cloudwatch::{MINUTE, get_metric_data};
use crate::clock::Clock;
use crate::platform::{Observation, Platform, skew};
use crate::watch::{self, Watch};

/// Observations that may wait for the queue; the watch waits when they do.
const WAITING: usize = 64;

/// The clients and the watch over them, once the clients are there. Dropping it stops the watch.
pub struct Connection {
    clients: Clients,
    watch: Watch,
    queue: Sender<Message>,
    clock: Clock,
    runs: Runs,
    address: Option<String>,
}

/// What there is once the work with credentials is done.
pub struct Connected {
    /// AWS.
    pub clients: Clients,
    /// Where runs are started, or why none can be.
    pub hosting: Result<Hosting, String>,
    /// Where other AWS clients can read what is shown, if that is not where AWS is.
    pub address: Option<String>,
}

impl Connection {
    /// Starts watching; what is observed is put on the queue.
    pub fn open(platform: Arc<Platform>, connected: Connected, clock: Clock, queue: Sender<Message>) -> Connection {
        let Connected { clients, hosting, address } = connected;
        let runs = Runs::new(Arc::clone(&platform), clients.clone(), clock.clone(), hosting, queue.clone());
        let (observer, mut observed) = mpsc::channel::<Observation>(WAITING);
        let watch = watch::start(platform, clients.clone(), clock.clone(), observer);
        let to = queue.clone();
        tokio::spawn(async move {
            while let Some(observation) = observed.recv().await {
                if to.send(Message::Observed(Box::new(observation))).await.is_err() {
                    return;
                }
            }
        });
        Connection { clients, watch, queue, clock, runs, address }
    }

    /// What the screen is told about it.
    pub fn greeting(&self) -> Message {
        Message::Connected {
            region: self.clients.region().map(ToOwned::to_owned),
            profile: self.clients.profile().map(ToOwned::to_owned),
            endpoint: self.clients.endpoint().map(ToOwned::to_owned),
            simulated: self.runs.simulated(),
            address: self.address.clone(),
        }
    }

    /// Carries out an effect that concerns AWS, without waiting for it. All others concern the
    /// terminal and are not for here.
    pub fn carry_out(&self, effect: Effect) {
        match effect {
            Effect::Attend(attention) => self.watch.attend(attention),
            Effect::Refresh => self.watch.refresh(),
            Effect::Focus(service) => self.watch.focus(Some(service)),
            Effect::ShowAlarm { name, query, period } => {
                let now = skew::present(self.clock.now(), self.clients.clock_skew());
                let (clients, queue) = (self.clients.clone(), self.queue.clone());
                tokio::spawn(async move {
                    let points = async {
                        let query = query.as_ref()?;
                        // An alarm that looks at quarters of an hour is shown by the quarter, whole ones.
                        let period = period.max(MINUTE).next_multiple_of(MINUTE);
                        let begin = (now - alarm_span(period)).as_second();
                        let begin = begin - begin.rem_euclid(period.into());
                        let begin = Timestamp::from_second(begin).unwrap_or(now);
                        let answers = get_metric_data(&clients, &[query], period, begin, now).await;
                        Some(answers.and_then(|answers| answers.into_iter().next().unwrap_or_else(|| Ok(Vec::new()))))
                    };
                    let (history, points) = tokio::join!(describe_alarm_history(&clients, &name), points);
                    // The receiver is gone only when the program ends.
                    let _ = queue.send(Message::Alarm { name, history, points }).await;
                });
            }
            Effect::Quit | Effect::Suspend | Effect::Redraw | Effect::Bell | Effect::Copy(_) => {}
            about_runs => self.runs.carry_out(about_runs),
        }
    }
}

/// What the screen's effects go through: the connection, or a queue until there is one.
#[derive(Default)]
pub struct Line {
    open: Option<Connection>,
    waiting: Vec<Effect>,
}

impl Line {
    /// There is no connection yet.
    pub fn is_waiting(&self) -> bool {
        self.open.is_none()
    }

    /// The connection is there: what was asked for before is carried out now.
    pub fn open(&mut self, connection: Connection) {
        for effect in self.waiting.drain(..) {
            connection.carry_out(effect);
        }
        self.open = Some(connection);
    }

    /// Carries out an effect that concerns AWS, now or once there is a connection.
    pub fn carry_out(&mut self, effect: Effect) {
        match &self.open {
            Some(connection) => connection.carry_out(effect),
            None => self.waiting.push(effect),
        }
    }
}
