//! Whom the screen waits for before anything is known, and for how long.

use jiff::{SignedDuration, Timestamp};

use super::app::App;
use crate::platform::Part;

/// Until then waiting is what one expects.
const SHORT: SignedDuration = SignedDuration::from_secs(3);

/// Since when the first answers are awaited: of the credentials, and then of AWS.
#[derive(Clone, Debug)]
pub struct Waits {
    /// When the last step of that began.
    pub since: Timestamp,
    /// Where every service is asked, if that is not AWS itself.
    pub endpoint: Option<String>,
}

impl App {
    /// The first of those that have not answered at all yet, by the name of its host: `ecs.us-east-1.amazonaws.com`.
    pub(super) fn awaited(&self) -> Option<String> {
        let picture = &self.picture;
        let service = if picture.services.iter().any(|s| s.state.is_pending()) {
            "ecs"
        } else if picture.databases.iter().any(Part::is_pending) {
            "rds"
        } else if picture.alarms.is_pending() {
            "monitoring"
        } else {
            return None;
        };
        let Some((region, _)) = &self.connected else {
            return Some("the AWS configuration and credentials".to_owned());
        };
        Some(match &self.waits.endpoint {
            Some(endpoint) => endpoint.split("://").last().unwrap_or(endpoint).trim_end_matches('/').to_owned(),
            None => format!("{service}.{}.amazonaws.com", region.as_deref().unwrap_or("?")),
        })
    }

    /// AWS is asked, and something of it has not answered at all yet.
    pub(super) fn is_asking(&self) -> bool {
        self.connected.is_some() && self.awaited().is_some()
    }

    /// What the screen says while it waits.
    pub(super) fn waiting(&self) -> String {
        let waited = self.now.duration_since(self.waits.since);
        match self.awaited() {
            Some(whom) if waited >= SHORT => format!("… asking AWS: waiting {} s for {whom}", waited.as_secs()),
            _ => "… asking AWS".to_owned(),
        }
    }
}
