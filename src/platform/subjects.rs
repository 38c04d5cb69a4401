//! Whose a metric or an alarm is: found by dimensions, or else by the gauge that shows the same metric.

use std::collections::HashMap;

use super::{Alarm, Gauge, MetricQuery, Platform, Role, ServiceSpec, Subject};

type MetricKey<'a> = (&'a str, &'a str, &'a [(String, String)]);

/// An index of a platform's services, databases and gauges by what CloudWatch calls them.
pub struct Subjects<'a> {
    services: HashMap<&'a str, Vec<(&'a str, usize)>>,
    databases: HashMap<&'a str, usize>,
    /// Where in `by_metric` the gauges of a metric are.
    metrics: HashMap<MetricKey<'a>, usize>,
    by_metric: Vec<Vec<(usize, &'a Gauge)>>,
    roles: HashMap<(Subject, Role), (usize, &'a Gauge)>,
}

impl<'a> Subjects<'a> {
    /// Builds the index; worth it from the second look-up on.
    pub fn of(platform: &'a Platform) -> Subjects<'a> {
        let mut services: HashMap<&str, Vec<(&str, usize)>> = HashMap::new();
        for (i, spec) in platform.services.iter().enumerate() {
            services.entry(&spec.name).or_default().push((&spec.cluster, i));
        }
        let mut metrics = HashMap::new();
        let mut by_metric: Vec<Vec<(usize, &Gauge)>> = Vec::new();
        let mut roles = HashMap::new();
        for (i, gauge) in platform.gauges.iter().enumerate() {
            roles.entry((gauge.subject, gauge.role)).or_insert((i, gauge));
            let place = *metrics.entry(key(&gauge.query)).or_insert(by_metric.len());
            if place == by_metric.len() {
                by_metric.push(Vec::new());
            }
            by_metric[place].push((i, gauge));
        }
        let databases = platform.databases.iter().enumerate().map(|(i, spec)| (spec.id.as_str(), i)).collect();
        Subjects { services, databases, metrics, by_metric, roles }
    }

    /// The gauges that show the same metric, whatever the statistic, with their index.
    pub fn gauges(&self, query: &MetricQuery) -> &[(usize, &'a Gauge)] {
        self.metrics.get(&key(query)).map_or(&[], |place| &self.by_metric[*place])
    }

    /// What a service is called: [`super::Platform::service_name`] without a search.
    pub fn called(&self, spec: &ServiceSpec) -> String {
        let same = self.services.get(spec.name.as_str());
        let shared = same.is_some_and(|same| same.iter().any(|(cluster, _)| *cluster != spec.cluster));
        spec.called(shared)
    }

    /// The gauge of a standard role of a subject, with its index: [`Platform::gauge`] without a search.
    pub fn role(&self, subject: Subject, role: Role) -> Option<(usize, &'a Gauge)> {
        self.roles.get(&(subject, role)).copied()
    }

    /// Whose a metric is; the platform's if nothing in it says otherwise.
    pub fn of_metric(&self, query: &MetricQuery) -> Subject {
        let dimension = |names: &[&str]| {
            query.dimensions.iter().find(|(name, _)| names.contains(&name.as_str())).map(|(_, value)| value.as_str())
        };
        if let Some(database) = dimension(&["DBInstanceIdentifier"]).and_then(|id| self.databases.get(id)) {
            return Subject::Database(*database);
        }
        if let Some(named) = dimension(&["ServiceName", "Service"]).and_then(|name| self.services.get(name)) {
            let service = match dimension(&["ClusterName", "Cluster"]) {
                Some(cluster) => named.iter().find(|(its, _)| *its == cluster),
                None => named.first().filter(|_| named.len() == 1),
            };
            if let Some((_, service)) = service {
                return Subject::Service(*service);
            }
        }
        self.gauges(query).first().map_or(Subject::Platform, |(_, gauge)| gauge.subject)
    }

    /// Whose an alarm is; the platform's for a composite alarm or metric math.
    pub fn of_alarm(&self, alarm: &Alarm) -> Subject {
        alarm.condition.as_ref().map_or(Subject::Platform, |condition| self.of_metric(&condition.query))
    }
}

fn key(query: &MetricQuery) -> MetricKey<'_> {
    (&query.namespace, &query.metric, &query.dimensions)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::Statistic;
    use crate::platform::fixture;

    fn query(namespace: &str, metric: &str, dimensions: &[(&str, &str)]) -> MetricQuery {
        MetricQuery {
            namespace: namespace.into(),
            metric: metric.into(),
            dimensions: dimensions.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect(),
            statistic: Statistic::Average,
        }
    }

    #[test]
    fn an_alarm_on_a_service_of_the_same_name_in_another_cluster_is_not_blamed_on_ours() {
        let platform = fixture::platform();
        let subjects = Subjects::of(&platform);
        let of = |d: &[(&str, &str)]| subjects.of_metric(&query("AWS/ECS", "MemoryReservation", d));
        assert_eq!(
            of(&[("ClusterName", "analytics-production"), ("ServiceName", "analytics-api")]),
            Subject::Service(0)
        );
        assert_eq!(of(&[("ClusterName", "staging"), ("ServiceName", "analytics-api")]), Subject::Platform);
        assert_eq!(of(&[("DBInstanceIdentifier", "analytics")]), Subject::Database(0));
        assert_eq!(of(&[]), Subject::Platform);
    }
}
