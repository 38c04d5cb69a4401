//! What this machine's journals keep of a service: runs that changed it, whoever looks back.

use jiff::Timestamp;

use super::action::{Context, Place};
use super::past::Past;
use super::{Event, Plan, Record, RunId, Store, verify};

/// The newest journals that are read.
const JOURNALS: usize = 50;

/// One run of the service.
pub(super) struct Kept<'k> {
    pub(super) plan: &'k Plan,
    pub(super) past: &'k Past,
    /// The service's family of task definitions.
    pub(super) family: &'k str,
    /// When its last record was written.
    pub(super) at: Option<Timestamp>,
}

/// What the runs of this machine tell of a service, the newest first. Read aside: a disk can be slow, and a screen
/// waits.
pub(super) async fn kept<T: Send + 'static>(
    context: &Context,
    place: &Place,
    family: &str,
    tell: fn(&Kept<'_>) -> Option<T>,
) -> Vec<T> {
    let Some(store) = context.store.clone() else { return Vec::new() };
    let journals = Journals {
        store,
        service: format!("{}/{}", place.cluster, place.name),
        account: context.platform.account.clone(),
        region: context.clients.region().map(str::to_owned),
        family: family.to_owned(),
    };
    tokio::task::spawn_blocking(move || journals.read(tell)).await.unwrap_or_default()
}

/// Which journals tell of a service.
struct Journals {
    store: Store,
    /// `CLUSTER/NAME`.
    service: String,
    account: Option<String>,
    region: Option<String>,
    family: String,
}

impl Journals {
    fn read<T>(&self, tell: fn(&Kept<'_>) -> Option<T>) -> Vec<T> {
        let runs = self.store.runs().unwrap_or_default();
        runs.iter().take(JOURNALS).filter_map(|id| self.one(id, tell)).collect()
    }

    fn one<T>(&self, id: &RunId, tell: fn(&Kept<'_>) -> Option<T>) -> Option<T> {
        let bytes = std::fs::read(self.store.journal(id)).ok()?;
        // The first record says whose journal it is: the others are read of this service's alone.
        let first = bytes.split(|byte| *byte == b'\n').next()?;
        let Event::Began { plan, .. } = Record::read(first, 1, &Record::genesis(id)).ok()?.event else { return None };
        let plan: Plan = serde_json::from_value(plan).ok()?;
        if !self.are_of(&plan) {
            return None;
        }
        let (records, _) = verify::read(id, &bytes).ok()?;
        let past = Past::of(records.iter().map(|record| &record.event));
        tell(&Kept { plan: &plan, past: &past, family: &self.family, at: records.last().map(|record| record.at) })
    }

    fn are_of(&self, plan: &Plan) -> bool {
        let same = |known: &Option<String>, of: &str| known.as_ref().is_none_or(|known| known == of);
        plan.target.name == self.service
            && same(&self.account, &plan.target.account)
            && same(&self.region, &plan.target.region)
    }
}
