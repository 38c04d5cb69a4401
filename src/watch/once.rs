//! Every source once, for scripts.

use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt as _, stream};
use jiff::Timestamp;
use tokio::sync::mpsc;

use super::keep::AT_ONCE;
use super::question::questions;
use super::room::Room;
use super::{Source, cadence};
use crate::aws::Clients;
use crate::clock::Clock;
use crate::platform::{Fact, Observation, Picture, Platform, Trouble, TroubleKind};

/// However slow AWS is, the picture is there after this.
pub const ONCE_WITHIN: Duration = Duration::from_secs(15);

/// Every source once, concurrently, then the picture: two round trips if all is calm. What has not
/// answered after 15 s is in trouble in the picture, and the rest is there.
pub async fn once(platform: &Arc<Platform>, clients: &Clients, clock: &Clock) -> Picture {
    let room = Arc::new(Room::new(platform.clone(), clients.clone(), clock.clone()));
    let mut picture = Picture::of(platform);
    let (answers, mut observations) = mpsc::channel::<Observation>(64);
    let asking = async {
        let answers = &answers;
        let room = &room;
        let sources = Source::ALL.map(|source| async move {
            let next = cadence::delay(source, cadence::Pace::default(), super::Attention::Active);
            let mut asked = stream::iter(questions(source, room, None)).buffer_unordered(AT_ONCE);
            while let Some(facts) = asked.next().await {
                let observation = room.observation(facts, next.unwrap_or_default());
                if answers.send(observation).await.is_err() {
                    return;
                }
            }
        });
        futures::future::join_all(sources).await;
    };
    tokio::pin!(asking);
    let deadline = tokio::time::sleep(ONCE_WITHIN);
    tokio::pin!(deadline);
    loop {
        tokio::select! {
            biased;
            Some(observation) = observations.recv() => { picture.take(observation); }
            () = &mut asking => break,
            () = &mut deadline => break,
        }
    }
    while let Ok(observation) = observations.try_recv() {
        picture.take(observation);
    }
    let facts = unanswered(platform, &picture, room.now());
    picture.take(room.observation(facts, Duration::ZERO));
    picture
}

/// Nothing was heard of a question within [`ONCE_WITHIN`].
pub fn late(operation: &str, since: Timestamp) -> Trouble {
    let why = format!("no answer in {} s", ONCE_WITHIN.as_secs());
    Trouble { kind: TroubleKind::TimedOut, operation: operation.to_owned(), why, remedy: None, since }
}

/// Bad news about every part that nothing was heard of.
fn unanswered(platform: &Platform, picture: &Picture, now: Timestamp) -> Vec<Fact> {
    let late = |operation: &str| late(operation, now);
    let mut facts = Vec::new();
    if picture.identity.is_pending() {
        facts.push(Fact::Identity(Err(late("sts:GetCallerIdentity"))));
    }
    if picture.alarms.is_pending() {
        facts.push(Fact::Alarms(Err(late("cloudwatch:DescribeAlarms"))));
    }
    for (place, service) in picture.services.iter().enumerate() {
        if service.state.is_pending() {
            facts.push(Fact::Service(place, Err(late("ecs:DescribeServices"))));
        }
        // Of a very large platform one round does not ask for all tasks.
        if service.tasks.is_pending() && platform.services.len() <= super::turn::A_ROUND {
            facts.push(Fact::Tasks(place, Err(late("ecs:ListTasks"))));
        }
        if service.scaling.is_pending() {
            facts.push(Fact::Scaling(place, Err(late("application-autoscaling:DescribeScalableTargets"))));
        }
    }
    for (place, _) in picture.databases.iter().enumerate().filter(|(_, part)| part.is_pending()) {
        facts.push(Fact::Database(place, Err(late("rds:DescribeDBInstances"))));
    }
    for (place, _) in picture.series.iter().enumerate().filter(|(_, part)| part.is_pending()) {
        facts.push(Fact::Points(place, Err(late("cloudwatch:GetMetricData"))));
    }
    facts
}
