//! The line to AWS behind the screen: it carries out effects, and its answers come back on the queue.

use std::sync::Arc;

use tokio::sync::mpsc::{self, Sender};

use super::effect::Effect;
use super::hosting::Hosting;
use super::message::Message;
use super::runs::Runs;
use crate::aws::Clients;
use crate::aws::alarms::describe_alarm_history;
use crate::aws::cloudwatch::get_metric_data;
use crate::clock::Clock;
use crate::platform::{Observation, Platform, SPAN};
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
}

/// What there is once the work with credentials is done.
pub struct Connected {
    /// AWS.
    pub clients: Clients,
    /// Where runs are started, or why none can be.
    pub hosting: Result<Hosting, String>,
}

impl Connection {
    /// Starts watching; what is observed is put on the queue.
    pub fn open(platform: Arc<Platform>, connected: Connected, clock: Clock, queue: Sender<Message>) -> Connection {
        let Connected { clients, hosting } = connected;
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
        Connection { clients, watch, queue, clock, runs }
    }

    /// What the screen is told about it.
    pub fn greeting(&self) -> Message {
        Message::Connected {
            region: self.clients.region().map(ToOwned::to_owned),
            profile: self.clients.profile().map(ToOwned::to_owned),
        }
    }

    /// Carries out an effect that concerns AWS, without waiting for it. All others concern the
    /// terminal and are not for here.
    pub fn carry_out(&self, effect: Effect) {
        match effect {
            Effect::Attend(attention) => self.watch.attend(attention),
            Effect::Refresh => self.watch.refresh(),
            Effect::Focus(service) => self.watch.focus(Some(service)),
            Effect::ShowAlarm { name, query } => {
                let (clients, queue, now) = (self.clients.clone(), self.queue.clone(), self.clock.now());
                tokio::spawn(async move {
                    let points = async {
                        let query = query.as_ref()?;
                        let answers = get_metric_data(&clients, &[query], now - SPAN, now).await;
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
