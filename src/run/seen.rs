//! What the steps of a plan look at together: each thing is asked for once.

use tokio::sync::OnceCell;

use super::action::{Context, Place};
use super::history::{Ran, ran};
use crate::platform::{Picture, Service};

/// What was seen when a plan was begun, and what its steps found since.
#[derive(Debug, Default)]
pub struct Seen {
    /// The platform.
    pub picture: Picture,
    ran: OnceCell<Vec<Ran>>,
}

impl From<Picture> for Seen {
    fn from(picture: Picture) -> Seen {
        Seen { picture, ran: OnceCell::new() }
    }
}

impl Seen {
    /// The revisions that have run on the service of the run, which is one; the one that ran last first.
    pub(super) async fn ran(&self, context: &Context, place: &Place, service: &Service) -> &[Ran] {
        self.ran.get_or_init(|| ran(context, place, None, service)).await
    }
}
