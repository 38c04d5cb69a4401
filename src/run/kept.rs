//! What this machine's journals keep of a service: runs that changed it, whoever looks back.

use jiff::Timestamp;

use super::action::{Context, Place};
use super::beginning::Beginning;
use super::past::Past;
use super::{Event, Here, Plan, RunId, Store, verify};

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
    let service = format!("{}/{}", place.cluster, place.name);
    let journals = Journals { store, service, here: Here::of(context), family: family.to_owned() };
    tokio::task::spawn_blocking(move || journals.read(tell)).await.unwrap_or_default()
}

/// Which journals tell of a service.
struct Journals {
    store: Store,
    /// `CLUSTER/NAME`.
    service: String,
    here: Here,
    family: String,
}

impl Journals {
    fn read<T>(&self, tell: fn(&Kept<'_>) -> Option<T>) -> Vec<T> {
        let runs = self.here.runs(&self.store).into_iter().flatten();
        let of_service = runs.filter(|(_, target)| target.as_ref().is_some_and(|target| target.name == self.service));
        of_service.filter_map(|(id, _)| self.one(&id, tell)).collect()
    }

    fn one<T>(&self, id: &RunId, tell: fn(&Kept<'_>) -> Option<T>) -> Option<T> {
        let bytes = std::fs::read(self.store.journal(id)).ok()?;
        let (records, _) = verify::read(id, &bytes).ok()?;
        let at = records.last().map(|record| record.at);
        let events: Vec<Event> = records.into_iter().map(|record| record.event).collect();
        let Beginning { plan, did, .. } = Beginning::of(id, &events).ok()??;
        tell(&Kept { plan: &plan, past: &did, family: &self.family, at })
    }
}
