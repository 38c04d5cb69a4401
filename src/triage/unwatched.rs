//! What users feel and nothing measures: without it, silence says little.

use super::gauges::symptom;
use super::symptom::Symptom;
use crate::platform::Platform;

/// What no gauge of the platform measures, of latency and errors. "All well" is said only of what is watched: an
/// outage that shows in neither CPU nor tasks would go by until an alarm fires.
pub fn unwatched(platform: &Platform) -> Vec<&'static str> {
    if platform.services.is_empty() {
        return Vec::new();
    }
    let felt = [("latency", Symptom::Latency), ("errors", Symptom::Errors)];
    let watched = |wanted| platform.gauges.iter().any(|gauge| symptom(gauge) == wanted);
    felt.into_iter().filter(|(_, symptom)| !watched(*symptom)).map(|(word, _)| word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::file;

    #[test]
    fn what_users_feel_is_named_where_nothing_measures_it() {
        let mut platform = file::sample();
        assert_eq!(unwatched(&platform), [""; 0]);
        platform.gauges.retain(|gauge| gauge.title != "errors");
        assert_eq!(unwatched(&platform), ["errors"]);
        platform.gauges.retain(|gauge| gauge.query.namespace.starts_with("AWS/"));
        assert_eq!(unwatched(&platform), ["latency", "errors"]);
        platform.services.clear();
        assert_eq!(unwatched(&platform), [""; 0], "a database alone has neither");
    }
}
