//! What the steps of a plan look at together: each thing is asked for once.

use std::sync::OnceLock;

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
    image: OnceLock<String>,
}

impl From<Picture> for Seen {
    fn from(picture: Picture) -> Seen {
        Seen { picture, ..Seen::default() }
    }
}

impl Seen {
    /// The revisions that have run on the service of the run, which is one; the one that ran last first.
    pub(super) async fn ran(&self, context: &Context, place: &Place, service: &Service) -> &[Ran] {
        self.ran.get_or_init(|| ran(context, place, None, service)).await
    }

    /// A step will make this image ready: later ones name it in what they say.
    pub(super) fn will_be_ready(&self, image: &str) {
        // One run makes one image; were there two, the first is as good as any to be shown.
        let _ = self.image.set(image.to_owned());
    }

    /// The image that will be ready: `REPOSITORY:TAG`, or by its digest.
    pub(super) fn image(&self) -> Option<&str> {
        self.image.get().map(String::as_str)
    }
}
